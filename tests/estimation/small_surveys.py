"""Small surveys for the tests of estimation, and the formulas written out person by person."""

import numpy as np
import pandas as pd

from borgerpuls.estimation.variance import Variance, survey_design, variance_of_total
from borgerpuls.weighting.cells import collapse_cells

ORDER = (1, 0, 2, 3)
CELL = ["round", "muni", "sex", "age", "tg"]


def population_of(cells: dict) -> pd.DataFrame:
    return pd.DataFrame([(1, *cell, N) for cell, N in cells.items()], columns=[*CELL, "N"])


def answers_of(rows: list[tuple]) -> pd.DataFrame:
    """Rows (muni, sex, age, tg, q1, ...) as respondents, all current and with the shortest duration."""
    items = [f"q{i + 1}" for i in range(len(rows[0]) - 4)]
    table = pd.DataFrame(rows, columns=["muni", "sex", "age", "tg", *items]).assign(round=1, status=0, dur=0)
    table.insert(0, "id", range(len(table)))
    return table


def random_survey(seed: int, *, munis: int = 3, people: int = 9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A small survey with thin, empty, full and single-person cells, and answers missing here and there."""
    rng = np.random.default_rng(seed)
    grid = [(m, s, a, g) for m in range(munis) for s in range(2) for a in range(3) for g in range(4)]
    N = rng.integers(0, people, len(grid))
    r = np.minimum(N, rng.integers(0, people, len(grid)) * (rng.random(len(grid)) < rng.choice([0.2, 0.6, 1.0])))
    if not r.any():
        N[0] = r[0] = 1
    rows = []
    for cell, n in zip(grid, r, strict=True):
        rows += [(*cell, rng.choice([1, 2, 3, 4, 5, np.nan]), rng.choice([5, 5, 5, np.nan])) for _ in range(n)]
    respondents = answers_of(rows)
    respondents["status"] = rng.choice([0, 1, np.nan], len(rows))
    respondents["dur"] = np.where(respondents["status"] == 0, rng.integers(0, 4, len(rows)), -1)
    respondents["score"] = np.where(rng.random(len(rows)) < 0.3, np.nan, rng.normal(3, 1, len(rows)))
    return respondents, population_of(dict(zip(grid, N.tolist(), strict=True)))


def design_of(respondents, population, variance=Variance.CELLS, minimum=5):
    collapse = collapse_cells(population, respondents, order=ORDER, minimum=minimum)
    return survey_design(respondents, collapse, municipalities=sorted(set(population["muni"])), variance=variance)


def plainly(design, respondents, y: np.ndarray, inside: np.ndarray) -> tuple[float, float, int]:
    """Mean, standard error and n of a domain by the formulas, person by person."""
    w, d = design.answer_weight, inside & ~np.isnan(y)
    if not d.any():
        return np.nan, np.nan, 0
    value = np.where(d, y, 0.0)
    mean = (w * d) @ value / (w @ d)
    u = np.where(d, (value - mean) / (w @ d), 0.0)
    return mean, float(np.sqrt(variance_of_total(design, u))), int(d.sum())
