"""
The appendix: the questionnaire, and every number in tables.

Each function takes the report that is being composed and returns what its template prints.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from borgerpuls.codebooks.municipalities import danish_sort_key
from borgerpuls.reporting import numbers
from borgerpuls.reporting.columns import in_columns
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.figure_texts import count_figure, percent_text
from borgerpuls.reporting.figures import (
    DOMAINS,
    SCALE_CODES,
)
from borgerpuls.reporting.fonts import text_width
from borgerpuls.reporting.survey import Question
from borgerpuls.reporting.tables import Column, Row, dense
from borgerpuls.reporting.templating import truncated
from borgerpuls.terms import ALL_PARTICIPATING

_QUESTIONNAIRE_ROOM = 150.0
"""Height of a column of the questionnaire, mm."""
_ROWS_PER_PAGE = 36
_QUESTION_ROOM = 72.0
"""Height of the rows of one question's table, two to a page, mm."""


def questionnaire(report: Composer) -> list[list[list[dict[str, Any]]]]:
    """Return the questionnaire in pages of two columns."""
    blocks = []
    for title, lead, items in report.survey.pages:
        entries = [
            {
                "wordings": [variant.text["da"] for variant in item.variants] or [item.present["da"]],
                "past": "" if item.variants or item.past == item.present else item.past["da"],
                "answers": " · ".join(option.text["da"] for option in item.options) or "Fritekst",
                "asked": _asked_text(report, item.item_id),
            }
            for item in items
        ]
        blocks.append(({"title": title, "lead": lead, "items": entries}, _block_height(title, lead, entries)))
    return in_columns(blocks, _QUESTIONNAIRE_ROOM)


def tables(report: Composer) -> Iterator[dict[str, Any]]:
    """Yield pages of two tables: every number of a question, by group."""
    questions = [one for one in (*report.survey.questions, *report.local_questions) if one.is_scale]
    for number in range(0, len(questions), 2):
        pair = [_question_table(report, question) for question in questions[number : number + 2]]
        yield {"tables": pair, "page": number // 2 + 1, "pages": -(-len(questions) // 2)}


def municipalities(report: Composer) -> Iterator[dict[str, Any]]:
    """Yield the pages of all municipalities with their answers, response rate and theme scores, by name."""
    themes = report.survey.themes
    rows = []
    codes = sorted(report.data.municipality_names, key=lambda code: danish_sort_key(report.municipality_name(code)))
    for code in codes:
        find = report.figures.find
        answered, rate = (find(code, "response", measure) for measure in ("answered_n", "response_rate"))
        scores = [find(code, theme.code, "category_mean") for theme in themes]
        rows.append(
            Row(
                [
                    report.municipality_name(code),
                    count_figure(answered),
                    percent_text(rate),
                    *(report.score_text(figure, marks_uncertain=True) for figure in scores),
                ]
            )
        )
    columns = [
        Column("Kommune", 60.0),
        Column("Svar"),
        Column("Svarprocent"),
        *(Column(theme.name) for theme in themes),
    ]
    for start in range(0, len(rows), _ROWS_PER_PAGE):
        part = rows[start : start + _ROWS_PER_PAGE]
        yield {
            "table": report.table(columns, part, 267.0, dense(len(part), 125.0)),
            "page": start // _ROWS_PER_PAGE + 1,
            "pages": -(-len(rows) // _ROWS_PER_PAGE),
        }


def _question_table(report: Composer, question: Question) -> Markup:
    item = question.item_id
    rows = [Row(_table_cells(report, report.name, item, report.code), "strong")]
    if not report.is_national and not question.is_local:
        rows.append(Row(_table_cells(report, report.all_name, item, ALL_PARTICIPATING)))
    for domain in DOMAINS:
        is_first = True
        for code, name in report.survey.groups(domain).items():
            if report.is_asked(item, domain, code):
                cells = _table_cells(report, name, item, report.code, domain=domain, group=code)
                rows.append(Row(cells, "starts" if is_first else ""))
                is_first = False
    columns = [
        Column("Gruppe", 52.0),
        Column("Svar"),
        *(Column(name) for name in question.scale_names),
        Column("Score"),
        Column("95 % interval", 24.0),
        Column("Ved ikke"),
    ]
    return report.table(columns, rows, 267.0, dense(len(rows) + 1, _QUESTION_ROOM), question.heading)


def _table_cells(
    report: Composer, name: str, item: str, code: str, *, domain: str = "all", group: str = ""
) -> list[str]:
    mean = report.figures.find(code, item, "mean", domain=domain, group=group)
    shares = [
        report.figures.find(code, item, "share", category=answer, domain=domain, group=group) for answer in SCALE_CODES
    ]
    interval = numbers.EN_DASH
    if mean is not None and mean.lower is not None and mean.upper is not None:
        interval = numbers.interval(mean.lower, mean.upper)
    return [
        truncated(name, 30),
        report.count_text(mean, "valid_n"),
        *(report.share_text(share, decimals=1, sign="") for share in shares),
        report.score_text(mean, marks_uncertain=True),
        interval,
        report.count_text(mean, "dont_know_n"),
    ]


def _asked_text(report: Composer, item_id: str) -> str:
    known = {question.item_id: question.asked for question in report.survey.questions}
    return known.get(item_id, "Kun sygedagpengemodtagere." if item_id == "employer" else "")


def _block_height(title: str, lead: str, entries: Sequence[Mapping[str, Any]]) -> float:
    """Return the height in mm of one page of the questionnaire in the appendix (as report.css sets it)."""

    def lines(text: str, size: float = 8.3) -> int:
        return -(-int(text_width(text, size) * 10) // 1230)

    height = 7.2 * bool(title) + (lines(lead) * 3.95 + 1.2) * bool(lead)
    for entry in entries:
        wordings = [*entry["wordings"], *([f"Datid: {entry['past']}"] if entry["past"] else [])]
        height += sum(lines(wording) * 3.95 + 1.2 for wording in wordings)
        height += (lines(entry["answers"], 7.8) + lines(entry["asked"], 7.8)) * 3.75 + 1.2
    return height
