"""
Numbers that know their figure, and texts that say where such a number stands in them.

A `Cited` number is printed like any other, but the text that `numbers` makes of it carries a mark: which figure, and
in which form. Marks pass through sentences, labels and templates with the text; the painter and pdf.py turn them into
properties of the page's content, which proof.py reads back. Data never carries marks: `printable` takes them out.
"""

import re
from dataclasses import replace
from typing import NamedTuple, Self

from borgerpuls.reporting.figures import COUNTS, NUMBERS, Figure, FigureSet

_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
MARKS = frozenset((_OPEN, _MIDDLE, _CLOSE))
CITATION = re.compile(f"{_OPEN}([^{_MIDDLE}]*){_MIDDLE}([^{_CLOSE}]*){_CLOSE}")


FIXED = "c"
"""The form of a number that is no figure: of an axis, or of a rule that a note states."""
FIXED_NUMBERS = frozenset({"1,0", "2,0", "2,5", "3,0", "3,5", "4,0", "4,5", "5,0", "5,5", "0,10", "0,25"})


class Cited(float):
    """A float with its `source`: "figure_id#field", "abs!" before one, or two with "!-!" or "!/!" between."""

    __slots__ = ("_field", "_of")
    _of: str
    _field: str

    def __new__(cls, value: float, of: str, field: str = "") -> Self:
        """Return *value* with the figure it is of and the field, or a whole source; the two share their texts."""
        made = super().__new__(cls, value)
        made._of, made._field = of, field
        return made

    @property
    def source(self) -> str:
        """Return where the number comes from."""
        return f"{self._of}#{self._field}" if self._field else self._of

    def __abs__(self) -> "Cited":
        return Cited(float.__abs__(self), f"abs!{self.source}")

    def __sub__(self, other: float) -> float:
        difference = float.__sub__(self, other)
        return Cited(difference, f"{self.source}!-!{other.source}") if isinstance(other, Cited) else difference

    def __truediv__(self, other: float) -> float:
        ratio = float.__truediv__(self, other)
        return Cited(ratio, f"{self.source}!/!{other.source}") if isinstance(other, Cited) else ratio


class Piece(NamedTuple):
    """A part of a text; `citation` is "form!source" where it is a cited number, else empty."""

    text: str
    citation: str


def marked(value: float, text: str, form: str) -> str:
    """Return *text* with a mark that it is *value* in the form named, when the value is cited."""
    return f"{_OPEN}{form}!{value.source}{_MIDDLE}{text}{_CLOSE}" if isinstance(value, Cited) else text


def fixed(text: str) -> str:
    """Return a number that is no figure with a mark that says so; it is one of FIXED_NUMBERS."""
    return f"{_OPEN}{FIXED}!{text}{_MIDDLE}{text}{_CLOSE}"


def plain(text: str) -> str:
    """Return *text* without its marks, as it is read."""
    return CITATION.sub(r"\2", text) if _OPEN in text else text


def citations(text: str) -> list[str]:
    """Return the citations of a text in order."""
    return [found[1] for found in CITATION.finditer(text)]


def places(text: str) -> list[tuple[int, int, str]]:
    """Return where each cited number stands in the text as it is read: start, length, citation."""
    found = []
    start = 0
    for piece in pieces(text):
        if piece.citation:
            found.append((start, len(piece.text), piece.citation))
        start += len(piece.text)
    return found


def pieces(text: str) -> list[Piece]:
    """Return *text* cut into cited numbers and what stands between them."""
    if _OPEN not in text:
        return [Piece(text, "")]
    parts = CITATION.split(text)
    found = []
    for place in range(0, len(parts), 3):
        if parts[place]:
            found.append(Piece(parts[place], ""))
        if place + 2 < len(parts):
            found.append(Piece(parts[place + 2], parts[place + 1]))
    return found


class CitedFigures(FigureSet):
    """The same figures with every number cited, each from when it is first asked for."""

    def __init__(self, figures: FigureSet) -> None:
        super().__init__(figures)
        self._cited: dict[str, Figure] = {}

    def find(self, *about: str, **more: str) -> Figure | None:
        """Return one figure (see `FigureSet.find`)."""
        found = super().find(*about, **more)
        return None if found is None else self._with_citations(found)

    def over_municipalities(self, item_id: str, measure: str) -> list[Figure]:
        """Return the shown figures of each municipality (see `FigureSet.over_municipalities`)."""
        return [self._with_citations(figure) for figure in super().over_municipalities(item_id, measure)]

    def groups(self, municipality_code: str, item_id: str, measure: str, domain: str) -> list[Figure]:
        """Return the figures of every group of a domain (see `FigureSet.groups`)."""
        return [self._with_citations(figure) for figure in super().groups(municipality_code, item_id, measure, domain)]

    def _with_citations(self, figure: Figure) -> Figure:
        made = self._cited.get(figure.figure_id)
        if made is None:
            numbers = {
                name: Cited(value, figure.figure_id, name)
                for name in (*COUNTS, *NUMBERS)
                if (value := getattr(figure, name)) is not None
            }
            made = self._cited[figure.figure_id] = replace(figure, **numbers)  # type: ignore[arg-type]
        return made
