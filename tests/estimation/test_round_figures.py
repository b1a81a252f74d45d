"""Figures about taking part, weights and nonresponse: each worked by hand, and the R-indicator against its twin."""

import numpy as np
import pandas as pd
import pytest

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.errors import PropensityIsNotEstimable
from borgerpuls.estimation.nonresponse_figures import (
    participant_figures,
    representativity_figures,
    sensitivity_figures,
)
from borgerpuls.estimation.response_figures import response_figures
from borgerpuls.estimation.weighting_figures import example_figures, merged_cells, merged_figures
from borgerpuls.responses.nonresponse import representativity, representativity_of_cells

VARIABLES = ["target_group", "sex", "age_group"]


def _one(figures: pd.DataFrame, measure: str, **place: str) -> pd.Series:
    found = figures[figures["measure"] == measure]
    for name, value in place.items():
        found = found[found[name] == value]
    (row,) = [found.iloc[number] for number in range(len(found))]
    return row


def _people(*rows: tuple) -> pd.DataFrame:
    columns = ["municipality_code", "target_group", "sex", "age_group", "subgroup", "is_sampled", "is_reachable",
               "is_complete", "is_partial", "disposition", "person_n"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


PEOPLE = _people(
    ("0461", "dagpenge", "mand", "30_49", "dagpenge", True, True, True, False, "1.1", 40),
    ("0461", "dagpenge", "mand", "30_49", "dagpenge", True, True, False, True, "1.2", 10),
    ("0461", "dagpenge", "kvinde", "30_49", "dagpenge", True, True, False, False, "2.2", 50),
    ("0461", "dagpenge", "kvinde", "30_49", "dagpenge", False, False, False, False, None, 100),
    ("0727", "sygedagpenge", "kvinde", "30_49", "sygedagpenge", True, False, False, False, "4.1", 20),
)


def test_rows_that_stand_for_many_persons_are_counted_as_many() -> None:
    arrivals = pd.DataFrame({"municipality_code": ["0461"] * 12, "day": 1, "minutes": np.arange(1.0, 13.0)})
    figures = response_figures(PEOPLE, arrivals, 3)
    rate = _one(figures, "response_rate", municipality_code="0461", domain="sex", domain_group="mand")
    assert (rate["value"], rate["valid_n"], rate["weighted_base"]) == (1.0, 50, 50.0)
    assert _one(figures, "response_rate", municipality_code="alle", domain="all")["value"] == pytest.approx(50 / 120)
    # AAPOR leaves those out who turned out not to belong to the population.
    assert _one(figures, "rr1")["value"] == pytest.approx(40 / 100)
    assert _one(figures, "rr2")["value"] == pytest.approx(50 / 100)
    assert _one(figures, "completion_minutes", municipality_code="alle", category="p50")["value"] == 6.5
    assert _one(figures, "completion_minutes", municipality_code="alle", category="p25")["value"] == pytest.approx(4)


def test_nine_completion_times_give_no_quartile() -> None:
    arrivals = pd.DataFrame({"municipality_code": ["0461"] * 9, "day": 1, "minutes": 4.0})
    assert "completion_minutes" not in set(response_figures(PEOPLE, arrivals, 3)["measure"])


def test_register_variables_are_shown_only_of_all_and_only_where_each_group_is_large() -> None:
    arrivals = pd.DataFrame({"municipality_code": ["0461"], "day": 1})
    people = PEOPLE.assign(language="dansk", mobile=["ja", "nej", "nej", "ja", "ja"])
    shown = response_figures(people, arrivals, 3)
    assert "subgroup" not in set(shown["domain"])  # nobody on sygedagpenge answered
    assert "mobile" not in set(shown["domain"])  # ten without one did
    assert set(shown.loc[shown["domain"] == "language", "municipality_code"]) == {"alle"}
    rate = _one(shown, "response_rate", domain="language", domain_group="dansk")
    assert (rate["valid_n"], rate["weighted_base"]) == (50, 120.0)
    large = response_figures(people[people["subgroup"] == "dagpenge"].assign(mobile="nej"), arrivals, 3)
    assert {"subgroup", "language", "mobile"} <= set(large["domain"])


CELLS = pd.DataFrame(
    [
        ("0461", "kvinde", "30_49", "dagpenge", 120, 40, "1"),
        ("0461", "mand", "30_49", "dagpenge", 30, 3, "2"),
        ("0461", "mand", "30_49", "sygedagpenge", 50, 9, "2"),
        ("0727", "mand", "under_30", "dagpenge", 5, 0, None),
    ],
    columns=["municipality_code", "sex", "age_group", "target_group", "population_n", "respondent_n", "cell_id"],
)


def test_the_worked_example_rounds_its_counts_and_shows_a_cell_that_was_not_merged() -> None:
    overall = pd.Series([5] * 203 + [4] * 298 + [1] * 4 + [-1] * 50)
    figures = example_figures(overall, CELLS)
    counts = figures[figures["measure"] == "unweighted_n"].set_index("category")["value"]
    assert counts.to_dict() == {"1": 0, "2": 0, "3": 0, "4": 300, "5": 200}
    assert _one(figures, "unweighted_share", category="5")["value"] == pytest.approx(0.4)
    cell = _one(figures, "cell_weight")
    assert (cell["category"], cell["value"]) == ("kvinde/30_49/dagpenge", 3.0)
    assert "unweighted_n" not in set(example_figures(overall.head(400), CELLS)["measure"])


def test_the_collapse_log_names_cells_and_no_counts() -> None:
    (row,) = merged_cells(CELLS, load_codebook("2023")).to_dict("records")
    assert row == {
        "municipality_code": "0461", "cell_number": 1, "description": "Mænd, 30-49: Dagpenge, Sygedagpenge", "merged_n": 2,
    }  # fmt: skip
    assert _one(merged_figures(CELLS), "merged_n", municipality_code="0461")["value"] == 2


def _sample(seed: int, n: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sample = pd.DataFrame(
        {
            "target_group": rng.choice(list("abcd"), n),
            "sex": rng.choice(list("km"), n),
            "age_group": rng.choice(list("xyz"), n),
        }
    )
    propensity = 0.3 + 0.15 * (sample["target_group"] == "a") + 0.1 * (sample["age_group"] == "z")
    return sample.assign(is_respondent=rng.random(n) < propensity)


@pytest.mark.parametrize("seed", range(3))
def test_the_r_indicator_of_cells_is_that_of_persons(seed: int) -> None:
    sample = _sample(seed)
    weight = 2.0 + (sample["sex"] == "k").astype(float)
    by_person = representativity(sample, VARIABLES, weight=weight)
    cells = sample.groupby(VARIABLES)["is_respondent"].agg(["size", "sum"]).reset_index()
    N = cells["size"] * (2.0 + (cells["sex"] == "k"))
    by_cell = representativity_of_cells(cells[VARIABLES], cells["size"], cells["sum"], N)
    assert by_cell.r_indicator == pytest.approx(by_person.r_indicator, abs=1e-9)
    partial = by_person.variables.set_index("variable")["unconditional"]
    assert by_cell.partial == pytest.approx(partial.to_dict(), abs=1e-9)


def test_the_error_of_the_r_indicator_is_that_of_samples_drawn_again() -> None:
    found = []
    for seed in range(60):
        cells = _sample(100 + seed).groupby(VARIABLES)["is_respondent"].agg(["size", "sum"]).reset_index()
        found.append(representativity_of_cells(cells[VARIABLES], cells["size"], cells["sum"], cells["size"]))
    spread = np.std([one.r_indicator for one in found], ddof=1)
    claimed = np.mean([one.standard_error for one in found])
    assert 0.7 < claimed / spread < 1.4  # sixty samples know their spread to a tenth


def test_where_everybody_answered_there_is_no_r_indicator() -> None:
    cells = pd.DataFrame({"sex": ["k", "m"]})
    n = pd.Series([10, 10])
    with pytest.raises(PropensityIsNotEstimable):
        representativity_of_cells(cells, n, n, n)
    assert representativity_figures(PEOPLE[PEOPLE["is_complete"]].assign(person_n=200)).empty


def test_participants_are_compared_with_the_country_by_region() -> None:
    figures = participant_figures({"0101", "0461"})
    assert _one(figures, "municipality_share", domain_group="1084")["value"] == 0.5
    assert _one(figures, "country_municipality_share", domain_group="1084")["weighted_base"] == 98
    assert "country_value" not in set(figures["measure"])


def test_the_sensitivity_band_holds_the_mean_and_keeps_its_counts() -> None:
    rng = np.random.default_rng(2)
    scores = pd.DataFrame({"overall": rng.integers(1, 6, 200).astype(float)})
    means = pd.DataFrame(
        [{"municipality_code": "alle", "item_id": "overall", "measure": "mean", "category": "", "domain": "all",
          "domain_group": "", "valid_n": 200, "dont_know_n": 0, "not_asked_n": 0, "broken_off_n": 0,
          "weighted_base": 1000.0, "value": float(scores["overall"].mean()), "standard_error": 0.1,
          "degrees_of_freedom": 199.0, "lower": 2.0, "upper": 4.0, "no_interval_reason": ""}]
    )  # fmt: skip
    cells = pd.DataFrame({"municipality_code": ["0461"], "N": [1000], "invited": [500]}, index=["1"])
    band = sensitivity_figures(scores, pd.Series(["1"] * 200), pd.Series(["0461"] * 200), cells, means)
    for gamma in ("0.10", "0.25"):
        low = _one(band, "sensitivity_low", category=gamma)
        assert low["value"] < means["value"].iloc[0] < _one(band, "sensitivity_high", category=gamma)["value"]
        assert low["valid_n"] == 200
        assert pd.isna(low["standard_error"])
