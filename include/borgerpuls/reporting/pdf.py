"""
From pages to PDF/UA-1 with WeasyPrint, in a worker that stays warm.

Fonts and style sheet are read once per process; XHTML goes through the C XML parser; nothing is fetched that does not
ship with the product. The same report gives the same bytes.
"""

import atexit
import gc
import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree as ET

import pydyf  # type: ignore[import-untyped]
from markupsafe import Markup

from borgerpuls.reporting.canvas import MUTED, Canvas
from borgerpuls.reporting.cited import CITATION, citations
from borgerpuls.reporting.fonts import font_faces, font_folder, printable, spare_font_tools
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.painter import PaintedSheet, PainterCanvas, Shaper
from borgerpuls.reporting.report import Document, compose
from borgerpuls.reporting.report_data import ReportData
from borgerpuls.reporting.structure import finish
from borgerpuls.reporting.svg import SvgCanvas
from borgerpuls.reporting.tables import Table
from borgerpuls.reporting.templating import environment
from borgerpuls.reporting.typesetting import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    Fragment,
    Picture,
    Sheet,
    Type,
    set_table,
    typeset,
)  # fmt: skip
from borgerpuls.resources import resource_folder
from borgerpuls.terms import ArtefactKind

Drawing = Literal["painter", "svg"]


class Pdf(NamedTuple):
    """A finished report."""

    content: bytes
    page_count: int
    section_count: int
    """Sections are made to be one page each; more pages than sections means that something overflowed."""


def render_pdf(data: ReportData, drawing: Drawing = "painter") -> Pdf:
    """
    Return one report as PDF/UA-1.

    Args:
        data: What the report is made of.
        drawing: "painter" writes charts straight into the page; "svg" is the fallback.
    """
    return press().render(data, drawing)


@cache
def press() -> "Press":
    """Return this process's press, with fonts and style sheet loaded; it is taken down before the interpreter is."""
    atexit.register(press.cache_clear)
    return Press()


class Press:
    """WeasyPrint with what it needs once per process."""

    def __init__(self) -> None:
        spare_font_tools()
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration

        for name in ("weasyprint", "fontTools"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._font_configuration = FontConfiguration()
        folder = resource_folder("templates") / "reports"
        style, foot = ((folder / name).read_text(encoding="utf-8") for name in ("report.css", "foot.css"))
        self._style_sheet = weasyprint.CSS(
            string=font_faces() + style, font_config=self._font_configuration, url_fetcher=_fetcher({})
        )
        self._foot_sheet = weasyprint.CSS(string=foot, font_config=self._font_configuration, url_fetcher=_fetcher({}))
        self._shaper = Shaper(self._font_configuration)
        self._text_styles: dict[str, Any] = {}

    def render(self, data: ReportData, drawing: Drawing) -> Pdf:
        """Return one report (see `render_pdf`)."""
        new_canvas = PainterCanvas if drawing == "painter" else SvgCanvas
        document = compose(data, new_canvas)
        media = self.prepare(document, drawing)
        pages = self.lay_out(media)
        planned = len(document.pages)
        if len(pages.pages) != planned:
            starts = [
                next(number for number, page in enumerate(pages.pages, 1) if f"p{section}" in page.anchors)
                for section in range(1, planned + 1)
            ]
            document = compose(data, new_canvas, starts)
            media = self.prepare(document, drawing, starts, len(pages.pages))
            pages = self.lay_out(media)
        identity = Identity(ArtefactKind.PDF, data.facts.round_id, data.municipality_code)
        return Pdf(self.write(document, media, pages, identity), len(pages.pages), planned)

    def write(self, document: Document, media: "Media", pages: Any, identity: Identity) -> bytes:
        """Return laid out pages as PDF/UA-1; *identity* is what the file is."""
        written: bytes = pages.write_pdf(
            pdf_variant="pdf/ua-1",
            pdf_identifier=_identifier(f"{identity.word}/{document.snapshot_id}"),
            finisher=lambda laid_out, pdf: finish(
                pdf,
                laid_out.pages,
                media.sheets.values(),
                document.alternatives,
                media.citations,
                {"Report": identity.word, "Snapshot": document.snapshot_id},
            ),
        )
        return written

    def prepare(
        self, document: Document, drawing: Drawing, starts: Sequence[int] | None = None, page_count: int = 0
    ) -> "Media":
        """Return a composed document as what WeasyPrint lays out; *starts* is the page number of each section."""
        media = Media(document.logo)
        if drawing == "svg":
            self._prepare_svg(document, media)
            return media
        starts = starts or range(1, len(document.pages) + 1)
        for start, xhtml in zip(starts, document.pages, strict=True):
            foot = _foot(document.running, f"{start} / {page_count or len(document.pages)}")
            section = ET.fromstring(xhtml)  # noqa: S314 - our own template, everything in it escaped
            kinds = section.get("class", "").split()
            sheet = typeset(section, document.images) if "sheet" in kinds else None
            if sheet is not None:
                sheet.foot = foot
                attributes = {name: section.get(name, "") for name in ("id", "data-title")}
                media.add(
                    Markup('<section class="page" id="{id}" data-title="{data-title}">').format_map(attributes)
                    + media.image(PaintedSheet(sheet, PAGE_WIDTH, PAGE_HEIGHT, self._shaper), "page")
                    + Markup("</section>")
                )
                continue
            for address in _ADDRESS.findall(xhtml):
                media.sheets[address] = self.painted(document.images[address], address)
            if "cover" not in kinds:
                lower = tuple(part._replace(baseline=part.baseline - PAGE_HEIGHT + 1.0) for part in foot)
                empty = PaintedSheet(Sheet(foot=lower), PAGE_WIDTH, 1.0, self._shaper)
                media.add(xhtml.replace("</section>", f"{media.image(empty, 'foot')}</section>"))
            else:
                media.add(xhtml)
        media.finish(document)
        return media

    def painted(self, image: Canvas | Table, address: str = "") -> PaintedSheet:
        """Return one chart or table as WeasyPrint's image object."""
        if isinstance(image, Table):
            table, shapes = set_table(image, 0.0, 0.0)
            return PaintedSheet(Sheet([table], shapes), image.width, image.layout.height, self._shaper)
        return PaintedSheet(Sheet([Picture(0.0, 0.0, image, address)]), image.width, image.height, self._shaper)

    def _prepare_svg(self, document: Document, media: "Media") -> None:
        for xhtml in document.pages:
            media.add(_TABLE.sub(lambda found: document.images[found[1]].html(), xhtml))  # type: ignore[union-attr]
        media.charts = {
            address: image.markup() for address, image in document.images.items() if isinstance(image, SvgCanvas)
        }
        media.finish(document)

    def lay_out(self, media: "Media") -> Any:
        """Return WeasyPrint's pages."""
        html = _Xhtml(media.xhtml, _fetcher(media.charts, media.logo))
        sheets = [self._style_sheet, self._foot_sheet] if media.charts else [self._style_sheet]
        cache: dict[str, Any] = dict(media.sheets)
        pages = html.render(font_config=self._font_configuration, stylesheets=sheets, cache=cache)
        gc.collect()  # of what WeasyPrint made on the way to the pages, before they are painted
        return pages

    def print_text(self, xhtml: str, style_name: str, identity: Identity, origin: str) -> tuple[bytes, int]:
        """
        Return a document without charts as PDF/UA-1, and its number of pages.

        Args:
            xhtml: Well-formed, everything in it escaped.
            style_name: The style sheet below `templates/reports/`.
            identity: What the file is.
            origin: What it is made of; the same identity, origin and text give the same bytes.
        """
        import weasyprint

        if style_name not in self._text_styles:
            style = (resource_folder("templates") / "reports" / style_name).read_text(encoding="utf-8")
            self._text_styles[style_name] = weasyprint.CSS(
                string=style, font_config=self._font_configuration, url_fetcher=_fetcher({})
            )
        pages = _Xhtml(xhtml, _fetcher({})).render(
            font_config=self._font_configuration, stylesheets=[self._text_styles[style_name]]
        )
        content: bytes = pages.write_pdf(
            pdf_variant="pdf/ua-1",
            pdf_identifier=_identifier(f"{identity.word}/{origin}"),
            finisher=lambda _, pdf: pdf.info.update({"Report": pydyf.String(identity.word)}),
        )
        return content, len(pages.pages)


class Media:
    """What WeasyPrint gets: XHTML, images that paint themselves or are SVG, and the citations of its text in order."""

    def __init__(self, logo: bytes | None = None) -> None:
        self.logo = logo
        self.sheets: dict[str, PaintedSheet] = {}
        self.charts: dict[str, str] = {}
        self.citations: list[str] = []
        self.xhtml = ""
        self._parts: list[str] = []

    def image(self, sheet: PaintedSheet, css_class: str) -> Markup:
        """Return the `img` of a painted page or foot."""
        address = f"sheet:{len(self.sheets)}"
        self.sheets[address] = sheet
        return Markup('<img class="{}" src="{}" alt="Side"/>').format(css_class, address)

    def add(self, xhtml: str) -> None:
        """Add one page; its cited numbers become spans."""
        number = count(len(self.citations))
        self.citations.extend(citations(xhtml))
        spans = CITATION.sub(lambda found: f'<span data-number="{next(number)}">{found[2]}</span>', xhtml)
        self._parts.append(spans)

    def finish(self, document: Document) -> None:
        """Put the pages together."""
        template = environment().get_template("report.xhtml")
        body = Markup("").join(Markup(part) for part in self._parts)  # noqa: S704 - rendered with everything escaped
        self.xhtml = template.render(title=document.title, running=document.running, facts=document.facts, body=body)


def _foot(running: str, place: str) -> tuple[Fragment, ...]:
    letters = Type(7.5, 400, MUTED)
    baseline = PAGE_HEIGHT + 10.0
    return (
        Fragment(0.0, baseline, printable(running), letters),
        Fragment(PAGE_WIDTH, baseline, place, letters._replace(weight=600), is_end=True),
    )


_ADDRESS = re.compile(r'<img [^>]*src="((?:chart|table):\d+)"')
_TABLE = re.compile(r'<img [^>]*src="(table:\d+)"[^>]*/>')


def _identifier(text: str) -> bytes:
    return hashlib.sha256(text.encode()).hexdigest()[:32].encode()


def _fetcher(charts: Mapping[str, str], logo: bytes | None = None) -> Any:
    """Return what WeasyPrint fetches with: our fonts, this report's SVG charts and logo, and nothing else."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnFiles(URLFetcher):  # type: ignore[misc,unused-ignore]
        def fetch(self, url: str, headers: Any = None) -> Any:
            del headers
            if url in charts:
                return URLFetcherResponse(url, charts[url], {"Content-Type": "image/svg+xml"})
            if url == "logo:own" and logo is not None:
                return URLFetcherResponse(url, logo, {"Content-Type": "image/png"})
            known = {f"font:{path.name}": path for path in font_folder().glob("*.woff2")}
            if url in known:
                return URLFetcherResponse(url, known[url].read_bytes(), {"Content-Type": "font/woff2"})
            message = "reports fetch nothing from outside"
            raise ValueError(message)

    return OwnFiles()


def _Xhtml(text: str, fetcher: Any) -> Any:  # noqa: N802 - stands for a class that needs WeasyPrint to exist
    """Return a WeasyPrint document from well-formed XHTML, past the pure-Python HTML5 parser."""
    import cssselect2
    import weasyprint

    class Parsed(weasyprint.HTML):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            self.base_url = None
            self.url_fetcher = fetcher
            self.media_type = "print"
            root = ET.fromstring(text)  # noqa: S314 - our own template, everything in it escaped
            self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
            self.etree_element = self.wrapper_element.etree_element

    return Parsed()
