"""Allocation: sizes from a precision target, spread by largest remainders."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import PrecisionIsImpossible, SampleSizeIsImpossible, TotalIsOutOfReach
from borgerpuls.sampling.allocation import (
    PrecisionTarget,
    configured_sizes,
    hamilton,
    hamilton_in_groups,
    size_for_precision,
    sizes_by_precision,
)


def test_largest_remainders_get_the_rest_by_hand():
    # 10 over 41, 33, 26 of 100: 4.1, 3.3, 2.6 → 4, 3, 2 and one to the third
    assert hamilton([41, 33, 26], 10).tolist() == [4, 3, 3]
    assert hamilton([1, 1, 1, 1], 2).tolist() == [1, 1, 0, 0]
    assert hamilton([0, 5, 5], 3).tolist() == [0, 2, 1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30), st.integers(0, 5_000))
def test_hamilton_sums_to_the_total_and_stays_within_one_of_proportional(sizes, total):
    if sum(sizes) == 0:
        sizes = [1, *sizes]
    allocated = hamilton(sizes, total)
    assert allocated.sum() == total
    exact = [size * total / sum(sizes) for size in sizes]
    assert all(np.floor(e) <= n <= np.ceil(e) for e, n in zip(exact, allocated, strict=True))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(1, 500), min_size=1, max_size=8), st.integers(0, 300)), min_size=1))
def test_many_groups_at_once_are_the_same_as_one_by_one(groups):
    sizes = np.array([size for members, _ in groups for size in members])
    group = np.repeat(np.arange(len(groups)), [len(members) for members, _ in groups])
    totals = np.array([total for _, total in groups])
    together = hamilton_in_groups(sizes, group, totals)
    assert together.tolist() == [n for members, total in groups for n in hamilton(members, total)]


def test_the_precision_formula_by_hand():
    # N = 1000, e = 0.05, p = 0.5: 1000·0.9604 / (0.0025·999 + 0.9604) = 277.73; half answer: 555.47
    target = PrecisionTarget(0.05)
    assert size_for_precision(1000, target) == pytest.approx(277.73, abs=0.01)
    assert size_for_precision(1000, PrecisionTarget(0.05, expected_response=0.5)) == pytest.approx(555.47, abs=0.01)
    sizes = sizes_by_precision(pd.Series({"a": 1000, "b": 10**9}), target)
    assert sizes.to_dict() == {"a": 278, "b": 385}


def test_sizes_are_kept_in_the_limits_and_never_above_the_frame():
    frame_n = pd.Series({"small": 100, "middle": 3000, "large": 100_000})
    target = PrecisionTarget(0.03, expected_response=0.43, minimum=1016, maximum=2266)
    assert sizes_by_precision(frame_n, target).to_dict() == {"small": 100, "middle": 1831, "large": 2266}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=98), st.floats(0, 1))
def test_the_total_is_met_exactly_with_censuses_where_it_must_be(frame, part):
    frame_n = pd.Series(frame)
    total = int(part * frame_n.sum())
    sizes = sizes_by_precision(frame_n, PrecisionTarget(0.03, expected_response=0.4, minimum=50), total=total)
    assert sizes.sum() == total
    assert (sizes <= frame_n).all()
    assert (sizes >= 0).all()


def test_configured_sizes_are_checked_and_capped_at_a_census():
    frame_n = pd.Series({101: 500, 147: 80})
    assert configured_sizes(frame_n, pd.Series({147: 90, 101: 100, 999: 5})).to_dict() == {101: 100, 147: 80}
    with pytest.raises(SampleSizeIsImpossible, match="sizes: Municipality 147 is in the frame but has no size"):
        configured_sizes(frame_n, pd.Series({101: 100}))
    for wrong, shown in ((-1.0, "-1"), (2.5, "2.5"), (np.nan, "nan")):
        with pytest.raises(SampleSizeIsImpossible, match=f"municipality 147: The size {shown} is not a whole number"):
            configured_sizes(frame_n, pd.Series({101: 100, 147: wrong}))
    with pytest.raises(SampleSizeIsImpossible, match="Municipality 101 has more than one size"):
        configured_sizes(frame_n, pd.Series([100, 90, 80], index=[101, 147, 101]))


def test_impossible_wishes_are_named():
    with pytest.raises(PrecisionIsImpossible, match="The margin 3 is not between 0 and 1"):
        PrecisionTarget(3)
    with pytest.raises(PrecisionIsImpossible, match="The expected response 0 is not above 0"):
        PrecisionTarget(0.03, expected_response=0)
    with pytest.raises(PrecisionIsImpossible, match="The limits 500 to 100 leave no size"):
        PrecisionTarget(0.03, minimum=500, maximum=100)
    with pytest.raises(TotalIsOutOfReach) as error:
        sizes_by_precision(pd.Series([10, 20]), PrecisionTarget(0.03), total=31)
    assert (
        str(error.value)
        == "allocation: The total 31 is not between 0 and the 30 persons of the frame. Lower the total."
    )
    with pytest.raises(TotalIsOutOfReach, match="5 persons shall be drawn where nobody is"):
        hamilton([0, 0], 5)
