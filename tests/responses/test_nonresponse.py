"""Nonresponse: what the register can tell of those who did not answer."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import ColumnIsMissing, PropensityIsNotEstimable
from borgerpuls.responses.nonresponse import (
    compare_stages,
    early_against_late,
    representativity,
    response_propensities,
)


def sample_of(n, slope, seed=7):
    rng = np.random.default_rng(seed)
    sample = pd.DataFrame({"sex": rng.integers(0, 2, n), "age": rng.integers(0, 3, n), "tg": rng.integers(0, 4, n)})
    eta = -0.3 + slope * (sample["age"] - 1) + 0.5 * slope * sample["sex"]
    sample["is_respondent"] = rng.random(n) < 1 / (1 + np.exp(-eta))
    return sample


def test_with_one_variable_propensities_are_the_rates_of_its_groups_by_hand():
    sample = pd.DataFrame(
        {"sex": ["k"] * 10 + ["m"] * 10, "is_respondent": [True] * 6 + [False] * 4 + [True] * 2 + [False] * 8}
    )
    rho = response_propensities(sample, ["sex"])
    assert list(rho[:10]) == pytest.approx([0.6] * 10, abs=1e-5)
    assert list(rho[10:]) == pytest.approx([0.2] * 10, abs=1e-5)
    found = representativity(sample, ["sex"], weight=pd.Series(100.0, index=sample.index))
    # S² = ΣN_k (ρ_k − ρ̄)² / (N − 1) = 2000 · 0.04 / 1999
    assert found.r_unadjusted == pytest.approx(1 - 2 * np.sqrt(80 / 1999), abs=1e-5)
    # Shlomo, Skinner & Schouten: saturated model, so the chance part is Σ_k ρ_k (1 − ρ_k) / n = (0.24 + 0.16) / 20
    adjusted = (1 + 1 / 20 - 1 / 2000) * 80 / 1999 - 0.40 / 20
    assert found.propensity_sd == pytest.approx(np.sqrt(adjusted), abs=1e-4)
    assert list(found.categories["unconditional"]) == pytest.approx([np.sqrt(0.5) * 0.2, -np.sqrt(0.5) * 0.2], abs=1e-5)
    assert found.variables.loc[0, "unconditional"] == pytest.approx(0.2, abs=1e-5)
    assert found.response_rate == pytest.approx(0.4)


def test_logistic_propensities_equal_those_of_scipy_on_the_same_likelihood():
    from scipy.optimize import minimize

    sample = sample_of(600, 0.8)
    weight = pd.Series(np.random.default_rng(1).uniform(1, 4, 600))
    x = np.column_stack([np.ones(600), pd.get_dummies(sample[["sex", "age", "tg"]].astype("str"), drop_first=True)])
    x = x.astype(float)
    y, w = sample["is_respondent"].to_numpy(float), weight.to_numpy()
    best = minimize(
        lambda b: w @ (np.logaddexp(0, x @ b) - y * (x @ b)),
        np.zeros(x.shape[1]),
        jac=lambda b: x.T @ (w * (1 / (1 + np.exp(-x @ b)) - y)),
        options={"gtol": 1e-8},
    )
    ours = response_propensities(sample, ["sex", "age", "tg"], weight=weight)
    assert ours.to_numpy() == pytest.approx(1 / (1 + np.exp(-x @ best.x)), abs=1e-4)


def test_the_indicator_is_near_one_for_random_response_and_falls_as_response_depends_on_the_register():
    found = [representativity(sample_of(4_000, slope), ["sex", "age", "tg"]) for slope in (0.0, 0.4, 1.0)]
    r = [one.r_indicator for one in found]
    assert r[0] > 0.94
    assert r[0] > r[1] > r[2]
    worst = found[2].variables.set_index("variable")
    assert worst["unconditional"].idxmax() == "age"
    assert worst.loc["tg", "conditional"] < worst.loc["age", "conditional"]


def test_the_adjustment_removes_what_chance_alone_puts_into_a_small_sample():
    unadjusted, adjusted = [], []
    for seed in range(60):
        found = representativity(sample_of(150, 0.0, seed=seed), ["sex", "age", "tg"])
        unadjusted.append(found.r_unadjusted)
        adjusted.append(found.r_indicator)
    assert np.mean(unadjusted) < 0.84
    assert np.mean(adjusted) > np.mean(unadjusted) + 0.08


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 120))
def test_category_contributions_sum_to_zero_where_the_model_meets_the_margins(seed, n):
    sample = sample_of(n, 0.5, seed=seed)
    if sample["is_respondent"].nunique() < 2:
        return
    found = representativity(sample, ["sex", "age"])
    assert -1e-9 <= found.propensity_sd <= 0.75
    assert found.r_indicator >= found.r_unadjusted - 0.1
    for _, of_variable in found.categories.groupby("variable"):
        balance = (np.sqrt(of_variable["population_share"]) * of_variable["unconditional"]).sum()
        assert balance == pytest.approx(0, abs=1e-9)


def test_a_category_in_which_everybody_answered_does_not_stop_the_analysis():
    sample = sample_of(200, 0.3)
    sample.loc[sample["age"] == 2, "is_respondent"] = True
    rho = response_propensities(sample, ["sex", "age"])
    assert rho[sample["age"] == 2].min() > 0.99
    assert np.isfinite(rho).all()


@pytest.mark.parametrize(("answered", "message"), [(True, "Everybody answered"), (False, "Nobody answered")])
def test_without_any_contrast_there_is_no_indicator_and_the_message_says_why(answered, message):
    sample = sample_of(30, 0.0).assign(is_respondent=answered)
    with pytest.raises(PropensityIsNotEstimable, match=message):
        representativity(sample, ["sex"])


def test_a_missing_register_value_or_column_is_named():
    sample = sample_of(30, 0.0)
    with pytest.raises(PropensityIsNotEstimable, match="'age' is missing for 1 sampled"):
        response_propensities(sample.assign(age=[None, *sample["age"][1:]]), ["age"])
    with pytest.raises(ColumnIsMissing, match="'visitation'"):
        response_propensities(sample, ["visitation"])


def test_frame_sample_and_respondents_side_by_side_by_hand():
    frame = pd.DataFrame(
        {
            "sex": ["k", "k", "k", "k", "m", "m"],
            "is_sampled": [True, True, False, False, True, False],
            "is_respondent": [True, False, False, False, True, False],
            "selection_probability": [0.5, 0.5, None, None, 0.5, None],
        }
    )
    table = compare_stages(frame, ["sex"]).set_index("category")
    assert list(table["frame_n"]) == [4, 2]
    assert list(table["sample_n"]) == [2, 1]
    assert table.loc["k", "frame_share"] == pytest.approx(4 / 6)
    assert table.loc["k", "weighted_sample_share"] == pytest.approx(4 / 6)
    assert table.loc["k", "respondents_share"] == 0.5
    assert list(table["response_share"]) == [0.5, 1.0]


def test_late_respondents_are_set_against_early_ones_and_the_mean_is_followed_over_the_waves():
    score = pd.Series([5.0, 4.0, None, 3.0, 1.0, 2.0])
    table = early_against_late(score, pd.Series([1.0, 1, 1, 2, 1, 1]), pd.Series([0, 0, 0, 1, 2, 2]))
    assert list(table["n"]) == [2, 1, 2]
    assert list(table["mean"]) == [4.5, 3.0, 1.5]
    assert list(table["cumulative_mean"]) == pytest.approx([4.5, 15 / 4, 18 / 6])
    assert table.loc[2, "difference_from_first"] == -3.0
    assert table.loc[0, "standard_error"] == pytest.approx(0.5)
    assert np.isnan(table.loc[1, "standard_error"])
