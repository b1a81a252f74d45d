"""
The fallback canvas: the same calls as SVG, which every WeasyPrint and every browser draws.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from borgerpuls.reporting.canvas import INK, Anchor, Point
from borgerpuls.reporting.cited import plain
from borgerpuls.reporting.fonts import EXTENSION, MM_PER_POINT, SANS, printable

_FAMILIES = f"'{SANS}', '{SANS}{EXTENSION}'"


class SvgCanvas:
    """Collects SVG elements in millimetres."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self._shapes: list[str] = []
        self._texts: list[str] = []

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self._shapes.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{colour}"/>'
        )

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, width: float, colour: str, dashed: bool = False
    ) -> None:
        dash = ' stroke-dasharray="0.5 0.5"' if dashed else ""
        self._shapes.append(
            f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
            f' stroke="{colour}" stroke-width="{_n(width)}"{dash}/>'
        )

    def polyline(self, points: Sequence[Point], *, width: float, colour: str) -> None:
        self._shapes.append(
            f'<polyline points="{_points(points)}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"'
            ' stroke-linejoin="round" stroke-linecap="round"/>'
        )

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        self._shapes.append(f'<polygon points="{_points(points)}" fill="{colour}"/>')

    def circle(
        self, x: float, y: float, radius: float, fill: str, *, stroke: str | None = None, stroke_width: float = 0.4
    ) -> None:
        edge = f' stroke="{stroke}" stroke-width="{_n(stroke_width)}"' if stroke else ""
        self._shapes.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"{edge}/>')

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
            f'<text x="{_n(x)}" y="{_n(y)}" font-family="{_FAMILIES}" font-size="{_n(size * MM_PER_POINT)}"'
            f' font-weight="{weight}" fill="{colour}" text-anchor="{anchor}">{escape(printable(plain(text)))}</text>'
        )

    def markup(self) -> str:
        """Return the drawing as one SVG document."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(self.width)}mm" height="{_n(self.height)}mm"'
            f' viewBox="0 0 {_n(self.width)} {_n(self.height)}">{"".join(self._shapes)}{"".join(self._texts)}</svg>'
        )


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
