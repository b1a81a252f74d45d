"""
Paper letters: usable addresses, and an outbox of files from which letters are printed.

One page per letter, named by its message id, readable by the pipeline's own user alone; no CPR number is in it. The outbox
takes each message id once as long as nothing is removed from it: print from a copy while a round is in the field
(docs/runbooks/letters.md). Fjernprint (SF1601) comes with its own issue and has the same shape.
"""

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from borgerpuls.durable import sync_folder
from borgerpuls.fieldwork.channels.port import ACCEPTED, Outcome, not_sent, unknown

_POSTAL_CODE = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True)
class PaperLetter:
    """One page to print, with the address in its window."""

    message_id: UUID
    html: str = field(repr=False)


def usable_address(written: str) -> tuple[str, ...] | None:
    """
    Return the lines below the name on an envelope, or None when no letter would arrive.

    Args:
        written: An address as the frame keeps it: JSON with the parts of the extract that are filled (`co_navn`, `vejnavn`,
            `husnr`, `etage`, `side`, `postnr`), or nothing. The extract has no town; the postal code says it.
    """
    try:
        parts = json.loads(written) if written else {}
    except ValueError:
        return None
    street, house, postal_code = (str(parts.get(name, "")).strip() for name in ("vejnavn", "husnr", "postnr"))
    if not street or not _POSTAL_CODE.fullmatch(postal_code):
        return None
    floor, side, care_of = (str(parts.get(name, "")).strip() for name in ("etage", "side", "co_navn"))
    door = " ".join(filter(None, (f"{floor.rstrip('.')}." if floor else "", side)))
    lines = (_care_of(care_of), ", ".join(filter(None, (f"{street} {house}".strip(), door))), postal_code)
    return tuple(line for line in lines if line)


class LetterOutbox:
    """The letters of one municipality in one round, waiting in *folder* to be printed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: PaperLetter) -> Outcome:
        """Put a letter into the outbox, whole and on disk; a second one with its id is the first."""
        place = self._folder / f"{message.message_id}.html"
        if place.exists():
            return ACCEPTED
        draft = self._folder / f".{message.message_id}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(draft, message.html)
            with suppress(FileExistsError):
                os.link(draft, place)  # never replaces what somebody may be printing
            draft.unlink()
        except OSError as error:
            return (
                ACCEPTED if place.exists() else not_sent(f"brevet kan ikke skrives ({os.strerror(error.errno or 0)})")
            )
        try:
            sync_folder(self._folder)
        except OSError as error:
            return unknown(f"brevet er måske ikke på disken ({os.strerror(error.errno or 0)})")
        return ACCEPTED


def _care_of(name: str) -> str:
    return name if not name or name.casefold().startswith("c/o") else f"c/o {name}"


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
