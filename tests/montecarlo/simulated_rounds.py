"""
A pilot-like population that is drawn, answers and is estimated again and again, with the product's own functions.

Sizes, margins and response follow the simulation recipe (`facts/simulation_recipe.yaml`): 13 municipalities, 67,629
persons, 23,119 invitations, about 9,989 answers whose chance depends on municipality, sex, age and target group. Answers
are drawn anew for every round, so the truth of a round is its own population's, known exactly.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.estimation.estimates import SCALE, item_codes
from borgerpuls.estimation.variance import SurveyDesign, count_moments, survey_design
from borgerpuls.sampling.allocation import hamilton
from borgerpuls.sampling.selection import draw_sample
from borgerpuls.sampling.sizes import sizes_by_rule
from borgerpuls.weighting.cells import Collapse, collapse_cells

TOTAL, SMALLEST, LARGEST = 67_629, 1_467, 14_103
INVITED = {"rule": "between", "minimum": 1_016, "maximum": 2_266, "total": 23_119}
MARGINS = {"sex": [0.544, 0.456], "age_group": [0.250, 0.452, 0.298], "target_group": [0.278, 0.266, 0.133, 0.323]}
ANSWERING = {
    "sex": [0.6038, 0.3962],
    "age_group": [0.1331, 0.4082, 0.4587],
    "target_group": [0.2225, 0.3512, 0.1261, 0.3003],
}
LOWEST_RATE, HIGHEST_RATE, ANSWERS = 0.381, 0.505, 9_989
EFFECT = {"sex": [0.06, -0.07], "age_group": [-0.20, -0.02, 0.20], "target_group": [0.0, 0.33, -0.12, -0.24]}
MUNICIPALITY_SD = 0.13  # between municipalities; the pilot's means ran from 3.21 to 3.81
ITEM_SD, COMMON = 1.35, 0.6
ITEMS = [f"q{number}" for number in range(1, 7)]
ROUTED_ITEM, ASKED_GROUPS, DONT_KNOW_SHARE = "q5", (1, 3), 0.2
RARE_ITEM, RARE_SHARE = "q6", 0.12  # asked of few, whoever they are
LAST_ITEM, BREAK_OFF_SHARE = "q4", 0.10  # some respondents break off before it
NULL_ITEMS = ["q1", "q2", "q3", "q4"]  # asked of all: only for them equal municipalities have equal truths
ORDER = load_codebook("2023").collapse_numbers


@dataclass(frozen=True)
class Country:
    """The population's register, one row per person, and each person's chance to answer."""

    people: pd.DataFrame
    sizes: pd.Series
    chance: np.ndarray

    @property
    def population_cells(self) -> pd.DataFrame:
        keys = {"municipality": "muni", "sex": "sex", "age_group": "age", "target_group": "tg"}
        cells = self.people.groupby(list(keys)).size().rename("N").reset_index().rename(columns=keys)
        return cells.assign(round=1)


def make_country(seed: int = 2023, *, scale: float = 1.0) -> Country:
    """Return the register; *scale* below 1 makes a smaller country with the same shape, for the tests."""
    rng = np.random.default_rng(seed)
    codes = municipalities().query("is_pilot_2023")["municipality_code3"].astype(int).sort_values().to_list()
    shape = np.linspace(0, 1, len(codes))
    low, high = 0.05, 20.0  # the exponent that makes the sizes sum to the pilot's total
    for _ in range(80):
        power = (low + high) / 2
        sizes = SMALLEST * (LARGEST / SMALLEST) ** (shape**power)
        low, high = (power, high) if sizes.sum() > TOTAL else (low, power)
    municipal_n = hamilton(np.rint(sizes * 1000 * scale).astype(np.int64), round(TOTAL * scale))
    rows = []
    joint = np.einsum("i,j,k->ijk", *(np.array(MARGINS[name]) for name in MARGINS))
    for code, size in zip(rng.permutation(codes), municipal_n, strict=True):
        noisy = (joint * rng.lognormal(0, 0.25, joint.shape)).ravel()
        counts = hamilton(np.rint(noisy / noisy.sum() * 1e9).astype(np.int64), int(size))
        cell = np.repeat(np.arange(joint.size), counts)
        sex, age, tg = np.unravel_index(cell, joint.shape)
        rows.append(pd.DataFrame({"municipality": int(code), "sex": sex, "age_group": age, "target_group": tg}))
    people = pd.concat(rows, ignore_index=True)
    people.insert(0, "person_id", np.arange(len(people)))
    frame_n = people.groupby("municipality").size()
    rule = INVITED | {key: round(INVITED[key] * scale) for key in ("minimum", "maximum", "total")}
    return Country(people, sizes_by_rule(frame_n, rule), _chance_to_answer(people, sizes_by_rule(frame_n, rule)))


def _chance_to_answer(people: pd.DataFrame, sizes: pd.Series) -> np.ndarray:
    """Fit a logit in municipality, sex, age and target group to the pilot's rates and to who answered it."""
    frame_n = people.groupby("municipality").size()
    invited = (sizes / frame_n).reindex(people["municipality"]).to_numpy()
    rank = np.log(frame_n).rank(ascending=False)
    rate = LOWEST_RATE + (HIGHEST_RATE - LOWEST_RATE) * (rank - 1) / (len(rank) - 1)
    expected = (rate * sizes) * (ANSWERS / 23_119 * sizes.sum()) / (rate * sizes).sum()
    targets = {"municipality": expected / expected.sum()} | {k: pd.Series(v) for k, v in ANSWERING.items()}
    eta = np.full(len(people), -0.2)
    for _ in range(60):
        for name, share in targets.items():
            answers = invited / (1 + np.exp(-eta))
            now = pd.Series(answers).groupby(people[name].to_numpy()).sum()
            eta += np.log(share * expected.sum() / now).reindex(people[name]).to_numpy() * 1.5
    return 1 / (1 + np.exp(-eta))


def draw_answers(
    country: Country, rng: np.random.Generator, *, municipality_sd: float = MUNICIPALITY_SD
) -> pd.DataFrame:
    """
    Return everybody's answers 1-5 to every item, missing for those without one: not asked, or no opinion.

    That somebody has no opinion is theirs, like the answer; the truth is the mean of those who have one.

    With *municipality_sd* 0 the municipalities' populations get equal means, exactly up to one answer step in the whole
    municipality, by moving single answers: null data.
    """
    people = country.people
    base = 3.62 + sum(np.array(effect)[people[name]] for name, effect in EFFECT.items())
    codes, where = np.unique(people["municipality"], return_inverse=True)
    common = rng.standard_normal(len(people)) * np.sqrt(COMMON)
    answers = {}
    for number, item in enumerate(ITEMS):
        level = rng.normal(0, municipality_sd, len(codes)) if municipality_sd else np.zeros(len(codes))
        own = rng.standard_normal(len(people)) * np.sqrt(1 - COMMON)
        y = base - 0.1 * number + level[where] + ITEM_SD * (common + own)
        answers[item] = np.clip(np.rint(y), 1, 5).astype(np.int64)
        if not municipality_sd:
            _make_means_equal(answers[item], where, len(codes), rng)
    table = pd.DataFrame(answers).astype(float)
    asked = people["target_group"].isin(ASKED_GROUPS).to_numpy()
    table.loc[~asked | (rng.random(len(people)) < DONT_KNOW_SHARE), ROUTED_ITEM] = np.nan
    table.loc[rng.random(len(people)) >= RARE_SHARE, RARE_ITEM] = np.nan
    return table


def _make_means_equal(y: np.ndarray, where: np.ndarray, n: int, rng: np.random.Generator) -> None:
    overall = y.mean()
    for municipality in range(n):
        members = np.flatnonzero(where == municipality)
        gap = round(overall * len(members)) - int(y[members].sum())
        step = np.sign(gap)
        movable = members[(y[members] + step >= 1) & (y[members] + step <= 5)]
        y[rng.choice(movable, abs(gap), replace=False)] += step


@dataclass(frozen=True)
class SurveyedRound:
    """One drawn and answered round: who answered what, the weighting cells and the design."""

    respondents: pd.DataFrame
    collapse: Collapse
    design: SurveyDesign
    invited: pd.Series


def run_round(
    country: Country, answers: pd.DataFrame, rng: np.random.Generator, *, gamma: float = 0.0
) -> SurveyedRound:
    """Draw, let people answer (*gamma*: log-odds per SD of the answer to q1), weight. Null of *gamma*: strata alone."""
    draw = draw_sample(country.people, country.sizes, seed=int(rng.integers(2**31)))
    drawn = draw.sample["person_id"].to_numpy()
    chance = country.chance[drawn]
    if gamma:
        y = answers["q1"].to_numpy()
        z = (y[drawn] - y.mean()) / y.std()
        chance = 1 / (1 + np.exp(-(np.log(chance / (1 - chance)) + gamma * z)))
    who = drawn[rng.random(len(drawn)) < chance]
    people = country.people.iloc[who].reset_index(drop=True)
    people = people.rename(columns={"municipality": "muni", "age_group": "age", "target_group": "tg"})
    given = answers.iloc[who].reset_index(drop=True)
    given[LAST_ITEM] = given[LAST_ITEM].mask(rng.random(len(who)) < BREAK_OFF_SHARE)
    respondents = pd.concat([people.assign(round=1, id=who), given], axis=1)
    collapse = collapse_cells(country.population_cells, respondents, order=ORDER)
    invited = draw.sample.groupby(["municipality", "sex", "age_group", "target_group"]).size()
    return SurveyedRound(respondents, collapse, survey_design(respondents, collapse), invited)


def moments_of(surveyed: SurveyedRound):
    """Moments of every item, one group: all and each municipality."""
    codes = [item_codes(surveyed.respondents, item) for item in ITEMS]
    everyone = np.zeros(len(surveyed.respondents), dtype=np.int64)
    return count_moments(surveyed.design, codes, [(everyone, 1)], categories=len(SCALE))


def true_means(country: Country, answers: pd.DataFrame) -> pd.DataFrame:
    """Means, and the share satisfied (`q1_top2`), of the whole population: index all (-1) and municipality."""
    table = answers.assign(q1_top2=(answers["q1"] >= 4).astype(float))
    by_municipality = table.groupby(country.people["municipality"].to_numpy()).mean()
    return pd.concat([table.mean().to_frame(-1).T, by_municipality])
