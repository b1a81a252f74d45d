"""
The frame of a round: read the extracts, set aside the rows that do not hold, decide who is in the population.

Reads `rounds.*` and the inbox; writes `identity.*` and `frame.*`. What is decided lies in the method modules.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from borgerpuls import clock
from borgerpuls.codebooks.codebook import Codebook, load_codebook
from borgerpuls.codebooks.municipalities import danish_sort_key, municipalities
from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import (
    ExtractIsGone,
    ExtractIsRefused,
    FrameIsEmpty,
    FrameIsFixed,
    MunicipalityIsNotInRound,
    RoundIsForgotten,
    RowsAreLost,
    UnknownRound,
)
from borgerpuls.frame import cpr
from borgerpuls.frame.codes import ValidCodes, shown, valid_codes, with_asked_codes
from borgerpuls.frame.eligibility import IneligibilityReason, ReferencePeriod, decide, decisive_rows
from borgerpuls.frame.expectations import OLDEST, SUITE, YOUNGEST, Rule, quarantined_ids, row_rules
from borgerpuls.frame.identity import opened_file, person_ids, sealed_citizens, sealed_file, sealed_row
from borgerpuls.frame.normalisation import YES, normalise, with_derived_columns
from borgerpuls.frame.sources.csv import Extract, raw_rows, read_extract
from borgerpuls.frame.texts import refusal_text, row_text
from borgerpuls.row_checks import check_rows
from borgerpuls.settings import settings
from borgerpuls.vault import RoundKey, Seal, vault

OWN_SHARE = 0.5
"""A file is another municipality's when fewer than half of its rows have the municipality's own code."""

SPELL_DATES = ("spell_start_date", "spell_end_date", "support_start_date")


@dataclass(frozen=True)
class _Plan:
    period: ReferencePeriod
    codebook: Codebook
    is_open: bool
    round_id: str
    forgotten_at: datetime | None


def import_extract(round_id: str, municipality_code: str) -> dict[str, int]:
    """
    Read one municipality's extract from the inbox, and keep it sealed.

    A file that is missing or cannot be read as an extract is written down with the reason in Danish (`frame.extract`);
    the other municipalities go on. Put a corrected file in the inbox and clear this task. With no file in the inbox,
    the one that was kept is read again.

    Raises:
        UnknownRound: No round has this id.
        MunicipalityIsNotInRound: The municipality does not take part.
        FrameIsFixed: The round is approved and the file is not the one it was approved with.
        ExtractIsGone: The kept file has been deleted on schedule. The frame stands as it is; mark the task as done.
        RoundIsForgotten: The round's people are forgotten.
        RoundKeyIsMissing: The round's key is not where it should be.
    """
    with transaction("frame") as connection:
        plan = _read_plan(connection, round_id)
        name = _municipality_name(connection, round_id, municipality_code)
        _refuse_forgotten(plan)
        recorded = connection.execute(
            load_query("frame/stored_file.sql"), {"round_id": round_id, "municipality_code": municipality_code}
        ).one_or_none()
    found = _files_in_inbox(round_id, municipality_code)
    content: bytes | None = None
    if len(found) == 1:
        content = found[0].read_bytes()
    elif not found and recorded is not None and recorded.file_sha256 is not None:
        seal = vault().extract_key(round_id, municipality_code)
        if recorded.content is None or seal is None:
            raise _extract_is_gone(round_id)
        content = opened_file(recorded.content, municipality_code, seal)
    row: dict[str, Any] = {
        "round_id": round_id,
        "municipality_code": municipality_code,
        "outcome": "refused",
        "file_sha256": None if content is None else hashlib.sha256(content).hexdigest(),
        "encoding": None,
        "delimiter": None,
        "source_system": None,
        "row_count": 0,
    }
    if not plan.is_open and recorded is not None and recorded.file_sha256 != row["file_sha256"]:
        raise FrameIsFixed(
            "Runden er godkendt, og udtrækket er et andet end det, den blev godkendt med.",
            where=f"Runde {round_id}, {name}",
            next_step="Læg den oprindelige fil tilbage, eller fjern den nye fra indbakken.",
        )
    if len(found) > 1:
        row |= {"outcome_text": refusal_text("several", count=len(found))}
    elif content is None:
        row |= {"outcome": "missing", "outcome_text": refusal_text("missing", code=municipality_code)}
    else:
        row |= _read(content, municipality_code, name)
    with transaction("frame") as connection:
        if content is not None:
            seal = vault().make_extract_key(round_id, municipality_code)
            connection.execute(
                load_query("frame/store_file.sql"),
                {
                    "round_id": round_id,
                    "municipality_code": municipality_code,
                    "file_sha256": row["file_sha256"],
                    "content": sealed_file(content, municipality_code, seal),
                    "destroy_after_date": clock.today() + timedelta(days=settings().extract_retention_days),
                },
            )
        connection.execute(load_query("frame/record_extract.sql"), row)
    return {"rows": row["row_count"]} | {
        outcome: int(row["outcome"] == outcome) for outcome in ("imported", "missing", "refused")
    }


def left_out(round_id: str, municipality_code: str) -> ExtractIsRefused:
    """Return why a municipality is left out of the frame for now, and what to do about it; names no person."""
    extract = frame_summary(round_id).set_index("municipality_code").loc[municipality_code]
    return ExtractIsRefused(
        str(extract["outcome_text"]),
        where=f"Runde {round_id}, {extract['municipality_name']}",
        next_step=refusal_text("next_step"),
    )


def validate_frame(round_id: str) -> dict[str, int]:
    """
    Check every row of every extract, and set aside the rows that do not hold.

    Great Expectations runs once on the whole frame. A row that fails goes sealed to `identity.quarantined_row`, and
    `frame.row_error` says in Danish which municipality, row and column, and what was expected. The others become
    courses (`frame.spell`) and people (`identity.citizen`). Courses that are read unchanged keep what was decided.

    Raises:
        UnknownRound: No round has this id.
        ExpectationDidNotRun: A rule could not be checked; nothing is written.
        ExtractIsGone: An extract has been deleted on schedule. The frame stands as it is; mark the task as done.
        RoundIsForgotten: The round's people are forgotten.
        RoundKeyIsMissing: The round's key is not where it should be.
    """
    with transaction("frame") as connection:
        plan = _read_plan(connection, round_id)
        _refuse_forgotten(plan)
        files = read_table(connection, "frame/imported_files.sql", round_id=round_id)
    key = vault().round_key(round_id)
    seals = _extract_seals(round_id, files)
    extracts = {
        code: read_extract(opened_file(content, code, seals[code]))
        for code, content in zip(files["municipality_code"], files["content"], strict=True)
    }
    rules: list[Rule] = []
    rows = bad = pd.DataFrame()
    results, errors = pd.DataFrame(), pd.DataFrame()
    if extracts:
        codes = valid_codes(plan.codebook, plan.period.key_date)
        rules = row_rules(codes, accepts_series=_accepted_series())
        every_row = _rows_to_check(extracts, plan, codes)
        checked = check_rows(every_row, rules)
        is_bad = every_row.index.isin(quarantined_ids(checked.findings, rules))
        rows, bad = every_row[~is_bad], every_row[is_bad]
        results = checked.results
        names = dict(zip(files["municipality_code"], files["municipality_name"], strict=True))
        errors = _row_errors(checked.findings, rules, every_row, names)
        rows = rows.assign(person_id=person_ids(rows["cpr"], key))
    spells = _spells(rows)
    with transaction("frame") as connection:
        _replace_spells(connection, round_id, spells)
        _replace(connection, round_id, "identity.citizen", "citizens", _citizens(rows, spells, plan, key))
        _replace(
            connection, round_id, "identity.quarantined_row", "quarantined_rows", _sealed(bad, extracts, files, seals)
        )
        _replace(connection, round_id, "frame.row_error", "row_errors", errors)
        _replace(connection, round_id, "frame.expectation_result", "expectation_results", results.assign(suite=SUITE))
        connection.execute(load_query("frame/count_quarantined.sql"), {"round_id": round_id})
    return {"rows": len(rows) + len(bad), "read": len(rows), "quarantined": len(bad), "row_errors": len(errors)}


def decide_eligibility(round_id: str) -> dict[str, int]:
    """
    Decide for every course whether it puts its person in the population, or why not.

    Writes the decision on `frame.spell`, the population in `frame.person` and the counts in `frame.extract`. Rows in
    each file = eligible + ineligible (each with a reason) + in quarantine; anything else is an error.

    Raises:
        UnknownRound: No round has this id.
        RoundIsForgotten: The round's people are forgotten.
        RowsAreLost: The rows of a municipality do not add up; nothing is written.
        FrameIsEmpty: No municipality has an eligible person. What was decided is written, so that it can be read.
    """
    with transaction("frame") as connection:
        plan = _read_plan(connection, round_id)
        _refuse_forgotten(plan)
        spells = _with_dates(read_table(connection, "frame/spells.sql", round_id=round_id))
        decisions = decide(spells, plan.period, plan.codebook)
        connection.execute(load_query("frame/make_decision.sql"))
        copy_rows(connection, "decision", spells[["municipality_code", "row_number"]].join(decisions))
        connection.execute(load_query("frame/analyze_decision.sql"))
        connection.execute(load_query("frame/write_decisions.sql"), {"round_id": round_id})
        _replace(connection, round_id, "frame.person", "people", _population(spells, decisions, plan.codebook))
        connection.execute(load_query("frame/count_eligible.sql"), {"round_id": round_id})
        _refuse_lost_rows(connection, round_id)
    eligible = int(decisions["is_eligible"].sum())
    if not eligible:
        raise FrameIsEmpty(
            "Ingen kommune har en borger, der opfylder betingelserne.",
            where=f"Runde {round_id}",
            next_step="Se kommunernes udfald og årsager i frame.extract og frame.spell, ret udtrækkene, og kør frame igen.",
        )
    return {"eligible": eligible, "ineligible": len(spells) - eligible}


def frame_summary(round_id: str) -> pd.DataFrame:
    """
    Return what became of every municipality's extract, in Danish order of name.

    Returns:
        One row per municipality of the round: `municipality_code`, `municipality_name`, `outcome` (missing where no
        file has been looked for), `outcome_text`, `row_count`, `eligible_count`, `ineligible_count`,
        `quarantined_count`, and one column per `IneligibilityReason` with its rows (none once the round is forgotten).

    Raises:
        UnknownRound: No round has this id.
    """
    with transaction("frame") as connection:
        plan = _read_plan(connection, round_id)
        summary = read_table(connection, "frame/summary.sql", round_id=round_id)
        reasons = read_table(connection, "frame/reasons.sql", round_id=round_id)
    if plan.forgotten_at is not None:
        return _in_danish_order(summary)
    by_reason = reasons.pivot_table(
        index="municipality_code", columns="ineligibility_reason", values="row_count", aggfunc="sum"
    ).reindex(index=summary["municipality_code"], columns=[str(reason) for reason in IneligibilityReason])
    by_reason = by_reason.fillna(0).astype("int64").rename_axis(columns=None).reset_index()
    return _in_danish_order(summary.merge(by_reason, on="municipality_code"))


def row_errors(round_id: str, municipality_code: str | None = None) -> pd.DataFrame:
    """
    Return what is wrong with the rows of the extracts, as their municipalities can correct it.

    Returns:
        One row per row and expectation it fails: `municipality_name`, `row_number`, `column_name`, `message` (Danish).

    Raises:
        UnknownRound: No round has this id.
        RoundIsForgotten: The round's people are forgotten, and the rows of their extracts.
        MunicipalityIsNotInRound: The municipality does not take part.
    """
    with transaction("frame") as connection:
        _refuse_forgotten(_read_plan(connection, round_id))
        if municipality_code:
            _municipality_name(connection, round_id, municipality_code)
        return read_table(connection, "frame/row_errors.sql", round_id=round_id, municipality_code=municipality_code)


def _read_plan(connection: Connection, round_id: str) -> _Plan:
    row = connection.execute(load_query("frame/round_plan.sql"), {"round_id": round_id}).one_or_none()
    if row is None:
        raise UnknownRound.named(round_id)
    period = ReferencePeriod(row.reference_start_date, row.reference_end_date, row.key_date)
    return _Plan(
        period,
        load_codebook(row.codebook_version),
        is_open=row.state == "open",
        round_id=round_id,
        forgotten_at=row.forgotten_at,
    )


def _in_danish_order(summary: pd.DataFrame) -> pd.DataFrame:
    ordered = summary.sort_values("municipality_name", key=lambda names: names.map(danish_sort_key))
    return ordered.reset_index(drop=True)


def _refuse_forgotten(plan: _Plan) -> None:
    if plan.forgotten_at is not None:
        raise RoundIsForgotten.since(plan.round_id, plan.forgotten_at)


def _municipality_name(connection: Connection, round_id: str, municipality_code: str) -> str:
    name = connection.execute(
        load_query("frame/municipality_name.sql"), {"round_id": round_id, "municipality_code": municipality_code}
    ).scalar()
    if name is None:
        raise MunicipalityIsNotInRound.named(municipality_code, round_id)
    return str(name)


def _files_in_inbox(round_id: str, municipality_code: str) -> list[Path]:
    """Return the files whose names begin with the code of four digits, or of three and no digit after."""
    folder = settings().inbox_folder / round_id
    if not folder.is_dir():
        return []
    named = re.compile(rf"(?:{municipality_code}|{municipality_code.removeprefix('0')}(?![0-9])).*\.csv", re.IGNORECASE)
    return sorted(path for path in folder.iterdir() if path.is_file() and named.fullmatch(path.name))


def _read(content: bytes, municipality_code: str, name: str) -> dict[str, Any]:
    """Return what to record about a file: imported with what was noted, or refused with the reason."""
    try:
        extract = read_extract(content)
        _refuse_another_municipality(extract, municipality_code, name)
    except ExtractIsRefused as refusal:
        return {"outcome_text": refusal.what}
    notes = []
    if extract.unread_column_count:
        notes.append(refusal_text("note_unread_columns", count=extract.unread_column_count))
    if extract.extract_count > 1:
        notes.append(refusal_text("note_several_extracts", count=extract.extract_count))
    return {
        "outcome": "imported",
        "outcome_text": " ".join(notes) or None,
        "encoding": extract.encoding,
        "delimiter": extract.delimiter,
        "source_system": extract.source_system,
        "row_count": len(extract.rows),
    }


def _refuse_another_municipality(extract: Extract, municipality_code: str, name: str) -> None:
    codes = extract.rows["kommune_kode"].str.strip().str.zfill(4)
    own = int((codes == municipality_code).sum())
    if own >= OWN_SHARE * len(codes):
        return
    names = municipalities().set_index("municipality_code")["name"]
    most_common = str(codes.value_counts().index[0])
    if own == 0 and most_common in names.index:
        raise ExtractIsRefused(refusal_text("other_municipality", found=names[most_common], expected=name))
    raise ExtractIsRefused(
        refusal_text("other_municipality_unknown", code=municipality_code, expected=name, own=own, rows=len(codes))
    )


def _extract_is_gone(round_id: str) -> ExtractIsGone:
    return ExtractIsGone(
        "Et udtræk er slettet efter planen og kan ikke læses igen.",
        where=f"Runde {round_id}",
        next_step="Rammen står, som den blev dannet. Markér opgaven som udført.",
    )


def _accepted_series() -> str:
    return cpr.REPLACEMENT if settings().gateways == "sandbox" else cpr.ORDINARY


def _rows_to_check(extracts: dict[str, Extract], plan: _Plan, codes: ValidCodes) -> pd.DataFrame:
    parts = [extract.rows.assign(municipality_code=code) for code, extract in extracts.items()]
    rows = normalise(pd.concat(parts, ignore_index=True))
    return with_asked_codes(with_derived_columns(rows, pd.Timestamp(plan.period.key_date)), codes)


def _row_errors(findings: pd.DataFrame, rules: list[Rule], rows: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return one row per row and rule that it fails; a row of the wrong width is told only that."""
    width = [position for position, rule in enumerate(rules) if rule.name == "antal_felter"]
    wrong_width = findings.loc[findings["rule"].isin(width), "row_id"]
    told = findings[findings["rule"].isin(width) | ~findings["row_id"].isin(wrong_width)]
    failed = rows.loc[told["row_id"]]
    errors = [
        {
            "municipality_code": code,
            "row_number": number,
            "column_name": rules[position].column,
            "expectation": rules[position].name,
            "message": row_text(
                "place",
                municipality=names[code],
                row=number,
                column=rules[position].column,
                text=_what_was_expected(rules[position], rows, row_id),
            ),
        }
        for code, number, position, row_id in zip(
            failed["municipality_code"], failed["row_number"], told["rule"], told["row_id"], strict=True
        )
    ]
    return pd.DataFrame(errors)


def _what_was_expected(rule: Rule, rows: pd.DataFrame, row_id: int) -> str:
    if rule.shows is None:
        return row_text(rule.name, from_age=YOUNGEST, to_age=OLDEST)
    return row_text(rule.name, code=shown(str(rows.loc[row_id, rule.shows])) or row_text("not_a_code"))


def _spells(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows for `frame.spell`, index as *rows*."""
    if rows.empty:
        return pd.DataFrame()
    return pd.DataFrame(
        {
            "municipality_code": rows["municipality_code"],
            "row_number": rows["row_number"],
            "person_id": rows["person_id"],
            "sex": cpr.sex(rows["cpr"]),
            "age_years": rows["alder"],
            "benefit_code": rows["ydelse_kode"],
            "visitation_code": rows["visitation_i_undersoegelsen"],
            "lab_code": rows["maalgruppe_kode"],
            "spell_start_date": rows["forloeb_start"],
            "spell_end_date": rows["forloeb_slut"],
            "support_start_date": rows["sammenhaengende_start"],
            "is_deceased_or_emigrated": rows["doed_udrejst"] == YES,
            "language": rows["sprog"].fillna("da"),
            "has_mobile": rows["mobil"].notna(),
            "local_1": rows["lokal_1"],
            "local_2": rows["lokal_2"],
            "local_3": rows["lokal_3"],
        }
    )


def _with_dates(spells: pd.DataFrame) -> pd.DataFrame:
    return spells.assign(**{column: pd.to_datetime(spells[column]) for column in SPELL_DATES})


def _citizens(rows: pd.DataFrame, spells: pd.DataFrame, plan: _Plan, key: RoundKey) -> pd.DataFrame:
    """Return rows for `identity.citizen`: of each person the row that will decide."""
    if rows.empty:
        return pd.DataFrame()
    return sealed_citizens(rows[decisive_rows(_with_dates(spells), plan.period.key_date)], key)


def _extract_seals(round_id: str, files: pd.DataFrame) -> dict[str, Seal]:
    """Return what opens each imported extract; raises ExtractIsGone where one is destroyed."""
    seals = {}
    for code, content in zip(files["municipality_code"], files["content"], strict=True):
        seal = vault().extract_key(round_id, code)
        if seal is None or content is None:
            raise _extract_is_gone(round_id)
        seals[str(code)] = seal
    return seals


def _sealed(
    bad: pd.DataFrame, extracts: dict[str, Extract], files: pd.DataFrame, seals: dict[str, Seal]
) -> pd.DataFrame:
    """Return rows for `identity.quarantined_row`, as they stood in the file."""
    if bad.empty:
        return pd.DataFrame()
    destroy_after = dict(zip(files["municipality_code"], files["destroy_after_date"], strict=True))
    return pd.DataFrame(
        [
            {
                "municipality_code": code,
                "row_number": number,
                "content": sealed_row(fields, str(code), number, seals[str(code)]),
                "destroy_after_date": destroy_after[code],
            }
            for code, numbers in bad.groupby("municipality_code")["row_number"]
            for number, fields in raw_rows(extracts[str(code)], numbers).items()
        ]
    )


def _population(spells: pd.DataFrame, decisions: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Return rows for `frame.person`."""
    people = spells.join(decisions)[decisions["is_eligible"]]
    people = people.assign(age_group=codebook.age_group_codes(people["age_years"]))
    return people[
        ["person_id", "municipality_code", "sex", "age_years", "age_group", "subgroup", "target_group", "benefit_code",
         "spell_start_date", "spell_end_date", "language", "has_mobile", "local_1", "local_2", "local_3"]
    ]  # fmt: skip


def _replace_spells(connection: Connection, round_id: str, spells: pd.DataFrame) -> None:
    connection.execute(load_query("frame/make_read_spell.sql"))
    copy_rows(connection, "read_spell", spells.assign(round_id=round_id))
    connection.execute(load_query("frame/analyze_read_spell.sql"))
    connection.execute(load_query("frame/delete_changed_spells.sql"), {"round_id": round_id})
    connection.execute(load_query("frame/add_new_spells.sql"))


def _replace(connection: Connection, round_id: str, table: str, what: str, rows: pd.DataFrame) -> None:
    connection.execute(load_query(f"frame/delete_{what}.sql"), {"round_id": round_id})
    copy_rows(connection, table, rows.assign(round_id=round_id))


def _refuse_lost_rows(connection: Connection, round_id: str) -> None:
    lost = read_table(connection, "frame/lost_rows.sql", round_id=round_id)
    if lost.empty:
        return
    row = lost.iloc[0]
    raise RowsAreLost(
        f"{row['municipality_name']}: filen har {row['row_count']} rækker, men {row['eligible_count']} er med, "
        f"{row['ineligible_count']} er ikke, og {row['quarantined_count']} er i karantæne.",
        where=f"Runde {round_id}",
        next_step="Intet er skrevet. Kør validate_frame og decide_eligibility igen.",
    )
