"""
Progress: how many have answered day by day in every municipality and target group, beside what was to be expected. Pure.

The expected curve has two parts. *How many* answer in the end: the rate of the target group in the latest frozen round
before, else the pilot's 43 %. *When*: each letter brings a share of all answers, which come in with an exponential delay.
The shares are those of the round before, else assumed (45, 30 and 25 %: the pilot printed its curve as a picture only).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

GROUP = ["municipality_code", "target_group"]
PILOT_RATE = 0.43
ASSUMED_SHARES = (0.45, 0.30, 0.25)
DELAY_DAYS = 1.6
"""Mean time from a letter to the answers it brings; assumed, as in the sandbox's recipe."""
BEHIND_ERRORS = 3.0
"""A group is behind when it lies this many binomial standard errors below its curve: 1 in 700 by chance."""


@dataclass(frozen=True)
class Expectation:
    """What a round before leads one to expect of this one."""

    source: str = "piloten"
    """The round it comes from, or `piloten`."""
    rates: "pd.Series[float]" = field(default_factory=lambda: pd.Series(dtype="float64"))
    """Answered of sampled, index target group; groups that are not in it get `rate`."""
    rate: float = PILOT_RATE
    wave_shares: tuple[float, ...] = ASSUMED_SHARES
    """Share of all answers that come after each letter and before the next."""


def learn(
    source: str, sampled: pd.DataFrame, answered: pd.DataFrame, letter_dates: Sequence[date], close_date: date
) -> Expectation:
    """
    Return what a finished round leads one to expect; the pilot's where nobody answered in it.

    Args:
        source: The finished round.
        sampled: `target_group`, `sampled_n` (persons), any number of rows per group.
        answered: `target_group`, `answered_date`, `answered_n` (persons), any number of rows per group.
        letter_dates: Invitation and reminders.
        close_date: Last day that an answer counts; later ones are not counted here.
    """
    in_time = answered[answered["answered_date"] <= close_date]
    total = float(in_time["answered_n"].sum())
    if not total:
        return Expectation()
    asked = sampled.groupby("target_group")["sampled_n"].sum()
    gave = in_time.groupby("target_group")["answered_n"].sum().reindex(asked.index, fill_value=0)
    wave = np.searchsorted(np.array(letter_dates, dtype="datetime64[D]"), _days(in_time["answered_date"]), side="right")
    by_wave = in_time["answered_n"].groupby(np.clip(wave, 1, len(letter_dates))).sum()
    shares = tuple(float(by_wave.get(number, 0)) / total for number in range(1, len(letter_dates) + 1))
    return Expectation(source, gave / asked, total / float(asked.sum()), shares)


def expected_share(
    days: Sequence[date], letter_dates: Sequence[date], close_date: date, wave_shares: Sequence[float]
) -> np.ndarray:
    """
    Return which share of all answers has come by the end of each day: 0 before the first letter, 1 on the last day.

    Args:
        days: Any days, shape (n,).
        letter_dates: Invitation and reminders, ascending.
        close_date: Last day.
        wave_shares: Share of all answers after each letter; sums to 1.
    """
    come = np.zeros(len(days))
    ends = [*(later - timedelta(days=1) for later in letter_dates[1:]), close_date]
    for start, end, share in zip(letter_dates, ends, wave_shares, strict=True):
        length = (end - start).days + 1
        passed = np.array([min(max((day - start).days + 1, 0), length) for day in days])
        come += share * (1 - np.exp(-passed / DELAY_DAYS)) / (1 - np.exp(-length / DELAY_DAYS))
    return come


def progress(
    sampled: pd.DataFrame,
    answered: pd.DataFrame,
    expectation: Expectation,
    *,
    letter_dates: Sequence[date],
    close_date: date,
    today: date,
) -> pd.DataFrame:
    """
    Lay the answers beside their expected curve.

    Args:
        sampled: One row per municipality and target group: `municipality_code`, `target_group`, `sampled_n`.
        answered: One row per municipality, target group and day with answers: `answered_date`, `answered_n`.
        expectation: How many and when.
        letter_dates: Invitation and reminders.
        close_date: Last day that an answer counts.
        today: Last day shown.

    Returns:
        One row per municipality, target group and day from the invitation to *today* or the close: `day` (date),
        `sampled_n`, `answered_n` (persons so far; those who answered after the close are in no row), `response_share`,
        `expected_share` (0-1, of the sampled), `is_behind`.
    """
    last = min(today, close_date)
    days = [letter_dates[0] + timedelta(days=n) for n in range(max(0, (last - letter_dates[0]).days + 1))]
    grid = sampled.merge(pd.DataFrame({"day": pd.Series(days, dtype=object)}), how="cross")
    counted = answered.rename(columns={"answered_date": "day"})
    grid = grid.merge(counted, on=[*GROUP, "day"], how="left").sort_values([*GROUP, "day"], ignore_index=True)
    answered_n = grid["answered_n"].astype(float).fillna(0)  # a query without rows has no type
    grid["answered_n"] = answered_n.groupby([grid[name] for name in GROUP]).cumsum().astype(int)
    rate = grid["target_group"].map(expectation.rates).astype(float).fillna(expectation.rate)
    shape = dict(zip(days, expected_share(days, letter_dates, close_date, expectation.wave_shares), strict=True))
    expected = rate * grid["day"].map(shape).astype(float)
    persons = grid["sampled_n"] * expected
    error = np.sqrt(grid["sampled_n"] * expected * (1 - expected))
    return grid.assign(
        response_share=grid["answered_n"] / grid["sampled_n"],
        expected_share=expected,
        is_behind=grid["answered_n"] < persons - BEHIND_ERRORS * error,
    )


def _days(dates: "pd.Series[date]") -> np.ndarray:
    return np.array(list(dates), dtype="datetime64[D]")
