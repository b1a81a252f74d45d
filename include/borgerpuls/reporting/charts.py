"""
The charts of the reports: a small model of what is shown, drawn on any canvas, with the same numbers in words.

Grammar: `docs/decisions` and the design guide of the reports. Fixed order, fixed colours, no meaning by colour alone;
percent axes start at 0; the score axis is 2,5 to 4,5 unless a value leaves it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from borgerpuls.reporting import numbers
from borgerpuls.reporting.canvas import (
    BETTER,
    CONNECTION,
    DOT,
    GRID,
    HIDDEN,
    MUTED,
    NATIONAL,
    ON_SCALE,
    PETROL,
    SCALE,
    WHITE,
    WORSE,
    Canvas,
    NewCanvas,
)
from borgerpuls.reporting.cited import MARKS, fixed
from borgerpuls.reporting.fonts import text_width

COLUMN = 125.0
"""Width of one of the two columns of a page, mm."""

_GAP = 0.36
_SHORTEST_FONT = 7.0

Place = Callable[[float], float]
PlaceOfDay = Callable[[tuple[int, float]], tuple[float, float]]
Direction = Literal["better", "worse", "unsure", "none"]


class Chart(NamedTuple):
    """A drawing and the same numbers as text."""

    canvas: Canvas
    alternative: str


# Answer distribution --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bar:
    """One 100 % bar. `shares` is None when nothing may be shown; `hidden` then says why."""

    label: str
    base: str = ""
    shares: tuple[float, ...] | None = None
    score: float | None = None
    is_own: bool = False
    is_uncertain: bool = False
    hidden: str = ""


def label_room(bars: Sequence[Bar], width: float = COLUMN) -> float:
    """Return how wide the labels of *bars* are beside a distribution *width* wide, in mm; at most 46 % of it."""
    base_width = max((text_width(bar.base, 7) for bar in bars), default=0.0)
    name_width = max((text_width(bar.label, 8.5, 600 if bar.is_own else 400) for bar in bars), default=0.0)
    return min(max(38.0, name_width + base_width + 5.0), 0.46 * width)


def distribution(
    bars: Sequence[Bar],
    scale: Sequence[str],
    new_canvas: NewCanvas,
    width: float = COLUMN,
    label_width: float | None = None,
) -> Chart:
    """
    Draw answer distributions as 100 % bars, most positive left, with the score at the right.

    Args:
        bars: From top to bottom.
        scale: The answers' names, most positive first.
        new_canvas: Makes the drawing surface.
        width: In mm.
        label_width: Where the bars begin, in mm; the same in charts that are to be compared. Default: `label_room`.
    """
    row_height, bar_height, score_width = 7.15, 5.4, 16.0
    base_width = max((text_width(bar.base, 7) for bar in bars), default=0.0)
    if label_width is None:
        label_width = label_room(bars, width)
    canvas = new_canvas(width, row_height * len(bars) + 0.2)
    bar_width = width - label_width - score_width
    for number, bar in enumerate(bars):
        top = number * row_height
        weight = 600 if bar.is_own else 400
        name, size = fitted(bar.label, label_width - base_width - 4.0, 8.5, weight)
        canvas.text(0, top + 3.8, name, size=size, weight=weight)
        if bar.base:
            canvas.text(label_width - 2, top + 3.75, bar.base, size=7, colour=MUTED, anchor="end")
        if bar.shares is None:
            canvas.rectangle(label_width, top, bar_width, bar_height, HIDDEN)
            canvas.text(label_width + bar_width / 2, top + 3.7, bar.hidden, size=7.5, colour=MUTED, anchor="middle")
        else:
            _segments(canvas, bar.shares, label_width, top, bar_width, bar_height)
        _score(canvas, bar, width - 1.8, top + 3.95)
    return Chart(canvas, _sentence(_bar_in_words(bar, scale) for bar in bars))


def legend(scale: Sequence[str], new_canvas: NewCanvas, width: float = 267.0) -> Chart:
    """Draw what the colours of the bars stand for; *scale* is the answers' names, most positive first."""
    canvas = new_canvas(width, 9.0)
    for y in (0.1, 8.9):
        canvas.line(0, y, width, y, width=0.25, colour=GRID)
    x = 0.0
    for place, name in enumerate(scale):
        canvas.rectangle(x, 2.7, 3.6, 3.6, SCALE[place])
        canvas.text(x + 5.2, 5.7, name, size=8.5)
        x += 5.2 + text_width(name, 8.5) + 6
    canvas.text(width, 5.7, "Andel i procent · score 1–5 til højre", size=8.5, colour=MUTED, anchor="end")
    return Chart(canvas, f"Farver fra venstre mod højre i søjlerne: {_sentence(scale)} Score 1–5 står til højre.")


def _segments(canvas: Canvas, shares: Sequence[float], left: float, top: float, width: float, height: float) -> None:
    x = left
    for place, share in enumerate(shares):
        segment = width * share
        if segment > 0.05:
            canvas.rectangle(x, top, max(segment - _GAP, 0.12), height, SCALE[place])
        if share >= numbers.SMALLEST_WRITTEN_SHARE:
            canvas.text(
                x + (segment - _GAP) / 2,
                top + 3.75,
                numbers.whole_percent(share),
                size=8,
                weight=600 if place in {0, 4} else 400,
                colour=ON_SCALE[place],
                anchor="middle",
            )
        x += segment


def _score(canvas: Canvas, bar: Bar, x: float, y: float) -> None:
    if bar.score is None:
        canvas.text(x, y, numbers.EN_DASH, size=9.5, weight=600, colour=MUTED, anchor="end")
        return
    colour = MUTED if bar.is_uncertain else PETROL
    canvas.text(x, y, numbers.score(bar.score), size=9.5, weight=700, colour=colour, anchor="end")
    if bar.is_uncertain:
        canvas.text(x + 0.4, y - 0.9, "†", size=7, weight=600, colour=MUTED)


def _bar_in_words(bar: Bar, scale: Sequence[str]) -> str:
    head = f"{bar.label} ({bar.base})" if bar.base else bar.label
    if bar.shares is None:
        return f"{head}: {bar.hidden}"
    parts = [
        f"{name} {numbers.whole_percent(share)}{numbers.NO_BREAK_SPACE}%"
        for name, share in zip(scale, bar.shares, strict=True)
    ]
    if bar.score is not None:
        parts.append(f"score {numbers.score(bar.score)}{' (usikkert)' if bar.is_uncertain else ''}")
    return f"{head}: {', '.join(parts)}"


# Scores against all participating --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One line of a dot plot. Values on the scale 1 to 5; `score` is None when it may not be shown."""

    label: str
    score: float | None
    lower: float | None = None
    upper: float | None = None
    national: float | None = None
    previous: float | None = None
    difference: float | None = None
    direction: Direction = "none"
    is_uncertain: bool = False
    hidden: str = ""
    trend: tuple[tuple[str, float], ...] = ()
    trend_national: tuple[tuple[str, float], ...] = ()
    group: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class ScoreNames:
    """What the marks of a dot plot stand for."""

    own: str
    national: str = ""
    previous: str = ""
    national_column: str = "Alle"
    has_trend: bool = False


def score_plot(
    rows: Sequence[ScoreRow],
    names: ScoreNames,
    new_canvas: NewCanvas,
    *,
    width: float = 190.0,
    row_height: float = 14.4,
    is_compact: bool = False,
) -> Chart:
    """
    Draw scores as dots with their 95 % interval, against all participating and the previous round.

    Args:
        rows: From top to bottom; a new `group` gets a heading of its own.
        names: What the marks stand for.
        new_canvas: Makes the drawing surface.
        width: In mm.
        row_height: In mm.
        is_compact: Smaller type, for many rows.
    """
    small = is_compact
    label_size, score_size, other_size = (8.5, 9.5, 8.5) if small else (10.5, 12.5, 10.0)
    dot, other_dot = (1.45, 1.2) if small else (1.9, 1.55)
    has_national = bool(names.national)
    trend_width = 38.0 if names.has_trend else 0.0
    number_width = (44.0 if has_national else 40.0) + trend_width
    left = 62.0 if small else 52.0
    right = width - number_width - 4.0
    lowest, highest = score_axis(rows)

    def place(value: float) -> float:
        return left + (value - lowest) / (highest - lowest) * (right - left)

    groups = sum(1 for i, row in enumerate(rows) if row.group and (i == 0 or rows[i - 1].group != row.group))
    heading, group_height = (9.0, 6.4) if small else (13.0, 0.0)
    bottom = heading + row_height * len(rows) + groups * group_height
    legend_height = 9.0
    canvas = new_canvas(width, bottom + legend_height)
    head_size = 7.6 if small else 8.0
    head_line = heading - 4.4
    score_x = width - number_width + 10.0
    national_x, difference_x = score_x + 13.5, score_x + 31.5
    canvas.text(score_x, head_line, "Score", size=head_size, weight=600, colour=MUTED, anchor="end")
    if has_national:
        canvas.text(
            national_x, head_line, names.national_column, size=head_size, weight=600, colour=MUTED, anchor="end"
        )
        canvas.text(difference_x, head_line, "Forskel", size=head_size, weight=600, colour=MUTED, anchor="end")
    else:
        canvas.text(score_x + 27, head_line, "95 % interval", size=head_size, weight=600, colour=MUTED, anchor="end")
    if names.has_trend:
        canvas.text(width - trend_width + 4, head_line, "Udvikling", size=head_size, weight=600, colour=MUTED)
    for value in _ticks(lowest, highest):
        canvas.line(place(value), heading - 1, place(value), bottom, width=0.2, colour=GRID)
        canvas.text(
            place(value),
            head_line,
            fixed(numbers.decimal_text(value, 1)),
            size=head_size,
            colour=MUTED,
            anchor="middle",
        )
    y = heading
    for number, row in enumerate(rows):
        is_new_group = bool(row.group) and (number == 0 or rows[number - 1].group != row.group)
        if is_new_group:
            y += group_height
            if small:
                canvas.text(0, y - 1.7, row.group, size=8.5, weight=600, colour=PETROL)
        if number or small:
            canvas.line(0, y, width, y, width=0.18, colour=GRID)
        middle = y + row_height / 2
        label, size = fitted(row.label, left - 3, label_size, 400 if small else 600)
        canvas.text(0, middle + 1, label, size=size, weight=400 if small else 600)
        if row.national is not None:
            if row.score is not None:
                canvas.line(place(row.national), middle, place(row.score), middle, width=0.9, colour=CONNECTION)
            canvas.circle(place(row.national), middle, other_dot, NATIONAL)
            canvas.text(
                national_x,
                middle + 1.2,
                numbers.score(row.national),
                size=other_size,
                colour=MUTED,
                anchor="end",
            )
        if row.score is None:
            canvas.text(score_x, middle + 1.3, numbers.EN_DASH, size=score_size, colour=MUTED, anchor="end")
            text_x = left + 1 if row.national is None else max(left + 1, place(row.national) + 3)
            canvas.text(text_x, middle + 1, row.hidden, size=7.5, colour=MUTED)
        else:
            _whisker(canvas, row, place, middle, 0.8 if small else 1.0)
            if row.previous is not None:
                canvas.circle(place(row.previous), middle, dot * 0.66, WHITE, stroke=PETROL, stroke_width=0.4)
            canvas.circle(place(row.score), middle, dot, PETROL)
            colour = MUTED if row.is_uncertain else PETROL
            canvas.text(
                score_x,
                middle + (1.2 if small else 1.5),
                numbers.score(row.score),
                size=score_size,
                weight=700,
                colour=colour,
                anchor="end",
            )
            if row.is_uncertain:
                canvas.text(score_x + 0.4, middle + 0.1, "†", size=7, weight=600, colour=MUTED)
            if has_national:
                _difference(canvas, row, difference_x, middle + 1.2, other_size)
            elif row.lower is not None and row.upper is not None:
                canvas.text(
                    score_x + 27,
                    middle + 1.2,
                    numbers.interval(row.lower, row.upper),
                    size=other_size,
                    colour=MUTED,
                    anchor="end",
                )
            if names.has_trend:
                _sparkline(canvas, row, width - trend_width + 4, middle, trend_width - 14)
        y += row_height
    _legend(canvas, names, rows, bottom + 5.5)
    return Chart(canvas, _sentence(_score_in_words(row, names) for row in rows))


def score_axis(rows: Sequence[ScoreRow]) -> tuple[float, float]:
    """Return the ends of the score axis: 2.5 to 4.5, or 1 to 5 when a value or interval leaves it."""
    values = [
        value
        for row in rows
        for value in (row.score, row.lower, row.upper, row.national, row.previous)
        if value is not None
    ]
    if values and (min(values) < 2.5 or max(values) > 4.5):
        return 1.0, 5.0
    return 2.5, 4.5


def _ticks(lowest: float, highest: float) -> list[float]:
    step = 0.5 if highest - lowest < 3 else 1.0
    return [lowest + step * i for i in range(round((highest - lowest) / step) + 1)]


def _whisker(canvas: Canvas, row: ScoreRow, place: Place, y: float, half: float) -> None:
    if row.lower is None or row.upper is None:
        return
    low, high = place(max(row.lower, 1.0)), place(min(row.upper, 5.0))
    canvas.line(low, y, high, y, width=0.35, colour=PETROL)
    for x in (low, high):
        canvas.line(x, y - half, x, y + half, width=0.35, colour=PETROL)


def _difference(canvas: Canvas, row: ScoreRow, x: float, y: float, size: float) -> None:
    if row.difference is None:
        return
    text = numbers.difference(row.difference)
    colour = {"better": BETTER, "worse": WORSE}.get(row.direction, MUTED)
    weight = 600 if row.direction in {"better", "worse"} else 400
    canvas.text(x, y, text, size=size, weight=weight, colour=colour, anchor="end")
    mark_x = x - 11.0
    if row.direction == "better":
        canvas.polygon([(mark_x - 1, y - 0.1), (mark_x + 1, y - 0.1), (mark_x, y - 1.9)], BETTER)
    elif row.direction == "worse":
        canvas.polygon([(mark_x - 1, y - 1.9), (mark_x + 1, y - 1.9), (mark_x, y - 0.1)], WORSE)
    else:
        canvas.line(mark_x - 1, y - 1, mark_x + 1, y - 1, width=0.4, colour=MUTED)


def _sparkline(canvas: Canvas, row: ScoreRow, left: float, middle: float, width: float) -> None:
    points = [*row.trend, *row.trend_national]
    if len(row.trend) < 3:
        return
    rounds = sorted({name for name, _ in points})
    low = min(value for _, value in points) - 0.05
    high = max(value for _, value in points) + 0.05

    def at(point: tuple[str, float]) -> tuple[float, float]:
        name, value = point
        x = left + rounds.index(name) / max(len(rounds) - 1, 1) * width
        return x, middle + 4 - (value - low) / (high - low) * 8

    if len(row.trend_national) > 1:
        canvas.polyline([at(point) for point in row.trend_national], width=0.35, colour="#A7B1BA")
    canvas.polyline([at(point) for point in row.trend], width=0.55, colour=PETROL)
    x, y = at(row.trend[-1])
    canvas.circle(x, y, 0.8, PETROL)


def _legend(canvas: Canvas, names: ScoreNames, rows: Sequence[ScoreRow], y: float) -> None:
    x = 0.0
    has_whisker = any(row.lower is not None and row.score is not None for row in rows)
    text = f"{names.own} (linje: 95{numbers.NO_BREAK_SPACE}% sikkerhedsinterval)" if has_whisker else names.own
    canvas.line(x - 0.0, y - 0.9, x + 4.2, y - 0.9, width=0.35, colour=PETROL)
    canvas.circle(x + 2.1, y - 0.9, 1.3, PETROL)
    text, size = fitted(text, canvas.width * 0.5, 8.0)
    canvas.text(x + 6, y, text, size=size, colour=MUTED)
    x += 6 + text_width(text, size) + 6
    if names.national:
        canvas.circle(x + 1.4, y - 0.9, 1.3, NATIONAL)
        canvas.text(x + 4.4, y, names.national, size=8, colour=MUTED)
        x += 4.4 + text_width(names.national, 8) + 6
    if names.previous and any(row.previous is not None for row in rows):
        canvas.circle(x + 1.4, y - 0.9, 1.15, WHITE, stroke=PETROL, stroke_width=0.4)
        canvas.text(x + 4.4, y, names.previous, size=8, colour=MUTED)


def _score_in_words(row: ScoreRow, names: ScoreNames) -> str:
    if row.score is None:
        text = f"{row.label}: {row.hidden}"
        return text if row.national is None else f"{text}; {names.national} {numbers.score(row.national)}"
    parts = [f"score {numbers.score(row.score)}{' (usikkert)' if row.is_uncertain else ''}"]
    if row.lower is not None and row.upper is not None:
        parts.append(f"95{numbers.NO_BREAK_SPACE}% sikkerhedsinterval {numbers.interval(row.lower, row.upper)}")
    if row.national is not None:
        parts.append(f"{names.national} {numbers.score(row.national)}")
    if row.difference is not None and names.national:
        meaning = {"better": "sikkert højere", "worse": "sikkert lavere", "unsure": "ikke sikker"}
        parts.append(f"forskel {numbers.difference(row.difference)} ({meaning.get(row.direction, 'ikke testet')})")
    if row.previous is not None:
        parts.append(f"{names.previous} {numbers.score(row.previous)}")
    if names.has_trend and len(row.trend) >= 3:
        parts.append("udvikling " + ", ".join(f"{name} {numbers.score(value)}" for name, value in row.trend))
    return f"{row.label}: {', '.join(parts)}"


# Where one municipality lies among all -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Strip:
    """Scores of all participating municipalities; only own, all, lowest and highest get a label."""

    values: tuple[float, ...]
    national: float | None
    national_name: str
    own: float | None = None
    own_name: str = ""
    lowest_name: str = "Laveste kommune"
    highest_name: str = "Højeste kommune"


def strip(model: Strip, new_canvas: NewCanvas, width: float = COLUMN) -> Chart:
    """Draw one dot per municipality on a score line."""
    canvas = new_canvas(width, 17.5)
    left, right, y = 1.5, width - 1.5, 8.8
    values = sorted(model.values)
    lowest, highest = values[0], values[-1]
    padding = max((highest - lowest) * 0.08, 0.04)

    def place(value: float) -> float:
        return left + (value - lowest + padding) / (highest - lowest + 2 * padding) * (right - left)

    canvas.line(left, y, right, y, width=0.25, colour=GRID)
    for value in values:
        canvas.circle(place(value), y, 1.25, DOT, stroke=WHITE, stroke_width=0.2)
    low_text = f"{model.lowest_name} {numbers.score(lowest)}"
    high_text = f"{model.highest_name} {numbers.score(highest)}"
    low_text, low_size = fitted(low_text, width * 0.36, 8)
    high_text, high_size = fitted(high_text, width * 0.36, 8)
    canvas.text(left, y + 6.6, low_text, size=low_size, colour=MUTED)
    canvas.text(right, y + 6.6, high_text, size=high_size, colour=MUTED, anchor="end")
    if model.national is not None:
        x = place(model.national)
        canvas.line(x, y - 3, x, y + 3, width=0.5, colour=NATIONAL)
        text = f"{model.national_name} {numbers.score(model.national)}"
        half = text_width(text, 8) / 2
        room_left = left + text_width(low_text, low_size) + 2
        room_right = right - text_width(high_text, high_size) - 2
        if room_right - room_left >= 2 * half:
            middle = min(max(x, room_left + half), room_right - half)
            canvas.text(middle, y + 6.6, text, size=8, colour=MUTED, anchor="middle")
        elif model.own is None:
            canvas.text(min(max(x, half), width - half), y - 4, text, size=8, colour=MUTED, anchor="middle")
    if model.own is not None:
        x = place(model.own)
        text, size = fitted(f"{model.own_name} {numbers.score(model.own)}", width, 9, 700)
        half = text_width(text, size, 700) / 2
        canvas.circle(x, y, 2.1, PETROL, stroke=WHITE, stroke_width=0.4)
        canvas.text(
            min(max(x, half), width - half), y - 3.6, text, size=size, weight=700, colour=PETROL, anchor="middle"
        )
    words = [f"{model.lowest_name} {numbers.score(lowest)}", f"{model.highest_name} {numbers.score(highest)}"]
    if model.national is not None:
        words.insert(1, f"{model.national_name} {numbers.score(model.national)}")
    if model.own is not None:
        words.insert(0, f"{model.own_name} {numbers.score(model.own)}")
    return Chart(canvas, f"{len(values)} kommuners score. {_sentence(words)}")


# Shares of options ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OptionRow:
    """How many chose one option: own share and all participating's, 0 to 1."""

    label: str
    own: float | None
    national: float | None = None
    hidden: str = ""


def options(
    rows: Sequence[OptionRow], own_name: str, national_name: str, new_canvas: NewCanvas, width: float = COLUMN
) -> Chart:
    """Draw the share of each option as a bar from 0, with all participating as a mark."""
    row_height, label_width, number_width = 9.4, 46.0, 14.0
    canvas = new_canvas(width, row_height * len(rows) + 8)
    shown = [value for row in rows for value in (row.own, row.national) if value is not None]
    top = max([*shown, 0.2])
    room = width - label_width - number_width
    for number, row in enumerate(rows):
        y = number * row_height
        label, size = fitted(row.label, label_width - 3, 8.5)
        canvas.text(0, y + 4.4, label, size=size)
        if row.own is None:
            canvas.rectangle(label_width, y + 1, room, 5.4, HIDDEN)
            canvas.text(label_width + room / 2, y + 4.7, row.hidden, size=7.5, colour=MUTED, anchor="middle")
            canvas.text(width, y + 4.8, numbers.EN_DASH, size=9.5, weight=600, colour=MUTED, anchor="end")
        else:
            canvas.rectangle(label_width, y + 1, max(room * row.own / top, 0.2), 5.4, PETROL)
            canvas.text(
                *(width, y + 4.9, numbers.percent(row.own, 0)), size=9.5, weight=700, colour=PETROL, anchor="end"
            )
        if row.national is not None and national_name:
            x = label_width + room * row.national / top
            canvas.line(x, y + 0.2, x, y + 7.2, width=0.7, colour=NATIONAL)
    y = row_height * len(rows) + 5
    canvas.rectangle(label_width, y - 2.2, 3.6, 2.6, PETROL)
    own_text, size = fitted(own_name, room * 0.5, 8)
    canvas.text(label_width + 5, y, own_text, size=size, colour=MUTED)
    if national_name:
        x = label_width + 5 + text_width(own_text, size) + 6
        canvas.line(x, y - 2.8, x, y + 0.6, width=0.7, colour=NATIONAL)
        canvas.text(x + 2, y, national_name, size=8, colour=MUTED)
    return Chart(canvas, _sentence(_option_in_words(row, own_name, national_name) for row in rows))


def _option_in_words(row: OptionRow, own_name: str, national_name: str) -> str:
    own = f"{own_name} {numbers.percent(row.own, 0)}" if row.own is not None else row.hidden
    national = f", {national_name} {numbers.percent(row.national, 0)}" if row.national is not None else ""
    return f"{row.label}: {own}{national if national_name else ''}"


# Response over time -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Curve:
    """Cumulative response rates by days since the invitation, 0 to 1."""

    own: tuple[tuple[int, float], ...]
    own_name: str
    national: tuple[tuple[int, float], ...] = ()
    national_name: str = ""
    marks: tuple[tuple[int, str], ...] = field(default=())


def response_curve(model: Curve, new_canvas: NewCanvas, width: float = COLUMN, height: float = 66.0) -> Chart:
    """Draw the cumulative response rate with dotted lines at the reminders."""
    canvas = new_canvas(width, height)
    lines = [line for line in (model.own, model.national) if line]
    last = max([day for line in lines for day, _ in line] + [7])
    top_rate = max([rate for line in lines for _, rate in line] + [0.1])
    step = 0.1 if top_rate > 0.25 else 0.05 if top_rate > 0.1 else 0.02
    highest = step * max(1, -(-int(top_rate * 1000 + 1) // int(step * 1000)))
    left, right, bottom, top = 9.0, width - 24.0, height - 8.0, 8.0

    def at(point: tuple[int, float]) -> tuple[float, float]:
        day, rate = point
        return left + day / last * (right - left), bottom - rate / highest * (bottom - top)

    for i in range(round(highest / step) + 1):
        y = at((0, i * step))[1]
        canvas.line(left, y, right, y, width=0.2, colour=GRID)
        canvas.text(left - 1.5, y + 1, numbers.whole_percent(i * step), size=8, colour=MUTED, anchor="end")
    for day in range(0, last + 1, 7):
        canvas.text(at((day, 0))[0], bottom + 4.6, f"Dag {day}", size=8, colour=MUTED, anchor="middle")
    for day, text in model.marks:
        x = at((day, 0))[0]
        canvas.line(x, top - 4.5, x, bottom, width=0.3, colour=MUTED, dashed=True)
        canvas.text(x + 1.2, top - 2.6, text, size=7.6, colour=MUTED)
    if model.national:
        canvas.polyline([at(point) for point in model.national], width=0.5, colour="#9AA5AF")
    canvas.polyline([at(point) for point in model.own], width=0.8, colour=PETROL)
    _curve_ends(canvas, model, at, right + 1.4)
    words = [_curve_in_words(model.own_name, model.own)]
    if model.national:
        words.append(_curve_in_words(model.national_name, model.national))
    words.extend(f"{text}: dag {day}" for day, text in model.marks)
    return Chart(canvas, f"Kumuleret svarprocent. {_sentence(words)}")


def _curve_ends(canvas: Canvas, model: Curve, at: PlaceOfDay, x: float) -> None:
    if not model.own:
        return
    y = at(model.own[-1])[1]
    y_national = at(model.national[-1])[1] if model.national else None
    if y_national is not None and abs(y - y_national) < 8.5:
        middle, sign = (y + y_national) / 2, -1 if y <= y_national else 1
        y, y_national = middle + sign * 4.25, middle - sign * 4.25
    name, size = fitted(model.own_name, canvas.width - x, 8, 600)
    canvas.text(x, y - 0.4, name, size=size, weight=600, colour=PETROL)
    canvas.text(x, y + 2.9, numbers.percent(model.own[-1][1]), size=8, weight=600, colour=PETROL)
    if y_national is not None:
        name, size = fitted(model.national_name, canvas.width - x, 8)
        canvas.text(x, y_national - 0.4, name, size=size, colour=MUTED)
        canvas.text(x, y_national + 2.9, numbers.percent(model.national[-1][1]), size=8, colour=MUTED)


def _curve_in_words(name: str, line: Sequence[tuple[int, float]]) -> str:
    weekly = [f"dag {day} {numbers.percent(rate)}" for day, rate in line if day % 7 == 0 or day == line[-1][0]]
    return f"{name}: {', '.join(weekly)}"


# Who answered -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A group's share of the sample and of the answers, 0 to 1; `starts_part` draws a line above."""

    label: str
    before: float | None
    after: float | None
    starts_part: bool = False


def shares(
    rows: Sequence[ShareRow], before_name: str, after_name: str, new_canvas: NewCanvas, width: float = COLUMN
) -> Chart:
    """Draw two shares per group as joined dots, with both numbers at the right."""
    row_height, head = 6.1, 8.0
    canvas = new_canvas(width, head + row_height * len(rows) + 6)
    left, right = 42.0, width - 37.0
    values = [value for row in rows for value in (row.before, row.after) if value is not None]
    top = 0.1 * max(1, -(-int(max([*values, 0.1]) * 1000) // 100))
    step = 0.1 if top <= 0.55 else 0.2

    def place(value: float) -> float:
        return left + value / top * (right - left)

    canvas.text(width - 15, 3.4, before_name, size=7.6, weight=600, colour=MUTED, anchor="end")
    canvas.text(width, 3.4, after_name, size=7.6, weight=600, colour=PETROL, anchor="end")
    bottom = head + row_height * len(rows)
    for i in range(int(top / step + 1e-9) + 1):
        x = place(i * step)
        canvas.line(x, 5, x, bottom, width=0.2, colour=GRID)
        canvas.text(x, 3.4, numbers.percent(i * step, 0), size=7.6, colour=MUTED, anchor="middle")
    for number, row in enumerate(rows):
        y = head + row_height * number + 1.6
        if row.starts_part and number:
            canvas.line(0, y - 3.1, width, y - 3.1, width=0.18, colour=GRID)
        label, size = fitted(row.label, left - 4, 8.2)
        canvas.text(0, y + 1, label, size=size)
        if row.before is not None and row.after is not None:
            canvas.line(place(row.before), y, place(row.after), y, width=0.8, colour=CONNECTION)
        for value, x, colour, weight, radius in (
            (row.before, width - 15, NATIONAL, 400, 1.2),
            (row.after, width, PETROL, 600, 1.4),
        ):
            text_colour = MUTED if weight == 400 else PETROL
            if value is None:
                canvas.text(x, y + 1, numbers.EN_DASH, size=8, colour=MUTED, anchor="end")
            else:
                canvas.circle(place(value), y, radius, colour)
                canvas.text(x, y + 1, numbers.percent(value), size=8, weight=weight, colour=text_colour, anchor="end")
    y = bottom + 4.6
    canvas.circle(1.2, y - 0.9, 1.2, NATIONAL)
    canvas.text(4, y, before_name, size=8, colour=MUTED)
    x = 4 + text_width(before_name, 8) + 6
    canvas.circle(x + 1.2, y - 0.9, 1.4, PETROL)
    canvas.text(x + 4, y, after_name, size=8, colour=MUTED)
    return Chart(canvas, _sentence(_share_in_words(row, before_name, after_name) for row in rows))


def _share_in_words(row: ShareRow, before_name: str, after_name: str) -> str:
    def said(value: float | None) -> str:
        return "vises ikke" if value is None else numbers.percent(value)

    return f"{row.label}: {before_name.lower()} {said(row.before)}, {after_name.lower()} {said(row.after)}"


# ---------------------------------------------------------------------------------------------------------------------------


def fitted(text: str, room: float, size: float, weight: int = 400) -> tuple[str, float]:
    """
    Return *text* and a size of at least 7 points that fit into *room* mm; a name that is too long ends in "…".

    What stands from the first citation on is kept whole.
    """
    width = text_width(text, size, weight)
    if width <= room:
        return text, size
    size = max(_SHORTEST_FONT, size * room / width)
    if text_width(text, size, weight) <= room + 0.01:
        return text, size
    name, rest = text, ""
    if (place := next((i for i, letter in enumerate(text) if letter in MARKS), -1)) >= 0:
        name, rest = text[:place], f" {text[place:]}"
    while name and text_width(f"{name}…{rest}", size, weight) > room:
        name = name[:-1]
    return f"{name.rstrip()}…{rest}", size


def _sentence(parts: Iterable[str]) -> str:
    return "; ".join(parts) + "."
