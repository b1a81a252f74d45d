"""
BDO's annex of 2023 - population, answers and rate by benefit - as figures of ours, to be attacked and protected.

Shown as an earlier consultancy might: groups of fewer than five answers blanked, totals kept.
"""

from math import ceil, floor
from typing import NamedTuple

import numpy as np
import pandas as pd

from borgerpuls.codebooks.published import bdo_2023_response_rates
from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES

PLACE, SMALL = "0846", 5
TOTAL = "I alt"


def bdo_figures() -> pd.DataFrame:
    """Return the annex, nothing withheld: one municipality, its benefits as target groups."""
    table = bdo_2023_response_rates()
    total = table[table["maalgruppe"] == TOTAL].iloc[0]
    rows = [
        _row("population_n", "all", "", float(total["population"])),
        _row("answered_n", "all", "", float(total["svar"])),
    ]
    for row in table[table["maalgruppe"] != TOTAL].to_dict("records"):
        population, answers = float(row["population"]), float(row["svar"])
        group = str(row["maalgruppe"])
        counts = {
            "population_share": (population, float(total["population"])),
            "respondent_share": (answers, float(total["svar"])),
        }
        for measure, (n, base) in counts.items():
            rows.append(_row(measure, "target_group", group, n / base) | {"valid_n": n, "weighted_base": base})
    return pd.DataFrame(rows)


def with_small_groups_blanked(figures: pd.DataFrame) -> pd.DataFrame:
    """Return *figures* with the answers of the small groups taken away, and everything else kept."""
    small = (figures["measure"] == "respondent_share") & (figures["valid_n"] < SMALL)
    result = figures.assign(is_suppressed=small)
    result.loc[small, ["valid_n", "value"]] = np.nan
    return result


class FromRate(NamedTuple):
    """What a printed rate says of a small group: its citizens, the fewest and most answers, and those there were."""

    citizens: int
    least: int
    most: int
    answers: int

    @property
    def is_exact(self) -> bool:
        """Tell whether the rate gives the answers."""
        return self.least == self.most == self.answers


def from_printed_rates() -> list[FromRate]:
    """Return what the rates, printed to the nearest per cent of known populations, say of each small group."""
    table = bdo_2023_response_rates()
    small = table[table["svar"].astype(int) < SMALL]
    return [
        FromRate(
            int(citizens),
            max(ceil((rate - 0.5) / 100 * citizens), 0),
            floor((rate + 0.5) / 100 * citizens),
            int(answers),
        )
        for rate, citizens, answers in small[["svarrate_pct_published", "population", "svar"]].astype(float).to_numpy()
    ]


def _row(measure: str, domain: str, group: str, value: float) -> dict[str, object]:
    return {
        "municipality_code": PLACE, "item_id": "response", "measure": measure, "category": "", "domain": domain,
        "domain_group": group, "no_interval_reason": "", "is_different_from_rest": False,
        "is_different_from_previous": False, **dict.fromkeys([*COUNTS, *VALUES, *COMPARISONS], np.nan), "value": value,
    }  # fmt: skip
