"""Weighting cells: thin cells merge with their neighbours, and weights give the population back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import (
    AnswerAppearsTwice,
    CellAppearsTwice,
    CellIsMissing,
    CodeIsOutOfRange,
    CollapseOrderIsIncomplete,
    MoreAnswersThanPeople,
    PopulationIsNotACount,
    RoundHasNoAnswers,
)
from borgerpuls.weighting.cells import NO_ANSWERS, collapse_cells, margin_gaps, weight_to_population

ORDER = (0, 1, 2, 3)


def survey(answers: dict, *, people: int = 100, munis=(1,), extra=()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A population of *people* in every raw cell of *munis*, and answers by (muni, sex, age, tg)."""
    grid = [(1, m, s, a, t) for m in munis for s in range(2) for a in range(3) for t in range(4)]
    population = pd.DataFrame(grid, columns=["round", "muni", "sex", "age", "tg"]).assign(N=people)
    rows = [(1, *cell) for cell, n in answers.items() for _ in range(n)]
    respondents = pd.DataFrame([*rows, *extra], columns=["round", "muni", "sex", "age", "tg"])
    respondents.insert(0, "id", np.arange(len(respondents)) + 1)
    return respondents, population


def blocks(counts: list[list[int]], muni: int = 1) -> dict:
    """Answers of six blocks sex × age, each a list by target group."""
    return {(muni, b // 3, b % 3, t): n for b, groups in enumerate(counts) for t, n in enumerate(groups)}


FULL = [9, 9, 9, 9]


def partition(respondents, population, **options) -> list[frozenset]:
    cells = collapse_cells(population, respondents, order=options.pop("order", ORDER), **options).cells
    return [
        frozenset(map(tuple, group[["sex", "age", "tg"]].to_numpy().tolist())) for _, group in cells.groupby("cell")
    ]


def test_a_thin_target_group_joins_its_smaller_neighbour_by_hand():
    # tg 1 has 2 answers; its neighbours in the order 0,1,2,3 have 9 (tg 0) and 6 (tg 2): it joins tg 2
    respondents, population = survey(blocks([[9, 2, 6, 9], FULL, FULL, FULL, FULL, FULL]))
    collapse = collapse_cells(population, respondents, order=ORDER)
    block = collapse.cells.query("sex == 0 and age == 0")
    assert block["cell"].tolist() == [24, 25, 25, 27]
    assert block["stratum"].tolist() == [6, 6, 6, 6]
    assert block["cell_N"].tolist() == [100, 200, 200, 100]
    assert block["cell_r"].tolist() == [9, 8, 8, 9]
    assert collapse.merges.to_numpy().tolist() == [[1, 1, "target group", "sex 0 age 0 tg 1", 2, "sex 0 age 0 tg 2", 6]]


def test_of_equal_neighbours_the_left_one_is_taken_and_of_equal_cells_the_first():
    respondents, population = survey(blocks([[7, 1, 7, 1], FULL, FULL, FULL, FULL, FULL]))
    merges = collapse_cells(population, respondents, order=ORDER).merges
    assert merges[["part", "neighbour"]].to_numpy().tolist() == [
        ["sex 0 age 0 tg 1", "sex 0 age 0 tg 0"],
        ["sex 0 age 0 tg 3", "sex 0 age 0 tg 2"],
    ]


def test_neighbours_are_those_of_the_collapse_order():
    respondents, population = survey(blocks([[9, 2, 6, 9], FULL, FULL, FULL, FULL, FULL]))
    assert {(0, 0, 1), (0, 0, 0)} in partition(respondents, population, order=(1, 0, 2, 3))


def test_a_thin_block_joins_the_nearest_age_of_its_sex_and_becomes_one_cell():
    respondents, population = survey(blocks([[1, 1, 1, 0], FULL, [5, 5, 5, 5], FULL, FULL, FULL]))
    collapse = collapse_cells(population, respondents, order=ORDER)
    merged = collapse.cells.query("sex == 0 and age < 2")
    assert merged["cell"].unique().tolist() == [24]
    assert merged["stratum"].unique().tolist() == [6]
    assert collapse.merges.iloc[-1].tolist() == [1, 1, "age", "sex 0 age 0", 3, "sex 0 age 1", 36]


def test_between_two_ages_equally_near_the_one_with_fewer_answers_is_joined():
    respondents, population = survey(blocks([[5, 5, 5, 5], [1, 1, 1, 0], [5, 5, 5, 0], FULL, FULL, FULL]))
    merges = collapse_cells(population, respondents, order=ORDER).merges
    assert merges.iloc[-1]["neighbour"] == "sex 0 age 2"


def test_the_other_sex_is_joined_when_no_age_is_left():
    respondents, population = survey(blocks([[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], FULL, [5, 5, 0, 0], FULL]))
    collapse = collapse_cells(population, respondents, order=ORDER)
    last = collapse.merges.iloc[-1]
    assert last["step"] == "sex"
    assert last["part"] == "sex 0 age 0 + sex 0 age 1 + sex 0 age 2"
    assert last["neighbour"] == "sex 1 age 1"
    assert set(collapse.cells.query("sex == 0 or age == 1")["cell"]) == {24}


def test_a_municipality_without_answers_is_left_out_by_name():
    respondents, population = survey(blocks([FULL] * 6), munis=(1, 7))
    collapse = collapse_cells(population, respondents, order=ORDER)
    assert collapse.left_out.to_numpy().tolist() == [[1, 7, 2400]]
    assert collapse.cells.query("muni == 7")["outcome"].unique().tolist() == [NO_ANSWERS]
    assert collapse.cells.query("muni == 1")["outcome"].unique().tolist() == [""]
    assert collapse.merges.empty
    assert weight_to_population(respondents, collapse)["weight"].sum() == pytest.approx(2400)


def test_a_fifth_target_group_has_its_place_in_the_order():
    respondents, population = survey(blocks([FULL] * 6), extra=[(1, 1, 0, 0, 4)] * 2)
    fifth = population.query("tg == 0").assign(tg=4)
    cells = collapse_cells(pd.concat([population, fifth]), respondents, order=(1, 4, 0, 2, 3)).cells
    young_women = cells.query("sex == 0 and age == 0").set_index("tg")["cell"]
    assert young_women[4] == young_women[1] != young_women[0]


def test_what_merging_gave_up_on_the_margins_is_shown():
    respondents, population = survey(blocks([[9, 1, 9, 9], FULL, FULL, FULL, FULL, FULL]))
    collapse = collapse_cells(population, respondents, order=ORDER)
    weights = weight_to_population(respondents, collapse)
    gaps = margin_gaps(respondents, weights, collapse).set_index(["variable", "category"])["gap"]
    # the merged cell of tg 0 and 1 has 200 persons and 10 answers; 9 of them in tg 0
    assert gaps["tg"].tolist() == pytest.approx([80, -80, 0, 0])
    assert gaps["sex"].tolist() == [0, 0]


counts = st.lists(st.integers(0, 8), min_size=48, max_size=48)


@settings(max_examples=20, deadline=None)
@given(counts, st.permutations(range(4)), st.integers(1, 8), st.integers(0, 3))
def test_weights_sum_to_every_cell_and_municipality_with_answers(answers, order, minimum, nonresponse):
    cells = {
        (m, s, a, t): answers[((m * 2 + s) * 3 + a) * 4 + t]
        for m in range(2)
        for s in range(2)
        for a in range(3)
        for t in range(4)
    }
    respondents, population = survey(cells, people=8 + nonresponse, munis=(0, 1))
    if respondents.empty:
        return
    collapse = collapse_cells(population, respondents, order=order, minimum=minimum)
    weights = weight_to_population(respondents, collapse)
    taking_part = collapse.cells[collapse.cells["outcome"] == ""]
    expected = taking_part.groupby("cell")["N"].sum()
    pd.testing.assert_series_equal(
        weights.groupby("cell")["weight"].sum(), expected.astype(float), check_names=False, rtol=1e-12
    )
    in_municipality = taking_part.groupby("muni")[["cell_r", "cell"]].agg({"cell_r": "min", "cell": "nunique"})
    assert ((in_municipality["cell_r"] >= minimum) | (in_municipality["cell"] == 1)).all()
    assert not collapse.cells[["cell", "stratum", "muni"]].drop_duplicates().duplicated("cell").any()


@settings(max_examples=10, deadline=None)
@given(counts, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(answers, random):
    cells = dict(zip([(1, s, a, t) for s in range(2) for a in range(3) for t in range(4)], answers, strict=False))
    respondents, population = survey({**cells, (1, 0, 0, 0): 1})
    seed = random.randint(0, 1000)
    shuffled = collapse_cells(population.sample(frac=1, random_state=seed), respondents, order=ORDER)
    pd.testing.assert_frame_equal(
        shuffled.cells, collapse_cells(population, respondents.sample(frac=1, random_state=seed), order=ORDER).cells
    )


@pytest.fixture
def sound():
    return survey(blocks([FULL] * 6))


@pytest.mark.parametrize("wrong", [-1, 2.5, np.nan, np.inf])
def test_a_population_that_is_no_count_is_refused(sound, wrong):
    respondents, population = sound
    population = population.astype({"N": float})
    population.loc[5, "N"] = wrong
    with pytest.raises(PopulationIsNotACount) as error:
        collapse_cells(population, respondents, order=ORDER)
    assert str(error.value) == (
        "population_cells, round 1, municipality 1, sex 0, age 1, target group 1: "
        f"N is {wrong:g}: a population total is a whole number of persons, zero or more. "
        "Correct the extract that the totals come from."
    )


def test_more_answers_than_persons_are_refused(sound):
    respondents, population = sound
    population.loc[0, "N"] = 8
    with pytest.raises(MoreAnswersThanPeople) as error:
        collapse_cells(population, respondents, order=ORDER)
    assert str(error.value) == (
        "round 1, municipality 1, sex 0, age 0, target group 0: 9 answers from 8 persons. "
        "Take population and answers at the same key date, and count each person once."
    )


def test_answers_in_a_cell_without_population_are_refused(sound):
    respondents, population = sound
    with pytest.raises(
        CellIsMissing, match="9 answers lie in 1 cells that the population table does not have"
    ) as error:
        collapse_cells(population.drop(index=23), respondents, order=ORDER)
    assert error.value.where == "first of them round 1, municipality 1, sex 1, age 2, target group 3"
    with pytest.raises(CellIsMissing, match="round 2"):
        collapse_cells(population, respondents.assign(round=2), order=ORDER)
    with pytest.raises(CellIsMissing, match="The population table has no cell"):
        collapse_cells(population.head(0), respondents, order=ORDER)


def test_a_cell_without_row_and_without_answers_holds_nobody():
    respondents, population = survey(blocks([[9, 9, 9, 0], FULL, FULL, FULL, FULL, FULL]))
    without_row = collapse_cells(population.drop(index=3), respondents, order=ORDER)
    with_zero = population.copy()
    with_zero.loc[3, "N"] = 0
    weights = [
        weight_to_population(respondents, way)["weight"]
        for way in (without_row, collapse_cells(with_zero, respondents, order=ORDER))
    ]
    np.testing.assert_array_equal(*weights)


def test_a_cell_given_twice_is_refused(sound):
    respondents, population = sound
    with pytest.raises(CellAppearsTwice, match="The cell has more than one row"):
        collapse_cells(pd.concat([population, population.head(1)]), respondents, order=ORDER)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 1, 2, 2, 3), (0, 1, 2, 3, -1), ()])
def test_a_collapse_order_names_every_target_group_once(sound, order):
    respondents, population = sound
    with pytest.raises(CollapseOrderIsIncomplete, match="collapse order"):
        collapse_cells(population, respondents, order=order)


def test_a_negative_code_is_refused(sound):
    respondents, population = sound
    with pytest.raises(CodeIsOutOfRange, match="column sex: Code -1 is below 0"):
        collapse_cells(population.assign(sex=-1).drop_duplicates(["age", "tg"]), respondents, order=ORDER)


def test_a_round_without_answers_is_refused(sound):
    respondents, population = sound
    with pytest.raises(RoundHasNoAnswers, match="round 2: No municipality has an answer"):
        collapse_cells(pd.concat([population, population.assign(round=2)]), respondents, order=ORDER)


def test_an_id_may_return_in_another_round_but_not_in_its_own(sound):
    respondents, population = sound
    both = pd.concat([respondents, respondents.assign(round=2)])
    collapse = collapse_cells(pd.concat([population, population.assign(round=2)]), both, order=ORDER)
    assert len(weight_to_population(both, collapse)) == 2 * len(respondents)
    with pytest.raises(AnswerAppearsTwice) as error:
        weight_to_population(pd.concat([respondents, respondents.iloc[[4]]]), collapse)
    assert str(error.value) == (
        "respondents, round 1: 1 answers repeat an id of their round, the first one is id 5. Keep one row per answer."
    )
