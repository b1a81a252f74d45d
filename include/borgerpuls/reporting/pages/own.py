"""
The pages that are the municipality's and its citizens' own: their words, and its own division of the answers.

Each function takes the report that is being composed and returns what its template prints.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from borgerpuls.reporting.columns import in_columns
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.fonts import printable, text_width
from borgerpuls.reporting.tables import Column, Row, dense
from borgerpuls.terms import LOCAL_FLAGS, NO_FLAG

_TEXT_HEIGHT = 132.0
"""Of a column of text between the title and the note, mm."""
_MOST_GROUPS = 7
"""Of a municipality's own division on one page."""


def open_answers(report: Composer) -> Iterator[dict[str, Any]]:
    """Yield pages of approved open answers, question by question, in two columns."""
    wordings = {item.item_id: item.present.get("da", "") for _, _, items in report.survey.pages for item in items}
    for item_id in dict.fromkeys(item for item, _ in report.data.open_answers):
        texts = [printable(text) for item, text in report.data.open_answers if item == item_id]
        blocks = [(text, 2.2 + 4.45 * (1 + int(text_width(text, 9.0) // 116.0))) for text in texts]
        for place, columns in enumerate(in_columns(blocks, _TEXT_HEIGHT)):
            yield {
                "wording": wordings.get(item_id, item_id),
                "columns": columns,
                "is_continued": place > 0,
                "count": len(texts),
            }


def local_flags(report: Composer) -> Iterator[dict[str, Any]]:
    """Yield a page per local mark of the municipality: each theme and question by the groups it makes."""
    for domain in LOCAL_FLAGS:
        groups = list(dict.fromkeys(
            figure.domain_group
            for theme in report.survey.themes
            for figure in report.figures.groups(report.code, theme.code, "category_mean", domain)
        ))  # fmt: skip
        for start in range(0, len(groups), _MOST_GROUPS):
            on_page = groups[start : start + _MOST_GROUPS]
            yield {
                "number": domain[-1],
                "table": _local_flag(report, domain, on_page),
                "is_continued": start > 0,
                "has_unmarked": NO_FLAG in on_page,
            }


def _local_flag(report: Composer, domain: str, groups: Sequence[str]) -> Markup:
    rows = []
    for theme in report.survey.themes:
        asked = [(theme.name, theme.code, "category_mean", "strong")]
        if len(theme.questions) > 1:
            asked += [(q.title, q.item_id, "mean", "") for q in theme.questions if q.is_scale]
        for name, item, measure, kind in asked:
            found = [report.figures.find(report.code, item, measure, domain=domain, group=group) for group in groups]
            cells = [name, *(report.score_text(figure, marks_uncertain=True) for figure in found)]
            rows.append(Row(cells, "strong" if kind else ""))
    counts = [report.figures.find(report.code, "overall", "mean", domain=domain, group=group) for group in groups]
    rows.insert(0, Row(["Svar (overordnet tilfredshed)", *(report.count_text(one, "valid_n") for one in counts)]))
    columns = [Column("Tema eller spørgsmål", 74.0), *(Column(printable(group)) for group in groups)]
    return report.table(columns, rows, 267.0, dense(len(rows), 110.0))
