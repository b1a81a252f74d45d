"""
Setting a page without a browser's layout: the few elements of our own templates, in millimetres.

WeasyPrint can lay out any page; this does it for pages of class "sheet", which use headings, paragraphs, lists, charts,
tables and fixed columns only, in a tenth of the time. Same template, same look. A page that does not fit is left to
WeasyPrint, which flows it over several.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pyphen  # type: ignore[import-untyped]

from borgerpuls.reporting.canvas import GRID, HIDDEN, INK, MUTED, PETROL, Canvas
from borgerpuls.reporting.cited import MARKS
from borgerpuls.reporting.fonts import MM_PER_POINT, SANS, SERIF, text_width
from borgerpuls.reporting.tables import Cell, Table

PAGE_WIDTH, PAGE_HEIGHT = 267.0, 178.0
"""Of the text block, mm."""

_ASCENT, _DESCENT = 1.024, 0.4
"""Of Source Sans 3 and Source Serif 4 near enough, in em."""

_NORMAL = _ASCENT + _DESCENT
_SHORTEST_HYPHENATED = 10


class Type(NamedTuple):
    """How letters look: points, weight, colour, family, tracking in em."""

    size: float
    weight: int = 400
    colour: str = INK
    family: str = SANS
    tracking: float = 0.0


class Look(NamedTuple):
    """How a paragraph stands: its letters, leading, and space above and below in mm."""

    type: Type
    leading: float = 1.42
    before: float = 0.0
    after: float = 2.0
    is_upper: bool = False


class Fragment(NamedTuple):
    """Letters on one baseline, in mm from the top left of the page's text block."""

    x: float
    baseline: float
    text: str
    type: Type
    is_end: bool = False


@dataclass(slots=True, eq=False)
class Leaf:
    """A tagged piece of text; it has no fragments any longer once they are painted."""

    tag: str
    fragments: tuple[Fragment, ...]
    scope: str = ""


class Picture(NamedTuple):
    """A chart and where it stands; `address` names its alternative text."""

    x: float
    y: float
    canvas: Canvas
    address: str


class Group(NamedTuple):
    """A tag around others."""

    tag: str
    children: "tuple[Node, ...]"


Node = Leaf | Picture | Group


class Shape(NamedTuple):
    """A filled rectangle behind the text: a rule or a ground."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass
class Sheet:
    """One page as set: what is tagged, in reading order; what is not; and where the page's foot is."""

    nodes: list[Node] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    foot: tuple[Fragment, ...] = ()


_BODY = Type(9.0)
_QUESTIONNAIRE = Type(8.3)
_LOOKS: Mapping[str, Look] = {
    "p": Look(_BODY),
    "p.kicker": Look(Type(8.0, 600, PETROL, SANS, 0.07), _NORMAL, after=1.0, is_upper=True),
    "h2": Look(Type(20.0, 600, INK, SERIF), 1.15, after=0.0),
    "head h2": Look(Type(19.0, 600, INK, SERIF), 1.15, after=0.0),
    "tables h2": Look(Type(13.0, 600, INK, SERIF), 1.15, after=2.0),
    "h3": Look(Type(9.5, 600, PETROL), _NORMAL, before=4.4, after=1.6),
    "p.lead": Look(Type(11.0, colour="#28384A"), before=1.0, after=3.0),
    "head p.lead": Look(Type(10.5, colour="#28384A"), 1.3, before=1.0, after=1.5),
    "p.asked": Look(Type(8.5, colour=MUTED), before=-2.0, after=2.5),
    "head p.asked": Look(Type(8.5, colour=MUTED), before=-0.6, after=2.5),
    "box p": Look(Type(8.5, colour=MUTED), 1.28, after=0.0),
    "box p.number": Look(Type(26.0, 600, PETROL, SERIF), 1.12, after=0.0),
    "p.note": Look(Type(7.6, colour=MUTED), 1.4, after=0.0),
    "p.empty": Look(Type(9.5, colour=MUTED)),
    "text p": Look(Type(9.2), 1.4),
    "text p.empty": Look(Type(9.2, colour=MUTED), 1.4),
    "text li": Look(Type(9.2), 1.4, after=1.0),
    "li": Look(_BODY, after=1.0),
    "dt": Look(Type(9.0, 600, PETROL), after=0.0),
    "dd": Look(Type(8.8), 1.4, after=2.0),
    "quest h3": Look(Type(9.5, 600, PETROL), _NORMAL, before=2.6, after=0.8),
    "quest p": Look(_QUESTIONNAIRE, 1.34, after=1.2),
    "quest p.muted": Look(_QUESTIONNAIRE._replace(colour=MUTED), 1.34, after=1.2),
    "quotes p": Look(_BODY, 1.4, after=2.2),
    "quest p.answers": Look(Type(7.8, colour=MUTED), 1.34, after=1.2),
}
_COLUMNS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "left": ((0.0, 125.0),),
    "right-column": ((142.0, 125.0),),
    "quest": ((0.0, 127.0), (139.5, 127.0)),
}
"""Left edge and width of the columns of a kind, in the order they come."""
_LIST_INDENT = 4.5
_AFTER_IMAGE = {"table": 2.6, "legend": 3.0}


class _DoesNotFit(Exception):
    pass


def typeset(section: ET.Element, images: Mapping[str, Any]) -> Sheet | None:
    """
    Return a page as set, or None when it does not fit on one.

    Args:
        section: A section of class "sheet" of a template of ours.
        images: Charts and tables by address.
    """
    setter = _Setter(images)
    try:
        setter.page(section)
    except _DoesNotFit:
        return None
    return setter.sheet


class _Setter:
    def __init__(self, images: Mapping[str, Any]) -> None:
        self.images = images
        self.sheet = Sheet()

    def page(self, section: ET.Element) -> None:
        note = next((child for child in section if child.get("class") == "note"), None)
        bottom = PAGE_HEIGHT
        note_node: Leaf | None = None
        if note is not None:
            lines = _broken(_words(note, _LOOKS["p.note"]), PAGE_WIDTH)
            look = _LOOKS["p.note"]
            bottom = PAGE_HEIGHT - len(lines) * _line_height(look) - 2.0
            note_node = self._leaf("P", lines, look, 0.0, bottom + 2.0)
            self.sheet.shapes.append(Shape(0.0, bottom, PAGE_WIDTH, 0.25, GRID))
        context = section.get("class", "").split()[-1]
        nodes, y = self.flow([child for child in section if child is not note], context, 0.0, 0.0, PAGE_WIDTH)
        if y > bottom + 0.5:
            raise _DoesNotFit
        self.sheet.nodes.extend(nodes)
        if note_node is not None:
            self.sheet.nodes.append(note_node)

    def flow(
        self, children: Sequence[ET.Element], context: str, x: float, y: float, width: float
    ) -> tuple[list[Node], float]:
        """Set elements below one another from *y*; return them and where they end."""
        nodes: list[Node] = []
        after = 0.0
        deepest = y
        columns: dict[str, int] = {}
        column_top: float | None = None
        is_first = True
        for child in children:
            kind = child.get("class", "").split(" ")[0]
            if kind in _COLUMNS:
                if column_top is None:
                    column_top = y + after
                number = columns.get(kind, 0)
                columns[kind] = number + 1
                left, room = _COLUMNS[kind][number]
                inner = next((name for name in ("text", "quotes") if name in child.get("class", "").split()), kind)
                set_nodes, end = self.flow(list(child), inner, x + left, column_top, room)
                nodes.extend(set_nodes)
                deepest = max(deepest, end)
                continue
            if kind == "clear":
                y, after, column_top, columns, is_first = deepest, 0.0, None, {}, False
                continue
            if kind == "head":
                nodes.extend(self.head(child, x, y))
                y, after, is_first = y + (33.0 if "tall" in child.get("class", "") else 29.0), 3.0, False
                continue
            look = _look(child, context)
            before = 0.0 if is_first and child.tag == "h3" else look.before
            gap = max(after, before, 0.0) + min(after, before, 0.0)
            set_nodes, y = self.element(child, look, context, x, y + gap, width)
            nodes.extend(set_nodes)
            deepest = max(deepest, y)
            if child.tag == "img":
                after = _AFTER_IMAGE.get(kind, 0.0)
            else:
                after = _look(child[-1], context).after if child.tag in {"ul", "dl"} and len(child) else look.after
            is_first = False
        return nodes, deepest

    def element(
        self, child: ET.Element, look: Look, context: str, x: float, y: float, width: float
    ) -> tuple[list[Node], float]:
        """Set one element with its top at *y*; return what it became and where it ends."""
        if child.tag == "img":
            return self.image(child, x, y)
        if child.tag in {"ul", "dl"}:
            items: list[Node] = []
            for place, item in enumerate(child):
                item_look = _look(item, context)
                if place:
                    y += _look(child[place - 1], context).after
                indent = _LIST_INDENT if item.tag == "li" else 0.0
                lines = _broken(_words(item, item_look), width - indent)
                body = self._leaf("LBody", lines, item_look, x + indent, y)
                parts: tuple[Node, ...] = (body,)
                if indent:
                    label = ((0.0, "•", item_look.type),)
                    parts = (self._leaf("Lbl", (label,), item_look, x + indent - 3.4, y), body)
                items.append(Group("LI", parts))
                y += len(lines) * _line_height(item_look)
            return [Group("L", tuple(items))], y
        kind = child.get("class", "")
        padding = 5.0 if kind == "empty" else 0.0
        lines = _broken(_words(child, look), width - 2 * padding)
        height = len(lines) * _line_height(look)
        if kind == "empty":
            self.sheet.shapes.append(Shape(x, y, width, height + 8.0, HIDDEN))
            return [self._leaf("P", lines, look, x + padding, y + 4.0)], y + height + 8.0
        if not lines:
            return [], y
        return [self._leaf("P" if child.tag == "p" else child.tag.upper(), lines, look, x, y)], y + height

    def head(self, head: ET.Element, x: float, y: float) -> list[Node]:
        """Set the head of a question: title and wording at the left, the score's box at the right."""
        nodes: list[Node] = []
        for part in head:
            kind = part.get("class", "")
            if kind == "box":
                top = y + 0.3
                for line in part:
                    look = _look(line, "box")
                    lines = _broken(_words(line, look), 62.0)
                    nodes.append(self._leaf("P", lines, look, x + 205.0, top))
                    top += len(lines) * _line_height(look)
                self.sheet.shapes.append(Shape(x + 200.0, y, 1.0, top - y + 0.3, PETROL))
            else:
                inner, _ = self.flow(list(part), "head", x, y, 192.0)
                nodes.extend(inner)
        return nodes

    def image(self, image: ET.Element, x: float, y: float) -> tuple[list[Node], float]:
        address = image.get("src", "")
        drawn = self.images[address]
        if isinstance(drawn, Table):
            nodes, shapes = set_table(drawn, x, y)
            self.sheet.shapes.extend(shapes)
            return [nodes], y + drawn.layout.height
        return [Picture(x, y, drawn, address)], y + drawn.height

    def _leaf(self, tag: str, lines: "Sequence[_Line]", look: Look, x: float, y: float) -> Leaf:
        height = _line_height(look)
        size = look.type.size * MM_PER_POINT
        baseline = y + height / 2 + (_ASCENT - _DESCENT) / 2 * size
        return Leaf(
            tag,
            tuple(
                Fragment(x + offset, baseline + number * height, text, letters)
                for number, line in enumerate(lines)
                for offset, text, letters in line
            ),
        )


def set_table(table: Table, x: float, y: float) -> tuple[Group, list[Shape]]:
    """Return a table with its top left corner at *x*, *y*: its tags, and the rules between its rows."""

    def leaf(cell: Cell) -> Leaf:
        fragments = (
            Fragment(x + line.x, y + line.baseline, line.text, Type(line.size, cell.weight, cell.colour), line.is_end)
            for line in cell.lines
        )
        return Leaf(cell.tag, tuple(fragments), cell.scope)

    layout = table.layout
    head = Group("THead", (Group("TR", tuple(leaf(cell) for cell in layout.head)),))
    body = Group("TBody", tuple(Group("TR", tuple(leaf(cell) for cell in row)) for row in layout.body))
    caption = (leaf(layout.caption),) if layout.caption else ()
    shapes = [Shape(x, y + rule.y, table.width, rule.width, rule.colour) for rule in layout.rules]
    return Group("Table", (*caption, head, body)), shapes


def _look(element: ET.Element, context: str) -> Look:
    kind = element.get("class", "").split(" ")[0]
    name = f"{element.tag}.{kind}" if kind else element.tag
    for key in (f"{context} {name}", name, f"{context} {element.tag}", element.tag):
        if key in _LOOKS:
            return _LOOKS[key]
    return _LOOKS["p"]


def _line_height(look: Look) -> float:
    return look.type.size * look.leading * MM_PER_POINT


# Lines --------------------------------------------------------------------------------------------------------------

_Word = tuple[tuple[str, Type], ...]
"""Letters without a space between, in one or more types; an empty word breaks the line."""
_Line = Sequence[tuple[float, str, Type]]

_BLANKS = re.compile(r"[ \t\r\n]+")


def _words(element: ET.Element, look: Look) -> tuple[_Word, ...]:
    words: list[_Word] = []
    is_open = False
    for text, letters in _runs(element, look.type):
        if text == "\n":
            words.append(())
            is_open = False
            continue
        for place, part in enumerate(_BLANKS.split(text.upper() if look.is_upper else text)):
            if place:
                is_open = False
            if part:
                if is_open:
                    words[-1] = (*words[-1], (part, letters))
                else:
                    words.append(((part, letters),))
                is_open = True
    return tuple(words)


def _runs(element: ET.Element, letters: Type) -> Iterator[tuple[str, Type]]:
    if element.text:
        yield element.text, letters
    for child in element:
        if child.tag == "br":
            yield "\n", letters
        else:
            inner = letters
            if child.tag == "strong":
                inner = letters._replace(weight=600)
            elif child.tag == "small":
                inner = letters._replace(size=8.0, weight=400, colour=MUTED)
            elif child.get("class") == "muted":
                inner = letters._replace(colour=MUTED)
            yield from _runs(child, inner)
        if child.tail:
            yield child.tail, letters


@lru_cache(maxsize=600)
def _broken(words: tuple[_Word, ...], room: float) -> tuple[_Line, ...]:
    """Return words set into lines at most *room* mm wide; a long word at the end of a line is hyphenated as Danish."""
    lines: list[list[_Word]] = [[]]
    used = 0.0
    waiting = list(reversed(words))
    while waiting:
        word = waiting.pop()
        if not word:
            lines.append([])
            used = 0.0
            continue
        space = _width(((" ", word[0][1]),)) if lines[-1] else 0.0
        width = _width(word)
        if used + space + width <= room:
            lines[-1].append(word)
            used += space + width
            continue
        parts = _hyphenated(word, room - used - space, must=not lines[-1])
        if parts and (not lines[-1] or room - used > 0.12 * room):
            lines[-1].append(parts[0])
            waiting.append(parts[1])
        elif lines[-1]:
            waiting.append(word)
        else:
            lines[-1].append(word)
        lines.append([])
        used = 0.0
    return tuple(_set_line(line) for line in lines if line)


def _hyphenated(word: _Word, room: float, *, must: bool) -> tuple[_Word, _Word] | None:
    """Return a word in two parts of which the first fits, with its hyphen; *must* cuts anywhere."""
    if len(word) != 1 or MARKS.intersection(word[0][0]):
        return None
    text, letters = word[0]
    cuts: list[tuple[str, str]] = []
    if len(text) >= _SHORTEST_HYPHENATED:
        cuts = [(f"{first}-", second) for first, second in _danish().iterate(text)]
        cuts += [(f"{first}-", second) for first, _, second in [text.partition("-")] if second]
    if must:
        cuts += [(text[:place], text[place:]) for place in range(len(text) - 1, 0, -1)]
    for first, second in cuts:
        if second and _width(((first, letters),)) <= room:
            return ((first, letters),), ((second, letters),)
    return None


@lru_cache(maxsize=1)
def _danish() -> Any:
    return pyphen.Pyphen(lang="da_DK")


def _width(word: _Word) -> float:
    return sum(
        text_width(text, letters.size, letters.weight, letters.family)
        + letters.tracking * len(text) * letters.size * MM_PER_POINT
        for text, letters in word
    )


def _set_line(words: Sequence[_Word]) -> _Line:
    """Return one line: neighbouring letters of one type together, with where they start."""
    runs: list[tuple[str, Type]] = []
    for place, word in enumerate(words):
        for part, (text, letters) in enumerate(word):
            blank = " " if place and not part else ""
            if runs and runs[-1][1] == letters:
                runs[-1] = (f"{runs[-1][0]}{blank}{text}", letters)
            else:
                if blank and runs:
                    runs[-1] = (f"{runs[-1][0]} ", runs[-1][1])
                runs.append((text, letters))
    x = 0.0
    line = []
    for text, letters in runs:
        line.append((x, text, letters))
        x += _width(((text, letters),))
    return tuple(line)
