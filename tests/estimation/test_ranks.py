"""Ranks with their uncertainty: a rank list never says more than the data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import CodeIsOutOfRange
from borgerpuls.estimation.ranks import rank_intervals, rank_probabilities


def intervals(mean, se, **options):
    names = pd.Series([f"K{i}" for i in range(len(mean))])
    return rank_intervals(names, pd.Series(mean, dtype=float), pd.Series(se, dtype=float), draws=4_000, **options)


def test_two_municipalities_are_tied_up_to_196_standard_errors_of_their_difference():
    # by hand: se of the difference 0.1·√2 = 0.1414; 1.96 times that is 0.277
    tied = intervals([3.50, 3.24], [0.1, 0.1])
    assert list(tied["lowest_rank"]) == [1, 1]
    assert list(tied["highest_rank"]) == [2, 2]
    assert list(tied["tied_with"]) == ["K1", "K0"]
    apart = intervals([3.50, 3.19], [0.1, 0.1])
    assert list(apart["lowest_rank"]) == list(apart["highest_rank"]) == [1, 2]
    assert list(apart["tied_with"]) == ["", ""]


def test_a_municipality_without_figure_is_not_ranked_and_says_so():
    table = intervals([3.5, np.nan, 3.9], [0.01, np.nan, 0.01])
    assert list(table["rank"].fillna(0)) == [2, 0, 1]
    assert table.loc[1, "outcome"] == "no figure or no standard error: not ranked"
    assert list(intervals([np.nan], [np.nan])["rank"].fillna(0)) == [0]


def test_equal_census_figures_share_a_rank_and_different_ones_are_sure():
    table = intervals([3.5, 3.5, 3.1], [0.0, 0.0, 0.0])
    assert list(table["rank"]) == [1, 1, 3]
    assert list(table["highest_rank"]) == [2, 2, 3]
    assert table.loc[2, "lowest_rank"] == 3


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(2.5, 4.5), st.floats(0.01, 0.3)), min_size=1, max_size=12),
)
def test_every_rank_lies_in_its_interval_and_ties_are_mutual(figures):
    table = intervals([m for m, _ in figures], [s for _, s in figures])
    assert (table["lowest_rank"] <= table["rank"]).all()
    assert (table["rank"] <= table["highest_rank"]).all()
    tied = {
        name: set(filter(None, names.split(", ")))
        for name, names in zip(table["name"], table["tied_with"], strict=True)
    }
    assert all(one in tied[other] for one, others in tied.items() for other in others)


def test_all_intervals_hold_together_in_95_percent_of_rounds():
    rng = np.random.default_rng(11)
    truth = np.array([3.21, 3.25, 3.25, 3.3, 3.4, 3.42, 3.5, 3.5, 3.55, 3.6, 3.7, 3.78, 3.81])
    se = np.full(13, 0.045)
    best = 1 + (truth[:, None] < truth[None, :]).sum(axis=1)  # ranks shared by equals
    worst = (truth[:, None] <= truth[None, :]).sum(axis=1)
    held = 0
    for _ in range(200):
        table = intervals(rng.normal(truth, se), se)
        held += bool((table["lowest_rank"] <= best).all() and (table["highest_rank"] >= worst).all())
    assert held / 200 >= 0.93  # joint 95 % confidence, 200 rounds: two standard errors are 3 points


def test_probabilities_of_ranks_sum_to_one_and_are_those_of_a_coin_for_equals():
    table = rank_probabilities(pd.Series([3.5, 3.5, np.nan]), pd.Series([0.1, 0.1, np.nan]), shrink=False)
    assert table.loc[0, 1] == pytest.approx(0.5, abs=0.02)
    assert list(table.loc[[0, 1]].sum(axis=1)) == pytest.approx([1.0, 1.0])
    assert table.loc[2].isna().all()
    pd.testing.assert_frame_equal(
        table, rank_probabilities(pd.Series([3.5, 3.5, np.nan]), pd.Series([0.1, 0.1, np.nan]), shrink=False)
    )


def test_shrunk_probabilities_of_being_among_the_best_are_calibrated_and_unshrunk_ones_too_sure():
    rng = np.random.default_rng(3)
    said, came, said_raw = [], [], []
    for _ in range(150):
        truth = rng.normal(3.5, 0.05, 15)
        se = rng.uniform(0.04, 0.1, 15)
        mean = pd.Series(rng.normal(truth, se))
        came.append(truth >= np.sort(truth)[-5])
        for store, shrink in ((said, True), (said_raw, False)):
            chance = rank_probabilities(mean, pd.Series(se), draws=2_000, shrink=shrink)
            store.append(chance.loc[:, 1:5].sum(axis=1).to_numpy())
    said, said_raw, came = np.concatenate(said), np.concatenate(said_raw), np.concatenate(came)

    def gap(chance):
        sure = chance > 0.7
        return chance[sure].mean() - came[sure].mean()

    assert abs(gap(said)) < 0.06
    assert gap(said_raw) > gap(said)


def test_a_negative_standard_error_is_refused():
    with pytest.raises(CodeIsOutOfRange, match="1 standard errors are negative"):
        intervals([3.0, 3.1], [0.1, -0.1])
