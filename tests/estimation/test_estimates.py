"""Estimates and their variance: by hand, against the plain formula person by person, and at the edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from small_surveys import ORDER, answers_of, design_of, plainly, population_of, random_survey

from borgerpuls.errors import CellIsMissing, NothingToEstimate
from borgerpuls.estimation.estimates import (
    BROKEN_OFF,
    DONT_KNOW,
    EVERYONE,
    NOT_ASKED,
    SCALE,
    Outcome,
    Partition,
    estimate_items,
    estimate_options,
    estimate_score,
    item_moments,
    standard_partitions,
)
from borgerpuls.estimation.tables import estimate_survey
from borgerpuls.estimation.variance import Variance, survey_design
from borgerpuls.weighting.cells import collapse_cells


def domain(respondents, row) -> np.ndarray:
    inside = np.ones(len(respondents), bool) if row["var"] == "all" else respondents[row["var"]] == row["group"]
    return np.asarray(inside & ((respondents["muni"] == row["muni"]) | (row["muni"] == -1)))


# --- by hand ------------------------------------------------------------------------------------------------------


def test_mean_and_standard_error_of_one_cell_by_hand():
    # 20 persons, answers 2 4 4 5 5: mean 4, Σ(y − ȳ)² = 6, V = (1 − 5/20)·(6/4)/5 = 0.225; df = 5 − 1
    respondents = answers_of([(1, 0, 0, 0, q) for q in (2, 4, 4, 5, 5)])
    design = design_of(respondents, population_of({(1, 0, 0, 0): 20}))
    row = estimate_items(design, respondents, ["q1"], [EVERYONE]).iloc[1]
    assert (row["muni"], row["n"], row["missing_n"], row["df"]) == (1, 5, 0, 4)
    assert row["mean"] == pytest.approx(4)
    assert row["se_mean"] == pytest.approx(np.sqrt(0.225))
    assert row["lo_mean"] == pytest.approx(4 - t.ppf(0.975, 4) * np.sqrt(0.225))
    # share of 5: 0.4, V = 0.75 · (0.4·0.6·5/4)/5 = 0.045; logit interval
    assert row["p5"] == pytest.approx(0.4)
    assert row["se_p5"] == pytest.approx(np.sqrt(0.045))
    l, half = np.log(0.4 / 0.6), t.ppf(0.975, 4) * np.sqrt(0.045) / 0.24  # noqa: E741
    assert row["lo_p5"] == pytest.approx(1 / (1 + np.exp(-(l - half))))
    assert row["hi_p5"] == pytest.approx(1 / (1 + np.exp(-(l + half))))
    assert row["top2"] == pytest.approx(0.8)
    assert row["se_top2"] == pytest.approx(np.sqrt(0.75 * (0.8 * 0.2 * 5 / 4) / 5))


def test_two_cells_are_weighted_to_their_persons_by_hand():
    # weights 4 and 2; mean (4·5·3 + 2·5·5)/30 = 110/30; u differs only by a constant inside a cell: V = 0
    respondents = answers_of([(1, 0, 0, 0, 3)] * 5 + [(1, 1, 0, 0, 5)] * 5)
    design = design_of(respondents, population_of({(1, 0, 0, 0): 20, (1, 1, 0, 0): 10}))
    row = estimate_items(design, respondents, ["q1"], [EVERYONE]).iloc[0]
    assert row["mean"] == pytest.approx(110 / 30)
    assert row["se_mean"] == pytest.approx(0, abs=1e-9)
    assert row["df"] == 8


# --- against the plain formula ------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(Variance)), st.integers(1, 5))
def test_the_count_table_says_what_the_formula_says_person_by_person(seed, variance, minimum):
    respondents, population = random_survey(seed)
    design = design_of(respondents, population, variance, minimum)
    table = estimate_items(design, respondents, ["q1", "q2"], standard_partitions())
    compared = 0
    for row in table.to_dict("records"):
        inside, answers = domain(respondents, row), respondents[row["question"]].to_numpy(float)
        mean, se, n = plainly(design, respondents, answers, inside)
        assert row["n"] == n
        assert row["missing_n"] == inside.sum() - n
        assert np.isnan(row["mean"]) == (n == 0)
        if n == 0:
            continue
        assert row["mean"] == pytest.approx(mean, rel=1e-9)
        assert row["se_mean"] == pytest.approx(se, abs=1e-9)
        for value in (1, 5):
            share = np.where(np.isnan(answers), np.nan, answers == value)
            p, se_p, _ = plainly(design, respondents, share, inside)
            assert row[f"p{value}"] == pytest.approx(p, rel=1e-9)
            assert row[f"se_p{value}"] == pytest.approx(se_p, abs=1e-8)
        top2 = np.where(np.isnan(answers), np.nan, answers >= 4)
        assert row["se_top2"] == pytest.approx(plainly(design, respondents, top2, inside)[1], abs=1e-8)
        compared += 1
    assert compared > 0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(Variance)))
def test_a_score_of_any_numbers_says_what_the_formula_says(seed, variance):
    respondents, population = random_survey(seed)
    design = design_of(respondents, population, variance)
    for row in estimate_score(design, respondents, respondents["score"], standard_partitions()).to_dict("records"):
        inside = domain(respondents, row)
        mean, se, n = plainly(design, respondents, respondents["score"].to_numpy(), inside)
        assert (row["question"], row["n"], row["missing_n"]) == ("score", n, inside.sum() - n)
        if n:
            assert row["mean"] == pytest.approx(mean, rel=1e-9, abs=1e-12)
            assert row["se_mean"] == pytest.approx(se, abs=1e-8)


def test_a_score_of_whole_answers_is_the_same_as_the_item():
    respondents, population = random_survey(7)
    design = design_of(respondents, population)
    item = estimate_items(design, respondents, ["q1"], standard_partitions())
    score = estimate_score(design, respondents, respondents["q1"], standard_partitions())
    pd.testing.assert_frame_equal(item[score.columns.tolist()], score, rtol=1e-10)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_shares_sum_to_one_and_carry_the_mean(seed):
    respondents, population = random_survey(seed)
    table = estimate_items(design_of(respondents, population), respondents, ["q1"], standard_partitions())
    known = table[table["n"] > 0]
    shares = known[[f"p{k}" for k in SCALE]]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares.to_numpy() @ np.array(SCALE), known["mean"])


def test_many_items_in_batches_are_the_same_as_one_by_one(monkeypatch):
    respondents, population = random_survey(3)
    design = design_of(respondents, population)
    together = estimate_items(design, respondents, ["q1", "q2"] * 3, standard_partitions())
    monkeypatch.setattr("borgerpuls.estimation.variance.BATCH", 1)
    pd.testing.assert_frame_equal(
        together, estimate_items(design, respondents, ["q1", "q2"] * 3, standard_partitions())
    )


# --- the edges: a figure or a reason, never NaN without one ------------------------------------------------------


def outcome_of(table: pd.DataFrame, **where) -> str:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table["outcome"].item()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(Variance)), st.integers(1, 5))
def test_what_is_missing_has_a_reason(seed, variance, minimum):
    respondents, population = random_survey(seed)
    table = estimate_items(
        design_of(respondents, population, variance, minimum), respondents, ["q1", "q2"], standard_partitions()
    )
    no_figure = table["mean"].isna()
    assert (no_figure == table["outcome"].isin([Outcome.NOBODY, Outcome.NO_VALID_ANSWERS])).all()
    assert (table["lo_mean"].isna() == (no_figure | (table["outcome"] == Outcome.NO_DEGREES_OF_FREEDOM))).all()
    assert (table.loc[~no_figure, "se_mean"] >= 0).all()
    assert np.isfinite(table.loc[~no_figure, ["mean", "se_mean", "p1", "se_p5", "top2", "se_top2"]]).all(axis=None)
    inner = table["lo_p3"].notna()
    assert ((table["p3"] > 0) & (table["p3"] < 1))[inner].all()
    assert ((table["lo_p3"] < table["p3"]) & (table["p3"] < table["hi_p3"]))[inner].all()


def test_an_item_with_only_dont_knows_has_no_figure_and_says_so():
    respondents = answers_of([(1, 0, 0, 0, np.nan, 3)] * 5)
    table = estimate_items(design_of(respondents, population_of({(1, 0, 0, 0): 9})), respondents, ["q1"], [EVERYONE])
    assert outcome_of(table, muni=1) == "no valid answers"
    assert table["missing_n"].tolist() == [5, 5]
    assert table.drop(columns=["question", "var", "group", "muni", "n", "missing_n", "outcome"]).isna().all(axis=None)


def test_a_municipality_without_answers_has_rows_without_figures():
    respondents, population = answers_of([(1, 0, 0, 0, 3)] * 5), population_of({(1, 0, 0, 0): 9, (2, 0, 0, 0): 50})
    table = estimate_items(design_of(respondents, population), respondents, ["q1"], [EVERYONE])
    assert table["muni"].tolist() == [-1, 1, 2]
    assert outcome_of(table, muni=2) == "no answers in the domain"
    assert table["n"].tolist() == [5, 5, 0]
    assert table["mean"].tolist()[0] == 3


def test_a_census_with_full_response_has_a_standard_error_of_exactly_zero():
    rng = np.random.default_rng(1)
    rows = [
        (1, s, a, g, int(rng.integers(1, 6))) for s in range(2) for a in range(3) for g in range(4) for _ in range(6)
    ]
    respondents = answers_of(rows)
    population = population_of({(1, s, a, g): 6 for s in range(2) for a in range(3) for g in range(4)})
    for variance in Variance:
        table = estimate_items(design_of(respondents, population, variance), respondents, ["q1"], standard_partitions())
        known = table[table["n"] > 0]
        assert (known["se_mean"] == 0).all()
        assert (known[["se_p1", "se_p5", "se_top2"]] == 0).all(axis=None)
        usable = known["df"] > 0
        assert (known.loc[usable, "lo_mean"] == known.loc[usable, "mean"]).all()
        assert known["lo_p5"].isna().all()


def test_equal_answers_have_a_standard_error_of_exactly_zero_although_not_all_answered():
    respondents = answers_of([(1, s, a, g, 4) for s in range(2) for a in range(3) for g in range(4) for _ in range(7)])
    population = population_of({(1, s, a, g): 11 + s * a for s in range(2) for a in range(3) for g in range(4)})
    design = design_of(respondents, population)
    table = estimate_items(design, respondents, ["q1"], standard_partitions())
    assert (table.loc[table["n"] > 0, ["se_mean", "se_p4", "se_p5", "se_top2"]] == 0).all(axis=None)
    score = estimate_score(design, respondents, (respondents["q1"] * 0.9).rename("s"), standard_partitions())
    assert (score.loc[score["n"] > 0, "se_mean"] == 0).all()


def test_one_answer_gives_a_mean_without_interval():
    respondents = answers_of([(1, 0, 0, 0, 4)] + [(2, 0, 0, 0, q) for q in (1, 2, 3, 4, 5)])
    population = population_of({(1, 0, 0, 0): 30, (2, 0, 0, 0): 30})
    for variance in Variance:
        table = estimate_items(design_of(respondents, population, variance), respondents, ["q1"], [EVERYONE])
        assert outcome_of(table, muni=1) == Outcome.NO_DEGREES_OF_FREEDOM
        assert outcome_of(table, muni=-1) == "a stratum has one answer: its variance is counted as 0"
        assert outcome_of(table, muni=2) == ""
        assert table["mean"].tolist() == pytest.approx([3.5, 4, 3])


def test_a_stratum_of_one_person_who_answered_hides_no_variance():
    respondents = answers_of([(1, 0, 0, 0, 4)] + [(2, 0, 0, 0, q) for q in (1, 2, 3, 4, 5)])
    table = estimate_items(
        design_of(respondents, population_of({(1, 0, 0, 0): 1, (2, 0, 0, 0): 30})), respondents, ["q1"], [EVERYONE]
    )
    assert outcome_of(table, muni=-1) == ""
    assert table["se_mean"].iloc[1] == 0


def test_the_four_counts_are_kept_apart_where_the_codes_tell():
    answers = [3, 4, DONT_KNOW, DONT_KNOW, NOT_ASKED, BROKEN_OFF, np.nan]
    respondents = answers_of([(1, 0, 0, 0, q) for q in answers])
    design = design_of(respondents, population_of({(1, 0, 0, 0): 70}))
    row = estimate_items(design, respondents, ["q1"], [EVERYONE], keep_missing_apart=True).iloc[1]
    assert row[["n", "missing_n", "dont_know_n", "not_asked_n", "broken_off_n"]].tolist() == [2, 5, 2, 1, 1]
    assert row["mean"] == 3.5


def test_a_local_flag_is_a_partition_like_the_others():
    respondents, population = random_survey(5)
    respondents["flag"] = respondents["id"] % 3
    table = estimate_items(design_of(respondents, population), respondents, ["q1"], [Partition("flag", (2, 0), "flag")])
    assert table["group"].unique().tolist() == [2, 0]
    everyone = (respondents["flag"] == 2) & respondents["q1"].notna()
    assert table["n"].iloc[0] == everyone.sum()


def test_multi_select_counts_those_who_were_asked():
    respondents = answers_of([(1, 0, 0, 0, 3)] * 6).assign(m1=[1, 1, 0, 0, 0, np.nan], m2=np.nan)
    design = design_of(respondents, population_of({(1, 0, 0, 0): 24}))
    table = estimate_options(design, respondents, ["m1", "m2"]).set_index(["option", "muni"])
    assert table.loc[("m1", 1), ["n", "p", "df"]].tolist() == pytest.approx([5, 0.4, 4])
    _, se, _ = plainly(design, respondents, respondents["m1"].to_numpy(), np.ones(6, bool))
    assert table.loc[("m1", -1), "se"] == pytest.approx(se)
    assert table.loc[("m2", 1), "outcome"] == "no valid answers"


def test_moments_of_a_group_are_those_of_the_group_alone():
    respondents, population = random_survey(11)
    design = design_of(respondents, population)
    both = item_moments(design, respondents, ["q1"], standard_partitions())
    alone = item_moments(design, respondents, ["q1"], [Partition("men", (1,), "sex")])
    np.testing.assert_array_equal(both.of_group(2).mean(SCALE), alone.mean(SCALE))


# --- messages -----------------------------------------------------------------------------------------------------


def test_a_survey_without_items_and_cells_from_other_answers_are_refused():
    respondents, population = random_survey(2)
    with pytest.raises(NothingToEstimate) as error:
        estimate_survey(respondents, population, order=ORDER, items=[])
    assert str(error.value) == (
        "respondents: The table of answers has no item and no option. Name items q1, q2, ... and options m1, m2, ..."
    )
    collapse = collapse_cells(population, respondents, order=ORDER)
    with pytest.raises(CellIsMissing, match="round 1: The cells were collapsed from other answers than these"):
        survey_design(respondents.iloc[1:], collapse)
