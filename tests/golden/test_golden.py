"""
The engine against R 4.2.2, package survey 4.1-1 (conventions in golden/README.md).

Tolerance: 1e-9 relative for means, shares and weights; 1e-7 absolute for standard errors, intervals, tests. Every
comparison counts the finite pairs it compared, asks for missing values in the same places, and fails on none.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.estimation.comparison import compare_groups
from borgerpuls.estimation.variance import Variance, survey_design
from borgerpuls.sampling.allocation import hamilton
from borgerpuls.weighting.cells import collapse_cells, weight_to_population
from borgerpuls.weighting.raking import effective_n, kish_design_effect, rake, raked_standard_error, trim

ORDER = "0,2,3,1"
KEYS = {
    "weights.csv": ["id"],
    "estimates.csv": ["round", "question", "var", "group", "muni"],
    "differences.csv": ["type", "round", "question", "muni"],
    "multiselect.csv": ["round", "option", "muni"],
}
RELATIVE = {"weight", "mean", "p", "p5", "p4", "p3", "p2", "p1"}
EXACT = {"n", "missing_n", "df"}


@pytest.fixture(scope="session")
def golden(shared: Path) -> Path:
    return shared / "golden"


@pytest.fixture(scope="session", params=list(Variance))
def estimated(request, golden, tmp_path_factory) -> tuple[Variance, Path]:
    out = tmp_path_factory.mktemp(request.param)
    run("estimate", golden, out, "--collapse-order", ORDER, "--variance", request.param)
    return request.param, out


def run(command: str, folder: Path, out: Path, *options: str) -> str:
    result = CliRunner().invoke(app, [command, str(folder), "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    return result.output


def finite_pairs_that_agree(ours: pd.DataFrame, expected: pd.DataFrame, keys: list[str]) -> int:
    merged = expected.merge(ours, on=keys, how="left", suffixes=("_r", ""), indicator=True, validate="one_to_one")
    assert (merged["_merge"] == "both").all()
    pairs = 0
    for column in expected.columns.difference(keys):
        theirs, mine = merged[f"{column}_r"].to_numpy(float), merged[column].to_numpy(float)
        finite = np.isfinite(theirs)
        assert np.array_equal(finite, np.isfinite(mine)), column
        gap = np.abs(theirs - mine)[finite]
        if column in EXACT:
            assert not gap.any(), column
        elif column in RELATIVE:
            assert (gap <= 1e-9 * np.abs(theirs[finite])).all(), column
        else:
            assert (gap <= 1e-7).all(), column
        pairs += int(finite.sum())
    return pairs


@pytest.mark.parametrize("name", list(KEYS))
def test_every_figure_equals_r(estimated, golden, name):
    variance, out = estimated
    expected = pd.read_csv(golden / variance / name)
    pairs = finite_pairs_that_agree(pd.read_csv(out / name), expected, KEYS[name])
    assert pairs == np.isfinite(expected[expected.columns.difference(KEYS[name])].to_numpy(float)).sum() > 0


@pytest.mark.parametrize("name", list(KEYS))
def test_columns_and_rows_come_in_the_order_of_the_golden_files(estimated, golden, name):
    variance, out = estimated
    expected, ours = pd.read_csv(golden / variance / name), pd.read_csv(out / name)
    assert list(ours.columns)[: len(expected.columns)] == list(expected.columns)
    if name == "differences.csv":  # R compared q1, q2 and q5 only
        ours = ours[ours["question"].isin(expected["question"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours[KEYS[name]], expected[KEYS[name]])


def test_a_comparison_of_nothing_is_no_agreement(golden):
    nothing = pd.read_csv(golden / "cells" / "estimates.csv").query("question == 'q4'")
    columns = [*KEYS["estimates.csv"], "mean", "se_mean"]
    assert finite_pairs_that_agree(nothing[columns], nothing[columns], KEYS["estimates.csv"]) == 0


def test_top2_is_the_sum_of_the_two_best_shares_with_an_error_of_its_own(estimated):
    _, out = estimated
    table = pd.read_csv(out / "estimates.csv")
    both = table["p5"] + table["p4"]
    assert both.notna().sum() > 400
    np.testing.assert_allclose(table["top2"], both, rtol=1e-12)
    known = table[both.notna()]
    assert (known["se_top2"] <= known["se_p5"] + known["se_p4"] + 1e-12).all()
    assert (known["se_top2"] >= (known["se_p5"] - known["se_p4"]).abs() - 1e-12).all()


@pytest.mark.parametrize("command", ["weight", "estimate"])
def test_cells_and_strata_are_collapsed_as_in_the_golden_case(golden, tmp_path, command):
    run(command, golden, tmp_path, "--collapse-order", ORDER)
    expected, ours = pd.read_csv(golden / "collapse.csv"), pd.read_csv(tmp_path / "collapse.csv")
    pd.testing.assert_frame_equal(ours[expected.columns.tolist()], expected)


def test_extra_columns_and_their_absence_change_nothing(golden, tmp_path):
    respondents = pd.read_csv(golden / "respondents.csv")
    population = pd.read_csv(golden / "population_cells.csv")
    for folder in ("with", "without"):
        (tmp_path / folder).mkdir()
    respondents.to_csv(tmp_path / "without" / "respondents.csv", index=False)
    population.to_csv(tmp_path / "without" / "population_cells.csv", index=False)
    respondents.insert(2, "mode", "web")
    respondents["quota"], respondents["minutes"], respondents["cell"] = 1.5, "", 99
    respondents.to_csv(tmp_path / "with" / "respondents.csv", index=False)
    population.assign(stratum=0, note="æøå").to_csv(tmp_path / "with" / "population_cells.csv", index=False)
    for folder in ("with", "without"):
        run("estimate", tmp_path / folder, tmp_path / folder / "out", "--collapse-order", ORDER)
    for name in (*KEYS, "collapse.csv"):
        assert (tmp_path / "with/out" / name).read_bytes() == (tmp_path / "without/out" / name).read_bytes()


def test_a_shuffled_file_gives_the_same_figures(golden, tmp_path):
    for name in ("respondents.csv", "population_cells.csv"):
        table = pd.read_csv(golden / name, dtype="str", keep_default_na=False)
        table.sample(frac=1, random_state=3).to_csv(tmp_path / name, index=False)
    run("estimate", tmp_path, tmp_path / "out", "--collapse-order", ORDER)
    for name, keys in KEYS.items():
        assert finite_pairs_that_agree(pd.read_csv(tmp_path / "out" / name), pd.read_csv(golden / "cells" / name), keys)


@pytest.fixture(scope="module")
def first_round(golden):
    respondents = pd.read_csv(golden / "respondents.csv").query("round == 1")
    population = pd.read_csv(golden / "population_cells.csv").query("round == 1")
    collapse = collapse_cells(population, respondents, order=(0, 2, 3, 1))
    weights = weight_to_population(respondents, collapse)
    strata = collapse.cells.groupby("stratum")[["N", "r"]].sum()
    return respondents, population, collapse, weights, strata


def test_raking_trimming_and_design_effect_equal_r(golden, first_round):
    respondents, population, _, weights, strata = first_round
    expected = pd.read_csv(golden / "poststratify" / "rake_trim_weights.csv").set_index("id")
    misc = pd.read_csv(golden / "poststratify" / "misc.csv").set_index("stat")["value"]
    base = weights["stratum"].map(strata["N"] / strata["r"])
    margins = {name: population.groupby(name)["N"].sum() for name in ("muni", "sex", "age", "tg")}
    raked = rake(base, respondents, margins, tolerance=1e-13, max_passes=500)
    trimmed = trim(weights["weight"], upper=3 * weights["weight"].median())
    valid = respondents["q1"].notna()

    np.testing.assert_allclose(raked, expected.loc[respondents["id"], "rake_weight"], rtol=1e-9)
    np.testing.assert_allclose(trimmed, expected.loc[respondents["id"], "trim_weight"], rtol=1e-9)
    size = weights["stratum"].map(strata["N"]).rename("N")
    mean, se = raked_standard_error(
        raked, respondents, ["muni", "sex", "age", "tg"], respondents["q1"], weights[["stratum"]].join(size)
    )
    ours = {
        "rake_mean_q1": mean,
        "rake_se_q1": se,
        "kish_poststrat": kish_design_effect(weights["weight"]),
        "kish_rake": kish_design_effect(raked),
        "neff_poststrat": effective_n(weights["weight"]),
        "trim_mean_q1": np.average(respondents["q1"][valid], weights=trimmed[valid]),
        "trim_sum_w": trimmed.sum(),
    }
    assert ours.keys() == set(misc.index)
    for name, value in ours.items():
        assert value == pytest.approx(misc[name], rel=1e-9), name


def test_the_difference_of_women_and_men_equals_svyttest(golden, first_round):
    respondents, _, collapse, _, _ = first_round
    expected = pd.read_csv(golden / "poststratify" / "tests.csv").set_index("what").loc["svyttest_q1_sex"]
    design = survey_design(respondents, collapse, variance=Variance.POSTSTRATIFY)
    men = (respondents["sex"] == 1).to_numpy()
    difference, se = compare_groups(design, respondents["q1"].to_numpy(float), men, ~men)
    assert difference == pytest.approx(expected["est"], rel=1e-9)
    assert se == pytest.approx(expected["se"], abs=1e-7)


def test_hamilton_equals_r(golden):
    cases = pd.read_csv(golden / "hamilton.csv")
    assert cases["case"].nunique() == 6
    for _, case in cases.groupby("case"):
        assert hamilton(case["population"].tolist(), case["n_total"].iloc[0]).tolist() == case["allocated"].tolist()
