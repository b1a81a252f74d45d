"""
What operations do by hand: pause, resume, stop, settle doubts, explain a citizen's contacts, issue a code, change texts.

Whatever touches a citizen or stops a round is written down with who did it.
"""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection

from borgerpuls import clock
from borgerpuls.database import load_query, read_table, transaction
from borgerpuls.errors import (
    CitizenIsUnknown,
    FormIsNotOpen,
    MunicipalityIsNotInRound,
    NothingToApprove,
    RoundWasRestored,
)
from borgerpuls.fieldwork.arms import ArmDifference, compare_arms
from borgerpuls.fieldwork.intake import take_in_receipts
from borgerpuls.fieldwork.journal import Journal
from borgerpuls.fieldwork.ledger import Ledger, new_owner
from borgerpuls.fieldwork.letters import MunicipalityText
from borgerpuls.fieldwork.round_content import refuse_forgotten, require_state, round_key_of, round_of, texts_of
from borgerpuls.plain_files import read_plain
from borgerpuls.settings import settings
from borgerpuls.terms import MessageState, RoundState
from borgerpuls.vault import RoundKey, vault

OPTED_OUT = "opted_out"
"""The one reason that lasts beyond the round."""
EVERY_ROUND = "alle"
"""What the audit calls something that was done for no single round."""
NOBODY_IN_A_ROUND_UNDER_WAY = "Ingen i en runde, der ikke er slut, har dette cpr-nummer."


def pause(round_id: str, reason: str, operator: str) -> None:
    """Let a round send nothing until it is resumed. Takes effect within one batch."""
    _by_hand("pause", round_id, operator, {"reason": reason})


def resume(round_id: str, operator: str) -> None:
    """Let a paused round go on."""
    _by_hand("resume", round_id, operator, {})


def stop(round_id: str, reason: str, operator: str) -> None:
    """
    Stop a round for good: nothing is ever sent in it again.

    Raises:
        RoundIsNotOpen: It is stopped already, or over.
    """
    _by_hand("stop", round_id, operator, {"reason": reason}, RoundState.OPEN, RoundState.APPROVED)


def reconcile(round_id: str, operator: str) -> dict[str, int]:
    """
    Compare ledger, journal and receipts in every municipality, and settle what they agree on.

    Sends nothing. What a dead dispatch left behind becomes what the journal says, or `unknown`; receipts settle doubts.
    Where the database is older than the journal, the journal is replayed and the round is paused.

    Returns:
        `given_back`, `settled`, `unknown` (newly in doubt), `replayed` (municipalities), `receipts`, and `in_doubt` now.

    Raises:
        UnknownRound: No round has this id.
        RoundIsForgotten: Nothing is left to compare.
    """
    chosen = settings()
    counts = {"given_back": 0, "settled": 0, "unknown": 0, "replayed": 0}
    with transaction("fieldwork") as connection:
        link_key = round_key_of(connection, round_id).link_key
        codes = read_table(connection, "fieldwork/municipalities.sql", round_id=round_id)["municipality_code"]
        _audit(connection, round_id, operator, "reconcile")
    for code in codes:
        ledger = Ledger(round_id, str(code), "", new_owner(), chosen.lease_seconds, link_key)
        with Journal(chosen.journal_place(), round_id, str(code)) as journal:
            try:
                ledger.refuse_restored(journal)
            except RoundWasRestored:
                counts["replayed"] += 1
            for name, number in ledger.recover(journal, clock.now()).items():
                counts[name] += number
    received = take_in_receipts()
    return counts | {"receipts": received["receipts"], "in_doubt": len(doubts(round_id))}


def doubts(round_id: str) -> pd.DataFrame:
    """Return the messages in doubt: one row per message, without whose they are; `sent_at` in Danish time."""
    with transaction("fieldwork") as connection:
        table = read_table(connection, "fieldwork/doubts.sql", round_id=round_id)
    return table.assign(sent_at=pd.to_datetime(table["sent_at"], utc=True).dt.tz_convert(clock.COPENHAGEN))


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


def explain(cpr: str, operator: str) -> list[dict[str, Any]]:
    """
    Return a citizen's whole contact history, for somebody who is asked about it. Every look is written down.

    Args:
        cpr: Ten digits, typed at a prompt; never an argument of a command, a parameter of a DAG or a log line.
        operator: Who asks.

    Returns:
        One entry per round: `round_id`, `person_id`, `municipality_code`, `municipality_name`, `form` (state of the form,
        never the answers), `opt_out`, `messages` and `receipts` (lists of rows, times in Danish time).

    Raises:
        CitizenIsUnknown: Nobody with this number is in any round that is not forgotten; those that are, are named.
    """
    with transaction("fieldwork") as connection:
        keys = _keys_of_rounds_with_people(connection)
        found = connection.execute(load_query("fieldwork/person_of_cpr.sql"), _lookups(keys, cpr)).all()
        if not found:
            raise _unknown(connection, "Ingen i nogen runde har dette cpr-nummer.")
        history = []
        for row in found:
            who = {"round_id": row.round_id, "person_id": row.person_id}
            _audit(connection, row.round_id, operator, "explain", person_id=row.person_id)
            entry: dict[str, Any] = row._asdict()
            entry["form"] = connection.execute(
                load_query("fieldwork/form_of_person.sql"), who | {"link_key": keys[row.round_id].link_key}
            ).scalar()
            entry["opt_out"] = connection.execute(load_query("fieldwork/opt_out_of_person.sql"), who).scalar()
            for name, query in (("messages", "history"), ("receipts", "receipts_of_person")):
                rows = connection.execute(load_query(f"fieldwork/{query}.sql"), who).mappings()
                entry[name] = [{str(field): _danish_time(value) for field, value in one.items()} for one in rows]
            history.append(entry)
    return history


def require_answers_are_taken(round_id: str) -> None:
    """
    Refuse a round that takes no answers, before anybody is asked for a CPR number.

    Raises:
        UnknownRound: No such round.
        RoundIsForgotten: The round's people are forgotten.
        RoundIsNotOpen: The round takes no answers.
    """
    with transaction("fieldwork") as connection:
        plan = round_of(connection, round_id)
        refuse_forgotten(plan)
        require_state(plan, RoundState.APPROVED)


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
        RoundIsForgotten: The round's people are forgotten.
        CitizenIsUnknown: Nobody with this number was sampled in the round.
        FormIsNotOpen: The citizen has answered, or has deleted the answers.
    """
    with transaction("fieldwork") as connection:
        plan = round_of(connection, round_id)
        refuse_forgotten(plan)
        require_state(plan, RoundState.APPROVED)
        key = round_key_of(connection, round_id)
        found = connection.execute(
            load_query("fieldwork/access_of_person.sql"),
            {"round_id": round_id, "cpr_lookup": key.lookup(cpr), "link_key": key.link_key},
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


def opt_out(cpr: str, reason: str, operator: str, *, is_ahead: bool = False) -> list[str]:
    """
    Keep that a citizen is not to be contacted any more; what is not yet sent is cancelled by the next dispatch.

    Who does not want to be contacted (`opted_out`) is not contacted in later rounds either. Kept of them is a keyed hash
    of the CPR number and the day, which no round that is forgotten takes along.

    Args:
        cpr: Ten digits, typed at a prompt or read from a file.
        reason: `opted_out`, `dead`, `moved` or `withdrawn`.
        operator: Who was told.
        is_ahead: Keep it for later rounds, also where nobody with this number is in one now (`opted_out` alone).

    Returns:
        The rounds it was kept in: those that are not over.

    Raises:
        CitizenIsUnknown: Nobody with this number is in a round that is not over; those that are forgotten are named.
    """
    moment = clock.now()
    with transaction("fieldwork") as connection:
        found = _set_contact(
            connection, cpr, operator, "keep_opt_out", f"opt_out:{reason}", {"reason": reason, "now": moment}
        )
        is_lasting = reason == OPTED_OUT
        if not found and not (is_ahead and is_lasting):
            raise _unknown(connection, NOBODY_IN_A_ROUND_UNDER_WAY)
        if is_lasting:
            connection.execute(
                load_query("fieldwork/keep_no_contact.sql"),
                {"cpr_lookup": vault().lookup(cpr), "known_date": moment.date()},
            )
        if not found:
            _audit(connection, EVERY_ROUND, operator, f"opt_out:{reason}")
    return found


def take_back_opt_out(cpr: str, operator: str) -> list[str]:
    """
    Let a citizen be contacted again, who was opted out by mistake, also in later rounds. Messages already cancelled stay
    cancelled.

    Returns:
        The rounds it was taken back in.

    Raises:
        CitizenIsUnknown: Nobody with this number is opted out of a round that is not over, or of those to come.
    """
    with transaction("fieldwork") as connection:
        found = _set_contact(connection, cpr, operator, "forget_opt_out", "take_back_opt_out", {})
        was_listed = connection.execute(
            load_query("fieldwork/forget_no_contact.sql"), {"cpr_lookup": vault().lookup(cpr)}
        ).rowcount
        if not found and not was_listed:
            raise _unknown(connection, NOBODY_IN_A_ROUND_UNDER_WAY)
        if not found:
            _audit(connection, EVERY_ROUND, operator, "take_back_opt_out")
    return found


def municipality_texts(round_id: str) -> pd.DataFrame:
    """
    Return the municipalities' words: one row per municipality, its code and the fields of MunicipalityText.

    Raises:
        UnknownRound: No round has this id.
    """
    with transaction("fieldwork") as connection:
        round_of(connection, round_id)
        return read_table(connection, "fieldwork/texts.sql", round_id=round_id)


def read_municipality_texts(round_id: str, file: Path) -> list[str]:
    """
    Let municipalities use the words of a comma-separated file like the one `municipality_texts` makes; all or none.

    Returns:
        Codes of the municipalities whose words have changed.

    Raises:
        FileIsMissing, ColumnIsMissing, ValueIsUnreadable: The file cannot be read.
        MunicipalityIsNotInRound: A code is none of the round's.
        MunicipalityTextIsUnusable: Some words cannot be sent.
        RoundIsNotOpen: The round is over.
    """
    fields = list(MunicipalityText.__dataclass_fields__)
    table = read_plain(
        file.parent,
        file.name,
        ["municipality_code", *fields],
        when_missing=f"Make it with `borgerpuls fieldwork write-texts {round_id} {file}`.",
    )
    rows = table.fillna("").to_dict(orient="records")
    new = {
        str(row["municipality_code"]).zfill(4): MunicipalityText(**{name: row[name] for name in fields}) for row in rows
    }
    with transaction("fieldwork") as connection:
        require_state(round_of(connection, round_id), RoundState.OPEN, RoundState.APPROVED)
        kept = texts_of(connection, round_id)
        strangers = sorted(set(new) - set(kept))
        if strangers:
            raise MunicipalityIsNotInRound(
                f"Runden har ingen tekster for {', '.join(strangers)}.", where=file.name, next_step="Ret kommunekoden."
            )
        changed = [code for code, text in new.items() if text != kept[code]]
        for code in changed:
            _keep_text(connection, round_id, code, new[code])
    return changed


def set_municipality_text(round_id: str, municipality_code: str, text: MunicipalityText) -> None:
    """
    Let a municipality use its own words. An approval of other words no longer counts.

    Raises:
        MunicipalityTextIsUnusable: The words cannot be sent; every reason is given.
    """
    with transaction("fieldwork") as connection:
        _keep_text(connection, round_id, municipality_code, text)


def set_reminder_arms(round_id: str, sms_share: float) -> None:
    """
    Let a random share of each municipality get an SMS beside the reminders, the others not.

    Takes effect at the next `plan_messages`, and only before approval.

    Raises:
        RoundIsNotOpen: The round is approved already, or over.
    """
    with transaction("fieldwork") as connection:
        require_state(round_of(connection, round_id), RoundState.OPEN)
        connection.execute(load_query("fieldwork/keep_design.sql"), {"round_id": round_id, "sms_share": sms_share})


def arm_difference(round_id: str) -> ArmDifference:
    """
    Return how many more have answered so far where an SMS comes beside the reminders.

    Raises:
        UnknownRound: No round has this id.
        RoundIsForgotten: The round's people are forgotten.
        RoundHasNoArms: No lots were drawn.
    """
    with transaction("fieldwork") as connection:
        link_key = round_key_of(connection, round_id).link_key
        return compare_arms(
            read_table(connection, "fieldwork/answers_by_arm.sql", round_id=round_id, link_key=link_key)
        )


def write_previews(round_id: str, folder: Path) -> list[Path]:
    """
    Write the letters an approver reads to *folder*, one file per letter, and return the files.

    Raises:
        UnknownRound: No round has this id.
        NothingToApprove: Its letters have not been made yet.
    """
    with transaction("fieldwork") as connection:
        round_of(connection, round_id)
        shown = read_table(connection, "fieldwork/previews.sql", round_id=round_id)
    if shown.empty:
        raise NothingToApprove(
            "Der er ingen breve at læse endnu.",
            where=f"Runde {round_id}",
            next_step="Vent på prepare_dry_run i DAG'en fieldwork.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for code, occasion, wave, channel, body in zip(
        *(shown[name] for name in ("municipality_code", "occasion", "wave", "channel", "body")), strict=True
    ):
        file = folder / f"{code}-{wave}-{channel}-{occasion}.{'txt' if channel == 'sms' else 'html'}"
        file.write_text(body, encoding="utf-8")
        written.append(file)
    return written


def _set_contact(
    connection: Connection, cpr: str, operator: str, query: str, action: str, parameters: dict[str, Any]
) -> list[str]:
    keys = _keys_of_rounds_with_people(connection, RoundState.OPEN, RoundState.APPROVED)
    found = connection.execute(load_query(f"fieldwork/{query}.sql"), _lookups(keys, cpr) | parameters).all()
    for row in found:
        _audit(connection, row.round_id, operator, action, person_id=row.person_id)
    return sorted(row.round_id for row in found)


def _keys_of_rounds_with_people(connection: Connection, *states: RoundState) -> dict[str, RoundKey]:
    """Return the keys of the rounds in *states*, or in any; that of a round which does not matter may be lost."""
    known = {"states": [str(state) for state in states or RoundState]}
    rounds = connection.execute(load_query("fieldwork/rounds_with_people.sql"), known).scalars()
    return {round_id: vault().round_key(round_id) for round_id in rounds}


def _lookups(keys: dict[str, RoundKey], cpr: str) -> dict[str, Any]:
    return {"round_ids": list(keys), "lookups": [key.lookup(cpr) for key in keys.values()]}


def _unknown(connection: Connection, what: str) -> CitizenIsUnknown:
    forgotten = list(connection.execute(load_query("fieldwork/forgotten_rounds.sql")).scalars())
    gone = f" I runde {', '.join(forgotten)}, som er glemt, kan ingen slås op." if forgotten else ""
    return CitizenIsUnknown(f"{what}{gone}", next_step="Se efter, om det er tastet rigtigt.")


def _keep_text(connection: Connection, round_id: str, municipality_code: str, text: MunicipalityText) -> None:
    text.check()
    connection.execute(
        load_query("fieldwork/replace_text.sql"),
        {"round_id": round_id, "municipality_code": municipality_code} | asdict(text),
    )


def _danish_time(value: object) -> object:
    return value.astimezone(clock.COPENHAGEN) if isinstance(value, datetime) else value


def _by_hand(action: str, round_id: str, operator: str, parameters: dict[str, str], *states: RoundState) -> None:
    with transaction("fieldwork") as connection:
        require_state(round_of(connection, round_id), *(states or RoundState))
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
