"""
The memo as PDF/UA-1: the same texts as the Word document, set in the reports' own type.
"""

from datetime import datetime
from typing import NamedTuple

from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.memo import Memo
from borgerpuls.reporting.pdf import press
from borgerpuls.reporting.templating import environment
from borgerpuls.terms import ArtefactKind


class MemoPdf(NamedTuple):
    """A finished memo."""

    content: bytes
    page_count: int


def memo_pdf(memo: Memo, when: datetime) -> MemoPdf:
    """
    Return a memo as PDF.

    Args:
        memo: Its texts.
        when: The round's time (see `packages.round_time`).
    """
    xhtml = environment().get_template("memo.xhtml").render(memo=memo, day=when.date().isoformat())
    identity = Identity(ArtefactKind.MEMO_PDF, memo.round_id, memo.municipality_code)
    return MemoPdf(*press().print_text(xhtml, "memo.css", identity, f"{memo.title}/{memo.area}/{memo.provenance}"))
