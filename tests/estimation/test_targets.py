"""The probability that a target score is reached."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from borgerpuls.errors import CodeIsOutOfRange
from borgerpuls.estimation.targets import reach_target


def one(mean, se, df):
    return pd.DataFrame({"mean": [mean], "se_mean": [se], "df": [df]})


def test_the_probability_is_one_half_at_the_target_and_follows_t_by_hand():
    assert reach_target(one(4.0, 0.1, 20), 4.0)["probability"].iloc[0] == pytest.approx(0.5)
    found = reach_target(one(3.9, 0.05, 12), 4.0).iloc[0]
    assert found["probability"] == pytest.approx(stats.t.cdf(-2, 12))
    assert not found["is_reached"]


@pytest.mark.parametrize(
    ("mean", "se", "df", "outcome"),
    [
        (np.nan, np.nan, np.nan, "no figure"),
        (3.4, 0.2, 0, "no degrees of freedom: no probability"),
        (3.4, 0.0, 25, "everybody answered: no uncertainty of sampling"),
    ],
)
def test_a_probability_that_cannot_be_had_is_left_out_with_the_reason(mean, se, df, outcome):
    found = reach_target(one(mean, se, df), 3.0).iloc[0]
    assert found["outcome"] == outcome
    assert pd.isna(found["probability"]) == (se != 0)


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 5), st.floats(0.01, 0.5), st.integers(1, 900), st.floats(1, 4.9))
def test_a_higher_target_is_never_more_likely(mean, se, df, target):
    low = reach_target(one(mean, se, df), target)["probability"].iloc[0]
    high = reach_target(one(mean, se, df), target + 0.1)["probability"].iloc[0]
    assert 0 <= high <= low <= 1


def test_probabilities_are_calibrated_when_the_target_is_drawn_around_the_truth():
    rng = np.random.default_rng(5)
    n = 20_000
    truth = rng.uniform(2.5, 4.5, n)
    mean = truth + 0.1 * rng.standard_normal(n) * np.sqrt(1.0)
    target = truth + rng.uniform(-0.5, 0.5, n)
    table = pd.DataFrame({"mean": mean - target + 3, "se_mean": 0.1, "df": 10_000})
    probability = reach_target(table, 3.0)["probability"].to_numpy()
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (probability >= low) & (probability < low + 0.2)
        assert np.mean((truth >= target)[inside]) == pytest.approx(probability[inside].mean(), abs=0.03)


def test_a_target_off_the_scale_is_refused():
    with pytest.raises(CodeIsOutOfRange, match="Target 80 is not between 1 and 5"):
        reach_target(one(3.5, 0.1, 9), 80)
