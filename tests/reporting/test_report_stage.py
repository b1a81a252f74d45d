"""The stage against a real database: draw every kind, register, draw again, find what is missing."""

import hashlib
import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import page
import pandas as pd
import pypdf
import pytest
from figure_factory import PILOT, figure_rows
from PIL import Image
from proofs import on_page, without_a_base
from sqlalchemy import text
from typer.testing import CliRunner

from borgerpuls import content_store
from borgerpuls.cli import app
from borgerpuls.database import copy_rows, transaction
from borgerpuls.errors import (
    GreetingIsTooLong,
    MunicipalityIsNotInRound,
    ReportIsMissing,
    RoundHasNoFigures,
    UnknownRound,
)
from borgerpuls.reporting import stage
from borgerpuls.reporting.drawing import draw_one
from borgerpuls.reporting.memo import Participation
from borgerpuls.terms import ArtefactKind

ROUND = "2023-2"
HEAVY = {"pandas", "numpy", "scipy", "matplotlib", "great_expectations", "pyarrow", "airflow", "pypdf"}
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


def test_the_report_tells_how_many_got_their_reminders_by_sms_too() -> None:
    with transaction("fieldwork") as connection:
        connection.execute(text("INSERT INTO fieldwork.design VALUES (:round_id, 0.5)"), {"round_id": ROUND})
    assert stage.read_report_data(ROUND, "0183").facts.sms_share == 0.5
    with transaction("fieldwork") as connection:
        connection.execute(text("DELETE FROM fieldwork.design"))
    assert stage.read_report_data(ROUND, "0183").facts.sms_share == 1.0


def registered() -> dict[tuple[str, str], Any]:
    with transaction("reporting") as connection:
        rows = connection.execute(text("SELECT * FROM reporting.artefact")).all()
    return {(row.municipality_code, row.kind): row for row in rows}


def test_every_municipality_and_all_participating_get_a_report() -> None:
    assert stage.reports_to_render(ROUND) == ["0183", "0461", "0740", "alle"]


def test_a_municipality_in_which_nobody_was_asked_takes_no_part() -> None:
    """Its extract was refused: a report that withholds its results "for anonymity" would say what is not true."""
    with transaction("sampling") as connection:
        for code, allocated in (("0183", 0), ("0740", 12)):
            connection.execute(
                text("INSERT INTO sampling.allocation VALUES ('2024-1', :m, :m || '|x', 'kvinde', 'under_30', 12, :n)"),
                {"m": code, "n": allocated},
            )
    assert stage.reports_to_render("2024-1") == ["0740", "alle"]
    with transaction("sampling") as connection:
        connection.execute(text("DELETE FROM sampling.allocation"))


def test_every_kind_is_drawn_registered_and_the_same_when_drawn_again() -> None:
    first = stage.draw_artefacts(ROUND, "0183")
    assert first["pages"] > 35
    before = registered()
    assert {kind for _, kind in before} == set(ArtefactKind)
    for row in before.values():
        content = content_store.read(row.file_sha256, row.file_name)
        assert hashlib.sha256(content).hexdigest() == row.file_sha256
        assert len(content) == row.byte_count
    assert sorted(row.file_name for row in before.values()) == [
        "borgerpuls-2023-2-0183-ishoej-notat.docx", "borgerpuls-2023-2-0183-ishoej-notat.pdf",
        "borgerpuls-2023-2-0183-ishoej.pdf", "borgerpuls-2023-2-0183-ishoej.pptx", "borgerpuls-2023-2-0183-ishoej.xlsx",
    ]  # fmt: skip
    assert stage.draw_artefacts(ROUND, "0183") == first
    assert registered() == before
    with pytest.raises(ReportIsMissing, match="Municipality 0461 has no pdf"):
        stage.check_reports(ROUND)


def test_another_process_draws_the_same_bytes() -> None:
    """
    A new interpreter has other hash seeds, addresses and clocks; what is drawn has none of them.

    Nor does a worker have the tables' libraries in its memory: half of what it would be.
    """
    program = (
        f"from borgerpuls.reporting import stage; stage.draw_artefacts({ROUND!r}, '0183'); import sys; "
        f"assert not {HEAVY!r} & sys.modules.keys(), {HEAVY!r} & sys.modules.keys()"
    )
    before = registered()
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=120)
    assert registered() == before


def test_drawing_one_municipality_touches_no_other() -> None:
    own = {key: row for key, row in registered().items() if key[0] == "0183"}
    stamps = {row.file_sha256: content_store.path_of(row.file_sha256).stat().st_mtime_ns for row in own.values()}
    stage.draw_artefacts(ROUND, "0740")
    assert {key: row for key, row in registered().items() if key[0] == "0183"} == own
    assert {sha: content_store.path_of(sha).stat().st_mtime_ns for sha in stamps} == stamps


def test_a_changed_or_lost_file_is_named_and_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "reports_to_render", lambda _: ["0183"])
    assert stage.check_reports(ROUND)["files"] == len(ArtefactKind)
    row = registered()["0183", ArtefactKind.DECK]
    path = content_store.path_of(row.file_sha256)
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    with pytest.raises(ReportIsMissing, match=r"ishoej\.pptx is not the file that was drawn"):
        stage.check_reports(ROUND)
    path.unlink()
    with pytest.raises(ReportIsMissing, match="not in the store"):
        stage.check_reports(ROUND)
    assert content_store.keep(content) == row.file_sha256
    assert stage.check_reports(ROUND)["reports"] == 1
    path.write_bytes(b"damaged")
    assert content_store.keep(content) == row.file_sha256
    assert path.read_bytes() == content


def test_a_report_is_proven_from_the_database_and_a_changed_figure_is_named() -> None:
    if ("0740", ArtefactKind.PDF) not in registered():
        stage.draw_artefacts(ROUND, "0740")
    path = content_store.path_of(registered()["0740", ArtefactKind.PDF].file_sha256)
    whole = stage.prove_artefact(path)
    assert whole.failures == ()
    assert whole.compared_count > 2500
    figure_id = f"{ROUND}|0740|trust|mean||all|"
    change = text("UPDATE estimation.figure SET value = value + :shift WHERE figure_id = :figure_id")
    for shift in (0.01, -0.01):
        with transaction("estimation") as connection:
            connection.execute(change, {"shift": shift, "figure_id": figure_id})
        if shift > 0:
            failures = stage.prove_artefact(path).failures
            assert failures
            assert all(figure_id in failure.citation for failure in failures)


def test_the_command_line_proves_every_kind_and_names_what_was_changed(tmp_path: Path) -> None:
    if ("0183", ArtefactKind.WORKBOOK) not in registered():
        stage.draw_artefacts(ROUND, "0183")
    rows = {kind: row for (code, kind), row in registered().items() if code == "0183"}
    for kind in ArtefactKind:
        path = tmp_path / rows[kind].file_name
        path.write_bytes(content_store.path_of(rows[kind].file_sha256).read_bytes())
        said = CliRunner().invoke(app, ["prove", str(path)])
        assert said.exit_code == 0, said.output
        assert (
            f"{kind} of round {ROUND}, municipality 0183. The file is byte for byte the one that was drawn."
            in said.output
        )
        assert "all hold" in said.output
    path = tmp_path / rows[ArtefactKind.MEMO_DOCX].file_name
    document = docx.Document(str(path))
    line = next(paragraph for paragraph in document.paragraphs if paragraph.style.name == "List Number")
    line.runs[0].text = line.text.replace(",", ",0", 1)
    document.save(str(path))
    said = CliRunner().invoke(app, ["prove", str(path)])
    assert said.exit_code == 1
    assert f"dokumentet: der står »{line.text}«, der skal stå »{line.text.replace(',0', ',', 1)}«" in said.output
    assert "1 do not hold" in said.output


def test_a_report_that_the_store_does_not_have_is_compared_with_one_drawn_anew(tmp_path: Path) -> None:
    """Another installation with the same figures, or a lost store: a whole number that was taken out is noticed too."""
    data = stage.read_report_data(ROUND, "0461")
    assert ("0461", ArtefactKind.PDF) not in registered()
    whole, path = draw_one(ArtefactKind.PDF, data, Participation(1, 0)).content, tmp_path / "report.pdf"
    path.write_bytes(whole)
    told = stage.prove_artefact(path)
    assert (told.comparison, told.failures) == ("drawn anew", ())
    path.write_bytes(on_page(whole, 9, without_a_base))
    said = CliRunner().invoke(app, ["prove", str(path)])
    assert said.exit_code == 1
    assert said.output.startswith("side 9: et tal er væk,")
    assert "1 do not hold" in said.output
    assert "it was drawn anew from the figures and every text was compared" in said.output
    path.write_bytes(
        draw_one(ArtefactKind.PDF, replace(data, snapshot_id="of another time"), Participation(1, 0)).content
    )
    assert stage.prove_artefact(path).comparison == "nothing to compare"


def test_what_is_no_artefact_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    for content in (b"", b"no PDF", b"%PDF-1.7 broken", b"PK\x03\x04 broken"):
        path.write_bytes(content)
        done = subprocess.run(
            [sys.executable, "-m", "borgerpuls", "prove", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stdout == ""
        assert re.fullmatch(r"NotAReport: The file cannot be read as .*\n", done.stderr)


def test_trend_notices_greeting_and_open_words_reach_the_report() -> None:
    with transaction("estimation") as connection:
        connection.execute(text(
            "INSERT INTO estimation.trend_point (round_id, municipality_code, item_id, measure, domain, period, period_name,"
            " kind, source, source_title, value, is_break_before, break_reason) VALUES"
            " (:round_id, '0740', 'overall', 'mean', 'all', '2023-1', '1. halvår 2023', 'imported', 's', 'Tidligere', 3.2,"
            " false, NULL),"
            " (:round_id, '0740', 'overall', 'mean', 'all', '2023-2', '2. halvår 2023', 'round', '2023-2', 'Denne', 3.4,"
            " true, 'Ændret.')"
        ), {"round_id": ROUND})  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO estimation.notice VALUES (:round_id, '0740', 'coop', '', 'item_withheld', 'Vises ikke.')"
            ),
            {"round_id": ROUND},
        )
        connection.execute(
            text("INSERT INTO estimation.merged_cell VALUES (:round_id, '0740', 1, 'Mænd under 30 år', 2)"),
            {"round_id": ROUND},
        )
    picture = io.BytesIO()
    Image.new("RGB", (60, 20), "#0B3C5D").save(picture, "PNG")
    stage.save_greeting(ROUND, "0740", "Tak til alle, " + "der svarede. " * 14, picture.getvalue())
    data = stage.read_report_data(ROUND, "0740")
    assert [(point.period, point.value, point.break_reason) for point in data.trend] == [
        ("2023-1", 3.2, None), ("2023-2", 3.4, "Ændret."),
    ]  # fmt: skip
    assert data.notices[0].sentence == "Vises ikke."
    assert data.merged_cells[0].merged_n == 2
    assert data.open_answers == ()
    assert data.greeting is not None
    assert data.greeting.logo is not None
    stage.draw_artefacts(ROUND, "0740")
    if ("0740", ArtefactKind.PDF) not in registered():
        stage.draw_artefacts(ROUND, "0740")
    path = content_store.path_of(registered()["0740", ArtefactKind.PDF].file_sha256)
    assert stage.prove_artefact(path).failures == ()
    cover = pypdf.PdfReader(path).pages[0]
    assert "Tak til alle, der svarede." in " ".join(cover.extract_text().split())
    assert len(cover.images) == 1
    assert page.validate_pdf(str(path), profile="ua1").rules.passed == 104


def test_a_greeting_that_is_too_long_or_of_nobody_is_refused() -> None:
    with pytest.raises(GreetingIsTooLong, match="has 201 letters"):
        stage.save_greeting(ROUND, "0740", "a" * 201, None)
    with pytest.raises(MunicipalityIsNotInRound, match="Kommune 0101 deltager ikke"):
        stage.save_greeting(ROUND, "0101", "Hej", None)
    with pytest.raises(UnknownRound, match="Ingen runde har id 1999-1"):
        stage.save_greeting("1999-1", "0461", "Hej", None)


def test_unknown_rounds_and_rounds_without_figures_are_said() -> None:
    with pytest.raises(UnknownRound, match="Ingen runde har id 1999-1"):
        stage.draw_artefacts("1999-1", "0461")
    with pytest.raises(MunicipalityIsNotInRound, match="Kommune 0101 deltager ikke"):
        stage.draw_artefacts(ROUND, "0101")
    with pytest.raises(RoundHasNoFigures, match="has no figures"):
        stage.draw_artefacts("2024-1", "0461")


def test_file_names_are_plain_ascii() -> None:
    assert stage.file_name("2023-2", "0492", "Ærø & Ålsø / Ø", ".pdf") == "borgerpuls-2023-2-0492-aeroe-aalsoe-oe.pdf"
    assert "/" not in stage.file_name("2023-2", "0492", "../../etc", ".pdf")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.pdf"
    content_store.write_atomically(path, b"old")

    def fail(_: int) -> None:
        raise OSError

    monkeypatch.setattr(content_store.os, "fsync", fail)
    with pytest.raises(OSError):
        content_store.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["report.pdf"]
