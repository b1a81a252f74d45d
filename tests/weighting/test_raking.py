"""Raking, trimming and what weights cost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import MarginMismatch, RakingDidNotConverge, TrimmingIsImpossible
from borgerpuls.weighting.raking import (
    effective_n,
    kish_design_effect,
    rake,
    rake_inside_municipalities,
    trim,
    weight_summary,
)

FOUR = pd.DataFrame({"sex": [0, 0, 1, 1], "age": [0, 1, 0, 1]})


def margin(**totals: float) -> dict[str, pd.Series]:
    return {name: pd.Series(values) for name, values in totals.items()}


def test_equal_weights_meet_independent_margins_by_hand():
    # independent margins of 10 persons: weight = 10 · share of sex · share of age
    raked = rake(pd.Series(np.ones(4)), FOUR, margin(sex=[6.0, 4.0], age=[3.0, 7.0]))
    assert raked.tolist() == pytest.approx([1.8, 4.2, 1.2, 2.8])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=6, max_size=6), st.lists(st.floats(0.5, 5), min_size=6, max_size=6))
def test_raked_weights_meet_every_margin_and_stay_positive(people, start):
    respondents = pd.DataFrame({"sex": [0, 0, 0, 1, 1, 1], "age": [0, 1, 2, 0, 1, 2]})
    population = respondents.assign(N=people)
    margins = {name: population.groupby(name)["N"].sum() for name in ("sex", "age")}
    raked = rake(pd.Series(start), respondents, margins)
    assert (raked > 0).all()
    for name, total in margins.items():
        np.testing.assert_allclose(raked.groupby(respondents[name]).sum(), total, rtol=2e-6)


def test_each_municipality_is_raked_to_its_own_population():
    respondents = pd.concat([FOUR.assign(round=1, muni=m) for m in (1, 2)], ignore_index=True)
    population = respondents.assign(N=[10, 20, 30, 40, 5, 5, 5, 85])
    raked = rake_inside_municipalities(pd.Series(np.ones(8)), respondents, population, ["sex", "age"])
    assert raked.groupby(respondents["muni"]).sum().tolist() == pytest.approx([100, 100])
    assert raked[respondents["sex"] == 0].groupby(respondents["muni"]).sum().tolist() == pytest.approx([30, 10])
    with pytest.raises(
        MarginMismatch, match="round 1, municipality 2, margin 'sex': Category 1 has a population total"
    ):
        rake_inside_municipalities(pd.Series(np.ones(6)), respondents.head(6), population, ["sex"])


def test_margins_that_no_weights_can_meet_are_named():
    diagonal = pd.DataFrame({"sex": [0, 1], "age": [0, 1]})
    with pytest.raises(RakingDidNotConverge) as error:
        rake(pd.Series([1.0, 1.0]), diagonal, margin(sex=[6.0, 4.0], age=[5.0, 5.0]))
    assert str(error.value) == (
        "raking: After 100 passes 'sex' is still 25.00 % from its population total. "
        "Collapse its smallest categories, or check that all margins sum to the same total."
    )


def test_categories_and_totals_must_answer_each_other():
    weight = pd.Series(np.ones(4))
    with pytest.raises(MarginMismatch, match="margin 'age': Category 1 has respondents but no population total"):
        rake(weight, FOUR, margin(sex=[6.0, 4.0], age=[10.0]))
    with pytest.raises(MarginMismatch, match="margin 'age': Category 2 has a population total but no respondents"):
        rake(weight, FOUR, margin(sex=[6.0, 4.0], age=[3.0, 3.0, 4.0]))
    with pytest.raises(MarginMismatch, match="margins: The margins sum to different totals: 'sex' 10, 'age' 11"):
        rake(weight, FOUR, margin(sex=[6.0, 4.0], age=[4.0, 7.0]))


def test_what_is_cut_is_spread_over_the_others_by_hand():
    # 10 is cut to 5; the 5 persons go to three others in equal parts
    assert trim(pd.Series([1.0, 2.0, 3.0, 10.0]), upper=5).tolist() == pytest.approx([8 / 3, 11 / 3, 14 / 3, 5])
    # spreading lifts 4.8 over the limit: it is cut too and the rest carries it
    assert trim(pd.Series([1.0, 2.0, 4.8, 8.2]), upper=5).tolist() == pytest.approx([2.5, 3.5, 5, 5])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 100), min_size=2, max_size=30), st.floats(1.0, 4.0))
def test_trimming_keeps_the_sum_and_the_limit(values, times_mean):
    weight = pd.Series(values)
    upper = times_mean * weight.mean() * (1 + 1e-9)
    trimmed = trim(weight, upper=upper)
    assert trimmed.sum() == pytest.approx(weight.sum(), rel=1e-6)
    assert trimmed.max() <= upper


def test_a_limit_below_the_mean_is_impossible():
    with pytest.raises(TrimmingIsImpossible) as error:
        trim(pd.Series([1.0, 3.0]), upper=1.5)
    assert str(error.value) == "trimming: The mean weight 2.00 lies outside the limits 0.00 to 1.50. Widen the limits."


def test_unequal_weights_cost_effective_answers_by_hand():
    # n Σw² / (Σw)² = 2 · 10 / 16
    assert kish_design_effect(pd.Series([1.0, 3.0])) == pytest.approx(1.25)
    assert effective_n(pd.Series([1.0, 3.0])) == pytest.approx(1.6)
    assert kish_design_effect(np.full(7, 2.5)) == pytest.approx(1)


def test_the_summary_speaks_of_all_and_of_each_municipality():
    weights = pd.DataFrame({"round": 1, "muni": [4, 4, 9], "weight": [1.0, 3.0, 2.0]})
    summary = weight_summary(weights)
    assert summary["muni"].tolist() == [-1, 4, 9]
    assert summary["population"].tolist() == [6, 4, 2]
    assert summary["effective_n"].tolist() == pytest.approx([36 / 14, 1.6, 1])
