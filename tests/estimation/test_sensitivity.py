"""The sensitivity band: what a dependence of response on satisfaction would mean."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import CellIsMissing, MoreAnswersThanPeople
from borgerpuls.estimation.sensitivity import sensitivity_band


def round_of(seed, n_cell, gamma):
    """A population in 12 cells, half of it invited, answering by expit(a_c + γ z): answers, cells and the true mean."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"cell": np.repeat(np.arange(12), n_cell)})
    people["y"] = np.clip(np.round(rng.normal(3.2 + 0.05 * people["cell"], 1.2)), 1, 5)
    z = (people["y"] - people["y"].mean()) / people["y"].std()
    invited = rng.random(len(people)) < 0.5
    answered = invited & (rng.random(len(people)) < 1 / (1 + np.exp(0.4 - 0.05 * people["cell"] - gamma * z)))
    cells = pd.DataFrame(
        {
            "N": people.groupby("cell").size(),
            "invited": people[invited].groupby("cell").size(),
            "answers": people[answered].groupby("cell").size(),
        }
    )
    return people[answered].reset_index(drop=True), cells, people["y"].mean()


def test_the_band_restores_the_truth_when_the_dependence_is_the_one_named():
    answers, cells, truth = round_of(1, 20_000, 0.25)
    band = sensitivity_band(answers["y"], answers["cell"], cells, gammas=[0.25, 0.4])
    wide, band = band.iloc[1], band.iloc[0]
    assert band["mean"] - truth > 0.10  # weighting to the register does not repair it
    assert band["mean_if_satisfied_answer_more"] == pytest.approx(truth, abs=0.015)
    assert wide["lowest"] < truth < wide["highest"]


def test_one_cell_by_hand():
    # two answers 5 and 1 of four invited, population 40, z = ±1: the two silent ones are e^∓γ parts
    cells = pd.DataFrame({"N": [40], "invited": [4], "answers": [2]}, index=["c"])
    band = sensitivity_band(pd.Series([5.0, 1.0]), pd.Series(["c", "c"]), cells, gammas=[0.5]).iloc[0]
    assert band["mean"] == pytest.approx(3.0)
    down = np.exp(-0.5) / (np.exp(-0.5) + np.exp(0.5))
    expected = (5 * (1 + 2 * down) + 1 * (1 + 2 * (1 - down))) / 4
    assert band["mean_if_satisfied_answer_more"] == pytest.approx(expected)
    assert band["mean_if_satisfied_answer_less"] == pytest.approx(6 - expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_band_holds_the_weighted_mean_and_widens_with_gamma(seed):
    answers, cells, _ = round_of(seed, 60, 0.0)
    band = sensitivity_band(answers["y"], answers["cell"], cells, gammas=[0.05, 0.10, 0.25])
    weight = (cells["N"] / cells["answers"]).reindex(answers["cell"]).to_numpy()
    assert band["mean"].to_numpy() == pytest.approx(np.average(answers["y"], weights=weight))
    assert (band["lowest"] <= band["mean"]).all()
    assert (band["mean"] <= band["highest"]).all()
    assert band["highest"].is_monotonic_increasing
    assert band["lowest"].is_monotonic_decreasing


def test_nobody_silent_leaves_no_band_and_an_empty_domain_no_figure():
    cells = pd.DataFrame({"N": [3], "invited": [3], "answers": [3]}, index=[7])
    score, cell = pd.Series([5.0, 2.0, 4.0]), pd.Series([7, 7, 7])
    band = sensitivity_band(score, cell, cells).iloc[0]
    assert band["lowest"] == pytest.approx(band["highest"])
    empty = sensitivity_band(score, cell, cells, domain=pd.Series([False] * 3))
    assert empty[["mean", "lowest", "highest"]].isna().all(axis=None)


def test_impossible_cells_are_named():
    cells = pd.DataFrame({"N": [10], "invited": [1], "answers": [1]}, index=[3])
    with pytest.raises(MoreAnswersThanPeople, match="Cell 3 has more answers"):
        sensitivity_band(pd.Series([1.0, 2.0]), pd.Series([3, 3]), cells)
    with pytest.raises(CellIsMissing, match="Cells 4 have answers"):
        sensitivity_band(pd.Series([1.0]), pd.Series([4]), cells)
