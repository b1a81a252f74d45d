"""
The pages about the survey and this edition: design, method, what is not shown and why.

Each function takes the report that is being composed and returns what its template prints.
"""

from collections.abc import Mapping
from typing import Any

from borgerpuls.codebooks.codebook import subgroup_names
from borgerpuls.codebooks.municipalities import danish_sort_key
from borgerpuls.reporting import numbers, sentences
from borgerpuls.reporting.columns import in_columns
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.figure_texts import percent_or_none
from borgerpuls.reporting.figures import DOMAINS
from borgerpuls.reporting.fonts import printable, text_width
from borgerpuls.reporting.survey import DOMAIN_NAMES
from borgerpuls.reporting.tables import Column, Row
from borgerpuls.reporting.templating import truncated
from borgerpuls.terms import LOCAL_FLAGS

_OF_ANSWERS = frozenset({"mean", "category_mean", "option_share"})
_LONGEST_ABOUT = 60
_TEXT_HEIGHT = 132.0
"""Of a column of text between the title and the note, mm."""
_FEW = 55.0
"""Height of the notices that need no page of their own, mm."""

Notices = list[list[list[dict[str, str]]]]
"""Pages of columns of sentences, each with what it is about."""


def design(report: Composer) -> dict[str, Any]:
    """Return how the survey was made: population, sample, answers and calendar."""
    facts = report.data.facts
    steps = [
        (name, report.response_count(measure), f"{_citizens(report.response_value(measure))} {what}")
        for name, measure, what in (
            ("Population", "population_n", "opfylder betingelserne"),
            ("Stikprøve", "sampled_n", "er udtrukket"),
            ("Svar", "answered_n", "har svaret helt eller delvist"),
        )
    ]
    sampled, reachable = report.response_value("sampled_n"), report.response_value("reachable_n")
    unreached = None if sampled is None or reachable is None else sampled - reachable
    period = f"{numbers.day(facts.reference_start_date)} – {numbers.day(facts.reference_end_date)}"
    names = sorted(map(printable, report.data.municipality_names.values()), key=danish_sort_key)
    return {
        "steps": steps,
        "rate": percent_or_none(report.response_value("response_rate")),
        "complete_rate": percent_or_none(report.response_value("complete_rate")),
        "municipalities": names,
        "fieldwork": sentences.fieldwork(facts.channels, unreached, facts.sms_share),
        "calendar": report.table(
            [Column("Trin", 40.0), Column("Dato")],
            [
                Row(("Forløb i perioden", period)),
                Row(("Opgjort pr.", numbers.day(facts.key_date))),
                Row(("Invitation sendt", numbers.day(facts.invitation_date))),
                Row(("1. påmindelse", numbers.day(facts.reminder_1_date))),
                Row(("2. påmindelse", numbers.day(facts.reminder_2_date))),
                Row(("Sidste svardag", numbers.day(facts.close_date))),
            ],
        ),
    }


def target_groups(report: Composer) -> dict[str, Any]:
    """Return the target groups, each with its share of the population and the benefits in it."""
    groups = [
        (
            name,
            percent_or_none(
                report.figures.value(report.code, "response", "population_share", domain="target_group", group=code)
            ),
            subgroup_names(report.survey.codebook, code),
        )
        for code, name in report.survey.groups("target_group").items()
    ]
    return {"groups": groups}


def method(report: Composer) -> dict[str, Any]:
    """Return what the page on calculations needs: the themes, and how much must be answered for one."""
    return {"themes": report.survey.themes, "minimum_valid_share": report.survey.codebook.minimum_valid_share}


def disclosure(report: Composer, absent: Notices) -> dict[str, Any]:
    """Return how many scores are shown, uncertain and withheld, and what is absent where that is told in few words."""
    own = [figure for figure in report.figures if figure.municipality_code == report.code]
    hidden = [figure for figure in own if figure.is_suppressed and figure.measure in {"mean", "category_mean"}]
    shown = [figure for figure in own if not figure.is_suppressed and figure.measure in {"mean", "category_mean"}]
    rows = [
        Row(("Vises", numbers.count(len(shown)))),
        Row(("– heraf mærket † (usikre)", numbers.count(sum(figure.is_uncertain for figure in shown)))),
        Row(("Skjult", numbers.count(len(hidden)))),
    ]
    return {
        "counts": report.table([Column("Scorer for spørgsmål, temaer og grupper", 90.0), Column("Antal")], rows),
        "absent": absent[0][0] if are_few(absent) else [],
    }


def notices(report: Composer) -> Notices:
    """
    Return pages of two columns of sentences about what is absent, each with what it is about.

    The round's notices, and per division the themes and questions that have a hidden group which no notice names.
    """
    names = {question.item_id: question.title for question in report.survey.questions}
    names |= {theme.code: theme.name for theme in report.survey.themes}
    names |= {question.item_id: question.title for question in report.local_questions}
    blocks = []
    for one in report.data.notices:
        about = " · ".join(part for part in (names.get(one.item_id, ""), DOMAIN_NAMES.get(one.domain, "")) if part)
        sentence = printable(one.sentence)
        blocks.append({"about": about or "Hele rapporten", "sentence": sentence})
    blocks += _hidden_groups(report, names)
    return in_columns([(block, _height(block["sentence"])) for block in blocks], _TEXT_HEIGHT)


def are_few(absent: Notices) -> bool:
    """Return whether the notices leave a page nearly empty: they stand on the page on anonymity instead."""
    return len(absent) == 1 and len(absent[0]) == 1 and sum(_height(one["sentence"]) for one in absent[0][0]) <= _FEW


def _citizens(count: float | None) -> str:
    return "borger" if count == 1 else "borgere"


def _height(sentence: str) -> float:
    return 6.6 + 4.4 * (1 + int(text_width(sentence, 8.8) // 115.0))


def _hidden_groups(report: Composer, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return per division of the report's own answers what has a hidden group, where no notice says so already."""
    noticed = {(one.item_id, one.domain) for one in report.data.notices}
    if any(one.code in {"no_answers", "too_few_answers"} for one in report.data.notices):
        return []
    hidden: dict[str, dict[str, None]] = {}
    for figure in report.figures:
        told_by = {(figure.item_id, ""), (figure.item_id, figure.domain), ("", figure.domain)}
        is_told = not told_by.isdisjoint(noticed)
        is_hidden = figure.municipality_code == report.code and figure.is_suppressed
        if is_hidden and figure.measure in _OF_ANSWERS and not is_told:
            hidden.setdefault(figure.domain, {})[figure.item_id] = None
    blocks = []
    for domain in ("all", *DOMAINS, *LOCAL_FLAGS):
        if items := [item for item in names if item in hidden.get(domain, {})]:
            what = "Samlede resultater" if domain == "all" else "En eller flere grupper"
            told = "; ".join(dict.fromkeys(truncated(names[item], _LONGEST_ABOUT) for item in items))
            if len(items) > 1 and len(items) == len(names):
                told = "alle temaer og spørgsmål"
            about = "Samlet" if domain == "all" else DOMAIN_NAMES[domain]
            sentence = f"{what} vises ikke af hensyn til borgernes anonymitet. Det gælder: {told}."
            blocks.append({"about": about, "sentence": sentence})
    return blocks


def colophon(report: Composer) -> dict[str, Any]:
    """Return what this edition is made of: round, snapshot and versions."""
    rows = [Row(row) for row in (
        ("Runde", report.data.facts.name),
        ("Område", report.municipality_title),
        ("Sidste svardag", numbers.day(report.data.facts.close_date)),
        ("Kodebog", report.data.facts.codebook_version),
        ("Spørgeskema", report.data.facts.questionnaire_version),
        ("Øjebliksbillede af svarene", report.data.snapshot_id),
        ("Programversion", report.data.code_version),
    )]  # fmt: skip
    return {"facts": report.table([Column("Oplysning", 48.0), Column("Værdi")], rows)}
