"""The attacker finds what can be worked out, and lets what cannot be stand."""

import numpy as np
import pandas as pd
import pytest
from planted_leaks import run

from borgerpuls.codebooks.published import bdo_2023_response_rates
from borgerpuls.estimation.feasible import Knowledge, is_narrow


def test_planted_leaks_are_all_found_and_protected_tables_give_no_alarm() -> None:
    result = run(4, seed=3)
    assert result["planted"] == 4
    assert result["found"] == result["planted"]
    assert result["false_alarms"] == 0


def _bdo(rates_are_printed: bool) -> dict[str, tuple[int, int]]:
    """Ranges of BDO's answers by benefit when those under five are blanked and the total is kept."""
    table = bdo_2023_response_rates().rename(columns=str)
    table[["population", "svar"]] = table[["population", "svar"]].astype("int64")
    total = table[table["maalgruppe"] == "I alt"].iloc[0]
    groups = table[table["maalgruppe"] != "I alt"]
    small = groups[groups["svar"] < 5]
    knowledge = Knowledge()
    columns = []
    for row in small.itertuples():
        low, high = 0.0, float(row.population)
        if rates_are_printed:
            rate = float(row.svarrate_pct_published)
            low, high = (rate - 0.5) / 100 * row.population, (rate + 0.5) / 100 * row.population
        columns.append(knowledge.unknown(max(low, 0.0), high))
    left = float(total["svar"] - groups.loc[groups["svar"] >= 5, "svar"].sum())
    knowledge.know(columns, [1.0] * len(columns), left, left)
    least, most = knowledge.ranges(columns, 3)
    assert len(small) == 3
    return {
        str(name): (int(np.ceil(low - 1e-6)), int(np.floor(high + 1e-6)))
        for name, low, high in zip(small["maalgruppe"], least, most, strict=True)
    }


def test_bdos_small_groups_follow_from_the_total_and_the_rates() -> None:
    assert sorted(_bdo(rates_are_printed=True).values()) == [(0, 0), (2, 2), (4, 4)]


def test_bdos_smallest_group_is_given_away_by_the_total_alone() -> None:
    ranges = _bdo(rates_are_printed=False)
    narrow = [name for name, (low, high) in ranges.items() if high - low < 3]
    assert narrow == ["Overgangsydelsesmodtagere med uddannelsespålæg (uddannelsesparate)"]


def test_ranges_of_a_table_worked_by_hand() -> None:
    """Two by two with rows 3 and 7 and columns 4 and 6: the first cell lies between 0 and 3."""
    knowledge = Knowledge()
    a, b, c, d = (knowledge.unknown(0, 100) for _ in range(4))
    for columns, total in (((a, b), 3), ((c, d), 7), ((a, c), 4), ((b, d), 6)):
        knowledge.know(columns, [1.0, 1.0], total, total)
    least, most = knowledge.ranges([a, b, c, d], 100)
    assert least.round().tolist() == [0, 0, 1, 3]
    assert most.round().tolist() == [3, 3, 4, 6]
    assert is_narrow(least, most, 3).tolist() == [False] * 4


def test_figures_that_nobody_can_have_answered_are_named_as_such() -> None:
    knowledge = Knowledge()
    only = knowledge.unknown(0, 2)
    knowledge.know([only], [1.0], 5, 5)
    with pytest.raises(ValueError, match="contradict each other"):
        knowledge.ranges([only], 3)


def test_a_table_without_withheld_cells_has_nothing_to_attack() -> None:
    least, most = Knowledge().ranges([], 3)
    assert pd.Series(least).empty
    assert pd.Series(most).empty
