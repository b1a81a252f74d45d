"""
Files and folders that whoever runs a command has named: what is wrong with one, said as a sentence.

What stands in a file is never repeated in a message. Tables are read in plain_files.py.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from borgerpuls.errors import FileIsUnusable
from borgerpuls.settings import settings

_FACTS: tuple[tuple[type[OSError], str, str], ...] = (
    (FileNotFoundError, "There is no such file or folder.", "Make its folder first, or correct the path."),
    (FileExistsError, "This is a file, where a folder is needed.", "Name a folder, or a new one."),
    (NotADirectoryError, "This is a file, where a folder is needed.", "Name a folder, or a new one."),
    (IsADirectoryError, "This is a folder, where a file is needed.", "Name a file."),
    (PermissionError, "You may not read or write here.", "Ask for the right, or choose another place."),
)


def unusable(error: OSError, written: Iterable[str], standing: Iterable[Path] = ()) -> FileIsUnusable | None:
    """
    Return what is wrong with a path that was given, or None when the error is about a path that nobody gave.

    Args:
        error: What the operating system said.
        written: The words of the command; a path may be one of them, or follow `--option=`.
        standing: Places the command uses without being told (see `standing_places`).
    """
    if not isinstance(error.filename, str | Path):
        return None
    failed = Path(error.filename).absolute()
    given = [Path(part).absolute() for word in written for part in {word, word.partition("=")[2]} if part]
    is_given = any(failed.is_relative_to(path) or path.is_relative_to(failed) for path in given)
    # A default may be the folder one stands in, and everything lies below that: only what lies directly in it counts.
    is_standing = any(failed.parent == path or path.is_relative_to(failed) for path in map(Path.absolute, standing))
    if not (is_given or is_standing):
        return None
    for kind, what, next_step in _FACTS:
        if isinstance(error, kind):
            return FileIsUnusable(what, where=str(error.filename), next_step=next_step)
    return FileIsUnusable(f"It cannot be used: {error.strerror}.", where=str(error.filename))


def standing_places(command: Any, written: Sequence[str]) -> list[Path]:
    """
    Return the places that a command uses where none was written: the defaults of its options, and the settings' folders.

    Args:
        command: The whole command line, a group of commands.
        written: The words; the first of them name the command.
    """
    for word in written:
        command = getattr(command, "commands", {}).get(word, command)
    defaults = [parameter.default for parameter in command.params]
    with suppress(ValueError):  # settings that cannot be read are another matter
        defaults += list(dict(settings()).values())
    return [place for place in defaults if isinstance(place, Path)]


def read_text(path: Path) -> str:
    """
    Return the text of a UTF-8 file, without a byte order mark.

    Raises:
        FileIsUnusable: It is no such text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileIsUnusable(
            "The file is no text in UTF-8.", where=path.name, next_step="Save it as UTF-8 and try again."
        ) from None


def read_yaml(path: Path) -> Any:
    """
    Return what stands in a YAML file.

    Raises:
        FileIsUnusable: It is no text in UTF-8, or no YAML; says the line.
    """
    try:
        return yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise FileIsUnusable(
            "The file is no YAML.",
            where=f"{path.name}{line}",
            next_step="Look at that line and the one before: indents, quotation marks and brackets.",
        ) from None
