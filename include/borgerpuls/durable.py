"""Folders whose entries are on disk, not only on their way there."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Return when the names in *folder* are on disk: a new file, or that one is gone, survives a power cut from then on."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
