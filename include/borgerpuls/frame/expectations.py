"""
What is expected of every row of an extract; row_checks.py checks it with Great Expectations once on the whole frame.

Quarantine follows from the findings and from nothing else: a row is set aside when a rule that quarantines names it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from borgerpuls.frame import cpr
from borgerpuls.frame.codes import LIKE_A_CODE, ValidCodes
from borgerpuls.frame.normalisation import NO, POSSIBLE_DATE, YES
from borgerpuls.row_checks import quarantining

SUITE = "udtraek"
YOUNGEST, OLDEST = 15, 110
"""Years at the key date. Nobody younger has Digital Post or a benefit; the oldest Dane lived to 115."""

HOLDS_A_CPR = r"[0-9]{6}[ -]?[0-9]{4}"


@dataclass(frozen=True)
class Rule:
    """
    One expectation of every row.

    `name` keys the Danish text, `column` is the heading the municipality sees, `kind` and `arguments` are the
    expectation. A rule that does not quarantine only notes. `shows` names the column whose code the text may show.
    """

    name: str
    column: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    quarantines: bool = True
    shows: str | None = None


def row_rules(codes: ValidCodes, *, accepts_series: str) -> list[Rule]:
    """
    Return every rule, in the order a reader would correct a row.

    Args:
        codes: The codes valid at the key date.
        accepts_series: `erstatning` in the sandbox, `almindelig` where gateways are real.
    """
    return [
        Rule("antal_felter", "(hele rækken)", *_equal("antal_felter", "antal_kolonner")),
        Rule("kommune_udfyldt", "kommune_kode", *_filled("kommune_kode")),
        Rule("kommune_egen", "kommune_kode", *_equal("kommune_kode", "municipality_code")),
        Rule("cpr_udfyldt", "cpr", *_filled("cpr")),
        Rule("cpr_ti_cifre", "cpr", *_like("cpr", f"^{cpr.TEN_DIGITS}$")),
        Rule("cpr_dato", "cpr", *_like("cpr_dato", POSSIBLE_DATE)),
        Rule(f"cpr_serie_{accepts_series}", "cpr", *_one_of("cpr_serie", {accepts_series})),
        Rule("alder", "cpr", "ExpectColumnValuesToBeBetween",
             {"column": "alder", "min_value": YOUNGEST, "max_value": OLDEST}),
        Rule("ydelse_udfyldt", "ydelse_kode", *_filled("ydelse_kode")),
        Rule("ydelse_er_kode", "ydelse_kode", *_like("ydelse_kode", LIKE_A_CODE)),
        Rule("ydelse_kendt", "ydelse_kode", *_one_of("ydelse_i_undersoegelsen", codes.benefits), shows="ydelse_kode"),
        Rule("maalgruppe_udfyldt", "maalgruppe_kode", *_filled("maalgruppe_kode")),
        Rule("maalgruppe_kendt", "maalgruppe_kode", *_one_of("maalgruppe_kode", codes.lab_codes),
             shows="maalgruppe_kode"),
        Rule("visitation_kendt", "visitation_kode", *_one_of("visitation_i_undersoegelsen", codes.visitations),
             shows="visitation_kode"),
        Rule("koder_passer", "ydelse_kode", *_one_of("kodesaet", codes.combinations), shows="kodesaet"),
        Rule("forloeb_id_udfyldt", "forloeb_id", *_filled("forloeb_id")),
        Rule("start_udfyldt", "forloeb_start", *_filled("forloeb_start")),
        Rule("start_dato", "forloeb_start", *_like("forloeb_start", POSSIBLE_DATE)),
        Rule("slut_dato", "forloeb_slut", *_like("forloeb_slut", POSSIBLE_DATE)),
        Rule("slut_efter_start", "forloeb_slut", *_not_before("forloeb_slut_dato", "forloeb_start_dato")),
        Rule("sammenhaengende_dato", "sammenhaengende_start", *_like("sammenhaengende_start", POSSIBLE_DATE)),
        Rule("sammenhaengende_foer_slut", "sammenhaengende_start",
             *_not_before("forloeb_slut_dato", "sammenhaengende_start_dato")),
        Rule("adressebeskyttet_udfyldt", "adressebeskyttet", *_filled("adressebeskyttet")),
        Rule("adressebeskyttet_ja_nej", "adressebeskyttet", *_one_of("adressebeskyttet", {YES, NO})),
        Rule("doed_udrejst_ja_nej", "doed_udrejst", *_one_of("doed_udrejst", {YES, NO})),
        *(Rule("lokal_uden_cpr", column, "ExpectColumnValuesToNotMatchRegex", {"column": column, "regex": HOLDS_A_CPR})
          for column in ("lokal_1", "lokal_2", "lokal_3")),
        Rule("mobil_brugbar", "mobil", "ExpectColumnValuesToBeNull", {"column": "mobil_raa"}, quarantines=False),
    ]  # fmt: skip


def quarantined_ids(findings: pd.DataFrame, rules: Sequence[Rule]) -> pd.Index:
    """Return the ids of the rows that fail a rule which quarantines."""
    ids: pd.Index = pd.Index(quarantining(findings, rules)["row_id"].drop_duplicates())
    return ids


def _filled(column: str) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToNotBeNull", {"column": column}


def _like(column: str, regex: str) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToMatchRegex", {"column": column, "regex": regex}


def _one_of(column: str, codes: set[str] | frozenset[str]) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToBeInSet", {"column": column, "value_set": sorted(codes)}


def _equal(column: str, other: str) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnPairValuesToBeEqual", {
        "column_A": column, "column_B": other, "ignore_row_if": "either_value_is_missing",
    }  # fmt: skip


def _not_before(column: str, other: str) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnPairValuesAToBeGreaterThanB", {
        "column_A": column, "column_B": other, "or_equal": True, "ignore_row_if": "either_value_is_missing",
    }  # fmt: skip
