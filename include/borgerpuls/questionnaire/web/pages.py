"""
The citizens' pages as HTML: texts by language, templates, and what one page of the instrument needs to be shown.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import yaml
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from borgerpuls.questionnaire.codebook import codebook_table
from borgerpuls.questionnaire.definition import Instrument, Item
from borgerpuls.questionnaire.routing import asked_pages, previous_page, wording
from borgerpuls.questionnaire.submission import Form, Ticked
from borgerpuls.resources import resource_folder

FIRST_LANGUAGE = "da"


@cache
def languages() -> tuple[str, ...]:
    """Return the languages there are texts in, Danish first: one file in `texts/` and one folder of pages each."""
    folder = resource_folder("templates") / "questionnaire" / "texts"
    found = sorted(path.stem for path in folder.glob("*.yaml"))
    return (FIRST_LANGUAGE, *(language for language in found if language != FIRST_LANGUAGE))


@dataclass(frozen=True, slots=True)
class Shown:
    """One item as it is shown: wording, options, what is ticked, and what is wrong."""

    item: Item
    text: str
    options: tuple[tuple[str, str, bool, bool], ...]
    """Code, text, is exclusive, is ticked."""
    written: str
    problem: str


@cache
def texts(language: str) -> Mapping[str, Any]:
    """Return the texts of the pages in one language."""
    path = resource_folder("templates") / "questionnaire" / "texts" / f"{language}.yaml"
    content: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(resource_folder("templates") / "questionnaire"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def render(template: str, language: str, **context: Any) -> bytes:
    """Return a page in *language*; `t` holds its texts."""
    page = _environment().get_template(template)
    html = page.render(t=texts(language), language=language, languages=languages(), names=_names(), **context)
    return html.encode("utf-8")


def render_message(name: str, language: str) -> bytes:
    """Return one of the short pages under `messages` in the texts."""
    return render("message.html", language, message=texts(language)["messages"][name], is_session=False)


def render_page(
    instrument: Instrument, form: Form, page_id: str, language: str, *, mark: str, rejected: Ticked | None = None
) -> bytes:
    """
    Return one page of the questionnaire.

    Args:
        instrument: The form's version.
        form: Background and answers so far.
        page_id: A page this citizen is asked.
        language: The citizen's; Danish where the instrument is not written in it.
        mark: The signed mark of `sessions.seal_page`.
        rejected: What was just sent and could not be saved; shown again with what is wrong.
    """
    if language not in instrument.languages:
        language = FIRST_LANGUAGE
    pages = asked_pages(instrument, form.background, form.choices)
    number = next(place for place, (page, _) in enumerate(pages, 1) if page.page_id == page_id)
    page, items = pages[number - 1]
    shown = [_show(instrument, form, item, language, rejected) for item in items]
    return render(
        "page.html",
        language,
        page=page,
        shown=shown,
        problems=[each for each in shown if each.problem],
        number=number,
        total=len(pages),
        is_last=number == len(pages),
        has_previous=previous_page(instrument, form.background, form.choices, page_id) is not None,
        is_question=all(item.kind != "open" for item in items),
        mark=mark,
        key=uuid.uuid4(),
        is_session=True,
    )


def own_answers(instrument: Instrument, form: Form, language: str) -> list[tuple[str, str]]:
    """Return question and answer as the citizen saw them, for those asked."""
    rows = []
    for _, items in asked_pages(instrument, form.background, form.choices):
        for item in items:
            labels = {option.code: option.text[language] for option in item.options}
            codes = form.choices.get(item.item_id, ())
            answer = (
                form.texts.get(item.item_id, "") if item.kind == "open" else ", ".join(labels[code] for code in codes)
            )
            text = wording(instrument, item, form.background, form.choices)[language]
            rows.append((text, answer or texts(language)["own_answers"]["no_answer"]))
    return rows


def in_words(day: date, language: str) -> str:
    """Return a date as it is written: 18. september 2023."""
    return str(format_date(day, format="long", locale=texts(language)["locale"]))


@cache
def _names() -> Mapping[str, str]:
    return {language: texts(language)["language_name"] for language in languages()}


def _show(instrument: Instrument, form: Form, item: Item, language: str, rejected: Ticked | None) -> Shown:
    ticked = (rejected.choices if rejected else form.choices).get(item.item_id, ())
    written = (rejected.texts if rejected else form.texts).get(item.item_id, "")
    problem = rejected.problems.get(item.item_id, "") if rejected else ""
    said = texts(language)["page"]
    return Shown(
        item=item,
        text=wording(instrument, item, form.background, form.choices)[language],
        options=tuple(
            (option.code, option.text[language], option.is_exclusive, option.code in ticked) for option in item.options
        ),
        written=written,
        problem=said[problem].format(count=item.max_length, over=len(written) - item.max_length) if problem else "",
    )


def render_codebook(instrument: Instrument) -> bytes:
    """Return the codebook of a version as a Danish page that stands alone."""
    table = codebook_table(instrument)
    items = [
        {
            "id": item_id,
            "type": rows["type"].iloc[0],
            "wordings": rows.drop_duplicates("variant").to_dict("records"),
            "answers": rows.drop_duplicates("kode").to_dict("records"),
        }
        for item_id, rows in table.groupby("id", sort=False)
    ]
    page = _environment().get_template("codebook.html")
    return page.render(version=instrument.version, content_hash=instrument.content_hash, items=items).encode("utf-8")
