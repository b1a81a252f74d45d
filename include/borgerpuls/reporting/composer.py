"""
What every page of a report needs while it is composed: its figures, its names, and how it draws and writes them.
"""

from collections.abc import Sequence
from typing import Any, Literal

from markupsafe import Markup

from borgerpuls.codebooks.municipalities import danish_sort_key
from borgerpuls.reporting import charts, numbers, sentences
from borgerpuls.reporting.canvas import Canvas, NewCanvas
from borgerpuls.reporting.charts import Bar, Chart, Direction, ScoreNames, ScoreRow, Strip
from borgerpuls.reporting.cited import MARKS, Cited, CitedFigures, plain
from borgerpuls.reporting.figures import (
    SCALE_CODES,
    Figure,
    FigureSet,
    TrendPoint,
)
from borgerpuls.reporting.fonts import printable
from borgerpuls.reporting.report_data import EarlierRound, ReportData
from borgerpuls.reporting.survey import Question, Survey, is_local, load_survey, local_question
from borgerpuls.reporting.tables import PLAIN, Column, Row, Style, Table
from borgerpuls.reporting.templating import truncated
from borgerpuls.terms import ALL_PARTICIPATING

ALL_MUNICIPALITIES = 98
_LARGEST_NAME = 200
_LONGEST_SHORT_NAME = 36
"""Of a name beside a number, in a heading or in a sentence; the whole name is on the cover and in the colophon."""


class Composer:
    """Builds one report; holds what every page needs: its figures, its names, and how it draws and writes them."""

    def __init__(self, data: ReportData, new_canvas: NewCanvas) -> None:
        self.data = data
        self.figures = CitedFigures(data.figures)
        self.code = data.municipality_code
        self.is_national = self.code == ALL_PARTICIPATING
        self.survey: Survey = load_survey(data.facts.codebook_version, data.facts.questionnaire_version)
        self.new_canvas = new_canvas
        self.images: dict[str, Canvas | Table] = {}
        self.alternatives: dict[str, str] = {}
        self.participants = len(data.municipality_names)
        everyone = self.participants == ALL_MUNICIPALITIES
        self.all_name = "Hele landet" if everyone else "Deltagende kommuner"
        self.all_short = "Landet" if everyone else "Alle"
        self.all_in_text = "hele landet" if everyone else "de deltagende kommuner"
        name = self.all_name if self.is_national else data.municipality_names[self.code]
        self.name = printable(name)[:_LARGEST_NAME]
        self.municipality_title = self.name if self.is_national or self.name.endswith("Kommune") else (
            f"{self.name} Kommune"
        )  # fmt: skip
        self.short_name = truncated(self.name, _LONGEST_SHORT_NAME)
        self.in_place = self.all_in_text if self.is_national else self.short_name
        self.earlier = tuple(EarlierRound(one.facts, CitedFigures(one.figures)) for one in data.earlier)
        self.previous = self.earlier[-1] if self.earlier else None
        self.places = [self.code] if self.is_national else [self.code, ALL_PARTICIPATING]
        self.local_questions = tuple(local_question(item, place) for place, item in enumerate(data.local_items, 1))

    def extremes(self, ordered: Sequence[Figure], place: int) -> dict[str, str]:
        """Return who has the lowest or highest score as printed; those with the same printed score are all named."""
        figure = ordered[place]
        printed = numbers.score(figure.value or 0.0)
        tied = [other for other in ordered if plain(numbers.score(other.value or 0.0)) == plain(printed)]
        names = sorted((self.municipality_name(other.municipality_code) for other in tied), key=danish_sort_key)
        interval = (
            numbers.interval(figure.lower, figure.upper)
            if len(tied) == 1 and figure.lower is not None and figure.upper is not None
            else ""
        )
        return {"names": numbers.enumeration(names), "score": printed, "interval": interval}

    def image(self, chart: Chart, css_class: str = "chart") -> Markup:
        """Return the `img` of a chart, and remember its canvas under the address."""
        address = f"chart:{len(self.images)}"
        self.images[address] = chart.canvas
        self.alternatives[address] = chart.alternative
        alternative = plain(printable(chart.alternative, MARKS))
        return Markup('<img class="{}" src="{}" alt="{}"/>').format(css_class, address, alternative)

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Row],
        width: float = charts.COLUMN,
        style: Style = PLAIN,
        caption: str = "",
    ) -> Markup:
        """Return the `img` of a table, and remember it under the address."""
        clean = [Row([printable(cell, MARKS) for cell in row.cells], row.kind) for row in rows]
        heads = [column._replace(heading=printable(column.heading, MARKS)) for column in columns]
        address = f"table:{len(self.images)}"
        self.images[address] = Table(heads, clean, width, style, printable(caption, MARKS))
        return Markup('<img class="table" src="{}" alt="Tabel"/>').format(address)

    def distribution(self, bars: Sequence[Bar], question: Question, label_width: float) -> Markup:
        return self.image(charts.distribution(bars, question.scale_names, self.new_canvas, label_width=label_width))

    def score_names(self) -> ScoreNames:
        return ScoreNames(
            own=f"{self.short_name}, {self.data.facts.name}",
            national="" if self.is_national else f"{self.all_name} ({self.participants} kommuner)",
            previous=self.previous.facts.name if self.previous else "",
            national_column=self.all_short,
            has_trend=len({point.period for point in self.data.trend if point.measure == "category_mean"}) >= 3,
        )

    def scored_themes(self) -> list[sentences.Scored]:
        return [
            sentences.Scored(
                theme.name,
                self.figures.find(self.code, theme.code, "category_mean"),
                self.data.has_alarm(theme.code, "category_mean"),
            )
            for theme in self.survey.themes
        ]

    def score_row(self, label: str, item_id: str, measure: str, group: str = "") -> ScoreRow:
        own = self.figures.find(self.code, item_id, measure)
        national = None if self.is_national else self.figures.value(ALL_PARTICIPATING, item_id, measure)
        return ScoreRow(
            label=label,
            score=own.value if own else None,
            lower=own.lower if own else None,
            upper=own.upper if own else None,
            national=national,
            previous=self.previous_value(item_id, measure),
            difference=None if self.is_national or own is None else own.difference_to_all,
            direction=_direction(own),
            is_uncertain=bool(own and own.is_uncertain),
            hidden=self.hidden_text(own),
            trend=self.trend(item_id, measure, self.code),
            trend_national=() if self.is_national else self.trend(item_id, measure, ALL_PARTICIPATING),
            group=group,
        )

    @property
    def has_scores(self) -> bool:
        """Whether any theme's score of the report's own place is shown."""
        return any(score.figure is not None and score.figure.value is not None for score in self.scored_themes())

    def no_scores(self) -> str:
        return sentences.no_scores(self.in_place, self.response_value("answered_n"), self.all_in_text)

    @property
    def has_uncertain_themes(self) -> bool:
        return any(score.figure is not None and score.figure.is_uncertain for score in self.scored_themes())

    def previous_value(self, item_id: str, measure: str) -> float | None:
        if self.previous is None or self.is_broken(item_id, self.previous) or is_local(item_id):
            return None
        return self.previous.figures.value(self.code, item_id, measure)

    def trend(self, item_id: str, measure: str, code: str) -> tuple[tuple[str, float], ...]:
        """Return the unbroken line of periods up to this one; a break or a gap ends it."""
        line: list[tuple[str, float]] = []
        for point in reversed(self.points(code, item_id, measure)):
            if point.value is None:
                break
            line.append((point.period, point.value))
            if point.is_break_before:
                break
        return tuple(reversed(line))

    def points(self, code: str, item_id: str, measure: str) -> list[TrendPoint]:
        """Return how a number of everybody developed, oldest first, each value cited."""
        found = [
            point._replace(value=None if point.value is None else Cited(point.value, f"{point.figure_id}#value"))
            for point in self.data.trend
            if (point.municipality_code, point.item_id, point.measure, point.domain) == (code, item_id, measure, "all")
            and point.kind != "reference"
        ]
        return sorted(found, key=lambda point: point.period)

    def is_broken(self, item_id: str, earlier: EarlierRound) -> bool:
        """Return whether a category is not the same in an earlier round's codebook."""
        crosswalk = self.survey.codebook.crosswalk_to(earlier.facts.codebook_version)
        return item_id in crosswalk.broken_categories

    def bar(
        self,
        label: str,
        item_id: str,
        code: str,
        *,
        domain: str = "all",
        group: str = "",
        is_own: bool = False,
        figures: FigureSet | None = None,
    ) -> Bar:
        figures = figures or self.figures
        mean = figures.find(code, item_id, "mean", domain=domain, group=group)
        values = [
            figures.value(code, item_id, "share", category=answer, domain=domain, group=group) for answer in SCALE_CODES
        ]
        known = tuple(value for value in values if value is not None)
        is_shown = mean is not None and mean.value is not None and len(known) == len(SCALE_CODES)
        return Bar(
            label=label,
            base=self.base_text(mean),
            shares=known if is_shown else None,
            score=mean.value if mean is not None and is_shown else None,
            is_own=is_own,
            is_uncertain=bool(mean and mean.is_uncertain),
            hidden=self.hidden_text(mean),
        )

    def is_asked(self, item_id: str, domain: str, group: str) -> bool:
        """Return whether a group has a line on a question: someone of it, here or elsewhere, was asked."""
        asked_groups = self.survey.codebook.item_target_groups.get(item_id)
        if domain == "target_group" and asked_groups is not None:
            return group in asked_groups
        return any(
            self.figures.find(code, item_id, "mean", domain=domain, group=group) is not None
            for code in (self.code, ALL_PARTICIPATING)
        )

    def score_box(self, own: Figure | None, item_id: str, measure: str) -> dict[str, Any]:
        lines = []
        if own is not None and own.lower is not None and own.upper is not None:
            lines.append(f"95{numbers.NO_BREAK_SPACE}% sikkerhedsinterval {numbers.interval(own.lower, own.upper)}")
        elif own is not None and own.value is not None:
            lines.append("Sikkerhedsintervallet kan ikke beregnes")
        elif own is None or own.value is None:
            lines.append(self.hidden_text(own))
        comparisons = []
        national = self.figures.value(ALL_PARTICIPATING, item_id, measure)
        if not self.is_national and national is not None:
            comparisons.append(f"{self.all_name} {numbers.score(national)}")
        previous = self.previous_value(item_id, measure)
        if previous is not None:
            comparisons.append(f"Forrige runde {numbers.score(previous)}")
        if comparisons:
            lines.append(" · ".join(comparisons))
        direction = _direction(own)
        verdict = {
            "better": "Sikkert over de øvrige kommuner",
            "worse": "Sikkert under de øvrige kommuner",
            "unsure": "Ingen sikker forskel til de øvrige kommuner",
        }.get(direction, "")
        return {
            "name": f"Score i {self.in_place}",
            "score": self.score_text(own, marks_uncertain=True),
            "lines": lines,
            "verdict": "" if self.is_national or is_local(item_id) else verdict,
        }

    def strip_image(self, item_id: str, measure: str, width: float = charts.COLUMN) -> Markup | None:
        ordered = self.figures.over_municipalities(item_id, measure)
        if len(ordered) < 3:
            return None
        lowest, highest = "Laveste kommune", "Højeste kommune"
        if self.is_national:
            lowest = self.extremes(ordered, 0)["names"]
            highest = self.extremes(ordered, -1)["names"]
        model = Strip(
            values=tuple(figure.value for figure in ordered if figure.value is not None),
            national=self.figures.value(ALL_PARTICIPATING, item_id, measure),
            national_name=self.all_short,
            own=None if self.is_national else self.figures.value(self.code, item_id, measure),
            own_name=self.short_name,
            lowest_name=lowest,
            highest_name=highest,
        )
        return self.image(charts.strip(model, self.new_canvas, width))

    def hidden_text(self, figure: Figure | None) -> str:
        """Return why there is no number; one text for every reason, as the reason itself would tell something."""
        return "Vises ikke af hensyn til anonymitet" if figure is not None and figure.is_suppressed else "Ingen svar"

    def base_text(self, figure: Figure | None) -> str:
        return "" if figure is None or figure.valid_n is None else numbers.base(figure.valid_n)

    def score_text(self, figure: Figure | None, *, marks_uncertain: bool = False) -> str:
        if figure is None or figure.value is None:
            return numbers.EN_DASH
        return f"{numbers.score(figure.value)}{' †' if marks_uncertain and figure.is_uncertain else ''}"

    def count_text(self, figure: Figure | None, name: Literal["valid_n", "dont_know_n"]) -> str:
        value = None if figure is None else getattr(figure, name)
        return numbers.EN_DASH if value is None else numbers.count(value)

    def share_text(self, figure: Figure | None, decimals: int = 0, sign: str = f"{numbers.NO_BREAK_SPACE}%") -> str:
        if figure is None or figure.value is None:
            return numbers.EN_DASH
        return f"{numbers.percent_number(figure.value, decimals)}{sign}"

    def place_columns(self, heading: str, width: float) -> list[Column]:
        """Return the columns of a table of own numbers beside all participating's."""
        return [Column(heading, width), Column(self.short_name), Column(self.all_name)][: 1 + len(self.places)]

    def response_value(self, measure: str, code: str | None = None) -> float | None:
        return self.figures.value(code or self.code, "response", measure)

    def response_count(self, measure: str) -> str:
        value = self.response_value(measure)
        return numbers.EN_DASH if value is None else numbers.count(value)

    def response_text(self, measure: str, code: str) -> str:
        value = self.response_value(measure, code)
        if value is None:
            return numbers.EN_DASH
        return numbers.percent(value) if measure.endswith("_rate") else numbers.count(value)

    def municipality_name(self, code: str) -> str:
        return printable(self.data.municipality_names.get(code, code))


def _direction(figure: Figure | None) -> Direction:
    if figure is None or figure.value is None or figure.difference_to_rest is None:
        return "none"
    if figure.is_better_than_rest:
        return "better"
    return "worse" if figure.is_worse_than_rest else "unsure"
