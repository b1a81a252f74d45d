"""
Multiplicity: keep the share of false findings down where a report prints many comparisons.

Source: Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.
"""

import numpy as np
import pandas as pd


def adjust_false_discovery(p: pd.Series, family: pd.Series | None = None) -> pd.Series:
    """
    Return Benjamini–Hochberg adjusted p-values.

    Args:
        p: p-values in [0, 1]; missing values are comparisons that are not tested, and stay missing.
        family: Label of the report that each comparison is printed in (index as *p*); default one family.

    Returns:
        Adjusted p-values, index as *p*: the smallest false discovery rate at which the comparison is a finding.
    """
    groups = pd.Series(0, index=p.index) if family is None else family
    adjusted = pd.Series(np.nan, index=p.index, dtype=float)
    tested = p.notna() & groups.notna()
    for _, values in p[tested].groupby(groups[tested], sort=False):
        falling = values.sort_values(ascending=False, kind="stable")
        rank = np.arange(len(falling), 0, -1)
        steps = np.minimum.accumulate(falling.to_numpy() * len(falling) / rank)
        adjusted.loc[falling.index] = np.minimum(steps, 1.0)
    return adjusted
