"""
What a CPR number tells: birth date, sex, and whether it is a replacement number that belongs to nobody.

`DDMMYYSSSS`. The 7th digit gives the century, the last one the sex. A replacement number (erstatningspersonnummer)
adds 60 to the day. Modulus 11 is not checked: numbers without it have been issued since 1 October 2007.

Source: CPR-kontoret, "Personnummeret i CPR"; DESIGN, "CPR".
"""

from datetime import date

import numpy as np
import pandas as pd

TEN_DIGITS = "[0-9]{10}"
REPLACEMENT_DAYS = 60
ORDINARY = "almindelig"
REPLACEMENT = "erstatning"


def birth_date_text(cpr: pd.Series) -> pd.Series:
    """
    Return the birth date each number spells, as `yyyy-mm-dd`, which need not be a day that exists.

    Args:
        cpr: Text, missing allowed.

    Returns:
        Text, index as *cpr*; missing where the number is not ten digits.
    """
    parts = _parts(cpr)
    text = _pad(parts["year"], 4) + "-" + _pad(parts["month"], 2) + "-" + _pad(parts["day"], 2)
    return text.reindex(cpr.index)


def series_of(cpr: pd.Series) -> pd.Series:
    """
    Return which series each number is of: `almindelig` or `erstatning`.

    Returns:
        Text, index as *cpr*; missing where the number is not ten digits or its day is neither 1-31 nor 61-91.
    """
    day = _parts(cpr)["written_day"]
    named = pd.Series(None, index=day.index, dtype="str")
    named[day.between(1, 31)] = ORDINARY
    named[day.between(1 + REPLACEMENT_DAYS, 31 + REPLACEMENT_DAYS)] = REPLACEMENT
    return named.reindex(cpr.index)


def sex(cpr: pd.Series) -> pd.Series:
    """Return `kvinde` or `mand` for numbers of ten digits: the last digit is odd for men."""
    odd = cpr.str[-1].astype("int64") % 2 == 1
    return pd.Series(np.where(odd, "mand", "kvinde"), index=cpr.index, dtype="str")


def age_in_years(born: pd.Series, on: date) -> pd.Series:
    """Return whole years of age at *on*, missing where *born* (datetime64) is missing."""
    had_birthday = (born.dt.month < on.month) | ((born.dt.month == on.month) & (born.dt.day <= on.day))
    years: pd.Series = on.year - born.dt.year - (~had_birthday).astype("int64")
    return years.astype("Int64")


def _parts(cpr: pd.Series) -> pd.DataFrame:
    """Return day, month and year as the digits spell them; one row per number of ten digits."""
    number = cpr[cpr.str.fullmatch(TEN_DIGITS).fillna(value=False).astype(bool)].astype("int64")
    written_day = number // 10**8
    year = number // 10**4 % 100
    seventh = number // 10**3 % 10
    century = pd.Series(1900, index=number.index)
    century[seventh.isin([4, 9]) & (year <= 36)] = 2000
    century[seventh.between(5, 8)] = np.where(year[seventh.between(5, 8)] <= 57, 2000, 1800)
    return pd.DataFrame(
        {
            "written_day": written_day,
            "day": written_day.where(written_day <= REPLACEMENT_DAYS, written_day - REPLACEMENT_DAYS),
            "month": number // 10**6 % 100,
            "year": century + year,
        }
    )


def _pad(number: pd.Series, width: int) -> pd.Series:
    return number.astype("str").str.zfill(width)
