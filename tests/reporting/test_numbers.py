"""Numbers as Danish readers write them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.reporting import numbers


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (numbers.score(4.114), "4,11"),
        (numbers.score(3.525), "3,53"),
        (numbers.count(8613), "8.613"),
        (numbers.base(369), "n\u00a0=\u00a0369"),
        (numbers.percent(0.365), "36,5\u00a0%"),
        (numbers.percent(0.285, 0), "29\u00a0%"),
        (numbers.whole_percent(0.125), "13"),
        (numbers.difference(0.29), "+0,29"),
        (numbers.difference(-0.29), "\u22120,29"),
        (numbers.difference(-0.004), "0,00"),
        (numbers.interval(3.99, 4.23), "3,99–4,23"),
        (numbers.day(date(2023, 9, 18)), "18.\u00a0september 2023"),
        (numbers.decimal_text(64085.25, 1), "64.085,3"),
        (numbers.word(6), "seks"),
        (numbers.word(98), "98"),
        (numbers.enumeration(["a", "b", "c"]), "a, b og c"),
        (numbers.enumeration(["a"]), "a"),
    ],
)
def test_numbers_are_written_as_in_the_design_guide(written: str, expected: str) -> None:
    assert written == expected


@given(st.floats(min_value=1, max_value=5), st.integers(min_value=0, max_value=3))
@settings(max_examples=50, deadline=None)
def test_rounding_is_half_up_and_never_further_than_half_a_unit(value: float, decimals: int) -> None:
    result = numbers.rounded(value, decimals)
    unit = Decimal(1).scaleb(-decimals)
    assert -unit / 2 < result - Decimal(repr(value)) <= unit / 2
    assert result == result.quantize(unit)
