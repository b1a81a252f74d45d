"""One round through the real stages, with everything in it that must be gone some day."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from frame_extracts import as_csv, cpr_number, row
from sqlalchemy import text

from borgerpuls import clock, settings
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import engine, transaction
from borgerpuls.fieldwork import operations
from borgerpuls.fieldwork import stage as fieldwork
from borgerpuls.fieldwork.letters import shown_code
from borgerpuls.frame import stage as frame
from borgerpuls.questionnaire.stage import receipt_hash, submit_forms
from borgerpuls.responses import stage as responses
from borgerpuls.rounds import stage as rounds
from borgerpuls.sampling import stage as sampling
from borgerpuls.sandbox import drill
from borgerpuls.vault import RoundKey, access_vault, vault
from borgerpuls.weighting import stage as weighting

ROUND = "2023-2"
MUNICIPALITIES = ("0851", "0461")
CLOSE_DATE = date(2023, 9, 18)
DUE_DATE = date(2023, 12, 2)
PROMISED_DATE = date(2023, 12, 18)
FORM: dict[str, Any] = {
    "round_id": ROUND,
    "name": None,
    "municipalities": list(MUNICIPALITIES),
    "sample_rule": "census",
    "questionnaire_version": "2023",
    "codebook_version": "2023",
    "channels": ["digital_post", "sms", "letter"],
    "seed": 7,
}
PEOPLE = 20
"""In each municipality; the first writes nothing, the last is set aside."""
NAMES = ("Zebulonia", "Quirinus", "Ærtemis", "Walborg")
APPROVED, DECLINED = "Alle var venlige nummer", "Sagsbehandleren i kælderen nummer"


@dataclass(frozen=True)
class LivedRound:
    """What was put into the round, as it must never be found again."""

    cprs: tuple[str, ...]
    personal: dict[str, set[str]]
    """What leads to a person, by kind, as it would stand in a dump or a file."""
    approved: set[str]
    """Texts that a person has approved; they stay."""
    folder: Path


def at(day: date, hour: int = 10) -> None:
    """Move the clock to an hour of a day."""
    clock.move_to(datetime(day.year, day.month, day.day, hour, tzinfo=COPENHAGEN))


@contextmanager
def live_a_round(folder: Path) -> Iterator[LivedRound]:
    """Open, draw, approve, send, answer, close and weight a round; yield what must be gone of it later."""
    patch = pytest.MonkeyPatch()
    registrations = folder / "registrations.csv"
    with ExitStack() as stack:
        stack.callback(settings.settings.cache_clear)
        stack.callback(patch.undo)
        for kind, more in (("digital_post", {"registrations": registrations}), ("sms", {})):
            url = stack.enter_context(
                drill.running_gateway(kind, "gateway-secret", folder / f"{kind}.tsv", undeliverable=0.2, **more)
            )
            patch.setenv(f"BORGERPULS_{kind.upper()}_GATEWAY_URL", url)
        settings.settings.cache_clear()
        at(date(2023, 8, 1))
        rounds.open_round(FORM, "drift", "kørsel")
        cprs = _deliver_extracts(registrations)
        _draw_and_approve()
        _send(cprs)
        texts = _answer()
        _decide_texts()
        at(CLOSE_DATE + timedelta(days=1))
        fieldwork.finish_messages(ROUND)
        weighting.weight_to_population(ROUND)
        yield LivedRound(
            tuple(cprs), _what_leads_to_a_person(cprs, texts), {one for one in texts if APPROVED in one}, folder
        )


def owner(statement: str, **parameters: object) -> list[tuple[Any, ...]]:
    """Run a statement as the owner of the database, past every grant, and return its rows."""
    with engine("database_admin_url").begin() as connection:
        result = connection.execute(text(statement), parameters)
        return [tuple(row) for row in result] if result.returns_rows else []


def _deliver_extracts(registrations: Path) -> list[str]:
    inbox = settings.settings().inbox_folder / ROUND
    inbox.mkdir(parents=True)
    cprs = []
    for place, code in enumerate(MUNICIPALITIES):
        rows = [
            row(
                number := 100 * place + one + 1,
                kommune_kode=code,
                fornavn=NAMES[one % len(NAMES)],
                efternavn=f"Efternavnsen{number}",
                mobil="" if one % 5 == 0 else f"+45 26{number:06d}",
                vejnavn=f"Hemmelighedsvej{number}",
                husnr="4",
                postnr="9000",
                sprog="EN" if one % 4 == 0 else "",
                lokal_1="ja" if one % 2 else "",
                ydelse_kode="sygedagpenge",
            )
            for one in range(PEOPLE)
        ]
        rows[-1] = rows[-1] | {"forloeb_start": "30-02-2023"}  # set aside, with everything in it
        cprs += [one["cpr"] for one in rows]
        (inbox / f"{code}.csv").write_text(as_csv(rows), encoding="utf-8")
        assert frame.import_extract(ROUND, code)["imported"] == 1
    registrations.write_text(
        "cpr,is_digital_post,is_nemsms\n" + "".join(f"{cpr},{int(at % 5 > 1)},0\n" for at, cpr in enumerate(cprs))
    )
    assert cpr_number(1) in cprs
    return cprs


def _draw_and_approve() -> None:
    assert frame.validate_frame(ROUND)["quarantined"] == 2
    frame.decide_eligibility(ROUND)
    assert sampling.draw_sample(ROUND)["sampled"] == 2 * (PEOPLE - 1)
    operations.set_reminder_arms(ROUND, 0.5)
    fieldwork.plan_messages(ROUND)
    fieldwork.prepare_dry_run(ROUND)
    fieldwork.record_approval(ROUND, "kollega")


def _send(cprs: list[str]) -> None:
    at(date(2023, 8, 22))
    operations.opt_out(cprs[0], "opted_out", "drift")
    for code in MUNICIPALITIES:
        counts = fieldwork.send_due(ROUND, code)
        assert counts["accepted"] > 10
    fieldwork.collect_receipts(ROUND)
    operations.explain(cprs[1], "drift")
    operations.issue_code(ROUND, cprs[1], "drift")
    assert any((settings.settings().letter_place() / ROUND).rglob("*.html"))


def _answer() -> list[str]:
    """Let most answer: two break off, one is set aside later, one begins and writes nothing that counts."""
    forms = owner("SELECT response_id, municipality_code FROM answers.form WHERE round_id = :r ORDER BY 2, 1", r=ROUND)
    texts = []
    submissions, answers, written = [], [], []
    for number, (form, code) in enumerate(forms):
        if number % 19 == 18:
            continue
        submissions.append((form, number % 19 != 17, date(2023, 8, 24), 200))
        answers.append((form, "status", ["igangvaerende"]))
        answers += [(form, item, ["4"]) for item in ("trust", "situation", "goal") if number % 19 != 17]
        said = f"{APPROVED if number % 3 else DECLINED} {code}-{number}."
        texts.append(said)
        written.append((form, "why", said))
    submit_forms(
        ROUND,
        pd.DataFrame(submissions, columns=["response_id", "is_completed", "saved_date", "duration_seconds"]).assign(
            device_class="mobil"
        ),
        pd.DataFrame(answers, columns=["response_id", "item_id", "choices"]),
        pd.DataFrame(written, columns=["response_id", "item_id", "answer_text"]),
    )
    return texts


def _decide_texts() -> None:
    at(CLOSE_DATE + timedelta(days=1), hour=8)
    responses.close_and_freeze(ROUND)
    shown = responses.open_answers(ROUND)
    assert (shown["writer_count"] >= 10).all()
    for is_approved in (True, False):
        chosen = shown[shown["scrubbed_text"].str.startswith(APPROVED) == is_approved]
        responses.decide_open_answers(ROUND, list(chosen["reference"]), is_approved=is_approved, decided_by="aase")


def _what_leads_to_a_person(cprs: list[str], texts: list[str]) -> dict[str, set[str]]:
    key: RoundKey = vault().round_key(ROUND)
    people = [key.person_id(cpr) for cpr in cprs]
    forms: list[uuid.UUID] = [key.response_id(person) for person in people]
    with transaction("fieldwork") as connection:
        ids = connection.execute(
            text("SELECT message_id, transaction_id FROM fieldwork.message WHERE round_id = :r"), {"r": ROUND}
        ).all()
    access = access_vault()
    links, codes = ([make(person) for person in people] for make in (key.link_token, key.typed_code))
    return {
        "cpr numbers": set(cprs),
        "names": {f"Efternavnsen{number}" for number in (1, 2, 20, 101, 120)},
        "numbers": {"26000002", "26000003"},
        "addresses": {"Hemmelighedsvej"},
        "look-ups": {key.lookup(cpr).hex() for cpr in cprs},
        "people": {str(person) for person in people},
        "forms": {str(form) for form in forms},
        "links": set(links),
        "codes": {shown_code(code) for code in codes} | set(codes),
        "hashes of links and codes": {access.access_hash(secret).hex() for secret in links + codes},
        "hashes of receipts": {receipt_hash(access, form).hex() for form in forms},
        "messages": {str(each) for row in ids for each in row},
        "sealed values": {key.encrypt(cpr, f"cpr|{person}").hex() for cpr, person in zip(cprs, people, strict=True)},
        "texts": {one for one in texts if APPROVED not in one},
        "courses": {"2023-01-10"},
    }
