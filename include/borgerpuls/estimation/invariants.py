"""
What must hold between figures before anything is drawn.

A mean follows from its shares, shares sum to one, parts add up to their whole and lie around its mean, counts of taking
part contain each other, answers and groups are the codebook's in the codebook's order, and the same number is the same
wherever it stands. What does not hold is named by municipality, so that only its report is stopped.
"""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import pandas as pd

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.estimation.estimates import SCALE
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.terms import ALL_PARTICIPATING

DOMAIN = ["municipality_code", "item_id", "domain", "domain_group"]
NUMBER = [*DOMAIN, "measure", "category"]
"""What names a number within its round."""

PARTITIONS_OF_ALL = ("target_group", "sex", "age_group")
"""Partitions in which everybody is in a group; duration and status only hold those who answered them."""

OF_CODEBOOK = (*PARTITIONS_OF_ALL, "duration", "status")

OWN_ITEM = "local"
"""Items whose wording and answers are one municipality's own."""

TOLERANCE = 1e-9


class Contradiction(NamedTuple):
    """One thing that does not hold: whose report it concerns, and a sentence that names the figure."""

    municipality_code: str
    sentence: str


def contradictions(figures: pd.DataFrame) -> list[Contradiction]:
    """
    Return what does not hold between the figures of a round.

    Args:
        figures: Rows of `estimation.figure`.
    """
    shown = figures[~figures["is_suppressed"].astype(bool)]
    return [
        *_numbers_are_unique(figures),
        *_shares_sum_to_one(shown),
        *_means_follow_from_shares(shown),
        *_parts_add_up(figures),
        *_whole_lies_between_parts(figures),
        *_municipalities_add_up(figures),
        *_counts_contain_each_other(shown),
        *_intervals_hold_their_value(shown),
        *_suppressed_rows_are_empty(figures),
    ]


def strangers(figures: pd.DataFrame, codebook: Codebook, instrument: Instrument) -> list[Contradiction]:
    """
    Return answers, options and groups that are not the codebook's, or not in its order.

    A legend is drawn from the answers of the questionnaire, best first; bars are drawn from the shares under their codes.
    """
    found = []
    scale = [str(score) for score in sorted(SCALE, reverse=True)]
    options = {}
    for item in (item for item in instrument.items if not item.item_id.startswith(OWN_ITEM)):
        answers = [code for code in item.codes if code.isdigit()]
        if item.kind == "multi":
            options[item.item_id] = set(item.codes)
        elif item.scale and answers != scale:
            sentence = (
                f"the legend of {item.item_id} runs {', '.join(answers)}, the codebook's scale {', '.join(scale)}"
            )
            found.append(Contradiction(ALL_PARTICIPATING, sentence))
    shares = figures[figures["measure"].isin(["share", "option_share"])]
    for key, own in shares.groupby(DOMAIN)["category"]:
        item_id = str(key[1])
        known = options.get(item_id, set(own) if item_id.startswith(OWN_ITEM) else set(scale))
        if set(own) != known:
            found.append(
                Contradiction(str(key[0]), f"the answers of {_name(key)} are {sorted(set(own))}, not {sorted(known)}")
            )
    for domain in OF_CODEBOOK:
        own_domain = figures[figures["domain"] == domain]
        unknown = own_domain[~own_domain["domain_group"].isin(list(codebook.labels(domain)))]
        found += [
            Contradiction(str(code), f"{group!r} of {code}|{domain} is no group of the codebook {codebook.version}")
            for code, group in unknown[["municipality_code", "domain_group"]].drop_duplicates().to_numpy()
        ]
    return found


def disagreements(figures: pd.DataFrame, elsewhere: pd.DataFrame, where: str) -> list[Contradiction]:
    """
    Return the numbers that are not the same in another table, or withheld in one and shown in the other.

    Args:
        figures: Rows of `estimation.figure` of one round.
        elsewhere: Numbers of the same round in another table: `NUMBER`, `value`, `is_suppressed`.
        where: Name of the other table.
    """
    both = figures[[*NUMBER, "value", "is_suppressed"]].merge(elsewhere, on=NUMBER, suffixes=("", "_there"))
    here, there = both["is_suppressed"].astype(bool), both["is_suppressed_there"].astype(bool)
    gap = (both["value"].astype(float) - both["value_there"].astype(float)).abs()
    one_is_missing = both["value"].isna() != both["value_there"].isna()
    wrong = both[(here != there) | (~here & ~there & (one_is_missing | (gap > TOLERANCE)))]
    return _of(wrong.set_index(NUMBER).index, "{} is not the same in " + where)


def of_one_item(figures: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Return the means of the categories that have one item, as its mean: the same number under two names."""
    items = {category.code: category.items[0] for category in codebook.categories if len(category.items) == 1}
    rows = figures[(figures["measure"] == "category_mean") & figures["item_id"].isin(list(items))]
    return rows[[*NUMBER, "value", "is_suppressed"]].assign(item_id=rows["item_id"].map(items), measure="mean")


def _of(keys: Iterable[Hashable], sentence: str) -> list[Contradiction]:
    """Return one contradiction per key; its first part is the municipality."""
    return [
        Contradiction(str(key[0]) if isinstance(key, tuple) else str(key), sentence.format(_name(key))) for key in keys
    ]


def _numbers_are_unique(figures: pd.DataFrame) -> list[Contradiction]:
    twice = figures[figures.duplicated(NUMBER)]
    return _of(twice.set_index(NUMBER).index, "{} stands twice")


def _shares_sum_to_one(shown: pd.DataFrame) -> list[Contradiction]:
    sums = shown[(shown["measure"] == "share") & (shown["valid_n"] > 0)].groupby(DOMAIN)["value"].sum()
    wrong = sums[(sums - 1).abs() > TOLERANCE]
    return [
        Contradiction(str(key[0]), f"the shares of {_name(key)} sum to {total:.6f}")  # type: ignore[index]
        for key, total in wrong.items()
    ]


def _means_follow_from_shares(shown: pd.DataFrame) -> list[Contradiction]:
    shares = shown[shown["measure"] == "share"]
    followed = (shares["value"] * shares["category"].astype("int64")).groupby([shares[key] for key in DOMAIN]).sum()
    means = shown[(shown["measure"] == "mean") & (shown["valid_n"] > 0)].set_index(DOMAIN)["value"]
    gap = (means - followed).abs()
    wrong = gap[gap.isna() | (gap > TOLERANCE)]
    return _of(wrong.index, "the mean of {} does not follow from its shares")


def _wholes_and_parts(figures: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Return one row per municipality and item with its whole, and what its parts by *domain* come to."""
    means = figures[figures["measure"].isin(["mean", "category_mean"])]
    whole = means[means["domain"] == "all"].set_index(["municipality_code", "item_id"])
    parts = means[means["domain"] == domain]
    grouped = parts.groupby(["municipality_code", "item_id"])
    table = pd.DataFrame(
        {
            "parts": grouped["valid_n"].sum(),
            "hidden": grouped["is_suppressed"].any(),
            "lowest": grouped["value"].min(),
            "highest": grouped["value"].max(),
        }
    )
    table = table.join(whole[["valid_n", "value", "is_suppressed"]], how="inner")
    return table[~table["is_suppressed"].astype(bool)]


def _parts_add_up(figures: pd.DataFrame) -> list[Contradiction]:
    found = []
    for domain in PARTITIONS_OF_ALL:
        table = _wholes_and_parts(figures, domain)
        wrong = (table["parts"] > table["valid_n"]) | (
            ~table["hidden"].astype(bool) & (table["parts"] != table["valid_n"])
        )
        found += _of(table[wrong].index, f"the answers by {domain} of {{}} do not add up to the whole")
    return found


def _whole_lies_between_parts(figures: pd.DataFrame) -> list[Contradiction]:
    found = []
    for domain in PARTITIONS_OF_ALL:
        table = _wholes_and_parts(figures, domain)
        table = table[~table["hidden"].astype(bool) & (table["valid_n"] > 0)]
        outside = (table["value"] < table["lowest"] - TOLERANCE) | (table["value"] > table["highest"] + TOLERANCE)
        found += _of(table[outside].index, f"the mean of {{}} lies outside those of its parts by {domain}")
    return found


def _municipalities_add_up(figures: pd.DataFrame) -> list[Contradiction]:
    """The answers of the municipalities are those of all participating; withheld ones leave room."""
    means = figures[figures["measure"].isin(["mean", "category_mean"])]
    is_all = means["municipality_code"] == ALL_PARTICIPATING
    keys = ["item_id", "domain", "domain_group"]
    grouped = means[~is_all].groupby(keys)
    parts = pd.DataFrame({"parts": grouped["valid_n"].sum(), "hidden": grouped["is_suppressed"].any()})
    table = means[is_all & ~means["is_suppressed"].astype(bool)].set_index(keys)[["valid_n"]].join(parts, how="inner")
    wrong = (table["parts"] > table["valid_n"]) | (~table["hidden"].astype(bool) & (table["parts"] != table["valid_n"]))
    return [
        Contradiction(ALL_PARTICIPATING, f"the answers of the municipalities to {_name(key)} do not add up to all")
        for key in table[wrong].index
    ]


def _counts_contain_each_other(shown: pd.DataFrame) -> list[Contradiction]:
    rows = shown[(shown["item_id"] == "response") & (shown["domain"] == "all") & (shown["category"] == "")]
    count = rows.pivot_table(index="municipality_code", columns="measure", values="value", aggfunc="first")
    found = []
    for inner, outer in (
        ("sampled_n", "population_n"),
        ("reachable_n", "sampled_n"),
        ("answered_n", "sampled_n"),
        ("complete_n", "answered_n"),
    ):
        if {inner, outer} <= set(count.columns):
            wrong = count.index[count[inner] > count[outer]]
            found += _of(wrong, f"{inner} of {{}} is larger than {outer}")
    if {"complete_n", "partial_n", "answered_n"} <= set(count.columns):
        gap = count["complete_n"] + count["partial_n"] - count["answered_n"]
        found += _of(count.index[gap.abs() > 0], "complete_n and partial_n of {} do not add up to answered_n")
    return found


def _intervals_hold_their_value(shown: pd.DataFrame) -> list[Contradiction]:
    bounded = shown[shown["lower"].notna() & shown["upper"].notna()]
    outside = (bounded["value"] < bounded["lower"] - TOLERANCE) | (bounded["value"] > bounded["upper"] + TOLERANCE)
    return [
        Contradiction(str(code), f"{figure} lies outside its interval")
        for code, figure in bounded.loc[outside, ["municipality_code", "figure_id"]].to_numpy()
    ]


def _suppressed_rows_are_empty(figures: pd.DataFrame) -> list[Contradiction]:
    hidden = figures[figures["is_suppressed"].astype(bool)]
    left = hidden[["value", "valid_n", "weighted_base"]].notna().any(axis=1)
    return [
        Contradiction(str(code), f"{figure} is suppressed but still has a number")
        for code, figure in hidden.loc[left, ["municipality_code", "figure_id"]].to_numpy()
    ]


def _name(key: Hashable) -> str:
    """Return the parts of a domain's key as figure ids write them."""
    return "|".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
