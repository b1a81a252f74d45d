"""
Estimate the figures of a round from its frozen answers, and withhold what may not be shown.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from borgerpuls.codebooks.codebook import Codebook, load_codebook
from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import (
    CellCanBeDerived,
    FiguresDoNotAddUp,
    NotificationFailed,
    RoundHasNoFigures,
    UnknownFigure,
)
from borgerpuls.estimation import figures as figure_methods
from borgerpuls.estimation.alarm import alarm_sentence, alarms
from borgerpuls.estimation.attacker import derived_counts, means_told_by, protect
from borgerpuls.estimation.choices import choices_of
from borgerpuls.estimation.derived import Derived
from borgerpuls.estimation.dictionary import OWN_ITEMS, dictionary_table, rounded_for_export
from borgerpuls.estimation.disclosure import CELL, COMPLEMENTARY, Thresholds
from borgerpuls.estimation.explain import explanation, imported_explanation
from borgerpuls.estimation.figures import prepare_survey
from borgerpuls.estimation.imports import SHIPPED, ImportedFigures, check_source, read_source
from borgerpuls.estimation.invariants import (
    Contradiction,
    contradictions,
    disagreements,
    of_one_item,
    strangers,
)
from borgerpuls.estimation.notices import notices
from borgerpuls.estimation.response_figures import RESPONSE
from borgerpuls.estimation.round_figures import RoundTables, round_figures
from borgerpuls.estimation.trend import (
    FLAGS,
    NUMBERS,
    ROUND,
    SERIES,
    Period,
    in_trend,
    previous_means,
    trend_points,
)
from borgerpuls.estimation.weighting_figures import merged_cells
from borgerpuls.estimation.workers import attack_pool
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.versions import round_instrument
from borgerpuls.settings import settings
from borgerpuls.terms import ALL_PARTICIPATING
from borgerpuls.weighting.cells import NO_ANSWERS, RAW_CELL, Collapse
from borgerpuls.weighting.coding import number_codes

_NAMED = 10
"""Cells that a message names."""


def estimate_figures(round_id: str) -> dict[str, int]:
    """
    Estimate every figure of the round with its uncertainty, compare it with the period before, and withhold what may not be shown.

    Beside the figures it writes their trend, the printable log of merged weighting cells, and notices of what is absent.
    """
    with transaction("estimation") as connection:
        plan = connection.execute(load_query("estimation/plan.sql"), {"round_id": round_id}).one()
        tables = _tables(connection, round_id, plan)
        survey = tables.survey
        now = _this_period(round_id, plan, frozenset(survey.respondents["municipality_code"]))
        earlier = _earlier_periods(connection, round_id)
        previous = previous_means(now, earlier)
        estimated = round_figures(tables, previous[previous["break_reason"].isna()])
        with attack_pool(settings().attack_processes) as pool:
            table, reasons = protect(estimated, _thresholds(), pool=pool, **_known(connection, round_id, plan))
        table = figure_methods.with_ids(table, round_id, plan.snapshot_id, version("borgerpuls"))
        for name in figure_methods.COUNTS:
            table[name] = table[name].astype("Int64")
        trend = trend_points(replace(now, figures=in_trend(table)), earlier)
        trend["valid_n"] = trend["valid_n"].astype("Int64")
        names = read_table(connection, "rounds/taking_part.sql", round_id=round_id)
        said = notices(
            table,
            previous,
            dict(zip(names["municipality_code"], names["municipality_name"], strict=True)),
            survey.codebook,
            [*survey.items, *(item for item in survey.options if not OWN_ITEMS.fullmatch(item))],
            settings().uncertain_below,
        )
        merged = merged_cells(tables.cells, survey.codebook)
        merged = merged[~merged["municipality_code"].isin(_withheld_municipalities(reasons))]
        for query in ("delete_suppressions", "delete_figures", "delete_beside"):
            connection.execute(load_query(f"estimation/{query}.sql"), {"round_id": round_id})
        copy_rows(connection, "estimation.figure", table.sort_values("figure_id", ignore_index=True))
        copy_rows(connection, "estimation.suppression", reasons.assign(round_id=round_id))
        copy_rows(connection, "estimation.trend_point", trend.assign(round_id=round_id))
        copy_rows(connection, "estimation.notice", said.assign(round_id=round_id))
        copy_rows(connection, "estimation.merged_cell", merged.assign(round_id=round_id))
    return {"figures": len(table), "suppressed": int(table["is_suppressed"].sum()), "trend_points": len(trend)}


def check_figures(round_id: str) -> dict[str, int]:
    """
    Check that the figures do not contradict each other, the codebook, or what stands of them in other tables.

    A contradiction stops the report of its municipality; the others go on, and `name_stopped_reports` names it.

    Raises:
        FiguresDoNotAddUp: A figure of all participating does not hold; it stands in every report, so nothing is drawn.
    """
    with transaction("estimation") as connection:
        plan = connection.execute(load_query("estimation/plan.sql"), {"round_id": round_id}).one()
        codebook, table = load_codebook(plan.codebook_version), _figures(connection, round_id)
        instrument = _instrument(connection, round_id, plan.questionnaire_version)
        published = _published(connection, round_id, plan.snapshot_id)
        published = published[
            (published["code_version"] == version("borgerpuls")) & ~published["is_suppressed"].astype(bool)
        ]
        trend = read_table(connection, "estimation/trend_values.sql", round_id=round_id)
        found = [
            *contradictions(table),
            *strangers(table, codebook, instrument),
            *disagreements(table, of_one_item(table, codebook), "its category"),
            *disagreements(table, trend, "the trend"),
            *disagreements(table[~table["is_suppressed"].astype(bool)], published, "what has been published"),
        ]
        of_all = [one for one in found if one.municipality_code == ALL_PARTICIPATING]
        if of_all:
            raise FiguresDoNotAddUp(
                f"{len(of_all)} figures contradict each other, the first: {of_all[0].sentence}.",
                where=f"Round {round_id}",
                next_step="Nothing is drawn. Clear estimate_figures; if it stays, report it with the figure's id.",
            )
        stopped = pd.DataFrame(sorted(set(found)), columns=list(Contradiction._fields)).assign(round_id=round_id)
        connection.execute(load_query("estimation/delete_stopped_reports.sql"), {"round_id": round_id})
        copy_rows(connection, "estimation.stopped_report", stopped)
    return {"figures": len(table), "stopped_reports": stopped["municipality_code"].nunique()}


def name_stopped_reports(round_id: str) -> dict[str, int]:
    """
    Say which municipalities get no report, because their figures contradict each other.

    Raises:
        FiguresDoNotAddUp: Names every municipality, and the first figure of each.
    """
    with transaction("estimation") as connection:
        stopped = read_table(connection, "estimation/stopped_reports.sql", round_id=round_id)
    if not stopped.empty:
        first = stopped.drop_duplicates("municipality_code")["sentence"]
        raise FiguresDoNotAddUp(
            f"{len(first)} municipalities get no report: {'; '.join(first)}.",
            where=f"Round {round_id}",
            next_step="The other reports go on. Clear estimate_figures; if it stays, report it with the figure's id.",
        )
    return {"stopped_reports": 0}


def attack_figures(round_id: str) -> dict[str, int]:
    """
    Try to work out the withheld numbers from everything that would be published, and has been of this round and the last.

    Raises:
        CellCanBeDerived: Names the cells and what is left of their ranges; nothing is published.
        FiguresDoNotAddUp: No answers give these figures.
    """
    with transaction("estimation") as connection:
        plan = connection.execute(load_query("estimation/plan.sql"), {"round_id": round_id}).one()
        table = _figures(connection, round_id)
        reasons = read_table(connection, "estimation/suppressions.sql", round_id=round_id)
        earlier = _published(connection, round_id, plan.snapshot_id)
        known = _known(connection, round_id, plan)
        found = _attack(round_id, table, reasons, earlier=earlier, **known)
        before = connection.execute(load_query("estimation/published_round_before.sql"), {"round_id": round_id}).first()
        if before is not None and not found:
            previous = _published(connection, before.round_id, before.snapshot_id)
            withheld = set(
                previous.loc[previous["is_suppressed"].astype(bool), CELL].itertuples(index=False, name=None)
            )
            told = {cell: ends for cell, ends in means_told_by(table).items() if cell in withheld}
            if told:
                causes = read_table(connection, "estimation/suppressions.sql", round_id=before.round_id)
                known = _known(connection, before.round_id, before)
                found = _attack(before.round_id, previous, causes, means=told, **known)
    if found:
        named = "; ".join(
            f"{one.what} of {'|'.join(one[:4])} lies between {one.least} and {one.most}" for one in found[:_NAMED]
        )
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise CellCanBeDerived(
            f"{len(found)} withheld counts can be worked out: {named}{more}.",
            where=f"Round {round_id}",
            next_step="Nothing is drawn. Clear estimate_figures; if it stays, report the cells.",
        )
    return {"figures": len(table), "withheld_cells": len(reasons)}


def _known(connection: Connection, round_id: str, plan: Any) -> dict[str, Any]:
    """Return what an attacker knows of the round's codebook and questionnaire."""
    instrument = _instrument(connection, round_id, plan.questionnaire_version)
    return {"categories": _categories(plan.codebook_version), "choices": choices_of(instrument)}


def _attack(round_id: str, figures: pd.DataFrame, reasons: pd.DataFrame, **known: Any) -> list[Derived]:
    own_sake = set(reasons.loc[reasons["reason"] != COMPLEMENTARY, CELL].itertuples(index=False, name=None))
    try:
        with attack_pool(settings().attack_processes) as pool:
            at_once = derived_counts(figures, own_sake, is_quick=True, pool=pool, **known)
            return at_once or derived_counts(figures, own_sake, pool=pool, **known)
    except ValueError as contradiction:
        raise FiguresDoNotAddUp(
            f"Nobody can have given these answers: {contradiction}.",
            where=f"Round {round_id}",
            next_step="Nothing is drawn. Clear estimate_figures; if it stays, report it.",
        ) from None


def _figures(connection: Connection, round_id: str) -> pd.DataFrame:
    return read_table(connection, "estimation/figures.sql", round_id=round_id)


def _published(connection: Connection, round_id: str, snapshot_id: str) -> pd.DataFrame:
    return read_table(connection, "estimation/published_figures.sql", round_id=round_id, snapshot_id=snapshot_id)


def _categories(codebook_version: str) -> dict[str, tuple[str, ...]]:
    return {category.code: category.items for category in load_codebook(codebook_version).categories}


def raise_alarms(round_id: str) -> dict[str, int]:
    """Find the figures that have gone the wrong way since the period before, by the rule of `alarm`, and keep them."""
    with transaction("estimation") as connection:
        plan = connection.execute(load_query("estimation/plan.sql"), {"round_id": round_id}).one()
        figures = read_table(connection, "estimation/figures.sql", round_id=round_id)
        took_part = frozenset(figures.loc[figures["item_id"] != RESPONSE, "municipality_code"]) - {ALL_PARTICIPATING}
        now = _this_period(round_id, plan, took_part)
        previous = previous_means(now, _earlier_periods(connection, round_id))
        found = alarms(figures, previous[previous["break_reason"].isna()])
        names = read_table(connection, "rounds/taking_part.sql", round_id=round_id)
        name_of = dict(zip(names["municipality_code"], names["municipality_name"], strict=True))
        period_of = dict(zip(previous["period"], previous["period_name"], strict=True))
        codebook = load_codebook(plan.codebook_version)
        found["sentence"] = [
            alarm_sentence(
                alarm,
                name_of.get(alarm["municipality_code"], ""),
                codebook.name_of("category", alarm["item_id"]),
                period_of[alarm["previous_period"]],
            )
            for alarm in found.to_dict("records")
        ]
        connection.execute(load_query("estimation/delete_alarms.sql"), {"round_id": round_id})
        copy_rows(connection, "estimation.alarm", found.assign(round_id=round_id))
    return {"alarms": len(found), "municipalities": found["municipality_code"].nunique()}


def tell_alarms(round_id: str) -> dict[str, int]:
    """
    Tell operations of the round's alarms: in the task's log, and by the webhook of alerts where it is set.

    Cleared and run again it tells again.

    Raises:
        NotificationFailed: The receiver did not accept it.
    """
    with transaction("estimation") as connection:
        found = read_table(connection, "estimation/alarms.sql", round_id=round_id)
    sentences = found["sentence"].tolist()
    for sentence in sentences:
        logging.getLogger(__name__).warning("%s", sentence)
    webhook = settings().alert_webhook_url.get_secret_value()
    if sentences and webhook:
        title = f"Runde {round_id}: {len(sentences)} temaer er gået den forkerte vej."
        _post(
            webhook,
            {"dag": "estimation", "task": "tell_alarms", "run": round_id, "text": "\n".join([title, *sentences])},
        )
    return {"alarms": len(sentences), "told": int(bool(sentences and webhook))}


def explain_figure(figure_id: str) -> str:
    """
    Tell how a figure came about, in Danish: definition, counts, weights, queries, snapshot. Never a person.

    Args:
        figure_id: A figure's name; of an imported figure the first part is its source's id.

    Raises:
        UnknownFigure: No figure has this id.
    """
    with transaction("estimation") as connection:
        found = read_table(connection, "estimation/figure.sql", figure_id=figure_id)
        if found.empty:
            return _explain_imported(connection, figure_id)
        figure = found.iloc[0]
        parts = {"round_id": figure["round_id"], "municipality_code": figure["municipality_code"]}
        weights = read_table(connection, "estimation/cells_of_figure.sql", **parts)
        before = read_table(
            connection, "estimation/previous_point.sql", **parts, item_id=figure["item_id"], measure=figure["measure"]
        )
        instrument = _instrument(connection, figure["round_id"], figure["questionnaire_version"])
    previous = f"{before['period_name'].iloc[0]} ({before['source_title'].iloc[0]})" if len(before) else ""
    return explanation(figure, weights.iloc[0], instrument, previous)


def _explain_imported(connection: Connection, figure_id: str) -> str:
    found = read_table(connection, "estimation/imported_figure.sql", figure_id=figure_id)
    if found.empty:
        raise UnknownFigure(
            f"There is no figure {figure_id!r}.",
            next_step="Write round|municipality|item|measure|category|domain|group, as in the figure table.",
        )
    return f"{figure_id}\n{imported_explanation(found.iloc[0])}"


def import_figures(names: Sequence[str]) -> dict[str, int]:
    """
    Import figures that others have published, each in the place of an older import of the same source: all of them or none.

    Args:
        names: Shipped sources (`pilot-2023`, `norddjurs-2025-2`), or paths of descriptions (docs/figures/imports.md).

    Returns:
        Figures by name, in the order given.

    Raises:
        FileIsMissing, FileIsUnusable, ColumnIsMissing, ValueIsUnreadable: The files cannot be read.
        ImportedFigureIsWrong: A figure is impossible, unprotected or about something unknown.
        ReferenceIsNotAnonymous: A reference municipality could be recognised, or has not agreed.
    """
    read = {name: SHIPPED[name]() if name in SHIPPED else read_source(Path(name)) for name in names}
    with transaction("estimation") as connection:
        for imported in read.values():
            _keep_source(connection, imported)
    return {name: len(imported.figures) for name, imported in read.items()}


def _keep_source(connection: Connection, imported: ImportedFigures) -> None:
    source = imported.source
    published = read_table(connection, "estimation/published_municipalities.sql", period=source.period)
    check_source(imported, set(published["municipality_code"]), _thresholds())
    connection.execute(load_query("estimation/delete_source.sql"), {"source_id": source.source_id})
    said = asdict(source) | {"municipality_codes": list(source.municipality_codes)}
    connection.execute(load_query("estimation/keep_source.sql"), said)
    figures = imported.figures.assign(source_id=source.source_id, valid_n=imported.figures["valid_n"].astype("Int64"))
    copy_rows(connection, "estimation.imported_figure", figures)


def imported_sources() -> pd.DataFrame:
    """Return what was imported: `source_id, kind, period, title, participants, figures`, one row per source."""
    with transaction("estimation") as connection:
        return read_table(connection, "estimation/all_sources.sql")


def export_figures(round_id: str, out: Path) -> dict[str, int]:
    """
    Write the protected figures as CSV and Parquet with a data dictionary, rounded as they are printed.

    Raises:
        RoundHasNoFigures: Estimation has not run.
    """
    with transaction("estimation") as connection:
        table = read_table(connection, "estimation/figures.sql", round_id=round_id)
        if table.empty:
            raise RoundHasNoFigures(f"Round {round_id} has no figures.", next_step="Run the estimation DAG.")
        plan = connection.execute(load_query("estimation/plan.sql"), {"round_id": round_id}).one()
        instrument = _instrument(connection, round_id, plan.questionnaire_version)
    exported = rounded_for_export(table, load_codebook(plan.codebook_version), instrument)
    out.mkdir(parents=True, exist_ok=True)
    exported.to_csv(out / f"figures-{round_id}.csv", index=False, encoding="utf-8")
    exported.to_parquet(out / f"figures-{round_id}.parquet", index=False)
    dictionary_table().to_csv(out / "data-dictionary.csv", index=False, encoding="utf-8")
    return {"figures": len(exported), "suppressed": int(exported["is_suppressed"].sum())}


def _thresholds() -> Thresholds:
    limits = settings()
    return Thresholds(limits.suppress_below, limits.one_category_below, limits.uncertain_below)


def _tables(connection: Connection, round_id: str, plan: Any) -> RoundTables:
    codebook = load_codebook(plan.codebook_version)
    instrument = _instrument(connection, round_id, plan.questionnaire_version)
    respondents = read_table(connection, "estimation/respondents.sql", round_id=round_id)
    answers = read_table(connection, "estimation/answers.sql", round_id=round_id)
    cells = read_table(connection, "estimation/cells.sql", round_id=round_id)
    municipality_codes = sorted(cells["municipality_code"].unique())
    collapse = Collapse(_cells(cells, codebook, municipality_codes), pd.DataFrame(), pd.DataFrame())
    return RoundTables(
        survey=prepare_survey(respondents, answers, collapse, municipality_codes, codebook, instrument),
        people=read_table(connection, "estimation/people.sql", round_id=round_id),
        arrivals=read_table(connection, "estimation/arrivals.sql", round_id=round_id),
        cells=cells,
        weights=read_table(connection, "estimation/weights.sql", round_id=round_id),
        diagnostics=read_table(connection, "estimation/diagnostics.sql", round_id=round_id),
        field_days=plan.field_days,
    )


def _instrument(connection: Connection, round_id: str, questionnaire_version: str) -> Instrument:
    """Return the round's questionnaire, with the municipalities' own questions."""
    own = read_table(connection, "estimation/local_items.sql", round_id=round_id)
    return round_instrument(questionnaire_version, dict(zip(own["municipality_code"], own["definition"], strict=True)))


def _this_period(round_id: str, plan: Any, municipality_codes: frozenset[str]) -> Period:
    """Return the round as a period that has no figures yet."""
    return Period(
        period=round_id,
        name=plan.name,
        kind=ROUND,
        source=round_id,
        title=plan.name,
        edition=(plan.codebook_version, plan.questionnaire_version),
        municipality_codes=municipality_codes,
        figures=pd.DataFrame(columns=[*SERIES, *NUMBERS, *FLAGS]),
    )


def _post(url: str, message: dict[str, object]) -> None:
    import httpx

    try:
        httpx.post(url, json=message | {"runbooks": []}, timeout=10.0).raise_for_status()
    except httpx.HTTPError as error:
        raise NotificationFailed(
            f"The alarm was not accepted: {type(error).__name__}.",
            where="BORGERPULS_ALERT_WEBHOOK_URL",
            next_step="Check the receiver and clear the task; the alarms are kept.",
        ) from None


def _earlier_periods(connection: Connection, round_id: str) -> list[Period]:
    """Return the published rounds before this one and the imports of earlier periods."""
    rounds = read_table(connection, "estimation/earlier_rounds.sql", round_id=round_id)
    figures = read_table(connection, "estimation/earlier_figures.sql", round_ids=rounds["round_id"].tolist())
    periods = []
    for one in rounds.to_dict("records"):
        own = figures[figures["round_id"] == one["round_id"]]
        periods.append(
            Period(
                period=one["round_id"],
                name=one["name"],
                kind=ROUND,
                source=one["round_id"],
                title=one["name"],
                edition=(one["codebook_version"], one["questionnaire_version"]),
                municipality_codes=frozenset(own["municipality_code"]) - {ALL_PARTICIPATING},
                figures=in_trend(own),
            )
        )
    sources = read_table(connection, "estimation/sources.sql", round_id=round_id)
    imported = read_table(connection, "estimation/imported_figures.sql", source_ids=sources["source_id"].tolist())
    return periods + [
        Period(
            period=one["period"],
            name=one["period_name"],
            kind=one["kind"],
            source=one["source_id"],
            title=one["title"],
            edition=(one["codebook_version"], one["questionnaire_version"]),
            municipality_codes=frozenset(one["municipality_codes"]) or None,
            figures=in_trend(imported[imported["source_id"] == one["source_id"]]),
        )
        for one in sources.to_dict("records")
    ]


def _withheld_municipalities(reasons: pd.DataFrame) -> set[str]:
    """Return the municipalities whose number of respondents is withheld: nothing is told of their cells."""
    whole = reasons[(reasons["item_id"] == RESPONSE) & (reasons["domain"] == "all")]
    return set(whole["municipality_code"])


def _cells(cells: pd.DataFrame, codebook: Codebook, municipality_codes: list[str]) -> pd.DataFrame:
    """Return the weighting cells as the methods want them; every cell is a stratum of its own."""
    table = number_codes(cells, codebook, municipality_codes)
    left_out = table["cell_id"].isna()
    table["cell"] = table["cell_id"].fillna("-1").astype("int64")
    table["stratum"] = table["cell"]
    table["N"], table["r"] = table["population_n"], table["respondent_n"]
    totals = table.groupby("cell")[["N", "r"]].transform("sum")
    table["cell_N"], table["cell_r"] = totals["N"], totals["r"]
    table["outcome"] = left_out.map({True: NO_ANSWERS, False: ""})
    columns = [*RAW_CELL, "cell", "stratum", "N", "r", "cell_N", "cell_r", "outcome"]
    return table.sort_values(RAW_CELL, ignore_index=True)[columns]
