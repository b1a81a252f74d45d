"""
Category scores and indices of a person, by the rule of the codebook, and target groups across codebooks.

The score is the mean of the valid items among those the person was asked, where at least a given share of them is
valid; else there is no score and the outcome says why. A category's figure is then the weighted mean over persons
(`estimates.estimate_score`), never a mean of printed means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import yaml

from borgerpuls.codebooks import files
from borgerpuls.codebooks.codebook import Codebook, load_codebook
from borgerpuls.codebooks.placement import subgroup_table
from borgerpuls.errors import CodeIsOutOfRange, ColumnIsMissing, UnknownCode
from borgerpuls.estimation.estimates import BROKEN_OFF, DONT_KNOW, NOT_ASKED, SCALE
from borgerpuls.terms import AnswerOutcome


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is built like a category, of items of its own: code, Danish name, items and minimum share."""

    code: str
    name: str
    items: tuple[str, ...]
    minimum_valid_share: float
    published_score: float
    goal: float


def load_index(code: str) -> Index:
    """Return an index by code (`bdo_2023`); raises UnknownCode."""
    for index in yaml.safe_load(files.read_text("indices.yaml")):
        if index["code"] == code:
            return Index(
                code=index["code"],
                name=index["name"],
                items=tuple(index["items"]),
                minimum_valid_share=float(index["minimum_valid_share"]),
                published_score=float(index["published_score"]),
                goal=float(index["goal"]),
            )
    raise UnknownCode(f"There is no index {code!r}.", next_step="See codebooks/data/indices.yaml.")


def score_items(
    answers: pd.DataFrame,
    items: Sequence[str],
    *,
    minimum_valid_share: float,
    asked: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """
    Return the score of every person over some items.

    Args:
        answers: One row per person; in each item's column 1-5 is valid, `DONT_KNOW`, `NOT_ASKED`, `BROKEN_OFF` or an
            empty value is not.
        items: Columns to score.
        minimum_valid_share: Least share (0-1] of the asked items that must be valid.
        asked: Whether each person was asked each item (index and columns as *answers*); default everyone was asked
            what is not `NOT_ASKED`. An item that the person never reached counts as asked.

    Returns:
        Index as *answers*: `score` (1-5, missing where there is none), `valid_n`, `asked_n`, `outcome` (an
        `AnswerOutcome`: not asked any of the items; valid; broken off before or within them; else don't know).

    Raises:
        ColumnIsMissing: An item has no column.
        CodeIsOutOfRange: A value is neither valid, nor one of the codes, nor empty.
    """
    for item in items:
        if item not in answers.columns:
            raise ColumnIsMissing(
                f"Item {item!r} has no column.",
                where="The answers",
                next_step="Add it, with the code for 'not asked' where the round did not ask it.",
            )
    values = answers[list(items)].to_numpy(dtype=float, na_value=np.nan)
    valid = np.isin(values, SCALE)
    known = valid | np.isnan(values) | np.isin(values, (DONT_KNOW, NOT_ASKED, BROKEN_OFF))
    if not known.all():
        column = items[int(np.argmin(known.all(axis=0)))]
        raise CodeIsOutOfRange(
            f"Item {column!r} has {int((~known).sum())} values outside 1-5 and the codes for no answer.",
            where="The answers",
            next_step="Correct the codes; half points and sums are no answers.",
        )
    was_asked = values != NOT_ASKED if asked is None else asked[list(items)].to_numpy(dtype=bool)
    valid &= was_asked
    asked_n, valid_n = was_asked.sum(axis=1), valid.sum(axis=1)
    enough = (valid_n > 0) & (valid_n >= minimum_valid_share * asked_n - 1e-9)
    score = np.full(len(values), np.nan)
    np.divide(np.where(valid, values, 0.0).sum(axis=1), valid_n, out=score, where=enough)
    left = (was_asked & (values == BROKEN_OFF)).any(axis=1)
    outcome = np.select(
        [asked_n == 0, enough, left],
        [AnswerOutcome.NOT_ASKED.value, AnswerOutcome.VALID.value, AnswerOutcome.BROKEN_OFF.value],
        AnswerOutcome.DONT_KNOW.value,
    )
    return pd.DataFrame(
        {"score": score, "valid_n": valid_n, "asked_n": asked_n, "outcome": outcome}, index=answers.index
    )


def score_categories(
    answers: pd.DataFrame, codebook: Codebook, *, asked: pd.DataFrame | None = None
) -> dict[str, pd.DataFrame]:
    """Return every category's scores by category code, each as `score_items`, in the codebook's order."""
    return {
        category.code: score_items(
            answers, category.items, minimum_valid_share=codebook.minimum_valid_share, asked=asked
        )
        for category in codebook.categories
    }


def index_from_group_scores(scores: pd.DataFrame, answers_by_group: Mapping[str, int]) -> float:
    """
    Return an index from printed group scores, weighted by the answers behind them.

    Args:
        scores: Columns `item, group, score`: every item of the index for every group.
        answers_by_group: Answers by group.

    Returns:
        The mean over items of each item's answer-weighted mean over groups.

    Raises:
        UnknownCode: A group has no number of answers, or an item lacks a group.
    """
    table = scores.set_index(["item", "group"])["score"].unstack("group")
    unknown = sorted(set(table.columns) - set(answers_by_group))
    if unknown or table.isna().any(axis=None):
        raise UnknownCode(
            f"Groups without answers: {', '.join(unknown) or 'none'}; items without a group: "
            f"{', '.join(table.index[table.isna().any(axis=1)]) or 'none'}.",
            where="The group scores",
            next_step="Give every item a score, and every group its answers.",
        )
    answers = np.array([answers_by_group[group] for group in table.columns], dtype=float)
    return float((table.to_numpy() @ answers / answers.sum()).mean())


def cross_target_groups(target_group: pd.Series, codebook: Codebook, to_version: str) -> pd.Series:
    """
    Return target groups as an older codebook counts them (five groups → four).

    The reverse needs the subgroup, which the main group has lost: `target_groups_from_subgroups`.

    Raises:
        UnknownCode: No crosswalk to *to_version*, or a code that is not in *codebook*.
    """
    crosswalk = codebook.crosswalk_to(to_version)
    codes = [group.code for group in codebook.target_groups]
    unknown = sorted(set(target_group.dropna()) - set(codes))
    if unknown or target_group.isna().any():
        raise UnknownCode(
            f"Target groups {', '.join(map(repr, unknown)) or 'that are empty'} are not in the codebook.",
            where=f"codebook {codebook.version}",
            next_step="Use the codes of the codebook the round was made with.",
        )
    mapping = {code: crosswalk.target_groups.get(code, code) for code in codes}
    return target_group.map(mapping)


def target_groups_from_subgroups(subgroup: pd.Series, codebook: Codebook) -> pd.Series:
    """Return the main group of each subgroup in *codebook* (four groups or five); raises UnknownCode."""
    mapping = subgroup_table(codebook).set_index("subgroup")["target_group"]
    unknown = sorted(set(subgroup) - set(mapping.index))
    if unknown:
        raise UnknownCode(
            f"Subgroups {', '.join(map(repr, unknown))} are not in the codebook.",
            where=f"codebook {codebook.version}",
            next_step="See codebooks/data/survey_subgroups.csv.",
        )
    return subgroup.map(mapping.to_dict())


def comparable_codes(later: Codebook, earlier: Codebook) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """
    Return the target groups and the categories whose figures two codebooks count alike.

    Figures of other groups or categories have a trend break between the two: their difference is not a development.
    """
    crosswalk = load_codebook(later.version).crosswalk_to(earlier.version)
    groups = {group.code for group in earlier.target_groups} - set(crosswalk.broken_target_groups)
    categories = {category.code: category.items for category in earlier.categories}
    return (
        tuple(group.code for group in later.target_groups if group.code in groups),
        tuple(
            category.code
            for category in later.categories
            if category.code in categories and category.code not in crosswalk.broken_categories
        ),
    )
