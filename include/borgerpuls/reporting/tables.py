"""
Tables of the reports: what they hold, where each cell stands, and the same table as HTML.

The direct painter sets a table from its cells' places and tags it as a table; the fallback leaves it to WeasyPrint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from markupsafe import Markup

from borgerpuls.reporting.canvas import GRID, INK, MUTED, NATIONAL, PETROL
from borgerpuls.reporting.cited import MARKS
from borgerpuls.reporting.fonts import MM_PER_POINT, text_width

_ASCENT, _DESCENT = 1.024, 0.4
"""Of Source Sans 3, in em."""

RowKind = Literal["", "strong", "starts", "part"]


class Column(NamedTuple):
    """A column: its heading and its width in mm; 0 shares what is left. Text stands at the right unless `is_text`."""

    heading: str
    width: float = 0.0
    is_text: bool = False


class Row(NamedTuple):
    """A row: the first cell is its heading. "starts" draws a line above, "part" is a heading over the rows below."""

    cells: Sequence[str]
    kind: RowKind = ""


class Style(NamedTuple):
    """Type size in points, leading, and space above and below a line in mm."""

    size: float
    leading: float
    padding: float


PLAIN = Style(8.3, 1.25, 1.05)
DENSE = Style(7.5, 1.18, 0.24)
_MOST_PADDING = 0.8
_GUTTER = 1.2
_TEXT_GUTTER = 5.0
"""At the left of a column of text: what stands before it ends at its right edge."""


def dense(line_count: int, room: float) -> Style:
    """
    Return the dense style with as much air as a table of *line_count* lines and one heading has in *room* mm.

    Args:
        line_count: Lines of all rows.
        room: Height the table may take, mm; a table that is too long gets the dense style as it is.
    """
    line = DENSE.size * DENSE.leading * MM_PER_POINT
    air = (room / (line_count + 1) - line) / 2
    return DENSE._replace(padding=min(max(air, DENSE.padding), _MOST_PADDING))


class Line(NamedTuple):
    """One line of text of a cell: where it starts (or ends) and its baseline in mm, and its size in points."""

    x: float
    baseline: float
    size: float
    text: str
    is_end: bool


class Cell(NamedTuple):
    """One cell as set: its lines, and how it is tagged."""

    lines: tuple[Line, ...]
    weight: int
    colour: str
    tag: Literal["TH", "TD", "Caption"]
    scope: Literal["Column", "Row", ""]


class Rule(NamedTuple):
    """A horizontal line across the table."""

    y: float
    width: float
    colour: str


class Layout(NamedTuple):
    """A table as set: head and body rows of cells, the rules between them, its height."""

    caption: Cell | None
    head: tuple[Cell, ...]
    body: tuple[tuple[Cell, ...], ...]
    rules: tuple[Rule, ...]
    height: float


@dataclass(frozen=True)
class Table:
    """A table of texts; numbers may be cited."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    width: float
    style: Style = PLAIN
    caption: str = ""

    @cached_property
    def edges(self) -> list[float]:
        """Return the left edge of every column and the right edge of the last, in mm."""
        given = sum(column.width for column in self.columns)
        free = sum(not column.width for column in self.columns)
        share = (self.width - given) / free if free else 0.0
        edges = [0.0]
        for column in self.columns:
            edges.append(edges[-1] + (column.width or share))
        return edges

    @cached_property
    def layout(self) -> Layout:
        """Return where everything stands."""
        size = self.style.size
        caption = None
        y = 0.0
        if self.caption:
            line = Line(0.0, 9 * MM_PER_POINT, 9.0, self.caption, is_end=False)
            caption = Cell((line,), 600, PETROL, "Caption", "")
            y = 4.6
        headings = [
            wrapped(column.heading, self._room(place), size, 600) if column.heading else []
            for place, column in enumerate(self.columns)
        ]
        tallest = max(len(lines) for lines in headings)
        head = []
        for place, lines in enumerate(headings):
            top = y + self.style.padding + (tallest - len(lines)) * self._line_height
            set_lines = self._lines(lines, place, top)
            head.append(Cell(set_lines, 600, MUTED, "TH", "Column"))
        y += tallest * self._line_height + 2 * self.style.padding
        rules = [Rule(y, 0.4, PETROL)]
        y += 0.4
        body = []
        for number, row in enumerate(self.rows):
            if row.kind == "starts" and number:
                rules[-1] = Rule(rules[-1].y, 0.3, NATIONAL)
            cells = []
            deepest = 1
            for place, text in enumerate(row.cells):
                weight = 600 if row.kind in {"strong", "part"} else 400
                lines = wrapped(text, self._room(place), size, weight) if text else []
                deepest = max(deepest, len(lines))
                set_lines = self._lines(lines, place, y + self.style.padding)
                colour = PETROL if row.kind == "part" else INK
                is_heading = place == 0
                cells.append(Cell(set_lines, weight, colour, "TH" if is_heading else "TD", "Row" if is_heading else ""))
            body.append(tuple(cells))
            y += deepest * self._line_height + 2 * self.style.padding
            rules.append(Rule(y, 0.2, GRID))
        return Layout(caption, tuple(head), tuple(body), tuple(rules), y + 0.3)

    @property
    def _line_height(self) -> float:
        return self.style.size * self.style.leading * MM_PER_POINT

    def _room(self, place: int) -> float:
        return self.edges[place + 1] - self.edges[place] - self._gutter(place) - _GUTTER

    def _gutter(self, place: int) -> float:
        if place == 0:
            return 0.0
        return _TEXT_GUTTER if self.columns[place].is_text else _GUTTER

    def _lines(self, lines: Sequence[str], place: int, top: float) -> tuple[Line, ...]:
        is_text = place == 0 or self.columns[place].is_text
        x = self.edges[place] + self._gutter(place) if is_text else self.edges[place + 1] - _GUTTER
        baseline = top + self._line_height / 2 + (_ASCENT - _DESCENT) / 2 * self.style.size * MM_PER_POINT
        return tuple(
            Line(x, baseline + number * self._line_height, self.style.size, text, is_end=not is_text)
            for number, text in enumerate(lines)
        )

    def html(self) -> Markup:
        """Return the table as markup."""
        caption = Markup("<caption>{}</caption>").format(self.caption) if self.caption else ""
        head = Markup("").join(
            Markup('<th scope="col"{}>{}</th>').format(_html_style(column), column.heading) for column in self.columns
        )
        body = Markup("").join(self._html_row(row) for row in self.rows)
        return Markup(
            '<table class="{}" style="width: {:.2f}mm">{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>'
        ).format("wide" if self.style.size == DENSE.size else "", self.width, caption, head, body)

    def _html_row(self, row: Row) -> Markup:
        first, *others = row.cells
        cells = Markup("").join(
            Markup("<td{}>{}</td>").format(_html_style(column, is_head=False), text)
            for column, text in zip(self.columns[1:], others, strict=True)
        )
        return Markup('<tr class="{}"><th scope="row">{}</th>{}</tr>').format(row.kind, first, cells)


def _html_style(column: Column, *, is_head: bool = True) -> Markup:
    width = f"width: {column.width}mm;" if column.width and is_head else ""
    align = f"text-align: left;padding-left: {_TEXT_GUTTER}mm" if column.is_text else ""
    return Markup(' style="{}"').format(width + align) if width or align else Markup("")


def wrapped(text: str, room: float, size: float, weight: int = 400) -> list[str]:
    """
    Return *text* as lines that fit into *room* mm, broken at spaces and after hyphens; a longer word is cut.

    A citation is never broken: its number has no space.
    """
    if text_width(text, size, weight) <= room:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if text_width(candidate, size, weight) <= room:
            line = candidate
            continue
        if line:
            lines.append(line)
        line = word
        while text_width(line, size, weight) > room and len(line) > 1 and not MARKS.intersection(line):
            fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or text_width(line[:n], size, weight) <= room)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line else lines
