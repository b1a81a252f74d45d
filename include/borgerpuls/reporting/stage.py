"""
Draw the reports of a round: read the figures, compose, render, write the file, register it.
"""

import os
import re
import tempfile
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection

from borgerpuls.database import load_query, read_table, transaction
from borgerpuls.errors import ReportIsMissing, RoundHasNoFigures, UnknownRound
from borgerpuls.hashing import file_sha256
from borgerpuls.reporting import proof
from borgerpuls.reporting.figures import figure_set
from borgerpuls.reporting.proof import Proof
from borgerpuls.reporting.report import EarlierRound, ReportData, RoundFacts
from borgerpuls.settings import settings
from borgerpuls.terms import ALL_PARTICIPATING

PDF = "pdf"
_MOST_EARLIER_ROUNDS = 5
_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "é": "e", "ü": "u"})


def reports_to_render(round_id: str) -> list[str]:
    """
    List the reports of a round: every municipality that takes part, by code, and "alle".

    A municipality without answers gets a report too, which says so.
    """
    with transaction("reporting") as connection:
        names = read_table(connection, "reporting/municipality_names.sql", round_id=round_id)
    return [*names["municipality_code"].tolist(), ALL_PARTICIPATING]


def render_report(round_id: str, municipality_code: str) -> dict[str, int]:
    """
    Draw one report as PDF and register it.

    The file takes the place of an older one at once; from the same figures it is the same file, byte for byte.

    Raises:
        UnknownRound: No such round, or the municipality does not take part.
        RoundHasNoFigures: Estimation has not run.
    """
    from borgerpuls.reporting.pdf import render_pdf

    data = read_report_data(round_id, municipality_code)
    pdf = render_pdf(data)
    folder = settings().output_folder / round_id
    name = file_name(round_id, municipality_code, data.municipality_names.get(municipality_code, "deltagende kommuner"))
    write_atomically(folder / name, pdf.content)
    with transaction("reporting") as connection:
        connection.execute(
            load_query("reporting/register_artefact.sql"),
            {
                "round_id": round_id,
                "municipality_code": municipality_code,
                "kind": PDF,
                "file_name": name,
                "file_sha256": file_sha256(folder / name),
                "page_count": pdf.page_count,
                "snapshot_id": data.snapshot_id,
            },
        )
    return {"pages": pdf.page_count}


def check_reports(round_id: str) -> dict[str, int]:
    """
    Check that every municipality has a report, and that each file is the one that was drawn.

    Raises:
        ReportIsMissing: A report was not drawn, is gone, or has changed since.
    """
    expected = reports_to_render(round_id)
    with transaction("reporting") as connection:
        table = read_table(connection, "reporting/artefacts.sql", round_id=round_id, kind=PDF)
    drawn = table.set_index("municipality_code")
    folder = settings().output_folder / round_id
    for code in expected:
        if code not in drawn.index:
            raise _missing(f"Municipality {code} has no report.", round_id)
        name = str(drawn.loc[code, "file_name"])
        if not (folder / name).is_file():
            raise _missing(f"{name} is registered but not in the output folder.", round_id)
        if file_sha256(folder / name) != drawn.loc[code, "file_sha256"]:
            raise _missing(f"{name} is not the file that was drawn: its SHA-256 differs from the register.", round_id)
    return {"reports": len(expected), "pages": int(drawn.loc[expected, "page_count"].sum())}


def prove_report(path: Path) -> Proof:
    """
    Compare every number of a report with the figures it cites, as they are in the database.

    Raises:
        NotAReport: The file is no PDF, or cites no figures.
    """
    snapshot_id, printed = proof.printed_numbers(path.read_bytes())
    identifiers = proof.figure_ids(printed)
    points = [identifier for identifier in identifiers if identifier.startswith("trend|")]
    with transaction("reporting") as connection:
        tables = (
            read_table(connection, "reporting/cited_figures.sql", figure_ids=identifiers),
            read_table(connection, "reporting/cited_trend_points.sql", point_ids=points),
        )
    values = {
        str(row.pop("figure_id")): {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for table in tables
        for row in table.to_dict("records")
    }
    return proof.check(snapshot_id, printed, values)


def read_report_data(round_id: str, municipality_code: str) -> ReportData:
    """
    Return what one report is made of.

    Raises:
        UnknownRound: No such round, or the municipality does not take part.
        RoundHasNoFigures: Estimation has not run.
    """
    with transaction("reporting") as connection:
        facts = _facts(connection, round_id)
        names = read_table(connection, "reporting/municipality_names.sql", round_id=round_id)
        taking_part = dict(zip(names["municipality_code"], names["municipality_name"], strict=True))
        if municipality_code != ALL_PARTICIPATING and municipality_code not in taking_part:
            raise UnknownRound(
                f"Municipality {municipality_code} does not take part in round {round_id}.",
                next_step="Use one of the round's municipalities, or alle.",
            )
        where = {"round_id": round_id, "municipality_code": municipality_code}
        rows = read_table(connection, "reporting/figures.sql", **where)
        if rows.empty:
            raise RoundHasNoFigures(
                f"Round {round_id} has no figures.", next_step="Run the estimation DAG, then clear this task."
            )
        earlier = read_table(connection, "reporting/earlier_rounds.sql", round_id=round_id, most=_MOST_EARLIER_ROUNDS)
        before = tuple(
            EarlierRound(
                _facts(connection, one),
                figure_set(read_table(connection, "reporting/earlier_figures.sql", **(where | {"round_id": one}))),
            )
            for one in earlier["round_id"]
        )
    return ReportData(
        facts=facts,
        municipality_code=municipality_code,
        municipality_names=taking_part,
        figures=figure_set(rows),
        snapshot_id=str(rows["snapshot_id"].iloc[0]),
        code_version=str(rows["code_version"].iloc[0]),
        earlier=before,
        suppress_below=settings().suppress_below,
        uncertain_below=settings().uncertain_below,
    )


def file_name(round_id: str, municipality_code: str, municipality_name: str, suffix: str = PDF) -> str:
    """Return `borgerpuls-2023-2-0461-odense.pdf`."""
    plain = municipality_name.casefold().translate(_ASCII)
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-")
    return "-".join(part for part in ("borgerpuls", round_id, municipality_code, slug) if part) + f".{suffix}"


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


def _facts(connection: Connection, round_id: str) -> RoundFacts:
    plan = read_table(connection, "reporting/round_plan.sql", round_id=round_id)
    if plan.empty:
        raise UnknownRound(f"There is no round {round_id}.", next_step="Open it with the rounds DAG.")
    return RoundFacts(**{str(name): plan[name].iloc[0] for name in plan.columns})


def _missing(what: str, round_id: str) -> ReportIsMissing:
    return ReportIsMissing(what, where=f"round {round_id}", next_step="Clear its municipality in the reporting DAG.")
