"""
The recipe of the sandbox country as read from the package, and the dates of any round by it.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Any

import pandas as pd
import yaml

SEXES = ("kvinde", "mand")
AGE_GROUPS = ("under_30", "30_49", "50_plus")
TARGET_GROUPS = ("dagpenge", "sygedagpenge", "job_uddannelsesparat", "aktivitetsparat")
DURATIONS = ("under_26_uger", "26_52_uger", "1_2_aar", "over_2_aar")
FINISHED = "afsluttet"
CURRENT = "igangvaerende"
CELL = ("sex", "age_group", "target_group")


@dataclass(frozen=True)
class RecipeDates:
    """The days of a round that the country must know."""

    reference_start: date
    reference_end: date
    key_date: date
    extract_date: date
    invitation_date: date
    close_date: date


@cache
def recipe() -> dict[str, Any]:
    """Return `data/simulation_recipe.yaml`; where each number comes from stands in the file."""
    content: dict[str, Any] = yaml.safe_load(_text("simulation_recipe.yaml"))
    return content


@cache
def word_list(name: str) -> dict[str, Any]:
    """Return `data/<name>.yaml`: lists of invented names or sentences."""
    content: dict[str, Any] = yaml.safe_load(_text(f"{name}.yaml"))
    return content


def inhabitants() -> pd.DataFrame:
    """Return `inhabitants` (int, about 2023) and `postal_code` of the 98 municipalities, index municipality_code."""
    table = pd.read_csv(StringIO(_text("inhabitants.csv")), dtype={"municipality_code": "str", "postal_code": "str"})
    return table.set_index("municipality_code").sort_index()


def dates_of_round(round_id: str) -> RecipeDates:
    """Return the pilot's dates, moved by whole half-years to *round_id* (`2023-2`, `2024-1` …)."""
    pilot = recipe()["dates"]
    months = 6 * (_half_years(round_id) - _half_years(pilot["round_id"]))
    dates = RecipeDates(**{name: day for name, day in pilot.items() if name != "round_id"})
    return replace(dates, **{name: _moved(day, months, name) for name, day in vars(dates).items()})


def _moved(day: date, months: int, name: str) -> date:
    moved = pd.Timestamp(day) + pd.DateOffset(months=months)
    if name == "reference_end":
        moved += pd.offsets.MonthEnd(0)
    return moved.date()


def _half_years(round_id: str) -> int:
    year, half = round_id.split("-")
    return 2 * int(year) + int(half)


def _text(name: str) -> str:
    return files("borgerpuls.sandbox").joinpath("data", name).read_text("utf-8")
