"""
The keys that are made to be destroyed: a folder per round, with the round's own key and one for each extract.

They lie outside the database and apart from the keys that are kept for ever, so that each can be backed up as long as
it may live (docs/retention.md). A key is on disk, whole, before anything is sealed with it; one that is destroyed is
written over before it is unlinked. In the place of a round's key its gravestone stays: so a folder that is not the one the
key was in is told from one in which it was destroyed, also by a database that is older than that.
"""

import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from borgerpuls.durable import sync_folder

KEY_LENGTH = 32
GRAVESTONE = "destroyed"


class RoundKeyFolder:
    """The folder of the rounds' keys; several processes and machines may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of_round(self, round_id: str) -> Path:
        """Return where the key of a round lies."""
        return self._folder / round_id / "round.key"

    def of_extract(self, round_id: str, municipality_code: str) -> Path:
        """Return where the key of a municipality's extract lies."""
        return self._folder / round_id / f"extract-{municipality_code}.key"

    def gravestone(self, round_id: str) -> Path:
        """Return where it is written down that the key of a round was destroyed here."""
        return self._folder / round_id / GRAVESTONE

    def destroyed_at(self, round_id: str) -> datetime | None:
        """Return when the key of a round was destroyed here, if it was."""
        try:
            return datetime.fromisoformat(self.gravestone(round_id).read_text(encoding="ascii").strip())
        except FileNotFoundError:
            return None


def read_key(path: Path) -> bytes | None:
    """Return the key in a file, or None when there is none (any more)."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == KEY_LENGTH else None


def keep_key(path: Path, key: bytes) -> bytes:
    """Return the key in a file; where there is none it becomes *key*, on disk before this returns. Never replaces one."""
    known = read_key(path)
    if known is not None:
        return known
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)  # two that come at once get the same key
    finally:
        draft.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)
    kept = read_key(path)
    if kept is None:
        message = f"{path.name} is no key of {KEY_LENGTH} bytes"
        raise OSError(message)
    return kept


def set_gravestone(path: Path, moment: datetime) -> None:
    """Write down that a round's key was destroyed, on disk before this returns; the first time stands."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with draft.open("w", encoding="ascii") as file:
        file.write(moment.isoformat() + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def destroy_key(path: Path) -> bool:
    """Write over a key and unlink it, on disk before this returns; tell whether it was there."""
    try:
        descriptor = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(max(KEY_LENGTH, path.stat().st_size)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True
