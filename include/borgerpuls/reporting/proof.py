"""
Proof of a report: every number in the PDF is read back and compared with the figure it cites.

The painter writes each number as a marked content `/N` whose property F is its citation; a chart's element has the
citations of its alternative text. What is compared is what a reader sees: the glyphs of the page, through the font's own
map to letters.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from borgerpuls.errors import NotAReport
from borgerpuls.reporting import numbers
from borgerpuls.reporting.cited import plain

_TOKEN = re.compile(
    rb"/(?P<font>[^\s/<>\[\]()]+)\s+[-\d.]+\s+Tf"
    rb"|/N\s*<<\s*/F\s*\((?P<citation>(?:[^()\\]|\\.)*)\)\s*>>\s*BDC"
    rb"|(?P<open>\bB[DM]C\b)|(?P<close>\bEMC\b)"
    rb"|\[(?P<array>(?:<[0-9a-fA-F\s]*>|[-\d.\s])*)\]\s*TJ"
    rb"|<(?P<string>[0-9a-fA-F\s]*)>\s*Tj"
)
_MAPPING = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>")
_SNAPSHOT = "/Snapshot"


class Printed(NamedTuple):
    """A number as printed: on which page, what it says, and its citation "form!source"."""

    page: int
    text: str
    citation: str


class Failure(NamedTuple):
    """A number that does not hold, and why."""

    page: int
    citation: str
    what: str


class Proof(NamedTuple):
    """How many numbers were read, from how many figures, and which do not hold."""

    snapshot_id: str
    number_count: int
    figure_count: int
    failures: tuple[Failure, ...]


Values = Mapping[str, Mapping[str, float | None]]
"""Figure id → field → value; a withheld figure has None."""


def printed_numbers(content: bytes) -> tuple[str, list[Printed]]:
    """
    Return a report's snapshot id and every number in it that cites a figure: of the pages, and of alternative texts.

    Raises:
        NotAReport: No PDF, or none of ours: it cites nothing.
    """
    import pypdf

    try:
        reader: Any = pypdf.PdfReader(io.BytesIO(content))
        snapshot = str((reader.metadata or {}).get(_SNAPSHOT, ""))
        printed: list[Printed] = []
        page_numbers = {}
        letters: dict[str, Mapping[int, str]] = {}
        for number, page in enumerate(reader.pages, 1):
            reference = page.indirect_reference
            page_numbers[reference.idnum if reference else 0] = number
            for name, font in page["/Resources"].get("/Font", {}).items():
                if name not in letters:
                    letters[name] = _letters(font.get_object())
            if (drawn := page.get_contents()) is not None:
                printed.extend(_numbers_of_page(drawn.get_data(), number, letters))
        printed.extend(_numbers_of_alternatives(reader, page_numbers))
    except (pypdf.errors.PyPdfError, KeyError, AttributeError) as problem:
        raise NotAReport("The file cannot be read as a PDF.", next_step="Give a report that Borgerpuls has drawn.") from problem  # fmt: skip
    if not printed:
        raise NotAReport(
            "The PDF cites no figures: it is not a report of ours, or it was drawn by the fallback.",
            next_step="Give a report that the painter has drawn.",
        )
    return snapshot, printed


def figure_ids(printed: Iterable[Printed]) -> list[str]:
    """Return the ids of the figures that are cited, each once."""
    return sorted({identifier for number in printed for identifier, _ in _terms(number.citation)})


def check(snapshot_id: str, printed: Iterable[Printed], values: Values) -> Proof:
    """
    Compare every number with its figures.

    Args:
        snapshot_id: Of the report.
        printed: Its numbers.
        values: The figures that they cite, as they are now.
    """
    failures = []
    count = 0
    cited: set[str] = set()
    for number in printed:
        count += 1
        cited.update(identifier for identifier, _ in _terms(number.citation))
        expected = _expected(number.citation, values)
        if expected.problem:
            failures.append(Failure(number.page, number.citation, expected.problem))
        elif expected.text != number.text:
            failures.append(
                Failure(number.page, number.citation, f"trykt {number.text or '(intet)'}, tallet er {expected.text}")
            )
    return Proof(snapshot_id, count, len(cited), tuple(failures))


class _Expected(NamedTuple):
    text: str
    problem: str = ""


def _expected(citation: str, values: Values) -> _Expected:
    form, *source = citation.split("!")
    if not re.fullmatch(r"[dps]\d", form) or not source:
        return _Expected("", "henvisningen kan ikke læses")
    found = []
    for identifier, field in _terms(citation):
        if identifier not in values:
            return _Expected("", "tallet findes ikke")
        value = values[identifier].get(field)
        if value is None:
            return _Expected("", "tallet vises ikke af hensyn til anonymitet eller mangler")
        found.append(value)
    if "-" in source:
        number = found[0] - found[1]
    elif "/" in source:
        number = found[0] / found[1]
    else:
        number = found[0]
    if source[0] == "abs":
        number = abs(number)
    return _Expected(plain(numbers.in_form(float(number), form)))


def _terms(citation: str) -> Iterator[tuple[str, str]]:
    for part in citation.split("!")[1:]:
        if "#" in part:
            identifier, _, field = part.rpartition("#")
            yield identifier, field


def _numbers_of_page(content: bytes, page: int, letters: Mapping[str, Mapping[int, str]]) -> Iterator[Printed]:
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
            for mark in marks:
                if mark is not None:
                    mark.append(read)


def _letters(font: Any) -> Mapping[int, str]:
    """Return glyph → letters, as the font says they are to be read."""
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
        for attribute in map(_resolved, attributes):
            if attribute.get("/O") == "/UserProperties":
                for line in str(attribute["/P"][0]["/V"]).split("\n"):
                    start, length, citation = line.split(" ", 2)
                    yield Printed(page, text[int(start) : int(start) + int(length)], citation)


def _resolved(item: Any) -> Any:
    return item.get_object()


def _elements(kids: Any) -> Iterator[Any]:
    kids = kids.get_object()
    for kid in kids if isinstance(kids, list) else [kids]:
        element: Any = kid.get_object()
        if hasattr(element, "raw_get"):
            yield element
            if "/K" in element:
                yield from _elements(element.raw_get("/K"))
