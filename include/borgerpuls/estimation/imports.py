"""
Figures that others published before us, as figures of their own kind, so that a first round already has a trend.

Three kinds of source: the pilot's and Norddjurs' figures, which are product data; a file of a municipality's own; and an
anonymous reference municipality. A reference may not be recognised: it has agreed, it is one of at least three that
have, its name is kept nowhere, it gives only scores of everybody, to one decimal and without counts, and never of a period
in which we publish the candidates' own figures.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from borgerpuls.codebooks import published
from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.errors import FileIsMissing, ImportedFigureIsWrong, ReferenceIsNotAnonymous
from borgerpuls.estimation.disclosure import Thresholds
from borgerpuls.estimation.trend import IMPORTED, REFERENCE
from borgerpuls.given_paths import read_yaml
from borgerpuls.plain_files import read_plain
from borgerpuls.questionnaire.versions import load_instrument
from borgerpuls.terms import ALL_PARTICIPATING

KEY = ["municipality_code", "item_id", "measure", "category", "domain", "domain_group"]
NUMBERS = ["value", "standard_error", "degrees_of_freedom", "lower", "upper", "valid_n"]
FEWEST_CANDIDATES = 3
MEASURES = {
    "mean": (1.0, 5.0), "category_mean": (1.0, 5.0), "share": (0.0, 1.0), "top2": (0.0, 1.0), "option_share": (0.0, 1.0),
    "response_rate": (0.0, 1.0), "complete_rate": (0.0, 1.0), "completion_minutes": (0.0, 1000.0),
}  # fmt: skip
"""What may be imported, and between which values it lies."""

REFERENCE_MEASURES = ("mean", "category_mean")
RESPONSE = "response"


@dataclass(frozen=True)
class Source:
    """One import, as `estimation.source` keeps it; `municipality_codes` is empty where it is not known who `alle` is."""

    source_id: str
    kind: str
    period: str
    period_name: str
    title: str
    participants: str
    municipality_codes: tuple[str, ...]
    codebook_version: str
    questionnaire_version: str
    consent: str | None = None
    candidate_n: int | None = None


@dataclass(frozen=True)
class ImportedFigures:
    """A source, its figures (columns `KEY` and `NUMBERS`), and the municipalities that a reference is one of."""

    source: Source
    figures: pd.DataFrame
    candidates: tuple[str, ...] = ()


def pilot_2023() -> ImportedFigures:
    """Return what the pilot of 2023 printed: shares, means and n by group, response rates, quartiles of minutes."""
    codebook = load_codebook("2023")
    table = published.pilot_2023()
    domains = {"all": "all", "target_group": "target_group", "age": "age_group", "sex": "sex", "status": "status",
               "duration": "duration"}  # fmt: skip
    names = {(domain, name): code for domain in domains.values() if domain != "all"
             for code, name in codebook.labels(domain).items()}  # fmt: skip
    names[("target_group", "Sygedagpenge (u. arbejdsgiver)")] = "sygedagpenge"  # the routed base of `jobs`, as ours
    rows = []
    for printed in table[table["subgroup_var"].isin(list(domains))].to_dict("records"):
        domain = domains[printed["subgroup_var"]]
        key = {
            "item_id": printed["question_id"],
            "domain": domain,
            "domain_group": "" if domain == "all" else names[(domain, printed["subgroup"])],
            "valid_n": printed["n"],
        }
        mean = printed["mean_published"] if pd.notna(printed["mean_published"]) else printed["mean_recomputed"]
        rows.append(key | {"measure": "mean", "value": mean})
        if key["item_id"] == "overall":  # a category of one item is that item
            rows.append(key | {"measure": "category_mean", "item_id": "overordnet", "value": mean})
        rows.append(key | {"measure": "top2", "value": (printed["pct_5"] + printed["pct_4"]) / 100})
        rows += [
            key | {"measure": "share", "category": str(k), "value": printed[f"pct_{k}"] / 100} for k in range(1, 6)
        ]
    rows += [
        {"item_id": RESPONSE, "measure": measure, "category": category, "value": value}
        for measure, category, value in published.PILOT_2023_RESPONSE
    ]
    took_part = municipalities()
    return ImportedFigures(
        Source(
            "pilot-2023",
            IMPORTED,
            "2023-2",
            "2. halvår 2023",
            "Pilotundersøgelsen 2023",
            "De 13 pilotkommuner",
            tuple(sorted(took_part.loc[took_part["is_pilot_2023"], "municipality_code"])),
            "2023",
            "2023",
        ),
        _table(rows, ALL_PARTICIPATING),
    )


def norddjurs_2025_2() -> ImportedFigures:
    """Return the category scores of Norddjurs and of 29 municipalities, second half of 2025."""
    codes = {name: code for code, name in load_codebook("2024").labels("category").items()}
    rows = []
    for printed in published.norddjurs_h2_2025().to_dict("records"):
        for column, municipality in (("norddjurs", "0707"), ("all_29_municipalities", ALL_PARTICIPATING)):
            code = codes.get(printed["category"])
            number = {"municipality_code": municipality, "value": printed[column]}
            if code is None:
                number |= {"item_id": RESPONSE, "measure": "response_rate", "value": printed[column] / 100}
            else:
                number |= {"item_id": code, "measure": "category_mean"}
            rows.append(number)
    return ImportedFigures(
        Source(
            "norddjurs-2025-2",
            IMPORTED,
            "2025-2",
            "2. halvår 2025",
            "Norddjurs Kommunes notat om 2. halvår 2025",
            "29 kommuner",
            (),
            "2024",
            "2024",
        ),
        _table(rows, ALL_PARTICIPATING),
    )


SHIPPED = {"pilot-2023": pilot_2023, "norddjurs-2025-2": norddjurs_2025_2}
"""Sources that are product data, by id."""


def read_source(path: Path) -> ImportedFigures:
    """
    Return a source of a municipality's own: a description in YAML, and the table it names beside it.

    The description has `source`, `kind` (imported | reference), `period`, `period_name`, `title`, `participants`,
    `municipality_codes` (of `alle`, where known), `codebook`, `questionnaire`, `table`; a reference also `consent` (who agreed, and
    when) and `candidates` (the codes of at least three municipalities that agreed). The table has `item_id, measure,
    value` and, where they apply, the other columns of `KEY` and `NUMBERS`.

    Raises:
        FileIsMissing, FileIsUnusable, ColumnIsMissing, ValueIsUnreadable: The files cannot be read.
        ImportedFigureIsWrong: A field is missing, or a row is impossible or names something unknown; says which.
        ReferenceIsNotAnonymous: A reference municipality could be recognised, or has not agreed.
    """
    if not path.is_file():
        raise FileIsMissing(
            f"There is no file {path.name}.",
            where=str(path.parent),
            next_step=f"Write {', '.join(SHIPPED)}, or the path of a description.",
        )
    said: Mapping[str, Any] = read_yaml(path)
    needed = ("source", "kind", "period", "period_name", "title", "participants", "codebook", "questionnaire", "table")
    missing = [name for name in needed if not isinstance(said, Mapping) or not said.get(name)]
    if missing:
        raise ImportedFigureIsWrong(
            f"The description lacks {', '.join(missing)}.",
            where=path.name,
            next_step="docs/figures/imports.md shows a whole one.",
        )
    text = read_plain(
        path.parent,
        str(said["table"]),
        ["item_id", "measure", "value"],
        optional=lambda name: name in {*KEY, *NUMBERS},
        when_missing=f"Put it there, or correct `table` in {path.name}.",
    )
    rows = text.astype(object).where(text.notna(), None)
    default = REFERENCE if said["kind"] == REFERENCE else ALL_PARTICIPATING
    candidates = tuple(sorted({str(code) for code in said.get("candidates") or ()}))
    return ImportedFigures(
        Source(
            source_id=str(said["source"]),
            kind=str(said["kind"]),
            period=str(said["period"]),
            period_name=str(said["period_name"]),
            title=str(said["title"]),
            participants=str(said["participants"]),
            municipality_codes=tuple(sorted(str(code) for code in said.get("municipality_codes") or ())),
            codebook_version=str(said["codebook"]),
            questionnaire_version=str(said["questionnaire"]),
            consent=str(said["consent"]) if said.get("consent") else None,
            candidate_n=len(candidates) if said["kind"] == REFERENCE else None,
        ),
        _table([{str(k): v for k, v in row.items() if v is not None} for row in rows.to_dict("records")], default),
        candidates,
    )


def check_source(imported: ImportedFigures, published_codes: Collection[str], limits: Thresholds) -> None:
    """
    Check that a source can be what it says, and that nobody can be found in it.

    Args:
        imported: The source.
        published_codes: Municipalities whose figures of the same period we have published ourselves.
        limits: Below how many answers a number may not be shown.

    Raises:
        ImportedFigureIsWrong: A row is impossible, twice there, unprotected, or names something unknown.
        ReferenceIsNotAnonymous: A reference municipality could be recognised, or has not agreed.
    """
    source = imported.source
    if source.kind not in (IMPORTED, REFERENCE) or not re.fullmatch(r"[0-9]{4}-[12]", source.period):
        raise _wrong(source, f"The kind {source.kind!r} or the period {source.period!r} is unknown.")
    _check_rows(imported, limits)
    if source.kind == REFERENCE:
        _check_reference(imported, published_codes)


def _check_rows(imported: ImportedFigures, limits: Thresholds) -> None:
    source, table = imported.source, imported.figures
    codebook = load_codebook(source.codebook_version)
    items = {item.item_id for item in load_instrument(source.questionnaire_version).items}
    categories = codebook.labels("category")
    known = {*municipalities()["municipality_code"], ALL_PARTICIPATING}
    groups = {name: codebook.labels(name) for name in ("target_group", "sex", "age_group", "duration", "status")}
    for number, row in enumerate(table.to_dict("records"), start=2):
        measure, item = row["measure"], row["item_id"]
        place = f"table, line {number}"
        if measure not in MEASURES:
            raise _wrong(source, f"The measure {measure!r} cannot be imported.", place)
        if not (item in items or item in categories or item == RESPONSE):
            raise _wrong(source, f"The item {item!r} is in neither the questionnaire nor the codebook.", place)
        if source.kind != REFERENCE and row["municipality_code"] not in known:
            raise _wrong(source, "The municipality is unknown.", place)
        if row["domain"] != "all" and row["domain_group"] not in groups.get(row["domain"], {}):
            raise _wrong(source, f"The group {row['domain']} {row['domain_group']!r} is not in the codebook.", place)
        low, high = MEASURES[measure]
        if not low <= row["value"] <= high:  # also what is no number
            raise _wrong(source, f"A {measure} lies between {low:g} and {high:g}.", place)
        if pd.notna(row["valid_n"]) and row["valid_n"] < limits.below:
            raise _wrong(source, f"The number is built on fewer than {limits.below} answers.", place)
    if table.duplicated(KEY).any():
        line = int(table.duplicated(KEY).to_numpy().argmax()) + 2
        raise _wrong(source, "The same number stands twice.", f"table, line {line}")


def _check_reference(imported: ImportedFigures, published_codes: Collection[str]) -> None:
    source, table = imported.source, imported.figures
    unknown = set(imported.candidates) - set(municipalities()["municipality_code"])
    problem = None
    if not source.consent:
        problem = "It is not said who agreed, and when."
    elif len(imported.candidates) < FEWEST_CANDIDATES or unknown:
        problem = (
            f"It must be one of at least {FEWEST_CANDIDATES} known municipalities that agreed; "
            f"{len(imported.candidates) - len(unknown)} are named."
        )
    elif not (table["measure"].isin(REFERENCE_MEASURES) & (table["domain"] == "all")).all():
        problem = "It may only give scores of everybody."
    elif (table["value"].round(1) != table["value"]).any() or table[NUMBERS[1:]].notna().any(axis=None):
        problem = "Scores have one decimal, and no counts, errors or intervals."
    elif (table["municipality_code"] != REFERENCE).any():
        problem = "The table names a municipality."
    elif set(imported.candidates) & set(published_codes):
        problem = "Figures of a candidate in the same period are published: its scores would be recognised."
    if problem:
        raise ReferenceIsNotAnonymous(
            problem, where=source.source_id, next_step="docs/figures/imports.md says what a reference needs."
        )


def _table(rows: list[dict[str, Any]], municipality_code: str) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    defaults = {"municipality_code": municipality_code, "category": "", "domain": "all", "domain_group": ""}
    for name in KEY:
        if name not in table:
            table[name] = defaults[name]
        table[name] = table[name].astype(object).where(table[name].notna(), defaults.get(name, "")).astype("str")
    for name in NUMBERS:
        table[name] = pd.to_numeric(table[name], errors="coerce") if name in table else float("nan")
    return table[[*KEY, *NUMBERS]].astype(dict.fromkeys(NUMBERS, "float64"))


def _wrong(source: Source, what: str, place: str = "description") -> ImportedFigureIsWrong:
    return ImportedFigureIsWrong(what, where=f"{source.source_id}, {place}", next_step="Correct it and import again.")
