"""
Draw the reports of a round: read the figures, draw every kind of artefact, keep the files, register them.
"""

import re
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from borgerpuls import content_store
from borgerpuls.database import load_query, read_rows, stream_rows, transaction
from borgerpuls.errors import (
    GreetingIsTooLong,
    MunicipalityIsNotInRound,
    ReportIsMissing,
    RoundHasNoFigures,
    UnknownRound,
)
from borgerpuls.questionnaire.versions import load_instrument, read_local_items
from borgerpuls.reporting import proof
from borgerpuls.reporting.drawing import draw, draw_one
from borgerpuls.reporting.figures import Alarm, MergedCell, Notice, TrendPoint, figure_set
from borgerpuls.reporting.logo import redrawn_logo
from borgerpuls.reporting.memo import Participation
from borgerpuls.reporting.proof import Claim, Comparison, Proof
from borgerpuls.reporting.report_data import EarlierRound, Greeting, ReportData, RoundFacts
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

    A municipality without answers gets a report too, which says so. One in which nobody was asked, because its extract
    was missing or refused, takes no part and gets none; nor does one whose figures contradict each other
    (`estimation.name_stopped_reports` says why).
    """
    with transaction("reporting") as connection:
        taking_part = _municipality_names(connection, round_id)
        stopped = read_rows(connection, "reporting/stopped_municipalities.sql", round_id=round_id)
    without_report = {row.municipality_code for row in stopped}
    return [*(code for code in taking_part if code not in without_report), ALL_PARTICIPATING]


def draw_artefacts(round_id: str, municipality_code: str) -> dict[str, int]:
    """
    Draw report, memo, deck and workbook of one municipality, keep them, and register them.

    From the same figures they are the same files, byte for byte. No other municipality's are touched.

    Raises:
        UnknownRound: No such round.
        MunicipalityIsNotInRound: The municipality does not take part.
        RoundHasNoFigures: Estimation has not run.
    """
    with transaction("reporting") as connection:
        where = {"round_id": round_id, "municipality_code": municipality_code}
        figures_hash = connection.execute(load_query("reporting/figures_hash.sql"), where).scalar_one()
        participation = _participation(connection, round_id, municipality_code)
    data = read_report_data(round_id, municipality_code)
    drawings = draw(data, participation)
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
        drawn = read_rows(connection, "reporting/artefacts.sql", round_id=round_id)
    rows = {(row.municipality_code, row.kind): row for row in drawn}
    for code in expected:
        for kind in ArtefactKind:
            if (code, kind) not in rows:
                raise _missing(f"Municipality {code} has no {kind.value}.", round_id)
            content_store.read(rows[code, kind].file_sha256, rows[code, kind].file_name)
    pages = sum(row.page_count for row in drawn if row.kind == ArtefactKind.PDF)
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
        UnknownRound: No such round.
        MunicipalityIsNotInRound: The municipality does not take part.
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
        _facts(connection, round_id)
        if municipality_code not in _municipality_names(connection, round_id):
            raise MunicipalityIsNotInRound.named(municipality_code, round_id)
        connection.execute(
            load_query("reporting/save_greeting.sql"),
            {"round_id": round_id, "municipality_code": municipality_code, "greeting": text, "logo": drawn},
        )


def prove_artefact(path: Path) -> Proof:
    """
    Compare what a report, memo, deck or workbook prints with the figures in the database, and with what was drawn.

    Raises:
        NotAReport: The file cannot be read, or does not say that it is ours.
        UnknownRound, MunicipalityIsNotInRound: This database does not know its round or municipality.
        RoundHasNoFigures: Its round has no figures here.
    """
    content = path.read_bytes()
    claim = proof.read_claim(content)
    kind, round_id, municipality_code = claim.identity
    data = read_report_data(round_id, municipality_code)
    is_same = content_store.holds(content)
    if kind is ArtefactKind.PDF:
        return _prove_report(claim, data, is_same=is_same)
    with transaction("reporting") as connection:
        participation = _participation(connection, round_id, municipality_code)
    drawn = proof.read_claim(draw_one(kind, data, participation).content)
    return Proof(
        identity=claim.identity,
        snapshot_id=data.snapshot_id,
        comparison="same file" if is_same else "compared",
        compared_count=proof.line_count(drawn.parts),
        figure_count=0,
        failures=tuple(proof.check_parts(claim.parts, drawn.parts)),
    )


def _prove_report(claim: Claim, data: ReportData, *, is_same: bool) -> Proof:
    identifiers = proof.figure_ids(claim.pieces)
    points = [identifier for identifier in identifiers if identifier.startswith("trend|")]
    with transaction("reporting") as connection:
        cited = [
            *read_rows(connection, "reporting/cited_figures.sql", figure_ids=identifiers),
            *read_rows(connection, "reporting/cited_trend_points.sql", point_ids=points),
        ]
    drawn, comparison = (None, "same file") if is_same else _drawn_report(claim, data)
    values = {row.figure_id: row._asdict() for row in cited}
    return Proof(
        identity=claim.identity,
        snapshot_id=claim.snapshot_id,
        comparison=comparison,
        compared_count=sum(bool(piece.citation) for piece in claim.pieces),
        figure_count=len(identifiers),
        failures=proof.check_report(claim, values, data.own_words, drawn),
    )


def _drawn_report(claim: Claim, data: ReportData) -> tuple[Claim | None, Comparison]:
    """Return the report to compare another with: as it was drawn, else drawn anew from the same snapshot, else none."""
    with transaction("reporting") as connection:
        registered = [
            row
            for row in read_rows(connection, "reporting/artefacts.sql", round_id=claim.identity.round_id)
            if (row.kind, row.municipality_code) == (claim.identity.kind, claim.identity.municipality_code)
        ]
    for row in registered:
        drawn = proof.read_claim(content_store.read(row.file_sha256, row.file_name))
        if drawn.snapshot_id == claim.snapshot_id:
            return drawn, "compared"
    if claim.snapshot_id != data.snapshot_id:
        return None, "nothing to compare"
    anew = draw_one(ArtefactKind.PDF, data, Participation(1, 0))  # which no report prints
    return proof.read_claim(anew.content), "drawn anew"


def read_report_data(round_id: str, municipality_code: str) -> ReportData:
    """
    Return what one report is made of.

    Raises:
        UnknownRound: No such round.
        MunicipalityIsNotInRound: The municipality does not take part.
        RoundHasNoFigures: Estimation has not run.
    """
    with transaction("reporting") as connection:
        facts = _facts(connection, round_id)
        taking_part = _municipality_names(connection, round_id)
        if municipality_code != ALL_PARTICIPATING and municipality_code not in taking_part:
            raise MunicipalityIsNotInRound.named(municipality_code, round_id)
        where = {"round_id": round_id, "municipality_code": municipality_code}
        rows = stream_rows(connection, "reporting/figures.sql", **where)
        first = next(rows, None)
        if first is None:
            raise RoundHasNoFigures(
                f"Round {round_id} has no figures.", next_step="Run the estimation DAG, then clear this task."
            )
        figures = figure_set(chain([first], rows))
        earlier = read_rows(connection, "reporting/earlier_rounds.sql", round_id=round_id, most=_MOST_EARLIER_ROUNDS)
        before = tuple(
            EarlierRound(
                _facts(connection, one.round_id),
                figure_set(stream_rows(connection, "reporting/earlier_figures.sql", **(where | one._asdict()))),
            )
            for one in earlier
        )
        beside = _beside_the_figures(connection, facts.questionnaire_version, where)
    return ReportData(
        facts=facts,
        municipality_code=municipality_code,
        municipality_names=taking_part,
        figures=figures,
        snapshot_id=first.snapshot_id,
        code_version=first.code_version,
        earlier=before,
        suppress_below=settings().suppress_below,
        uncertain_below=settings().uncertain_below,
        **beside,
    )


def _beside_the_figures(connection: Connection, questionnaire: str, where: Mapping[str, str]) -> dict[str, Any]:
    """Read what a report prints beside its round's figures: trend, notices, merged cells, own questions and words."""

    def rows(name: str, kind: Callable[..., Any]) -> tuple[Any, ...]:
        return tuple(kind(**row._asdict()) for row in read_rows(connection, f"reporting/{name}.sql", **where))

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
    plan = read_rows(connection, "reporting/round_plan.sql", round_id=round_id)
    if not plan:
        raise UnknownRound.named(round_id)
    return RoundFacts(**(plan[0]._asdict() | {"channels": tuple(plan[0].channels)}))


def _participation(connection: Connection, round_id: str, municipality_code: str) -> Participation:
    where = {"round_id": round_id, "municipality_code": municipality_code}
    counted = connection.execute(load_query("reporting/participation.sql"), where).one()
    return Participation(counted.earlier_rounds + 1, counted.times_before, counted.previous_period)


def _municipality_names(connection: Connection, round_id: str) -> dict[str, str]:
    """Return code → name of those that take part, by code."""
    rows = read_rows(connection, "rounds/taking_part.sql", round_id=round_id)
    return {row.municipality_code: row.municipality_name for row in rows}


def _missing(what: str, round_id: str) -> ReportIsMissing:
    return ReportIsMissing(what, where=f"round {round_id}", next_step="Clear its municipality in the reporting DAG.")
