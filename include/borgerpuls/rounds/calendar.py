"""
The Danish working calendar: when a round may write to people, and the dates of the half-yearly rounds.

Holidays come from the package `holidays` (public, and the half-official 1 May, 5 June, 24 and 31 December); besides
them nothing is sent on the Friday after Ascension Day or from 22 December to 2 January (shared/INTEGRATION.md § 7).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

TUESDAY = 1
SATURDAY = 5
REMINDER_GAP = timedelta(days=7)
CLOSE_AFTER = timedelta(days=27)
"""Days from invitation to the last day: the pilot's 22 August to 18 September 2023."""

SPRING_KEY_DATE = (2, 1)
AUTUMN_KEY_DATE = (8, 1)
INVITATION_AFTER = timedelta(days=21)
"""Days from key date to the earliest invitation: extracts, frame, sample and approval need them."""


@lru_cache(maxsize=64)
def _days_off(year: int) -> dict[date, str]:
    """Return the days of *year* on which nothing is sent, with their Danish names."""
    days = {day: str(name) for day, name in holidays.country_holidays(
        "DK", years=year, language="da", categories=("public", "optional")
    ).items()}  # fmt: skip
    for day, name in list(days.items()):
        if "himmelfart" in name.casefold():
            days[day + timedelta(days=1)] = "fredagen efter Kristi himmelfartsdag"
    day = date(year, 12, 22)
    while day.year == year:
        days.setdefault(day, "julelukket")
        day += timedelta(days=1)
    days.setdefault(date(year, 1, 2), "julelukket")
    return days


def day_off(day: date) -> str | None:
    """Return why nothing is sent on *day* (in Danish), or None on a working day."""
    if day.weekday() >= SATURDAY:
        return "lørdag" if day.weekday() == SATURDAY else "søndag"
    return _days_off(day.year).get(day)


def is_working_day(day: date) -> bool:
    """Tell whether letters and texts may be sent on *day*."""
    return day_off(day) is None


def next_working_day(day: date) -> date:
    """Return *day*, or the first working day after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@dataclass(frozen=True)
class RoundDates:
    """The dates of one round. The reference quarter and key date decide who is asked; the rest when."""

    reference_start_date: date
    reference_end_date: date
    key_date: date
    invitation_date: date
    reminder_1_date: date
    reminder_2_date: date
    close_date: date

    def mailing_dates(self) -> dict[str, date]:
        """Return the days on which people are written to or the round closes, by column name."""
        names = ("invitation_date", "reminder_1_date", "reminder_2_date", "close_date")
        return {name: getattr(self, name) for name in names}


def half_yearly_dates(round_id: str) -> RoundDates:
    """
    Return the standard dates of a round: the pilot's pattern, moved by whole weeks past holidays.

    The autumn round (`…-2`) asks about the second quarter with key date 1 August, the spring round (`…-1`) about the
    fourth quarter of the year before with key date 1 February. Invitations go out on a Tuesday.
    """
    year, half = int(round_id[:4]), round_id[-1]
    if half == "2":
        reference = date(year, 4, 1), date(year, 6, 30)
        key_date = date(year, *AUTUMN_KEY_DATE)
    else:
        reference = date(year - 1, 10, 1), date(year - 1, 12, 31)
        key_date = date(year, *SPRING_KEY_DATE)
    invitation = key_date + INVITATION_AFTER
    invitation += timedelta(days=(TUESDAY - invitation.weekday()) % 7)
    while True:
        dates = RoundDates(
            *reference, key_date, invitation, invitation + REMINDER_GAP, invitation + 2 * REMINDER_GAP,
            invitation + CLOSE_AFTER,
        )  # fmt: skip
        if all(is_working_day(day) for day in dates.mailing_dates().values()):
            return dates
        invitation += REMINDER_GAP


def opening_days(since: date) -> Iterator[tuple[date, str]]:
    """Yield the day on which each half-yearly round opens, and its id, from *since* on: two working weeks early."""
    year = since.year
    while True:
        for half, key_date in (("1", SPRING_KEY_DATE), ("2", AUTUMN_KEY_DATE)):
            opening = next_working_day(date(year, *key_date))
            if opening >= since:
                yield opening, f"{year}-{half}"
        year += 1
