"""The frame of a round, from files in the inbox to the population, in a real database."""

import json
import logging
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from frame_extracts import ROUND, as_csv, cpr_number, row
from sqlalchemy import text
from typer.testing import CliRunner

from borgerpuls import clock
from borgerpuls.cli import app
from borgerpuls.database import engine, load_query, transaction
from borgerpuls.errors import (
    ExtractIsGone,
    FrameIsEmpty,
    FrameIsFixed,
    MunicipalityIsNotInRound,
    RoundIsForgotten,
    RoundKeyIsMissing,
    RowsAreLost,
    UnknownRound,
)
from borgerpuls.frame import stage
from borgerpuls.frame.identity import opened_file
from borgerpuls.settings import settings
from borgerpuls.vault import Seal, vault

Put = Callable[..., Path]
CODES = ("0461", "0630", "0851")
TABLES = (
    "frame.extract", "frame.spell", "frame.person", "frame.row_error", "frame.expectation_result",
    "identity.citizen", "identity.quarantined_row", "identity.extract_file",
)  # fmt: skip


def build_frame() -> dict[str, int]:
    for code in CODES:
        stage.import_extract(ROUND, code)
    stage.validate_frame(ROUND)
    return stage.decide_eligibility(ROUND)


def select(query: str) -> list[tuple[object, ...]]:
    with transaction("frame") as connection:
        return [tuple(found) for found in connection.execute(text(query))]


def contents() -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(select(f"SELECT t::text, xmin::text FROM {table} AS t")) for table in TABLES}


def rows_of(code: str) -> tuple[object, ...]:
    return select(
        "SELECT row_count, eligible_count, ineligible_count, quarantined_count FROM frame.extract"
        f" WHERE municipality_code = '{code}'"
    )[0]


def extract_seal() -> Seal:
    seal = vault().extract_key(ROUND, "0851")
    assert seal is not None
    return seal


def mixed() -> list[dict[str, str]]:
    return [
        row(1, mobil="+45 26 12 34 56", vejnavn="Søgade", husnr="4", postnr="9000", lokal_1="ja"),
        row(2, cpr=f"{cpr_number(2)[:6]}-{cpr_number(2)[6:]}", forloeb_start="10-01-2023", adressebeskyttet="ja"),
        row(3, ydelse_kode="ungeydelse"),
        row(4, forloeb_start="30-02-2023"),
        row(5, cpr=cpr_number(5)[:-1]),
        row(6, forloeb_start="2023-06-20"),
        row(1, forloeb_id="F7"),
    ]


def test_a_municipality_with_no_file_is_named_and_the_others_go_on(pilot_round: str, put: Put) -> None:
    put("0851", mixed())
    put("461", [row(20, kommune_kode="461")])
    assert build_frame() == {"eligible": 3, "ineligible": 2}
    summary = stage.frame_summary(pilot_round).set_index("municipality_name")
    assert list(summary.index) == ["Odense", "Vejle", "Aalborg"]
    assert list(summary["outcome"]) == ["imported", "missing", "imported"]
    assert "ikke modtaget noget udtræk" in summary.loc["Vejle", "outcome_text"]
    assert list(summary.loc["Aalborg", ["row_count", "eligible_count", "ineligible_count", "quarantined_count"]]) == [
        7, 2, 2, 3,
    ]  # fmt: skip
    assert (summary.loc["Aalborg", "for_kort_forloeb"], summary.loc["Aalborg", "dublet"]) == (1, 1)
    assert select("SELECT municipality_code, count(*) FROM frame.person GROUP BY 1 ORDER BY 1") == [
        ("0461", 1), ("0851", 2),
    ]  # fmt: skip


def test_the_commands_show_every_extract_and_every_error(pilot_round: str, put: Put) -> None:
    put("0851", mixed())
    put("461", [row(20, kommune_kode="461")])
    build_frame()
    status, errors = (CliRunner().invoke(app, ["frame", *words]) for words in (
        ["status", pilot_round], ["errors", pilot_round, "--municipality", "0851"],
    ))  # fmt: skip
    assert status.exit_code == errors.exit_code == 0
    lines = [" ".join(line.replace("│", " ").split()) for line in status.output.splitlines()]
    assert any(line.startswith("Aalborg 7 2 2 3 læst") for line in lines)
    assert any(line.startswith("Vejle 0 0 0 0 Kommunen") or "Vejle 0 0 0 0" in line for line in lines)
    assert "\nAalborg, række 4, kolonne ydelse_kode: " in "\n" + errors.output
    assert errors.output.endswith("fejl i 3 rækker.\n")
    unknown = CliRunner().invoke(app, ["frame", "errors", pilot_round, "--municipality", "0999"])
    assert (unknown.exit_code, "deltager ikke i runden" in unknown.output) == (2, True)


def test_errors_name_municipality_row_column_and_what_was_expected(pilot_round: str, put: Put) -> None:
    put("0851", mixed())
    build_frame()
    messages = [message for (message,) in select("SELECT message FROM frame.row_error ORDER BY row_number")]
    assert [str(message).split(": ")[0] for message in messages] == [
        "Aalborg, række 4, kolonne ydelse_kode",
        "Aalborg, række 5, kolonne forloeb_start",
        "Aalborg, række 6, kolonne cpr",
    ]
    assert "Ukendt ydelseskode: ungeydelse." in str(messages[0])
    assert "en dato, der findes" in str(messages[1])
    assert "ti cifre" in str(messages[2])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "tom"),
        (as_csv([row(1)]).replace("forloeb_start", "forloebsstart").encode(), "forloeb_start (ligner"),
        (as_csv([row(1)], columns=[*row(1), "cpr"]).encode(), "mere end én gang: cpr"),
        (as_csv([row(1)], columns=[name for name in row(1) if name != "cpr"]).encode(), "cpr"),
        (as_csv([row(1)]).encode("utf-16"), "UTF-16"),
        (as_csv([row(1)], delimiter="~").encode(), "Kolonnerne kan ikke skilles ad"),
        (as_csv([row(1, kommune_kode="0630"), row(2, kommune_kode="630")]).encode(), "er fra Vejle, ikke fra Aalborg"),
        (as_csv([row(1, kommune_kode="x"), row(2), row(3, kommune_kode="y")]).encode(), "1 af 3"),
    ],
    ids=["empty", "renamed", "repeated", "missing", "encoding", "delimiter", "other municipality", "mostly not own"],
)
def test_a_refused_file_says_why_and_the_others_go_on(pilot_round: str, put: Put, content: bytes, said: str) -> None:
    put("0851", content)
    put("0461", [row(20, kommune_kode="0461")])
    assert stage.import_extract(ROUND, "0851") == {"rows": 0, "imported": 0, "missing": 0, "refused": 1}
    assert build_frame() == {"eligible": 1, "ineligible": 0}
    outcome, outcome_text = select("SELECT outcome, outcome_text FROM frame.extract WHERE municipality_code = '0851'")[
        0
    ]
    assert outcome == "refused"
    assert said in str(outcome_text)
    kept = select("SELECT content FROM identity.extract_file WHERE municipality_code = '0851'")[0][0]
    assert isinstance(kept, bytes)
    assert opened_file(kept, "0851", extract_seal()) == content


def test_two_files_of_one_municipality_are_refused(pilot_round: str, put: Put) -> None:
    put("0851", [row(1)])
    put("851_ny", [row(1)])
    put("0851x", [row(1)]).rename(settings().inbox_folder / ROUND / "0851.txt")
    assert stage.import_extract(ROUND, "0851")["refused"] == 1
    assert "2 filer" in str(select("SELECT outcome_text FROM frame.extract")[0][0])


def test_what_was_noted_about_a_file_that_was_read_is_told(pilot_round: str, put: Put) -> None:
    rows = [row(1) | {"sagsbehandler": "x"}, row(2, udtraek_id="et andet")]
    put("0851", rows, columns=[*row(1), "sagsbehandler"])
    assert stage.import_extract(ROUND, "0851")["imported"] == 1
    note = str(select("SELECT outcome_text FROM frame.extract")[0][0])
    assert "ikke er læst: 1." in note
    assert "2 forskellige udtræk" in note


def test_nothing_is_lost_a_quarantined_row_can_be_read_again_as_it_stood(pilot_round: str, put: Put) -> None:
    put("0851", mixed())
    build_frame()
    key = extract_seal()
    stood = {
        number: json.loads(key.decrypt(bytes(content), f"row|0851|{number}"))  # type: ignore[arg-type]
        for number, content in select("SELECT row_number, content FROM identity.quarantined_row")
    }
    assert stood[5]["forloeb_start"] == "30-02-2023"
    assert stood[6]["cpr"] == cpr_number(5)[:-1]
    assert stood[4]["efternavn"] == "Ærø"
    assert {found for (found,) in select("SELECT destroy_after_date FROM identity.quarantined_row")} == {
        clock.today() + timedelta(days=settings().extract_retention_days)
    }


def test_identity_is_sealed_for_its_person_and_found_by_its_hash(pilot_round: str, put: Put) -> None:
    put("0851", mixed())
    build_frame()
    key = vault().round_key(ROUND)
    person = key.person_id(cpr_number(1))
    found = select(
        "SELECT cpr, name, mobile, address, is_address_protected, person_id, cpr_lookup FROM identity.citizen"
        f" WHERE person_id = '{person}'"
    )[0]
    opened = [
        key.decrypt(bytes(sealed), f"{column}|{person}")  # type: ignore[arg-type]
        for column, sealed in zip(("cpr", "name", "mobile", "address"), found, strict=False)
    ]
    assert opened[:3] == [cpr_number(1), "Åse Ærø", "4526123456"]
    assert json.loads(opened[3]) == {"vejnavn": "Søgade", "husnr": "4", "postnr": "9000"}
    assert found[4] is False
    assert found[6] == key.lookup(cpr_number(1)) != vault().lookup(cpr_number(1))
    other = key.person_id(cpr_number(2))
    assert select(
        f"SELECT mobile, address, is_address_protected FROM identity.citizen WHERE person_id = '{other}'"
    ) == [(None, None, True)]


def test_the_population_has_group_age_and_sex_of_the_decisive_course(pilot_round: str, put: Put) -> None:
    put("0851", [
        row(1, cpr=cpr_number(1, year=95)),
        row(1, cpr=cpr_number(1, year=95), ydelse_kode="Kontanthjælp", visitation_kode="jobparat",
            maalgruppe_kode="6,2", forloeb_start="2023-03-01", sprog="EN", lokal_2="b"),
    ])  # fmt: skip
    build_frame()
    assert select(
        "SELECT sex, age_years, age_group, subgroup, target_group, benefit_code, spell_start_date, language, local_2"
        " FROM frame.person"
    ) == [
        ("mand", 28, "under_30", "kth_jobparat", "job_uddannelsesparat", "kontanthjaelp", date(2023, 3, 1), "en", "b"),
    ]  # fmt: skip


def test_a_person_in_two_municipalities_is_one_citizen_of_the_latest(pilot_round: str, put: Put) -> None:
    put("0851", [row(1, forloeb_start="2022-01-01", forloeb_slut="2023-04-30", efternavn="Gammel")])
    put("0461", [row(1, kommune_kode="0461", forloeb_start="2023-05-01", efternavn="Ny")])
    assert build_frame() == {"eligible": 1, "ineligible": 1}
    assert select("SELECT municipality_code FROM identity.citizen") == [("0461",)]
    assert select("SELECT municipality_code FROM frame.person") == [("0461",)]
    person, name = select("SELECT person_id, name FROM identity.citizen")[0]
    assert vault().round_key(ROUND).decrypt(bytes(name), f"name|{person}") == "Åse Ny"  # type: ignore[arg-type]
    assert select("SELECT ineligibility_reason FROM frame.spell WHERE municipality_code = '0851'") == [
        ("anden_kommune",)
    ]


def test_running_any_task_again_changes_no_row(pilot_round: str, put: Put) -> None:
    put("0851", mixed())
    put("0461", b"")
    build_frame()
    before = contents()
    clock.move_to(clock.now() + timedelta(days=1))
    for code in CODES:
        stage.import_extract(ROUND, code)
        assert values(contents()) == values(before)
    assert contents()["identity.extract_file"] == before["identity.extract_file"]
    stage.validate_frame(ROUND)
    assert values(contents()) == values(before)
    assert contents()["frame.spell"] == before["frame.spell"]
    stage.decide_eligibility(ROUND)
    assert values(contents()) == values(before)


def values(tables: dict[str, list[tuple[object, ...]]]) -> dict[str, list[object]]:
    return {table: [row_text for row_text, _ in rows] for table, rows in tables.items()}


def test_with_the_inbox_emptied_the_kept_file_is_read_again(pilot_round: str, put: Put) -> None:
    path = put("0851", mixed())
    build_frame()
    before = values(contents())
    path.unlink()
    assert build_frame()["eligible"] == 2
    assert values(contents()) == before


def test_a_corrected_file_replaces_the_rows_of_the_old_one(pilot_round: str, put: Put) -> None:
    put("0851", mixed())
    build_frame()
    put("0851", [row(1), row(3)])
    assert stage.import_extract(ROUND, "0851")["rows"] == 2
    assert rows_of("0851") == (2, 0, 0, 0)
    assert build_frame() == {"eligible": 2, "ineligible": 0}
    assert rows_of("0851") == (2, 2, 0, 0)
    assert select("SELECT count(*) FROM frame.row_error") == [(0,)]
    assert select("SELECT count(*) FROM identity.quarantined_row") == [(0,)]
    assert select("SELECT count(*) FROM identity.citizen") == [(2,)]


def test_once_approved_another_extract_is_refused_and_the_same_one_is_not(pilot_round: str, put: Put) -> None:
    put("0851", [row(1)])
    build_frame()
    with transaction("rounds") as connection:
        connection.execute(text("UPDATE rounds.round SET state = 'approved'"))
    assert stage.import_extract(ROUND, "0851")["rows"] == 1
    put("0851", [row(1), row(2)])
    with pytest.raises(FrameIsFixed, match="Aalborg"):
        stage.import_extract(ROUND, "0851")
    assert rows_of("0851") == (1, 1, 0, 0)


def test_an_extract_deleted_on_schedule_leaves_the_frame_standing(pilot_round: str, put: Put) -> None:
    path = put("0851", [row(1)])
    build_frame()
    path.unlink()
    with transaction("frame") as connection:
        connection.execute(text("DELETE FROM identity.extract_file"))
    for task in (lambda: stage.import_extract(ROUND, "0851"), lambda: stage.validate_frame(ROUND)):
        with pytest.raises(ExtractIsGone):
            task()
    assert select("SELECT count(*) FROM frame.person") == [(1,)]


@pytest.mark.parametrize(
    "task",
    [
        lambda: stage.import_extract(ROUND, "0851"),
        lambda: stage.validate_frame(ROUND),
        lambda: stage.decide_eligibility(ROUND),
        lambda: stage.row_errors(ROUND),
    ],
)
def test_a_round_that_is_forgotten_gets_no_new_frame_and_no_new_key(
    pilot_round: str, put: Put, task: Callable[[], object]
) -> None:
    put("0851", [row(1)])
    build_frame()
    with transaction("rounds") as connection:
        connection.execute(text("UPDATE rounds.round SET forgotten_at = '2023-12-02 05:00+01'"))
    before = contents()
    with pytest.raises(
        RoundIsForgotten, match=r"Runde 2023-2: Runden blev glemt den 02-12-2023: .* retention show 2023-2"
    ):
        task()
    assert contents() == before
    assert not stage.frame_summary(ROUND).empty


def test_a_key_that_is_not_there_is_never_made_anew(pilot_round: str, put: Put) -> None:
    put("0851", [row(1)])
    build_frame()
    (settings().round_key_place() / ROUND / "round.key").unlink()
    with pytest.raises(RoundKeyIsMissing, match="Runde 2023-2: Rundens nøgle findes ikke"):
        stage.validate_frame(ROUND)
    assert not (settings().round_key_place() / ROUND / "round.key").exists()


def test_a_frame_without_anybody_is_an_error_that_leaves_the_reasons_to_read(pilot_round: str, put: Put) -> None:
    put("0851", [row(1, forloeb_start="2023-06-20")])
    with pytest.raises(FrameIsEmpty, match=r"frame\.extract"):
        build_frame()
    assert select("SELECT ineligibility_reason FROM frame.spell") == [("for_kort_forloeb",)]
    assert rows_of("0851") == (1, 0, 1, 0)


def test_a_round_with_no_file_at_all_has_no_frame(pilot_round: str) -> None:
    with pytest.raises(FrameIsEmpty):
        build_frame()


def test_an_unknown_round_or_municipality_is_named(pilot_round: str) -> None:
    for task in (stage.validate_frame, stage.decide_eligibility):
        with pytest.raises(UnknownRound, match="2031-1"):
            task("2031-1")
    with pytest.raises(UnknownRound):
        stage.import_extract("2031-1", "0851")
    with pytest.raises(MunicipalityIsNotInRound, match="0101"):
        stage.import_extract(ROUND, "0101")


def test_a_lost_row_stops_the_frame(pilot_round: str, put: Put) -> None:
    put("0851", [row(1), row(2)])
    build_frame()
    with transaction("frame") as connection:
        connection.execute(text("DELETE FROM frame.spell WHERE row_number = 3"))
    with pytest.raises(RowsAreLost, match="Aalborg: filen har 2 rækker, men 1 er med"):
        stage.decide_eligibility(ROUND)


@pytest.mark.parametrize("seed", range(2))
def test_every_row_of_a_messy_file_is_eligible_ineligible_or_in_quarantine(
    pilot_round: str, put: Put, seed: int
) -> None:
    chance = random.Random(seed)
    junk = ["", " ", "x", "æøå", "0", "-1", "2023-02-30", "31-12-2099", "ja", "6.6", "6.99", "dagpenge", '"', "a;b",
            cpr_number(3), cpr_number(3, day=12), "\x1f", "NULL", "'; DROP TABLE", "²", "٣"]  # fmt: skip
    rows = []
    for serial in range(300):
        values = row(serial % 120)
        for column in chance.sample([name for name in values if name != "kommune_kode"], chance.choice([0, 0, 1, 2])):
            values[column] = chance.choice(junk)
        rows.append(values)
    lines = as_csv(rows).splitlines()
    for place in chance.sample(range(1, len(lines)), 20):
        lines[place] = chance.choice([lines[place] + ";", lines[place][: chance.randrange(1, 80)], f'"{lines[place]}'])
    put("0851", "\n".join(lines).encode())
    put("0461", [row(500, kommune_kode="0461")])
    build_frame()
    in_file, eligible, ineligible, quarantined = rows_of("0851")
    assert in_file == 300 == int(str(eligible)) + int(str(ineligible)) + int(str(quarantined))
    assert int(str(eligible)) > 50
    assert int(str(quarantined)) > 50
    kept = select("SELECT row_number FROM frame.spell WHERE municipality_code = '0851'")
    aside = select("SELECT row_number FROM identity.quarantined_row WHERE municipality_code = '0851'")
    assert sorted(kept + aside) == [(number,) for number in range(2, 302)]
    told = set(select("SELECT row_number FROM frame.row_error WHERE expectation <> 'mobil_brugbar'"))
    assert told == set(aside)


def test_no_cpr_number_is_found_outside_identity_nor_in_any_log(
    pilot_round: str, put: Put, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    people = [cpr_number(serial, day=70, month=11, year=60) for serial in range(8)]
    put("0851", [
        row(1, cpr=people[0], ydelse_kode=people[0]),
        row(2, cpr=people[1], visitation_kode=people[1]),
        row(3, cpr=people[2], lokal_1=people[2], borger_ref=people[2]),
        row(4, cpr=people[3], maalgruppe_kode=people[3]),
        row(5, cpr=people[4], forloeb_start=people[4], lokal_3=f"{people[4][:6]} {people[4][6:]}"),
        row(6, cpr=f"{people[5][:6]}-{people[5][6:]}", sprog=people[5], kilde_system=people[5]),
        row(7, cpr=people[6], ydelse_kode="revalidering", maalgruppe_kode="6.10", visitation_kode=people[6]),
        row(8, cpr=people[7] + "1", kommune_kode=people[7], doed_udrejst=people[7]),
        *(row(serial) for serial in range(10, 20)),
    ])  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        build_frame()
        summary = stage.frame_summary(ROUND).to_csv()
    stored = "".join(
        str(found) for table in TABLES for found in select(f"SELECT t::text FROM {table} AS t")
    )  # identity too: it is sealed
    written = capfd.readouterr()
    everywhere = stored + caplog.text + summary + written.out + written.err
    for number in people:
        assert number not in everywhere
        assert f"{number[:6]}-{number[6:]}" not in everywhere
        assert number.encode().hex() not in everywhere
    assert "sygedagpenge" in stored
    assert rows_of("0851") == (18, 11, 1, 6)


def test_the_frame_role_is_all_the_stage_needs(pilot_round: str, put: Put) -> None:
    put("0851", [row(1)])
    build_frame()
    with engine().begin() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute(load_query("frame/spells.sql"), {"round_id": ROUND})


def test_the_frame_of_a_sandbox_country_is_the_country(pilot_round: str) -> None:
    from dataclasses import replace

    from borgerpuls.sandbox.country import make_country
    from borgerpuls.sandbox.extracts import write_extracts

    country = make_country(seed=3)
    smallest = country.municipalities["population_n"].sort_values().index[:2]
    citizens = country.citizens[country.citizens["municipality_code"].isin(smallest)]
    others = country.other_rows[country.other_rows["municipality_code"].isin(smallest)]
    has_later_course_elsewhere = (others["reason"] == "anden_kommune") & ~others["cpr"].isin(citizens["cpr"])
    country = replace(
        country,
        municipalities=country.municipalities.loc[smallest],
        citizens=citizens,
        other_rows=others[~has_later_course_elsewhere],
    )
    truth = write_extracts(country, settings().inbox_folder, ROUND)
    with transaction("rounds") as connection:
        connection.execute(text("DELETE FROM rounds.municipality"))
        connection.execute(
            text("INSERT INTO rounds.municipality VALUES (:round_id, :code, :name)"),
            [{"round_id": ROUND, "code": code, "name": name} for code, name in country.municipalities["name"].items()],
        )
    for code in smallest:
        assert stage.import_extract(ROUND, code)["imported"] == 1
    stage.validate_frame(ROUND)
    stage.decide_eligibility(ROUND)

    key = ["municipality_code", "row_number"]
    spells = pd.DataFrame(
        select("SELECT municipality_code, row_number, ineligibility_reason, sex, age_years FROM frame.spell"),
        columns=[*key, "found_reason", "found_sex", "found_age_years"],
    )
    compared = truth.merge(spells, on=key, how="outer", indicator=True)
    assert len(compared) == len(truth)
    assert list(compared["_merge"] == "left_only") == list(compared["outcome"] == "quarantined")
    readable = compared[compared["outcome"] != "quarantined"]
    assert list(readable["found_reason"].fillna("")) == list(readable["reason"])
    assert list(readable["found_sex"]) == list(readable["sex"])
    assert list(readable["found_age_years"].astype(int)) == list(readable["age_years"].astype(int))

    eligible = truth[truth["outcome"] == "eligible"]
    expected = sorted(
        (
            str(vault().round_key(ROUND).person_id(str(person.cpr))),
            person.age_group,
            person.subgroup,
            person.target_group,
        )
        for person in eligible.itertuples()
    )
    assert len(expected) > 2000
    assert sorted(select("SELECT person_id::text, age_group, subgroup, target_group FROM frame.person")) == expected

    spoilt = truth[truth["outcome"] == "quarantined"]
    told = select(
        "SELECT municipality_code, row_number, column_name FROM frame.row_error WHERE expectation <> 'mobil_brugbar'"
    )
    assert sorted(told) == sorted(
        (spoilt_row.municipality_code, spoilt_row.row_number, spoilt_row.column_name)
        for spoilt_row in spoilt.itertuples()
    )
