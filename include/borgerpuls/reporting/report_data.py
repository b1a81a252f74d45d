"""
What a report is made of: the round's facts, its figures, and what a municipality says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from borgerpuls.questionnaire.definition import Item
from borgerpuls.reporting import numbers
from borgerpuls.reporting.figures import (
    Alarm,
    FigureSet,
    MergedCell,
    Notice,
    TrendPoint,
)
from borgerpuls.reporting.survey import local_question

TITLE = "Tværkommunal borgerundersøgelse"


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """The plan of a round, as the reports print it."""

    round_id: str
    reference_start_date: date
    reference_end_date: date
    key_date: date
    invitation_date: date
    reminder_1_date: date
    reminder_2_date: date
    close_date: date
    codebook_version: str
    questionnaire_version: str
    channels: tuple[str, ...]
    """What may carry its messages, as `Channel`."""
    sms_share: float = 1.0
    """Share of the sample that gets the reminders by SMS too, 0 to 1; drawn at random where it is between them."""

    @property
    def name(self) -> str:
        """Return "2. halvår 2023"."""
        return numbers.period(self.round_id)


@dataclass(frozen=True, slots=True)
class EarlierRound:
    """A round before this one, for the comparison and the trend."""

    facts: RoundFacts
    figures: FigureSet


class Greeting(NamedTuple):
    """What a municipality says on the first page of its report: at most 200 letters, and its logo as PNG."""

    text: str
    logo: bytes | None


@dataclass(frozen=True)
class ReportData:
    """
    What one report is made of.

    `municipality_code` is a municipality's or "alle". `earlier` is oldest first. Thresholds are numbers of answers.
    """

    facts: RoundFacts
    municipality_code: str
    municipality_names: Mapping[str, str]
    figures: FigureSet
    snapshot_id: str
    code_version: str
    earlier: tuple[EarlierRound, ...] = ()
    suppress_below: int = 5
    uncertain_below: int = 30
    trend: tuple[TrendPoint, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    notices: tuple[Notice, ...] = ()
    merged_cells: tuple[MergedCell, ...] = ()
    open_answers: tuple[tuple[str, str], ...] = ()
    """Item and text of every approved open answer, in the order they are printed."""
    local_items: tuple[Item, ...] = ()
    """The municipality's own questions, `local1` to `local3`."""
    greeting: Greeting | None = None

    def has_alarm(self, item_id: str, measure: str) -> bool:
        """Return whether the fall of a score has raised an alarm."""
        return any((alarm.item_id, alarm.measure) == (item_id, measure) for alarm in self.alarms)

    @property
    def own_words(self) -> list[str]:
        """Return what the municipality and its citizens wrote: every text that is printed as it came."""
        questions = [local_question(item, place) for place, item in enumerate(self.local_items, 1)]
        return [
            *self.municipality_names.values(),
            *(text for _, text in self.open_answers),
            *(figure.domain_group for figure in self.figures if figure.domain.startswith("local_")),
            *(text for question in questions for text in (question.wording, *dict(question.answers).values())),
            *([self.greeting.text] if self.greeting else []),
        ]
