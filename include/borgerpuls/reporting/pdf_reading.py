"""
What a reader sees in a PDF of ours: every piece of text, in order, and the figure that it cites.

The painter writes each number as a marked content `/N` whose property F is its citation; a chart's element has the
citations of its alternative text. What is read is what a reader sees: the glyphs of the page, through the font's own map
to letters.
"""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from borgerpuls.errors import NotAReport

_TOKEN = re.compile(
    rb"/(?P<font>[^\s/<>\[\]()]+)\s+[-\d.]+\s+Tf"
    rb"|/N\s*<<\s*/F\s*\((?P<citation>(?:[^()\\]|\\.)*)\)\s*>>\s*BDC"
    rb"|(?P<open>\bB[DM]C\b)|(?P<close>\bEMC\b)"
    rb"|\[(?P<array>(?:<[0-9a-fA-F\s]*>|[-\d.\s])*)\]\s*TJ"
    rb"|<(?P<string>[0-9a-fA-F\s]*)>\s*Tj"
)
_MAPPING = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>")


class Printed(NamedTuple):
    """A piece of text as printed: on which page, what it says, and the citation "form!source" of a cited number."""

    page: int
    text: str
    citation: str = ""


class PdfText(NamedTuple):
    """What a PDF says."""

    word: str
    """The word of its identity (`Identity.word`), or empty."""
    snapshot_id: str
    pieces: tuple[Printed, ...]

    @property
    def cited(self) -> list[Printed]:
        """Return the pieces that cite a figure."""
        return [piece for piece in self.pieces if piece.citation]


def read_pdf(content: bytes) -> PdfText:
    """
    Return every piece of text of a PDF, and the cited numbers of its alternative texts.

    Raises:
        NotAReport: It cannot be read as a PDF.
    """
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it says about a damaged file is said by the error
    try:
        reader: Any = pypdf.PdfReader(io.BytesIO(content))
        about = reader.metadata or {}
        pieces: list[Printed] = []
        page_numbers = {}
        letters: dict[str, Mapping[int, str]] = {}
        for number, page in enumerate(reader.pages, 1):
            reference = page.indirect_reference
            page_numbers[reference.idnum if reference else 0] = number
            for name, font in page["/Resources"].get("/Font", {}).items():
                if name not in letters:
                    letters[name] = _letters(font.get_object())
            if (drawn := page.get_contents()) is not None:
                pieces.extend(_pieces_of_page(drawn.get_data(), number, letters))
        pieces.extend(_numbers_of_alternatives(reader, page_numbers))
        return PdfText(str(about.get("/Report", "")), str(about.get("/Snapshot", "")), tuple(pieces))
    except (pypdf.errors.PyPdfError, LookupError, AttributeError, TypeError, ValueError, RecursionError) as problem:
        raise NotAReport("The file cannot be read as a PDF.", next_step="Give a file that Borgerpuls has drawn.") from problem  # fmt: skip


def _pieces_of_page(content: bytes, page: int, letters: Mapping[str, Mapping[int, str]]) -> Iterator[Printed]:
    font: Mapping[int, str] = {}
    marks: list[list[str] | None] = []
    citations: list[str] = []
    for token in _TOKEN.finditer(content):
        kind = token.lastgroup
        if kind == "font":
            font = letters.get(f"/{token['font'].decode()}", {})
        elif kind == "citation":
            marks.append([])
            citations.append(re.sub(rb"\\(.)", rb"\1", token["citation"]).decode())
        elif kind == "open":
            marks.append(None)
        elif kind == "close":
            text = marks.pop() if marks else None
            if text is not None:
                yield Printed(page, "".join(text), citations.pop())
        else:
            codes = b"".join(re.findall(rb"<([^>]*)>", token[0]))
            read = "".join(font.get(int(codes[place : place + 4], 16), "?") for place in range(0, len(codes), 4))
            cited = [mark for mark in marks if mark is not None]
            for mark in cited:
                mark.append(read)
            if not cited:
                yield Printed(page, read)


def _letters(font: Any) -> Mapping[int, str]:
    """Return glyph → letters, as the font says they are to be read."""
    if "/ToUnicode" not in font:
        return {}
    return {
        int(glyph, 16): bytes.fromhex(letters.decode()).decode("utf-16-be")
        for glyph, letters in _MAPPING.findall(font["/ToUnicode"].get_object().get_data())
        if len(letters) % 4 == 0
    }


def _numbers_of_alternatives(reader: Any, page_numbers: Mapping[int, int]) -> Iterator[Printed]:
    tree = reader.trailer["/Root"].get("/StructTreeRoot", {})
    for element in _elements(tree["/K"]) if tree else ():
        attributes = element.get("/A")
        if element.get("/S") != "/Figure" or not isinstance(attributes, list):
            continue
        page = page_numbers.get(element.raw_get("/Pg").idnum, 0)
        text = str(element.get("/Alt", ""))
        places = [
            (int(start), int(length), citation)
            for attribute in (item.get_object() for item in attributes)
            if attribute.get("/O") == "/UserProperties"
            for start, length, citation in (line.split(" ", 2) for line in str(attribute["/P"][0]["/V"]).split("\n"))
        ]
        end = 0
        for first, size, citation in places:
            yield Printed(page, text[end:first])
            yield Printed(page, text[first : first + size], citation)
            end = first + size
        yield Printed(page, text[end:])


def _elements(kids: Any) -> Iterator[Any]:
    kids = kids.get_object()
    for kid in kids if isinstance(kids, list) else [kids]:
        element: Any = kid.get_object()
        if hasattr(element, "raw_get"):
            yield element
            if "/K" in element:
                yield from _elements(element.raw_get("/K"))
