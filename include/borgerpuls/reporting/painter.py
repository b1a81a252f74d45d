"""
The direct painter: a chart as an image object that writes itself into WeasyPrint's page stream.

WeasyPrint takes the object from the `cache` argument of `render` and asks it for its size and to draw itself. That
interface and the shaping of text are WeasyPrint internals: the version is pinned to 70.0, `tests/reporting` holds
the contract, and svg.py is the way out. A text is shaped once per process and reused as the bytes of its glyphs.
"""

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

from borgerpuls.reporting.canvas import INK, Anchor, Point
from borgerpuls.reporting.fonts import EXTENSION, SANS, printable

PIXELS_PER_MM = 96 / 25.4
PIXELS_PER_POINT = 96 / 72
_REFERENCE_SIZE = 100.0
_MOST_TEXTS = 50_000
_CIRCLE = 0.5523  # the handle of a Bézier quarter circle


class _Run(NamedTuple):
    font_key: Any
    pango_font: Any
    show: bytes
    glyphs: tuple[tuple[int, str, int], ...]
    advance: float


class _Shaped(NamedTuple):
    width: float
    runs: tuple[_Run, ...]


class Shaper:
    """Turns texts into glyphs with the fonts of one configuration, each text once."""

    def __init__(self, font_configuration: Any) -> None:
        self._font_configuration = font_configuration
        self._styles: dict[tuple[str, int], Any] = {}
        self._shaped: dict[tuple[str, int], _Shaped] = {}
        self._fonts: dict[Any, tuple[Any, Any]] = {}  # one font per key, and the layout that keeps it alive

    def shape(self, text: str, weight: int) -> _Shaped:
        """Return the glyphs of *text*, lengths in em."""
        key = (text, weight)
        found = self._shaped.get(key)
        if found is None:
            if len(self._shaped) >= _MOST_TEXTS:
                self._shaped.clear()
            found = self._shaped[key] = self._shape(text, weight)
        return found

    def _style(self, weight: int) -> Any:
        from weasyprint.css.properties import INITIAL_VALUES

        key = (SANS, weight)
        if key not in self._styles:
            style = _Style(INITIAL_VALUES)
            style.font_config = self._font_configuration
            style["font_family"] = [SANS, SANS + EXTENSION]
            style["font_weight"] = weight
            style["font_size"] = _REFERENCE_SIZE
            self._styles[key] = style
        return self._styles[key]

    def _shape(self, text: str, weight: int) -> _Shaped:
        from weasyprint.text.ffi import FROM_UNITS, ffi, pango
        from weasyprint.text.fonts import get_pango_font_key
        from weasyprint.text.line_break import split_first_line

        style = self._style(weight)
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
            glyphs: list[tuple[int, str, int]] = []
            for index in range(glyph_string.num_glyphs):
                info = glyph_string.glyphs[index]
                first = glyph_string.log_clusters[index]
                is_last = index == glyph_string.num_glyphs - 1
                end = item.item.length if is_last else glyph_string.log_clusters[index + 1]
                pango.pango_font_get_glyph_extents(pango_font, info.glyph, ink, logical)
                advance = round(logical.width * per_unit)
                kerning = int(advance - info.geometry.width * per_unit)
                glyphs.append((info.glyph, raw[start + first : start + end].decode(), advance))
                codes.append(f"{info.glyph:04x}" + (f">{kerning}<" if kerning else ""))
            show = f"[<{''.join(codes)}>] TJ".replace("<>", "").encode()
            total = sum(advance for _, _, advance in glyphs) / 1000
            runs.append(_Run(font_key, self._fonts[font_key][0], show, tuple(glyphs), total))
        return _Shaped(width / _REFERENCE_SIZE, tuple(runs))


class _Style(dict[str, Any]):
    font_config: Any


class PainterCanvas:
    """A canvas whose calls become operators of the PDF page; at the same time WeasyPrint's image object."""

    def __init__(self, width: float, height: float, shaper: Shaper) -> None:
        self.width = width
        self.height = height
        self._shaper = shaper
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
                *(x * PIXELS_PER_MM, y * PIXELS_PER_MM, anchor, printable(text)),
            )
        )

    # What WeasyPrint asks of an image ------------------------------------------------------------------------------

    def get_intrinsic_size(self, resolution: float, font_size: float) -> tuple[float, float, float]:
        """Return width and height in CSS pixels, and their ratio."""
        del resolution, font_size
        return self.width * PIXELS_PER_MM, self.height * PIXELS_PER_MM, self.width / self.height

    def draw(self, stream: Any, width: float, height: float, style: Any) -> None:
        """Write the chart into the page stream, scaled to *width* × *height* pixels."""
        del style
        own_width, own_height, _ = self.get_intrinsic_size(1, 1)
        if abs(width - own_width) > 0.01 or abs(height - own_height) > 0.01:
            stream.transform(a=width / own_width, d=height / own_height)
        stream.stream.extend(self._shapes)
        if self._texts:
            self._write_texts(stream)
        # The stream's memory of colours and fonts is no longer true.
        stream._current_color = stream._current_color_stroke = None  # noqa: SLF001
        stream._current_font = stream._old_font = None  # noqa: SLF001

    def _write_texts(self, stream: Any) -> None:
        out = stream.stream
        stream.begin_text()
        fonts: dict[Any, Any] = {}
        current_font: tuple[str, float] | None = None
        current_colour = b""
        for weight, size, colour, left, baseline, anchor, text in sorted(self._texts, key=_by_font):
            shaped = self._shaper.shape(text, weight)
            x = left - shaped.width * size * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
            if colour != current_colour:
                out.append(b"%s rg" % colour)
                current_colour = colour
            for run in shaped.runs:
                font = fonts.get(run.font_key)
                if font is None:
                    font = fonts[run.font_key] = stream.add_font(run.pango_font)[0]
                for glyph, letters, advance in run.glyphs:
                    font.to_unicode.setdefault(glyph, letters)
                    font.widths.setdefault(glyph, advance)
                if current_font != (font.hash, size):
                    out.append(b"/%s %.2f Tf" % (font.hash.encode(), size))
                    current_font = (font.hash, size)
                out.append(b"1 0 0 -1 %.2f %.2f Tm" % (x, baseline))
                out.append(run.show)
                x += run.advance * size
        stream.end_text()


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
