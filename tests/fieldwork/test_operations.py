"""What people do by hand: the commands as they are typed, on a real round."""

import itertools
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from borgerpuls import clock
from borgerpuls.cli import app
from borgerpuls.database import engine, transaction
from borgerpuls.errors import BorgerpulsError, MunicipalityTextIsUnusable, RoundIsForgotten
from borgerpuls.fieldwork import operations, stage
from borgerpuls.fieldwork.history import history_lines
from borgerpuls.fieldwork.words import FORM_STATES, MESSAGE_STATES, OPT_OUTS, ROUND_STATES, WAVES
from borgerpuls.sandbox import drill
from borgerpuls.settings import settings
from borgerpuls.terms import MessageState, RoundState
from borgerpuls.vault import vault

HERE, THERE = "0461", "0707"
_years = itertools.count(3000)


@pytest.fixture
def round_id(gateways: Any) -> Iterator[str]:
    round_id = f"{next(_years)}-1"
    yield round_id
    with engine("database_admin_url").begin() as connection:  # other tests' citizens have the same numbers
        connection.execute(text("UPDATE rounds.round SET state = 'closed' WHERE round_id = :r"), {"r": round_id})


def type_in(*words: str, answers: str = "") -> Result:
    return CliRunner().invoke(app, ["fieldwork", *words], input=answers)


def refused(*words: str, answers: str = "") -> str:
    """Return what a command that must fail says; never a traceback."""
    result = type_in(*words, answers=answers)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    return result.output


@pytest.fixture
def cpr_typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed at the prompt for a CPR number, in order."""
    typed: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda _: typed.pop(0))
    return typed


# --- look -----------------------------------------------------------------------------------------------------------


def test_status_counts_in_danish_and_names_what_somebody_must_look_at(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 60, THERE: 5})
    stage.send_due(round_id, HERE)
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE fieldwork.message SET state = 'failed' WHERE round_id = :r AND wave = 1 AND municipality_code = :m"),
            {"r": round_id, "m": HERE},
        )  # fmt: skip
    said = type_in("status", round_id).output
    for words in (f"Runde {round_id}: Øvelse. Godkendt.", "Invitation", "Øvelse 0461", "Digital Post", "ikke valgt",
                  "100,0 % af det, der er sendt som Digital Post, når ikke frem. Se docs/runbooks/bounce.md."):  # fmt: skip
        assert words in said, words
    for name in ("planned", "delivered", "municipality"):
        assert name not in said
    heads = [line for line in said.splitlines() if "Planlagt" in line]
    assert len(heads) == 2
    assert "kvittering" not in "".join(heads)  # zero everywhere
    assert "tvivl" in said  # zero, and shown all the same


def test_a_round_nobody_opened_is_named_before_anything_is_shown(cpr_typed: list[str], tmp_path: Path) -> None:
    for words in (("status",), ("pause", "--reason", "x"), ("resume",), ("reconcile",), ("sms-share",)):
        extra = ("0.5",) if words[0] == "sms-share" else ()
        said = refused(words[0], "1999-1", *extra, *words[1:])
        assert said.startswith("UnknownRound: Ingen runde har id 1999-1."), said
    assert "UnknownRound" in refused("stop", "1999-1", "--reason", "x", answers="y\n")
    assert "UnknownRound" in refused("write-texts", "1999-1", str(tmp_path / "tekster.csv"))
    assert "UnknownRound" in refused("preview", "1999-1", "--out", str(tmp_path / "breve"))
    assert not (tmp_path / "breve").exists()
    cpr_typed.append("9901900000")
    assert refused("issue-code", "1999-1").startswith("UnknownRound: Ingen runde har id 1999-1.")
    assert cpr_typed == ["9901900000"]  # nobody was asked


def test_explain_tells_a_history_in_danish_time_and_words(round_id: str, cpr_typed: list[str]) -> None:
    people = drill.make_round(round_id, {HERE: 1}, sms_share=0.0)
    stage.send_due(round_id, HERE)
    stage.collect_receipts(round_id)
    cpr = people["cpr"][0]
    cpr_typed.append(f" {cpr[:6]}-{cpr[6:]} ")
    said = type_in("explain").output
    assert cpr not in said
    told = said[said.index(f"Runde {round_id}") :].splitlines()
    assert told[0] == f"Runde {round_id}, Øvelse 0461 (0461): skemaet er ikke åbnet"
    assert told[1].startswith(f"  Invitation: sendt {clock.now():%d-%m-%Y kl. %H.%M} som Digital Post; leveret")
    assert told[2].startswith(f"    kvittering {clock.now():%d-%m-%Y}")
    assert "  1. påmindelse, sms ved siden af, planlagt til 29-08-2023: ikke sendt" in told
    cpr_typed.append("6101010000")
    assert "CitizenIsUnknown" in refused("explain")


def test_every_code_has_its_word() -> None:
    assert set(MESSAGE_STATES) == {str(state) for state in MessageState}
    assert set(WAVES) == {1, 2, 3}
    with engine("database_admin_url").begin() as connection:
        checks = {
            row.conname: row.definition
            for row in connection.execute(
                text("SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint "
                     "WHERE conname IN ('form_state_check', 'opt_out_reason_check', 'round_state_check')")
            )
        }  # fmt: skip
    assert len(checks) == 3
    for words, check in ((FORM_STATES, "form"), (OPT_OUTS, "opt_out"), (ROUND_STATES, "round")):
        (definition,) = [text for name, text in checks.items() if name.startswith(check)]
        assert set(re.findall(r"'(\w+)'", definition)) == set(words)
    assert {str(state) for state in RoundState} == set(ROUND_STATES)


def test_a_receipt_stands_below_its_own_message() -> None:
    message = {"wave": 2, "slot": "sms", "channel": "sms", "state": "failed", "reason": "0x1005",
               "due_date": datetime(2023, 8, 29), "sent_at": datetime(2023, 8, 29, 9, 5)}  # fmt: skip
    receipt = {
        "wave": 2,
        "slot": "sms",
        "status": "failed",
        "reason": "0x1005",
        "occurred_at": datetime(2023, 8, 30, 7),
    }
    entry = {"round_id": "2023-2", "municipality_code": "0707", "municipality_name": "Norddjurs", "form": None,
             "opt_out": "dead", "messages": [message | {"slot": "main", "sent_at": None, "state": "cancelled",
             "reason": "answered"}, message], "receipts": [receipt]}  # fmt: skip
    assert list(history_lines(entry)) == [
        "Runde 2023-2, Norddjurs (0707): intet skema; er død",
        "  1. påmindelse, planlagt til 29-08-2023: aflyst (har svaret)",
        "  1. påmindelse, sms ved siden af: sendt 29-08-2023 kl. 09.05 som sms; fejlet (0x1005)",
        "    kvittering 30-08-2023 kl. 07.00: fejlet (0x1005)",
    ]


def test_reconcile_and_decide_speak_danish_and_a_wrong_id_is_no_traceback(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 1})
    with engine("database_admin_url").begin() as connection:  # a call that never arrived
        connection.execute(
            text("UPDATE fieldwork.message SET state = 'unknown', channel = 'digital_post', sent_at = :t "
                 "WHERE round_id = :r AND wave = 1"),
            {"r": round_id, "t": clock.now()},
        )  # fmt: skip
    said = type_in("reconcile", round_id).output
    (doubt,) = operations.doubts(round_id)["message_id"]
    assert "I tvivl nu: 1" in said
    assert f"{doubt}  kommune 0461  Invitation  Digital Post  sendt {clock.now():%d-%m-%Y kl. %H.%M}" in said
    assert "er afgjort" in type_in("decide", str(doubt), "--received", "--note", "ringet").output
    assert "ikke i tvivl" in type_in("decide", str(doubt), "--received", "--note", "igen").output
    assert "Invalid value" in refused("decide", "ikke-et-id", "--received", "--note", "x")


def test_a_standstill_names_the_municipalities_where_other_words_were_approved(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2, THERE: 2})
    (alert,) = stage.alerts(round_id)
    assert alert.text == "4 beskeder venter, og intet er sendt i 120 minutter."
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE fieldwork.municipality_text SET contact_name = 'Ny' WHERE round_id = :r AND municipality_code = :m"),
            {"r": round_id, "m": THERE},
        )  # fmt: skip
    (alert,) = stage.alerts(round_id)
    assert alert.text.endswith("Godkendelsen gælder ikke det, der nu ville blive sendt i: Øvelse 0707.")
    assert alert.runbook == "docs/runbooks/standstill.md"


def test_the_approver_sees_municipalities_groups_channels_parts_and_price(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 8, THERE: 4}, is_approved=False)  # every other number is usable
    body = stage.approval_text(round_id)["body"].splitlines()
    head = body.index("| Kommune og målgruppe | Digital Post | Sms | Sms-dele | Anslået pris, kr. |")
    assert f"Læs brevene med `borgerpuls fieldwork preview {round_id} --out breve-{round_id}`." in body
    assert body[head + 2 : head + 7] == [
        "| **Øvelse 0461** | 24 | 8 | 8 | 2,00 |",
        "| Sygedagpenge | 24 | 8 | 8 | 2,00 |",
        "| **Øvelse 0707** | 12 | 4 | 4 | 1,00 |",
        "| Sygedagpenge | 12 | 4 | 4 | 1,00 |",
        "| **I alt** | 36 | 12 | 12 | 3,00 |",
    ]


def test_the_approver_is_told_which_municipalities_nobody_is_written_to_in_and_why(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2}, is_approved=False)
    assert "Ingen får brev" not in stage.approval_text(round_id)["body"]
    with engine("database_admin_url").begin() as connection:
        connection.execute(text("INSERT INTO rounds.municipality VALUES (:r, '0851', 'Aalborg'), (:r, '0630', 'Vejle')"),
                           {"r": round_id})  # fmt: skip
        connection.execute(
            text("INSERT INTO frame.extract (round_id, municipality_code, outcome, outcome_text, row_count) "
                 "VALUES (:r, '0851', 'refused', 'Filen er tom.', 0)"),
            {"r": round_id},
        )  # fmt: skip
    body = stage.approval_text(round_id)["body"]
    assert "**Ingen får brev i 2 af rundens kommuner.**" in body
    assert "- **Aalborg**: Filen er tom." in body
    assert "- **Vejle**: Ingen i udtrækket er udtrukket." in body


# --- do -------------------------------------------------------------------------------------------------------------


def test_pause_resume_and_stop_say_what_happened_and_who_did_it_is_written_down(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 1})
    assert "sat på pause" in type_in("pause", round_id, "--reason", "øvelse").output
    assert "sat på pause: øvelse" in type_in("status", round_id).output
    assert "fortsætter" in type_in("resume", round_id).output
    assert type_in("stop", round_id, "--reason", "fejl", answers="n\n").exit_code == 1
    assert "Godkendt." in type_in("status", round_id).output
    assert "er stoppet" in type_in("stop", round_id, "--reason", "fejl", answers="y\n").output
    assert "Stoppet" in type_in("status", round_id).output
    with transaction("fieldwork") as connection:
        done = connection.execute(
            text("SELECT action, note FROM fieldwork.audit WHERE round_id = :r ORDER BY audit_id"), {"r": round_id}
        ).all()
    assert done == [("pause", "øvelse"), ("resume", ""), ("stop", "fejl")]
    assert "RoundIsNotOpen" in refused("stop", round_id, "--reason", "igen", answers="y\n")


def test_who_opts_out_is_written_to_no_more_and_a_mistake_is_taken_back(round_id: str, cpr_typed: list[str]) -> None:
    people = drill.make_round(round_id, {HERE: 3})
    cpr_typed += [people["cpr"][0], people["cpr"][1], people["cpr"][1], "6101010000"]
    assert f"Må ikke kontaktes i runde {round_id}." in type_in("opt-out").output
    assert f"Må ikke kontaktes i runde {round_id}." in type_in("opt-out", "--reason", "dead").output
    assert f"Må kontaktes i runde {round_id}." in type_in("opt-out", "--undo").output
    assert "CitizenIsUnknown" in refused("opt-out")
    counts = stage.send_due(round_id, HERE)
    assert (counts["accepted"], counts["cancelled"]) == (2, 1)
    with transaction("fieldwork") as connection:
        done = connection.execute(
            text("SELECT action FROM fieldwork.audit WHERE round_id = :r ORDER BY audit_id"), {"r": round_id}
        ).scalars()
        assert list(done) == ["opt_out:opted_out", "opt_out:dead", "take_back_opt_out"]


def test_the_lost_key_of_a_round_that_is_over_keeps_nobody_from_opting_out_of_the_one_under_way(
    round_id: str, cpr_typed: list[str]
) -> None:
    earlier = round_id.replace("-1", "-2")
    people = drill.make_round(earlier, {HERE: 2})
    with engine("database_admin_url").begin() as connection:
        connection.execute(text("UPDATE rounds.round SET state = 'closed' WHERE round_id = :r"), {"r": earlier})
    drill.make_round(round_id, {HERE: 2})
    key = settings().round_key_place() / earlier / "round.key"
    hidden = key.rename(key.with_name("elsewhere"))
    cpr_typed += [people["cpr"][0]] * 3
    assert type_in("opt-out").output == f"Må ikke kontaktes i runde {round_id}.\n"
    assert type_in("opt-out", "--undo").output.startswith("Må kontaktes")
    assert "RoundKeyIsMissing" in refused("explain"), "a history with a gap is said to have one"
    hidden.rename(key)


def test_who_wants_no_contact_gets_none_in_the_next_round_either(round_id: str, cpr_typed: list[str]) -> None:
    people = drill.make_round(round_id, {HERE: 4})
    later = round_id.replace("-1", "-2")
    wishes, dead, mistaken, stranger = (*people["cpr"][:3], "6101010000")
    cpr_typed += [wishes, dead, mistaken, mistaken, stranger, stranger, stranger]
    type_in("opt-out")
    type_in("opt-out", "--reason", "dead")
    type_in("opt-out")
    type_in("opt-out", "--undo")
    assert "CitizenIsUnknown" in refused("opt-out", "--reason", "moved", "--ahead")
    assert type_in("opt-out", "--ahead").output == "Må ikke kontaktes i kommende runder.\n"
    assert type_in("opt-out", "--undo").output == "Må kontaktes i kommende runder.\n"
    with transaction("fieldwork") as connection:
        kept = connection.execute(text("SELECT cpr_lookup, known_date FROM fieldwork.no_contact")).all()
    assert kept == [(vault().lookup(wishes), clock.today())]

    drill.make_round(later, {HERE: 4})  # the same people, under other ids
    assert stage.plan_messages(later) == {"people": 4, "messages": 20}
    counts = stage.send_due(later, HERE)
    assert (counts["accepted"], counts["cancelled"]) == (3, 1)
    cpr_typed += [wishes, wishes]
    assert "vil ikke kontaktes" in type_in("explain").output.partition(later)[2]
    type_in("opt-out", "--undo")
    with engine("database_admin_url").begin() as connection:
        connection.execute(text("UPDATE rounds.round SET state = 'closed' WHERE round_id = :r"), {"r": later})


def test_a_citizen_of_a_forgotten_round_is_not_found_and_the_error_says_why(
    round_id: str, cpr_typed: list[str]
) -> None:
    people = drill.make_round(round_id, {HERE: 2})
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE rounds.round SET state = 'stopped', forgotten_at = '2023-12-02 05:00+01' WHERE round_id = :r"),
            {"r": round_id},
        )
    cpr_typed += ["6101010000"] * 2
    for words in (("explain",), ("opt-out",)):
        assert f"{round_id}, som er glemt, kan ingen slås op. Se efter, om det er tastet rigtigt." in refused(*words)
    for task in (
        lambda: stage.plan_messages(round_id),
        lambda: stage.prepare_dry_run(round_id),
        lambda: stage.send_due(round_id, HERE),
        lambda: operations.reconcile(round_id, "drift"),
        lambda: operations.arm_difference(round_id),
        lambda: operations.issue_code(round_id, people["cpr"][0], "drift"),
        lambda: operations.require_answers_are_taken(round_id),
    ):
        with pytest.raises(RoundIsForgotten, match=f"Runde {round_id}: Runden blev glemt den 02-12-2023"):
            task()


def test_a_municipalitys_list_of_the_dead_names_lines_and_never_numbers(round_id: str, tmp_path: Path) -> None:
    people = drill.make_round(round_id, {HERE: 3})
    numbers = [people["cpr"][0], "", "6101010000", people["cpr"][2][:6] + "-" + people["cpr"][2][6:]]
    file = tmp_path / "doede.txt"
    file.write_text("\n".join(numbers), encoding="utf-8")
    result = type_in("opt-out", "--reason", "dead", "--file", str(file))
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "Ikke fundet: linje 3."
    assert not any(number and number in result.output for number in numbers)
    assert stage.send_due(round_id, HERE)["cancelled"] == 2


def test_words_go_out_to_a_file_and_come_back_changed_all_or_none(round_id: str, tmp_path: Path) -> None:
    drill.make_round(round_id, {HERE: 2, THERE: 2})
    file = tmp_path / "tekster.csv"
    assert "2 kommuners tekster" in type_in("write-texts", round_id, str(file)).output
    assert "Ændret: ingen." in type_in("read-texts", round_id, str(file)).output
    assert stage.is_approved(round_id)
    table = pd.read_csv(file, dtype="str", keep_default_na=False)
    paragraph = 'Vi ses {{ her }}, {% hos %} "os", <b>\nog her'
    table.loc[0, ["municipality_code", "local_paragraph"]] = [table["municipality_code"][0].lstrip("0"), paragraph]
    table.to_csv(file, index=False)
    assert f"Ændret: {HERE}." in type_in("read-texts", round_id, str(file)).output
    assert operations.municipality_texts(round_id)["local_paragraph"].tolist() == [paragraph, ""]
    assert stage.send_due(round_id, HERE)["sent"] == 0  # other words than those approved
    assert stage.send_due(round_id, THERE)["sent"] == 2
    for change, error in (
        ({"contact_phone": ""}, "MunicipalityTextIsUnusable"),
        ({"municipality_code": "0101"}, "MunicipalityIsNotInRound"),
    ):
        wrong = table.assign(local_paragraph="Ny")
        for column, value in change.items():
            wrong.loc[1, column] = value
        wrong.to_csv(file, index=False)
        assert error in refused("read-texts", round_id, str(file))
    assert operations.municipality_texts(round_id)["local_paragraph"].tolist() == [paragraph, ""]


def test_the_share_of_the_reminder_arms_is_set_before_approval_only(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 10}, is_approved=False)
    assert "trækkes lod" in type_in("sms-share", round_id, "0.3").output
    stage.plan_messages(round_id)
    with transaction("fieldwork") as connection:
        arms = connection.execute(
            text("SELECT count(*) FROM fieldwork.arm WHERE round_id = :r AND arm = 'with_sms'"), {"r": round_id}
        ).scalar_one()
    assert arms == 3
    stage.prepare_dry_run(round_id)
    stage.record_approval(round_id, "kollega")
    assert "RoundIsNotOpen" in refused("sms-share", round_id, "0.5")
    with engine("database_admin_url").begin() as connection:  # one of three with, two of seven without
        for arm, answered in (("with_sms", 1), ("without_sms", 2)):
            connection.execute(
                text("UPDATE answers.form SET state = 'completed' WHERE response_id IN (SELECT link.response_id(:k, person_id) "
                     "FROM fieldwork.arm WHERE round_id = :r AND arm = :a LIMIT :n)"),
                {"r": round_id, "a": arm, "n": answered, "k": vault().round_key(round_id).link_key},
            )  # fmt: skip
    said = type_in("sms-effect", round_id).output
    assert "Med sms: 33,3 % af 3 borgere har svaret. Uden: 28,6 % af 7." in said
    assert "Forskel inden for kommunerne: 4,8 procentpoint" in said


def test_a_round_without_lots_says_so(round_id: str) -> None:
    drill.make_round(round_id, {HERE: 2})
    assert "RoundHasNoArms" in refused("sms-effect", round_id)


def test_previews_are_written_for_the_approver(round_id: str, tmp_path: Path) -> None:
    drill.make_round(round_id, {HERE: 8})
    said = type_in("preview", round_id, "--out", str(tmp_path / "breve")).output
    files = sorted(path.name for path in (tmp_path / "breve").iterdir())
    assert said.startswith(f"{len(files)} breve og sms'er")
    assert "0461-1-digital_post-eksempel.html" in files
    (tmp_path / "file").touch()
    for words in (
        ("preview", round_id, "--out", tmp_path / "file"),
        ("write-texts", round_id, tmp_path / "file" / "x.csv"),
    ):
        said = refused(*(str(word) for word in words))
        assert said.startswith(f"FileIsUnusable: {tmp_path / 'file'}: This is a file, where a folder is needed."), said


def test_unusable_words_are_refused_with_every_reason() -> None:
    from borgerpuls.fieldwork.letters import MunicipalityText

    with pytest.raises(BorgerpulsError) as caught:
        operations.set_municipality_text("2023-2", HERE, MunicipalityText("", "Æ", "", "", "", "", ""))
    assert isinstance(caught.value, MunicipalityTextIsUnusable)
