"""What is published on a real database: versions, corrections with their changes, retractions, crashes in between."""

import io
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from borgerpuls import content_store
from borgerpuls.cli import app
from borgerpuls.database import copy_rows, load_query, transaction
from borgerpuls.errors import (
    CorrectionNeedsReason,
    NothingIsPublished,
    ReportIsMissing,
    ReportIsStale,
    UnknownArtefact,
    UnknownRound,
)
from borgerpuls.publication import stage
from borgerpuls.settings import settings
from borgerpuls.terms import ArtefactKind

ROUND = "2023-2"
CODES = ("0461", "0740", "alle")


def set_figure(code: str, item: str, value: float | None, group: str = "") -> None:
    """Estimate a figure again: other number, or withheld."""
    row = {
        "figure_id": f"{ROUND}|{code}|{item}|mean||{'sex' if group else 'all'}|{group}", "round_id": ROUND,
        "municipality_code": code, "item_id": item, "measure": "mean", "domain": "sex" if group else "all",
        "domain_group": group, "value": value, "valid_n": None if value is None else 40, "is_suppressed": value is None,
        "suppression_reason": "anonymity" if value is None else None, "snapshot_id": "s", "code_version": "1",
    }  # fmt: skip
    rows = pd.DataFrame([row]).astype({"valid_n": "Int64"})
    with transaction("estimation") as connection:
        connection.execute(text("DELETE FROM estimation.figure WHERE figure_id = :id"), {"id": row["figure_id"]})
        copy_rows(connection, "estimation.figure", rows)


def draw(code: str, content: str) -> None:
    """Draw every kind of one municipality, as reporting registers them; what is in the files does not matter here."""
    where = {"round_id": ROUND, "municipality_code": code}
    with transaction("reporting") as connection:
        figures_hash = connection.execute(load_query("reporting/figures_hash.sql"), where).scalar_one()
        for kind in ArtefactKind:
            connection.execute(
                load_query("reporting/register_artefact.sql"),
                where | {
                    "kind": kind, "file_name": f"{code}-{kind}", "page_count": None, "snapshot_id": "s",
                    "file_sha256": content_store.keep(f"{code} {kind} {content}".encode()), "byte_count": 1,
                    "figures_hash": figures_hash,
                },
            )  # fmt: skip


@pytest.fixture(scope="module")
def database(round_database: object) -> None:
    with transaction("rounds") as connection:
        connection.execute(text("INSERT INTO rounds.clock VALUES (true, '2023-10-01T08:00:00+02:00')"))
        connection.execute(
            text(
                "INSERT INTO rounds.round (round_id, name, state, opened_by, opened_at, reference_start_date,"
                " reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date, close_date,"
                " codebook_version, questionnaire_version, sample_rule, channels, seed)"
                " VALUES (:round_id, 'Pilot', 'closed', 'a', '2023-08-01T08:00:00+02:00', '2023-04-01', '2023-06-30',"
                " '2023-08-01', '2023-08-22', '2023-08-29', '2023-09-05', '2023-09-18', '2023', '2023',"
                " '{\"rule\": \"census\"}', '{digital_post}', 1)"
            ),
            {"round_id": ROUND},
        )


@pytest.fixture
def published(database: None) -> Iterator[None]:
    """Two municipalities and all, published once."""
    for code in CODES:
        set_figure(code, "overall", 3.5)
        set_figure(code, "trust", 3.6)
        set_figure(code, "trust", 3.1, "kvinde")
    for code in CODES:
        draw(code, "first")
    stage.publish_figures(ROUND)
    stage.publish_artefacts(ROUND)
    yield
    from borgerpuls.database import engine

    with engine("database_admin_url").begin() as connection:
        connection.execute(text("TRUNCATE publication.artefact, publication.change, publication.decision CASCADE"))
        connection.execute(text("TRUNCATE publication.figure, reporting.artefact, estimation.figure CASCADE"))
    for path in (settings().output_folder / ROUND).glob("*"):
        path.unlink()


def files() -> dict[str, str]:
    return {path.name: path.read_text() for path in (settings().output_folder / ROUND).glob("*")}


def states(code: str, kind: str = "pdf") -> list[tuple[int, str]]:
    own = stage.versions_of(ROUND, code)
    own = own[own["kind"] == kind]
    return list(zip(own["version"], own["state"], strict=True))


def published_value(code: str, item: str, group: str = "") -> Any:
    with transaction("publication") as connection:
        return connection.execute(
            text("SELECT value FROM publication.figure WHERE figure_id = :id"),
            {"id": f"{ROUND}|{code}|{item}|mean||{'sex' if group else 'all'}|{group}"},
        ).scalar()


@pytest.mark.usefixtures("published")
def test_every_kind_is_published_under_its_name_and_publishing_again_changes_nothing() -> None:
    before, versions = files(), stage.versions_of(ROUND)
    assert len(before) == len(CODES) * len(ArtefactKind)
    assert set(versions["version"]) == {1}
    assert stage.publish_artefacts(ROUND) == {"artefacts": 15, "new": 0}
    stage.publish_figures(ROUND)
    assert files() == before
    pd.testing.assert_frame_equal(stage.versions_of(ROUND), versions)
    with transaction("publication") as connection:
        state = connection.execute(text("SELECT state FROM rounds.round WHERE round_id = :r"), {"r": ROUND}).scalar()
    assert state == "published"


@pytest.mark.usefixtures("published")
def test_what_is_drawn_otherwise_waits_for_a_person() -> None:
    set_figure("0461", "overall", 3.4)
    for code in CODES:
        draw(code, "first" if code != "0461" else "second")
    with pytest.raises(CorrectionNeedsReason, match=r"differs from what is published for 0461; the published stays"):
        stage.publish_artefacts(ROUND)
    stage.publish_figures(ROUND)
    assert files()["0461-pdf"] == "0461 pdf first"
    assert published_value("0461", "overall") == 3.5


@pytest.mark.usefixtures("published")
def test_a_correction_replaces_files_and_figures_at_once_and_says_what_changed() -> None:
    others = {name: content for name, content in files().items() if not name.startswith("0461")}
    old = stage.versions_of(ROUND, "0461").set_index("kind")["file_sha256"]["pdf"]
    set_figure("0461", "overall", 3.4)
    draw("0461", "second")
    done = stage.correct(ROUND, "0461", "kontoret", "Et svar var talt to gange.")
    assert done == {"files": 5, "changed_figures": 1}
    assert files()["0461-pdf"] == "0461 pdf second"
    assert {name: content for name, content in files().items() if not name.startswith("0461")} == others
    assert published_value("0461", "overall") == 3.4
    assert states("0461") == [(1, "withdrawn"), (2, "current")]
    assert states("0740") == [(1, "current")]
    [change] = stage.changes_of(ROUND, "0461").itertuples()
    assert (change.figure_id, change.value_before, change.value_after) == (f"{ROUND}|0461|overall|mean||all|", 3.5, 3.4)
    assert (change.decided_by, change.reason) == ("kontoret", "Et svar var talt to gange.")
    fetched = stage.fetch(old[:10])
    assert (fetched.content, fetched.state) == (b"0461 pdf first", "withdrawn")
    assert fetched.withdrawn_reason == "Et svar var talt to gange."
    # Run again, and by the DAG: nothing.
    assert stage.correct(ROUND, "0461", "kontoret", "Igen.") == {"files": 0, "changed_figures": 0}
    assert states("0461") == [(1, "withdrawn"), (2, "current")]
    assert stage.publish_artefacts(ROUND)["new"] == 0


@pytest.mark.usefixtures("published")
def test_the_change_list_never_tells_a_number_that_is_withheld_now() -> None:
    set_figure("0461", "trust", None, "kvinde")
    draw("0461", "second")
    stage.correct(ROUND, "0461", "kontoret", "Gruppen var for lille.")
    [change] = stage.changes_of(ROUND, "0461").itertuples()
    assert (change.state_before, change.state_after) == ("shown", "withheld")
    assert pd.isna(change.value_before)
    assert pd.isna(change.valid_n_before)
    assert published_value("0461", "trust", "kvinde") is None
    shown = CliRunner().invoke(app, ["publication", "show", ROUND, "--municipality", "0461"])
    assert "vist, men gentages ikke → vises ikke" in shown.output
    assert "3,1" not in shown.output


@pytest.mark.usefixtures("published")
def test_a_retraction_leaves_nothing_in_its_place_and_is_not_published_again_by_itself() -> None:
    old = stage.versions_of(ROUND, "0740").set_index("kind")["file_sha256"]["deck"]
    assert stage.retract(ROUND, "0740", "kontoret", "Trukket efter aftale.", [ArtefactKind.DECK]) == {
        "files": 1, "figures": 0,
    }  # fmt: skip
    assert "0740-deck" not in files()
    assert published_value("0740", "overall") == 3.5
    assert stage.retract(ROUND, "0740", "kontoret", "Alt.") == {"files": 4, "figures": 3}
    assert not any(name.startswith("0740") for name in files())
    assert published_value("0740", "overall") is None
    assert stage.retract(ROUND, "0740", "kontoret", "Igen.") == {"files": 0, "figures": 0}
    stage.publish_figures(ROUND)
    stage.publish_artefacts(ROUND)
    assert states("0740", "deck") == [(1, "withdrawn")]
    assert published_value("0740", "overall") is None
    assert stage.fetch(old).state == "withdrawn"
    # A correction brings it back, with its reason.
    assert stage.correct(ROUND, "0740", "kontoret", "Genudgivet.")["files"] == 5
    assert states("0740", "deck") == [(1, "withdrawn"), (2, "current")]
    assert stage.fetch(old).state == "current"


@pytest.mark.usefixtures("published")
def test_a_crash_before_the_files_are_laid_out_is_healed_by_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    set_figure("0461", "overall", 3.4)
    draw("0461", "second")
    write = content_store.write_atomically
    written: list[str] = []

    def crash_at_the_second(path: Any, content: bytes) -> None:
        if len(written) == 1:
            raise OSError("the machine stops here")
        written.append(path.name)
        write(path, content)

    monkeypatch.setattr(content_store, "write_atomically", crash_at_the_second)
    with pytest.raises(OSError, match="stops here"):
        stage.correct(ROUND, "0461", "kontoret", "Rettet.")
    monkeypatch.undo()
    assert states("0461") == [(1, "withdrawn"), (2, "current")]  # the database has decided
    assert sorted(content.split()[-1] for name, content in files().items() if name.startswith("0461")) == (
        ["first"] * 4 + ["second"]
    )
    assert stage.correct(ROUND, "0461", "kontoret", "Rettet.") == {"files": 0, "changed_figures": 0}
    assert {content.split()[-1] for name, content in files().items() if name.startswith("0461")} == {"second"}


@pytest.mark.usefixtures("published")
def test_a_crash_inside_the_decision_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before, versions = files(), stage.versions_of(ROUND)
    set_figure("0461", "overall", 3.4)
    draw("0461", "second")

    publish = stage._publish
    calls: list[str] = []

    def crash_at_the_third(*arguments: Any) -> None:
        calls.append(arguments[3])
        if len(calls) == 3:
            raise OSError("the machine stops here")
        publish(*arguments)

    monkeypatch.setattr(stage, "_publish", crash_at_the_third)
    with pytest.raises(OSError, match="stops here"):
        stage.correct(ROUND, "0461", "kontoret", "Rettet.")
    assert files() == before
    pd.testing.assert_frame_equal(stage.versions_of(ROUND), versions)
    assert published_value("0461", "overall") == 3.5


@pytest.mark.usefixtures("published")
def test_what_does_not_hold_together_is_not_published() -> None:
    set_figure("0461", "overall", 3.4)
    draw("0461", "second")
    set_figure("0461", "overall", 3.3)
    with pytest.raises(ReportIsStale, match="The artefacts of 0461 were drawn from other figures"):
        stage.correct(ROUND, "0461", "kontoret", "Rettet.")
    draw("0461", "third")
    path = content_store.path_of(content_store.keep(b"0461 memo_pdf third"))
    path.unlink()
    with pytest.raises(ReportIsMissing, match="0461-memo_pdf is registered but not in the store"):
        stage.correct(ROUND, "0461", "kontoret", "Rettet.")
    assert states("0461") == [(1, "current")]
    with pytest.raises(NothingIsPublished, match="Nothing of 0101 is published"):
        stage.correct(ROUND, "0101", "kontoret", "Rettet.")
    with pytest.raises(NothingIsPublished, match="Nothing of 0101 is published"):
        stage.retract(ROUND, "0101", "kontoret", "Rettet.")
    with pytest.raises(UnknownRound, match="Ingen runde har id 1999-1"):
        stage.correct("1999-1", "0461", "kontoret", "Rettet.")
    with pytest.raises(UnknownArtefact, match="0 published files"):
        stage.fetch("0123456789abcdef")
    with pytest.raises(UnknownArtefact, match="at least six digits"):
        stage.fetch(stage.versions_of(ROUND)["file_sha256"].iloc[0][:3])


@pytest.mark.usefixtures("published")
def test_what_was_decided_can_be_neither_changed_nor_deleted() -> None:
    stage.retract(ROUND, "0461", "kontoret", "Trukket.")
    for statement in (
        "DELETE FROM publication.artefact", "UPDATE publication.artefact SET file_sha256 = 'x'",
        "DELETE FROM publication.decision", "UPDATE publication.decision SET reason = 'x'",
        "DELETE FROM publication.change",
    ):  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), transaction("publication") as connection:
            connection.execute(text(statement))


@pytest.mark.usefixtures("published")
def test_the_commands_correct_show_fetch_and_retract(tmp_path: Any) -> None:
    runner = CliRunner()
    old = stage.versions_of(ROUND, "0461").set_index("kind")["file_sha256"]["pdf"]
    set_figure("0461", "overall", 3.4)
    draw("0461", "second")
    done = runner.invoke(app, ["publication", "correct", ROUND, "0461", "--reason", "Rettet.", "--by", "kontoret"])
    assert "5 filer er erstattet, 1 tal er ændret." in done.output
    again = runner.invoke(app, ["publication", "correct", ROUND, "0461", "--reason", "Rettet.", "--by", "kontoret"])
    assert "intet er ændret" in again.output
    shown = runner.invoke(app, ["publication", "show", ROUND, "--municipality", "0461"])
    assert "3,500 → 3,400" in shown.output
    newest = stage.versions_of(ROUND, "0461")["published_at"].max().tz_convert("Europe/Copenhagen")
    assert f"{newest:%d.%m.%Y}" in shown.output
    assert f"{newest:%H:%M}" in shown.output
    fetched = runner.invoke(app, ["publication", "fetch", old, "--out", str(tmp_path)])
    assert "Trukket tilbage: Rettet." in fetched.output
    assert (tmp_path / "withdrawn-0461-pdf").read_bytes() == b"0461 pdf first"
    gone = runner.invoke(
        app, ["publication", "retract", ROUND, "0461", "--reason", "Trukket.", "--by", "kontoret", "--kind", "deck"]
    )
    assert "1 filer og 0 tal er trukket tilbage." in gone.output
    nothing = runner.invoke(app, ["publication", "show", "1999-1"])
    assert (nothing.exit_code, "Nothing is published in round 1999-1" in nothing.output) == (2, True)
    unknown = runner.invoke(app, ["publication", "fetch", "ffffff", "--out", str(tmp_path)])
    assert unknown.exit_code == 2
    assert io.StringIO(unknown.output).readline().startswith("UnknownArtefact: 0 published files")
