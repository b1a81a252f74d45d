"""
One municipality, or all participating, as the memo, the deck and the workbook speak of it.

Says what the report says, by the same rules: names are data, a withheld number is said to be withheld and why is not, a
comparison with the round before stops where the codebook changed.
"""

from typing import NamedTuple

from borgerpuls.codebooks.municipalities import danish_sort_key
from borgerpuls.reporting import numbers, sentences
from borgerpuls.reporting.figures import Figure, TrendPoint
from borgerpuls.reporting.report_data import EarlierRound, ReportData
from borgerpuls.reporting.survey import Survey, load_survey, local_question, one_line
from borgerpuls.terms import ALL_PARTICIPATING

ALL_MUNICIPALITIES = 98
WITHHELD = "vises ikke af hensyn til anonymitet"
NO_ANSWERS = "ingen svar"
_LONGEST_NAME = 200


class Score(NamedTuple):
    """One score on the scale 1 to 5 and what it is compared with; a figure is None where nobody was asked."""

    code: str
    name: str
    about: str
    own: Figure | None
    national: Figure | None
    previous: Figure | None
    """The same score in the round before; None where it is not counted alike."""
    is_changed: bool
    """Whether the codebook changed what is counted since the round before."""
    has_alarm: bool
    """Whether its fall since the period before has raised an alarm."""

    @property
    def value(self) -> float | None:
        """Return the area's score, or None."""
        return None if self.own is None else self.own.value


class Area:
    """What one report's data says, with the names that readers see."""

    def __init__(self, data: ReportData) -> None:
        self.data = data
        self.code = data.municipality_code
        self.is_national = self.code == ALL_PARTICIPATING
        self.survey: Survey = load_survey(data.facts.codebook_version, data.facts.questionnaire_version)
        self.participants = len(data.municipality_names)
        everyone = self.participants == ALL_MUNICIPALITIES
        self.all_name = "Hele landet" if everyone else "Deltagende kommuner"
        self.all_in_text = "hele landet" if everyone else "de deltagende kommuner"
        self.name = self.all_name if self.is_national else plain_text(data.municipality_names[self.code])
        ends = self.is_national or self.name.casefold().endswith("kommune")
        self.title = self.name if ends else f"{self.name} Kommune"
        self.in_text = self.all_in_text if self.is_national else self.title
        self.round_name = period_name(data.facts.round_id)
        self.local_questions = tuple(local_question(item, place) for place, item in enumerate(data.local_items, 1))
        self.previous = data.earlier[-1] if data.earlier else None
        self.previous_name = period_name(self.previous.facts.round_id) if self.previous else ""

    @property
    def has_previous(self) -> bool:
        """Whether the area has any score in the round before."""
        return self.previous is not None and self.took_part_in(self.previous)

    def took_part_in(self, earlier: EarlierRound) -> bool:
        """Return whether the area has any score in an earlier round, shown or withheld."""
        return any(figure.municipality_code == self.code and figure.measure == "mean" for figure in earlier.figures)

    def themes(self) -> list[Score]:
        """Return the score of every category, in the order of the codebook."""
        return [self._score(theme.code, theme.name, theme.about, "category_mean") for theme in self.survey.themes]

    def questions(self) -> list[Score]:
        """Return the score of every scale question, in the order of the questionnaire's pages."""
        return [
            self._score(question.item_id, question.title, question.wording, "mean")
            for question in self.survey.questions
            if question.is_scale
        ]

    def scores_by_period(self, item_id: str) -> dict[str, TrendPoint]:
        """Return a category's score in every period it was counted, ours or imported, oldest first."""
        found = [
            point
            for point in self.data.trend
            if (point.municipality_code, point.item_id, point.measure) == (self.code, item_id, "category_mean")
            and point.domain == "all"
            and point.kind != "reference"
        ]
        return {point.period: point for point in sorted(found, key=lambda point: point.period)}

    def response(self, measure: str, code: str | None = None) -> float | None:
        """Return a figure about taking part (`response_rate`, `answered_n` …), or None."""
        return self.data.figures.value(code or self.code, "response", measure)

    def why_missing(self, figure: Figure | None) -> str:
        """Return why there is no number; one text for every reason of withholding."""
        return WITHHELD if figure is not None and figure.is_suppressed else NO_ANSWERS

    def score_text(self, figure: Figure | None) -> str:
        """Return "3,88", or in words why there is none."""
        return self.why_missing(figure) if figure is None or figure.value is None else numbers.score(figure.value)

    def is_changed(self, item_id: str, earlier: EarlierRound) -> bool:
        """Return whether a category is not the same in an earlier round's codebook."""
        return item_id in self.survey.codebook.crosswalk_to(earlier.facts.codebook_version).broken_categories

    def municipality(self, code: str) -> str:
        """Return a municipality's name."""
        return plain_text(self.data.municipality_names.get(code, code))

    def municipalities(self) -> list[str]:
        """Return the names of all participating, in Danish order."""
        return sorted(map(plain_text, self.data.municipality_names.values()), key=danish_sort_key)

    @property
    def has_any_score(self) -> bool:
        """Whether any category of the area has a number."""
        return any(theme.value is not None for theme in self.themes())

    def no_scores_text(self) -> str:
        """Return the sentence that stands where an area has no number at all."""
        return sentences.no_scores(self.in_text, self.response("answered_n"), self.all_in_text)

    def _score(self, item_id: str, name: str, about: str, measure: str) -> Score:
        find = self.data.figures.find
        is_changed = self.previous is not None and self.is_changed(item_id, self.previous)
        before = None
        if self.previous is not None and not is_changed:
            before = self.previous.figures.find(self.code, item_id, measure)
        national = None if self.is_national else find(ALL_PARTICIPATING, item_id, measure)
        has_alarm = self.data.has_alarm(item_id, measure)
        return Score(item_id, name, about, find(self.code, item_id, measure), national, before, is_changed, has_alarm)


def plain_text(text: str) -> str:
    """
    Return *text* as one line of at most 200 characters that any file format may hold (see `one_line`).
    """
    return one_line(text)[:_LONGEST_NAME]


def period_name(round_id: str) -> str:
    """Return "2. halvår 2023", where the number does not part from its word."""
    year, half = round_id.split("-")
    return f"{half}.{numbers.NO_BREAK_SPACE}halvår {year}"


def rounded_percent(value: float, decimals: int = 0) -> float:
    """Return a share 0 to 1 as the percentage that is printed: 0.3646 → 36, half up from the unrounded value."""
    return float(numbers.rounded(value, decimals + 2) * 100)
