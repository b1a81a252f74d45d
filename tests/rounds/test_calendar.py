"""The Danish working calendar and the half-yearly dates."""

from datetime import date
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.rounds.calendar import (
    TUESDAY,
    day_off,
    half_yearly_dates,
    is_working_day,
    next_working_day,
    opening_days,
)


def test_the_pilot_of_2023_follows_the_standard_dates() -> None:
    dates = half_yearly_dates("2023-2")
    assert dates.key_date == date(2023, 8, 1)
    assert dates.invitation_date == date(2023, 8, 22)
    assert dates.reminder_2_date == date(2023, 9, 5)
    assert dates.close_date == date(2023, 9, 18)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 4, 2), "Skærtorsdag"),
        (date(2026, 5, 14), "Kristi [Hh]immelfartsdag"),
        (date(2026, 5, 15), "fredagen efter"),
        (date(2026, 6, 5), "Grundlovsdag"),
        (date(2026, 12, 23), "julelukket"),
        (date(2027, 1, 2), "lørdag"),
        (date(2025, 1, 2), "julelukket"),
        (date(2026, 11, 22), "søndag"),
    ],
)
def test_nothing_is_sent_on_a_danish_day_off(day: date, reason: str) -> None:
    import re

    assert re.search(reason, str(day_off(day)))


def test_great_prayer_day_is_a_working_day_since_2024() -> None:
    assert not is_working_day(date(2023, 5, 5))
    assert is_working_day(date(2024, 4, 26))


@given(st.integers(2023, 2060), st.sampled_from("12"))
@settings(max_examples=40, deadline=None)
def test_half_yearly_rounds_never_write_on_a_day_off(year: int, half: str) -> None:
    dates = half_yearly_dates(f"{year}-{half}")
    assert all(is_working_day(day) for day in dates.mailing_dates().values())
    assert dates.invitation_date.weekday() == TUESDAY
    assert (dates.reminder_2_date - dates.invitation_date).days == 14


def test_rounds_open_twice_a_year_on_working_days() -> None:
    openings = list(islice(opening_days(date(2026, 8, 1)), 3))
    assert openings == [(date(2026, 8, 3), "2026-2"), (date(2027, 2, 1), "2027-1"), (date(2027, 8, 2), "2027-2")]
    assert next_working_day(date(2026, 12, 24)) == date(2027, 1, 4)
