"""
Codebooks: what the codes of a round mean, as versioned data with validity dates.

An unknown code is named (`UnknownCode`), never given a default. Files and their provenance: `data/README.md`. Where the
codes of an extract place a person: `placement.py`. Pandas is imported only where tables come in: readers of labels, such
as the reports' workers, do without its memory.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml

from borgerpuls.codebooks import files
from borgerpuls.errors import UnknownCode

if TYPE_CHECKING:
    import pandas as pd

VERSIONS = ("2023", "2024")


@dataclass(frozen=True, slots=True)
class Label:
    """A code and the Danish name that readers see."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class AgeGroup(Label):
    """Whole years at the key date, both ends included; `to_age` is None for the oldest group."""

    from_age: int
    to_age: int | None


@dataclass(frozen=True, slots=True)
class Duration(Label):
    """Days from start of the latest benefit to the closing date, both ends included."""

    from_days: int
    to_days: int | None


@dataclass(frozen=True, slots=True)
class Category(Label):
    """A theme that is scored: its items, in the order they are asked."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """From one codebook version to an older one; what is not named is the same in both."""

    to_version: str
    target_groups: Mapping[str, str]
    broken_target_groups: tuple[str, ...]
    broken_categories: tuple[str, ...]


@dataclass(frozen=True)
class Codebook:
    """
    One version of the codes, labels, bounds and rules of the survey.

    `item_target_groups` names the items that only some target groups are asked; the others are for all.
    """

    version: str
    valid_from: date
    valid_to: date | None
    target_groups: tuple[Label, ...]
    collapse_order: tuple[str, ...]
    sexes: tuple[Label, ...]
    age_groups: tuple[AgeGroup, ...]
    durations: tuple[Duration, ...]
    statuses: tuple[Label, ...]
    categories: tuple[Category, ...]
    minimum_valid_share: float
    lowest_score: int
    highest_score: int
    satisfied_from: int
    item_target_groups: Mapping[str, tuple[str, ...]]
    crosswalks: tuple[Crosswalk, ...]

    @property
    def collapse_numbers(self) -> tuple[int, ...]:
        """Return the collapse order as positions in `target_groups`, as the plain files number them."""
        codes = [group.code for group in self.target_groups]
        return tuple(codes.index(code) for code in self.collapse_order)

    def category(self, code: str) -> Category:
        """Return one category; raises UnknownCode."""
        for category in self.categories:
            if category.code == code:
                return category
        raise self._unknown("category", code)

    def name_of(self, variable: str, code: str) -> str:
        """
        Return the Danish name of *code*.

        Args:
            variable: `target_group`, `sex`, `age_group`, `duration`, `status` or `category`.
            code: The code as the tables hold it.

        Raises:
            UnknownCode: No such variable, or no such code in it.
        """
        labels = self.labels(variable)
        if code not in labels:
            raise self._unknown(variable, code)
        return labels[code]

    def labels(self, variable: str) -> dict[str, str]:
        """Return code → Danish name of a variable, in the order of the tables; raises UnknownCode."""
        by_variable: dict[str, tuple[Label, ...]] = {
            "target_group": self.target_groups,
            "sex": self.sexes,
            "age_group": self.age_groups,
            "duration": self.durations,
            "status": self.statuses,
            "category": self.categories,
        }
        if variable not in by_variable:
            raise self._unknown("variable", variable)
        return {label.code: label.name for label in by_variable[variable]}

    def age_group_codes(self, age: "pd.Series") -> "pd.Series":
        """Return the age group of each age in whole years; raises UnknownCode if negative or missing."""
        return self._codes_by_bound(age, [(g.from_age, g.code) for g in self.age_groups], "age")

    def duration_codes(self, days: "pd.Series") -> "pd.Series":
        """Return the duration group of each number of days; raises UnknownCode if negative or missing."""
        return self._codes_by_bound(days, [(d.from_days, d.code) for d in self.durations], "days")

    def crosswalk_to(self, version: str) -> Crosswalk:
        """Return the way from this version to an older one; raises UnknownCode where none is known."""
        if version == self.version:
            return Crosswalk(version, MappingProxyType({}), (), ())
        for crosswalk in self.crosswalks:
            if crosswalk.to_version == version:
                return crosswalk
        raise self._unknown("crosswalk to version", version)

    def _codes_by_bound(self, value: "pd.Series", bounds: list[tuple[int, str]], unit: str) -> "pd.Series":
        import numpy as np
        import pandas as pd

        outside = value.isna() | (value < bounds[0][0])
        if outside.any():
            raise self._unknown(unit, f"{int(outside.sum())} values missing or below {bounds[0][0]}")
        starts = np.array([start for start, _ in bounds])
        codes = np.array([code for _, code in bounds], dtype=object)
        position = np.searchsorted(starts, value.to_numpy(), side="right") - 1
        return pd.Series(codes[position], index=value.index, dtype="str", name=value.name)

    def _unknown(self, kind: str, code: str) -> UnknownCode:
        return UnknownCode(
            f"{kind} {code!r} is not in the codebook.",
            where=f"codebook {self.version}",
            next_step="Correct the code, or add it to a new version of the codebook.",
        )


@cache
def load_codebook(version: str) -> Codebook:
    """Return a codebook by version ("2023", "2024"); raises UnknownCode."""
    if version not in VERSIONS:
        raise UnknownCode(f"There is no codebook {version!r}.", next_step=f"Choose one of {', '.join(VERSIONS)}.")
    data = yaml.safe_load(files.read_text(f"codebook-{version}.yaml"))
    return Codebook(
        version=data["version"],
        valid_from=data["valid_from"],
        valid_to=data["valid_to"],
        target_groups=tuple(Label(**group) for group in data["target_groups"]),
        collapse_order=tuple(data["collapse_order"]),
        sexes=tuple(Label(**sex) for sex in data["sexes"]),
        age_groups=tuple(AgeGroup(**group) for group in data["age_groups"]),
        durations=tuple(Duration(**duration) for duration in data["durations"]),
        statuses=tuple(Label(**status) for status in data["statuses"]),
        categories=tuple(Category(c["code"], c["name"], tuple(c["items"])) for c in data["categories"]),
        minimum_valid_share=float(data["minimum_valid_share"]),
        lowest_score=int(data["scale"]["lowest"]),
        highest_score=int(data["scale"]["highest"]),
        satisfied_from=int(data["scale"]["satisfied_from"]),
        item_target_groups=MappingProxyType(
            {item: tuple(groups) for item, groups in data["item_target_groups"].items()}
        ),
        crosswalks=tuple(_crosswalk(crosswalk) for crosswalk in data["crosswalks"]),
    )


def codebook_valid_at(on: date) -> Codebook:
    """Return the codebook that is valid at a round's key date; raises UnknownCode where there is none."""
    for version in VERSIONS:
        codebook = load_codebook(version)
        if codebook.valid_from <= on and (codebook.valid_to is None or on <= codebook.valid_to):
            return codebook
    raise UnknownCode(
        f"No codebook is valid at {on}.",
        next_step=f"The first codebook starts {load_codebook(VERSIONS[0]).valid_from}.",
    )


def subgroup_labels() -> dict[str, str]:
    """Return code → Danish name of every benefit group, in the order of the tables."""
    return {row["undergruppe"]: row["navn"] for row in files.read_rows("survey_subgroups.csv")}


def subgroup_names(codebook: Codebook, target_group: str) -> list[str]:
    """Return the Danish names of the benefit groups that a target group is made of, in the order of the tables."""
    of_group = f"hovedgruppe_{codebook.version}"
    return [row["navn"] for row in files.read_rows("survey_subgroups.csv") if row[of_group] == target_group]


def _crosswalk(data: Mapping[Hashable, Any]) -> Crosswalk:
    return Crosswalk(
        to_version=data["to_version"],
        target_groups=MappingProxyType(dict(data["target_groups"])),
        broken_target_groups=tuple(data["trend_breaks"]["target_groups"]),
        broken_categories=tuple(data["trend_breaks"]["categories"]),
    )
