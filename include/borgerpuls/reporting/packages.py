"""
Office packages (DOCX, PPTX, XLSX) that are the same bytes whenever they are made from the same content.

The libraries stamp the time of making into the ZIP and into docProps/core.xml, also of the workbooks inside a deck; here
both become the round's own time.
"""

import io
import re
import zipfile
from datetime import UTC, date, datetime, time

_CORE = "docProps/core.xml"
_STAMPS = re.compile(rb"(<dcterms:(created|modified)\b[^>]*>)[^<]*(</dcterms:\2>)")
_COMPRESSION_LEVEL = 6


def round_time(close_date: date) -> datetime:
    """Return the time that stands in every document of a round: noon, UTC, on its last day."""
    return datetime.combine(close_date, time(12), UTC)


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
