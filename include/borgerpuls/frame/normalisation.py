"""
One spelling for every value: what an extract says in several ways is written in one, and what cannot be read is left
as it stands, for the expectations to find. Nothing is guessed.

Dates are read as ISO or `dd-mm-yyyy` (also with dots, and with a time of day that is dropped); never with slashes, which
two countries read differently. A municipality code or a postcode that lost its leading zero gets it back: their width is
fixed. A CPR number of nine digits stays one: the missing digit need not be the first.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd
import phonenumbers
from phonenumbers import PhoneMetadata

from borgerpuls.frame import cpr
from borgerpuls.frame.columns import USED

YES, NO = "ja", "nej"
_YES_NO: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("ja", "j", "1", "true", "sand", "sandt", "y", "yes"), YES)
    | dict.fromkeys(("nej", "n", "0", "false", "falsk", "no"), NO)
)
_CONTROL = r"[\x00-\x1f\x7f]+"
_HARD_SPACE = "\u00a0"
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ][0-9:.]+Z?)?")
_DANISH_DATE = re.compile(r"([0-9]{1,2})[-.]([0-9]{1,2})[-.]([0-9]{4})(?:[T ][0-9:.]+)?")
_DENMARK = "45"
_CAN_BE_MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)

POSSIBLE_DATE = (
    r"^(?:(?:18|19|20)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:(?:18|19)(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))-02-29)$"
)
"""A day of the calendar between 1800 and 2099, leap days included."""


def normalise(rows: pd.DataFrame) -> pd.DataFrame:
    """
    Return the rows with one spelling for every value.

    Args:
        rows: Columns of `columns.USED` as text; others are passed through.

    Returns:
        Index and columns as *rows*; missing where a field is empty. Dates that can be read are `yyyy-mm-dd`, yes and no
        are `ja` and `nej`, codes are lower case with æ, ø, å as ae, oe, aa, and `mobil` is digits with country code.
        `mobil_raa` holds the number as it stood where it cannot be used.
    """
    table = rows.copy()
    for column in USED:
        text = rows[column].str.replace(_CONTROL, " ", regex=True).str.strip()
        table[column] = text.mask(text == "")
    for column in ("forloeb_start", "forloeb_slut", "sammenhaengende_start"):
        table[column] = _by_distinct(table[column], iso_date)
    for column in ("adressebeskyttet", "doed_udrejst"):
        table[column] = _by_distinct(table[column], yes_or_no)
    for column in ("ydelse_kode", "visitation_kode", "maalgruppe_kode"):
        table[column] = _by_distinct(table[column], plain_code)
    table["kommune_kode"] = _by_distinct(table["kommune_kode"], lambda code: _padded(code, 4))
    table["postnr"] = _by_distinct(table["postnr"], lambda code: _padded(code, 4))
    table["cpr"] = table["cpr"].str.replace(rf"[\s{_HARD_SPACE}'–-]", "", regex=True)
    table["sprog"] = _by_distinct(table["sprog"], language_code)
    usable = usable_numbers(table["mobil"])
    table["mobil_raa"] = table["mobil"].where(usable.isna())
    table["mobil"] = usable
    return table


def iso_date(text: str) -> str:
    """Return a date as `yyyy-mm-dd`, or the text itself where it is not spelt as one."""
    if found := _ISO_DATE.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DANISH_DATE.fullmatch(text):
        day, month, year = found.groups()
    else:
        return text
    return f"{year}-{month:0>2}-{day:0>2}"


def yes_or_no(text: str) -> str:
    """Return `ja` or `nej`, or the text itself where it is neither."""
    return _YES_NO.get(text.casefold(), text)


def plain_code(text: str) -> str:
    """Return a code in lower case without Danish letters, with a point where a spreadsheet put a comma."""
    return text.casefold().replace("æ", "ae").replace("ø", "oe").replace("å", "aa").replace(",", ".")


def language_code(text: str) -> str | None:
    """Return a language as ISO 639-1, or None where it is not given as one."""
    lowered = text.casefold()
    return lowered if re.fullmatch("[a-z]{2}", lowered) else None


def usable_numbers(numbers: pd.Series) -> pd.Series:
    """
    Return phone numbers as E.164 digits without the plus; missing where a number cannot be a mobile's.

    Danish numbers, nearly all of them, are tested against the library's own pattern at once; the others one by one.
    """
    text = numbers.str.replace(rf"[\s{_HARD_SPACE}()./-]", "", regex=True).str.replace(r"^00", "+", regex=True)
    national = text.str.replace(rf"^\+?{_DENMARK}(?=[0-9]{{8}}$)", "", regex=True)
    danish = national.str.fullmatch(_danish_pattern()).fillna(value=False).astype(bool)
    usable = (_DENMARK + national).where(danish)
    foreign = text[~danish & text.str.startswith("+").fillna(value=False).astype(bool)]
    usable[foreign.index] = foreign.map(_foreign_number)
    return usable.astype("str")


def possible_dates(text: pd.Series) -> pd.Series:
    """Return the days that texts of the form `yyyy-mm-dd` name as datetime64, missing where there is no such day."""
    possible = text.str.fullmatch(POSSIBLE_DATE).fillna(value=False).astype(bool)
    return pd.to_datetime(text.where(possible), format="%Y-%m-%d")


def with_derived_columns(rows: pd.DataFrame, key_date: pd.Timestamp) -> pd.DataFrame:
    """
    Return normalised rows with what follows from them: dates as dates, and what the CPR number tells.

    Returns:
        As *rows*, with `forloeb_start_dato`, `forloeb_slut_dato`, `sammenhaengende_start_dato`, `foedselsdato`
        (datetime64), `cpr_dato` (text, need not exist), `cpr_serie` and `alder` (whole years at *key_date*).
    """
    table = rows.copy()
    for column in ("forloeb_start", "forloeb_slut", "sammenhaengende_start"):
        table[f"{column}_dato"] = possible_dates(table[column])
    table["cpr_dato"] = cpr.birth_date_text(table["cpr"])
    table["cpr_serie"] = cpr.series_of(table["cpr"])
    table["foedselsdato"] = possible_dates(table["cpr_dato"])
    table["alder"] = cpr.age_in_years(table["foedselsdato"], key_date.date())
    return table


def _by_distinct(column: pd.Series, spell: Callable[[str], str | None]) -> pd.Series:
    """Return a column where each distinct text has been spelt once."""
    spelt = {text: spell(text) for text in column.dropna().unique()}
    return column.map(spelt).astype("str")


def _padded(code: str, width: int) -> str:
    return code.zfill(width) if code.isdecimal() else code


def _danish_pattern() -> str:
    mobile = getattr(PhoneMetadata.metadata_for_region("DK"), "mobile", None)
    return str(getattr(mobile, "national_number_pattern", None))


def _foreign_number(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(parsed) not in _CAN_BE_MOBILE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
