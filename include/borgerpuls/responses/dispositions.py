"""
Dispositions: the final outcome of every sampled person, as AAPOR codes. Pure.

Source: AAPOR (2023), Standard Definitions, 10th ed.; codes in terms.Disposition.
"""

import numpy as np
import pandas as pd

from borgerpuls.terms import Completeness, Disposition


def decide(people: pd.DataFrame) -> "pd.Series[str]":
    """
    Return the disposition of each sampled person; the first rule that fits decides.

    An answer counts whatever happened later. An answer that was taken back is a refusal; one in quarantine, or with too
    little in it, is a break-off. Then what fieldwork knows: dead, moved, opted out. Whoever has a message that was not
    refused, failed or cancelled was reached and has not returned; everybody else could not be reached.

    Args:
        people: One row per sampled person: `form_state`, `completeness` (missing: nothing collected),
            `is_quarantined` (bool), `opt_out_reason` (missing, `opted_out`, `dead`, `moved`, `withdrawn`),
            `is_reached` (bool).

    Returns:
        AAPOR code as text, index as *people*.
    """
    counts = people["completeness"].notna() & ~people["is_quarantined"].astype(bool)
    rules = [
        (counts & (people["completeness"] == Completeness.COMPLETE), Disposition.COMPLETE),
        (counts & (people["completeness"] == Completeness.PARTIAL), Disposition.PARTIAL),
        (people["form_state"] == "deleted", Disposition.REFUSAL),
        (people["completeness"].notna(), Disposition.BREAK_OFF),
        (people["opt_out_reason"] == "dead", Disposition.DECEASED),
        (people["opt_out_reason"] == "moved", Disposition.NO_LONGER_ELIGIBLE),
        (people["opt_out_reason"].notna(), Disposition.REFUSAL),
        (people["is_reached"].astype(bool), Disposition.NOT_RETURNED),
    ]
    decided = np.select(
        [rule.to_numpy(dtype=bool) for rule, _ in rules],
        [outcome.value for _, outcome in rules],
        Disposition.UNREACHABLE.value,
    )
    return pd.Series(decided, index=people.index)
