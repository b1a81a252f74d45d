"""When a round is forgotten: by hand, for every date, and never later than what the citizens are promised."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from borgerpuls.resources import resource_folder
from borgerpuls.retention.deadlines import PROMISED_MONTHS, deadline_of, months_after
from borgerpuls.settings import Settings
from borgerpuls.terms import RoundState

LATEST_DAYS = 82
days = st.dates(date(2000, 1, 1), date(2199, 12, 31))


def test_the_days_of_a_round_by_hand() -> None:
    found = deadline_of(RoundState.PUBLISHED, date(2023, 9, 18), None, 75)
    assert (found.closed_date, found.due_date, found.promised_date) == (
        date(2023, 9, 18), date(2023, 12, 2), date(2023, 12, 18),
    )  # fmt: skip
    assert not found.is_due(date(2023, 12, 1))
    assert found.is_due(date(2023, 12, 2))
    assert not found.is_near(date(2023, 11, 17))
    assert found.is_near(date(2023, 11, 18))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2022, 11, 30), 3, date(2023, 2, 28)),
        (date(2023, 12, 31), 3, date(2024, 3, 31)),
        (date(2023, 10, 15), 3, date(2024, 1, 15)),
        (date(2023, 9, 18), 0, date(2023, 9, 18)),
    ],
)
def test_months_are_counted_as_people_count_them(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


@given(day=days, stopped_after=st.integers(-200, 200), state=st.sampled_from(list(RoundState)))
def test_the_latest_setting_keeps_the_promise_with_a_week_left_whatever_became_of_the_round(
    day: date, stopped_after: int, state: RoundState
) -> None:
    found = deadline_of(state, day, day + timedelta(days=stopped_after), LATEST_DAYS)
    assert found.closed_date <= day
    assert found.promised_date - found.due_date >= timedelta(days=7)
    assert found.due_date > found.closed_date


def test_a_round_that_was_stopped_counts_from_that_day_unless_its_last_day_was_before() -> None:
    stopped = deadline_of(RoundState.STOPPED, date(2023, 9, 18), date(2023, 8, 25), 75)
    assert stopped.closed_date == date(2023, 8, 25)
    late = deadline_of(RoundState.STOPPED, date(2023, 9, 18), date(2023, 10, 25), 75)
    assert late.closed_date == date(2023, 9, 18)
    without_a_trace = deadline_of(RoundState.STOPPED, date(2023, 9, 18), None, 75)
    assert without_a_trace.closed_date == date(2023, 9, 18)


@pytest.mark.parametrize(
    ("name", "earliest", "latest"), [("round_retention_days", 45, LATEST_DAYS), ("extract_retention_days", 1, 30)]
)
def test_a_setting_beyond_the_promise_or_far_too_short_is_refused(
    name: str, earliest: int, latest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"BORGERPULS_{name.upper()}", str(latest))
    assert getattr(Settings(), name) == latest
    for wrong in (latest + 1, earliest - 1):
        monkeypatch.setenv(f"BORGERPULS_{name.upper()}", str(wrong))
        with pytest.raises(ValidationError, match=name):
            Settings()


def test_the_letters_promise_what_is_kept() -> None:
    letter = (resource_folder("templates") / "letters" / "base.html.j2").read_text(encoding="utf-8")
    assert PROMISED_MONTHS == 3
    assert (
        "Koblingen mellem dig og dit svar bliver slettet senest tre måneder efter, at undersøgelsen er lukket."
        in letter
    )
