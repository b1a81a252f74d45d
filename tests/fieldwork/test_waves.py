"""A whole round, wave by wave: who is reminded, by what, and that every message ends."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import engine, transaction
from borgerpuls.errors import CitizenIsUnknown
from borgerpuls.fieldwork import operations, stage
from borgerpuls.fieldwork.journal import Journal, last_words
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.gateways import read_ledger
from borgerpuls.vault import vault

HERE = "0461"


def at(day: Any) -> None:
    clock.move_to(datetime.combine(day, datetime.min.time(), COPENHAGEN) + timedelta(hours=10))


def test_a_round_from_invitation_to_its_end(gateways: Any) -> None:
    people = drill.make_round("2023-2", {HERE: 40}, sms_share=0.5)["person_id"]
    assert stage.send_due("2023-2", HERE)["accepted"] == 40
    stage.collect_receipts("2023-2")
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE answers.form SET state = 'completed' WHERE response_id IN "
                 "(SELECT link.response_id(:k, person_id) FROM unnest(CAST(:p AS uuid[])) AS p (person_id))"),
            {"p": list(people[:10]), "k": vault().round_key("2023-2").link_key},
        )  # fmt: skip
    assert stage.municipalities_due() == []

    at(drill.REMINDER_1_DATE)
    first = stage.send_due("2023-2", HERE)
    with transaction("fieldwork") as connection:
        texts = connection.execute(
            text("SELECT m.state, coalesce(m.reason, ''), arm.arm FROM fieldwork.message m "
                 "JOIN fieldwork.arm arm USING (round_id, person_id) WHERE m.round_id = '2023-2' AND m.wave = 2 "
                 "AND m.slot = 'sms'")
        ).all()  # fmt: skip
    assert len(texts) == 40
    assert {arm for state, _, arm in texts if state == "accepted"} == {"with_sms"}
    assert sum(arm == "with_sms" for _, _, arm in texts) == 20
    assert {reason for state, reason, _ in texts if state == "cancelled"} == {"answered", "arm_uden_sms", "no_number"}
    assert first["sent"] == 30 + sum(state == "accepted" for state, _, _ in texts)

    at(drill.REMINDER_2_DATE)
    stage.send_due("2023-2", HERE)
    at(drill.CLOSE_DATE + timedelta(days=1))
    assert stage.send_due("2023-2", HERE)["sent"] == 0
    stage.collect_receipts("2023-2")
    ends = stage.finish_messages("2023-2")
    assert sum(ends.values()) == 200
    assert set(ends) <= {"delivered", "failed", "cancelled", "no_receipt"}
    assert stage.finish_messages("2023-2") == ends
    assert drill.judge("2023-2", gateways.ledgers).is_clean()
    sent = [line.message_id for path in gateways.ledgers for line in read_ledger(path)]
    assert len(sent) == len(set(sent)) == ends["delivered"]


def test_a_citizens_history_is_told_and_the_look_is_written_down(gateways: Any) -> None:
    people = drill.make_round("2024-1", {HERE: 1})
    (entry,) = [one for one in operations.explain(people["cpr"][0], "sagsbehandler") if one["round_id"] == "2024-1"]
    assert entry["form"] == "unopened"
    assert [(row["wave"], row["slot"]) for row in entry["messages"]] == [
        (1, "main"), (2, "main"), (2, "sms"), (3, "main"), (3, "sms"),
    ]  # fmt: skip
    with transaction("fieldwork") as connection:
        looks = connection.execute(
            text("SELECT operator, person_id FROM fieldwork.audit WHERE action = 'explain' AND round_id = '2024-1'")
        ).all()
    assert looks == [("sagsbehandler", people["person_id"][0])]
    with pytest.raises(CitizenIsUnknown) as caught:
        operations.explain("61" + "0" * 8, "sagsbehandler")
    assert "61" + "0" * 8 not in str(caught.value)


def test_a_doubt_is_decided_by_a_person_and_never_sent_again(gateways: Any) -> None:
    drill.make_round("2024-2", {HERE: 2})
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE fieldwork.message SET state = 'unknown', channel = 'sms', sent_at = :t "
                 "WHERE round_id = '2024-2' AND wave = 1"),
            {"t": clock.now() - timedelta(hours=2)},
        )  # fmt: skip
    assert [alert.name for alert in stage.alerts("2024-2")] == ["unknown"]
    one, other = operations.doubts("2024-2")["message_id"]
    assert operations.decide_doubt(one, was_received=True, operator="drift", note="ringet")
    assert operations.decide_doubt(other, was_received=False, operator="drift", note="ringet")
    assert not operations.decide_doubt(one, was_received=True, operator="drift", note="igen")
    assert stage.state_counts("2024-2") == {"accepted": 1, "failed": 1, "planned": 8}
    assert stage.alerts("2024-2") == []


def test_a_torn_line_of_the_journal_says_nothing_and_hides_nothing(tmp_path: Path) -> None:
    from uuid import uuid4

    from borgerpuls.fieldwork.journal import Entry

    moment = datetime(2023, 8, 22, 10, tzinfo=COPENHAGEN)
    first, second = (Entry("intent", uuid4(), 1, uuid4(), 1, "main", "sms", moment) for _ in range(2))
    with Journal(tmp_path, "2023-2", HERE) as journal:
        journal.intend([first])
    path = tmp_path / "2023-2" / f"{HERE}.tsv"
    with path.open("a") as file:
        file.write(second.line()[:30])
    with Journal(tmp_path, "2023-2", HERE) as journal:
        journal.intend([second])
        journal.note([Entry("accepted", first.message_id, 1, first.person_id, 1, "main", "sms", moment, "a\tb\nc")])
    words = last_words(path)
    assert {word.message_id: word.event for word in words.values()} == {
        first.message_id: "accepted",
        second.message_id: "intent",
    }
    assert words[first.message_id].reason == "a b c"
