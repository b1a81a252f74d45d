"""
Fieldwork, step by step: plan, show, approve, send, collect receipts, finish.

Airflow decides when these run; the ledger's statements decide whether anything is sent. Each may be run again at any
time.
"""

import json
import os
import re
import socket
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, Row

from borgerpuls import clock
from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import (
    ApproverOpenedTheRound,
    CitizenIsUnknown,
    ContentHasChanged,
    FieldworkNeedsAttention,
    FormIsNotOpen,
    NothingToApprove,
    ReceiptIsUnreadable,
    RoundIsNotOpen,
    RoundIsStillOpen,
    RoundWasRestored,
    UnknownRound,
)
from borgerpuls.fieldwork import dry_run as showing
from borgerpuls.fieldwork import planning
from borgerpuls.fieldwork.channels.digital_post import DigitalPostGateway
from borgerpuls.fieldwork.channels.http import GatewayConnections
from borgerpuls.fieldwork.channels.letter import LetterOutbox, usable_address
from borgerpuls.fieldwork.channels.sms import SmsGateway, usable_number
from borgerpuls.fieldwork.contents import municipality_hashes, round_hash
from borgerpuls.fieldwork.dispatch import Dispatch
from borgerpuls.fieldwork.journal import Journal
from borgerpuls.fieldwork.ledger import Ledger
from borgerpuls.fieldwork.letters import LetterBook, LetterDates, MunicipalityText, Recipient
from borgerpuls.fieldwork.monitor import Alert
from borgerpuls.fieldwork.monitor import alerts as find_alerts
from borgerpuls.fieldwork.monitor_page import messages_page as write_page
from borgerpuls.fieldwork.postman import GatewayPostman
from borgerpuls.fieldwork.receipt_source import GATEWAYS, ReceiptSource
from borgerpuls.fieldwork.receipts import Receipt
from borgerpuls.fieldwork.windows import SendingWindows
from borgerpuls.resources import resource_folder
from borgerpuls.settings import settings
from borgerpuls.terms import Channel, MessageState, RoundState
from borgerpuls.vault import RoundKey, vault

SYNTHETIC_CPR = re.compile(r"[6-9]\d{9}", re.ASCII)
"""Day of birth plus 60: nobody's number."""
SECONDS_OF_HEALTH_CHECK = 2.0


# --- plan -------------------------------------------------------------------------------------------------------


def plan_messages(round_id: str) -> dict[str, int]:
    """
    Plan each message a sampled person may get, and lay an unopened form for each person.

    In a round that is over nothing is planned any more; what was planned is counted.

    Raises:
        UnknownRound: No round has this id.
        RoundIsNotOpen: The round is stopped.
    """
    with transaction("fieldwork") as connection:
        connection.execute(load_query("fieldwork/hold_round.sql"), {"round_id": round_id})
        plan = _round(connection, round_id)
        if plan.state in {RoundState.CLOSED, RoundState.PUBLISHED}:
            return _planned(connection, round_id)
        _require_state(plan, RoundState.OPEN, RoundState.APPROVED)
        sample = read_table(connection, "fieldwork/sampled_people.sql", round_id=round_id)
        if plan.state == RoundState.OPEN:
            connection.execute(load_query("fieldwork/forget_unsampled.sql"), {"round_id": round_id})
            connection.execute(load_query("fieldwork/forget_access.sql"), {"round_id": round_id})
        dates = _letter_dates(plan)
        messages = planning.plan_round(round_id, sample, [dates.of_wave(wave) for wave in (1, 2, 3)], vault())
        access = planning.plan_access(round_id, sample, vault())
        forms = sample.drop(columns="person_id").assign(
            response_id=access["response_id"], round_id=round_id, questionnaire_version=plan.questionnaire_version
        )
        for staged, table, place, settle in (
            (messages, "staged_message", "stage_messages", "plan_staged"),
            (access, "staged_access", "stage_access", "grant_staged"),
            (forms, "staged_form", "stage_forms", "lay_staged_forms"),
        ):
            connection.execute(load_query(f"fieldwork/{place}.sql"))
            copy_rows(connection, table, staged)
            connection.execute(load_query(f"fieldwork/{settle}.sql"))
        _draw_arms(connection, plan, sample)
        _keep_standard_texts(connection, plan)
        return _planned(connection, round_id)


def set_municipality_text(round_id: str, municipality_code: str, text: MunicipalityText) -> None:
    """
    Let a municipality use its own words. An approval of other words no longer counts.

    Raises:
        MunicipalityTextIsUnusable: The words cannot be sent; every reason is given.
    """
    text.check()
    with transaction("fieldwork") as connection:
        connection.execute(
            load_query("fieldwork/replace_text.sql"),
            {"round_id": round_id, "municipality_code": municipality_code} | asdict(text),
        )


def set_reminder_arms(round_id: str, sms_share: float) -> None:
    """
    Let a random share of each municipality get an SMS beside the reminders, the others not.

    Takes effect at the next `plan_messages`, and only before approval.

    Raises:
        RoundIsNotOpen: The round is approved already, or over.
    """
    with transaction("fieldwork") as connection:
        _require_state(_round(connection, round_id), RoundState.OPEN)
        connection.execute(load_query("fieldwork/keep_design.sql"), {"round_id": round_id, "sms_share": sms_share})


# --- show and approve -------------------------------------------------------------------------------------------


def prepare_dry_run(round_id: str) -> dict[str, int]:
    """
    Write every letter, keep previews with invented recipients, and count what would be sent and what it may cost.

    Needs no credential of any gateway and sends nothing.

    Raises:
        UnknownRound: No round has this id.
        NothingToApprove: Nothing is planned, or some letters could not be written.
    """
    with transaction("fieldwork") as connection:
        connection.execute(load_query("fieldwork/hold_round.sql"), {"round_id": round_id})
        plan = _round(connection, round_id)
        book = _letter_book(plan)
        texts = _texts(connection, round_id)
        people = _opened_sample(connection, round_id)
        messages = read_table(connection, "fieldwork/planned_messages.sql", round_id=round_id)
        if messages.empty:
            raise NothingToApprove(
                "Der er ikke planlagt nogen beskeder.", where=f"Runde {round_id}", next_step="Kør plan_messages først."
            )
        arms = read_table(connection, "fieldwork/people_without_sms.sql", round_id=round_id)
        may_print = Channel.LETTER in plan.channels
        shown = []
        unwritable = 0
        for code, group in people.groupby("municipality_code", sort=True):
            text = texts[str(code)]
            text.check()
            for person_id, name in zip(group["person_id"], group["name"], strict=True):
                recipient = Recipient(
                    name, vault().link_token(round_id, person_id), vault().typed_code(round_id, person_id)
                )
                unwritable += not _can_be_written(book, text, recipient)
            shown.append(
                showing.previews(round_id, str(code), text, book, showing.edge_cases(group), may_print=may_print)
            )
        if unwritable:
            raise NothingToApprove(
                f"{unwritable} breve kunne ikke skrives.",
                where=f"Runde {round_id}",
                next_step="Ret skabelon eller kommunetekst, og kør prøveudsendelsen igen.",
            )
        people = people.assign(
            has_number=[usable_number(mobile).msisdn is not None for mobile in people["mobile"]],
            has_address=[usable_address(address) is not None for address in people["address"]],
            has_sms_arm=~people["person_id"].isin(set(arms["person_id"])),
        )[["person_id", "municipality_code", "target_group", "has_number", "has_address", "has_sms_arm"]]
        chosen = settings()
        forecast = showing.count_messages(
            messages,
            people,
            {code: showing.sms_parts(text, book) for code, text in texts.items()},
            showing.Prices(chosen.digital_post_price_oere, chosen.sms_part_price_oere, chosen.letter_price_oere),
            may_print=may_print,
        )
        connection.execute(load_query("fieldwork/forget_previews.sql"), {"round_id": round_id})
        copy_rows(connection, "fieldwork.preview", pd.concat(shown, ignore_index=True))
        counts = {
            "people": len(people),
            "messages": int(forecast["messages"].sum()),
            "sms_parts": int(forecast["sms_parts"].sum()),
            "people_without_number": int((~people["has_number"]).sum()),
            "letters": int(forecast.loc[forecast["channel"].eq(Channel.LETTER), "messages"].sum()),
            "cost_kr": float(forecast["cost_kr"].sum()),
            "by_group": forecast.to_dict(orient="records"),
        }
        connection.execute(
            load_query("fieldwork/keep_dry_run.sql"),
            {
                "round_id": round_id,
                "content_hash": round_hash(_municipality_hashes(connection, round_id, book)),
                "counts": json.dumps(counts, sort_keys=True),
            },
        )
    return {name: int(counts[name]) for name in ("people", "messages", "sms_parts", "people_without_number")}  # type: ignore[call-overload]


def dry_run(round_id: str) -> tuple[str, dict[str, Any]]:
    """
    Return the hash and the counts of what an approver is asked to approve.

    Raises:
        NothingToApprove: There has been no dry run.
    """
    with transaction("fieldwork") as connection:
        row = connection.execute(load_query("fieldwork/dry_run.sql"), {"round_id": round_id}).one_or_none()
    if row is None:
        raise NothingToApprove(
            "Der er ingen prøveudsendelse.", where=f"Runde {round_id}", next_step="Kør prepare_dry_run først."
        )
    return row.content_hash, row.counts


def approval_text(round_id: str) -> dict[str, str]:
    """
    Return what the approver reads: `subject` and `body` (Danish Markdown).

    Raises:
        NothingToApprove: There has been no dry run.
    """
    content_hash, counts = dry_run(round_id)
    with transaction("fieldwork") as connection:
        plan = _round(connection, round_id)
        names = {
            row.municipality_code: row.municipality_name
            for row in connection.execute(load_query("fieldwork/municipalities.sql"), {"round_id": round_id})
        }
        read = read_table(connection, "fieldwork/example_previews.sql", round_id=round_id)
    return showing.approval_text(plan.name, plan.opened_by, _letter_dates(plan), content_hash, counts, names, read)


def is_approved(round_id: str) -> bool:
    """
    Tell whether somebody has approved exactly what the last dry run showed.

    Raises:
        NothingToApprove: There has been no dry run.
    """
    content_hash, _ = dry_run(round_id)
    with transaction("fieldwork") as connection:
        return _is_approved(connection, round_id, content_hash)


def record_approval(round_id: str, approved_by: str, content_hash: str | None = None) -> dict[str, int]:
    """
    Record that a second person approves exactly the sample, texts and dates of the dry run.

    Args:
        round_id: The round.
        approved_by: The approver's user name.
        content_hash: What the approver saw; the dry run's when None.

    Raises:
        ApproverOpenedTheRound: The approver is the one who opened the round.
        ContentHasChanged: Sample, texts or dates are not those of the dry run any more.
        NothingToApprove: There has been no dry run.
        RoundIsNotOpen: The round is stopped, closed or published, and this was never approved.
    """
    shown_hash, _ = dry_run(round_id)
    with transaction("fieldwork") as connection:
        connection.execute(load_query("fieldwork/hold_round.sql"), {"round_id": round_id})
        plan = _round(connection, round_id)
        if approved_by.strip().casefold() == plan.opened_by.strip().casefold():
            raise ApproverOpenedTheRound(
                f"Runden er åbnet af {plan.opened_by} og skal godkendes af en anden.",
                where=f"Runde {round_id}",
                next_step="Lad en kollega gennemgå prøveudsendelsen og godkende.",
            )
        hashes = _municipality_hashes(connection, round_id, _letter_book(plan))
        current = round_hash(hashes)
        if current != shown_hash or (content_hash is not None and content_hash != current):
            raise ContentHasChanged(
                "Stikprøve, tekster eller datoer er ændret efter prøveudsendelsen.",
                where=f"Runde {round_id}",
                next_step="Kør prepare_dry_run igen, og godkend det nye indhold.",
            )
        if _is_approved(connection, round_id, current):
            return {"approved": 0}
        _require_state(plan, RoundState.OPEN, RoundState.APPROVED)
        is_new = connection.execute(
            load_query("fieldwork/approve.sql"),
            {
                "round_id": round_id,
                "content_hash": current,
                "opened_by": plan.opened_by,
                "approved_by": approved_by.strip(),
                "approved_at": clock.now(),
            },
        ).rowcount
        connection.execute(
            load_query("fieldwork/keep_approved_content.sql"),
            {
                "round_id": round_id,
                "content_hash": current,
                "municipality_codes": list(hashes),
                "municipality_hashes": list(hashes.values()),
            },
        )
        connection.execute(load_query("fieldwork/set_approved.sql"), {"round_id": round_id})
    return {"approved": is_new}


# --- send -------------------------------------------------------------------------------------------------------


def rounds_in_field() -> list[str]:
    """Return the ids of the rounds that are approved and not closed."""
    with transaction("fieldwork") as connection:
        return list(connection.execute(load_query("fieldwork/rounds_in_field.sql")).scalars())


def waves_due(round_id: str) -> list[int]:
    """Return the waves (1 to 3) that have messages due today and not sent."""
    with transaction("fieldwork") as connection:
        found = connection.execute(
            load_query("fieldwork/waves_due.sql"), {"round_id": round_id, "today": clock.today()}
        )
        return list(found.scalars())


def municipalities_due() -> list[dict[str, str]]:
    """Return round, code and name of each municipality with messages due now, left by a crash, or to be sent again."""
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            load_query("fieldwork/municipalities_due.sql"),
            {
                "today": clock.today(),
                "resend_channels": sorted(str(channel) for channel in resend_channels()),
                "sent_after": clock.now() - timedelta(hours=settings().deduplication_hours),
            },
        ).mappings()
        return [{str(name): str(value) for name, value in row.items()} for row in rows]


def send_due(round_id: str, municipality_code: str) -> dict[str, int]:
    """
    Send what is due now in one municipality. Nothing is sent twice, however often this runs.

    What is in doubt is sent again, under its own id, only where the settings say that the gateway takes each id once.

    Nothing is sent unless a second person has approved exactly this sample, these texts and these dates, and nothing
    to those who have answered, declined, died or moved. `held` counts what is due and was not sent.

    Raises:
        RoundWasRestored: The journal knows more than the database; the round is paused.
        GatewayIsDown: A gateway does not answer; what was not sent is still planned.
        GatewayRefusesUs: A gateway does not accept us.
        JournalIsUnwritable: The journal cannot be written.
    """
    chosen = settings()
    with transaction("fieldwork") as connection:
        plan = _round(connection, round_id)
        book = _letter_book(plan)
        hashes = _municipality_hashes(connection, round_id, book, municipality_code)
        round_key = _round_key(connection, round_id)
        text = _texts(connection, round_id)[municipality_code]
    ledger = Ledger(round_id, municipality_code, hashes[municipality_code], _owner(), chosen.lease_seconds)
    token = chosen.require("gateway_token")
    channels = frozenset(Channel(name) for name in plan.channels)
    post = GatewayConnections(chosen.digital_post_gateway_url, chosen.gateway_timeout_seconds)
    sms = GatewayConnections(chosen.sms_gateway_url, chosen.gateway_timeout_seconds)
    postman = GatewayPostman(
        round_id=round_id,
        sender_cvr=_cvr(municipality_code),
        text=text,
        book=book,
        dates=_letter_dates(plan),
        vault=vault(),
        digital_post=DigitalPostGateway(post, token),
        sms=SmsGateway(sms, token),
        letters=LetterOutbox(chosen.letter_place() / round_id / municipality_code),
        is_sandbox=chosen.gateways == "sandbox",
    )
    try:
        with Journal(chosen.journal_place(), round_id, municipality_code) as journal:
            ledger.refuse_restored(journal)
            recovered = ledger.recover(journal, clock.now())
            sent = Dispatch(
                ledger=ledger,
                journal=journal,
                postman=postman,
                round_key=round_key,
                windows=sending_windows(),
                channels=channels,
                now=clock.now,
                may_send_to=belongs_to_these_gateways,
                is_site_well=answer_site_is_well,
                window=chosen.send_window,
                batch_size=chosen.send_batch_size,
                rate=chosen.send_rate,
                resends=channels & resend_channels(),
                remembered_for=timedelta(hours=chosen.deduplication_hours),
            ).run()
    finally:
        post.close()
        sms.close()
    held, _, _ = ledger.held(clock.today())
    return dict(sent) | {"held": held, "recovered": sum(recovered.values())}


def resend_channels() -> frozenset[Channel]:
    """Return the channels that take each message id once: those of the settings, and the outbox of paper letters."""
    return frozenset(Channel(name) for name in settings().gateways_deduplicate) | {Channel.LETTER}


def belongs_to_these_gateways(cpr: str) -> bool:
    """Tell whether a CPR number may go to the gateways of the settings: invented ones to the sandbox, no others."""
    return bool(SYNTHETIC_CPR.fullmatch(cpr)) == (settings().gateways == "sandbox")


def answer_site_is_well() -> bool:
    """Tell whether the answer site can take the answers of those who are written to now; yes when it is not asked."""
    url = settings().answer_site_health_url
    if not url:
        return True
    place, _, path = url.partition("//")[2].partition("/")
    connections = GatewayConnections(url.removesuffix(f"/{path}") if place else url, SECONDS_OF_HEALTH_CHECK)
    try:
        return connections.call("GET", f"/{path}", {}).status == 200
    except Exception:  # noqa: BLE001 - a site that cannot be asked is unwell
        return False
    finally:
        connections.close()


def sending_windows() -> SendingWindows:
    """Return the sending windows of the settings."""
    chosen = settings()
    return SendingWindows(chosen.digital_post_days, chosen.digital_post_hours, chosen.sms_days, chosen.sms_hours)


# --- by hand ------------------------------------------------------------------------------------------------------


def pause(round_id: str, reason: str, operator: str) -> None:
    """Let a round send nothing until it is resumed. Takes effect within one batch."""
    _by_hand("pause", round_id, operator, {"reason": reason})


def resume(round_id: str, operator: str) -> None:
    """Let a paused round go on."""
    _by_hand("resume", round_id, operator, {})


def stop(round_id: str, reason: str, operator: str) -> None:
    """Stop a round for good: nothing is ever sent in it again."""
    _by_hand("stop", round_id, operator, {"reason": reason})


def explain(cpr: str, operator: str) -> list[dict[str, Any]]:
    """
    Return a citizen's whole contact history, for somebody who is asked about it. Every look is written down.

    Args:
        cpr: Ten digits, typed at a prompt; never an argument of a command, a parameter of a DAG or a log line.
        operator: Who asks.

    Returns:
        One entry per round: `round_id`, `municipality_code`, `form` (state of the form, never the answers),
        `opt_out`, `messages` and `receipts` (lists of rows).

    Raises:
        CitizenIsUnknown: Nobody with this number is in any round.
    """
    with transaction("fieldwork") as connection:
        found = connection.execute(load_query("fieldwork/person_of_cpr.sql"), {"cpr_lookup": vault().lookup(cpr)}).all()
        if not found:
            raise CitizenIsUnknown(
                "Ingen i nogen runde har dette cpr-nummer.", next_step="Se efter, om det er tastet rigtigt."
            )
        history = []
        for row in found:
            who = {"round_id": row.round_id, "person_id": row.person_id}
            _audit(connection, row.round_id, operator, "explain", person_id=row.person_id)
            entry: dict[str, Any] = {"round_id": row.round_id, "municipality_code": row.municipality_code}
            entry["form"] = connection.execute(load_query("fieldwork/form_of_person.sql"), who).scalar()
            entry["opt_out"] = connection.execute(load_query("fieldwork/opt_out_of_person.sql"), who).scalar()
            for name, query in (("messages", "history"), ("receipts", "receipts_of_person")):
                rows = connection.execute(load_query(f"fieldwork/{query}.sql"), who).mappings()
                entry[name] = [dict(message) for message in rows]
            history.append(entry)
    return history


def issue_code(round_id: str, cpr: str, operator: str) -> str:
    """
    Issue a code to a sampled citizen whose identity somebody has checked, and write down who did.

    The code is shown once and kept as a hash. Its first use empties the form and ends every session with it: staff who
    have seen the code can neither read what was answered before nor use it after the citizen. The letters' link
    goes on working, and opens the form that was begun anew.

    Args:
        round_id: A round that takes answers.
        cpr: Ten digits, typed at a prompt.
        operator: Who checked.

    Raises:
        UnknownRound: No such round.
        RoundIsNotOpen: The round takes no answers.
        CitizenIsUnknown: Nobody with this number was sampled in the round.
        FormIsNotOpen: The citizen has answered, or has deleted the answers.
    """
    with transaction("fieldwork") as connection:
        _require_state(_round(connection, round_id), RoundState.APPROVED)
        found = connection.execute(
            load_query("fieldwork/access_of_person.sql"), {"round_id": round_id, "cpr_lookup": vault().lookup(cpr)}
        ).first()
        if found is None:
            raise CitizenIsUnknown(
                f"Ingen i stikprøven i runde {round_id} har dette cpr-nummer.",
                next_step="Se efter, om det er tastet rigtigt.",
            )
        if found.state not in {"unopened", "started"}:
            raise FormIsNotOpen("Borgeren har allerede svaret.")
        code = vault().staff_code()
        connection.execute(load_query("fieldwork/forget_staff_codes.sql"), {"response_id": found.response_id})
        connection.execute(
            load_query("fieldwork/issue_staff_code.sql"),
            {"code_hash": vault().access_hash(code), "response_id": found.response_id},
        )
        _audit(connection, round_id, operator, "issue_code", person_id=found.person_id)
    return code


def reconcile(round_id: str, operator: str) -> dict[str, int]:
    """
    Compare ledger, journal and receipts in every municipality, and settle what they agree on.

    Sends nothing. What a dead dispatch left behind becomes what the journal says, or `unknown`; receipts settle doubts.
    Where the database is older than the journal, the journal is replayed and the round is paused.

    Returns:
        `given_back`, `settled`, `unknown` (newly in doubt), `replayed` (municipalities), `receipts`, and `in_doubt` now.
    """
    chosen = settings()
    counts = {"given_back": 0, "settled": 0, "unknown": 0, "replayed": 0}
    with transaction("fieldwork") as connection:
        _round(connection, round_id)
        codes = read_table(connection, "fieldwork/municipalities.sql", round_id=round_id)["municipality_code"]
        _audit(connection, round_id, operator, "reconcile")
    for code in codes:
        ledger = Ledger(round_id, str(code), "", _owner(), chosen.lease_seconds)
        with Journal(chosen.journal_place(), round_id, str(code)) as journal:
            try:
                ledger.refuse_restored(journal)
            except RoundWasRestored:
                counts["replayed"] += 1
            for name, number in ledger.recover(journal, clock.now()).items():
                counts[name] += number
    received = collect_receipts(round_id)
    return counts | {"receipts": received["receipts"], "in_doubt": len(doubts(round_id))}


def doubts(round_id: str) -> pd.DataFrame:
    """Return the messages in doubt: one row per message, without whose they are."""
    with transaction("fieldwork") as connection:
        return read_table(connection, "fieldwork/doubts.sql", round_id=round_id)


def decide_doubt(message_id: UUID, *, was_received: bool, operator: str, note: str) -> bool:
    """
    Let a person who has asked the gateway say what became of a message in doubt. After that it is never sent again.

    Returns:
        Whether the message was in doubt.
    """
    state = MessageState.ACCEPTED if was_received else MessageState.FAILED
    with transaction("fieldwork") as connection:
        row = connection.execute(
            load_query("fieldwork/decide_doubt.sql"),
            {"message_id": message_id, "state": str(state), "now": clock.now(), "reason": "afgjort af en medarbejder"},
        ).one_or_none()
        if row is not None:
            _audit(connection, row.round_id, operator, f"decide:{state}", person_id=row.person_id, note=note)
    return row is not None


def alerts(round_id: str) -> list[Alert]:
    """Return what an operator must look at in a round, each with its runbook."""
    moment = clock.now()
    with transaction("fieldwork") as connection:
        plan = _round(connection, round_id)
        health = connection.execute(
            load_query("fieldwork/health.sql"), {"round_id": round_id, "today": moment.date(), "now": moment}
        ).one()
    opened_at = sending_windows().opened_at(Channel.DIGITAL_POST, moment)
    may_send = plan.state == RoundState.APPROVED and not plan.is_paused and moment.date() <= plan.close_date
    idle_since = max(filter(None, (opened_at, health.last_sent_at)), default=None)
    return find_alerts(
        monitor(round_id),
        oldest_doubt_minutes=None if health.oldest_doubt_minutes is None else float(health.oldest_doubt_minutes),
        idle_minutes=(moment - idle_since).total_seconds() / 60 if opened_at and idle_since and may_send else None,
        due=int(health.due),
    )


def watch_messages() -> dict[str, int]:
    """
    Look at the messages of every round in the field.

    Returns:
        `rounds`: how many there are.

    Raises:
        FieldworkNeedsAttention: Somebody must look at something; every alert of every round, with its runbook.
    """
    round_ids = rounds_in_field()
    found = [(round_id, alert) for round_id in round_ids for alert in alerts(round_id)]
    if found:
        raise FieldworkNeedsAttention(
            " ".join(f"Runde {round_id}: {alert.text}" for round_id, alert in found),
            next_step=f"Se {', '.join(sorted({alert.runbook for _, alert in found}))}.",
        )
    return {"rounds": len(round_ids)}


def messages_page(round_id: str | None = None) -> str:
    """
    Return the monitor of a round as a page, of the latest when None.

    Raises:
        UnknownRound: No round has this id.
    """
    with transaction("fieldwork") as connection:
        round_ids = list(connection.execute(load_query("fieldwork/rounds.sql")).scalars())
        chosen = round_id or next(iter(round_ids), None)
        plan = connection.execute(load_query("fieldwork/round.sql"), {"round_id": chosen}).mappings().one_or_none()
        if round_id and plan is None:
            _round(connection, round_id)
    return write_page(
        resource_folder("templates") / "fieldwork",
        round_ids,
        None if plan is None else {str(name): value for name, value in plan.items()},
        monitor(chosen or ""),
        alerts(chosen) if chosen else [],
        clock.now(),
    )


def write_previews(round_id: str, folder: Path) -> list[Path]:
    """Write the letters an approver reads to *folder*, one file per letter, and return the files."""
    with transaction("fieldwork") as connection:
        shown = read_table(connection, "fieldwork/previews.sql", round_id=round_id)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for code, occasion, wave, channel, body in zip(
        *(shown[name] for name in ("municipality_code", "occasion", "wave", "channel", "body")), strict=True
    ):
        file = folder / f"{code}-{wave}-{channel}-{occasion}.{'txt' if channel == 'sms' else 'html'}"
        file.write_text(body, encoding="utf-8")
        written.append(file)
    return written


def _by_hand(action: str, round_id: str, operator: str, parameters: dict[str, str]) -> None:
    with transaction("fieldwork") as connection:
        _round(connection, round_id)
        connection.execute(load_query(f"fieldwork/{action}.sql"), {"round_id": round_id} | parameters)
        _audit(connection, round_id, operator, action, note=parameters.get("reason", ""))


def _audit(
    connection: Connection, round_id: str, operator: str, action: str, *, person_id: UUID | None = None, note: str = ""
) -> None:
    connection.execute(
        load_query("fieldwork/audit.sql"),
        {
            "round_id": round_id,
            "happened_at": clock.now(),
            "operator": operator,
            "action": action,
            "person_id": person_id,
            "note": note,
        },
    )


# --- receipts and the end -----------------------------------------------------------------------------------------


def collect_receipts(round_id: str) -> dict[str, int]:
    """
    Read the receipts that have come since last time, keep each once, and move messages forward.

    A receipt for an id that nobody knows is kept apart; one that cannot be read is kept by its hash. A gateway's
    position moves in the same transaction, so a crash loses none.

    Raises:
        ReceiptIsForged: Receipts do not carry the seal of the shared secret.
        GatewayIsDown: A gateway does not answer.
    """
    with transaction("fieldwork") as connection:
        _round(connection, round_id)  # a gateway's queue knows nothing of rounds, but this one must exist
    counts = {"receipts": 0, "moved": 0, "unknown_ids": 0, "unreadable": 0}
    for name, source in _receipt_sources().items():
        try:
            while _collect_batch(name, source, counts):
                pass
        finally:
            source.close()
    return counts


def finish_messages(round_id: str) -> dict[str, int]:
    """
    Give every message of a round that is over its end, and return how many messages there are in each state.

    Planned ones are cancelled; accepted ones without a receipt, and those in doubt, become `no_receipt`.

    Raises:
        RoundIsStillOpen: The last day is not over, and the round is not stopped.
    """
    with transaction("fieldwork") as connection:
        plan = _round(connection, round_id)
        if clock.today() <= plan.close_date and plan.state != RoundState.STOPPED:
            raise RoundIsStillOpen(
                f"Sidste svardag er {plan.close_date:%d-%m-%Y}.",
                where=f"Runde {round_id}",
                next_step="Kør opgaven igen dagen efter.",
            )
        connection.execute(load_query("fieldwork/finish.sql"), {"round_id": round_id, "now": clock.now()})
    return state_counts(round_id)


def state_counts(round_id: str) -> dict[str, int]:
    """Return how many messages are in each state."""
    with transaction("fieldwork") as connection:
        rows = connection.execute(load_query("fieldwork/state_counts.sql"), {"round_id": round_id})
        return {row.state: row.messages for row in rows}


def monitor(round_id: str) -> pd.DataFrame:
    """Return how far the messages are: one row per municipality, wave, slot and channel."""
    with transaction("fieldwork") as connection:
        return read_table(connection, "fieldwork/monitor.sql", round_id=round_id)


# --- the steps' own steps -----------------------------------------------------------------------------------------


def _round(connection: Connection, round_id: str) -> Row[Any]:
    row = connection.execute(load_query("fieldwork/round.sql"), {"round_id": round_id}).one_or_none()
    if row is None:
        raise UnknownRound(f"Ingen runde har id {round_id}.", next_step="Åbn den med DAG'en rounds.")
    return row


def _planned(connection: Connection, round_id: str) -> dict[str, int]:
    counts = connection.execute(load_query("fieldwork/plan_counts.sql"), {"round_id": round_id}).one()
    return {"people": counts.people, "messages": counts.messages}


def _is_approved(connection: Connection, round_id: str, content_hash: str) -> bool:
    known = {"round_id": round_id, "content_hash": content_hash}
    return bool(connection.execute(load_query("fieldwork/is_approved.sql"), known).scalar_one())


def _require_state(plan: Row[Any], *states: RoundState) -> None:
    if plan.state not in states:
        raise RoundIsNotOpen(
            f"Runden er i tilstanden {plan.state}.", where=f"Runde {plan.round_id}", next_step="Åbn en ny runde."
        )


def _letter_dates(plan: Row[Any]) -> LetterDates:
    return LetterDates(**{name: getattr(plan, name) for name in LetterDates.__dataclass_fields__})


def _letter_book(plan: Row[Any]) -> LetterBook:
    return LetterBook(
        resource_folder("templates") / "letters", _letter_dates(plan), settings().questionnaire_url.rstrip("/")
    )


def _municipality_hashes(
    connection: Connection, round_id: str, book: LetterBook, municipality_code: str | None = None
) -> dict[str, str]:
    """Return what would be sent now, by municipality code: of one of them or of all."""
    rows = connection.execute(
        load_query("fieldwork/municipality_contents.sql"),
        {"round_id": round_id, "municipality_code": municipality_code},
    )
    return municipality_hashes({row.municipality_code: row.content for row in rows}, book.fingerprint())


def _texts(connection: Connection, round_id: str) -> dict[str, MunicipalityText]:
    rows = connection.execute(load_query("fieldwork/texts.sql"), {"round_id": round_id}).mappings()
    texts = {}
    for row in rows:
        fields = dict(row)
        code = str(fields.pop("municipality_code"))
        texts[code] = MunicipalityText(**fields)
    return texts


def _keep_standard_texts(connection: Connection, plan: Row[Any]) -> None:
    book = _letter_book(plan)
    for row in connection.execute(load_query("fieldwork/municipalities.sql"), {"round_id": plan.round_id}).all():
        text = book.standard_text(row.municipality_name)
        connection.execute(
            load_query("fieldwork/keep_text.sql"),
            {"round_id": plan.round_id, "municipality_code": row.municipality_code} | asdict(text),
        )


def _draw_arms(connection: Connection, plan: Row[Any], sample: pd.DataFrame) -> None:
    if plan.state != RoundState.OPEN:
        return
    connection.execute(load_query("fieldwork/forget_arms.sql"), {"round_id": plan.round_id})
    share = connection.execute(load_query("fieldwork/design.sql"), {"round_id": plan.round_id}).scalar()
    if share is not None:
        copy_rows(connection, "fieldwork.arm", planning.draw_arms(plan.round_id, sample, share, plan.seed))


def _opened_sample(connection: Connection, round_id: str) -> pd.DataFrame:
    """Return the sampled people with name, number and address opened; never leaves this process."""
    people = read_table(connection, "fieldwork/sampled_citizens.sql", round_id=round_id)
    key = _round_key(connection, round_id)
    for column in ("name", "mobile", "address"):
        people[column] = [
            key.decrypt(bytes(sealed), f"{column}|{person}") if sealed is not None else ""
            for sealed, person in zip(people[column], people["person_id"], strict=True)
        ]
    return people


def _round_key(connection: Connection, round_id: str) -> RoundKey:
    wrapped = connection.execute(load_query("fieldwork/data_key.sql"), {"round_id": round_id}).scalar()
    if wrapped is None:
        raise UnknownRound(
            "Rundens nøgle findes ikke: ingen udtræk er læst ind, eller runden er glemt.", where=f"Runde {round_id}"
        )
    return vault().open_data_key(bytes(wrapped), round_id)


def _can_be_written(book: LetterBook, text: MunicipalityText, recipient: Recipient) -> bool:
    try:
        return all(recipient.code[:5] in book.letter(wave, text, recipient).html for wave in (1, 2, 3))
    except (ValueError, TypeError):
        return False


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _cvr(municipality_code: str) -> str:
    table = municipalities()
    return str(table.loc[table["municipality_code"] == municipality_code, "cvr"].iloc[0])


def _receipt_sources() -> dict[str, ReceiptSource]:
    chosen = settings()
    token = chosen.require("gateway_token")
    urls = {"digital_post": chosen.digital_post_gateway_url, "sms": chosen.sms_gateway_url}
    return {
        name: ReceiptSource(GatewayConnections(urls[name], chosen.gateway_timeout_seconds), token, GATEWAYS[name])
        for name in urls
    }


def _collect_batch(name: str, source: ReceiptSource, counts: dict[str, int]) -> bool:
    """Read one batch and return whether there may be more."""
    with transaction("fieldwork") as connection:
        connection.execute(load_query("fieldwork/begin_cursor.sql"), {"gateway": name})
        position = connection.execute(load_query("fieldwork/cursor.sql"), {"gateway": name}).scalar_one()
        batch = source.after(position)
        if not batch:
            return False
        receipts: list[Receipt] = []
        for delivered in batch:
            try:
                receipts.append(source.read(delivered))
            except ReceiptIsUnreadable as error:
                counts["unreadable"] += connection.execute(
                    load_query("fieldwork/keep_broken.sql"),
                    {
                        "gateway": name,
                        "position": delivered.position,
                        "content_sha256": delivered.sha256(),
                        "problem": error.what,
                    },
                ).rowcount
        kept, moved, strangers = keep_receipts(connection, receipts)
        counts["receipts"] += kept
        counts["moved"] += moved
        counts["unknown_ids"] += strangers
        connection.execute(load_query("fieldwork/move_cursor.sql"), {"gateway": name, "position": batch[-1].position})
    return True


def keep_receipts(connection: Connection, receipts: Iterable[Receipt]) -> tuple[int, int, int]:
    """Keep receipts and move their messages; return how many were new, how many messages moved, how many strangers."""
    table = pd.DataFrame(
        [
            {
                "receipt_id": one.receipt_id,
                "message_id": one.message_id,
                "status": str(one.status),
                "reason": one.reason,
                "channel": str(one.channel),
                "occurred_at": one.occurred_at.isoformat(),
            }
            for one in receipts
        ]
    )
    if table.empty:
        return 0, 0, 0
    connection.execute(load_query("fieldwork/stage_receipts.sql"))
    copy_rows(connection, "staged_receipt", table)
    kept = connection.execute(load_query("fieldwork/keep_receipts.sql")).all()
    moved = connection.execute(load_query("fieldwork/apply_receipts.sql"), {"now": clock.now()}).rowcount
    return len(kept), moved, sum(not row.is_known for row in kept)
