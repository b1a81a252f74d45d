"""
The one way an answer gets saved: read what was ticked, check it against the routing, write the page.

`save_page` serves the web service, one page at a time; `submit_bulk` saves many forms at once with the same checks (it
is proven equal in the tests) and serves the sandbox's citizens and later paper forms. Both take a connection that works
with the questionnaire's role; what is committed is on disk.
"""

import json
import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from borgerpuls.database import copy_rows, load_query, read_table
from borgerpuls.errors import AnswerIsImpossible, FormIsNotOpen
from borgerpuls.questionnaire.definition import Instrument, Item
from borgerpuls.questionnaire.routing import Background, asked_by_pattern, asked_items, asked_pages, next_page

OPEN_ROUND_STATES = frozenset({"open", "approved"})
OPEN_FORM_STATES = frozenset({"unopened", "started"})
_SAVE_ATTEMPTS = 8
_NOT_ANSWERS = frozenset({"noegle", "maerke", "retning"})
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Form:
    """One citizen's form as it stands: background, answers, and whether it can be answered."""

    response_id: uuid.UUID
    round_id: str
    background: Background
    version: str
    language: str
    state: str
    revision: int
    blank_starts: int
    page_id: str | None
    choices: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, str]
    round_state: str
    close_date: date
    simulated_at: Any

    def is_open(self, today: date) -> bool:
        """Return whether the form can be answered on *today*."""
        return self.state in OPEN_FORM_STATES and self.is_round_open(today)

    def is_round_open(self, today: date) -> bool:
        """Return whether the form's round takes answers on *today*; the close date is the last such day."""
        return self.round_state in OPEN_ROUND_STATES and today <= self.close_date


@dataclass(frozen=True, slots=True)
class PageSaved:
    """What a save led to. `page_id` is where to go next, None at the end."""

    page_id: str | None
    is_replay: bool

    @property
    def is_completed(self) -> bool:
        """Return whether the form is finished."""
        return self.page_id is None


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a page's answers are after reading: codes and texts by item, and what is wrong by item."""

    choices: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, str]
    problems: Mapping[str, str]
    """Item → `required`, `unknown_code`, `one_only`, `exclusive` or `too_long`."""


def load_form(connection: Connection, response_id: uuid.UUID) -> Form | None:
    """Return a form, or None where there is none with this id."""
    row = connection.execute(load_query("questionnaire/form.sql"), {"response_id": response_id}).mappings().first()
    if row is None:
        return None
    return Form(
        response_id=row["response_id"],
        round_id=row["round_id"],
        background=Background(row["target_group"], row["subgroup"], row["municipality_code"]),
        version=row["questionnaire_version"],
        language=row["language"],
        state=row["state"],
        revision=row["revision"],
        blank_starts=row["blank_starts"],
        page_id=row["page_id"],
        choices={item: tuple(codes) for item, codes in (row["choices"] or {}).items()},
        texts=row["texts"] or {},
        round_state=row["round_state"],
        close_date=row["close_date"],
        simulated_at=row["simulated_at"],
    )


def is_ahead(instrument: Instrument, form: Form, page_id: str) -> bool:
    """Return whether a page lies beyond the first one that has not been sent."""
    order = [page.page_id for page in instrument.pages]
    reached = form.page_id or next_page(instrument, form.background, form.choices, None)
    return reached is None or order.index(page_id) > order.index(reached)


def clean_text(text: str) -> str:
    """Return an open answer without what no keyboard writes: NUL, control and direction marks; lines kept."""
    joined = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    without_surrogates = joined.encode("utf-8", "ignore").decode("utf-8")
    return _INVISIBLE.sub("", without_surrogates).strip()


def problem_with(item: Item, codes: tuple[str, ...]) -> str:
    """Return what is wrong with *codes* as the answer to *item*, or empty text."""
    if not set(codes) <= set(item.codes) or len(set(codes)) < len(codes):
        return "unknown_code"
    if len(codes) > 1 and item.kind != "multi":
        return "one_only"
    if len(codes) > 1 and item.exclusive_codes & set(codes):
        return "exclusive"
    return ""


def read_page(items: tuple[Item, ...], given: Mapping[str, tuple[str, ...]], *, is_left: bool = True) -> Ticked:
    """
    Read what a page sent.

    Args:
        items: The items this citizen sees on the page.
        given: Raw values by item; items of other pages are ignored, a missing or empty one was passed over.
        is_left: Whether the citizen leaves the page; only then is a required answer missed.
    """
    choices: dict[str, tuple[str, ...]] = {}
    texts: dict[str, str] = {}
    problems: dict[str, str] = {}
    for item in items:
        values = tuple(value for value in given.get(item.item_id, ()) if value)
        if item.kind == "open":
            text = clean_text(values[0]) if values else ""
            if len(text) > item.max_length:
                problems[item.item_id] = "too_long"
            texts |= {item.item_id: text} if text else {}
            continue
        codes = tuple(code for code in item.codes if code in values) + tuple(v for v in values if v not in item.codes)
        problem = problem_with(item, codes) or ("required" if is_left and item.is_required and not codes else "")
        if problem:
            problems[item.item_id] = problem
        choices |= {item.item_id: codes} if codes else {}
    return Ticked(choices, texts, problems)


def save_key(shown: uuid.UUID, sent: Mapping[str, Sequence[str]]) -> uuid.UUID:
    """
    Return the idempotency key of a page that was sent: the same only for the same answers from the same showing.

    A browser that goes back may show its own copy of the page, with its old key: what is changed there is a new save.

    Args:
        shown: Made when the page was shown.
        sent: Every field of the form that was sent; only the answers count, and a language that was chosen with them.
    """
    answers = sorted((name, list(values)) for name, values in sent.items() if name not in _NOT_ANSWERS)
    return uuid.uuid5(shown, json.dumps(answers))


def save_page(
    connection: Connection,
    instrument: Instrument,
    form: Form,
    page_id: str,
    given: Mapping[str, tuple[str, ...]],
    *,
    idempotency_key: uuid.UUID,
    saved_date: date,
    receipt_hash: bytes,
    seconds: int = 0,
    device_class: str | None = None,
    language: str | None = None,
    is_final: bool = True,
    is_left: bool = True,
    without: frozenset[str] = frozenset(),
) -> PageSaved:
    """
    Save one page of a form in one statement, once per *idempotency_key*.

    Args:
        connection: Works with the questionnaire's role; in autocommit the page is on disk when this returns.
        instrument: The form's version.
        form: As read by `load_form`; if another tab has saved since, it is read again and routing decided anew.
        page_id: The page that was sent.
        given: Raw values by item: codes, or one text for an open item. A page replaces its earlier answers.
        idempotency_key: Of `save_key`; the same key again changes nothing and gives the same way on, unless other
            answers have been saved since: then these are saved anew.
        saved_date: The round's date; no time is kept.
        receipt_hash: Stored when this page is the last one.
        seconds: How long the page was open.
        device_class: `mobil`, `tablet` or `computer`, kept from the first page.
        language: The citizen's from here on.
        is_final: Whether sending the last page finishes the form; not so when the citizen goes back from it.
        is_left: Whether the citizen goes on; who goes back, or stays to read in another language, need not have answered.
        without: Items whose answers do not fit. They are left as they were; the page's others are saved.

    Raises:
        AnswerIsImpossible: The page is not asked of this citizen, or `read_page` found a problem.
        FormIsNotOpen: The form is finished or deleted, or its round is closed.
    """
    for _ in range(_SAVE_ATTEMPTS):
        known = {"response_id": form.response_id, "idempotency_key": idempotency_key}
        if not form.is_open(saved_date):
            if connection.execute(load_query("questionnaire/is_page_saved.sql"), known).scalar_one():
                return _after(form, instrument)
            raise FormIsNotOpen(f"The form is {form.state} and its round {form.round_state}.")
        pages = asked_pages(instrument, form.background, form.choices)
        items = {page.page_id: items for page, items in pages}.get(page_id)
        if items is None:
            if connection.execute(load_query("questionnaire/is_page_saved.sql"), known).scalar_one():
                return _after(form, instrument)
            raise AnswerIsImpossible(f"Page {page_id!r} is not asked of this citizen.")
        if is_ahead(instrument, form, page_id):
            raise AnswerIsImpossible(f"Page {page_id!r} comes after pages that have not been sent.")
        items = tuple(item for item in items if item.item_id not in without)
        ticked = read_page(items, given, is_left=is_left)
        if ticked.problems:
            problems = ", ".join(f"{item}: {problem}" for item, problem in ticked.problems.items())
            raise AnswerIsImpossible(f"The page cannot be saved ({problems}).")
        # A required answer can be replaced, never taken away.
        here = {item.item_id for item in items if not item.is_required or item.item_id in ticked.choices}
        choices = {item: codes for item, codes in form.choices.items() if item not in here} | dict(ticked.choices)
        asked = {item.item_id for item in asked_items(instrument, form.background, choices)}
        written = {item: codes for item, codes in ticked.choices.items() if item in asked}
        removed = ({*form.choices, *form.texts} - asked) | (here - set(written) - set(ticked.texts))
        following = next_page(instrument, form.background, choices, page_id)
        if not is_left or (following is None and not is_final):
            following = page_id
        revision = connection.execute(
            load_query("questionnaire/save_page.sql"),
            {
                **known,
                "revision": form.revision,
                "page_id": page_id,
                "is_completed": following is None,
                "resume_page_id": page_id if following is None else _furthest(instrument, form, following),
                "saved_date": saved_date,
                "seconds": seconds,
                "device_class": device_class,
                "language": language or form.language,
                "receipt_hash": receipt_hash if following is None else None,
                "choices": json.dumps(written),
                "texts": json.dumps(dict(ticked.texts)),
                "removed": sorted(removed),
            },
        ).scalar()
        if revision is not None:
            return PageSaved(following, is_replay=False)
        again = load_form(connection, form.response_id)
        if again is None:
            raise FormIsNotOpen("The form is gone.")
        if connection.execute(load_query("questionnaire/is_page_saved.sql"), known).scalar_one():
            stands = {item: codes for item, codes in again.choices.items() if item in here}
            texts = {item: text for item, text in again.texts.items() if item in here}
            if stands == written and texts == dict(ticked.texts):
                return _after(again, instrument)
            # Changed since, and now changed back: a save of its own.
            idempotency_key = uuid.uuid5(idempotency_key, str(again.revision))
        form = again
    raise FormIsNotOpen(f"The form changed {_SAVE_ATTEMPTS} times while its page was being saved.")


def submit_bulk(
    connection: Connection,
    instrument: Instrument,
    round_id: str,
    *,
    submissions: pd.DataFrame,
    answers: pd.DataFrame,
    open_answers: pd.DataFrame | None = None,
    receipt_hash_of: Callable[[uuid.UUID], bytes],
) -> dict[str, int]:
    """
    Save many unopened forms as if each had sent its pages in order; forms that are not unopened are left alone.

    Args:
        connection: An open transaction with the questionnaire's role.
        instrument: The version of the round.
        round_id: The forms' round.
        submissions: One row per form: `response_id` (uuid), `is_completed` (bool), `saved_date` (date),
            `duration_seconds` (int), and where known `device_class`, `language`. A form that is not completed has
            sent its pages up to the last one with an answer; with no answer at all it stays unopened.
        answers: One row per answered item: `response_id`, `item_id`, `choices` (list of codes).
        open_answers: One row per text: `response_id`, `item_id`, `answer_text`.
        receipt_hash_of: Gives the hash of a completed form's receipt number.

    Returns:
        Counts: `forms` saved, `completed`, `answers`, `texts`, `skipped` (not unopened, or with nothing to save).

    Raises:
        AnswerIsImpossible: An answer is to an item its citizen is not asked, or has no such code or combination;
            nothing is saved.
    """
    forms = read_table(connection, "questionnaire/unopened_forms.sql", round_id=round_id)
    taken = submissions.merge(forms, on="response_id")
    answers = answers[answers["response_id"].isin(taken["response_id"])].copy()
    answers["choices"] = answers["choices"].map(tuple)
    _refuse_impossible(instrument, answers)
    texts = _clean_texts(instrument, open_answers, taken)
    asked = asked_by_pattern(instrument, taken, answers)

    key = ["pattern", "item_id"]
    given = pd.concat([answers[["response_id", "item_id"]], texts[["response_id", "item_id"]]])
    given = given.merge(taken[["response_id"]].assign(pattern=asked.pattern.to_numpy()), on="response_id")
    given = given.merge(asked.items, on=key, how="left")
    if given["page"].isna().any():
        stray = sorted(given.loc[given["page"].isna(), "item_id"].unique())
        raise AnswerIsImpossible(
            f"{int(given['page'].isna().sum())} answers are to items not asked: {', '.join(stray)}."
        )

    taken["pattern"] = asked.pattern.to_numpy()
    last = given.groupby("response_id")["page"].max().add(1)
    total = asked.items.groupby("pattern")["page"].max().add(1)
    reached = taken["response_id"].map(last).fillna(0).astype(int)
    taken["pages"] = reached.where(~taken["is_completed"], taken["pattern"].map(total)).astype(int)
    _refuse_missing(instrument, taken, given)
    taken = taken[taken["pages"] > 0].reset_index(drop=True)
    # Whoever has answered the last page has sent it, and with it the form.
    is_completed = taken["pages"] == taken["pattern"].map(total)
    page_ids = asked.items.drop_duplicates(["pattern", "page"]).set_index(["pattern", "page"])["page_id"]
    position = taken["pages"].where(~is_completed, taken["pages"] - 1)
    resume = page_ids.reindex(pd.MultiIndex.from_arrays([taken["pattern"], position]))

    connection.execute(load_query("questionnaire/submitted_forms_table.sql"))
    nothing = pd.Series([None] * len(taken), dtype=object)
    copy_rows(
        connection,
        "submitted_form",
        pd.DataFrame(
            {
                "response_id": taken["response_id"],
                "pages": taken["pages"],
                "state": is_completed.map({True: "completed", False: "started"}),
                "page_id": resume.to_numpy(),
                "saved_date": taken["saved_date"],
                "completed_date": taken["saved_date"].where(is_completed, None),
                "duration_seconds": taken["duration_seconds"].astype(int),
                "device_class": taken.get("device_class", nothing),
                "language": taken.get("language", pd.Series(["da"] * len(taken))),
                "receipt_hash": [
                    receipt_hash_of(each) if done else None
                    for each, done in zip(taken["response_id"], is_completed, strict=True)
                ],
            }
        ),
    )
    moved = connection.execute(load_query("questionnaire/save_submitted_forms.sql")).rowcount
    if moved != len(taken):
        raise FormIsNotOpen(f"{len(taken) - moved} forms were opened meanwhile; nothing was saved.")
    copy_rows(connection, "answers.page_save", _page_saves(taken, page_ids))
    saved = answers[answers["response_id"].isin(taken["response_id"])]
    copy_rows(
        connection,
        "answers.answer",
        saved[["response_id", "item_id", "choices"]],
    )
    copy_rows(connection, "answers.open_answer", texts)
    return {
        "forms": len(taken),
        "completed": int(is_completed.sum()),
        "answers": len(saved),
        "texts": len(texts),
        "skipped": len(submissions) - len(taken),
    }


def _furthest(instrument: Instrument, form: Form, page_id: str) -> str:
    order = [page.page_id for page in instrument.pages]
    return page_id if form.page_id is None else max(page_id, form.page_id, key=order.index)


def _after(form: Form, instrument: Instrument) -> PageSaved:
    """Return where a citizen stands whose save is there already."""
    if form.state not in OPEN_FORM_STATES:
        return PageSaved(None, is_replay=True)
    return PageSaved(form.page_id or next_page(instrument, form.background, form.choices, None), is_replay=True)


def _refuse_impossible(instrument: Instrument, answers: pd.DataFrame) -> None:
    if answers.duplicated(["response_id", "item_id"]).any():
        raise AnswerIsImpossible("An item is answered twice in one form.")
    for item_id, codes in answers[["item_id", "choices"]].drop_duplicates().itertuples(index=False):
        items = [item for item in instrument.items if item.item_id == item_id and item.kind != "open"]
        problems = [problem_with(item, codes) for item in items] or ["unknown_code"]
        if all(problems) or not codes:
            raise AnswerIsImpossible(
                f"{', '.join(map(repr, codes))} cannot be the answer ({problems[0]}).", where=item_id
            )


def _refuse_missing(instrument: Instrument, taken: pd.DataFrame, given: pd.DataFrame) -> None:
    """Refuse forms whose pages could not have been sent because a required item is not answered."""
    for item in instrument.items:
        if item.is_required:
            answered = set(given.loc[given["item_id"] == item.item_id, "response_id"])
            missing = int((~taken.loc[taken["pages"] > 0, "response_id"].isin(answered)).sum())
            if missing:
                raise AnswerIsImpossible(
                    f"{missing} forms have answers but not to this required item.", where=item.item_id
                )


def _clean_texts(instrument: Instrument, open_answers: pd.DataFrame | None, taken: pd.DataFrame) -> pd.DataFrame:
    columns = ["response_id", "item_id", "answer_text"]
    if open_answers is None or open_answers.empty:
        return pd.DataFrame(columns=columns)
    texts = open_answers.loc[open_answers["response_id"].isin(taken["response_id"]), columns].copy()
    limits = {item.item_id: item.max_length for item in instrument.items if item.kind == "open"}
    cleaned = [clean_text(text) for text in texts["answer_text"]]
    if any(len(text) > limits.get(item, 0) for item, text in zip(texts["item_id"], cleaned, strict=True)):
        raise AnswerIsImpossible("A text is longer than its item allows, or its item takes no text.")
    texts["answer_text"] = cleaned
    return texts[texts["answer_text"].map(bool).astype(bool)]


def _page_saves(taken: pd.DataFrame, page_ids: "pd.Series[str]") -> pd.DataFrame:
    repeated = taken.loc[taken.index.repeat(taken["pages"])]
    page = repeated.groupby(level=0).cumcount()
    ids = page_ids.reindex(pd.MultiIndex.from_arrays([repeated["pattern"], page])).to_numpy()
    return pd.DataFrame(
        {
            "response_id": repeated["response_id"].to_numpy(),
            "idempotency_key": [
                uuid.uuid5(response, name) for response, name in zip(repeated["response_id"], ids, strict=True)
            ],
            "page_id": ids,
        }
    )
