"""
The municipalities' extract files, with the mess that real exports have, and the truth about every row.

Three kinds of export take turns: `excel` (windows-1252, CRLF, dd-mm-yyyy, hyphenated CPR, ja/nej), `marked` (UTF-8 with
BOM, 1/0) and `plain` (UTF-8, true/false). All telephones are written as people write them, landlines among them.

A CPR number never loses a leading zero here: with day + 60 its first digit is 6 to 9. What loses its zero is the
municipality code (461 for 0461) and the postal code (800 for 0800), except in the `plain` files. A CPR number of nine
digits is one of the bad rows.

The truth goes to the sandbox's own folder, never to the inbox: it is what tests compare the frame with.
"""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.codebooks.placement import extract_schema
from borgerpuls.errors import SandboxFolderIsInInbox
from borgerpuls.sandbox.country import Country

Mask = npt.NDArray[np.bool_]

TRUTH_COLUMNS = (
    "municipality_code",
    "row_number",
    "outcome",
    "reason",
    "column_name",
    "cpr",
    "sex",
    "age_years",
    "age_group",
    "subgroup",
    "target_group",
)
PHONE_FORMS: tuple[Callable[[str], str], ...] = (
    lambda digits: f"45{digits}",
    lambda digits: digits,
    lambda digits: f"+45 {digits[:2]} {digits[2:4]} {digits[4:6]} {digits[6:]}",
    lambda digits: f"0045{digits}",
    lambda digits: f"{digits[:2]} {digits[2:4]} {digits[4:6]} {digits[6:]}",
    lambda digits: f"{digits[:4]} {digits[4:]}",
)


@dataclass(frozen=True)
class ExportKind:
    """How one case system writes its file."""

    name: str
    source_system: str
    encoding: str
    line_end: str
    date_form: str
    yes: str
    no: str
    is_cpr_hyphenated: bool
    has_leading_zero: bool


EXPORT_KINDS = (
    ExportKind("excel", "FASIT", "cp1252", "\r\n", "%d-%m-%Y", "ja", "nej", True, False),
    ExportKind("marked", "MOMENTUM", "utf-8-sig", "\r\n", "%Y-%m-%d", "1", "0", False, False),
    ExportKind("plain", "CSV", "utf-8", "\n", "%Y-%m-%d", "true", "false", False, True),
)


@dataclass(frozen=True)
class Defect:
    """One way of spoiling a row: the column it shows in, and the value there, from the row's right values."""

    name: str
    column: str
    value: Callable[[pd.Series, ExportKind], str]


def _thirtieth_of_february(_: pd.Series, kind: ExportKind) -> str:
    return kind.date_form.replace("%Y", "2023").replace("%m", "02").replace("%d", "30")


def _month_before_start(row: pd.Series, kind: ExportKind) -> str:
    start = pd.to_datetime(str(row["forloeb_start"]), format=kind.date_form)
    return str((start - pd.Timedelta(days=30)).strftime(kind.date_form))


DEFECTS = (
    Defect("impossible_date", "forloeb_start", _thirtieth_of_february),
    Defect("unknown_benefit", "ydelse_kode", lambda _, __: "ungeydelse"),
    Defect("nine_digit_cpr", "cpr", lambda row, _: str(row["cpr"])[:-1]),
    Defect("missing_spell_start", "forloeb_start", lambda _, __: ""),
    Defect("missing_lab_code", "maalgruppe_kode", lambda _, __: ""),
    Defect("ends_before_it_begins", "forloeb_slut", _month_before_start),
)


def write_extracts(country: Country, inbox: Path, round_id: str) -> pd.DataFrame:
    """
    Write one file per municipality: `<inbox>/<round_id>/<code>_<name>.csv`; what was there is replaced.

    Returns:
        The truth, one row per row of a file, sorted by municipality and row: `municipality_code` (of the file),
        `row_number` (line in the file, the heading is line 1), `outcome` (eligible, ineligible, quarantined), `reason`
        (empty when eligible; else the frame's own code, or the name of the defect), `column_name` (where a defect shows, else
        empty), `cpr` and what the register knows of the person.
    """
    folder = inbox / round_id
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    citizens = country.citizens.drop(columns=["status", "duration_group", "satisfaction"]).assign(reason="")
    rows = pd.concat([citizens, country.other_rows], ignore_index=True)
    truths = []
    for position, (code, name) in enumerate(_names(country).items()):
        places = np.flatnonzero(rows["municipality_code"] == code)
        rng = np.random.default_rng([country.seed, int(code)])
        here = rows.iloc[rng.permutation(places)].reset_index(drop=True)
        kind = EXPORT_KINDS[position % len(EXPORT_KINDS)]
        table = _as_exported(here, country, kind, rng)
        defect = _spoil(table, (here["reason"] == "to_be_spoilt").to_numpy(), kind, position)
        _write(table, folder / f"{code}_{name}.csv", kind)
        truths.append(_truth(here, code, defect))
    return pd.concat(truths, ignore_index=True)


def registrations(country: Country) -> pd.DataFrame:
    """
    Return what the sandbox gateways answer to a registration look-up, one row per person.

    Returns:
        `cpr`, `is_digital_post`, `is_nemsms`, `has_mobile` (its telephone receives SMS), `mobile` (8 digits or empty).
    """
    columns = ["cpr", "is_digital_post", "is_nemsms", "has_mobile", "telephone"]
    everyone = pd.concat([country.citizens[columns], country.other_rows[columns]], ignore_index=True)
    everyone["mobile"] = everyone["telephone"].where(everyone["has_mobile"], "")
    return everyone.drop(columns="telephone").drop_duplicates("cpr").sort_values("cpr", ignore_index=True)


def write_sandbox_files(country: Country, inbox: Path, sandbox_folder: Path, round_id: str) -> dict[str, int]:
    """
    Write the extracts to the inbox, and `truth.csv` and `registrations.csv` to `<sandbox_folder>/<round_id>/`.

    Returns:
        Rows of the extracts by outcome.

    Raises:
        SandboxFolderIsInInbox: The truth would lie where the municipalities' files arrive.
    """
    folder = sandbox_folder / round_id
    if inbox.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise SandboxFolderIsInInbox(
            "The sandbox's own files would lie in the inbox.", next_step="Choose a folder outside it with --out."
        )
    truth = write_extracts(country, inbox, round_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    truth.to_csv(folder / "truth.csv", index=False)
    registrations(country).to_csv(folder / "registrations.csv", index=False)
    return {str(outcome): int(count) for outcome, count in truth["outcome"].value_counts().sort_index().items()}


def _names(country: Country) -> dict[str, str]:
    return {str(code): str(name) for code, name in country.municipalities["name"].items()}


def _as_exported(rows: pd.DataFrame, country: Country, kind: ExportKind, rng: np.random.Generator) -> pd.DataFrame:
    n = len(rows)
    code = str(rows["municipality_code"].iloc[0])
    cpr = rows["cpr"]
    latest_talk = np.datetime64(country.dates.extract_date, "D") - 1 - rng.integers(0, 90, n)
    written = {
        "udtraek_id": str(UUID(bytes=rng.bytes(16), version=4)),
        "udtraek_tidspunkt": f"{country.dates.extract_date.isoformat()}T06:00:00Z",
        "kilde_system": kind.source_system,
        "kommune_kode": code if kind.has_leading_zero else code.lstrip("0"),
        "cpr": cpr.str[:6] + "-" + cpr.str[6:] if kind.is_cpr_hyphenated else cpr,
        "borger_ref": [f"B{number}" for number in rng.integers(10**7, 10**8, n).tolist()],
        "fornavn": rows["first_name"],
        "efternavn": rows["last_name"],
        "ydelse_kode": rows["benefit_code"],
        "maalgruppe_kode": rows["lab_code"],
        "visitation_kode": rows["visitation_code"],
        "forloeb_id": [f"{code}-F{number:06d}" for number in rng.permutation(n).tolist()],
        "forloeb_start": _dates(rows["spell_start_date"], kind),
        "forloeb_slut": _dates(rows["spell_end_date"], kind),
        "sammenhaengende_start": _dates(rows["support_start_date"], kind),
        "seneste_samtale_dato": _dates(pd.Series(latest_talk), kind),
        "mobil": _as_people_write(rows["telephone"], rng),
        "dp_tilmeldt": _booleans(rows["is_digital_post"], kind),
        "nemsms_tilmeldt": _booleans(rows["is_nemsms"], kind),
        "adressebeskyttet": _booleans(rows["is_protected"], kind),
        "co_navn": rows["care_of"],
        "vejnavn": rows["street"],
        "husnr": rows["house_number"],
        "etage": rows["floor"],
        "side": rows["side"],
        "postnr": rows["postal_code"] if kind.has_leading_zero else rows["postal_code"].str.lstrip("0"),
        "doed_udrejst": _booleans(rows["is_deceased_or_emigrated"], kind),
        "sprog": rows["language"],
        "tolkebehov": _booleans(pd.Series(rows["language"].ne("da").to_numpy() & (rng.random(n) < 0.4)), kind),
        "lokal_1": _local_flag(code, rng, n),
    }
    table = pd.DataFrame(written)
    return table.reindex(columns=list(extract_schema()["kolonne"]), fill_value="")


def _dates(day: pd.Series, kind: ExportKind) -> pd.Series:
    distinct = pd.Series(day.dropna().unique())
    written = dict(zip(distinct, distinct.dt.strftime(kind.date_form), strict=True))
    return day.map(written).fillna("").astype("str")


def _booleans(value: pd.Series, kind: ExportKind) -> npt.NDArray[np.str_]:
    return np.where(value, kind.yes, kind.no)


def _as_people_write(telephone: pd.Series, rng: np.random.Generator) -> list[str]:
    form = rng.choice(len(PHONE_FORMS), len(telephone), p=[0.4, 0.2, 0.12, 0.08, 0.12, 0.08]).tolist()
    return [PHONE_FORMS[how](digits) if digits else "" for how, digits in zip(form, telephone, strict=True)]


def _local_flag(code: str, rng: np.random.Generator, n: int) -> npt.NDArray[np.str_] | str:
    """Return a municipality's own split: every fourth municipality has one."""
    if int(code) % 4:
        return ""
    return np.where(rng.random(n) < 0.3, "ja", "nej")


def _spoil(table: pd.DataFrame, is_spoilt: Mask, kind: ExportKind, position: int) -> pd.DataFrame:
    """Damage the chosen rows, each in one way; return per row the name of the defect and its column."""
    told = pd.DataFrame({"reason": "", "column_name": ""}, index=table.index, dtype="str")
    for number, row in enumerate(np.flatnonzero(is_spoilt).tolist()):
        defect = DEFECTS[(number + position) % len(DEFECTS)]
        values = table[defect.column].to_numpy(dtype=object, copy=True)
        values[row] = defect.value(table.iloc[row], kind)
        table[defect.column] = values
        told.iloc[row] = [defect.name, defect.column]
    return told


def _truth(rows: pd.DataFrame, code: str, defect: pd.DataFrame) -> pd.DataFrame:
    is_spoilt = (rows["reason"] == "to_be_spoilt").to_numpy()
    is_eligible = (rows["reason"] == "").to_numpy()
    truth = rows.reindex(columns=list(TRUTH_COLUMNS))
    truth["municipality_code"] = code
    truth["row_number"] = np.arange(len(rows)) + 2
    truth["outcome"] = np.select([is_eligible, is_spoilt], ["eligible", "quarantined"], "ineligible")
    truth["reason"] = np.where(is_spoilt, defect["reason"], rows["reason"])
    truth["column_name"] = defect["column_name"].to_numpy()
    return truth


def _write(table: pd.DataFrame, path: Path, kind: ExportKind) -> None:
    with path.open("w", encoding=kind.encoding, newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator=kind.line_end)
        writer.writerow(table.columns)
        writer.writerows(table.itertuples(index=False, name=None))
