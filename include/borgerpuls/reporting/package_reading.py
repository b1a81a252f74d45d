"""
What a reader finds in a Word document, a deck or a workbook: its texts and numbers, part by part, in order.

Only the standard library reads them: a package may come from anywhere. Texts that Word, PowerPoint or Excel cut into
pieces when they save are put together again, so that a file that was opened and saved reads as before.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

from borgerpuls.errors import NotAReport

_MOST_BYTES = 100_000_000
"""Of a package unpacked: ours have three; a file made to fill the memory is refused."""

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_KEYWORDS = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}keywords"


class Part(NamedTuple):
    """A document, slide or sheet: what a reader calls it, and its lines."""

    name: str
    lines: tuple[str, ...]


class Package(NamedTuple):
    """What a package says: the keywords of its properties, and its parts."""

    keywords: str
    parts: tuple[Part, ...]


def read_package(content: bytes) -> Package:
    """
    Return what a DOCX, PPTX or XLSX says.

    Raises:
        NotAReport: It is none of these, or damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise _unreadable()
            files = {name: archive.read(name) for name in archive.namelist()}
        return Package(_keywords(files), tuple(_parts(files)))
    except (zipfile.BadZipFile, ET.ParseError, KeyError, ValueError, RuntimeError, zlib.error) as problem:
        raise _unreadable() from problem


Files = Mapping[str, bytes]


def _unreadable() -> NotAReport:
    return NotAReport(
        "The file cannot be read as a Word document, a deck or a workbook.",
        next_step="Give a file that Borgerpuls has drawn.",
    )


def _keywords(files: Files) -> str:
    if "docProps/core.xml" not in files:
        return ""
    return _tree(files["docProps/core.xml"]).findtext(_KEYWORDS) or ""


def _parts(files: Files) -> Iterator[Part]:
    if "word/document.xml" in files:
        yield Part("dokumentet", tuple(_paragraphs(_tree(files["word/document.xml"]), _W)))
    elif "ppt/presentation.xml" in files:
        slides = _related(files, "ppt/presentation.xml")
        order = _tree(files["ppt/presentation.xml"]).iter(f"{_P}sldId")
        for number, slide in enumerate(order, 1):
            yield Part(f"lysbillede {number}", tuple(_slide(files, slides[slide.attrib[f"{_R}id"]])))
    else:
        sheets = _related(files, "xl/workbook.xml")
        texts = _shared_texts(files)
        for sheet in _tree(files["xl/workbook.xml"]).iter(f"{_S}sheet"):
            lines = _cells(_tree(files[sheets[sheet.attrib[f"{_R}id"]]]), texts)
            yield Part(f"arket {sheet.attrib['name']}", tuple(lines))


def _slide(files: Files, name: str) -> Iterator[str]:
    tree = _tree(files[name])
    related = _related(files, name)
    yield from _paragraphs(tree, _A)
    yield from (shape.attrib["descr"] for shape in tree.iter(f"{_P}cNvPr") if shape.get("descr"))
    for frame in tree.iter(f"{_C}chart"):
        chart = related[frame.attrib[f"{_R}id"]]
        drawn = _tree(files[chart])
        yield from _paragraphs(drawn, _A)
        yield from (_number(value.text or "") for value in drawn.iter(f"{_C}v"))
        for workbook in _related(files, chart).values():
            if workbook.endswith(".xlsx"):
                yield from (line for part in read_package(files[workbook]).parts for line in part.lines)
    for target in related.values():
        if "/notesSlides/" in target:
            yield from _paragraphs(_tree(files[target]), _A)


def _paragraphs(tree: ET.Element, space: str) -> Iterator[str]:
    for paragraph in tree.iter(f"{space}p"):
        text = "".join(piece.text or "" for piece in paragraph.iter(f"{space}t"))
        if text:
            yield text


def _shared_texts(files: Files) -> list[str]:
    if "xl/sharedStrings.xml" not in files:
        return []
    return [_whole_text(item) for item in _tree(files["xl/sharedStrings.xml"]).iter(f"{_S}si")]


def _cells(tree: ET.Element, texts: list[str]) -> Iterator[str]:
    for cell in tree.iter(f"{_S}c"):
        formula, value = cell.find(f"{_S}f"), cell.findtext(f"{_S}v")
        if formula is not None:
            yield f"{cell.attrib['r']}: ={formula.text or ''}"
        elif cell.get("t") == "inlineStr":
            yield f"{cell.attrib['r']}: {_whole_text(cell)}"
        elif value is not None:
            yield f"{cell.attrib['r']}: {texts[int(value)] if cell.get('t') == 's' else _number(value)}"


def _whole_text(item: ET.Element) -> str:
    return "".join(piece.text or "" for piece in item.iter(f"{_S}t"))


def _number(text: str) -> str:
    """Return a number as Python writes it, so that 3.8799999999999999 is 3.88; another text as it is."""
    try:
        return repr(float(text))
    except ValueError:
        return text


def _related(files: Files, name: str) -> dict[str, str]:
    """Return what a part refers to: id → name of the part."""
    folder, own = posixpath.split(name)
    rels = f"{folder}/_rels/{own}.rels"
    if rels not in files:
        return {}
    return {
        relation.attrib["Id"]: _target(folder, relation.attrib["Target"])
        for relation in _tree(files[rels])
        if relation.get("TargetMode") != "External"
    }


def _target(folder: str, target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))


def _tree(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - expat fetches nothing and bounds what entities grow to
