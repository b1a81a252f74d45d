"""
Who answers: the chance that a sampled citizen who was reached answers anything at all.

A logit with main effects of municipality, sex, age and target group, solved so that the expected answers of the
recipe's sample have the printed shares and each municipality its rate. Optionally people who are more satisfied answer
more often inside every cell: nonresponse that no weighting on register variables repairs.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.sandbox.country import Country, largest_remainder
from borgerpuls.sandbox.recipe import AGE_GROUPS, SEXES, TARGET_GROUPS, recipe

Floats = npt.NDArray[np.float64]
STEPS = 60
NODES = 15
"""Points of Gauss-Hermite quadrature over satisfaction."""


def sample_sizes(country: Country) -> pd.Series:
    """
    Return the recipe's sample size of each municipality: smallest + (largest - smallest) z^g, z = scaled log N.

    g is solved so that the sizes sum to the total; whole numbers by largest remainders, ends as the recipe has them.
    """
    rules = recipe()["countries"][country.kind]["sampled"]
    population = country.municipalities["population_n"]
    z = _scaled_log(population)
    low, high = rules["smallest"], rules["largest"]
    g = _solve(lambda g: float((low + (high - low) * z**g).sum()) - rules["total"])
    size = np.minimum(low + (high - low) * z**g, population.to_numpy(float))
    return pd.Series(largest_remainder(size, rules["total"]), population.index, name="sampled_n")


def answer_rates(country: Country) -> pd.Series:
    """Return each municipality's share of sampled who answer: falling with its size, summing to the recipe's answers."""
    rules = recipe()["countries"][country.kind]["answers"]
    sampled = sample_sizes(country).to_numpy(float)
    z = _scaled_log(country.municipalities["population_n"])
    low, high = rules["lowest_rate"], rules["highest_rate"]
    h = _solve(lambda h: float(sampled @ (low + (high - low) * (1 - z) ** h)) - rules["total"])
    return pd.Series(low + (high - low) * (1 - z) ** h, country.municipalities.index, name="answer_rate")


def is_reachable(citizens: pd.DataFrame) -> pd.Series:
    """Return who gets a message without a paper letter: registered for Digital Post, or with a mobile."""
    return citizens["is_digital_post"] | citizens["has_mobile"]


def answer_probability(country: Country, satisfaction_effect: float = 0.0) -> Floats:
    """
    Return each citizen's chance of answering, given that a message reached the citizen; shape (n,).

    Args:
        country: Its citizens are expected to be sampled in the recipe's numbers.
        satisfaction_effect: Log-odds per standard deviation of satisfaction inside a cell; 0.10 leaves a bias of about
            0.05 on the 1-5 scale after weighting, 0.25 about 0.125 (shared/STATISTICS.md).
    """
    citizens, codes = country.citizens, list(country.municipalities.index)
    columns = (("municipality_code", codes), ("sex", SEXES), ("age_group", AGE_GROUPS), ("target_group", TARGET_GROUPS))
    parts = [pd.Categorical(citizens[name], categories=list(levels)).codes for name, levels in columns]
    shape = tuple(len(levels) for _, levels in columns)
    cell = np.ravel_multi_index([part.astype(np.int64) for part in parts], shape)
    fraction = (sample_sizes(country) / country.municipalities["population_n"]).to_numpy(float)
    reached = np.bincount(cell, weights=is_reachable(citizens).to_numpy(float), minlength=int(np.prod(shape)))
    grid = np.indices(shape).reshape(len(shape), -1)
    design = np.hstack([np.eye(size)[axis] for size, axis in zip(shape, grid, strict=True)])
    linear = design @ _solve_moments(design, reached * fraction[grid[0]], _targets(country), satisfaction_effect)
    with_satisfaction = linear[cell] + satisfaction_effect * citizens["satisfaction"].to_numpy(float)
    return _expit(with_satisfaction)


def _targets(country: Country) -> Floats:
    """Return expected answers by municipality, sex, age and target group, in the order of the design's columns."""
    total = recipe()["countries"][country.kind]["answers"]["total"]
    shares = recipe()["answering"]["answer_shares"]
    by_municipality = (sample_sizes(country) * answer_rates(country)).to_numpy(float)
    by_group = [
        np.array([shares[variable][code] for code in levels]) * total
        for variable, levels in (("sex", SEXES), ("age_group", AGE_GROUPS), ("target_group", TARGET_GROUPS))
    ]
    return np.concatenate([by_municipality, *(group * by_municipality.sum() / group.sum() for group in by_group)])


def _solve_moments(design: Floats, persons: Floats, target: Floats, satisfaction_effect: float) -> Floats:
    """Return coefficients at which the expected answers meet the targets (Newton's method, pseudo-inverse)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    coefficients = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = _expit((design @ coefficients)[:, None] + satisfaction_effect * nodes)
        expected = persons * (chance @ weights)
        spread = persons * ((chance * (1 - chance)) @ weights)
        step = np.linalg.pinv((design * spread[:, None]).T @ design) @ (target - design.T @ expected)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-10:
            break
    return coefficients


def _scaled_log(population: pd.Series) -> Floats:
    log = np.log(population.to_numpy(float))
    scaled: Floats = (log - log.min()) / (log.max() - log.min())
    return scaled


def _solve(gap: Callable[[float], float]) -> float:
    """Return the exponent between 0.01 and 100 at which the falling function *gap* is zero."""
    low, high = 0.01, 100.0
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if gap(middle) > 0 else (low, middle)
    return middle


def _expit(value: Floats) -> Floats:
    chance: Floats = 1.0 / (1.0 + np.exp(-value))
    return chance
