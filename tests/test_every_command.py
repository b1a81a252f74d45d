"""Every command, called with nothing, with nonsense, without a database and with an empty one: a sentence, never a traceback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from borgerpuls import database, settings, vault
from borgerpuls.cli import app
from borgerpuls.sandbox.postgres import EmbeddedPostgres

pytestmark = pytest.mark.filterwarnings("ignore::getpass.GetPassWarning")  # nobody sits at this terminal
DATABASE_URLS = ("BORGERPULS_DATABASE_URL", "BORGERPULS_DATABASE_ADMIN_URL", "BORGERPULS_QUESTIONNAIRE_DATABASE_URL")
NOBODY_THERE = "postgresql+psycopg://a:b@127.0.0.1:1/x"
LONG_RUNNING = {
    ("questionnaire", "serve"), ("sandbox", "up"), ("sandbox", "down"), ("sandbox", "clean"), ("sandbox", "demo"),
    ("sandbox", "gateway"), ("sandbox", "faults"), ("sandbox", "speed"), ("sandbox", "run"),
}  # fmt: skip
"""Start or stop processes, or run another command; what they do is tested where they live."""
TYPED_IN = "6101990000\nj\nabc\n"
EXAMPLES = {"int": "1", "float": "0.5", "uuid": "6b1d3f0e-4a0e-4b8e-9a53-0d5a3b7d9a10", "path": "here.csv"}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        elif (*path, name) not in LONG_RUNNING:
            yield (*path, name), command


ALL = dict(commands(typer.main.get_command(app)))


def example(parameter: Any) -> str:
    """Return a word of the kind that a parameter takes."""
    if "round" in parameter.name:
        return "2023-2"
    kind = str(parameter.display_type).lower().strip("[]<>")
    if "|" in kind:
        return kind.split("|")[0]
    return next((word for name, word in EXAMPLES.items() if name in kind), "0461")


def words(command: Any, *, are_sensible: bool) -> list[str]:
    """Return a word for each argument and each option that a command cannot do without."""
    found = []
    for parameter in command.params:
        word = example(parameter) if are_sensible else "vrøvl"
        if parameter.param_type_name == "argument":
            found.append(word)
        elif parameter.required:
            found += [parameter.opts[0], word]
    return found


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A folder in which the default places are files, and settings that name no database."""
    monkeypatch.chdir(tmp_path)
    for name in ("output", "docs"):
        (tmp_path / name).write_text("a file where a folder is needed", encoding="utf-8")
    vault.make_keys(tmp_path / "keys")
    monkeypatch.setenv("BORGERPULS_KEY_FOLDER", str(tmp_path / "keys"))
    forget()
    yield monkeypatch
    forget()


def forget() -> None:
    database.close_engines()
    settings.settings.cache_clear()
    vault.vault.cache_clear()


def tracebacks(*, are_sensible: bool | None) -> dict[tuple[str, ...], str]:
    """Run every command and return the errors that were no sentences, by command."""
    found = {}
    for path, command in ALL.items():
        given = [] if are_sensible is None else words(command, are_sensible=are_sensible)
        result = CliRunner().invoke(app, [*path, *given], input=TYPED_IN)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            found[path] = repr(result.exception)
    return found


def test_without_a_word_and_with_nonsense(somewhere: pytest.MonkeyPatch) -> None:
    assert len(ALL) > 40
    assert tracebacks(are_sensible=None) == {}
    assert tracebacks(are_sensible=False) == {}


def test_without_a_database(somewhere: pytest.MonkeyPatch) -> None:
    assert tracebacks(are_sensible=True) == {}
    for name in DATABASE_URLS:
        somewhere.setenv(name, NOBODY_THERE)
    forget()
    assert tracebacks(are_sensible=True) == {}
    said = CliRunner().invoke(app, ["frame", "status", "2023-2"]).output
    assert said.startswith("DatabaseIsAway: The database does not answer or does not let us in (connection failed")


def test_with_a_database_that_nobody_has_migrated(somewhere: pytest.MonkeyPatch, postgres: EmbeddedPostgres) -> None:
    ALL.pop(("database", "migrate"), None)
    postgres.create_database("empty")
    try:
        for name in DATABASE_URLS:
            somewhere.setenv(name, postgres.url("empty"))
        forget()
        assert tracebacks(are_sensible=True) == {}
        said = CliRunner().invoke(app, ["frame", "status", "2023-2"]).output
        assert said.startswith("DatabaseIsNotReady: The database lacks something that this version needs. Bring it to")
    finally:
        forget()
        postgres.drop_database("empty")
