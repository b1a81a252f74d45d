"""
What must hold between figures before anything is drawn: a mean follows from its shares, parts add up to the whole.
"""

from collections.abc import Hashable

import pandas as pd

DOMAIN = ["municipality_code", "item_id", "domain", "domain_group"]
PARTITIONS_OF_ALL = ("target_group", "sex", "age_group")
"""Partitions in which everybody is in a group; duration and status only hold those who answered them."""

TOLERANCE = 1e-9


def contradictions(figures: pd.DataFrame) -> list[str]:
    """
    Return what does not hold, one sentence per finding, naming the figure.

    Args:
        figures: Rows of `estimation.figure`.
    """
    shown = figures[~figures["is_suppressed"]]
    return [
        *_shares_sum_to_one(shown),
        *_means_follow_from_shares(shown),
        *_parts_add_up(figures),
        *_intervals_hold_their_value(shown),
        *_suppressed_rows_are_empty(figures),
    ]


def _shares_sum_to_one(shown: pd.DataFrame) -> list[str]:
    sums = shown[(shown["measure"] == "share") & (shown["valid_n"] > 0)].groupby(DOMAIN)["value"].sum()
    return [
        f"the shares of {_name(key)} sum to {total:.6f}" for key, total in sums[(sums - 1).abs() > TOLERANCE].items()
    ]


def _means_follow_from_shares(shown: pd.DataFrame) -> list[str]:
    shares = shown[shown["measure"] == "share"]
    followed = (shares["value"] * shares["category"].astype("int64")).groupby([shares[key] for key in DOMAIN]).sum()
    means = shown[(shown["measure"] == "mean") & (shown["valid_n"] > 0)].set_index(DOMAIN)["value"]
    gap = (means - followed).abs()
    return [
        f"the mean of {_name(key)} does not follow from its shares" for key in gap[gap.isna() | (gap > TOLERANCE)].index
    ]


def _parts_add_up(figures: pd.DataFrame) -> list[str]:
    means = figures[figures["measure"].isin(["mean", "category_mean"])]
    whole = means[means["domain"] == "all"].set_index(["municipality_code", "item_id"])
    found = []
    for domain in PARTITIONS_OF_ALL:
        grouped = means[means["domain"] == domain].groupby(["municipality_code", "item_id"])
        table = pd.DataFrame({"parts": grouped["valid_n"].sum(), "hidden": grouped["is_suppressed"].any()})
        table = table.join(whole[["valid_n", "is_suppressed"]])
        table = table[~table["is_suppressed"].astype(bool)]
        wrong = (table["parts"] > table["valid_n"]) | (~table["hidden"] & (table["parts"] != table["valid_n"]))
        found += [f"the answers by {domain} of {_name(key)} do not add up to the whole" for key in table[wrong].index]
    return found


def _intervals_hold_their_value(shown: pd.DataFrame) -> list[str]:
    bounded = shown[shown["lower"].notna() & shown["upper"].notna()]
    outside = (bounded["value"] < bounded["lower"] - TOLERANCE) | (bounded["value"] > bounded["upper"] + TOLERANCE)
    return [f"{figure} lies outside its interval" for figure in bounded.loc[outside, "figure_id"]]


def _suppressed_rows_are_empty(figures: pd.DataFrame) -> list[str]:
    hidden = figures[figures["is_suppressed"]]
    left = hidden[["value", "valid_n", "weighted_base"]].notna().any(axis=1)
    return [f"{figure} is suppressed but still has a number" for figure in hidden.loc[left, "figure_id"]]


def _name(key: Hashable) -> str:
    """Return the parts of a domain's key as figure ids write them."""
    return "|".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
