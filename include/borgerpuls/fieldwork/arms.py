"""
The reminder arms compared: how many more answer when an SMS comes beside the reminders.

Arms are drawn within municipalities, so the difference is taken within each and averaged by its people; everybody drawn
counts in the arm that was drawn, whatever was sent. Pure. Source: Imbens & Rubin (2015), Causal Inference, ch. 9.
"""

import math
from dataclasses import dataclass

import pandas as pd

from borgerpuls.errors import RoundHasNoArms
from borgerpuls.fieldwork.planning import WITH_SMS, WITHOUT_SMS

Z_95 = 1.959964
FEWEST = 2
"""People an arm needs in a municipality for a variance."""


@dataclass(frozen=True)
class ArmDifference:
    """Shares from 0 to 1; `difference` is with SMS minus without, with its standard error."""

    people_with: int
    people_without: int
    share_with: float
    share_without: float
    difference: float
    standard_error: float
    left_out: int
    """Municipalities where an arm has too few people."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference."""
        return self.difference - Z_95 * self.standard_error, self.difference + Z_95 * self.standard_error


def compare_arms(counts: pd.DataFrame) -> ArmDifference:
    """
    Return how the arms differ.

    Args:
        counts: One row per municipality and arm: `municipality_code`, `arm` (with_sms | without_sms), `people`, `answered`.

    Raises:
        RoundHasNoArms: No municipality has people in both arms.
    """
    people, answered = (_by_arm(counts, column) for column in ("people", "answered"))
    enough = (people >= FEWEST).all(axis=1)
    people, answered = people[enough], answered[enough]
    if people.empty:
        raise RoundHasNoArms(
            "Der er ikke trukket lod om sms'er i nogen kommune med mindst to borgere i hver gruppe.",
            next_step="Sæt andelen med `borgerpuls fieldwork sms-share`, før udsendelsen godkendes.",
        )
    shares = answered / people
    weight = people.sum(axis=1) / people.to_numpy().sum()
    variance = (shares * (1 - shares) / (people - 1)).sum(axis=1)
    mean = shares.mul(weight, axis=0).sum()
    return ArmDifference(
        people_with=int(people[WITH_SMS].sum()),
        people_without=int(people[WITHOUT_SMS].sum()),
        share_with=float(mean[WITH_SMS]),
        share_without=float(mean[WITHOUT_SMS]),
        difference=float(mean[WITH_SMS] - mean[WITHOUT_SMS]),
        standard_error=math.sqrt(float((weight**2 * variance).sum())),
        left_out=int((~enough).sum()),
    )


def _by_arm(counts: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a column of counts, one row per municipality and one column per arm."""
    wide = counts.pivot_table(index="municipality_code", columns="arm", values=column, aggfunc="sum", fill_value=0)
    return wide.reindex(columns=[WITH_SMS, WITHOUT_SMS], fill_value=0)
