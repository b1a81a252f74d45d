"""
The journal: what we meant to send and what became of it, on disk outside the main database.

One file per round and municipality, one line per event, only ever appended to. An intent is fsynced before the call it
announces; outcomes follow when they are known. A database that is restored to an earlier time cannot make us send
again, because the journal still knows. It holds pseudonyms, never who a person is.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from borgerpuls.durable import sync_folder
from borgerpuls.errors import JournalIsUnwritable

INTENT = "intent"
OPEN_OUTCOMES = frozenset({INTENT, "accepted", "rejected", "unknown"})
"""Last words after which a message may have reached its receiver; only `planned` says that it was not sent."""


@dataclass(frozen=True)
class Entry:
    """The last word on one message."""

    event: str
    """`intent`, or the outcome: `accepted`, `rejected`, `unknown`, or `planned` when it was not sent after all."""
    message_id: UUID
    attempt: int
    person_id: UUID
    wave: int
    slot: str
    channel: str
    at: datetime
    reason: str = ""

    def line(self) -> str:
        """Return the entry as one line."""
        fields = (
            self.event, str(self.message_id), str(self.attempt), str(self.person_id), str(self.wave), self.slot,
            self.channel, self.at.isoformat(), self.reason.replace("\t", " ").replace("\n", " "),
        )  # fmt: skip
        return "\t".join(fields) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Entry | None":
        """Return the entry in *line*, or None when a crash has torn it."""
        fields = line.split("\t")
        try:
            event, message_id, attempt, person_id, wave, slot, channel, at, reason = fields
            return cls(event, UUID(message_id), int(attempt), UUID(person_id), int(wave), slot, channel,
                       datetime.fromisoformat(at), reason)  # fmt: skip
        except ValueError:
            return None


class Journal:
    """
    The journal of one municipality in one round; several processes may append to it at once.

    Raises:
        JournalIsUnwritable: The folder or the file cannot be written.
    """

    def __init__(self, folder: Path, round_id: str, municipality_code: str) -> None:
        self.path = folder / round_id / f"{municipality_code}.tsv"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            self._end_torn_line()
            sync_folder(self.path.parent)
        except OSError as error:
            raise _unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def intend(self, entries: Iterable[Entry]) -> None:
        """
        Write intents and wait until they are on disk.

        Raises:
            JournalIsUnwritable: Not all are on disk: none of these messages may be sent.
        """
        try:
            self._append("".join(entry.line() for entry in entries).encode())
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise _unwritable(error) from None

    def note(self, entries: Iterable[Entry]) -> None:
        """Write outcomes; the next intent takes them to disk. A full disk loses no truth: the intent stands."""
        try:
            self._append("".join(entry.line() for entry in entries).encode())
        except OSError:
            return

    def last_words(self) -> Mapping[UUID, Entry]:
        """Return the newest entry on each message."""
        return last_words(self.path)

    def _append(self, content: bytes) -> None:
        written = os.write(self._descriptor, content)
        if written != len(content):
            os.write(self._descriptor, b"\n")
            raise OSError(28, "short write")

    def _end_torn_line(self) -> None:
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")


def last_words(path: Path) -> dict[UUID, Entry]:
    """Return the newest entry of the last attempt on each message in a journal file; a torn line says nothing."""
    words: dict[UUID, Entry] = {}
    if not path.exists():
        return words
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            entry = Entry.from_line(line.rstrip("\n"))
            if entry is not None:
                remember(words, entry)
    return words


def remember(words: dict[UUID, Entry], entry: Entry) -> None:
    """Add an entry to *words*; a dispatch that comes late with an earlier attempt has not the last word."""
    known = words.get(entry.message_id)
    if known is None or known.attempt <= entry.attempt:
        words[entry.message_id] = entry


def _unwritable(error: OSError) -> JournalIsUnwritable:
    return JournalIsUnwritable(
        f"Journalen kan ikke skrives ({os.strerror(error.errno or 0)}); intet er sendt uden den.",
        next_step="Giv plads på disken, og start udsendelsen igen.",
    )
