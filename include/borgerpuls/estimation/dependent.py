"""
Figures that are made of several cells: withheld with any one of them.

disclosure.py withholds a figure with the cell it belongs to. A response rate of a group is respondents of sampled, and
would give away the one of the two that is withheld.
"""

import pandas as pd

from borgerpuls.estimation.disclosure import WITHHELD
from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES
from borgerpuls.estimation.response_figures import RESPONSE

MADE_OF = {"response_rate": (RESPONSE, "sampled"), "complete_rate": (RESPONSE, "sampled")}
"""Measure → the cells of its domain that it is made of."""


def withhold_dependent(figures: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    """
    Return *figures* with the rates emptied of which one count is withheld.

    Args:
        figures: As `disclosure.suppress` returns them.
        reasons: The withheld cells, as there.
    """
    place = ["municipality_code", "domain", "domain_group"]
    hidden = {
        item: pd.MultiIndex.from_frame(reasons.loc[reasons["item_id"] == item, place])
        for item in {item for items in MADE_OF.values() for item in items}
    }
    keys = pd.MultiIndex.from_frame(figures[place])
    also = pd.Series(False, index=figures.index)
    for measure, items in MADE_OF.items():
        of_measure = (figures["measure"] == measure) & (figures["item_id"] == RESPONSE)
        for item in items:
            also |= of_measure & keys.isin(hidden[item])
    result = figures.copy()
    result.loc[also, [*COUNTS, *VALUES, *COMPARISONS, "no_interval_reason"]] = None
    result.loc[also, "is_suppressed"] = True
    result.loc[also, "suppression_reason"] = WITHHELD
    return result
