"""
Surveys of the sizes in STATISTICS.md, and the peak memory of estimating them (run as a program).

The answers are random; what is timed depends on their number, the cells and the items, not on what they say.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from borgerpuls.estimation.tables import SurveyTables, estimate_survey

ORDER = (1, 0, 2, 3)
ITEMS = [f"q{number}" for number in range(1, 21)]
VALUES = [1, 2, 3, 4, 5]


@dataclass(frozen=True)
class Size:
    """Municipalities, persons in the frame, invitations and answers of a round."""

    name: str
    municipalities: int
    people: int
    sample: int
    answers: int


PILOT = Size("pilot", 13, 67_629, 23_119, 9_987)
NATIONAL = Size("national", 98, 500_000, 170_000, 69_920)


def make_frame(size: Size, seed: int = 1) -> pd.DataFrame:
    """One row per person, identifiers in no order."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(size.municipalities, 6.0))
    return pd.DataFrame(
        {
            "person_id": rng.permutation(size.people) + 1,
            "municipality": np.repeat(np.arange(size.municipalities), rng.multinomial(size.people, shares)),
            "sex": rng.choice(2, size.people, p=[0.544, 0.456]),
            "age_group": rng.choice(3, size.people, p=[0.250, 0.452, 0.298]),
            "target_group": rng.choice(4, size.people, p=[0.278, 0.266, 0.133, 0.323]),
        }
    )


def make_survey(size: Size, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Respondents with twenty items, and the population of every raw cell."""
    rng = np.random.default_rng(seed)
    names = {"municipality": "muni", "age_group": "age", "target_group": "tg"}
    frame = make_frame(size, seed).rename(columns=names).assign(round=1)
    cell = ["round", "muni", "sex", "age", "tg"]
    population = frame.groupby(cell).size().rename("N").reset_index()
    chosen = np.sort(rng.choice(size.people, size.answers, replace=False))
    answers = frame.iloc[chosen][cell].reset_index(drop=True)
    answers.insert(0, "id", np.arange(size.answers))
    answers["status"] = rng.choice(2, size.answers, p=[0.71, 0.29])
    answers["dur"] = np.where(answers["status"] == 0, rng.choice(4, size.answers), -1)
    items = {
        item: np.where(
            rng.random(size.answers) < 0.06, np.nan, rng.choice(VALUES, size.answers, p=[0.1, 0.1, 0.2, 0.35, 0.25])
        )
        for item in ITEMS
    }
    return pd.concat([answers, pd.DataFrame(items)], axis=1), population


def estimate(respondents: pd.DataFrame, population: pd.DataFrame) -> SurveyTables:
    """What is timed: collapse, weights, twenty items × six partitions × (municipalities + all), and comparisons."""
    return estimate_survey(respondents, population, order=ORDER, items=ITEMS)


def peak_memory() -> float:
    """Largest resident memory of this process, MB. (`getrusage` would also tell of the process that started it.)"""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise NotImplementedError("peak memory is read from /proc, on Linux")


if __name__ == "__main__":
    survey = make_survey({size.name: size for size in (PILOT, NATIONAL)}[sys.argv[1]])
    if sys.argv[2] == "estimate":
        estimate(*survey)
    print(peak_memory())
