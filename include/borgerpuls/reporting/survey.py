"""
What the reports call things: questions with their wording and scale, categories, groups, in the order they are printed.

Wording comes from the round's questionnaire, categories and groups from its codebook, short names from
`templates/reports/items.yaml`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from borgerpuls.codebooks.codebook import Category, Codebook, load_codebook, subgroup_labels
from borgerpuls.questionnaire.definition import Item
from borgerpuls.questionnaire.versions import load_instrument
from borgerpuls.reporting.figures import SCALE_CODES
from borgerpuls.resources import resource_folder
from borgerpuls.terms import LOCAL_FLAGS

LANGUAGE = "da"

DOMAIN_NAMES = {
    "target_group": "Målgruppe",
    "duration": "Varighed (aktuelle forløb)",
    "status": "Tilknytning til jobcentret",
    "sex": "Køn",
    "age_group": "Alder",
    "day": "Dage efter invitationen",
    "wave": "Svar efter",
    "subgroup": "Ydelse",
    "language": "Sprog i registret",
    "mobile": "Mobilnummer i registret",
    "region": "Region",
    "statistic": "Statistik",
    **{flag: f"Kommunens mærke {flag[-1]}" for flag in LOCAL_FLAGS},
}
"""What the population is divided by: by codebook, by the municipality's register, by the municipality itself."""

_GROUPS = {
    "wave": {"1": "Invitationen", "2": "1. påmindelse", "3": "2. påmindelse"},
    "language": {"dansk": "Dansk", "andet": "Andet sprog"},
    "mobile": {"ja": "Har et mobilnummer", "nej": "Har ikke et mobilnummer"},
    "region": {
        "1084": "Region Hovedstaden", "1085": "Region Sjælland", "1083": "Region Syddanmark",
        "1082": "Region Midtjylland", "1081": "Region Nordjylland",
    },
    "statistic": {
        "inhabitants_16_66": "Indbyggere på 16–66 år pr. kommune",
        "expected_full_time_share": "Forventet andel fuldtidspersoner på offentlig forsørgelse",
        "share_of_labour_force": "Fuldtidspersoner, andel af arbejdsstyrken",
        "share_of_population": "Fuldtidspersoner, andel af befolkningen",
    },
}  # fmt: skip
"""Groups that no codebook has, in the order they are printed."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question as the reports print it. `number` counts the questions with figures, from 1."""

    item_id: str
    number: int
    title: str
    wording: str
    variants: tuple[str, ...]
    lead: str
    answers: tuple[tuple[str, str], ...]
    category_code: str
    category_name: str
    asked: str
    reason: str
    is_scale: bool

    @property
    def is_local(self) -> bool:
        """Whether it is a municipality's own, which is compared with nobody."""
        return is_local(self.item_id)

    @property
    def heading(self) -> str:
        """Return what stands above its table."""
        return self.title if self.is_local else f"{self.number}. {self.title}"

    @property
    def scale_names(self) -> tuple[str, ...]:
        """Return the five answers' names, most positive first."""
        names = dict(self.answers)
        return tuple(names[code] for code in SCALE_CODES)


@dataclass(frozen=True, slots=True)
class Theme:
    """A category that is scored: its questions and what they are about, as the end of "Der spørges til …"."""

    code: str
    name: str
    about: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Survey:
    """Everything a report names, in order."""

    codebook: Codebook
    questions: tuple[Question, ...]
    themes: tuple[Theme, ...]
    pages: tuple[tuple[str, str, tuple[Item, ...]], ...]

    def groups(self, domain: str) -> dict[str, str]:
        """Return code → name of a domain's groups, in the order they are printed."""
        if domain == "subgroup":
            return subgroup_labels()
        if domain in _GROUPS:
            return _GROUPS[domain]
        labels = self.codebook.labels(domain)
        if domain == "age_group":
            return {code: _age_name(name) for code, name in labels.items()}
        return labels

    def cell_name(self, group: str) -> str:
        """Return "Kvinder, 30-49 år, sygedagpenge" of the weighting cell "kvinde/30_49/sygedagpenge"."""
        parts = zip(("sex", "age_group", "target_group"), group.split("/"), strict=False)
        names = [self.groups(domain).get(code, code) for domain, code in parts]
        return ", ".join(name if place == 0 else name.lower() for place, name in enumerate(names))

    def question(self, item_id: str) -> Question:
        """Return one question; raises KeyError."""
        return {question.item_id: question for question in self.questions}[item_id]


@cache
def load_survey(codebook_version: str, questionnaire_version: str) -> Survey:
    """
    Return the names of one combination of codebook and questionnaire.

    Raises:
        UnknownCode: There is no such codebook.
        UnknownQuestionnaire: There is no such questionnaire.
    """
    codebook = load_codebook(codebook_version)
    instrument = load_instrument(questionnaire_version)
    names = _names()
    category_of = {item: category for category in codebook.categories for item in category.items}
    questions: list[Question] = []
    for page in instrument.pages:
        for item in page.items:
            own: Mapping[str, Any] = names.get(item.item_id, {})
            if item.kind not in {"scale", "multi"} or item.slot:
                continue
            category = category_of.get(item.item_id) or _first_known(codebook, own.get("categories", ()))
            if category is None:
                continue
            variants = tuple(variant.text[LANGUAGE] for variant in item.variants)
            wording = item.present.get(LANGUAGE, "") or variants[0]
            questions.append(
                Question(
                    item_id=item.item_id,
                    number=len(questions) + 1,
                    title=str(own.get("title", wording)),
                    wording=wording,
                    variants=variants,
                    lead=page.lead.get(LANGUAGE, ""),
                    answers=tuple((option.code, option.text[LANGUAGE]) for option in item.options),
                    category_code=category.code,
                    category_name=category.name,
                    asked=str(own.get("asked", "")),
                    reason=str(own.get("reason", "")),
                    is_scale=item.kind == "scale",
                )
            )
    themes = tuple(
        Theme(
            category.code,
            category.name,
            str(names["categories"].get(category.code, "")),
            tuple(question for question in questions if question.category_code == category.code),
        )
        for category in codebook.categories
    )
    pages = tuple(
        (page.title[LANGUAGE], page.lead.get(LANGUAGE, ""), tuple(item for item in page.items if not item.slot))
        for page in instrument.pages
    )
    return Survey(codebook, tuple(questions), themes, pages)


def is_local(item_id: str) -> bool:
    """Return whether a question is a municipality's own: its place may hold another question in another round."""
    return item_id.startswith("local")


def local_question(item: Item, place: int) -> Question:
    """Return a municipality's own question as the reports print it; *place* counts its own questions from 1."""
    wording = one_line(item.present.get(LANGUAGE, ""))
    return Question(
        item_id=item.item_id,
        number=place,
        title=f"Kommunens eget spørgsmål {place}",
        wording=wording,
        variants=(),
        lead="",
        answers=tuple((option.code, one_line(option.text[LANGUAGE])) for option in item.options),
        category_code="",
        category_name="Lokale spørgsmål",
        asked="Kun stillet i denne kommune.",
        reason="Spørgsmålet er kommunens eget og sammenlignes ikke med andre kommuner.",
        is_scale=item.kind == "scale",
    )


def one_line(text: str) -> str:
    """
    Return *text* as one line that any file format may hold.

    Control characters, line breaks and lone surrogates become a space; everything else is kept as it is.
    """
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _first_known(codebook: Codebook, codes: Iterable[str]) -> Category | None:
    known = {category.code: category for category in codebook.categories}
    return next((known[code] for code in codes if code in known), None)


@cache
def _names() -> dict[str, Any]:
    path = resource_folder("templates") / "reports" / "items.yaml"
    names: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return names


def _age_name(name: str) -> str:
    return f"{name[:-1]} år og derover" if name.endswith("+") else f"{name} år"
