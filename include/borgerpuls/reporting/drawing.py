"""
Every kind of artefact of one area, from one set of figures.
"""

import ctypes
import gc
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from borgerpuls.reporting.deck import render_deck
from borgerpuls.reporting.memo import Participation, compose_memo
from borgerpuls.reporting.memo_docx import memo_docx
from borgerpuls.reporting.packages import round_time
from borgerpuls.reporting.report_data import ReportData
from borgerpuls.reporting.workbook import render_workbook
from borgerpuls.terms import ArtefactKind


class Drawing(NamedTuple):
    """A finished file, and how many pages it has where pages are counted."""

    content: bytes
    page_count: int | None = None


def draw(
    data: ReportData, participation: Participation, kinds: Iterable[ArtefactKind] = ArtefactKind
) -> dict[ArtefactKind, Drawing]:
    """
    Return every artefact of a municipality, or of all participating; the same figures give the same bytes.

    Args:
        data: The figures.
        participation: For the memo (see `compose_memo`).
        kinds: Which; default all.
    """
    _settle()
    made = {}
    for kind in kinds:
        made[kind] = draw_one(kind, data, participation)
        _give_back()
    return made


def _give_back() -> None:
    """Give the system back what one artefact took: the libraries leave cycles behind, and the C library keeps its heap."""
    gc.collect()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:  # glibc's
        trim(0)


@cache
def _settle() -> None:
    """Load what drawing needs, once per process, and take it out of what the collector looks through each time."""
    import docx  # noqa: F401
    import pptx  # noqa: F401
    import xlsxwriter  # noqa: F401

    from borgerpuls.reporting.pdf import press

    press()
    gc.collect()
    gc.freeze()


def draw_one(kind: ArtefactKind, data: ReportData, participation: Participation) -> Drawing:
    """Return one artefact (see `draw`)."""
    from borgerpuls.reporting.memo_pdf import memo_pdf
    from borgerpuls.reporting.pdf import render_pdf

    match kind:
        case ArtefactKind.PDF:
            report = render_pdf(data)
            return Drawing(report.content, report.page_count)
        case ArtefactKind.MEMO_DOCX:
            return Drawing(memo_docx(compose_memo(data, participation), round_time(data.facts.close_date)))
        case ArtefactKind.MEMO_PDF:
            memo = memo_pdf(compose_memo(data, participation), round_time(data.facts.close_date))
            return Drawing(memo.content, memo.page_count)
        case ArtefactKind.DECK:
            return Drawing(render_deck(data))
        case ArtefactKind.WORKBOOK:
            return Drawing(render_workbook(data))
