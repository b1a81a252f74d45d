"""
Trend: the same number over any number of periods, marked where it is not counted alike.

A period is a published round of ours, figures that others published before (imports.py), or an anonymous reference
municipality. Points that were withheld in their period stay without a value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from borgerpuls.estimation.comparability import breaks_between, participants_break
from borgerpuls.terms import ALL_PARTICIPATING

ROUND, IMPORTED, REFERENCE = "round", "imported", "reference"

SERIES = ["municipality_code", "item_id", "measure", "domain", "domain_group"]
"""What names a series; its points differ in period."""

NUMBERS = ["value", "standard_error", "degrees_of_freedom", "lower", "upper", "valid_n"]
FLAGS = ["is_uncertain", "is_suppressed"]

OF_EVERYBODY = ("mean", "category_mean", "top2", "response_rate", "complete_rate")
BY_TARGET_GROUP = ("mean", "category_mean")
COMPARED = ("mean", "category_mean")
"""Measures whose difference to the period before is printed and, where errors are known, tested."""

POINT = [
    *SERIES, "period", "period_name", "kind", "source", "source_title", "value", "lower", "upper", "valid_n", *FLAGS,
    "is_break_before", "break_reason",
]  # fmt: skip


@dataclass(frozen=True)
class Period:
    """
    One period's published figures.

    Attributes:
        period: `2023-2`; sorts in time.
        name: As it is printed.
        kind: `ROUND`, `IMPORTED` or `REFERENCE`.
        source: A round's id, or a source's.
        title: The report the figures are from.
        edition: Versions of codebook and questionnaire.
        municipality_codes: Who took part; None where it is not known.
        figures: One row per number: `SERIES`, `NUMBERS`, `FLAGS`.
    """

    period: str
    name: str
    kind: str
    source: str
    title: str
    edition: tuple[str, str]
    municipality_codes: frozenset[str] | None
    figures: pd.DataFrame


def in_trend(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a figure table that a trend is made of: `SERIES`, `NUMBERS`, `FLAGS`."""
    everybody = (figures["domain"] == "all") & figures["measure"].isin(OF_EVERYBODY)
    by_group = (figures["domain"] == "target_group") & figures["measure"].isin(BY_TARGET_GROUP)
    # Questions of a municipality's own have other words in every round.
    own = figures["item_id"].str.fullmatch(r"local\d")
    table = figures[(everybody | by_group) & ~own].copy()
    for name in FLAGS:
        if name not in table:
            table[name] = False
    return table[[*SERIES, *NUMBERS, *FLAGS]].reset_index(drop=True)


def trend_points(now: Period, earlier: Sequence[Period]) -> pd.DataFrame:
    """
    Return the points of every series that *now* has, *now* last.

    Args:
        now: The report's own round.
        earlier: Other periods; those not before *now* are left out, and a round of ours replaces an import of its period.

    Returns:
        One row per point, columns `POINT`. Points of a reference municipality stand under its own code, for the items that
        *now* has.
    """
    table = _stacked(now, earlier)
    is_reference = table["kind"] == REFERENCE
    keys = table[SERIES].apply(tuple, axis=1)
    own = set(keys[table["place"] == 0])
    of_everybody = {key[1:] for key in own if key[0] == ALL_PARTICIPATING}
    kept = keys.isin(own) | (is_reference & keys.map(lambda key: key[1:] in of_everybody))
    table = table[kept].sort_values([*SERIES, "period", "kind"], ignore_index=True)
    return _with_breaks(table, [now, *earlier])[POINT]


def previous_means(now: Period, earlier: Sequence[Period]) -> pd.DataFrame:
    """
    Return, for each mean of everybody, the same mean in the latest period before, where both are counted alike.

    Args:
        now: The round; its figures are not looked at.
        earlier: As `trend_points`.

    Returns:
        One row per mean: `SERIES`, `NUMBERS`, `FLAGS`, `period`, `period_name`, `source`, `break_reason` (missing where the
        two can be compared); a withheld one has no value.
    """
    table = _stacked(now, earlier)
    table = table[
        (table["place"] > 0)
        & (table["kind"] != REFERENCE)
        & (table["domain"] == "all")
        & table["measure"].isin(COMPARED)
    ]
    latest = table.sort_values([*SERIES, "period"]).drop_duplicates(SERIES, keep="last").reset_index(drop=True)
    latest["break_reason"] = _reasons(latest, np.zeros(len(latest), dtype=np.int64), latest["place"], [now, *earlier])
    return latest.drop(columns=["place", "kind", "source_title"])


def _stacked(now: Period, earlier: Sequence[Period]) -> pd.DataFrame:
    """All periods' figures in one table; `place` is the period's position, *now* first."""
    parts = [
        one.figures.assign(
            place=place,
            period=one.period,
            period_name=one.name,
            kind=one.kind,
            source=one.source,
            source_title=one.title,
        )
        for place, one in enumerate([now, *earlier])
        if place == 0 or one.period < now.period
    ]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    # A period that was imported before it was a round of ours counts once.
    order = table["kind"].map({ROUND: 0, IMPORTED: 1, REFERENCE: 2})
    ranked = table.assign(order=order, is_reference=order == 2).sort_values(["order", "source"], kind="stable")
    return ranked.drop_duplicates([*SERIES, "period", "is_reference"]).drop(columns=["order", "is_reference"])


def _with_breaks(points: pd.DataFrame, periods: Sequence[Period]) -> pd.DataFrame:
    same_series = (points[SERIES] == points[SERIES].shift()).all(axis=1)
    before = points["place"].shift().where(same_series, -1).astype("int64")
    reason = _reasons(points, points["place"], before, periods)
    return points.assign(break_reason=reason, is_break_before=reason.notna())


def _reasons(
    points: pd.DataFrame,
    later: "np.typing.NDArray[np.int64] | pd.Series[int]",
    earlier: "pd.Series[int]",
    periods: Sequence[Period],
) -> pd.Series:
    """Return why each point is not counted as the one before it, position by position in *periods*; −1: there is none."""
    reasons: list[str | None] = []
    columns = (points["municipality_code"], points["item_id"], points["domain"], points["domain_group"])
    participants: dict[tuple[int, int], str | None] = {}
    for code, item, domain, group, now, before in zip(*columns, later, earlier, strict=True):
        if before < 0:
            reasons.append(None)
            continue
        found = breaks_between(periods[now].edition, periods[before].edition)
        reason = found.items.get(item)
        if reason is None and domain == "target_group":
            reason = found.target_groups.get(group)
        if reason is None and code == ALL_PARTICIPATING:
            pair = (int(now), int(before))
            if pair not in participants:
                participants[pair] = participants_break(
                    periods[now].municipality_codes, periods[before].municipality_codes, periods[before].name
                )
            reason = participants[pair]
        reasons.append(reason)
    return pd.Series(reasons, index=points.index, dtype=object)
