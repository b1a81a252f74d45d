"""
Deadlines: from when the promise to the citizens counts, when a round is forgotten, and when somebody is warned. Pure.

The letters promise: "Koblingen mellem dig og dit svar bliver slettet senest tre måneder efter, at undersøgelsen er lukket."
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from borgerpuls.terms import RoundState

PROMISED_MONTHS = 3
WARNING_DAYS = 14


@dataclass(frozen=True)
class Deadline:
    """The days of one round."""

    closed_date: date
    """From when the promise counts: the last day of answers, or the day the round was stopped before it."""
    due_date: date
    """When the round is forgotten."""
    promised_date: date
    """The last day on which that keeps the promise."""

    def is_due(self, today: date) -> bool:
        """Tell whether the day has come; a day that nothing ran is made good the next."""
        return today >= self.due_date

    def is_near(self, today: date) -> bool:
        """Tell whether there are two weeks left, or fewer."""
        return today >= self.due_date - timedelta(days=WARNING_DAYS)


def deadline_of(state: RoundState, close_date: date, stopped_date: date | None, retention_days: int) -> Deadline:
    """
    Return the days of a round; one that nobody has closed is over on its last day all the same.

    Args:
        state: How far the round has come.
        close_date: The last day of answers.
        stopped_date: When somebody stopped it, if anybody did.
        retention_days: Days from the end to the forgetting.
    """
    is_cut_short = state == RoundState.STOPPED and stopped_date is not None
    closed_date = min(close_date, stopped_date) if is_cut_short and stopped_date else close_date
    return Deadline(
        closed_date, closed_date + timedelta(days=retention_days), months_after(closed_date, PROMISED_MONTHS)
    )


def months_after(day: date, months: int) -> date:
    """Return the same day of the month some months later, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
