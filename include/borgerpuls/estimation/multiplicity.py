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
    labels = pd.Series(0, index=p.index) if family is None else family
    tested = (p.notna() & labels.notna()).to_numpy()
    value = p.to_numpy(dtype=float)[tested]
    group = pd.factorize(labels[tested])[0]
    falling = np.lexsort((-value, group))
    value, group = value[falling], group[falling]
    size = np.bincount(group)
    rank = size[group] - (np.arange(len(group)) - (np.cumsum(size) - size)[group])
    steps = pd.Series(value * size[group] / rank).groupby(group).cummin().clip(upper=1.0)
    adjusted = np.full(len(p), np.nan)
    adjusted[np.flatnonzero(tested)[falling]] = steps
    return pd.Series(adjusted, index=p.index)
