"""
Files by the hash of what is in them: what was drawn stays as it was drawn, also after it has been withdrawn.

Kept below `<output>/store/`. A file is written whole or not at all, and writing it again changes nothing.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from borgerpuls.errors import ReportIsMissing
from borgerpuls.hashing import file_sha256
from borgerpuls.settings import settings


def keep(content: bytes) -> str:
    """Keep *content* and return its SHA-256; a damaged copy is replaced."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(sha256)
    if not path.is_file() or file_sha256(path) != sha256:
        write_atomically(path, content)
    return sha256


def read(sha256: str, name: str) -> bytes:
    """
    Return what was kept under *sha256*.

    Args:
        sha256: In hexadecimal.
        name: What the reader calls it, for the message.

    Raises:
        ReportIsMissing: It is not there, or is not what was kept.
    """
    path = path_of(sha256)
    if not path.is_file():
        raise ReportIsMissing(
            f"{name} is registered but not in the store ({sha256[:12]}…).",
            next_step="Clear its municipality in the reporting DAG, or restore the store from backup.",
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ReportIsMissing(
            f"{name} is not the file that was drawn: its SHA-256 differs from the register.",
            next_step="Clear its municipality in the reporting DAG, or restore the store from backup.",
        )
    return content


def holds(content: bytes) -> bool:
    """Return whether exactly this content is kept."""
    return path_of(hashlib.sha256(content).hexdigest()).is_file()


def path_of(sha256: str) -> Path:
    """Return where the content with this hash is kept."""
    return settings().output_folder / "store" / sha256[:2] / sha256


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
