"""The stage against a real database: draw, register, draw again, find what is missing."""

from pathlib import Path

import pandas as pd
import pytest
from figure_factory import PILOT, figure_rows
from sqlalchemy import text

from borgerpuls.database import copy_rows, transaction
from borgerpuls.errors import ReportIsMissing, RoundHasNoFigures, UnknownRound
from borgerpuls.reporting import stage
from borgerpuls.settings import settings

ROUND = "2023-2"
NAMES = {code: PILOT[code] for code in ("0183", "0461", "0740")}


@pytest.fixture(scope="module", autouse=True)
def a_round(round_database: object) -> None:
    with transaction("rounds") as connection:
        for round_id in (ROUND, "2024-1"):
            connection.execute(
                text(
                    "INSERT INTO rounds.round (round_id, name, opened_by, opened_at, reference_start_date,"
                    " reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date, close_date,"
                    " codebook_version, questionnaire_version, sample_rule, channels, seed)"
                    " VALUES (:round_id, 'Pilot', 'a', '2023-08-01T08:00:00+02:00', '2023-04-01', '2023-06-30',"
                    " '2023-08-01', '2023-08-22', '2023-08-29', '2023-09-05', '2023-09-18', '2023', '2023',"
                    " '{\"rule\": \"census\"}', '{digital_post}', 1)"
                ),
                {"round_id": round_id},
            )
            for code, name in NAMES.items():
                connection.execute(
                    text("INSERT INTO rounds.municipality VALUES (:round_id, :code, :name)"),
                    {"round_id": round_id, "code": code, "name": name},
                )
    rows = figure_rows({"0183": 40, "0461": 700, "0740": 450})
    counts = ["valid_n", "dont_know_n", "not_asked_n", "broken_off_n"]
    rows[counts] = rows[counts].apply(lambda column: pd.to_numeric(column).astype("Int64"))
    with transaction("estimation") as connection:
        copy_rows(connection, "estimation.figure", rows)


def test_every_municipality_and_all_participating_get_a_report() -> None:
    assert stage.reports_to_render(ROUND) == ["0183", "0461", "0740", "alle"]


def test_a_report_is_drawn_registered_and_the_same_when_drawn_again() -> None:
    first = stage.render_report(ROUND, "0183")
    path = settings().output_folder / ROUND / "borgerpuls-2023-2-0183-ishoej.pdf"
    content = path.read_bytes()
    assert first["pages"] > 35
    with transaction("reporting") as connection:
        before = connection.execute(text("SELECT * FROM reporting.artefact")).fetchall()
    assert stage.render_report(ROUND, "0183") == first
    assert path.read_bytes() == content
    with transaction("reporting") as connection:
        assert connection.execute(text("SELECT * FROM reporting.artefact")).fetchall() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with pytest.raises(ReportIsMissing, match="Municipality 0461 has no report"):
        stage.check_reports(ROUND)


def test_a_changed_or_lost_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "reports_to_render", lambda _: ["0183"])
    path = settings().output_folder / ROUND / "borgerpuls-2023-2-0183-ishoej.pdf"
    assert stage.check_reports(ROUND)["reports"] == 1
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    with pytest.raises(ReportIsMissing, match="is not the file that was drawn"):
        stage.check_reports(ROUND)
    path.unlink()
    with pytest.raises(ReportIsMissing, match="not in the output folder"):
        stage.check_reports(ROUND)


def test_a_report_is_proven_from_the_database_and_a_changed_figure_is_named() -> None:
    stage.render_report(ROUND, "0461")
    path = next((settings().output_folder / ROUND).glob("*-0461-*.pdf"))
    whole = stage.prove_report(path)
    assert whole.failures == ()
    assert whole.number_count > 2500
    figure_id = f"{ROUND}|0461|trust|mean||all|"
    change = text("UPDATE estimation.figure SET value = value + :shift WHERE figure_id = :figure_id")
    for shift in (0.01, -0.01):
        with transaction("estimation") as connection:
            connection.execute(change, {"shift": shift, "figure_id": figure_id})
        if shift > 0:
            failures = stage.prove_report(path).failures
            assert failures
            assert all(figure_id in failure.citation for failure in failures)


def test_unknown_rounds_and_rounds_without_figures_are_said() -> None:
    with pytest.raises(UnknownRound, match="There is no round 1999-1"):
        stage.render_report("1999-1", "0461")
    with pytest.raises(UnknownRound, match="does not take part"):
        stage.render_report(ROUND, "0101")
    with pytest.raises(RoundHasNoFigures, match="has no figures"):
        stage.render_report("2024-1", "0461")


def test_file_names_are_plain_ascii() -> None:
    assert stage.file_name("2023-2", "0492", "Ærø & Ålsø / Ø") == "borgerpuls-2023-2-0492-aeroe-aalsoe-oe.pdf"
    assert "/" not in stage.file_name("2023-2", "0492", "../../etc")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.pdf"
    stage.write_atomically(path, b"old")

    def fail(_: int) -> None:
        raise OSError

    monkeypatch.setattr(stage.os, "fsync", fail)
    with pytest.raises(OSError):
        stage.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["report.pdf"]
