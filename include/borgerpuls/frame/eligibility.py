"""
Eligibility: who is in the population, and why everybody else is not.

A person is in the population who had an active course in the reference quarter on an included benefit and who, at the
key date, has at least 8 weeks (12 for a-dagpenge) of continuous public support, ongoing or ended. Days of support =
min(end of course, key date) - start of continuous support (of the course where that is not known); 56 and 84 days
qualify.

The latest course that began by the key date is decisive: its benefit gives the group, its municipality counts the
person, its dates give the days. Latest is the greatest start; then the one that ended last, ongoing being later than
any end; then the lowest municipality code and row. The person's other rows say why they gave way.

Source: pilot report 2023, "Populationsafgrænsning"; STATISTICS, "Eligibility".
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.codebooks.placement import assign_target_groups
from borgerpuls.errors import UnknownCode

DAYS_IN_WEEK = 7


class IneligibilityReason(StrEnum):
    """Why a row gives no person in the population. Danish texts: `templates/frame/texts.yaml`, `reasons`."""

    DECEASED_OR_EMIGRATED = "doed_eller_udrejst"
    BENEFIT_NOT_INCLUDED = "ydelse_ikke_i_undersoegelsen"
    NOT_ACTIVE_IN_QUARTER = "ikke_aktiv_i_kvartalet"
    TOO_SHORT = "for_kort_forloeb"
    SAME_BENEFIT_TWICE = "dublet"
    EARLIER_COURSE = "aeldre_forloeb"
    OTHER_MUNICIPALITY = "anden_kommune"


@dataclass(frozen=True)
class ReferencePeriod:
    """The quarter in which a course must be active, both days included, and the day the weeks are counted at."""

    start: date
    end: date
    key_date: date


def decide(spells: pd.DataFrame, period: ReferencePeriod, codebook: Codebook) -> pd.DataFrame:
    """
    Decide about every row.

    Args:
        spells: One row per course: `person_id`, `municipality_code`, `row_number`, `benefit_code`, `visitation_code`,
            `lab_code`, `spell_start_date`, `spell_end_date` and `support_start_date` (datetime64, the last two may be
            missing), `is_deceased_or_emigrated`.
        period: The reference quarter and the key date.
        codebook: Gives group and weeks required.

    Returns:
        Index as *spells*: `subgroup` and `target_group` (missing outside the survey), `support_days` (whole days, below
        0 for a course after the key date), `is_eligible`, `ineligibility_reason` (missing where eligible).

    Raises:
        UnknownCode: A row's codes place nobody. Rows that passed the expectations never do.
    """
    placed = assign_target_groups(
        spells[["benefit_code", "visitation_code", "lab_code"]].set_axis(["benefit", "visitation", "lab_code"], axis=1),
        codebook,
        period.key_date,
    )
    unknown = placed.loc[placed["problem"] != "", "problem"]
    if len(unknown):
        raise UnknownCode(
            str(unknown.iloc[0]),
            where=f"{len(unknown)} rows that the expectations let through",
            next_step="Run `validate_frame` again: the codebook has changed since.",
        )
    included = placed["target_group"] != ""
    days = support_days(spells, period.key_date)
    decisive = decisive_rows(spells, period.key_date)
    was_active = included & _is_active(spells, period)
    person = spells["person_id"]
    reason = pd.Series(
        np.select(
            [
                ~decisive,
                spells["is_deceased_or_emigrated"].astype(bool).groupby(person, sort=False).transform("any"),
                ~included,
                ~was_active.groupby(person, sort=False).transform("any"),
                days < placed["min_weeks"] * DAYS_IN_WEEK,
            ],
            [
                _why_it_gave_way(spells, decisive).to_numpy(dtype=object),
                str(IneligibilityReason.DECEASED_OR_EMIGRATED),
                str(IneligibilityReason.BENEFIT_NOT_INCLUDED),
                str(IneligibilityReason.NOT_ACTIVE_IN_QUARTER),
                str(IneligibilityReason.TOO_SHORT),
            ],
            default="",
        ),
        index=spells.index,
        dtype="str",
    )
    return pd.DataFrame(
        {
            "subgroup": placed["subgroup"].mask(~included),
            "target_group": placed["target_group"].mask(~included),
            "support_days": days,
            "is_eligible": reason == "",
            "ineligibility_reason": reason.mask(reason == ""),
        }
    )


def decisive_rows(spells: pd.DataFrame, key_date: date) -> pd.Series:
    """
    Return which row decides about its person: the latest course that began by the key date, or else the first after it.

    Args:
        spells: As in `decide`.
        key_date: Courses that begin later are not yet known of.

    Returns:
        Boolean, index as *spells*; exactly one row per person is true.
    """
    order = pd.DataFrame(
        {
            "begins_later": spells["spell_start_date"] > pd.Timestamp(key_date),
            "start": -spells["spell_start_date"].astype("int64"),
            "is_ended": spells["spell_end_date"].notna(),
            "end": -spells["spell_end_date"].fillna(pd.Timestamp(key_date)).astype("int64"),
            "municipality_code": spells["municipality_code"],
            "row_number": spells["row_number"],
        }
    )
    best_first = order.sort_values(list(order.columns)).index
    first = ~spells["person_id"].reindex(best_first).duplicated()
    return first.reindex(spells.index)


def support_days(spells: pd.DataFrame, key_date: date) -> pd.Series:
    """Return days of continuous public support at the key date, or at the end of the course where that came first."""
    at_key_date = pd.Timestamp(key_date)
    until = spells["spell_end_date"].where(spells["spell_end_date"] < at_key_date, at_key_date)
    since = spells["support_start_date"].fillna(spells["spell_start_date"])
    days: pd.Series = (until - since).dt.days
    return days.astype("int64")


def _is_active(spells: pd.DataFrame, period: ReferencePeriod) -> pd.Series:
    began = spells["spell_start_date"] <= pd.Timestamp(period.end)
    ended_before = spells["spell_end_date"] < pd.Timestamp(period.start)
    return began & ~ended_before


def _why_it_gave_way(spells: pd.DataFrame, decisive: pd.Series) -> pd.Series:
    """Return for each row how it differs from its person's decisive row: municipality, benefit, or neither."""
    kept = spells[decisive].set_index("person_id")
    municipality = spells["person_id"].map(kept["municipality_code"])
    benefit = spells["person_id"].map(kept["benefit_code"])
    return pd.Series(
        np.select(
            [spells["municipality_code"] != municipality, spells["benefit_code"] != benefit],
            [str(IneligibilityReason.OTHER_MUNICIPALITY), str(IneligibilityReason.EARLIER_COURSE)],
            default=str(IneligibilityReason.SAME_BENEFIT_TWICE),
        ),
        index=spells.index,
        dtype="str",
    )
