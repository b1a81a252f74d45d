"""
From pages to PDF/UA-1 with WeasyPrint, in a worker that stays warm.

Fonts and style sheet are read once per process; XHTML goes through the C XML parser; nothing is fetched that does not
ship with the product. The same report gives the same bytes.
"""

import atexit
import hashlib
import logging
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree as ET

from borgerpuls.reporting.canvas import Canvas
from borgerpuls.reporting.fonts import font_faces, font_folder
from borgerpuls.reporting.painter import PainterCanvas, Shaper
from borgerpuls.reporting.report import Document, ReportData, compose
from borgerpuls.reporting.svg import SvgCanvas
from borgerpuls.resources import resource_folder

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
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration

        for name in ("weasyprint", "fontTools"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._font_configuration = FontConfiguration()
        style = (resource_folder("templates") / "reports" / "report.css").read_text(encoding="utf-8")
        self._style_sheet = weasyprint.CSS(
            string=font_faces() + style, font_config=self._font_configuration, url_fetcher=_fetcher({})
        )
        self._shaper = Shaper(self._font_configuration)
        self._text_styles: dict[str, Any] = {}

    def render(self, data: ReportData, drawing: Drawing) -> Pdf:
        """Return one report (see `render_pdf`)."""
        document, pages = self._lay_out(data, drawing, None)
        if len(pages.pages) != document.section_count:
            starts = [
                next(number for number, page in enumerate(pages.pages, 1) if f"p{section}" in page.anchors)
                for section in range(1, document.section_count + 1)
            ]
            document, pages = self._lay_out(data, drawing, starts)
        identifier = f"{data.facts.round_id}/{data.municipality_code}/{data.snapshot_id}"
        content = pages.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=_identifier(identifier))
        return Pdf(content, len(pages.pages), document.section_count)

    def _lay_out(self, data: ReportData, drawing: Drawing, first_pages: Sequence[int] | None) -> tuple[Document, Any]:
        document = compose(data, self.new_painter if drawing == "painter" else SvgCanvas, first_pages)
        return document, self.lay_out_document(document, drawing)

    def lay_out_document(self, document: Document, drawing: Drawing) -> Any:
        """Return WeasyPrint's pages of a composed document, its canvases being of the kind *drawing*."""
        cache: dict[str, Any] = dict(document.charts) if drawing == "painter" else {}
        html = _Xhtml(document.xhtml, _fetcher(document.charts if drawing == "svg" else {}))
        return html.render(font_config=self._font_configuration, stylesheets=[self._style_sheet], cache=cache)

    def print_text(self, xhtml: str, style_name: str, identity: str) -> tuple[bytes, int]:
        """
        Return a document without charts as PDF/UA-1, and its number of pages.

        Args:
            xhtml: Well-formed, everything in it escaped.
            style_name: The style sheet below `templates/reports/`.
            identity: What the file is of; the same identity and text give the same bytes.
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
        return pages.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=_identifier(identity)), len(pages.pages)

    def new_painter(self, width: float, height: float) -> Canvas:
        """Return a canvas of the direct painter, with this press's fonts."""
        return PainterCanvas(width, height, self._shaper)


def _identifier(text: str) -> bytes:
    return hashlib.sha256(text.encode()).hexdigest()[:32].encode()


def _fetcher(charts: dict[str, Canvas]) -> Any:
    """Return what WeasyPrint fetches with: our fonts, this report's SVG charts, and nothing else."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnFiles(URLFetcher):  # type: ignore[misc,unused-ignore]
        def fetch(self, url: str, headers: Any = None) -> Any:
            del headers
            if url in charts:
                canvas = charts[url]
                if isinstance(canvas, SvgCanvas):
                    return URLFetcherResponse(url, canvas.markup(), {"Content-Type": "image/svg+xml"})
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
