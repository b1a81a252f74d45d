"""
One way to draw: millimetres from the top left, text at its baseline in points, and the colours of the reports.

Charts call a `Canvas` and know nothing of what is behind it: the direct painter (painter.py) or SVG (svg.py).
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

INK = "#12202E"
MUTED = "#4A5866"
PETROL = "#0B3C5D"
WHITE = "#FFFFFF"
NATIONAL = "#76828E"
DOT = "#B4BEC8"
CONNECTION = "#B9CBDA"
GRID = "#D9DFE5"
HIDDEN = "#F2F5F7"
BETTER = "#1B6E4B"
WORSE = "#9C3A1E"
SCALE = ("#0B3C5D", "#3A78AD", "#D5DAE0", "#EDAE6B", "#9C3A1E")
"""Answers, most positive first."""
ON_SCALE = (WHITE, WHITE, INK, INK, WHITE)
"""The colour of a number on each of them."""


class Canvas(Protocol):
    """A drawing surface. Shapes are drawn in the order given, all texts above all shapes."""

    width: float
    height: float

    def rectangle(self, x: float, y: float, width: float, height: float, colour: str) -> None: ...

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, width: float, colour: str, dashed: bool = False
    ) -> None: ...

    def polyline(self, points: Sequence[Point], *, width: float, colour: str) -> None: ...

    def polygon(self, points: Sequence[Point], colour: str) -> None: ...

    def circle(
        self, x: float, y: float, radius: float, fill: str, *, stroke: str | None = None, stroke_width: float = 0.4
    ) -> None: ...

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
    ) -> None: ...


NewCanvas = Callable[[float, float], Canvas]
"""Makes a canvas of a width and height in millimetres."""
