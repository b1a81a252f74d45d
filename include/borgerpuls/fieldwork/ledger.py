"""
The message ledger: the only way to claim a message, to begin sending it, and to say what became of it.

Airflow decides when; the statements behind this module decide whether. A message is claimed and committed as being
sent before its call, its intent is on disk in the journal before the call, and a doubt is never sent again but under its
own id to a gateway that takes each id once.
"""

import os
import socket
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from borgerpuls.database import load_query, transaction
from borgerpuls.errors import RoundWasRestored
from borgerpuls.fieldwork.channels.port import Outcome
from borgerpuls.fieldwork.journal import INTENT, OPEN_OUTCOMES, Entry, Journal
from borgerpuls.terms import Channel, MessageState, Slot

REPLAYED = {
    "accepted": "accepted", "rejected": "rejected", "unknown": "unknown", "intent": "unknown", "planned": "planned",
}  # fmt: skip
"""What the journal's last word makes of a message that the database has forgotten."""


@dataclass(frozen=True)
class Claimed:
    """One claimed message with its person's sealed identity."""

    message_id: UUID
    transaction_id: UUID
    person_id: UUID
    wave: int
    slot: str
    attempt: int
    cpr: bytes = field(repr=False)
    name: bytes | None = field(repr=False)
    mobile: bytes | None = field(repr=False)
    is_without_sms: bool
    address: bytes | None = field(default=None, repr=False)
    channel_in_doubt: str | None = None
    """The channel of a message that is sent again; None when it is sent for the first time."""


@dataclass(frozen=True)
class Finished:
    """A message and what became of it."""

    message_id: UUID
    attempt: int
    outcome: Outcome


@dataclass(frozen=True)
class Ledger:
    """The ledger as one dispatch sees it: one municipality of one round, for exactly the approved content."""

    round_id: str
    municipality_code: str
    municipality_hash: str
    """Of what would be sent in the municipality now; only what was approved is sent (contents.py)."""
    owner: str
    lease_seconds: int
    link_key: bytes = field(repr=False)
    """Tells whose a form is (RoundKey.link_key): nobody who has answered is written to."""

    def claim(self, slot: Slot, today: date, batch_size: int, *, is_window_open: bool) -> list[Claimed]:
        """Claim up to *batch_size* messages that every guard lets through, and return them."""
        with transaction("fieldwork") as connection:
            rows = connection.execute(
                load_query("fieldwork/claim.sql"),
                self._place
                | {
                    "slot": str(slot),
                    "is_window_open": is_window_open,
                    "today": today,
                    "municipality_hash": self.municipality_hash,
                    "link_key": self.link_key,
                    "owner": self.owner,
                    "lease_seconds": self.lease_seconds,
                    "batch_size": batch_size,
                },
            )
            return [Claimed(**row) for row in rows.mappings()]

    def claim_doubts(
        self, channels: Collection[Channel], today: date, sent_after: datetime, batch_size: int
    ) -> list[Claimed]:
        """
        Claim up to *batch_size* messages in doubt, to send them again under their own ids; none twice in one dispatch.

        Args:
            channels: Those that may be used now and whose gateway takes each id once.
            today: The day, by the round's clock.
            sent_after: Those first sent before are left to their receipts and to people.
            batch_size: Most messages claimed.
        """
        with transaction("fieldwork") as connection:
            rows = connection.execute(
                load_query("fieldwork/claim_doubts.sql"),
                self._place
                | {
                    "channels": [str(channel) for channel in channels],
                    "sent_after": sent_after,
                    "today": today,
                    "municipality_hash": self.municipality_hash,
                    "link_key": self.link_key,
                    "owner": self.owner,
                    "lease_seconds": self.lease_seconds,
                    "batch_size": batch_size,
                },
            )
            return [Claimed(**row) for row in rows.mappings()]

    def end_claimed(self, ends: Iterable[tuple[Claimed, MessageState, str]], now: datetime) -> None:
        """End claimed messages that cannot (failed) or need not (cancelled) be sent, with the reason."""
        rows = list(ends)
        if not rows:
            return
        with transaction("fieldwork") as connection:
            connection.execute(
                load_query("fieldwork/end_claimed.sql"),
                {
                    "owner": self.owner,
                    "now": now,
                    "message_ids": [claimed.message_id for claimed, _, _ in rows],
                    "states": [str(state) for _, state, _ in rows],
                    "reasons": [reason for _, _, reason in rows],
                },
            )

    def record_and_begin(
        self, finished: Sequence[Finished], beginning: Sequence[tuple[Claimed, Channel]], now: datetime
    ) -> set[UUID]:
        """
        Record what became of some messages and commit to sending others, in one transaction.

        Returns:
            Ids of those that may now be sent; the others have lost their claim or their permission.
        """
        with transaction("fieldwork") as connection:
            self._record(connection, finished, now)
            if not beginning:
                return set()
            begun = connection.execute(
                load_query("fieldwork/start_sending.sql"),
                {
                    "round_id": self.round_id,
                    "owner": self.owner,
                    "municipality_hash": self.municipality_hash,
                    "link_key": self.link_key,
                    "lease_seconds": self.lease_seconds,
                    "now": now,
                    "today": now.date(),
                    "message_ids": [claimed.message_id for claimed, _ in beginning],
                    "channels": [str(channel) for _, channel in beginning],
                },
            )
            return set(begun.scalars())

    def release(self) -> None:
        """Give back everything this dispatch has claimed and not begun to send."""
        with transaction("fieldwork") as connection:
            connection.execute(load_query("fieldwork/release_claims.sql"), self._place | {"owner": self.owner})

    def cancel_due(self, now: datetime) -> int:
        """Cancel due messages to people who have answered or must not be contacted; return how many."""
        with transaction("fieldwork") as connection:
            return connection.execute(
                load_query("fieldwork/cancel_due.sql"),
                self._place | {"link_key": self.link_key, "today": now.date(), "now": now},
            ).rowcount

    def settle_rejected(self, now: datetime) -> int:
        """Let what a gateway has refused for good be failed; return how many."""
        with transaction("fieldwork") as connection:
            return connection.execute(load_query("fieldwork/settle_rejected.sql"), self._place | {"now": now}).rowcount

    def held(self, today: date) -> tuple[int, int, float]:
        """Return due messages still planned, how many of them are put off, and seconds until the first of those."""
        with transaction("fieldwork") as connection:
            row = connection.execute(load_query("fieldwork/held.sql"), self._place | {"today": today}).one()
        return int(row.held), int(row.put_off), float(row.wait_seconds or 0)

    def held_by_others(self) -> tuple[int, float]:
        """Return how many messages other dispatches hold, and seconds until the last of their leases has run out."""
        with transaction("fieldwork") as connection:
            row = connection.execute(
                load_query("fieldwork/leases_of_others.sql"), self._place | {"owner": self.owner}
            ).one()
        return int(row.messages), float(row.seconds)

    def recover(self, journal: Journal, now: datetime) -> dict[str, int]:
        """
        Take over from dispatches that died: give back their claims, settle what they were sending.

        A message being sent becomes what the journal says of it, or `unknown`; it is never sent again blindly.

        Returns:
            How many messages were `given_back`, and how many became `settled` or `unknown`.
        """
        with transaction("fieldwork") as connection:
            given_back = connection.execute(load_query("fieldwork/release_expired.sql"), self._place).rowcount
            expired = connection.execute(load_query("fieldwork/sending_expired.sql"), self._place).all()
        if not expired:
            return {"given_back": given_back, "settled": 0, "unknown": 0}
        words = journal.last_words()
        fates = [fate_of_interrupted(words.get(row.message_id), row.attempt) for row in expired]
        with transaction("fieldwork") as connection:
            connection.execute(
                load_query("fieldwork/settle_expired.sql"),
                {
                    "now": now,
                    "message_ids": [row.message_id for row in expired],
                    "attempts": [row.attempt for row in expired],
                    "states": [state for state, _ in fates],
                    "reasons": [reason for _, reason in fates],
                },
            )
        unknown = sum(state == "unknown" for state, _ in fates)
        return {"given_back": given_back, "settled": len(fates) - unknown, "unknown": unknown}

    def refuse_restored(self, journal: Journal) -> None:
        """
        Compare the journal with the database; where the database is older, pause the round and replay the journal.

        Raises:
            RoundWasRestored: The database had forgotten messages; they are replayed and the round is paused.
        """
        forgotten = self._forgotten(journal)
        if not forgotten:
            return
        reason = f"Databasen er ældre end journalen: {len(forgotten)} beskeder er skrevet tilbage fra journalen."
        with transaction("fieldwork") as connection:
            connection.execute(load_query("fieldwork/pause.sql"), {"round_id": self.round_id, "reason": reason})
            connection.execute(
                load_query("fieldwork/replay.sql"),
                {
                    "message_ids": [entry.message_id for entry in forgotten],
                    "attempts": [entry.attempt for entry in forgotten],
                    "channels": [entry.channel for entry in forgotten],
                    "states": [REPLAYED[entry.event] for entry in forgotten],
                    "sent_ats": [entry.at for entry in forgotten],
                    "reasons": ["genskabt fra journalen"] * len(forgotten),
                },
            )
        raise RoundWasRestored(
            reason,
            where=f"Runde {self.round_id}, kommune {self.municipality_code}",
            next_step="Runden er sat på pause. Følg docs/runbooks/restore.md, og kør derefter `borgerpuls fieldwork resume`.",
        )

    def _forgotten(self, journal: Journal) -> list[Entry]:
        words = journal.last_words()
        if not words:
            return []
        with transaction("fieldwork") as connection:
            unsent = connection.execute(load_query("fieldwork/unsent_among.sql"), {"message_ids": list(words)}).all()
        return forgotten_words(words, {row.message_id: (row.attempt, row.unsent_attempt) for row in unsent})

    def _record(self, connection: Connection, finished: Sequence[Finished], now: datetime) -> None:
        if not finished:
            return
        connection.execute(
            load_query("fieldwork/record_outcomes.sql"),
            {
                "owner": self.owner,
                "now": now,
                "message_ids": [one.message_id for one in finished],
                "attempts": [one.attempt for one in finished],
                "states": [str(one.outcome.state) for one in finished],
                "reasons": [one.outcome.reason for one in finished],
                "delays": [one.outcome.retry_after_seconds for one in finished],
            },
        )

    @property
    def _place(self) -> dict[str, Any]:
        return {"round_id": self.round_id, "municipality_code": self.municipality_code}


def new_owner() -> str:
    """Return a name for one dispatch, unlike every other's: machine, process and a few random digits."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def fate_of_interrupted(word: Entry | None, attempt: int) -> tuple[str, str | None]:
    """
    Return state and reason of a message whose dispatch died while it was being sent.

    Args:
        word: The journal's last word on it, if any.
        attempt: The attempt the ledger knows of.
    """
    if word is None or word.attempt != attempt or word.event == INTENT:
        return str(MessageState.UNKNOWN), "udsendelsen blev afbrudt"
    return word.event, word.reason or None


def forgotten_words(words: Mapping[UUID, Entry], unsent: Mapping[UUID, tuple[int, int]]) -> list[Entry]:
    """
    Return the journal's words on messages that the database has forgotten.

    A claim is committed before its intent is written: a database that counts fewer attempts than the journal is older.
    With as many, it is older when the attempt may have been sent and the database does not know that it was not.
    Attempts never go back, because a replay takes over the journal's count: only so can two restores be told apart.

    Args:
        words: The journal's last words, read before the database was asked.
        unsent: Messages the database believes unsent: how often they were attempted, and the last attempt it knows did
            not reach a gateway.
    """
    return [
        words[message_id]
        for message_id, (attempt, unsent_attempt) in unsent.items()
        if attempt < words[message_id].attempt
        or (words[message_id].event in OPEN_OUTCOMES and words[message_id].attempt > unsent_attempt)
    ]
