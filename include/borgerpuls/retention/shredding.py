"""
Shredding: what a round has left in folders outside the database, and how it is taken away.

Files are unlinked, and their folders after them, on disk before this returns. What a disk keeps of an unlinked file is
the disk's matter (docs/retention.md); a key is written over first (round_keys.py).
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from borgerpuls.clock import COPENHAGEN
from borgerpuls.durable import sync_folder
from borgerpuls.round_keys import destroy_key


def files_below(folder: Path) -> list[Path]:
    """Return every file below a folder, sorted; none where it is not there."""
    return sorted(path for path in folder.glob("**/*") if path.is_file() or path.is_symlink())


def extracts_of(inbox: Path, municipality_code: str) -> list[Path]:
    """Return a municipality's files in a round's inbox, whatever they are called after its code."""
    named = re.compile(rf"(?:{municipality_code}|{municipality_code.removeprefix('0')}(?![0-9])).*", re.IGNORECASE)
    return [path for path in files_below(inbox) if named.fullmatch(path.name)]


def arrived_before(files: Iterable[Path], day: date) -> list[Path]:
    """Return the files that came before a day, Danish time; one that keeps an older date from where it was made is new."""
    return [path for path in files if _arrived_date(path) < day]


def shred(files: Iterable[Path], folder: Path, passes: Callable[[str], None]) -> None:
    """
    Take files away, keys by writing over them first, and the folders below and up to *folder* that are empty then.

    Args:
        files: What is to go; what is gone already is passed over.
        folder: The folder of the round.
        passes: Told before each file (the tests crash there).
    """
    for path in files:
        passes(f"file:{path.name}")
        if path.suffix == ".key" and not path.is_symlink():
            destroy_key(path)
        else:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
    if not folder.is_dir():
        return
    for below in sorted((path for path in folder.glob("**/*") if path.is_dir()), reverse=True):
        with suppress(OSError):  # not empty: something has come since
            below.rmdir()
    with suppress(OSError):
        folder.rmdir()
    if folder.parent.is_dir():
        sync_folder(folder.parent)


def _arrived_date(path: Path) -> date:
    return datetime.fromtimestamp(path.lstat().st_ctime, COPENHAGEN).date()
