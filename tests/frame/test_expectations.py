"""What is expected of every row: each rule finds its own defect, and nothing but a rule sets a row aside."""

from functools import cache

import pandas as pd
import pytest
from frame_extracts import PILOT, as_csv, cpr_number, row

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.errors import ExpectationDidNotRun
from borgerpuls.frame.codes import ValidCodes, shown, valid_codes, with_asked_codes
from borgerpuls.frame.expectations import Rule, quarantined_ids, row_rules
from borgerpuls.frame.normalisation import normalise, with_derived_columns
from borgerpuls.frame.sources.csv import read_extract
from borgerpuls.frame.texts import row_text
from borgerpuls.row_checks import Checked, check_rows

REVALIDATION = {"ydelse_kode": "revalidering", "maalgruppe_kode": "6.10"}

# (rule, heading the municipality sees) → the one thing that is wrong with a row that otherwise holds.
PLANTED: dict[tuple[str, str], dict[str, str]] = {
    ("antal_felter", "(hele rækken)"): {"lokal_3": "for;meget"},
    ("kommune_udfyldt", "kommune_kode"): {"kommune_kode": ""},
    ("kommune_egen", "kommune_kode"): {"kommune_kode": "0630"},
    ("cpr_udfyldt", "cpr"): {"cpr": ""},
    ("cpr_ti_cifre", "cpr"): {"cpr": cpr_number(1)[:-1]},
    ("cpr_dato", "cpr"): {"cpr": cpr_number(1, day=90, month=2)},
    ("cpr_serie_erstatning", "cpr"): {"cpr": cpr_number(1, day=15)},
    ("alder", "cpr"): {"cpr": cpr_number(1, year=15)[:6] + "5001"},
    ("ydelse_udfyldt", "ydelse_kode"): {"ydelse_kode": ""},
    ("ydelse_er_kode", "ydelse_kode"): {"ydelse_kode": "Karl Karlsen"},
    ("ydelse_kendt", "ydelse_kode"): {"ydelse_kode": "ungeydelse"},
    ("maalgruppe_udfyldt", "maalgruppe_kode"): {"maalgruppe_kode": ""},
    ("maalgruppe_kendt", "maalgruppe_kode"): {"maalgruppe_kode": "2.3"},
    ("visitation_kendt", "visitation_kode"): {"visitation_kode": "matchgruppe"},
    ("koder_passer", "ydelse_kode"): {"ydelse_kode": "kontanthjaelp", "visitation_kode": "jobparat"},
    ("forloeb_id_udfyldt", "forloeb_id"): {"forloeb_id": ""},
    ("start_udfyldt", "forloeb_start"): {"forloeb_start": ""},
    ("start_dato", "forloeb_start"): {"forloeb_start": "30-02-2023"},
    ("slut_dato", "forloeb_slut"): {"forloeb_slut": "2023-13-01"},
    ("slut_efter_start", "forloeb_slut"): {"forloeb_slut": "2023-01-09"},
    ("sammenhaengende_dato", "sammenhaengende_start"): {"sammenhaengende_start": "ukendt"},
    ("sammenhaengende_foer_slut", "sammenhaengende_start"): {
        "forloeb_slut": "2023-05-01", "sammenhaengende_start": "2023-05-02",
    },
    ("adressebeskyttet_udfyldt", "adressebeskyttet"): {"adressebeskyttet": ""},
    ("adressebeskyttet_ja_nej", "adressebeskyttet"): {"adressebeskyttet": "måske"},
    ("doed_udrejst_ja_nej", "doed_udrejst"): {"doed_udrejst": "90"},
    ("lokal_uden_cpr", "lokal_1"): {"lokal_1": f"mor {cpr_number(9)}"},
    ("lokal_uden_cpr", "lokal_2"): {"lokal_2": f"{cpr_number(9)[:6]}-{cpr_number(9)[6:]}"},
    ("lokal_uden_cpr", "lokal_3"): {"lokal_3": cpr_number(9)},
    ("mobil_brugbar", "mobil"): {"mobil": "ukendt"},
}  # fmt: skip


@cache
def codes() -> ValidCodes:
    return valid_codes(load_codebook("2023"), PILOT.key_date)


def rules(accepts_series: str = "erstatning") -> list[Rule]:
    return row_rules(codes(), accepts_series=accepts_series)


def judged(rows: list[dict[str, str]]) -> pd.DataFrame:
    text = as_csv(rows).replace('"for;meget"', "for;meget")
    table = normalise(read_extract(text.encode()).rows.assign(municipality_code="0851"))
    return with_asked_codes(with_derived_columns(table, pd.Timestamp(PILOT.key_date)), codes())


@cache
def planted() -> tuple[pd.DataFrame, Checked]:
    """One row per defect, in the order of PLANTED, and a row that holds at the end."""
    table = judged([row(serial, **values) for serial, values in enumerate(PLANTED.values())] + [row(99)])
    return table, check_rows(table, rules())


def test_every_rule_has_a_planted_defect_and_a_danish_text() -> None:
    assert {(rule.name, rule.column) for rule in rules()} == set(PLANTED)
    for rule in (*rules(), *rules("almindelig")):
        assert row_text(rule.name, code="x", from_age=15, to_age=110)


@pytest.mark.parametrize("defect", PLANTED, ids="-".join)
def test_a_defect_is_found_by_its_own_rule_and_by_no_other(defect: tuple[str, str]) -> None:
    table, checked = planted()
    row_id = table.index[list(PLANTED).index(defect)]
    found = checked.findings.loc[checked.findings["row_id"] == row_id, "rule"]
    assert [(rules()[rule].name, rules()[rule].column) for rule in found] == [defect]


def test_a_row_that_holds_fails_no_rule() -> None:
    table, checked = planted()
    assert table.index[-1] not in set(checked.findings["row_id"])


@pytest.mark.parametrize("taken_away", range(len(rules())), ids=lambda rule: f"{rules()[rule].name}-{rule}")
def test_taking_a_rule_away_lets_its_defect_through(taken_away: int) -> None:
    table, checked = planted()
    rule = rules()[taken_away]
    row_id = table.index[list(PLANTED).index((rule.name, rule.column))]
    left = checked.findings[checked.findings["rule"] != taken_away]
    assert (row_id in quarantined_ids(checked.findings, rules())) is rule.quarantines
    assert row_id not in quarantined_ids(left, rules())


def test_a_suite_without_a_rule_really_lets_the_row_through() -> None:
    table, _ = planted()
    fewer = [rule for rule in rules() if rule.name not in {"ydelse_kendt", "start_dato"}]
    let_through = table.index.difference(quarantined_ids(check_rows(table, fewer).findings, fewer))
    names = [list(PLANTED)[position][0] for position in let_through[:-1]]
    assert names == ["ydelse_kendt", "start_dato", "mobil_brugbar"]


def test_counts_are_kept_and_no_value_is() -> None:
    table, checked = planted()
    assert list(checked.results.columns) == [
        "expectation", "column_name", "is_met", "checked_count", "unexpected_count",
    ]  # fmt: skip
    assert set(checked.results["unexpected_count"]) == {1}
    assert not checked.results["is_met"].any()
    assert (checked.results["checked_count"] == len(table)).all()
    assert set(checked.findings.columns) == {"row_id", "rule"}


def test_great_expectations_never_sees_a_name_or_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    from great_expectations.core.batch_definition import BatchDefinition

    seen: list[pd.DataFrame] = []
    real = BatchDefinition.get_batch
    monkeypatch.setattr(
        BatchDefinition, "get_batch", lambda self, given: (seen.append(given["dataframe"]), real(self, given))[1]
    )
    check_rows(judged([row(1)]), rules())
    assert not {"fornavn", "efternavn", "vejnavn", "mobil"} & set(seen[0].columns)


def test_results_hold_no_offending_value(caplog: pytest.LogCaptureFixture) -> None:
    number = cpr_number(1234, day=15)
    with caplog.at_level("DEBUG"):
        checked = check_rows(judged([row(1, cpr=number)]), rules())
    assert checked.results["unexpected_count"].sum() == 1
    assert number not in caplog.text + checked.results.to_csv() + checked.findings.to_csv()


def test_real_gateways_refuse_replacement_numbers_and_accept_ordinary_ones() -> None:
    table = judged([row(1), row(2, cpr=cpr_number(2, day=15))])
    assert list(quarantined_ids(check_rows(table, rules("almindelig")).findings, rules("almindelig"))) == [0]
    assert list(quarantined_ids(check_rows(table, rules()).findings, rules())) == [1]


def test_a_benefit_outside_the_survey_is_no_defect_whatever_it_is_called() -> None:
    table = judged([row(1, **REVALIDATION), row(2, **REVALIDATION, visitation_kode="andet")])
    assert quarantined_ids(check_rows(table, rules()).findings, rules()).empty


def test_a_rule_that_cannot_be_checked_stops_the_frame_and_is_named() -> None:
    broken = [*rules(), Rule("umulig", "cpr", "ExpectColumnValuesToBeBetween", {"column": "cpr", "min_value": 1})]
    with pytest.raises(ExpectationDidNotRun, match="umulig") as stopped:
        check_rows(judged([row(1)]), broken)
    assert cpr_number(1) not in str(stopped.value)


@pytest.mark.parametrize(
    ("code", "told"),
    [("ungeydelse", "ungeydelse"), ("6.99", "6.99"), ("karl karlsen", None), (cpr_number(1), None), ("a12345", None)],
)
def test_a_code_is_told_by_name_unless_it_may_be_a_person(code: str, told: str | None) -> None:
    assert shown(code) == told


def test_the_codes_are_those_valid_at_the_key_date() -> None:
    assert codes().outside_lab_codes == {"6.10", "6.11", "6.12", "6.13"}
    assert "kontanthjaelp|jobparat|6.2" in codes().combinations
    assert "kontanthjaelp||6.2" in codes().combinations
    assert "kontanthjaelp|jobparat|6.6" not in codes().combinations
