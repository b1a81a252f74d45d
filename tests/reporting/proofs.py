"""A report changed by somebody else: the helpers of the proof's tests."""

import io
import re
from collections.abc import Callable

import pypdf


def on_page(content: bytes, page: int, change: Callable[[bytes], bytes]) -> bytes:
    """Return the PDF with the content of one page changed, counted from 1."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    stream = writer.pages[page - 1]["/Contents"].get_object()
    stream.set_data(change(stream.get_data()))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def without_a_base(page: bytes) -> bytes:
    """Take one whole number out together with its citation."""
    return re.sub(rb"/N <</F\(d0![^)]*#valid_n\)>> BDC.*?EMC", b"", page, count=1, flags=re.DOTALL)
