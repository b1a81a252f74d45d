"""Is the SMS worth it? The arms compared within municipalities."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import RoundHasNoArms
from borgerpuls.fieldwork.arms import compare_arms


def counts(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["municipality_code", "arm", "people", "answered"])


def test_two_municipalities_by_hand() -> None:
    found = compare_arms(
        counts(("0461", "with_sms", 11, 5), ("0461", "without_sms", 9, 3), ("0707", "with_sms", 5, 4),
               ("0707", "without_sms", 5, 2), ("0101", "with_sms", 1, 1), ("0101", "without_sms", 30, 3))
    )  # fmt: skip
    # 0461 has 20 of 30 people: 5/11 - 3/9 = 4/33; 0707 has 10: 4/5 - 2/5 = 2/5; 0101 has one person in an arm.
    assert found.difference == pytest.approx(2 / 3 * 4 / 33 + 1 / 3 * 2 / 5)
    first = (5 / 11) * (6 / 11) / 10 + (1 / 3) * (2 / 3) / 8
    second = 0.8 * 0.2 / 4 + 0.4 * 0.6 / 4
    assert found.standard_error == pytest.approx((4 / 9 * first + 1 / 9 * second) ** 0.5)
    assert (found.people_with, found.people_without, found.left_out) == (16, 14, 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 400), st.integers(2, 400)), min_size=1, max_size=5), st.floats(0, 1))
def test_the_difference_is_between_its_extremes_and_turns_with_the_arms(
    sizes: list[tuple[int, int]], share: float
) -> None:
    rows = [
        (f"{code:04d}", arm, people, round(share * people))
        for code, pair in enumerate(sizes)
        for arm, people in zip(("with_sms", "without_sms"), pair, strict=True)
    ]
    found = compare_arms(counts(*rows))
    turned = compare_arms(
        counts(*[(c, {"with_sms": "without_sms", "without_sms": "with_sms"}[a], p, n) for c, a, p, n in rows])
    )
    assert -1 <= found.difference <= 1
    assert found.standard_error >= 0
    assert turned.difference == pytest.approx(-found.difference)
    assert turned.standard_error == pytest.approx(found.standard_error)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    dice = np.random.default_rng(7)
    held, rounds = 0, 150
    for _ in range(rounds):
        rows = [
            (code, arm, 150, int(dice.binomial(150, base + effect)))
            for code, base in (("0461", 0.3), ("0707", 0.5))
            for arm, effect in (("with_sms", 0.06), ("without_sms", 0.0))
        ]
        lower, upper = compare_arms(counts(*rows)).interval
        held += lower <= 0.06 <= upper
    assert 0.90 <= held / rounds <= 0.99


def test_a_round_without_arms_is_named() -> None:
    for table in (counts(), counts(("0461", "with_sms", 10, 3))):
        with pytest.raises(RoundHasNoArms, match="trukket lod"):
            compare_arms(table)
