"""
Office packages (DOCX, PPTX, XLSX) that are the same bytes whenever they are made from the same content.

The libraries stamp the time of making into the ZIP and into docProps/core.xml, also of the workbooks inside a deck; here
both become the round's own time.
"""

import io
import re
import zipfile
from datetime import UTC, date, datetime, time
from functools import cache

from borgerpuls.reporting.fonts import MM_PER_POINT, text_width

FONT = "Arial"
"""
Of Word, PowerPoint and Excel files. Windows and macOS have it, and LibreOffice brings Liberation Sans, whose letters are
exactly as wide: what is measured here is what stands there. No font file is shipped.
"""
DANISH = "[$-406]"
"""Begins a number format: LibreOffice then writes a decimal comma whatever it is set to; Excel follows its computer."""

_CORE = "docProps/core.xml"
_STAMPS = re.compile(rb"(<dcterms:(created|modified)\b[^>]*>)[^<]*(</dcterms:\2>)")
_COMPRESSION_LEVEL = 6
_WIDER = 1.08
"""How much wider Arial is than the reports' Source Sans, in Danish text; 1.04 to 1.07 was measured."""


def round_time(close_date: date) -> datetime:
    """Return the time that stands in every document of a round: noon, UTC, on its last day."""
    return datetime.combine(close_date, time(12), UTC)


@cache
def letters_width(text: str, size: float) -> float:
    """Return the width of *text* in `FONT` at *size* points, in points, or a little more (see `_WIDER`)."""
    return text_width(text, size) / MM_PER_POINT * _WIDER


@cache
def line_count(text: str, width: float, size: float) -> int:
    """Return how many lines *text* takes when it wraps between words; *width* and *size* are points."""
    lines, used = 1, 0.0
    for word in text.split():
        room = letters_width(f" {word}" if used else word, size)
        if used and used + room > width:
            lines, used = lines + 1, letters_width(word, size)
        else:
            used += room
        lines, used = lines + int(used // width), used % width
    return lines


def settled(content: bytes, when: datetime) -> bytes:
    """
    Return an Office package with *when* as its only time.

    Args:
        content: A ZIP as the library wrote it; packages inside it are settled too.
        when: In UTC, from 1980 on.
    """
    stamp = when.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == _CORE:
                part = _STAMPS.sub(rb"\g<1>" + stamp + rb"\g<3>", part)
            elif entry.filename.endswith(".xlsx"):
                part = settled(part, when)
            info = zipfile.ZipInfo(entry.filename, when.timetuple()[:6])
            info.compress_type = zipfile.ZIP_STORED if entry.filename.endswith(".xlsx") else zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            info.create_system = 3
            target.writestr(info, part, compresslevel=_COMPRESSION_LEVEL)
    return buffer.getvalue()
