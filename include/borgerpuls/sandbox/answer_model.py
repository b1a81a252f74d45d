"""
How the sandbox's citizens would answer: for every kind of person the chance of each answer to each item.

A kind of person is sex x age group x target group x stage, where stage is the duration of a current course, or a
finished one. Per item the chances are fitted so that the population gives the published weighted shares by sex, age,
target group, status and duration, and so that "don't know" gives the published n. Where the published shares of the
groups disagree with the total because of rounding, the groups yield.

Source of the fitting: Deming & Stephan (1940), Annals of Mathematical Statistics 11(4), 427-444.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.codebooks.published import pilot_2023, pilot_2023_contacts, pilot_2023_contacts_by_duration
from borgerpuls.sandbox.country import fit_to_margins
from borgerpuls.sandbox.recipe import AGE_GROUPS, DURATIONS, FINISHED, SEXES, TARGET_GROUPS, recipe

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STAGES = (*DURATIONS, FINISHED)
SHAPE = (len(SEXES), len(AGE_GROUPS), len(TARGET_GROUPS), len(STAGES))
SCALE_ITEMS = (
    "trust",
    "situation",
    "listen",
    "goal",
    "coherence",
    "coop",
    "purpose",
    "prepared",
    "info",
    "jobs",
    "closer",
    "belief",
    "overall",
)
"""The items on the scale 1-5 that all variants of a person share; `plan` goes by its variant (see `plan_chances`)."""
ASKED_GROUPS = {
    "contact": ("aktivitetsparat",),
    "coop": ("aktivitetsparat",),
    "closer": ("dagpenge", "job_uddannelsesparat"),
    "belief": ("sygedagpenge", "aktivitetsparat"),
    "employer": ("sygedagpenge",),
}
SCORES = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
PERCENT_COLUMNS = ["pct_5", "pct_4", "pct_3", "pct_2", "pct_1"]
CONTACT_OPTIONS = (
    "kun_jobcentret",
    "socialafdelingen",
    "boerne_og_familieafdelingen",
    "sundheds_og_omsorgsafdelingen",
    "andre",
)
"""The options of `contact` in the order of the published table; the first excludes the others."""
PLAN_VARIANTS: tuple[tuple[str, ...], ...] = (
    ("dagpenge", "kth_jobparat", "sho_jobparat"),
    ("udh_uddannelsesparat",),
    (
        "sygedagpenge",
        "jobafklaring",
        "ressourceforloeb",
        "kth_aktivitetsparat",
        "udh_aktivitetsparat",
        "sho_aktivitetsparat",
    ),
)
"""Subgroups by the published variant of `plan` they are asked; ledighedsydelse is not asked."""
SMALLEST_SHARE = 0.002
PASSES = 400
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Margin:
    """Groups of kinds of persons: `members` is 0/1, shape (groups, kinds); `rows` are the published rows."""

    members: Floats
    rows: pd.DataFrame

    @property
    def shares(self) -> Floats:
        """Return the published shares, shape (groups, 5), each row summing to 1."""
        percent: Floats = self.rows[PERCENT_COLUMNS].to_numpy(float)
        shares: Floats = percent / percent.sum(axis=1, keepdims=True)
        return shares


@dataclass(frozen=True)
class ItemChances:
    """
    The chances of one item, by kind of person.

    Attributes:
        answer: Chance of 5, 4, 3, 2, 1 given a valid answer, shape (kinds, 5).
        valid: Chance that the answer is valid and not "don't know", shape (kinds,).
    """

    answer: Floats
    valid: Floats


def kinds_of(citizens: pd.DataFrame) -> Ints:
    """Return the kind of each citizen as a number below `prod(SHAPE)`, shape (n,)."""
    stage = citizens["duration_group"].where(citizens["duration_group"] != "", FINISHED)
    columns = (
        (citizens["sex"], SEXES),
        (citizens["age_group"], AGE_GROUPS),
        (citizens["target_group"], TARGET_GROUPS),
        (stage, STAGES),
    )
    codes = [pd.Categorical(column, categories=list(levels)).codes.astype(np.int64) for column, levels in columns]
    kinds: Ints = np.ravel_multi_index(codes, SHAPE).astype(np.int64)
    return kinds


def fit_item(item_id: str, population: Floats) -> ItemChances:
    """
    Return the chances of one scale item so that *population* gives the published results.

    Args:
        item_id: One of `SCALE_ITEMS`.
        population: Persons by kind, shape (kinds,).
    """
    asked = _asked_share(item_id).ravel()
    margins = _margins(item_id)
    valid = _fit_valid(item_id, _respondents(population) * asked, margins)
    weight = population * asked * valid
    targets = _reconciled(item_id, weight, margins)
    chances = np.full((weight.size, 5), 0.2)
    is_asked = asked > 0
    for _ in range(PASSES):
        before = chances.copy()
        for margin, target in zip(margins, targets, strict=True):
            now = margin.members @ (weight[:, None] * chances)
            factor = np.divide(target, now, out=np.ones_like(now), where=now > 0)
            inside = margin.members.sum(axis=0) > 0
            chances = np.where(inside[:, None], chances * (margin.members.T @ factor), chances)
            chances[is_asked] /= chances[is_asked].sum(axis=1, keepdims=True)
        if np.abs(chances - before).max() < TOLERANCE:
            break
    return ItemChances(chances, valid)


def contact_chances(population: Floats) -> Floats:
    """
    Return the published share of each option of `contact` by stage, shape (5 stages, 5 options).

    The source prints the durations of current courses and the total; finished courses get what is left.
    """
    by_duration = pilot_2023_contacts_by_duration()
    total = pilot_2023_contacts()["pct_weighted"].to_numpy(float) / 100
    labels = load_codebook("2023").labels("duration")
    order = [labels[code] for code in DURATIONS]
    current = (
        by_duration.pivot_table(index="duration", columns="option", values="pct_weighted", sort=False)
        .loc[order, list(pilot_2023_contacts()["option"])]
        .to_numpy(float)
        / 100
    )
    persons = population.reshape(SHAPE)[:, :, TARGET_GROUPS.index("aktivitetsparat"), :].sum(axis=(0, 1))
    weight = persons / persons.sum()
    finished = (total - weight[:-1] @ current) / weight[-1]
    return np.vstack([current, np.clip(finished, SMALLEST_SHARE, 1 - SMALLEST_SHARE)])


def option_chances(shares: Floats) -> Floats:
    """
    Return independent chances of the other options which, given that one at least is chosen, have these shares.

    Args:
        shares: Share of each option among those who choose any, shape (..., options), each row summing to 1 or more.
    """
    chances = shares.copy()
    for _ in range(PASSES):
        chances = shares * (1 - np.prod(1 - chances, axis=-1, keepdims=True))
    return chances


def published_shares(item_id: str) -> Floats:
    """Return the printed shares of 5, 4, 3, 2, 1 of an item over all, summing to 1."""
    rows = pilot_2023()
    rows = rows[(rows["question_id"] == item_id) & (rows["subgroup_var"] == "all")]
    percent: Floats = rows[PERCENT_COLUMNS].to_numpy(float)[0]
    shares: Floats = percent / percent.sum()
    return shares


def plan_chances() -> Floats:
    """Return the chance of 5, 4, 3, 2, 1 of each variant of `plan`, shape (3 variants, 5)."""
    rows = pilot_2023()
    percent = rows.loc[rows["question_id"] == "plan", PERCENT_COLUMNS].to_numpy(float)
    chances: Floats = percent / percent.sum(axis=1, keepdims=True)
    return chances


def tilted(chances: Floats, tilt: Floats) -> Floats:
    """
    Return chances whose mean is moved by *tilt* times their variance (linear in the score, so that tilts average out).

    Args:
        chances: Of 5, 4, 3, 2, 1, shape (n, 5).
        tilt: Shape (n,).
    """
    mean = chances @ SCORES
    moved = np.maximum(chances * (1 + tilt[:, None] * (SCORES - mean[:, None])), 0)
    result: Floats = moved / moved.sum(axis=1, keepdims=True)
    return result


def is_usable(rows: pd.DataFrame) -> pd.Series:
    """
    Return which published rows the sandbox is fitted to and compared with.

    `coop` by duration is left out: its n and labels do not belong together (source_errors S6, S8).
    """
    return ~((rows["question_id"] == "coop") & (rows["subgroup_var"] == "duration"))


# --- the published tables as margins -------------------------------------------------------------------------------


@cache
def _margins(item_id: str) -> list[Margin]:
    rows = pilot_2023()
    rows = rows[(rows["question_id"] == item_id) & is_usable(rows)]
    margins = []
    for variable in (
        "sex",
        "age",
        "target_group",
        "status",
        "duration",
        "duration_aktivitetsparate",
        "duration_sygedagpenge",
    ):
        here = rows[rows["subgroup_var"] == variable]
        if len(here):
            members = np.array([_members(variable, label) for label in here["subgroup"]])
            margins.append(Margin(members, here))
    return margins


def _members(variable: str, label: str) -> Floats:
    """Return which kinds belong to a published group, shape (kinds,)."""
    codebook = load_codebook("2023")
    here = np.zeros(SHAPE)
    if variable.startswith("duration"):
        groups = {"duration_aktivitetsparate": "aktivitetsparat", "duration_sygedagpenge": "sygedagpenge"}
        stage = _code(codebook.labels("duration"), label)
        group = slice(None) if variable == "duration" else TARGET_GROUPS.index(groups[variable])
        here[:, :, group, STAGES.index(stage)] = 1
    elif variable == "status":
        is_finished = _code(codebook.labels("status"), label) == FINISHED
        here[..., -1 if is_finished else slice(0, -1)] = 1
    elif variable == "sex":
        here[SEXES.index(_code(codebook.labels("sex"), label))] = 1
    elif variable == "age":
        here[:, AGE_GROUPS.index(_code(codebook.labels("age_group"), label))] = 1
    else:
        here[:, :, TARGET_GROUPS.index(_code(codebook.labels("target_group"), label.split(" (", maxsplit=1)[0]))] = 1
    return here.ravel()


def _code(labels: dict[str, str], label: str) -> str:
    return next(code for code, name in labels.items() if name == label)


def _asked_share(item_id: str) -> Floats:
    """Return which share of each kind is asked the item, shape SHAPE."""
    asked = np.ones(SHAPE)
    groups = ASKED_GROUPS.get(item_id, TARGET_GROUPS)
    asked[:, :, [TARGET_GROUPS.index(group) for group in TARGET_GROUPS if group not in groups]] = 0
    if item_id == "jobs":
        asked[:, :, TARGET_GROUPS.index("sygedagpenge")] = 1 - recipe()["answering"]["employer_share"]
    if item_id == "coop":
        asked[:] *= 1 - float(pilot_2023_contacts()["pct_weighted"].iloc[0]) / 100
    return asked


def _respondents(population: Floats) -> Floats:
    """Return expected answers by kind: the population fitted to the printed shares of answers."""
    answering = recipe()["answering"]
    total = answering["reached"]["any"]
    margins = [
        ((axis,), np.array([answering["answer_shares"][variable][code] for code in levels]) * total)
        for axis, (variable, levels) in enumerate(
            (("sex", SEXES), ("age_group", AGE_GROUPS), ("target_group", TARGET_GROUPS))
        )
    ]
    return fit_to_margins(population.reshape(SHAPE), margins).ravel()


def _fit_valid(item_id: str, asked: Floats, margins: Sequence[Margin]) -> Floats:
    """Return the chance of a valid answer by kind, so that the printed n come out by every variable."""
    rows = pilot_2023()
    rows = rows[rows["question_id"] == item_id]
    total = rows[rows["subgroup_var"] == "all"]
    if len(total):
        valid_n, unknown_n = float(total["n"].iloc[0]), float(total["dont_know_n"].iloc[0])
    else:
        valid_n = float(rows.loc[rows["subgroup_var"] == "status", "n"].sum())
        unknown_n = valid_n * recipe()["answering"][f"{item_id}_dont_know_share"]
    asked = asked / asked.sum() * (valid_n + unknown_n)
    table = asked[:, None] * np.array([valid_n, unknown_n]) / (valid_n + unknown_n)
    for _ in range(PASSES):
        before = table
        for margin in margins:
            now = margin.members @ table
            here = now.sum(axis=1)
            valid = np.minimum(margin.rows["n"].to_numpy(float), here * (1 - SMALLEST_SHARE))
            factor = np.column_stack([valid, here - valid]) / now
            inside = margin.members.sum(axis=0) > 0
            table = np.where(inside[:, None], table * (margin.members.T @ factor), table)
            sums = table.sum(axis=1, keepdims=True)
            table = table * np.divide(asked[:, None], sums, out=np.ones_like(sums), where=sums > 0)
        if np.abs(table - before).max() < TOLERANCE * asked.max():
            break
    valid_share: Floats = np.divide(table[:, 0], asked, out=np.zeros_like(asked), where=asked > 0)
    return valid_share


def _reconciled(item_id: str, weight: Floats, margins: Sequence[Margin]) -> list[Floats]:
    """
    Return persons by group and answer for each margin, moved as little as needed to agree with one another.

    Every variable is fitted to the total of the item, durations to the current courses, and durations of one target
    group to the durations of all.
    """
    rows = pilot_2023()
    total = rows[(rows["question_id"] == item_id) & (rows["subgroup_var"] == "all")]
    whole = total[PERCENT_COLUMNS].to_numpy(float)
    found: dict[str, Floats] = {}
    for margin in margins:
        variable = str(margin.rows["subgroup_var"].iloc[0])
        persons = margin.members @ weight
        table = persons[:, None] * margin.shares
        if variable == "duration" and "status" in found:
            goal = found["status"][0]
        elif len(whole):
            goal = whole[0] / whole[0].sum() * weight.sum()
        else:
            goal = table.sum(axis=0)
        if not variable.startswith("duration_"):
            table = fit_to_margins(table, [((1,), goal * persons.sum() / goal.sum()), ((0,), persons)])
        found[variable] = table
    pair = [name for name in found if name.startswith("duration_")]
    if pair:
        table = np.stack([found[name] for name in pair])
        both = fit_to_margins(table, [((1, 2), found["duration"]), ((0, 1), table.sum(axis=2))])
        found |= {name: both[position] for position, name in enumerate(pair)}
    return [found[str(margin.rows["subgroup_var"].iloc[0])] for margin in margins]
