"""Differences: municipality against all and the rest, round against round, and many comparisons at once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, t
from small_surveys import ORDER, answers_of, design_of, population_of, random_survey

from borgerpuls.estimation.comparison import (
    adjust_comparisons,
    compare_groups,
    compare_rounds,
    compare_with_all,
    compare_with_rest,
)
from borgerpuls.estimation.estimates import EVERYONE, SCALE, item_moments, moments_of_score
from borgerpuls.estimation.multiplicity import adjust_false_discovery
from borgerpuls.estimation.tables import estimate_survey
from borgerpuls.estimation.variance import Variance, survey_design, variance_of_total
from borgerpuls.weighting.cells import collapse_cells


def moments_of(design, respondents):
    return item_moments(design, respondents, ["q1"], [EVERYONE])


def two_municipalities(first: list[int], second: list[int], people: int = 20):
    respondents = answers_of([(1, 0, 0, 0, q) for q in first] + [(2, 0, 0, 0, q) for q in second])
    population = population_of({(1, 0, 0, 0): people, (2, 0, 0, 0): people})
    return respondents, population


def test_two_municipalities_by_hand():
    # means 4 and 2, each V = (1 − 5/20)·(6/4)/5 = 0.225; against the rest V = 0.45; against all, half of that difference
    respondents, population = two_municipalities([2, 4, 4, 5, 5], [4, 2, 2, 1, 1])
    moments = moments_of(design_of(respondents, population), respondents)
    rest, whole = compare_with_rest(moments, SCALE), compare_with_all(moments, SCALE)
    assert rest.difference.ravel().tolist() == pytest.approx([2, -2])
    assert rest.standard_error.ravel().tolist() == pytest.approx([np.sqrt(0.45)] * 2)
    assert whole.difference.ravel().tolist() == pytest.approx([1, -1])
    assert whole.standard_error.ravel().tolist() == pytest.approx([np.sqrt(0.45) / 2] * 2)
    # equal variances with 4 degrees of freedom each: Satterthwaite gives 8
    assert rest.df.ravel().tolist() == pytest.approx([8, 8])
    assert rest.p_t.ravel()[0] == pytest.approx(2 * t.sf(2 / np.sqrt(0.45), 8))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(Variance)), st.booleans())
def test_the_overlap_is_accounted_for_as_in_the_formula_person_by_person(seed, variance, as_score):
    respondents, population = random_survey(seed)
    design = design_of(respondents, population, variance)
    name = "score" if as_score else "q1"
    y = respondents[name].to_numpy(float)
    moments, scores = (
        moments_of_score(design, respondents[name], np.zeros(len(y), int), 1)
        if as_score
        else (moments_of(design, respondents), SCALE)
    )
    valid, w = ~np.isnan(y), design.answer_weight
    value = np.where(valid, y, 0.0)
    compared = 0
    for against, other_of in ((compare_with_all, lambda own: valid), (compare_with_rest, lambda own: valid & ~own)):
        found = against(moments, scores)
        for m, muni in enumerate(design.municipalities):
            own = valid & (respondents["muni"] == muni).to_numpy()
            other = other_of(own)
            if not own.any() or not other.any():
                assert np.isnan(found.difference[0, 0, m])
                assert found.outcome[0, 0, m] == 1
                continue
            means = [(w * d) @ value / (w @ d) for d in (own, other)]
            z = own * (value - means[0]) / (w @ own) - other * (value - means[1]) / (w @ other)
            assert found.difference[0, 0, m] == pytest.approx(means[0] - means[1], abs=1e-9)
            assert found.standard_error[0, 0, m] == pytest.approx(np.sqrt(variance_of_total(design, z)), abs=1e-7)
            compared += 1
    assert compared or valid.sum() == 0 or len(set(respondents["muni"][valid])) == 1


def test_ignoring_the_overlap_would_be_wider():
    respondents, population = random_survey(4, munis=2, people=30)
    design = design_of(respondents, population)
    moments = moments_of(design, respondents)
    se = moments.standard_error(SCALE, moments.mean(SCALE))[0, 0]
    assert (compare_with_all(moments, SCALE).standard_error[0, 0] < np.hypot(se[1:], se[0])).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_groups_that_share_cells_and_people_are_compared_by_linearisation(seed):
    respondents, population = random_survey(seed)
    design, y = design_of(respondents, population), respondents["score"].to_numpy()
    everyone = np.ones(len(y), bool)
    men = (respondents["sex"] == 1).to_numpy()
    if not (men & ~np.isnan(y)).any():
        return
    same, se = compare_groups(design, y, everyone, everyone)
    assert same == 0
    assert se == pytest.approx(0, abs=1e-9)
    forth, back = compare_groups(design, y, men, everyone), compare_groups(design, y, everyone, men)
    assert forth == pytest.approx((-back[0], back[1]), abs=1e-12)


def test_rounds_are_independent_and_add_their_variances_by_hand():
    respondents, population = two_municipalities([2, 4, 4, 5, 5], [4, 2, 2, 1, 1])
    later = respondents.assign(q1=respondents["q1"].replace({5: 4, 1: 2}))
    first, second = (moments_of(design_of(table, population), table) for table in (respondents, later))
    found = compare_rounds(second, first, SCALE)
    # later round: answers 2 4 4 4 4, mean 3.6, Σ(y − ȳ)² = 3.2, V = 0.75·0.8/5 = 0.12
    assert found.difference[0, 0].tolist() == pytest.approx([0, -0.4, 0.4])
    assert found.standard_error[0, 0, 1] == pytest.approx(np.sqrt(0.225 + 0.12))
    assert found.df[0, 0, 1] == pytest.approx(0.345**2 / (0.225**2 / 4 + 0.12**2 / 4))


def test_a_comparison_that_cannot_be_tested_says_why():
    respondents, population = two_municipalities([3] * 5, [3] * 5)
    table = estimate_survey(respondents, population, order=ORDER, items=["q1"]).differences
    assert table["outcome"].unique().tolist() == ["standard error is 0: no test"]
    assert table[["z", "p_norm", "p_t", "p_bh"]].isna().all(axis=None)
    assert (table[["diff", "se"]] == 0).all(axis=None)

    respondents, population = two_municipalities([3], [1, 2, 3, 4, 5])
    table = estimate_survey(respondents, population, order=ORDER, items=["q1"]).differences
    assert table["outcome"].unique().tolist() == ["no degrees of freedom: no t test"]
    assert table["p_t"].isna().all()
    assert table["p_norm"].notna().all()

    alone = answers_of([(1, 0, 0, 0, q) for q in (1, 2, 3, 4, 5)])
    table = estimate_survey(alone, population_of({(1, 0, 0, 0): 20}), order=ORDER, items=["q1"]).differences
    assert table["outcome"].tolist() == ["standard error is 0: no test", "no valid answers on one side"]
    assert table["diff"].isna().tolist() == [False, True]


def test_rows_of_three_rounds_compare_each_with_the_one_before():
    respondents, population = random_survey(8, people=12)
    rounds = [respondents.assign(round=r) for r in ("2025-2", "2026-1", "2026-2")]
    people = [population.assign(round=r) for r in ("2025-2", "2026-1", "2026-2")]
    tables = estimate_survey(pd.concat(rounds), pd.concat(people), order=ORDER, items=["q1"])
    kinds = tables.differences["type"].unique().tolist()
    assert kinds[2:] == ["round2026-1_minus_round2025-2", "round2026-2_minus_round2026-1"]
    changed = tables.differences[tables.differences["type"].isin(kinds[2:])]
    assert (changed["diff"] == 0).all()
    assert changed["round"].isna().all()
    assert (changed["muni"] == -1).sum() == 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_benjamini_hochberg_equals_scipy(p):
    np.testing.assert_allclose(adjust_false_discovery(pd.Series(p)), false_discovery_control(p), rtol=1e-12)


def test_benjamini_hochberg_by_hand_and_by_report():
    # 0.01·3/1, 0.02·3/2, 0.04·3/3 → 0.03, 0.03, 0.04; what is not tested does not count
    p = pd.Series([0.04, np.nan, 0.01, 0.02])
    assert adjust_false_discovery(p).tolist() == pytest.approx([0.04, np.nan, 0.03, 0.03], nan_ok=True)
    by_report = adjust_false_discovery(p, pd.Series(["a", "a", "b", "b"]))
    assert by_report.tolist() == pytest.approx([0.04, np.nan, 0.02, 0.02], nan_ok=True)


def test_a_report_adjusts_over_what_it_prints_and_no_more():
    table = pd.DataFrame(
        {
            "type": ["muni_vs_national", "muni_vs_rest", "muni_vs_rest", "round2_minus_round1", "muni_vs_rest"],
            "muni": [1, 1, 2, 1, 1],
            "p_t": [0.01, 0.01, 0.04, 0.5, 0.2],
        }
    )
    adjusted = adjust_comparisons(table, pd.Series([2, 2, 2, 2, 1]))
    # municipality 1 prints two comparisons in round 2 (0.01·2), one in round 1; municipality 2 one
    assert adjusted.tolist() == pytest.approx([np.nan, 0.02, 0.04, 0.5, 0.2], nan_ok=True)


def test_a_collapsed_design_gives_the_same_difference_for_every_order_of_rows():
    respondents, population = random_survey(21)
    shuffled = respondents.sample(frac=1, random_state=1)
    found = []
    for table in (respondents, shuffled):
        design = survey_design(table, collapse_cells(population, table, order=ORDER))
        found.append(compare_with_rest(moments_of(design, table), SCALE).standard_error)
    np.testing.assert_allclose(*found, rtol=1e-9)
