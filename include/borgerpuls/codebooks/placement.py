"""
Which benefits are in the survey, and in which target group the codes of an extract place a person.

Files and their provenance: `data/README.md`.
"""

import re
from datetime import date
from typing import NamedTuple

import pandas as pd

from borgerpuls.codebooks import files
from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.errors import UnknownCode

_LIKE_A_CODE = re.compile(r"(?!.*\d{5})(?:[a-zæøå0-9_.-]{1,40}|[A-ZÆØÅ0-9_.-]{1,12})")


class Membership(NamedTuple):
    """Where a benefit places a person. `target_group` is None for § 6 groups outside the survey."""

    subgroup: str | None
    target_group: str | None
    min_weeks: int | None


def target_group_of(
    codebook: Codebook, benefit_code: str, visitation_code: str | None, lab_code: str | None, on: date
) -> Membership:
    """
    Return where a benefit places a person: subgroup, main target group and weeks required.

    Args:
        codebook: The version that names the main groups.
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
    row = assign_target_groups(codes, codebook, on).iloc[0]
    if row["problem"]:
        raise UnknownCode(
            str(row["problem"]),
            where=f"codebook {codebook.version} at {on}",
            next_step="Correct the extract, or add the code to a new version of the codebook.",
        )
    inside = bool(row["target_group"])
    return Membership(
        subgroup=str(row["subgroup"]) if inside else None,
        target_group=str(row["target_group"]) if inside else None,
        min_weeks=int(row["min_weeks"]) if inside else None,
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
