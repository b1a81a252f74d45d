"""What is in doubt is sent again, under its own id, only to a gateway that takes each id once, and only so."""

import itertools
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from borgerpuls import clock, settings
from borgerpuls.database import engine, transaction
from borgerpuls.fieldwork import operations, stage
from borgerpuls.fieldwork.channels.port import ACCEPTED, not_sent, rejected, unknown
from borgerpuls.fieldwork.dispatch import settled
from borgerpuls.fieldwork.journal import last_words
from borgerpuls.fieldwork.ledger import Claimed
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.gateways import Accepted, read_ledger
from borgerpuls.terms import MessageState

HERE = "0461"
PEOPLE = 40
AMBIGUOUS = ["error_before", "error_after", "silence_after", "reset_after", "broken_xml"]
_years = itertools.count(4001)


@pytest.fixture
def round_id(gateways: Any) -> str:
    """A round id that nobody has used."""
    return f"{next(_years)}-2"


@pytest.fixture
def promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting says that the Digital Post gateway takes each id once."""
    monkeypatch.setattr(settings.settings(), "gateways_deduplicate", ("digital_post",))


@contextmanager
def gateway(patch: pytest.MonkeyPatch, ledger: Path, **behaviour: Any) -> Iterator[None]:
    with drill.running_gateway("digital_post", "gateway-secret", ledger, undeliverable=0.0, **behaviour) as url:
        patch.setattr(settings.settings(), "digital_post_gateway_url", url)
        patch.setenv("BORGERPULS_DIGITAL_POST_GATEWAY_URL", url)
        yield


def run(statement: str, **parameters: object) -> None:
    with engine("database_admin_url").begin() as connection:
        connection.execute(text(statement), parameters)


def wave_1(round_id: str) -> list[Any]:
    with transaction("fieldwork") as connection:
        return list(
            connection.execute(
                text("SELECT * FROM fieldwork.message WHERE round_id = :r AND wave = 1 ORDER BY person_id"),
                {"r": round_id},
            ).all()
        )


def put_in_doubt(round_id: str) -> None:
    """Send wave 1, and forget what the gateway answered."""
    assert stage.send_due(round_id, HERE)["accepted"] > 0
    run(
        "UPDATE fieldwork.message SET state = 'unknown', accepted_at = NULL WHERE round_id = :r AND wave = 1",
        r=round_id,
    )


def of_round(ledger: Path, round_id: str) -> list[Accepted]:
    ids = {str(row.message_id) for row in wave_1(round_id)}
    return [line for line in read_ledger(ledger) if line.message_id in ids]


# --- by hand ------------------------------------------------------------------------------------------------------


def claimed(channel_in_doubt: str | None) -> Claimed:
    some = clock.now()  # no field but the channel matters here
    return Claimed(some, some, some, 1, "main", 2, b"", None, None, False, channel_in_doubt=channel_in_doubt)  # type: ignore[arg-type]


def test_only_acceptance_settles_a_doubt() -> None:
    for outcome in (not_sent("svar 429", 3.0), rejected("dublet"), unknown("intet svar")):
        assert settled(claimed(None), outcome) is outcome
        after = settled(claimed("digital_post"), outcome)
        assert (after.state, after.reason) == (MessageState.UNKNOWN, outcome.reason)
        assert after.retry_after_seconds == outcome.retry_after_seconds
    assert settled(claimed("digital_post"), ACCEPTED) is ACCEPTED


def test_a_late_word_on_an_earlier_attempt_is_not_the_last(tmp_path: Path) -> None:
    message, person = "6f1d2c3b-0000-4000-8000-000000000001", "6f1d2c3b-0000-4000-8000-000000000002"
    lines = [("unknown", 1), ("intent", 2), ("accepted", 2), ("planned", 1)]
    journal = tmp_path / "0461.tsv"
    journal.write_text(
        "".join(
            f"{event}\t{message}\t{attempt}\t{person}\t1\tmain\tdigital_post\t2023-08-22T10:00:00+02:00\t\n"
            for event, attempt in lines
        )
    )
    (word,) = last_words(journal).values()
    assert (word.event, word.attempt) == ("accepted", 2)


# --- through database, journal and gateway ------------------------------------------------------------------------------


def test_a_message_is_sent_again_under_the_same_ids_on_the_same_channel(
    round_id: str, promised: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill.make_round(round_id, {HERE: 3})
    ledger = tmp_path / "forgetful.tsv"
    with gateway(monkeypatch, ledger):  # breaks its promise, so that its ledger shows what comes
        put_in_doubt(round_id)
        counts = stage.send_due(round_id, HERE)
        again = stage.send_due(round_id, HERE)
    assert (counts["resent"], counts["accepted"], again["sent"]) == (3, 3, 0)
    rows = wave_1(round_id)
    assert {(row.state, row.channel, row.attempt) for row in rows} == {("accepted", "digital_post", 2)}
    lines = of_round(ledger, round_id)
    expected = Counter((str(row.message_id), str(row.transaction_id)) for row in rows for _ in range(2))
    assert Counter((line.message_id, line.transaction_id) for line in lines) == expected
    journal = (settings.settings().journal_place() / round_id / f"{HERE}.tsv").read_text(encoding="utf-8")
    assert journal.count("intent\t") == 6


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_every_doubt_is_resolved_and_the_gateway_has_each_message_once(
    round_id: str, promised: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    drill.make_round(round_id, {HERE: PEOPLE})
    monkeypatch.setattr(settings.settings(), "gateway_timeout_seconds", 1.0)
    ledger = tmp_path / "digital_post.tsv"
    with gateway(monkeypatch, ledger, faults=0.25, fault_kind=kind, seed=5, deduplicate=True):
        first = stage.send_due(round_id, HERE)
        assert first["unknown"] > 3
        assert {"round_id": round_id, "municipality_code": HERE, "municipality_name": f"Øvelse {HERE}"} in (
            stage.municipalities_due()
        )
        dispatches = 1
        while stage.state_counts(round_id).get("unknown") and dispatches < 12:
            stage.send_due(round_id, HERE)
            dispatches += 1
    assert {row.state for row in wave_1(round_id)} == {"accepted"}
    assert set(Counter(line.message_id for line in of_round(ledger, round_id)).values()) == {1}
    assert len(of_round(ledger, round_id)) == PEOPLE
    verdict = drill.judge(round_id, [ledger], [0])
    assert verdict.is_clean()
    assert verdict.unknown == 0


def test_what_a_killed_dispatch_left_in_doubt_is_resolved_by_the_next(
    gateways: Any, promised: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "digital_post.tsv"
    with gateway(monkeypatch, ledger, deduplicate=True):
        monkeypatch.setenv("BORGERPULS_GATEWAYS_DEDUPLICATE", '["digital_post"]')
        host = drill.DispatchHost()
        try:
            for point, passing in (("intended", 1), ("called", 9), ("noted", 20)):
                round_id = f"{next(_years)}-2"
                drill.make_round(round_id, {HERE: PEOPLE})
                since = drill.ledger_sizes([ledger])
                # One dies while it sends, the next while it sends again.
                for number in (passing, 2):
                    assert host.wait(host.start(round_id, HERE, point, number)) == -signal.SIGKILL
                    drill.outlast_leases()
                assert stage.send_due(round_id, HERE)["resent"] > 0
                assert {row.state for row in wave_1(round_id)} == {"accepted"}
                assert len(of_round(ledger, round_id)) == PEOPLE
                verdict = drill.judge(round_id, [ledger], since)
                assert verdict.is_clean()
                assert verdict.unknown == 0
        finally:
            host.close()


@pytest.mark.parametrize("kind", ["too_many", "lying_ok"])
def test_a_second_call_that_is_refused_or_put_off_leaves_the_doubt(
    round_id: str, promised: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    drill.make_round(round_id, {HERE: 3})
    ledger = tmp_path / "digital_post.tsv"
    with gateway(monkeypatch, ledger, deduplicate=True):
        put_in_doubt(round_id)
    with gateway(monkeypatch, ledger, deduplicate=True, faults=1.0, fault_kind=kind):
        counts = stage.send_due(round_id, HERE)
    assert (counts["resent"], counts["unknown"]) == (3, 3)
    assert {(row.state, row.attempt) for row in wave_1(round_id)} == {("unknown", 2)}
    # A person can still decide it, and then it stays decided.
    doubt = wave_1(round_id)[0].message_id
    assert operations.decide_doubt(doubt, was_received=False, operator="drift", note="øvelse")
    with gateway(monkeypatch, ledger, deduplicate=True):
        assert stage.send_due(round_id, HERE)["resent"] == 2
    assert Counter(row.state for row in wave_1(round_id)) == {"accepted": 2, "failed": 1}


# --- who is not written to again --------------------------------------------------------------------------------------

ANSWERED = (
    "UPDATE answers.form SET state = 'completed' WHERE response_id IN "
    "(SELECT response_id FROM link.access WHERE round_id = :r)"
)


@pytest.mark.parametrize(
    "change",
    [
        ANSWERED,
        "INSERT INTO fieldwork.opt_out SELECT round_id, person_id, 'opted_out', now() FROM sampling.sample WHERE round_id = :r",
        "UPDATE rounds.round SET is_paused = true WHERE round_id = :r",
        "UPDATE rounds.round SET state = 'stopped' WHERE round_id = :r",
        "UPDATE fieldwork.municipality_text SET local_paragraph = 'Ny' WHERE round_id = :r",
        "UPDATE fieldwork.message SET channel = 'sms' WHERE round_id = :r AND wave = 1",
        "UPDATE fieldwork.message SET sent_at = sent_at - interval '25 hours' WHERE round_id = :r AND wave = 1",
        "UPDATE fieldwork.message SET lease_owner = 'replay' WHERE round_id = :r AND wave = 1",
    ],
)
def test_no_doubt_is_sent_again_against_a_guard(round_id: str, promised: None, gateways: Any, change: str) -> None:
    drill.make_round(round_id, {HERE: 2})
    put_in_doubt(round_id)
    run(change, r=round_id)
    before = len(read_ledger(gateways.ledgers[0]))
    counts = stage.send_due(round_id, HERE)
    assert counts.get("resent", 0) == 0
    assert len(read_ledger(gateways.ledgers[0])) == before
    assert {row.state for row in wave_1(round_id)} == {"unknown"}


def test_an_answer_between_claim_and_call_stops_the_call_and_keeps_the_doubt(
    round_id: str, promised: None, gateways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from borgerpuls.fieldwork import dispatch

    drill.make_round(round_id, {HERE: 2})
    put_in_doubt(round_id)
    monkeypatch.setattr(dispatch, "passes", lambda point: run(ANSWERED, r=round_id) if point == "claimed" else None)
    before = len(read_ledger(gateways.ledgers[0]))
    assert stage.send_due(round_id, HERE)["sent"] == 0
    assert len(read_ledger(gateways.ledgers[0])) == before
    assert {row.state for row in wave_1(round_id)} == {"unknown"}
    operations.stop(round_id, "øvelse", "drift")
    stage.finish_messages(round_id)
    assert {(row.state, row.reason) for row in wave_1(round_id)} == {("no_receipt", "fate_unknown")}


def test_nothing_is_sent_again_outside_the_window(
    round_id: str, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill.make_round(round_id, {HERE: 2})
    put_in_doubt(round_id)
    monkeypatch.setattr(settings.settings(), "digital_post_hours", (8, 9))
    assert stage.send_due(round_id, HERE).get("resent", 0) == 0
    monkeypatch.setattr(settings.settings(), "digital_post_hours", (8, 16))
    assert stage.send_due(round_id, HERE)["resent"] == 2


def test_the_database_lets_no_doubt_become_unsent(round_id: str, promised: None) -> None:
    drill.make_round(round_id, {HERE: 2})
    put_in_doubt(round_id)
    stage.send_due(round_id, HERE)
    for state in ("planned", "cancelled"):
        with pytest.raises(IntegrityError, match="message_doubt_is_kept"):
            run("UPDATE fieldwork.message SET state = :s WHERE round_id = :r AND wave = 1", s=state, r=round_id)


def test_an_old_doubt_stays_old_for_the_alarm(
    round_id: str, promised: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill.make_round(round_id, {HERE: 2})
    ledger = tmp_path / "digital_post.tsv"
    with gateway(monkeypatch, ledger, deduplicate=True):
        put_in_doubt(round_id)
    run(
        "UPDATE fieldwork.message SET sent_at = sent_at - interval '2 hours' WHERE round_id = :r AND wave = 1",
        r=round_id,
    )
    with gateway(monkeypatch, ledger, deduplicate=True, faults=1.0, fault_kind="error_before"):
        assert stage.send_due(round_id, HERE)["resent"] == 2
    assert "docs/runbooks/unknown.md" in {alert.runbook for alert in stage.alerts(round_id)}
