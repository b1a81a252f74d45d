"""
Every kind of artefact of one area, from one set of figures.
"""

from typing import NamedTuple

from borgerpuls.reporting.deck import render_deck
from borgerpuls.reporting.memo import Participation, compose_memo
from borgerpuls.reporting.memo_docx import memo_docx
from borgerpuls.reporting.packages import round_time
from borgerpuls.reporting.report import ReportData
from borgerpuls.reporting.workbook import render_workbook
from borgerpuls.terms import ArtefactKind


class Drawing(NamedTuple):
    """A finished file, and how many pages it has where pages are counted."""

    content: bytes
    page_count: int | None = None


def draw(data: ReportData, participation: Participation) -> dict[ArtefactKind, Drawing]:
    """
    Return every artefact of a municipality, or of all participating; the same figures give the same bytes.

    Args:
        data: The figures.
        participation: For the memo (see `compose_memo`).
    """
    from borgerpuls.reporting.memo_pdf import memo_pdf
    from borgerpuls.reporting.pdf import render_pdf

    when = round_time(data.facts.close_date)
    report = render_pdf(data)
    memo = compose_memo(data, participation)
    printed = memo_pdf(memo, when)
    return {
        ArtefactKind.PDF: Drawing(report.content, report.page_count),
        ArtefactKind.MEMO_DOCX: Drawing(memo_docx(memo, when)),
        ArtefactKind.MEMO_PDF: Drawing(printed.content, printed.page_count),
        ArtefactKind.DECK: Drawing(render_deck(data)),
        ArtefactKind.WORKBOOK: Drawing(render_workbook(data)),
    }
