# ruff: noqa: ARG002, ARG005 - a model has the shape of what it stands for
"""
The deterministic simulator: the real dispatch against a modelled database, journal and gateways, on a virtual clock.

One seed is one story: crashes at the worst points, dispatches that meet, leases that run out, answers, pauses,
receipts, and restores of the database to an earlier moment. The promises S1, S2, S3 and S5 of shared/FIELDWORK.md are
checked at every call and at the end. A seed that fails fails again. Each seed can be told with gateways that promise nothing
and with gateways that take each message id once, where what is in doubt is sent again.
"""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Self

from borgerpuls.clock import COPENHAGEN
from borgerpuls.errors import BorgerpulsError
from borgerpuls.fieldwork import dispatch as dispatching
from borgerpuls.fieldwork.channels.port import ACCEPTED, Outcome, not_sent, rejected, unknown
from borgerpuls.fieldwork.journal import Entry, remember
from borgerpuls.fieldwork.ledger import REPLAYED, Claimed, Finished, fate_of_interrupted, forgotten_words
from borgerpuls.fieldwork.windows import SendingWindows
from borgerpuls.terms import Channel, MessageState, Slot

START = datetime(2023, 8, 22, 9, 30, tzinfo=COPENHAGEN)
WAVE_DAYS = (0, 7, 14)
LEASE_SECONDS = 60
WINDOW = 4
BATCH = 6
MINIMUM_DAYS = 6
RACE_SECONDS = 5.0
REMEMBERED_FOR = timedelta(hours=24)
CHANNELS = frozenset({Channel.DIGITAL_POST, Channel.SMS})
WINDOWS = SendingWindows((0, 1, 2, 3), (8, 16), (0, 1, 2, 3, 4), (9, 18))
Key = tuple[int, int, str]


class PromiseBrokenError(AssertionError):
    """A promise of the contract does not hold; the seed tells the story again."""


class CrashError(BaseException):
    """The process has been killed: nothing after it happens, not even cleaning up."""


@dataclass
class Row:
    """A message as the modelled database has it."""

    key: Key
    message_id: uuid.UUID
    person_id: uuid.UUID
    due: date
    state: str = "planned"
    reason: str | None = None
    channel: str | None = None
    attempt: int = 0
    unsent_attempt: int = 0
    owner: str | None = None
    lease_until: float = 0.0
    sent_at: datetime | None = None
    in_doubt_since: datetime | None = None


@dataclass
class World:
    """Everything outside the dispatch: database, journal, gateways, people, time."""

    seed: int
    people: int
    dice: random.Random = field(init=False)
    seconds: float = 0.0
    rows: dict[Key, Row] = field(default_factory=dict)
    is_paused: bool = False
    answered_at: dict[int, float] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    accepted: Counter[Key] = field(default_factory=Counter)
    accepted_days: dict[tuple[int, int], date] = field(default_factory=dict)
    snapshots: list[tuple[dict[Key, Row], bool]] = field(default_factory=list)
    crashes: int = 0
    stalls: int = 0
    restores: int = 0
    by_id: dict[uuid.UUID, Key] = field(default_factory=dict)
    newly_unknown: int = 0
    depth: int = 0
    deduplicates: bool = False
    """Whether the gateways take each id once, and our settings say so."""
    is_well: bool = False
    """Whether the gateways make no faults any more."""
    doubtful: set[Key] = field(default_factory=set)
    resent: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        for person in range(self.people):
            for wave, slot in ((1, "main"), (2, "main"), (2, "sms"), (3, "main"), (3, "sms")):
                key = (person, wave, slot)
                self.rows[key] = Row(
                    key,
                    uuid.uuid5(uuid.NAMESPACE_OID, repr(key)),
                    uuid.UUID(int=person),
                    (START + timedelta(days=WAVE_DAYS[wave - 1])).date(),
                )

        self.by_id = {row.message_id: key for key, row in self.rows.items()}

    def now(self) -> datetime:
        """Return the virtual clock."""
        return START + timedelta(seconds=self.seconds)

    def chance(self, share: float) -> bool:
        """Roll the dice."""
        return self.dice.random() < share

    # --- the gateway ----------------------------------------------------------------------------------------------

    def accept(self, row: Row) -> None:
        """Take a message over, and check every promise about it."""
        person, wave, _ = row.key
        if self.deduplicates and self.accepted[row.key]:
            return
        self.accepted[row.key] += 1
        if self.accepted[row.key] > 1:
            raise PromiseBrokenError(f"S1: message {row.key} accepted twice")
        today = self.now().date()
        for other in (1, 2, 3):
            before = self.accepted_days.get((person, other))
            if other != wave and before is not None and (today - before).days < MINIMUM_DAYS:
                raise PromiseBrokenError(f"message {row.key} within six days of wave {other}")
        self.accepted_days[person, wave] = today

    def receive(self, row: Row) -> Outcome:
        """Answer one call, well or badly."""
        roll = 1.0 if self.is_well else self.dice.random()
        self.seconds += self.dice.uniform(0, 0.3)
        answered = self.answered_at.get(row.key[0])
        if answered is not None and self.seconds - answered > RACE_SECONDS:
            raise PromiseBrokenError(f"S5: message {row.key} to somebody who had answered")
        if row.key in self.doubtful:
            self.resent += 1
            if not self.deduplicates:
                raise PromiseBrokenError(f"S3: message {row.key} sent again while it was in doubt")
        if roll < 0.04:
            return not_sent("svar 429", self.dice.uniform(0, 3))
        if roll < 0.06:
            self.doubtful.add(row.key)
            return unknown("svar 500")
        if roll < 0.08:
            return rejected("memo.invalid")
        self.accept(row)
        if roll < 0.12:
            self.doubtful.add(row.key)
            return unknown("intet svar")
        return ACCEPTED

    # --- what others do meanwhile -------------------------------------------------------------------------------------

    def receipts(self) -> None:
        """Hand out some receipts, in any order, some of them again."""
        by_id = {row.key: row for row in self.rows.values()}
        for key in self.dice.sample(sorted(self.accepted), len(self.accepted)):
            row = by_id[key]
            if self.chance(0.5) and row.state in {"planned", "claimed", "sending", "accepted", "unknown", "rejected"}:
                row.state = "delivered" if self.chance(0.9) else "failed"
                row.channel, row.sent_at = row.channel or "digital_post", row.sent_at or self.now()

    def snapshot(self) -> None:
        """Take a backup."""
        self.snapshots.append(({key: replace(row) for key, row in self.rows.items()}, self.is_paused))

    def restore(self) -> None:
        """Go back to a backup, as somebody does after a disaster: no dispatch lives through it."""
        if self.snapshots:
            rows, self.is_paused = self.dice.choice(self.snapshots)
            self.rows = {key: replace(row) for key, row in rows.items()}
            self.restores += 1


@dataclass
class ModelLedger:
    """The statements of `sql/fieldwork/`, modelled; the same names and meaning as `Ledger`."""

    world: World
    owner: str
    process: "Process"
    municipality_code: str = "0000"
    lease_seconds: int = LEASE_SECONDS

    def claim(self, slot: Slot, today: date, batch_size: int, *, is_window_open: bool) -> list[Claimed]:
        """See claim.sql."""
        self.process.must_live()
        if self.world.is_paused or not is_window_open:
            return []
        due = [row for row in self.world.rows.values() if row.key[2] == slot and self._may_be_claimed(row, today)]
        claimed = []
        for row in sorted(due, key=lambda one: (one.key[1], one.key[0]))[:batch_size]:
            row.state, row.owner, row.attempt = "claimed", self.owner, row.attempt + 1
            row.lease_until = self.world.seconds + LEASE_SECONDS
            claimed.append(
                Claimed(row.message_id, row.message_id, row.person_id, row.key[1], row.key[2], row.attempt, b"c", b"n",
                        b"m", is_without_sms=False)
            )  # fmt: skip
        return claimed

    def _may_be_claimed(self, row: Row, today: date) -> bool:
        person, wave, slot = row.key
        if row.state != "planned" or row.due > today or row.lease_until > self.world.seconds:
            return False
        if person in self.world.answered_at:
            return False
        for other in self._of(person):
            if other.key[1] == wave:
                continue
            is_unsent = (
                other.key[2] == "main" and other.key[1] < wave and other.state in {"planned", "claimed", "sending"}
            )
            is_recent = other.sent_at is not None and other.sent_at.date() > today - timedelta(days=MINIMUM_DAYS)
            if is_unsent or is_recent:
                return False
        main = self.world.rows[person, wave, "main"]
        return slot == "main" or (main.channel == "digital_post" and main.state not in {"planned", "claimed"})

    def claim_doubts(
        self, channels: Collection[Channel], today: date, sent_after: datetime, batch_size: int
    ) -> list[Claimed]:
        """See claim_doubts.sql."""
        self.process.must_live()
        if self.world.is_paused:
            return []
        doubtful = [row for row in self.world.rows.values() if self._may_be_resent(row, channels, today, sent_after)]
        claimed = []
        for row in sorted(doubtful, key=lambda one: (one.key[1], one.key[0]))[:batch_size]:
            row.in_doubt_since = row.in_doubt_since or row.sent_at
            row.state, row.owner, row.attempt = "claimed", self.owner, row.attempt + 1
            row.lease_until = self.world.seconds + LEASE_SECONDS
            claimed.append(
                Claimed(row.message_id, row.message_id, row.person_id, row.key[1], row.key[2], row.attempt, b"c", b"n",
                        b"m", is_without_sms=False, channel_in_doubt=row.channel)
            )  # fmt: skip
        return claimed

    def _may_be_resent(self, row: Row, channels: Collection[Channel], today: date, sent_after: datetime) -> bool:
        first_sent = row.in_doubt_since or row.sent_at
        if row.state != "unknown" or row.channel not in channels or row.owner in {self.owner, "replay"}:
            return False
        if first_sent is None or first_sent <= sent_after or row.lease_until > self.world.seconds:
            return False
        return row.key[0] not in self.world.answered_at and not any(
            other.key[1] != row.key[1]
            and other.sent_at is not None
            and other.sent_at.date() > today - timedelta(days=MINIMUM_DAYS)
            for other in self._of(row.key[0])
        )

    def end_claimed(self, ends: Iterable[tuple[Claimed, MessageState, str]], now: datetime) -> None:
        """See end_claimed.sql."""
        self.process.must_live()
        for claimed, state, reason in ends:
            row = self._row(claimed.message_id)
            if row.state == "claimed" and row.owner == self.owner:
                row.state, row.reason = str(state), reason

    def record_and_begin(
        self, finished: Sequence[Finished], beginning: Sequence[tuple[Claimed, Channel]], now: datetime
    ) -> set[uuid.UUID]:
        """See record_outcomes.sql and start_sending.sql."""
        self.process.must_live()
        for one in finished:
            row = self._row(one.message_id)
            if row.state in {"sending", "unknown"} and row.attempt == one.attempt and row.owner == self.owner:
                self._settle(row, str(one.outcome.state), one.outcome.reason)
                if row.state == "planned":
                    row.lease_until, row.owner = self.world.seconds + one.outcome.retry_after_seconds, None
        begun = set()
        for claimed, channel in beginning:
            row = self._row(claimed.message_id)
            is_mine = row.state == "claimed" and row.owner == self.owner and row.lease_until > self.world.seconds
            if is_mine and not self.world.is_paused and row.key[0] not in self.world.answered_at:
                row.state, row.channel, row.sent_at = "sending", str(channel), now
                row.lease_until = self.world.seconds + LEASE_SECONDS
                begun.add(row.message_id)
        return begun

    def release(self) -> None:
        """See release_claims.sql."""
        self.process.must_live()
        for row in self.world.rows.values():
            if row.state == "claimed" and row.owner == self.owner:
                give_back(row)

    def cancel_due(self, now: datetime) -> int:
        """See cancel_due.sql."""
        self.process.must_live()
        cancelled = 0
        for row in self.world.rows.values():
            if row.state != "planned" or row.due > now.date():
                continue
            main = self.world.rows[row.key[0], row.key[1], "main"]
            is_needless = (
                row.key[2] == "sms" and main.state not in {"planned", "claimed"} and main.channel != "digital_post"
            )
            if row.key[0] in self.world.answered_at or is_needless:
                row.state, row.reason = "cancelled", "answered"
                cancelled += 1
        return cancelled

    def settle_rejected(self, now: datetime) -> int:
        """See settle_rejected.sql."""
        self.process.must_live()
        refused = [row for row in self.world.rows.values() if row.state == "rejected"]
        for row in refused:
            row.state = "failed"
        return len(refused)

    def held(self, today: date) -> tuple[int, int, float]:
        """See held.sql."""
        self.process.must_live()
        waiting = [row for row in self.world.rows.values() if row.state == "planned" and row.due <= today]
        put_off = [row.lease_until - self.world.seconds for row in waiting if row.lease_until > self.world.seconds]
        return len(waiting), len(put_off), min(put_off, default=0.0)

    def recover(self) -> None:
        """See Ledger.recover: the same decision function."""
        words = last_words(self.world.journal)
        for row in self.world.rows.values():
            if row.lease_until >= self.world.seconds:
                continue
            if row.state == "claimed":
                give_back(row)
            elif row.state == "sending":
                state, reason = fate_of_interrupted(words.get(row.message_id), row.attempt)
                self.world.newly_unknown += state == "unknown"
                self._settle(row, state, reason)

    def refuse_restored(self) -> bool:
        """See Ledger.refuse_restored: the same decision function. Tell whether the journal had to be replayed."""
        words = last_words(self.world.journal)
        unsent = {
            row.message_id: (row.attempt, row.unsent_attempt)
            for row in self.world.rows.values()
            if row.message_id in words and is_unsent(row)
        }
        forgotten = forgotten_words(words, unsent)
        for entry in forgotten:
            row = self._row(entry.message_id)
            row.attempt, row.channel, row.sent_at = entry.attempt, entry.channel, entry.at
            row.owner, row.lease_until = "replay", 0.0
            self._settle(row, REPLAYED[entry.event], "genskabt fra journalen")
        self.world.is_paused = self.world.is_paused or bool(forgotten)
        return bool(forgotten)

    def _settle(self, row: Row, state: str, reason: str | None) -> None:
        if row.in_doubt_since is not None and state in {"planned", "cancelled"}:
            raise PromiseBrokenError(f"S3: message {row.key} was in doubt and is {state}")
        if state == "unknown":
            row.lease_until = 0.0
        if state == "planned":
            row.channel, row.sent_at, row.unsent_attempt, row.lease_until = None, None, row.attempt, 0.0
        row.state, row.reason = state, reason

    def _row(self, message_id: uuid.UUID) -> Row:
        return self.world.rows[self.world.by_id[message_id]]

    def _of(self, person: int) -> list[Row]:
        return [self.world.rows[person, wave, slot] for wave, slot in
                ((1, "main"), (2, "main"), (2, "sms"), (3, "main"), (3, "sms"))]  # fmt: skip


@dataclass
class ModelJournal:
    """The journal, modelled: what is written stays, whatever happens to database and process."""

    world: World
    process: "Process"

    def intend(self, entries: Iterable[Entry]) -> None:
        """See Journal.intend."""
        self.process.must_live()
        self.world.journal.extend(entries)

    def note(self, entries: Iterable[Entry]) -> None:
        """See Journal.note."""
        self.process.must_live()
        self.world.journal.extend(entries)


def is_unsent(row: Row) -> bool:
    """Tell whether the database believes that a message was never sent (unsent_among.sql)."""
    if row.in_doubt_since is not None:
        return False
    return row.state in {"planned", "claimed", "cancelled"} or (row.state == "failed" and row.sent_at is None)


def give_back(row: Row) -> None:
    """Give back a claim; a doubt stays a doubt (release_claims.sql, release_expired.sql)."""
    if row.in_doubt_since is None:
        row.state, row.owner = "planned", None
    else:
        row.state = "unknown"
    row.lease_until = 0.0


def last_words(journal: list[Entry]) -> dict[uuid.UUID, Entry]:
    """Return the newest entry on each message, as the journal's reader does."""
    words: dict[uuid.UUID, Entry] = {}
    for entry in journal:
        remember(words, entry)
    return words


@dataclass
class Process:
    """One dispatch: alive until the dice kill it."""

    world: World
    crash_share: float
    is_dead: bool = False

    def must_live(self) -> None:
        """Nothing a dead process does reaches anybody."""
        if self.is_dead:
            raise CrashError

    def passes(self, point: str) -> None:
        """Perhaps die here; perhaps let something else happen here."""
        self.must_live()
        world = self.world
        world.seconds += world.dice.uniform(0, 0.05)
        if world.chance(self.crash_share):
            self.is_dead = True
            world.crashes += 1
            raise CrashError
        if world.chance(0.03):
            world.answered_at.setdefault(world.dice.randrange(world.people), world.seconds)
        if world.chance(0.02):
            world.receipts()
        if world.chance(0.02):
            world.snapshot()
        if world.chance(0.01):
            world.seconds += LEASE_SECONDS + 1  # this process stalls; its leases run out
            world.stalls += 1
        if world.chance(0.03) and world.depth < 2:
            run_dispatch(world)


class InlinePool(Executor):
    """Runs a call at once: no threads, so that a seed tells the same story each time."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does; a crash goes through
            future.set_exception(error)
        return future

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Any:
        """Run now, one after the other."""
        return [fn(*arguments) for arguments in zip(*iterables, strict=True)]


class OpenKey:
    """Opens everything: a model has no secrets."""

    def decrypt(self, sealed: bytes, place: str) -> str:
        """Return something usable for the place."""
        return {"cpr": "6101500001", "mobile": "20304050"}.get(place.partition("|")[0], "Xx")


@dataclass
class ModelPostman:
    """Carries to the modelled gateway."""

    world: World
    process: Process

    @property
    def registration(self) -> Self:
        """Itself."""
        return self

    def is_registered(self, cpr: str) -> bool:
        """Most are."""
        return self.world.chance(0.9)

    def prepare(
        self, claimed: Claimed, person: dispatching.Person, channel: Channel, now: datetime
    ) -> Callable[[], Outcome]:
        """Return the call."""
        key = (person.person_id.int, claimed.wave, claimed.slot)

        def call() -> Outcome:
            self.process.must_live()
            return self.world.receive(replace(self.world.rows[key]))

        return call


class VirtualTime:
    """Stands in for the module `time` in the dispatch."""

    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        """Return the virtual clock."""
        return self._world.seconds

    def sleep(self, seconds: float) -> None:
        """Move the virtual clock."""
        self._world.seconds += max(seconds, 0.001)


def resend_channels(world: World) -> frozenset[Channel]:
    """Return the channels of the setting `gateways_deduplicate`: it says what the gateways do."""
    return CHANNELS if world.deduplicates else frozenset()


def run_dispatch(world: World, crash_share: float = 0.02) -> None:
    """Run one dispatch as a process of its own, to its end or its death."""
    process = Process(world, crash_share)
    ledger = ModelLedger(world, f"p{world.dice.random()}", process)
    if ledger.refuse_restored():
        return
    ledger.recover()
    world.depth += 1
    outer = dispatching.passes
    dispatching.passes = process.passes
    try:
        dispatching.Dispatch(
            ledger=ledger, journal=ModelJournal(world, process), postman=ModelPostman(world, process),
            round_key=OpenKey(),  # type: ignore[arg-type]
            windows=WINDOWS, channels=CHANNELS, now=world.now,
            may_send_to=lambda cpr: True, is_site_well=lambda: True, window=WINDOW, batch_size=BATCH,
            make_pool=InlinePool, remembered_for=REMEMBERED_FOR,
            resends=resend_channels(world),
        ).run()  # fmt: skip
    except (CrashError, BorgerpulsError):
        pass
    finally:
        dispatching.passes = outer
        world.depth -= 1


def tell_story(seed: int, people: int = 8, *, deduplicates: bool = False) -> World:
    """
    Tell the story of one seed to its end, and return the world.

    Args:
        seed: Draws everything that happens.
        people: How many are written to.
        deduplicates: Whether the gateways take each message id once, so that what is in doubt is sent again.

    Raises:
        PromiseBrokenError: A promise does not hold.
    """
    world = World(seed, people, deduplicates=deduplicates)
    real_time = vars(dispatching)["time"]
    vars(dispatching)["time"] = VirtualTime(world)
    try:
        for day in WAVE_DAYS:
            world.seconds = max(world.seconds, day * 86400.0)
            for _ in range(world.dice.randint(1, 4)):
                run_dispatch(world)
                world.seconds += world.dice.choice([1, 30, LEASE_SECONDS + 1, 900])
                if world.chance(0.15):
                    world.restore()
                if world.is_paused and world.chance(0.8):
                    world.is_paused = False
        _end(world)
    finally:
        vars(dispatching)["time"] = real_time
    return world


def _settle_doubts(world: World) -> None:
    """Let the gateways be well: what may be sent again is not in doubt after it."""
    world.is_well = True
    may_be_sent_again = {
        row.key
        for row in world.rows.values()
        if ModelLedger(world, "judge", Process(world, 0.0))._may_be_resent(  # noqa: SLF001 - the guards themselves
            row, CHANNELS, world.now().date(), world.now() - REMEMBERED_FOR
        )
    }
    run_dispatch(world, crash_share=0.0)
    for key in may_be_sent_again:
        row = world.rows[key]
        if row.state == "unknown" and row.key[0] not in world.answered_at:
            raise PromiseBrokenError(f"S3: message {key} is in doubt, and the gateway takes it once")


def _end(world: World) -> None:
    world.is_paused = False
    for _ in range(3):
        world.seconds += LEASE_SECONDS + 1
        run_dispatch(world, crash_share=0.0)
        world.is_paused = False
    if world.deduplicates:
        _settle_doubts(world)
    # A dispatch that stalls past its lease, and one that lived in a backup, are in doubt like one that was killed.
    interruptions = world.crashes + world.stalls + 2 * world.restores
    if world.newly_unknown > WINDOW * interruptions:
        raise PromiseBrokenError(f"S3: {world.newly_unknown} in doubt after {interruptions} interruptions")
    for row in world.rows.values():
        if row.state in {"sending", "claimed"}:
            raise PromiseBrokenError(f"S2: message {row.key} is still {row.state}")
        if world.accepted[row.key] and row.state in {"planned", "cancelled"}:
            raise PromiseBrokenError(f"S2: message {row.key} was accepted and is {row.state}")
        if row.state in {"accepted", "delivered"} and not world.accepted[row.key]:
            raise PromiseBrokenError(f"S2: message {row.key} is {row.state} and nobody has it")
