"""The extract files have the mess of real exports, can be read, and hold exactly what the truth says."""

import hashlib
import re
from pathlib import Path

import pandas as pd
import phonenumbers
import pytest
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.codebooks.placement import benefit_codes, extract_schema
from borgerpuls.errors import SandboxFolderIsInInbox
from borgerpuls.sandbox.country import Country, make_country
from borgerpuls.sandbox.extracts import DEFECTS, registrations, write_extracts, write_sandbox_files

ROUND = "2023-2"


@pytest.fixture(scope="module")
def country() -> Country:
    return make_country(3)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def truth(country: Country, inbox: Path) -> pd.DataFrame:
    return write_extracts(country, inbox, ROUND)


def _encoding(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep=";", dtype="str", keep_default_na=False, encoding=_encoding(path.read_bytes()))


@pytest.fixture(scope="module")
def files(truth: pd.DataFrame, inbox: Path) -> dict[str, pd.DataFrame]:
    return {path.name[:4]: _read(path) for path in sorted((inbox / ROUND).iterdir())}


def test_each_municipality_has_one_file_with_the_columns_of_the_schema(files, country):
    assert set(files) == set(country.municipalities.index)
    for table in files.values():
        assert list(table.columns) == list(extract_schema()["kolonne"])
        assert (table["udtraek_id"] == table["udtraek_id"].iloc[0]).all()


def test_the_files_come_in_three_kinds_of_export(inbox, truth, files):
    found = set()
    for path in (inbox / ROUND).iterdir():
        content, table = path.read_bytes(), files[path.name[:4]]
        is_hyphenated = bool(table["cpr"].str.contains("-").any())
        has_danish_dates = bool(re.fullmatch(r"\d\d-\d\d-\d{4}", table["seneste_samtale_dato"].iloc[0]))
        found.add((_encoding(content), is_hyphenated, has_danish_dates, *sorted(set(table["adressebeskyttet"]))))
        assert (table["efternavn"] == "Møller").any()
    assert found == {
        ("cp1252", True, True, "ja", "nej"),
        ("utf-8-sig", False, False, "0", "1"),
        ("utf-8", False, False, "false", "true"),
    }


def test_leading_zeros_are_lost_in_most_municipality_codes_and_postal_codes(files):
    lengths = {code: set(table["kommune_kode"].str.len()) for code, table in files.items()}
    assert set().union(*lengths.values()) == {3, 4}
    assert (files["0169"]["postnr"] == "800").any()


def test_every_row_of_every_file_has_its_truth(files, truth):
    assert truth.groupby("municipality_code").size().to_dict() == {code: len(table) for code, table in files.items()}
    for code, here in truth.groupby("municipality_code"):
        assert list(here["row_number"]) == list(range(2, len(here) + 2))
        written = files[str(code)]["cpr"].str.replace("-", "")
        is_whole = (here["reason"] != "nine_digit_cpr").to_numpy()
        assert (written.to_numpy()[is_whole] == here["cpr"].to_numpy()[is_whole]).all()


def test_exactly_the_population_is_eligible_and_each_reason_and_defect_occurs(truth):
    assert (truth["outcome"] == "eligible").sum() == 67629
    assert not truth.loc[truth["outcome"] == "eligible", "cpr"].duplicated().any()
    ineligible = truth[truth["outcome"] == "ineligible"]
    assert set(ineligible["reason"]) == {
        "for_kort_forloeb",
        "ikke_aktiv_i_kvartalet",
        "doed_eller_udrejst",
        "ydelse_ikke_i_undersoegelsen",
        "dublet",
        "aeldre_forloeb",
        "anden_kommune",
    }
    quarantined = truth[truth["outcome"] == "quarantined"]
    assert set(quarantined["reason"]) == {defect.name for defect in DEFECTS}
    assert (quarantined["column_name"] != "").all()


def _says(reason: str, value: str) -> bool:
    return {
        "impossible_date": value in {"2023-02-30", "30-02-2023"},
        "unknown_benefit": value not in benefit_codes(),
        "nine_digit_cpr": len(value.replace("-", "")) == 9,
        "missing_spell_start": value == "",
        "missing_lab_code": value == "",
        "ends_before_it_begins": value != "",
    }[reason]


def test_a_bad_row_is_bad_in_the_column_that_the_truth_names(files, truth):
    for row in truth[truth["outcome"] == "quarantined"].itertuples():
        value = files[row.municipality_code].loc[row.row_number - 2, row.column_name]
        assert _says(row.reason, value), row.reason


def test_telephones_are_written_in_many_ways_and_can_all_be_read(files):
    numbers = pd.concat([table["mobil"] for table in files.values()])
    numbers = numbers[numbers != ""]
    assert numbers.str.len().max() <= 15
    forms = numbers.str.replace("[0-9]", "9", regex=True).value_counts()
    assert len(forms) >= 6
    for text in numbers.sample(200, random_state=1):
        assert phonenumbers.is_valid_number(phonenumbers.parse(re.sub("^45(?=.{8}$)", "", text), "DK"))


def test_registrations_answer_for_every_person_in_the_files_once(country, truth):
    table = registrations(country)
    assert table["cpr"].is_unique
    assert set(truth["cpr"]) <= set(table["cpr"])
    assert ((table["mobile"] != "") == table["has_mobile"]).all()
    assert not (table["is_nemsms"] & ~table["has_mobile"]).any()


def test_the_same_seed_writes_the_same_bytes(country, inbox, truth, tmp_path):
    again = write_extracts(make_country(3), tmp_path, ROUND)
    pd.testing.assert_frame_equal(truth, again)
    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / ROUND).iterdir()}
        for folder in (inbox, tmp_path)
    ]
    assert digests[0] == digests[1]


def test_the_truth_never_lies_in_the_inbox(country, tmp_path):
    with pytest.raises(SandboxFolderIsInInbox, match="would lie in the inbox"):
        write_sandbox_files(country, tmp_path, tmp_path / "truth", ROUND)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_extracts_truth_and_registrations_and_says_counts_only(tmp_path):
    arguments = ["--seed", "3", "--round", ROUND, "--out", str(tmp_path / "home"), "--inbox", str(tmp_path / "inbox")]
    outcome = CliRunner().invoke(app, ["sandbox", "country", *arguments])
    assert outcome.exit_code == 0, outcome.output
    assert "67629 eligible" in outcome.output
    assert not re.search(r"\d{6}-?\d{4}", outcome.output)
    assert len(list((tmp_path / "inbox" / ROUND).iterdir())) == 13
    assert {path.name for path in (tmp_path / "home" / ROUND).iterdir()} == {"truth.csv", "registrations.csv"}
