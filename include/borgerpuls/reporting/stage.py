"""
Draw the reports of a round: read the figures, draw every kind of artefact, keep the files, register them.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from borgerpuls import content_store
from borgerpuls.database import load_query, read_table, transaction
from borgerpuls.errors import GreetingIsTooLong, ReportIsMissing, RoundHasNoFigures, UnknownRound
from borgerpuls.questionnaire.versions import load_instrument, read_local_items
from borgerpuls.reporting import proof
from borgerpuls.reporting.drawing import draw
from borgerpuls.reporting.figures import Alarm, MergedCell, Notice, TrendPoint, figure_set
from borgerpuls.reporting.logo import redrawn_logo
from borgerpuls.reporting.memo import Participation
from borgerpuls.reporting.proof import Proof
from borgerpuls.reporting.report import EarlierRound, Greeting, ReportData, RoundFacts
from borgerpuls.settings import settings
from borgerpuls.terms import ALL_PARTICIPATING, ArtefactKind

LONGEST_GREETING = 200
_ENDINGS = {
    ArtefactKind.PDF: ".pdf",
    ArtefactKind.MEMO_DOCX: "-notat.docx",
    ArtefactKind.MEMO_PDF: "-notat.pdf",
    ArtefactKind.DECK: ".pptx",
    ArtefactKind.WORKBOOK: ".xlsx",
}
_MOST_EARLIER_ROUNDS = 5
_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "é": "e", "ü": "u"})


def reports_to_render(round_id: str) -> list[str]:
    """
    List the reports of a round: every municipality that takes part, by code, and "alle".

    A municipality without answers gets a report too, which says so. One whose figures contradict each other gets none
    (`estimation.name_stopped_reports` says why).
    """
    with transaction("reporting") as connection:
        names = read_table(connection, "reporting/municipality_names.sql", round_id=round_id)
        stopped = read_table(connection, "reporting/stopped_municipalities.sql", round_id=round_id)
    return [
        *names.loc[~names["municipality_code"].isin(stopped["municipality_code"]), "municipality_code"],
        ALL_PARTICIPATING,
    ]


def draw_artefacts(round_id: str, municipality_code: str) -> dict[str, int]:
    """
    Draw report, memo, deck and workbook of one municipality, keep them, and register them.

    From the same figures they are the same files, byte for byte. No other municipality's are touched.

    Raises:
        UnknownRound: No such round, or the municipality does not take part.
        RoundHasNoFigures: Estimation has not run.
    """
    with transaction("reporting") as connection:
        where = {"round_id": round_id, "municipality_code": municipality_code}
        figures_hash = connection.execute(load_query("reporting/figures_hash.sql"), where).scalar_one()
        counted = connection.execute(load_query("reporting/participation.sql"), where).one()
    data = read_report_data(round_id, municipality_code)
    drawings = draw(data, Participation(counted.earlier_rounds + 1, counted.times_before, counted.previous_period))
    place = data.municipality_names.get(municipality_code, "deltagende kommuner")
    rows = [
        {
            **where,
            "kind": kind,
            "file_name": file_name(round_id, municipality_code, place, _ENDINGS[kind]),
            "file_sha256": content_store.keep(drawing.content),
            "byte_count": len(drawing.content),
            "page_count": drawing.page_count,
            "snapshot_id": data.snapshot_id,
            "figures_hash": figures_hash,
        }
        for kind, drawing in drawings.items()
    ]
    with transaction("reporting") as connection:
        connection.execute(load_query("reporting/register_artefact.sql"), rows)
    return {"files": len(rows), "pages": drawings[ArtefactKind.PDF].page_count or 0}


def check_reports(round_id: str) -> dict[str, int]:
    """
    Check that every municipality has every kind of artefact, and that each file is the one that was drawn.

    Raises:
        ReportIsMissing: An artefact was not drawn, is gone, or has changed since.
    """
    expected = reports_to_render(round_id)
    with transaction("reporting") as connection:
        drawn = read_table(connection, "reporting/artefacts.sql", round_id=round_id)
    rows = {(str(row.municipality_code), str(row.kind)): row for row in drawn.itertuples()}
    for code in expected:
        for kind in ArtefactKind:
            if (code, kind) not in rows:
                raise _missing(f"Municipality {code} has no {kind.value}.", round_id)
            content_store.read(str(rows[code, kind].file_sha256), str(rows[code, kind].file_name))
    pages = int(drawn.loc[drawn["kind"] == ArtefactKind.PDF, "page_count"].sum())
    return {"reports": len(expected), "files": len(expected) * len(ArtefactKind), "pages": pages}


def save_greeting(round_id: str, municipality_code: str, greeting: str, logo: bytes | None) -> None:
    """
    Keep what a municipality says on the first page of its report, in the place of what it said before.

    Args:
        round_id: The round.
        municipality_code: Takes part in it.
        greeting: At most 200 letters; plain text.
        logo: A picture file, or None.

    Raises:
        GreetingIsTooLong: It has more than 200 letters.
        LogoIsUnusable: The file is too large or no picture of pixels.
        UnknownRound: No such round, or the municipality does not take part.
    """
    text = " ".join(greeting.split())
    if len(text) > LONGEST_GREETING:
        raise GreetingIsTooLong(
            f"The greeting has {len(text)} letters; there is room for {LONGEST_GREETING}.",
            where=f"round {round_id}, municipality {municipality_code}",
            next_step="Shorten it.",
        )
    drawn = None if logo is None else redrawn_logo(logo)
    with transaction("reporting") as connection:
        names = read_table(connection, "reporting/municipality_names.sql", round_id=round_id)
        if municipality_code not in names["municipality_code"].tolist():
            raise UnknownRound(
                f"Municipality {municipality_code} does not take part in round {round_id}.",
                next_step="Use one of the round's municipalities.",
            )
        connection.execute(
            load_query("reporting/save_greeting.sql"),
            {"round_id": round_id, "municipality_code": municipality_code, "greeting": text, "logo": drawn},
        )


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
        beside = _beside_the_figures(connection, facts.questionnaire_version, where)
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
        **beside,
    )


def _beside_the_figures(connection: Connection, questionnaire: str, where: Mapping[str, str]) -> dict[str, Any]:
    """Read what a report prints beside its round's figures: trend, notices, merged cells, own questions and words."""

    def rows(name: str, kind: Callable[..., Any]) -> tuple[Any, ...]:
        table = read_table(connection, f"reporting/{name}.sql", **where)
        records = table.astype(object).where(table.notna(), None).to_dict("records")
        return tuple(kind(**{str(column): value for column, value in record.items()}) for record in records)

    own = connection.execute(load_query("reporting/local_items.sql"), dict(where)).scalar_one_or_none()
    items = read_local_items({"own": own}, load_instrument(questionnaire))["own"] if own else ()
    greeting = rows("greeting", lambda greeting, logo: Greeting(greeting, None if logo is None else bytes(logo)))
    return {
        "trend": rows("trend_points", TrendPoint),
        "alarms": rows("alarms", Alarm),
        "notices": rows("notices", Notice),
        "merged_cells": rows("merged_cells", MergedCell),
        "open_answers": rows("open_answers", lambda item_id, text: (item_id, text)),
        "local_items": items,
        "greeting": greeting[0] if greeting else None,
    }


def file_name(round_id: str, municipality_code: str, municipality_name: str, ending: str) -> str:
    """Return `borgerpuls-2023-2-0461-odense.pdf`, or `…-notat.docx` for the ending `-notat.docx`."""
    plain = municipality_name.casefold().translate(_ASCII)
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-")
    return "-".join(part for part in ("borgerpuls", round_id, municipality_code, slug) if part) + ending


def _facts(connection: Connection, round_id: str) -> RoundFacts:
    plan = read_table(connection, "reporting/round_plan.sql", round_id=round_id)
    if plan.empty:
        raise UnknownRound(f"There is no round {round_id}.", next_step="Open it with the rounds DAG.")
    return RoundFacts(**{str(name): plan[name].iloc[0] for name in plan.columns})


def _missing(what: str, round_id: str) -> ReportIsMissing:
    return ReportIsMissing(what, where=f"round {round_id}", next_step="Clear its municipality in the reporting DAG.")
