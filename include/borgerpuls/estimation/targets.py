"""
Target scores: how sure is it that the population's score reaches a goal a council has set?

The probability is the confidence distribution of the estimate at the target, a t approximation:
P = F_t((mean − target) / standard error; df). If the true score lies exactly at the target, P is spread evenly over 0
to 1; it says nothing of nonresponse that depends on satisfaction itself (`sensitivity`).

Source: Schweder & Hjort (2002), Scandinavian Journal of Statistics 29(2), 309-332 (confidence distributions).
"""

import numpy as np
import pandas as pd

from borgerpuls.errors import CodeIsOutOfRange

NO_FIGURE = "no figure"
NO_DEGREES_OF_FREEDOM = "no degrees of freedom: no probability"
CERTAIN = "everybody answered: no uncertainty of sampling"


def reach_target(estimates: pd.DataFrame, target: float, *, lowest: float = 1.0, highest: float = 5.0) -> pd.DataFrame:
    """
    Return whether each estimate reaches a target and the probability that the population does.

    Args:
        estimates: Columns `mean`, `se_mean`, `df`; missing where there is no figure.
        target: The goal, on the scale of the means.
        lowest: Lowest score there is.
        highest: Highest score there is.

    Returns:
        Index as *estimates*: `target`, `is_reached` (the estimate is at or above it; missing without a figure),
        `probability` (0-1, missing where it cannot be had) and `outcome` (empty, or why).

    Raises:
        CodeIsOutOfRange: The target is not on the scale.
    """
    if not lowest <= target <= highest:
        raise CodeIsOutOfRange(
            f"Target {target:g} is not between {lowest:g} and {highest:g}.",
            where="The target score",
            next_step="Give it on the scale of the scores.",
        )
    from scipy.special import stdtr

    mean, se, df = (estimates[column].to_numpy(dtype=float, na_value=np.nan) for column in ("mean", "se_mean", "df"))
    has_figure = ~np.isnan(mean)
    exact = has_figure & (se == 0) & (df > 0)
    testable = has_figure & (se > 0) & (df > 0)
    probability = np.full(len(mean), np.nan)
    probability[testable] = stdtr(df[testable], (mean[testable] - target) / se[testable])
    probability[exact] = (mean[exact] >= target).astype(float)
    reached = pd.Series(mean >= target, index=estimates.index).astype("boolean").where(has_figure)
    return pd.DataFrame(
        {
            "target": target,
            "is_reached": reached,
            "probability": probability,
            "outcome": np.select(
                [~has_figure, exact, ~testable], [NO_FIGURE, CERTAIN, NO_DEGREES_OF_FREEDOM], default=""
            ),
        },
        index=estimates.index,
    )
