"""
Dispatch: claim, open, write, send, record, for one municipality, with a bounded number of messages in flight.

CPR number, name and phone exist here only in memory, between the claim and the call. The order that keeps the promises
of shared/FIELDWORK.md: committed as being sent, then fsynced in the journal, then the call, then the outcome in the
journal, then in the database.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag

from borgerpuls.errors import BorgerpulsError, GatewayIsDown, GatewayRefusesUs, MessageIsMalformed
from borgerpuls.fieldwork.channels.letter import usable_address
from borgerpuls.fieldwork.channels.port import Outcome, Registration, not_sent, unknown
from borgerpuls.fieldwork.channels.sms import usable_number
from borgerpuls.fieldwork.journal import INTENT, Entry
from borgerpuls.fieldwork.ledger import Claimed, Finished
from borgerpuls.fieldwork.windows import SendingWindows
from borgerpuls.terms import Channel, MessageState, Slot
from borgerpuls.vault import RoundKey

LETTER_WAVES = frozenset({1})
"""Only the invitation goes on paper: reminders go by Digital Post and SMS (shared/FIELDWORK.md)."""
GATHER_SECONDS = 0.02
"""How long at most outcomes are gathered before they are recorded together."""
LONGEST_WAIT_SECONDS = 30.0
BURST_SECONDS = 0.25
"""How much of a rate may be made up for: messages are begun together while others are recorded."""
FAILURES_IN_A_ROW = 64
"""So many messages not sent, with none accepted between, mean that the gateway is down."""
PATIENCE_SECONDS = 60.0
"""How long one dispatch waits in all for messages that were put off."""


def passes(point: str) -> None:
    """Mark a place where a crash would be worst. Does nothing; the drills put their crash here (sandbox/drill.py)."""


@dataclass(frozen=True)
class Person:
    """Who a message is to, opened; lives only until the call."""

    person_id: UUID
    cpr: str = field(repr=False)
    name: str = field(repr=False)
    mobile: str = field(repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True)
class Ready:
    """A claimed message with its channel and the call that sends it."""

    claimed: Claimed
    channel: Channel
    send: Callable[[], Outcome] = field(repr=False)


class Postman(Protocol):
    """Writes and carries messages. Safe to call from several threads."""

    @property
    def registration(self) -> Registration:
        """Who knows who can be reached by Digital Post."""

    def prepare(self, claimed: Claimed, person: Person, channel: Channel, now: datetime) -> Callable[[], Outcome]:
        """Write the message and return the call that sends it; raises MessageIsMalformed when it cannot be sent."""


class LedgerPort(Protocol):
    """What a dispatch needs of the ledger (ledger.py)."""

    @property
    def municipality_code(self) -> str:
        """The municipality."""

    @property
    def lease_seconds(self) -> int:
        """How long a claim holds."""

    def claim(self, slot: Slot, today: date, batch_size: int, *, is_window_open: bool) -> list[Claimed]:
        """Claim what every guard lets through."""

    def claim_doubts(
        self, channels: Collection[Channel], today: date, sent_after: datetime, batch_size: int
    ) -> list[Claimed]:
        """Claim what is in doubt and may be sent again."""

    def end_claimed(self, ends: Iterable[tuple[Claimed, MessageState, str]], now: datetime) -> None:
        """End what cannot or need not be sent."""

    def record_and_begin(
        self, finished: Sequence[Finished], beginning: Sequence[tuple[Claimed, Channel]], now: datetime
    ) -> set[UUID]:
        """Record outcomes and commit to sending others."""

    def release(self) -> None:
        """Give back what was not begun."""

    def cancel_due(self, now: datetime) -> int:
        """Cancel what must not be sent."""

    def settle_rejected(self, now: datetime) -> int:
        """Fail what was refused."""

    def held(self, today: date) -> tuple[int, int, float]:
        """Return due messages, those put off, and seconds until the first of them."""


class JournalPort(Protocol):
    """What a dispatch needs of the journal (journal.py)."""

    def intend(self, entries: Iterable[Entry]) -> None:
        """Write intents to disk."""

    def note(self, entries: Iterable[Entry]) -> None:
        """Write outcomes."""


class DispatchCounts(dict[str, int]):
    """How many messages met which fate in one dispatch."""

    def add(self, name: str, number: int = 1) -> None:
        """Count *number* more."""
        self[name] = self.get(name, 0) + number


@dataclass
class Dispatch:
    """
    One dispatch of what is due now in one municipality.

    Args:
        ledger: Decides whether.
        journal: Remembers outside the database.
        postman: Writes and carries.
        round_key: Opens the round's identities.
        windows: When each channel may be used.
        channels: The channels of the round.
        now: The round's clock.
        may_send_to: Tells whether a CPR number belongs to the world these gateways write to.
        is_site_well: Tells whether the answer site can take the answers of those written to.
        window: Most messages in flight at once.
        batch_size: Messages claimed at a time.
        rate: Most messages a second on average, a quarter more within any one second; 0 for no limit.
        resends: Channels whose gateway takes each message id once: what is in doubt there is sent again under its own id.
        remembered_for: How long such a gateway remembers an id.
        make_pool: Makes the threads that call.
    """

    ledger: LedgerPort
    journal: JournalPort
    postman: Postman
    round_key: RoundKey
    windows: SendingWindows
    channels: frozenset[Channel]
    now: Callable[[], datetime]
    may_send_to: Callable[[str], bool]
    is_site_well: Callable[[], bool]
    window: int
    batch_size: int
    rate: int = 0
    resends: frozenset[Channel] = frozenset()
    remembered_for: timedelta = timedelta(0)
    make_pool: Callable[[int], Executor] = ThreadPoolExecutor

    def __post_init__(self) -> None:
        self.counts = DispatchCounts(sent=0, accepted=0, rejected=0, unknown=0, not_sent=0, unreachable=0, unsendable=0)
        self._in_flight: dict[Future[Outcome], Ready] = {}
        self._queue: deque[Ready] = deque()
        self._failures_in_a_row = 0
        self._wait_until = 0.0
        self._next_start = time.monotonic()
        self._refusal: GatewayRefusesUs | None = None
        self._moment = self.now()

    def run(self) -> DispatchCounts:
        """
        Send what is due and return the counts.

        Raises:
            GatewayIsDown: A gateway does not answer; what was not sent is planned again.
            GatewayRefusesUs: A gateway does not accept us.
            JournalIsUnwritable: The journal cannot be written; nothing was sent without it.
        """
        with self.make_pool(self.window) as pool:
            try:
                self._send_doubts(pool)
                for slot in (Slot.MAIN, Slot.SMS):
                    self.counts.add("cancelled", self.ledger.cancel_due(self.now()))
                    self._send_slot(slot, pool)
            finally:
                self._leave()
        self.counts.add("failed", self.ledger.settle_rejected(self.now()))
        return self.counts

    def _send_doubts(self, pool: Executor) -> None:
        """Send once more, under its own id, what is in doubt where the gateway takes each id once."""
        while self.resends:
            if not self.is_site_well():
                return
            moment = self._moment = self.now()
            channels = [channel for channel in sorted(self.resends) if self.windows.is_open(channel, moment)]
            claimed = self.ledger.claim_doubts(channels, moment.date(), moment - self.remembered_for, self._batch())
            if not claimed:
                return
            passes("claimed")
            self.counts.add("resent", len(claimed))
            self._prepare(claimed, moment, pool)
            self._drain(pool, keep=0)

    def _send_slot(self, slot: Slot, pool: Executor) -> None:
        patience = PATIENCE_SECONDS
        while True:
            if not self.is_site_well():
                self.counts.add("site_unwell")
                return
            moment = self._moment = self.now()
            claimed = self.ledger.claim(slot, moment.date(), self._batch(), is_window_open=self._is_open(slot, moment))
            if claimed:
                passes("claimed")
                self._prepare(claimed, moment, pool)
                self._drain(pool, keep=self.window // 2)
                continue
            self._drain(pool, keep=0)
            _, put_off, wait_seconds = self.ledger.held(moment.date())
            if not put_off or patience <= 0 or not self._is_open(slot, moment):
                return
            pause = min(max(wait_seconds, 0.05), patience, LONGEST_WAIT_SECONDS)
            patience -= pause
            time.sleep(pause)

    def _is_open(self, slot: Slot, moment: datetime) -> bool:
        if slot is Slot.SMS:
            return self.windows.is_open(Channel.SMS, moment)
        return self.windows.is_open(Channel.DIGITAL_POST, moment) or self.windows.is_open(Channel.SMS, moment)

    def _batch(self) -> int:
        return (
            min(self.batch_size, max(1, self.rate * self.ledger.lease_seconds // 2)) if self.rate else self.batch_size
        )

    # --- who and by what ------------------------------------------------------------------------------------------

    def _prepare(self, batch: Sequence[Claimed], moment: datetime, pool: Executor) -> None:
        """Queue what can be sent; end what cannot or need not; leave the rest claimed, to be released."""
        ends: list[tuple[Claimed, MessageState, str]] = []
        people: list[tuple[Claimed, Person]] = []
        for claimed in batch:
            try:
                person = open_person(claimed, self.round_key, with_address=Channel.LETTER in self.channels)
            except InvalidTag:
                ends.append((claimed, MessageState.FAILED, "identitet_ulaeselig"))
                continue
            if self.may_send_to(person.cpr):
                people.append((claimed, person))
            else:
                ends.append((claimed, MessageState.FAILED, "forkert_nummerserie"))
        for (claimed, person), (channel, reason) in zip(
            people, pool.map(lambda pair: self._channel(*pair), people), strict=True
        ):
            if channel is None:
                state = MessageState.FAILED if reason == "unreachable" else MessageState.CANCELLED
                ends.append((claimed, state, reason))
            elif self.windows.is_open(channel, moment):
                try:
                    call = self.postman.prepare(claimed, person, channel, moment)
                except MessageIsMalformed:
                    ends.append((claimed, MessageState.FAILED, "besked_ugyldig"))
                else:
                    self._queue.append(Ready(claimed, channel, call))
        ends = [end for end in ends if end[0].channel_in_doubt is None]  # a doubt is given back, never ended
        self.counts.add("unreachable", sum(reason == "unreachable" for _, _, reason in ends))
        self.counts.add("cancelled", sum(state is MessageState.CANCELLED for _, state, _ in ends))
        self.counts.add(
            "unsendable", sum(state is MessageState.FAILED and reason != "unreachable" for _, state, reason in ends)
        )
        self.ledger.end_claimed(ends, moment)

    def _channel(self, claimed: Claimed, person: Person) -> tuple[Channel | None, str]:
        """Return the channel that reaches a person now, or None and why there is none."""
        if claimed.channel_in_doubt is not None:
            return Channel(claimed.channel_in_doubt), ""
        has_number = Channel.SMS in self.channels and usable_number(person.mobile).msisdn is not None
        if claimed.slot == Slot.SMS:
            if claimed.is_without_sms:
                return None, "arm_uden_sms"
            return (Channel.SMS, "") if has_number else (None, "no_number")
        if Channel.DIGITAL_POST in self.channels and self.postman.registration.is_registered(person.cpr):
            return Channel.DIGITAL_POST, ""
        if has_number:
            return Channel.SMS, ""
        if Channel.LETTER in self.channels and usable_address(person.address) is not None:
            return (Channel.LETTER, "") if claimed.wave in LETTER_WAVES else (None, "no_paper_reminder")
        return None, "unreachable"

    # --- sending --------------------------------------------------------------------------------------------------

    def _drain(self, pool: Executor, keep: int) -> None:
        """Send until the queue is empty and at most *keep* messages are in flight."""
        while self._queue or len(self._in_flight) > keep:
            self._await_room()
            finished = self._collect()
            self._record_and_begin(pool, finished)
            if self._refusal:
                raise self._refusal
            if self._failures_in_a_row >= FAILURES_IN_A_ROW:
                raise GatewayIsDown(
                    f"{self._failures_in_a_row} beskeder i træk kunne ikke afleveres til gatewayen.",
                    where=f"Kommune {self.ledger.municipality_code}",
                    next_step="Se efter, om gatewayen kører (docs/runbooks/gateway-down.md). De er stadig planlagt.",
                )

    def _await_room(self) -> None:
        if not self._in_flight:
            return
        wait(self._in_flight, return_when=FIRST_COMPLETED)
        late = time.monotonic() + GATHER_SECONDS
        while sum(future.done() for future in self._in_flight) < self.window * 3 // 4 and time.monotonic() < late:
            time.sleep(GATHER_SECONDS / 10)

    def _collect(self) -> list[Finished]:
        done = [future for future in self._in_flight if future.done()]
        return [self._finished(self._in_flight.pop(future), future) for future in done]

    def _finished(self, ready: Ready, future: Future[Outcome]) -> Finished:
        outcome = future.result()
        state = outcome.state
        self.counts.add("not_sent" if state is MessageState.PLANNED else str(state))
        if state is MessageState.PLANNED or outcome.retry_after_seconds:
            self._failures_in_a_row += 1
            self._wait_until = max(
                self._wait_until, time.monotonic() + min(outcome.retry_after_seconds, LONGEST_WAIT_SECONDS)
            )
        elif state is not MessageState.UNKNOWN:
            self._failures_in_a_row = 0
        return Finished(ready.claimed.message_id, ready.claimed.attempt, outcome)

    def _record_and_begin(self, pool: Executor, finished: list[Finished]) -> None:
        beginning = self._next_to_begin()
        if not finished and not beginning:
            time.sleep(min(GATHER_SECONDS, max(0.0, self._next_start - time.monotonic())) or 0.001)
            return
        moment = self._moment
        begun = self.ledger.record_and_begin(finished, [(ready.claimed, ready.channel) for ready in beginning], moment)
        to_send = [ready for ready in beginning if ready.claimed.message_id in begun]
        if not to_send:
            return
        passes("begun")
        try:
            self.journal.intend(_entry(ready, INTENT, moment) for ready in to_send)
        except BorgerpulsError:
            # No call was made: the ledger may know for sure that these were not sent.
            not_made = Outcome(MessageState.PLANNED, "journalen kan ikke skrives")
            self.ledger.record_and_begin(
                [
                    Finished(ready.claimed.message_id, ready.claimed.attempt, settled(ready.claimed, not_made))
                    for ready in to_send
                ],
                [],
                moment,
            )
            raise
        passes("intended")
        self.counts.add("sent", len(to_send))
        for ready in to_send:
            self._in_flight[pool.submit(self._call, ready, moment)] = ready

    def _next_to_begin(self) -> list[Ready]:
        moment = time.monotonic()
        if moment < self._wait_until:
            if not self._in_flight:
                time.sleep(self._wait_until - moment)
            else:
                return []
        room = self.window - len(self._in_flight)
        if self.rate:
            moment = time.monotonic()
            self._next_start = max(self._next_start, moment - BURST_SECONDS)
            room = min(room, int((moment - self._next_start) * self.rate) + 1 if moment >= self._next_start else 0)
        beginning = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        if self.rate:
            self._next_start += len(beginning) / self.rate
        return beginning

    def _call(self, ready: Ready, moment: datetime) -> Outcome:
        """Make the call in a thread of the pool; whatever happens is an outcome, and in the journal at once."""
        try:
            outcome = ready.send()
        except GatewayRefusesUs as error:
            self._refusal = error
            outcome = not_sent("gatewayen afviser os")
        except Exception as error:  # noqa: BLE001 - anything unforeseen leaves the message in doubt, never lost
            outcome = unknown(type(error).__name__)
        outcome = settled(ready.claimed, outcome)
        passes("called")
        self.journal.note([_entry(ready, str(outcome.state), moment, outcome.reason or "")])
        passes("noted")
        return outcome

    def _leave(self) -> None:
        """Record what is still in flight, and give back what was not begun."""
        wait(self._in_flight)
        finished = self._collect()
        if finished:
            self.ledger.record_and_begin(finished, [], self._moment)
        self._queue.clear()
        self.ledger.release()


def open_person(claimed: Claimed, round_key: RoundKey, *, with_address: bool) -> Person:
    """
    Return who a claimed message is to; the address stays sealed where nothing goes on paper.

    Raises:
        InvalidTag: What is sealed was not sealed for this person in this round.
    """
    person = claimed.person_id

    def opened(sealed: bytes | None, place: str) -> str:
        return round_key.decrypt(bytes(sealed), f"{place}|{person}") if sealed else ""

    return Person(
        person,
        opened(claimed.cpr, "cpr"),
        opened(claimed.name, "name"),
        opened(claimed.mobile, "mobile"),
        opened(claimed.address, "address") if with_address else "",
    )


def settled(claimed: Claimed, outcome: Outcome) -> Outcome:
    """
    Return what a call says of its message: one that was in doubt before stays so unless it is accepted now.

    That this call did not arrive, or was refused (perhaps as a double), says nothing of the one before.
    """
    if claimed.channel_in_doubt is None or outcome.state is MessageState.ACCEPTED:
        return outcome
    return Outcome(MessageState.UNKNOWN, outcome.reason, outcome.retry_after_seconds)


def _entry(ready: Ready, event: str, moment: datetime, reason: str = "") -> Entry:
    claimed = ready.claimed
    return Entry(
        event,
        claimed.message_id,
        claimed.attempt,
        claimed.person_id,
        claimed.wave,
        claimed.slot,
        ready.channel,
        moment,
        reason,
    )
