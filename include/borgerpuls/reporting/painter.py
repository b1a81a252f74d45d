"""
The direct painter: pages, charts and tables as image objects that write themselves into WeasyPrint's page stream.

WeasyPrint takes the object from the `cache` argument of `render` and asks it for its size and to draw itself. That
interface and the shaping of text are WeasyPrint internals: the version is pinned to 70.0, `tests/reporting` holds
the contract, and svg.py is the way out. A text is shaped once per process and reused as the bytes of its glyphs.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any, NamedTuple

from borgerpuls.reporting.canvas import INK, Anchor, Point
from borgerpuls.reporting.cited import MARKS, pieces
from borgerpuls.reporting.fonts import EXTENSION, SANS, printable
from borgerpuls.reporting.typesetting import Fragment, Group, Leaf, Node, Picture, Sheet

PIXELS_PER_MM = 96 / 25.4
PIXELS_PER_POINT = 96 / 72
_REFERENCE_SIZE = 100.0
_MOST_TEXTS = 2_500
"""More than a report has, or none would be found again by the next one: some 700 bytes each."""
_CIRCLE = 0.5523  # the handle of a Bézier quarter circle


_Glyph = tuple[int, str, int]
"""Number in the font, the letters it stands for, advance in thousandths of an em."""


class _Run(NamedTuple):
    font_key: Any
    pango_font: Any
    show: bytes
    glyphs: tuple[_Glyph, ...]
    """Each that occurs, once."""
    advance: float


class _Shaped(NamedTuple):
    width: float
    runs: tuple[_Run, ...]


class Shaper:
    """Turns texts into glyphs with the fonts of one configuration, each text once."""

    def __init__(self, font_configuration: Any) -> None:
        self._font_configuration = font_configuration
        self._styles: dict[tuple[str, int], Any] = {}
        self._shaped: OrderedDict[tuple[str, int, str], _Shaped] = OrderedDict()
        self._fonts: dict[Any, tuple[Any, Any]] = {}  # one font per key, and the layout that keeps it alive
        self._glyphs: dict[tuple[Any, _Glyph], _Glyph] = {}  # each once: they are in every text

    def shape(self, text: str, weight: int, family: str = SANS) -> _Shaped:
        """Return the glyphs of *text*, lengths in em."""
        key = (text, weight, family)
        found = self._shaped.get(key)
        if found is None:
            found = self._shaped[key] = self._shape(text, weight, family)
            if len(self._shaped) > _MOST_TEXTS:
                self._shaped.popitem(last=False)
        else:
            self._shaped.move_to_end(key)
        return found

    def _style(self, weight: int, family: str) -> Any:
        from weasyprint.css.properties import INITIAL_VALUES

        key = (family, weight)
        if key not in self._styles:
            style = _Style(INITIAL_VALUES)
            style.font_config = self._font_configuration
            style["font_family"] = [family, family + EXTENSION]
            style["font_weight"] = weight
            style["font_size"] = _REFERENCE_SIZE
            self._styles[key] = style
        return self._styles[key]

    def _shape(self, text: str, weight: int, family: str) -> _Shaped:
        from weasyprint.text.ffi import FROM_UNITS, ffi, pango
        from weasyprint.text.fonts import get_pango_font_key
        from weasyprint.text.line_break import split_first_line

        style = self._style(weight, family)
        layout, _, _, width, _, _ = split_first_line(text, style, None, inf, 0)
        layout.reactivate(style)
        line, _ = layout.get_first_line()
        raw = text.encode()
        ink, logical = ffi.new("PangoRectangle *"), ffi.new("PangoRectangle *")
        runs = []
        run = line.runs[0]
        per_unit = 1000 * FROM_UNITS / _REFERENCE_SIZE
        while run != ffi.NULL:
            item, run = run.data, run.next
            pango_font = item.item.analysis.font
            font_key = get_pango_font_key(pango_font)[0]
            if font_key not in self._fonts:
                self._fonts[font_key] = (pango_font, layout)
            glyph_string, start = item.glyphs, item.item.offset
            codes: list[str] = []
            glyphs: dict[_Glyph, None] = {}
            for index in range(glyph_string.num_glyphs):
                info = glyph_string.glyphs[index]
                first = glyph_string.log_clusters[index]
                is_last = index == glyph_string.num_glyphs - 1
                end = item.item.length if is_last else glyph_string.log_clusters[index + 1]
                pango.pango_font_get_glyph_extents(pango_font, info.glyph, ink, logical)
                advance = round(logical.width * per_unit)
                kerning = int(advance - info.geometry.width * per_unit)
                glyph = (info.glyph, raw[start + first : start + end].decode(), advance)
                glyphs[self._glyphs.setdefault((font_key, glyph), glyph)] = None
                codes.append(f"{info.glyph:04x}" + (f">{kerning}<" if kerning else ""))
            show = f"[<{''.join(codes)}>] TJ".replace("<>", "").encode()
            total = sum(glyph_string.glyphs[i].geometry.width for i in range(glyph_string.num_glyphs)) * per_unit / 1000
            runs.append(_Run(font_key, self._fonts[font_key][0], show, tuple(glyphs), total))
        return _Shaped(width / _REFERENCE_SIZE, tuple(runs))


class _Style(dict[str, Any]):
    font_config: Any


class PainterCanvas:
    """A canvas whose calls become operators of the PDF page; it is drawn once and then is empty."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self._shapes: list[bytes] = []
        self._texts: list[tuple[int, float, bytes, float, float, Anchor, str]] = []

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        left, top, wide, high = (value * PIXELS_PER_MM for value in (x, y, width, height))
        self._shapes.append(b"%s rg %.2f %.2f %.2f %.2f re f" % (_rgb(colour), left, top, wide, high))

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, width: float, colour: str, dashed: bool = False
    ) -> None:
        dash = b"[2 2] 0" if dashed else b"[] 0"
        thick, *ends = (value * PIXELS_PER_MM for value in (width, x1, y1, x2, y2))
        self._shapes.append(
            b"%s RG %.2f w %s d 0 J " % (_rgb(colour), thick, dash) + b"%.2f %.2f m %.2f %.2f l S" % tuple(ends)
        )

    def polyline(self, points: Sequence[Point], *, width: float, colour: str) -> None:
        if len(points) < 2:
            return
        self._shapes.append(b"%s RG %.2f w 1 j 1 J [] 0 d %s S" % (_rgb(colour), width * PIXELS_PER_MM, _path(points)))

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        self._shapes.append(b"%s rg %s h f" % (_rgb(colour), _path(points)))

    def circle(
        self, x: float, y: float, radius: float, fill: str, *, stroke: str | None = None, stroke_width: float = 0.4
    ) -> None:
        cx, cy, r = x * PIXELS_PER_MM, y * PIXELS_PER_MM, radius * PIXELS_PER_MM
        k = r * _CIRCLE
        edge = b"%s RG %.2f w [] 0 d " % (_rgb(stroke), stroke_width * PIXELS_PER_MM) if stroke else b""
        curve = b"%.2f %.2f %.2f %.2f %.2f %.2f c "
        self._shapes.append(
            b"%s rg %s%.2f %.2f m " % (_rgb(fill), edge, cx + r, cy)
            + curve % (cx + r, cy + k, cx + k, cy + r, cx, cy + r)
            + curve % (cx - k, cy + r, cx - r, cy + k, cx - r, cy)
            + curve % (cx - r, cy - k, cx - k, cy - r, cx, cy - r)
            + curve % (cx + k, cy - r, cx + r, cy - k, cx + r, cy)
            + (b"h B" if stroke else b"h f")
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 8.5,
        weight: int = 400,
        colour: str = INK,
        anchor: Anchor = "start",
    ) -> None:
        self._texts.append(
            (
                *(weight, size * PIXELS_PER_POINT, _rgb(colour)),
                *(x * PIXELS_PER_MM, y * PIXELS_PER_MM, anchor, printable(text, MARKS)),
            )
        )

    def draw(self, stream: Any, shaper: Shaper) -> None:
        """Write the chart into the page's stream, its top left corner at the origin, and forget it."""
        if self._shapes:
            stream.stream.append(b"\n".join(self._shapes))
            self._shapes.clear()
        if self._texts:
            stream.begin_text()
            pen = _Writer(stream, shaper)
            for weight, size, colour, left, baseline, anchor, text in sorted(self._texts, key=_by_font):
                pen.write(text, Pen(weight, size, colour), left, baseline, anchor)
            pen.finish()
            stream.end_text()
            self._texts.clear()


class Pen(NamedTuple):
    """What a text is written with: weight, pixels, the operands of the colour, family, tracking in em."""

    weight: int
    size: float
    colour: bytes
    family: str = SANS
    tracking: float = 0.0


class _Writer:
    """
    Writes texts into a page's stream between `begin_text` and `end_text`; remembers font and colour.

    The stream gets all of them as one piece at the end: a report has half a million operators, too many to keep apart.
    """

    def __init__(self, stream: Any, shaper: Shaper) -> None:
        self._stream = stream
        self._out: list[bytes] = []
        self._shaper = shaper
        self._fonts: dict[Any, Any] = {}
        self._font: tuple[str, float] | None = None
        self._colour = b""
        self._tracking = 0.0

    def finish(self) -> None:
        """Hand what was written to the stream."""
        if self._tracking:
            self._out.append(b"0 Tc")
        self._stream.stream.append(b"\n".join(self._out))

    def write(self, text: str, pen: Pen, left: float, baseline: float, anchor: Anchor) -> None:
        """Write one text; a cited number gets its citation as a property of the page's content."""
        size = pen.size
        shaped = [(piece.citation, self._shaper.shape(piece.text, pen.weight, pen.family)) for piece in pieces(text)]
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        x = left - share * size * sum(part.width for _, part in shaped) if share else left
        out = self._out
        if pen.colour != self._colour:
            out.append(b"%s rg" % pen.colour)
            self._colour = pen.colour
        if pen.tracking != self._tracking:
            out.append(b"%.2f Tc" % (pen.tracking * size))
            self._tracking = pen.tracking
        for citation, part in shaped:
            if citation:
                out.append(open_citation(citation))
            for run in part.runs:
                font = self._fonts.get(run.font_key)
                if font is None:
                    font = self._fonts[run.font_key] = self._stream.add_font(run.pango_font)[0]
                for glyph, letters, advance in run.glyphs:
                    font.to_unicode.setdefault(glyph, letters)
                    font.widths.setdefault(glyph, advance)
                if self._font != (font.hash, size):
                    out.append(b"/%s %.2f Tf" % (font.hash.encode(), size))
                    self._font = (font.hash, size)
                out.append(b"1 0 0 -1 %.2f %.2f Tm" % (x, baseline))
                out.append(run.show)
                x += run.advance * size
            if citation:
                out.append(CLOSE_CITATION)


def open_citation(citation: str) -> bytes:
    """Return the operator that opens a cited number: a marked content /N with the citation as its property F."""
    escaped = citation.encode().replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"/N <</F(%s)>> BDC" % escaped


CLOSE_CITATION = b"EMC"


class PaintedSheet:
    """
    A page, a chart or a table as WeasyPrint's image object.

    Every piece of text, chart and cell is a marked content of its own; `structure.py` gives them their place in the tags.
    """

    def __init__(self, sheet: Sheet, width: float, height: float, shaper: Shaper) -> None:
        self.sheet = sheet
        self.width = width
        self.height = height
        self.stream: Any = None
        """The page's stream, once drawn."""
        self.image_mark: int | None = None
        """The marked content that WeasyPrint numbered for the image."""
        self.marks: list[tuple[Leaf | Picture, int, Any]] = []
        """What was written, where in the stream its marked content opens, and WeasyPrint's transformation there."""
        self._shaper = shaper

    def get_intrinsic_size(self, resolution: float, font_size: float) -> tuple[float, float, float]:
        """Return width and height in CSS pixels, and their ratio."""
        del resolution, font_size
        return self.width * PIXELS_PER_MM, self.height * PIXELS_PER_MM, self.width / self.height

    def draw(self, stream: Any, width: float, height: float, style: Any) -> None:
        """
        Write everything into the page's stream, once, and forget what was written.

        WeasyPrint has opened a marked content for the image. It becomes an artifact with the rules and grounds; each
        piece opens its own, without a number yet, and WeasyPrint closes the last.
        """
        del width, height, style
        self.stream = stream
        out = stream.stream
        opening = next(place for place in range(len(out) - 1, -1, -1) if out[place] == "/Figure")
        self.image_mark = int(out[opening + 1]["MCID"])
        out[opening : opening + 3] = [b"/Artifact BMC"]
        for shape in self.sheet.shapes:
            edges = (value * PIXELS_PER_MM for value in (shape.x, shape.y, shape.width, shape.height))
            out.append(b"%s rg " % _rgb(shape.colour) + b"%.2f %.2f %.2f %.2f re f" % tuple(edges))
        if self.sheet.foot:
            self._write(self.sheet.foot)
        self.marks = []
        for node in pieces_of(self.sheet.nodes):
            out.append(b"EMC")
            self.marks.append((node, len(out), stream.ctm))
            out.append(b"")
            if isinstance(node, Leaf):
                self._write(node.fragments)
                node.fragments = ()
            else:
                out.append(b"q 1 0 0 1 %.2f %.2f cm" % (node.x * PIXELS_PER_MM, node.y * PIXELS_PER_MM))
                node.canvas.draw(stream, self._shaper)  # type: ignore[attr-defined]
                out.append(b"Q")
        # What the stream remembers of colours and fonts is no longer true.
        stream._current_color = stream._current_color_stroke = None  # noqa: SLF001
        stream._current_font = stream._old_font = None  # noqa: SLF001

    def _write(self, fragments: Sequence[Fragment]) -> None:
        self.stream.begin_text()
        pen = _Writer(self.stream, self._shaper)
        for x, baseline, text, letters, is_end in fragments:
            with_ = Pen(
                letters.weight, letters.size * PIXELS_PER_POINT, _rgb(letters.colour), letters.family, letters.tracking
            )
            pen.write(text, with_, x * PIXELS_PER_MM, baseline * PIXELS_PER_MM, "end" if is_end else "start")
        pen.finish()
        self.stream.end_text()


def pieces_of(nodes: Iterable[Node]) -> Iterator[Leaf | Picture]:
    """Yield the pieces with content of their own, in reading order."""
    for node in nodes:
        if isinstance(node, Group):
            yield from pieces_of(node.children)
        elif isinstance(node, Picture) or node.fragments:
            yield node


def _by_font(text: tuple[int, float, bytes, float, float, Anchor, str]) -> tuple[int, float, bytes]:
    return text[:3]


def _path(points: Sequence[Point]) -> bytes:
    pixels = [(x * PIXELS_PER_MM, y * PIXELS_PER_MM) for x, y in points]
    return b"%.2f %.2f m " % pixels[0] + b" ".join(b"%.2f %.2f l" % point for point in pixels[1:])


def _rgb(colour: str) -> bytes:
    found = _COLOURS.get(colour)
    if found is None:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        found = _COLOURS[colour] = b"%.3f %.3f %.3f" % (red, green, blue)
    return found


_COLOURS: dict[str, bytes] = {}
