"""
Codebooks: what the codes of a round mean, as versioned data with validity dates.

An unknown code is named (`UnknownCode`), never given a default. Files and their provenance: `data/README.md`.
"""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml

from borgerpuls.codebooks import files
from borgerpuls.errors import UnknownCode

VERSIONS = ("2023", "2024")
_LIKE_A_CODE = re.compile(r"(?!.*\d{5})(?:[a-zæøå0-9_.-]{1,40}|[A-ZÆØÅ0-9_.-]{1,12})")


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


class Membership(NamedTuple):
    """Where a benefit places a person. `target_group` is None for § 6 groups outside the survey."""

    subgroup: str | None
    target_group: str | None
    min_weeks: int | None


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

    def age_group_codes(self, age: pd.Series) -> pd.Series:
        """Return the age group of each age in whole years; raises UnknownCode if negative or missing."""
        return self._codes_by_bound(age, [(g.from_age, g.code) for g in self.age_groups], "age")

    def duration_codes(self, days: pd.Series) -> pd.Series:
        """Return the duration group of each number of days; raises UnknownCode if negative or missing."""
        return self._codes_by_bound(days, [(d.from_days, d.code) for d in self.durations], "days")

    def target_group_of(
        self, benefit_code: str, visitation_code: str | None, lab_code: str | None, on: date
    ) -> Membership:
        """
        Return where a benefit places a person: subgroup, main target group and weeks required.

        Args:
            benefit_code: `ydelse_kode` of the extract; the benefit decides, the § 6 code alone cannot (SHO).
            visitation_code: `visitation_kode`, or None where the extract has none.
            lab_code: LAB § 6 code such as "6.2", or None.
            on: The day at which the § 6 code must be valid.

        Raises:
            UnknownCode: A code is unknown, or the codes do not belong together; the message names them.
        """
        codes = pd.DataFrame(
            {"benefit": [benefit_code], "visitation": [visitation_code], "lab_code": [lab_code]}, dtype="str"
        )
        row = assign_target_groups(codes, self, on).iloc[0]
        if row["problem"]:
            raise UnknownCode(
                str(row["problem"]),
                where=f"codebook {self.version} at {on}",
                next_step="Correct the extract, or add the code to a new version of the codebook.",
            )
        inside = bool(row["target_group"])
        return Membership(
            subgroup=str(row["subgroup"]) if inside else None,
            target_group=str(row["target_group"]) if inside else None,
            min_weeks=int(row["min_weeks"]) if inside else None,
        )

    def crosswalk_to(self, version: str) -> Crosswalk:
        """Return the way from this version to an older one; raises UnknownCode where none is known."""
        if version == self.version:
            return Crosswalk(version, MappingProxyType({}), (), ())
        for crosswalk in self.crosswalks:
            if crosswalk.to_version == version:
                return crosswalk
        raise self._unknown("crosswalk to version", version)

    def _codes_by_bound(self, value: pd.Series, bounds: list[tuple[int, str]], unit: str) -> pd.Series:
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


def subgroup_table(codebook: Codebook) -> pd.DataFrame:
    """Return the subgroups: `subgroup`, `subgroup_name`, `benefit`, `target_group`; one row per subgroup."""
    table = files.read_table("survey_subgroups.csv")
    return pd.DataFrame(
        {
            "subgroup": table["undergruppe"],
            "subgroup_name": table["navn"],
            "benefit": table["ydelse"],
            "target_group": table[f"hovedgruppe_{codebook.version}"],
        }
    )


def target_group_table(codebook: Codebook, on: date | None = None) -> pd.DataFrame:
    """
    Return every combination of codes that places a person, to merge extracts on.

    Args:
        codebook: The version that names the main groups.
        on: The day at which the § 6 codes must be valid; default the codebook's first day.

    Returns:
        One row per combination of `benefit`, `visitation` and `lab_code` (empty text where the extract has
        none and the others suffice), with `subgroup`, `target_group`, `min_weeks`. No combination twice.
    """
    subgroups = files.read_table("survey_subgroups.csv")
    subgroups["visitation"] = subgroups["visitation"].str.split("|")
    lab = _lab_codes(codebook, on or codebook.valid_from)
    pairs = subgroups.merge(files.read_table("subgroup_lab_codes.csv"), on="undergruppe").merge(
        lab[["lab_kode", "min_uger"]], on="lab_kode"
    )
    named = pairs.explode("visitation")
    without_visitation = pairs.assign(visitation="")
    any_visitation = pairs[pairs["visitation"].map(lambda codes: codes == [""])].merge(
        pd.DataFrame({"any": sorted(visitation_codes())}), how="cross"
    )
    any_visitation["visitation"] = any_visitation.pop("any")
    table = pd.concat([named, without_visitation, any_visitation])
    table = pd.concat([table, table.assign(lab_kode="")])
    table = pd.DataFrame(
        {
            "benefit": table["ydelse"],
            "visitation": table["visitation"],
            "lab_code": table["lab_kode"],
            "subgroup": table["undergruppe"],
            "target_group": table[f"hovedgruppe_{codebook.version}"],
            "min_weeks": table["min_uger"].astype(int),
        }
    ).drop_duplicates()
    keys = ["benefit", "visitation", "lab_code"]
    return table[~table.duplicated(keys, keep=False)].sort_values(keys).reset_index(drop=True)


def assign_target_groups(codes: pd.DataFrame, codebook: Codebook, on: date) -> pd.DataFrame:
    """
    Place many persons at once.

    Args:
        codes: Columns `benefit`, `visitation`, `lab_code` as text; the last two may be missing or empty.
        codebook: The version that names the main groups.
        on: The day at which the § 6 codes must be valid.

    Returns:
        Index as *codes*: `subgroup` and `target_group` (empty text when not placed), `min_weeks` (0 when not
        placed), `problem` (empty, or what is unknown, by name). A person with no problem and no group is in a
        § 6 group outside the survey.
    """
    keys = ["benefit", "visitation", "lab_code"]
    text = codes[keys].astype("str").fillna("").apply(lambda column: column.str.strip())
    placed = text.merge(target_group_table(codebook, on), on=keys, how="left")
    placed.index = codes.index
    result = pd.DataFrame(
        {
            "subgroup": placed["subgroup"].fillna(""),
            "target_group": placed["target_group"].fillna(""),
            "min_weeks": placed["min_weeks"].fillna(0).astype(int),
            "problem": "",
        },
        index=codes.index,
    )
    unplaced = result["target_group"] == ""
    if unplaced.any():
        distinct = text[unplaced].drop_duplicates()
        problem = {tuple(row): _problem(*map(str, row), codebook=codebook, on=on) for row in distinct.to_numpy()}
        result.loc[unplaced, "problem"] = [problem[tuple(row)] for row in text[unplaced].to_numpy()]
    return result


def benefit_codes() -> frozenset[str]:
    """Return the benefits that the survey includes, as the extract writes them."""
    return frozenset(files.read_table("survey_subgroups.csv")["ydelse"])


def visitation_codes() -> frozenset[str]:
    """Return the visitation codes that the extract may hold."""
    return frozenset(files.read_table("survey_subgroups.csv")["visitation"].str.split("|").explode()) - {""}


def extract_schema() -> pd.DataFrame:
    """Return the columns of the extract: `kolonne`, `type`, `obligatorisk`, `regel`, `formaal`."""
    return files.read_table("extract_schema.csv")


def _lab_codes(codebook: Codebook, on: date) -> pd.DataFrame:
    lab = files.read_table("target_groups.csv").rename(columns={"kode": "lab_kode"})
    valid = (lab["gyldig_fra"] <= on.isoformat()) & ((lab["gyldig_til"] == "") | (on.isoformat() <= lab["gyldig_til"]))
    return lab[valid].assign(target_group=lab[f"hovedgruppe_{codebook.version}"])


def _problem(benefit: str, visitation: str, lab_code: str, *, codebook: Codebook, on: date) -> str:
    """Return what is wrong with codes that place nobody; empty text when they are outside the survey."""
    lab = _lab_codes(codebook, on).set_index("lab_kode")["target_group"]
    if lab_code and lab_code not in lab.index:
        return f"maalgruppe_kode {_shown(lab_code)} is not valid at {on}."
    if lab_code and lab[lab_code] == "":
        return ""
    if benefit not in benefit_codes():
        return f"ydelse_kode {_shown(benefit)} is unknown."
    if visitation and visitation not in visitation_codes():
        return f"visitation_kode {_shown(visitation)} is unknown."
    said = f"ydelse_kode {benefit!r}, visitation_kode {visitation!r} and maalgruppe_kode {lab_code!r}"
    if not visitation and not lab_code:
        return f"{said} do not suffice to place a person."
    return f"{said} do not belong together."


def _shown(code: str) -> str:
    """Return a code for a message, unless it is no code: shifted columns could show a person."""
    return repr(code) if _LIKE_A_CODE.fullmatch(code) else "(a text that is no code)"


def _crosswalk(data: Mapping[Hashable, Any]) -> Crosswalk:
    return Crosswalk(
        to_version=data["to_version"],
        target_groups=MappingProxyType(dict(data["target_groups"])),
        broken_target_groups=tuple(data["trend_breaks"]["target_groups"]),
        broken_categories=tuple(data["trend_breaks"]["categories"]),
    )
