"""
Fieldwork, step by step: plan, show, approve, send, collect receipts, finish, watch.

Airflow decides when these run; the ledger's statements decide whether anything is sent. Each may be run again at any
time. What people do by hand is in operations.py.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row

from borgerpuls import clock
from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import (
    ApproverOpenedTheRound,
    ContentHasChanged,
    FieldworkNeedsAttention,
    NothingToApprove,
    RoundIsStillOpen,
)
from borgerpuls.fieldwork import departure, planning
from borgerpuls.fieldwork import dry_run as showing
from borgerpuls.fieldwork.channels.letter import usable_address
from borgerpuls.fieldwork.channels.sms import usable_number
from borgerpuls.fieldwork.contents import round_hash
from borgerpuls.fieldwork.intake import take_in_receipts
from borgerpuls.fieldwork.journal import Journal
from borgerpuls.fieldwork.ledger import Ledger, new_owner
from borgerpuls.fieldwork.letters import Recipient
from borgerpuls.fieldwork.monitor import STANDSTILL, Alert
from borgerpuls.fieldwork.monitor import alerts as find_alerts
from borgerpuls.fieldwork.monitor_page import messages_page as write_page
from borgerpuls.fieldwork.round_content import (
    content_hashes,
    letter_book,
    letter_dates,
    opened_sample,
    refuse_forgotten,
    require_state,
    round_key_of,
    round_of,
    texts_of,
)
from borgerpuls.resources import resource_folder
from borgerpuls.settings import settings
from borgerpuls.terms import Channel, RoundState
from borgerpuls.vault import RoundKey, vault

# --- plan -------------------------------------------------------------------------------------------------------


def plan_messages(round_id: str) -> dict[str, int]:
    """
    Plan each message a sampled person may get, and lay an unopened form for each person.

    Who wants no contact in any round is opted out of this one. In a round that is over nothing is planned any more; what
    was planned is counted.

    Raises:
        UnknownRound: No round has this id.
        RoundIsForgotten: The round's people are forgotten.
        RoundIsNotOpen: The round is stopped.
        RoundKeyIsMissing: The round's key is not where it should be.
    """
    with transaction("fieldwork") as connection:
        connection.execute(load_query("fieldwork/hold_round.sql"), {"round_id": round_id})
        plan = round_of(connection, round_id)
        refuse_forgotten(plan)
        if plan.state in {RoundState.CLOSED, RoundState.PUBLISHED}:
            return _planned(connection, round_id)
        require_state(plan, RoundState.OPEN, RoundState.APPROVED)
        key = round_key_of(connection, round_id)
        sample = read_table(connection, "fieldwork/sampled_people.sql", round_id=round_id)
        if plan.state == RoundState.OPEN:
            connection.execute(load_query("fieldwork/forget_unsampled.sql"), {"round_id": round_id})
            connection.execute(
                load_query("fieldwork/forget_access.sql"), {"round_id": round_id, "link_key": key.link_key}
            )
        dates = letter_dates(plan)
        messages = planning.plan_round(round_id, sample, [dates.of_wave(wave) for wave in (1, 2, 3)], key)
        access = planning.plan_access(round_id, sample, key, vault().access_hash)
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
        _keep_no_contact(connection, round_id, key)
        _keep_standard_texts(connection, plan)
        return _planned(connection, round_id)


# --- show and approve -------------------------------------------------------------------------------------------


def prepare_dry_run(round_id: str) -> dict[str, int]:
    """
    Write every letter, keep previews with invented recipients, and count what would be sent and what it may cost.

    Needs no credential of any gateway and sends nothing.

    Raises:
        UnknownRound: No round has this id.
        RoundIsForgotten: The round's people are forgotten.
        RoundKeyIsMissing: The round's key is not where it should be.
        NothingToApprove: Nothing is planned, or some letters could not be written.
    """
    with transaction("fieldwork") as connection:
        connection.execute(load_query("fieldwork/hold_round.sql"), {"round_id": round_id})
        plan = round_of(connection, round_id)
        book = letter_book(plan)
        texts = texts_of(connection, round_id)
        key = round_key_of(connection, round_id)
        people = opened_sample(connection, round_id, key)
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
            unwritable += showing.count_unwritable(book, text, _recipients(key, group))
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
        counts = showing.sum_up(forecast, people)
        connection.execute(load_query("fieldwork/forget_previews.sql"), {"round_id": round_id})
        copy_rows(connection, "fieldwork.preview", pd.concat(shown, ignore_index=True))
        connection.execute(
            load_query("fieldwork/keep_dry_run.sql"),
            {
                "round_id": round_id,
                "content_hash": round_hash(content_hashes(connection, round_id, book)),
                "counts": json.dumps(counts, sort_keys=True),
            },
        )
    return {name: int(counts[name]) for name in ("people", "messages", "sms_parts", "people_without_number")}


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
        plan = round_of(connection, round_id)
        names = {
            row.municipality_code: row.municipality_name
            for row in connection.execute(load_query("fieldwork/municipalities.sql"), {"round_id": round_id})
        }
        read = read_table(connection, "fieldwork/example_previews.sql", round_id=round_id)
        left_out = read_table(connection, "fieldwork/municipalities_left_out.sql", round_id=round_id)
    groups = load_codebook(plan.codebook_version).labels("target_group")
    return showing.approval_text(
        round_id, plan.name, plan.opened_by, letter_dates(plan), content_hash, counts, names, groups, read, left_out
    )


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
        plan = round_of(connection, round_id)
        if approved_by.strip().casefold() == plan.opened_by.strip().casefold():
            raise ApproverOpenedTheRound(
                f"Runden er åbnet af {plan.opened_by} og skal godkendes af en anden.",
                where=f"Runde {round_id}",
                next_step="Lad en kollega gennemgå prøveudsendelsen og godkende.",
            )
        hashes = content_hashes(connection, round_id, letter_book(plan))
        current = round_hash(hashes)
        if current != shown_hash or (content_hash is not None and content_hash != current):
            raise ContentHasChanged(
                "Stikprøve, tekster eller datoer er ændret efter prøveudsendelsen.",
                where=f"Runde {round_id}",
                next_step="Svar på den nyeste anmodning. Er der ingen nyere, så kør prepare_dry_run og det følgende igen (Clear).",
            )
        if _is_approved(connection, round_id, current):
            return {"approved": 0}
        require_state(plan, RoundState.OPEN, RoundState.APPROVED)
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


def municipalities_due() -> list[dict[str, str]]:
    """Return round, code and name of each municipality with messages due now, left by a crash, or to be sent again."""
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            load_query("fieldwork/municipalities_due.sql"),
            {
                "today": clock.today(),
                "resend_channels": sorted(str(channel) for channel in departure.resend_channels()),
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
        RoundIsForgotten: The round's people are forgotten.
        RoundKeyIsMissing: The round's key is not where it should be.
        RoundWasRestored: The journal knows more than the database; the round is paused.
        GatewayIsDown: A gateway does not answer; what was not sent is still planned.
        GatewayRefusesUs: A gateway does not accept us.
        JournalIsUnwritable: The journal cannot be written.
    """
    chosen = settings()
    with transaction("fieldwork") as connection:
        plan = round_of(connection, round_id)
        book = letter_book(plan)
        hashes = content_hashes(connection, round_id, book, municipality_code)
        round_key = round_key_of(connection, round_id)
        text = texts_of(connection, round_id)[municipality_code]
    ledger = Ledger(
        round_id, municipality_code, hashes[municipality_code], new_owner(), chosen.lease_seconds, round_key.link_key
    )
    with (
        departure.connected_postman(plan, municipality_code, text, book, round_key) as postman,
        Journal(chosen.journal_place(), round_id, municipality_code) as journal,
    ):
        sent = departure.depart(plan, ledger, journal, postman, round_key)
    held, _, _ = ledger.held(clock.today())
    return sent | {"held": held}


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
        round_of(connection, round_id)  # a gateway's queue knows nothing of rounds, but this one must exist
    return take_in_receipts()


def finish_messages(round_id: str) -> dict[str, int]:
    """
    Give every message of a round that is over its end, and return how many messages there are in each state.

    Planned ones are cancelled; accepted ones without a receipt, and those in doubt, become `no_receipt`. In a round that is
    forgotten there is none left.

    Raises:
        RoundKeyIsMissing: The round's key is not where it should be.
        RoundIsStillOpen: The last day is not over, and the round is not stopped.
    """
    with transaction("fieldwork") as connection:
        plan = round_of(connection, round_id)
        if clock.today() <= plan.close_date and plan.state != RoundState.STOPPED:
            raise RoundIsStillOpen(
                f"Sidste svardag er {plan.close_date:%d-%m-%Y}.",
                where=f"Runde {round_id}",
                next_step="Kør opgaven igen dagen efter.",
            )
        if plan.forgotten_at is None:
            key = round_key_of(connection, round_id)
            connection.execute(
                load_query("fieldwork/finish.sql"),
                {"round_id": round_id, "link_key": key.link_key, "now": clock.now()},
            )
    return state_counts(round_id)


# --- watch -------------------------------------------------------------------------------------------------------


def state_counts(round_id: str) -> dict[str, int]:
    """Return how many messages are in each state."""
    with transaction("fieldwork") as connection:
        rows = connection.execute(load_query("fieldwork/state_counts.sql"), {"round_id": round_id})
        return {row.state: row.messages for row in rows}


def monitor(round_id: str) -> pd.DataFrame:
    """Return how far the messages are: one row per municipality, wave, slot and channel."""
    with transaction("fieldwork") as connection:
        return read_table(connection, "fieldwork/monitor.sql", round_id=round_id)


def reasons(round_id: str) -> pd.DataFrame:
    """Return why messages were cancelled or failed: one row per wave, slot, state and reason, with `messages`."""
    with transaction("fieldwork") as connection:
        return read_table(connection, "fieldwork/reasons.sql", round_id=round_id)


def alerts(round_id: str) -> list[Alert]:
    """Return what an operator must look at in a round, each with its runbook."""
    moment = clock.now()
    with transaction("fieldwork") as connection:
        plan = round_of(connection, round_id)
        health = connection.execute(
            load_query("fieldwork/health.sql"), {"round_id": round_id, "today": moment.date(), "now": moment}
        ).one()
    opened_at = departure.sending_windows().opened_at(Channel.DIGITAL_POST, moment)
    may_send = plan.state == RoundState.APPROVED and not plan.is_paused and moment.date() <= plan.close_date
    idle_since = max(filter(None, (opened_at, health.last_sent_at)), default=None)
    found = find_alerts(
        monitor(round_id),
        oldest_doubt_minutes=None if health.oldest_doubt_minutes is None else float(health.oldest_doubt_minutes),
        idle_minutes=(moment - idle_since).total_seconds() / 60 if opened_at and idle_since and may_send else None,
        due=int(health.due),
    )
    return [_with_unapproved(plan, alert) if alert.name == STANDSTILL else alert for alert in found]


def _with_unapproved(plan: Row[Any], alert: Alert) -> Alert:
    """Return a standstill that names the municipalities where other content is planned than was approved."""
    with transaction("fieldwork") as connection:
        approved = connection.execute(
            load_query("fieldwork/approved_municipalities.sql"), {"round_id": plan.round_id}
        ).all()
        current = content_hashes(connection, plan.round_id, letter_book(plan))
        names = read_table(connection, "fieldwork/municipalities.sql", round_id=plan.round_id)
    hashes = {(row.municipality_code, row.municipality_hash) for row in approved}
    changed = {code for code, content in current.items() if (code, content) not in hashes}
    if not changed:
        return alert
    told = ", ".join(names.loc[names["municipality_code"].isin(changed), "municipality_name"].sort_values())
    return replace(alert, text=f"{alert.text} Godkendelsen gælder ikke det, der nu ville blive sendt i: {told}.")


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


def round_status(round_id: str) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame, list[Alert]]:
    """
    Return a round's plan, how far its messages are (see `monitor`), why some did not go (see `reasons`), and what somebody
    must look at.

    Raises:
        UnknownRound: No round has this id.
    """
    with transaction("fieldwork") as connection:
        plan = round_of(connection, round_id)._asdict()
    return plan, monitor(round_id), reasons(round_id), alerts(round_id)


def messages_page(round_id: str | None = None) -> str:
    """
    Return the monitor of a round as a page, of the latest when None.

    Raises:
        UnknownRound: No round has this id.
    """
    with transaction("fieldwork") as connection:
        round_ids = list(connection.execute(load_query("fieldwork/rounds.sql")).scalars())
    chosen = round_id or next(iter(round_ids), None)
    plan, counts, why, found = round_status(chosen) if chosen else (None, None, None, [])
    return write_page(resource_folder("templates") / "fieldwork", round_ids, plan, counts, why, found, clock.now())


# --- the steps' own steps -----------------------------------------------------------------------------------------


def _planned(connection: Connection, round_id: str) -> dict[str, int]:
    counts = connection.execute(load_query("fieldwork/plan_counts.sql"), {"round_id": round_id}).one()
    return {"people": counts.people, "messages": counts.messages}


def _is_approved(connection: Connection, round_id: str, content_hash: str) -> bool:
    known = {"round_id": round_id, "content_hash": content_hash}
    return bool(connection.execute(load_query("fieldwork/is_approved.sql"), known).scalar_one())


def _keep_standard_texts(connection: Connection, plan: Row[Any]) -> None:
    book = letter_book(plan)
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


def _keep_no_contact(connection: Connection, round_id: str, key: RoundKey) -> None:
    listed = set(connection.execute(load_query("fieldwork/no_contact.sql")).scalars())
    if not listed:
        return
    people = connection.execute(load_query("fieldwork/sampled_cprs.sql"), {"round_id": round_id})
    found = [row.person_id for row in people if vault().lookup(key.decrypt(row.cpr, f"cpr|{row.person_id}")) in listed]
    connection.execute(
        load_query("fieldwork/opt_out_listed.sql"), {"round_id": round_id, "person_ids": found, "now": clock.now()}
    )


def _recipients(key: RoundKey, people: pd.DataFrame) -> Iterator[Recipient]:
    """Yield each person with link and code, for a letter that is written and thrown away."""
    for person_id, name in zip(people["person_id"], people["name"], strict=True):
        yield Recipient(name, key.link_token(person_id), key.typed_code(person_id))
