"""Paper letters: whom nothing else reaches, the outbox, and what the approver is told of them."""

import json
import stat
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from borgerpuls import clock, settings
from borgerpuls.database import engine, transaction
from borgerpuls.fieldwork import operations, stage
from borgerpuls.fieldwork.channels.letter import LetterOutbox, PaperLetter, usable_address
from borgerpuls.fieldwork.dry_run import Prices, count_messages
from borgerpuls.fieldwork.history import history_lines
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.gateways import read_ledger
from borgerpuls.terms import MessageState
from borgerpuls.vault import vault

HERE = "0461"
MESSAGE = UUID("6f1d2c3b-0000-4000-8000-000000000001")
ADDRESS = json.dumps({"vejnavn": "Æblevej <3>", "husnr": "12B", "etage": "2", "side": "tv", "postnr": "8500"})


# --- addresses and outbox, by hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ({"vejnavn": "Bygaden", "husnr": "7", "postnr": "8500"}, ("Bygaden 7", "8500")),
        (
            {"co_navn": "Jensen", "vejnavn": "Bygaden", "husnr": "7A", "etage": "st.", "side": "th", "postnr": "8500"},
            ("c/o Jensen", "Bygaden 7A, st. th", "8500"),
        ),
        ({"co_navn": "c/o Holm", "vejnavn": "Bygaden", "postnr": "8500"}, ("c/o Holm", "Bygaden", "8500")),
        ({"vejnavn": "Bygaden", "husnr": "7"}, None),
        ({"husnr": "7", "postnr": "8500"}, None),
        ({"vejnavn": "Bygaden", "postnr": "850"}, None),
        ({}, None),
    ],
)
def test_addresses_become_the_lines_of_an_envelope(parts: dict[str, str], lines: tuple[str, ...] | None) -> None:
    assert usable_address(json.dumps(parts)) == lines


@given(st.text())
def test_no_text_breaks_the_reading_of_an_address(written: str) -> None:
    lines = usable_address(json.dumps({"vejnavn": written, "husnr": written, "postnr": "8500"}))
    assert (lines is None) == (not written.strip())
    assert usable_address("{" + written) is None or written.strip() == "}"


def test_the_outbox_takes_each_letter_once_and_shows_it_to_nobody_else(tmp_path: Path) -> None:
    outbox = LetterOutbox(tmp_path / "2023-2" / HERE)
    assert outbox.send(PaperLetter(MESSAGE, "<p>Kære</p>")).state is MessageState.ACCEPTED
    assert outbox.send(PaperLetter(MESSAGE, "<p>Igen</p>")).state is MessageState.ACCEPTED
    (letter,) = (tmp_path / "2023-2" / HERE).iterdir()
    assert letter.name == f"{MESSAGE}.html"
    assert letter.read_text(encoding="utf-8") == "<p>Kære</p>"
    assert stat.S_IMODE(letter.stat().st_mode) == 0o600
    assert stat.S_IMODE(letter.parent.stat().st_mode) == 0o700


def test_a_letter_that_cannot_be_written_is_surely_not_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    outcome = LetterOutbox(tmp_path / "file" / HERE).send(PaperLetter(MESSAGE, "<p>"))
    assert outcome.state is MessageState.PLANNED
    assert "kan ikke skrives" in str(outcome.reason)


def test_the_forecast_prices_paper_for_those_without_a_number_by_hand() -> None:
    people = pd.DataFrame(
        {
            "person_id": [1, 2, 3],
            "municipality_code": HERE,
            "target_group": "sygedagpenge",
            "has_number": [True, False, False],
            "has_address": [True, True, False],
            "has_sms_arm": True,
        }
    )
    slots = [(1, "main"), (2, "main"), (2, "sms"), (3, "main"), (3, "sms")]
    messages = pd.DataFrame(
        [(person, wave, slot) for person in (1, 2, 3) for wave, slot in slots], columns=["person_id", "wave", "slot"]
    )
    prices = Prices(digital_post=10, sms_part=25, letter=1200)

    def forecast(*, may_print: bool) -> dict[str, tuple[int, float]]:
        table = count_messages(messages, people, {HERE: (1, 2)}, prices, may_print=may_print)
        return {row.channel: (row.messages, row.cost_kr) for row in table.itertuples()}

    assert forecast(may_print=False) == {"digital_post": (9, 0.9), "sms": (2, 0.5)}
    assert forecast(may_print=True) == {"digital_post": (8, 0.8), "letter": (1, 12.0), "sms": (2, 0.5)}


# --- a wave through database and gateways -------------------------------------------------------------------------------


def test_who_has_neither_digital_post_nor_number_gets_paper_where_the_round_has_it(
    gateways: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.settings(), "letter_folder", tmp_path / "letters")
    registrations = tmp_path / "registrations.csv"
    ledger = tmp_path / "digital_post.tsv"
    with drill.running_gateway("digital_post", "gateway-secret", ledger, registrations=registrations) as url:
        monkeypatch.setattr(settings.settings(), "digital_post_gateway_url", url)
        for round_id, channels in (("5001-2", ("digital_post", "sms", "letter")), ("5002-2", ("digital_post", "sms"))):
            people = drill.make_round(
                round_id, {HERE: 5}, mobile=("20 30 40 50", "21 31 41 51", "", "", ""), channels=channels,
                address=(ADDRESS, ADDRESS, ADDRESS, ADDRESS, ""), is_approved=False,
            )  # fmt: skip
            registrations.write_text(
                "cpr,is_digital_post,is_nemsms\n"
                + "".join(f"{cpr},{dp},0\n" for cpr, dp in zip(people["cpr"], "10100", strict=True))
            )
            _protect(round_id)
            stage.prepare_dry_run(round_id)
            stage.record_approval(round_id, "kollega")
            has_paper = "letter" in channels
            counts = stage.send_due(round_id, HERE)
            assert (counts["accepted"], counts["unreachable"]) == ((4, 1) if has_paper else (3, 2))
            by_person = {row.person_id: row for row in _wave(round_id, 1)}
            assert [(by_person[p].channel, by_person[p].state) for p in people["person_id"]] == [
                ("digital_post", "accepted"),
                ("sms", "accepted"),
                ("digital_post", "accepted"),
                ("letter", "accepted") if has_paper else (None, "failed"),
                (None, "failed"),
            ]
            shown = {str(row) for row in stage.monitor(round_id)["channel"].dropna()}
            assert ("letter" in shown) == has_paper
            folder = tmp_path / "letters" / round_id / HERE
            assert folder.exists() == has_paper
            if has_paper:
                _check_letter(folder, round_id, people, by_person)
                _check_approval(round_id)
            operations.stop(round_id, "øvelse", "drift")
            ends = stage.finish_messages(round_id)
            assert sum(ends.values()) == 25
            assert ends.get("no_receipt") == counts["accepted"]
    assert len(read_ledger(ledger)) == 4


def test_who_is_exempt_from_digital_post_is_reminded_by_sms_or_told_why_not(
    gateways: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.settings(), "letter_folder", tmp_path / "letters")
    registrations = tmp_path / "registrations.csv"
    with drill.running_gateway(
        "digital_post", "gateway-secret", tmp_path / "digital_post.tsv", registrations=registrations
    ) as url:
        monkeypatch.setattr(settings.settings(), "digital_post_gateway_url", url)
        people = drill.make_round(
            "5003-2", {HERE: 3}, mobile=("20 30 40 50", "", ""), channels=("digital_post", "sms", "letter"),
            address=(ADDRESS, ADDRESS, ""),
        )  # fmt: skip
        registrations.write_text("cpr,is_digital_post,is_nemsms\n" + "".join(f"{cpr},0,0\n" for cpr in people["cpr"]))
        assert stage.send_due("5003-2", HERE)["accepted"] == 2
        clock.move_to(datetime.combine(drill.REMINDER_1_DATE, drill.INSIDE_THE_WINDOW.timetz()))
        assert stage.send_due("5003-2", HERE)["accepted"] == 1
    said = []
    for cpr in people["cpr"]:
        (entry,) = [one for one in operations.explain(cpr, "drift") if one["round_id"] == "5003-2"]
        said.append("\n".join(history_lines(entry)))
    assert "Invitation: sendt 22-08-2023 kl. 10.00 som sms; modtaget af gateway" in said[0]
    assert "1. påmindelse: sendt 29-08-2023 kl. 10.00 som sms; modtaget af gateway" in said[0]
    assert "Invitation: sendt 22-08-2023 kl. 10.00 som brev; modtaget af gateway" in said[1]
    why = "hverken Digital Post eller brugbart mobilnummer, og påmindelser sendes ikke på papir"
    assert f"1. påmindelse, planlagt til 29-08-2023: aflyst ({why})" in said[1]
    assert "Invitation, planlagt til 22-08-2023: fejlet (kan ikke nås: hverken Digital Post, brugbart mobil" in said[2]
    page = stage.messages_page("5003-2")
    assert f"aflyst: {why}" in page
    assert "fejlet: kan ikke nås: hverken Digital Post" in page


def _check_letter(folder: Path, round_id: str, people: pd.DataFrame, by_person: dict[Any, Any]) -> None:
    row = by_person[people["person_id"][3]]
    (letter,) = folder.iterdir()
    assert letter.name == f"{row.message_id}.html"
    page = letter.read_text(encoding="utf-8")
    assert "Mads Øvelsesen\nÆblevej &lt;3&gt; 12B, 2. tv\n8500" in page
    assert vault().round_key(round_id).typed_code(row.person_id)[:5] in page
    assert vault().round_key(round_id).link_token(row.person_id) not in page  # nobody types it
    assert people["cpr"][3] not in page
    journal = (settings.settings().journal_place() / round_id / f"{HERE}.tsv").read_text(encoding="utf-8")
    assert journal.count("\tletter\t") == 2
    assert "blevej" not in journal
    # In doubt, it is put into the outbox again, and there is still one.
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE fieldwork.message SET state = 'unknown' WHERE message_id = :m"), {"m": row.message_id}
        )
    assert stage.send_due(round_id, HERE)["resent"] == 1
    assert Counter(r.state for r in _wave(round_id, 1)) == {"accepted": 4, "failed": 1}
    assert [path.name for path in folder.iterdir()] == [letter.name]


def _check_approval(round_id: str) -> None:
    _, counts = stage.dry_run(round_id)
    assert counts["letters"] == 2  # those without a number who have an address; the look-up decides at sending
    paper = [row for row in counts["by_group"] if row["channel"] == "letter"]
    assert sum(row["cost_kr"] for row in paper) == 24.0
    body = stage.approval_text(round_id)["body"]
    assert "| Kommune og målgruppe | Digital Post | Sms | Sms-dele | Brev | Anslået pris, kr. |" in body
    assert "Breve på papir er talt højest muligt" in body
    with transaction("fieldwork") as connection:
        shown = connection.execute(
            text("SELECT occasion, body FROM fieldwork.preview WHERE round_id = :r AND channel = 'letter'"),
            {"r": round_id},
        ).all()
    assert {row.occasion for row in shown} >= {"eksempel", "adressebeskyttet"}
    assert all("Eksempelvej 1" in row.body and "blevej" not in row.body for row in shown)


def _protect(round_id: str) -> None:
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE identity.citizen SET is_address_protected = true WHERE round_id = :r"), {"r": round_id}
        )


def _wave(round_id: str, wave: int) -> list[Any]:
    with transaction("fieldwork") as connection:
        return list(
            connection.execute(
                text("SELECT * FROM fieldwork.message WHERE round_id = :r AND wave = :w"), {"r": round_id, "w": wave}
            ).all()
        )
