"""
Which codes an extract may hold at the key date, from the codebook; and what part of a row they are asked of.
"""

import re
from dataclasses import dataclass
from datetime import date

import pandas as pd

from borgerpuls.codebooks import files
from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.codebooks.placement import benefit_codes, target_group_table, visitation_codes

LIKE_A_CODE = r"^[a-z][a-z_-]{1,39}[0-9]{0,2}$"
"""What a benefit code looks like. Anything else may be a person's data in the wrong column and is never shown."""

_SHOWABLE = re.compile(r"[a-z0-9][a-z0-9_.|-]{0,79}")
_MANY_DIGITS = re.compile(r"[0-9]{5}")
SEPARATOR = "|"


@dataclass(frozen=True)
class ValidCodes:
    """The codes that are valid at one day. `combinations` are benefit, visitation and § 6 code joined by a bar."""

    benefits: frozenset[str]
    visitations: frozenset[str]
    lab_codes: frozenset[str]
    outside_lab_codes: frozenset[str]
    combinations: frozenset[str]


def valid_codes(codebook: Codebook, on: date) -> ValidCodes:
    """Return the codes valid at *on*; `outside_lab_codes` are the § 6 groups that are not in the survey."""
    lab = files.read_table("target_groups.csv")
    day = on.isoformat()
    lab = lab[(lab["gyldig_fra"] <= day) & ((lab["gyldig_til"] == "") | (day <= lab["gyldig_til"]))]
    places = target_group_table(codebook, on)
    places = places[places["lab_code"] != ""]
    return ValidCodes(
        benefits=benefit_codes(),
        visitations=visitation_codes(),
        lab_codes=frozenset(lab["kode"]),
        outside_lab_codes=frozenset(lab.loc[lab[f"hovedgruppe_{codebook.version}"] == "", "kode"]),
        combinations=frozenset(places["benefit"] + SEPARATOR + places["visitation"] + SEPARATOR + places["lab_code"]),
    )


def with_asked_codes(rows: pd.DataFrame, codes: ValidCodes) -> pd.DataFrame:
    """
    Return rows with the codes that the survey asks about.

    A benefit outside the survey is no defect whatever it is called, and three codes are held against each other only
    when each is known, so that one mistake gives one message.

    Returns:
        As *rows*, with `ydelse_i_undersoegelsen` and `visitation_i_undersoegelsen` (missing for § 6 groups outside the
        survey) and `kodesaet` (missing unless each code is known).
    """
    table = rows.copy()
    inside = ~table["maalgruppe_kode"].isin(codes.outside_lab_codes)
    named = table["ydelse_kode"].str.match(LIKE_A_CODE).fillna(value=False).astype(bool)
    table["ydelse_i_undersoegelsen"] = table["ydelse_kode"].where(inside & named)
    table["visitation_i_undersoegelsen"] = table["visitation_kode"].where(inside)
    each_known = (
        inside
        & table["ydelse_kode"].isin(codes.benefits)
        & table["maalgruppe_kode"].isin(codes.lab_codes)
        & (table["visitation_kode"].isna() | table["visitation_kode"].isin(codes.visitations))
    )
    joined = (
        table["ydelse_kode"] + SEPARATOR + table["visitation_kode"].fillna("") + SEPARATOR + table["maalgruppe_kode"]
    )
    table["kodesaet"] = joined.where(each_known)
    return table


def shown(code: str) -> str | None:
    """Return a code fit to be named in a message, or None where it may be a person's data."""
    return code if _SHOWABLE.fullmatch(code) and not _MANY_DIGITS.search(code) else None
