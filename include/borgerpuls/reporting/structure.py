"""
The last hand on a PDF before it is written: tables get their tags, cited numbers their citations, objects their bytes.

WeasyPrint tags what it laid out. A painted page, chart or table comes as one image: here its headings, paragraphs,
figures and cells take their place in the tree. A number in text that WeasyPrint set is a span of its own: here its marked content gets the citation.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pydyf  # type: ignore[import-untyped]

from borgerpuls.reporting.cited import places, plain
from borgerpuls.reporting.painter import CLOSE_CITATION, PIXELS_PER_MM, PaintedSheet, open_citation
from borgerpuls.reporting.typesetting import Group, Leaf, Node, Picture

_LEVEL = 6
"""Of compression: level 9 saves one per cent and takes half as long again."""


class Structure:
    """The tag tree of one finished document, by page and marked content."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        by_reference = {item.reference: item for item in pdf.objects}
        root = by_reference[pdf.catalog["StructTreeRoot"]]
        numbers = by_reference[root["ParentTree"]]["Nums"]
        self._pages: dict[int, tuple[bytes, Any]] = {}
        for number, reference in enumerate(pdf.page_references):
            stream = by_reference[by_reference[reference]["Contents"]]
            self._pages[id(stream)] = (reference, numbers[2 * number + 1])
        self._by_reference = by_reference
        self._spans = [
            item
            for item in pdf.objects
            if isinstance(item, pydyf.Dictionary)
            and item.get("S") == "/Span"
            and not (item["K"] and isinstance(item["K"][0], int))
        ]

    def tag_sheet(self, sheet: PaintedSheet, alternatives: Mapping[str, str]) -> None:
        """Put what a sheet wrote into the tree, in the place of the one image that WeasyPrint tagged."""
        if sheet.stream is None or sheet.image_mark is None:
            return
        page, parents = self._pages[id(sheet.stream)]
        image = self._by_reference[parents[sheet.image_mark]]
        parent = self._by_reference[image["P"]]
        free = [sheet.image_mark]
        owners: dict[int, tuple[int, bytes]] = {}
        for node, place, matrix in sheet.marks:
            number = free.pop() if free else len(parents)
            if number == len(parents):
                parents.append(b"null")
            tag = node.tag if isinstance(node, Leaf) else "Figure"
            sheet.stream.stream[place] = b"/%s <</MCID %d>> BDC" % (tag.encode(), number)
            extra = b"" if isinstance(node, Leaf) else _figure(node, matrix, alternatives)
            owners[id(node)] = (number, extra)
        for number in free:
            parents[number] = b"null"

        def add(node: Node, above: int) -> int:
            made = self._add(b"")
            extra = b""
            if isinstance(node, Group):
                tag = node.tag
                kids = b" ".join(b"%d 0 R" % add(child, made.number) for child in node.children)
            else:
                number, extra = owners.get(id(node), (-1, b""))
                tag = node.tag if isinstance(node, Leaf) else "Figure"
                kids = b"%d" % number if number >= 0 else b""
                if number >= 0:
                    parents[number] = made.reference
                if isinstance(node, Leaf) and node.scope:
                    extra = b"/A<</O/Table/Scope/%s>>" % node.scope.encode()
            made.data = b"<</Type/StructElem/S/%s/P %d 0 R/Pg %s/K[%s]%s>>" % (
                *(tag.encode(), above, page, kids, extra),
            )
            return int(made.number)

        own = [b"%d 0 R" % add(node, parent.number) for node in sheet.sheet.nodes]
        place = parent["K"].index(image.reference)
        parent["K"][place : place + 1] = own
        image.clear()

    def cite_spans(self, cited: Sequence[str]) -> None:
        """
        Give each span of running text its citation.

        Args:
            cited: One citation per span, in the order of the pages; every span is a cited number.
        """
        if len(cited) != len(self._spans):
            message = f"{len(cited)} cited numbers were laid out, but {len(self._spans)} spans are tagged"
            raise AssertionError(message)
        wanted: dict[bytes, dict[int, str]] = {}
        for span, citation in zip(self._spans, cited, strict=True):
            for kid in span["K"]:
                text = self._by_reference[kid]
                wanted.setdefault(bytes(text["Pg"]), {})[text["K"][0]] = citation
        for number, (page, _) in self._pages.items():
            if page in wanted:
                stream = next(item for item in self._pdf.objects if id(item) == number)
                _cite_in_stream(stream.stream, wanted[page])

    def _add(self, data: bytes) -> "Ready":
        made = Ready(data)
        self._pdf.add_object(made)
        return made


class Ready(pydyf.Object):  # type: ignore[misc]
    """An object whose bytes are known."""

    data: bytes = b""

    def __init__(self, data: bytes, *, is_stream: bool = False) -> None:
        super().__init__()
        self.data = data
        self._is_stream = is_stream

    @property
    def compressible(self) -> bool:
        """Whether the object may stand in an object stream."""
        return not self._is_stream


def finish(
    pdf: Any,
    pages: Any,
    sheets: Iterable[PaintedSheet],
    alternatives: Mapping[str, str],
    cited: Sequence[str],
    information: Mapping[str, str],
) -> None:
    """
    Tag what was painted, cite numbers, and write every object once.

    Args:
        pdf: WeasyPrint's document before it is written.
        pages: WeasyPrint's pages.
        sheets: Pages, charts and tables, as they were drawn.
        alternatives: The alternative texts of the charts, with their marks.
        cited: Citations of the running text; each span names its own by number.
        information: What else the file says about itself, by the names of its entries.
    """
    structure = Structure(pdf)
    for sheet in sheets:
        structure.tag_sheet(sheet, alternatives)
    structure.cite_spans([cited[number] for page in pages for number in spans_of(page._page_box)])  # noqa: SLF001
    pdf.catalog["MarkInfo"]["UserProperties"] = "true"
    pdf.info.update({name: pydyf.String(text) for name, text in information.items()})
    for place, item in enumerate(pdf.objects):
        pdf.objects[place] = _ready(item)


def spans_of(box: Any) -> Iterator[int]:
    """Yield the numbers of the spans of a page, in the order in which WeasyPrint tags them."""
    box = getattr(box, "_box", box)
    if getattr(box, "element_tag", None) == "span" and getattr(box, "children", ()):
        yield int(box.element.get("data-number"))
    for child in getattr(box, "children", ()):
        yield from spans_of(child)


def _cite_in_stream(items: list[Any], citation_of: Mapping[int, str]) -> None:
    for place, item in enumerate(items):
        if isinstance(item, pydyf.Dictionary) and item.get("MCID") in citation_of:
            items[place + 1] = b"BDC " + open_citation(citation_of[item["MCID"]])
            closing = items.index(b"EMC", place)
            items[closing] = CLOSE_CITATION + b" EMC"


def _figure(picture: Picture, matrix: Any, alternatives: Mapping[str, str]) -> bytes:
    """Return the rest of a chart's element: alternative text, its place, and the citations of the text's numbers."""
    text = alternatives.get(picture.address, "")
    left, top = picture.x * PIXELS_PER_MM, picture.y * PIXELS_PER_MM
    right, bottom = left + picture.canvas.width * PIXELS_PER_MM, top + picture.canvas.height * PIXELS_PER_MM
    (x1, y1), (x2, y2) = matrix.transform_point(left, bottom), matrix.transform_point(right, top)
    box = b"<</O/Layout/BBox[%.2f %.2f %.2f %.2f]>>" % (x1, y1, x2, y2)
    if cited := [f"{start} {length} {citation}" for start, length, citation in places(text)]:
        box += b"<</O/UserProperties/P[<</N(Tal)/V%s>>]>>" % pydyf.String("\n".join(cited)).data
    return b"/Alt%s/A[%s]" % (pydyf.String(plain(text)).data, box)


def _ready(item: Any) -> Any:
    """Return an object with its bytes made, so that the identifier's hash does not make them a second time."""
    if isinstance(item, Ready) or item.free == "f":
        return item
    if isinstance(item, pydyf.Stream):
        content = b"\n".join(part if isinstance(part, bytes) else pydyf._to_bytes(part) for part in item.stream)  # noqa: SLF001
        item.stream.clear()  # pages, sheets and boxes hold it until the file is written
        extra = pydyf.Dictionary(dict(item.extra))
        if item.compress:
            extra["Filter"] = "/FlateDecode"
            content = zlib.compress(content, _LEVEL)
        extra["Length"] = len(content)
        made = Ready(b"\n".join((extra.data, b"stream", content, b"endstream")), is_stream=True)
    else:
        made = Ready(item.data)
    made.number = item.number
    return made
