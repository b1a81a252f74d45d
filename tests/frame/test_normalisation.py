"""One spelling for every value; what cannot be read stays as it stands."""

from datetime import date

import pandas as pd
import phonenumbers
import pytest
from frame_extracts import as_csv, row
from hypothesis import example, given, settings
from hypothesis import strategies as st

from borgerpuls.frame.normalisation import (
    iso_date,
    language_code,
    normalise,
    plain_code,
    possible_dates,
    usable_numbers,
    yes_or_no,
)
from borgerpuls.frame.sources.csv import read_extract


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-08-01", "2023-08-01"),
        ("2023-08-01T00:00:00Z", "2023-08-01"),
        ("2023-08-01 00:00:00.000", "2023-08-01"),
        ("01-08-2023", "2023-08-01"),
        ("1-8-2023", "2023-08-01"),
        ("01.08.2023", "2023-08-01"),
        ("01/08/2023", "01/08/2023"),
        ("01-08-23", "01-08-23"),
        ("45139", "45139"),
    ],
)
def test_dates_are_read_in_two_spellings_and_never_guessed(written: str, read: str) -> None:
    assert iso_date(written) == read


@settings(max_examples=50, deadline=None)
@given(st.integers(1800, 2099), st.integers(0, 13), st.integers(0, 32))
@example(1900, 2, 29)
@example(2000, 2, 29)
@example(2023, 2, 29)
def test_a_day_is_possible_when_the_calendar_has_it(year: int, month: int, day: int) -> None:
    try:
        expected = pd.Timestamp(date(year, month, day))
    except ValueError:
        expected = pd.NaT
    found = possible_dates(pd.Series([f"{year:04d}-{month:02d}-{day:02d}"], dtype="str")).iloc[0]
    assert found is expected or found == expected


def test_yes_no_and_codes_are_read_as_people_write_them() -> None:
    assert [yes_or_no(text) for text in ("Ja", "1", "TRUE", "nej", "0", "False", "måske")] == [
        "ja", "ja", "ja", "nej", "nej", "nej", "måske",
    ]  # fmt: skip
    assert plain_code("Kontanthjælp") == "kontanthjaelp"
    assert plain_code("6,2") == "6.2"
    assert (language_code("DA"), language_code("dansk")) == ("da", None)


def test_what_lost_its_leading_zero_gets_it_back_but_a_cpr_number_does_not() -> None:
    rows = [
        row(1, kommune_kode="461", postnr="800", cpr="610580-1234"),
        row(2, cpr="61058 0123", kommune_kode="Odense"),
    ]
    table = normalise(read_extract(as_csv(rows).encode()).rows)
    assert list(table["kommune_kode"]) == ["0461", "Odense"]
    assert table["postnr"].iloc[0] == "0800"
    assert table["postnr"].isna().iloc[1]
    assert list(table["cpr"]) == ["6105801234", "610580123"]


def test_an_empty_field_is_missing_and_control_characters_are_gone() -> None:
    table = normalise(read_extract(as_csv([row(1, lokal_1=" \t ", lokal_2="a\x1fb", fornavn="\u00a0")]).encode()).rows)
    assert table[["lokal_1", "fornavn", "mobil", "forloeb_slut", "doed_udrejst"]].isna().all(axis=None)
    assert table["lokal_2"].iloc[0] == "a b"


def by_the_library(written: str) -> str | None:
    try:
        parsed = phonenumbers.parse(written, "DK")
    except phonenumbers.NumberParseException:
        return None
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if phonenumbers.number_type(parsed) not in kinds:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


NUMBERS = st.one_of(
    st.from_regex(r"(\+45|0045|45)? ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2}", fullmatch=True),
    st.from_regex(r"(\+|00)(46|47|49|44)[0-9]{6,12}", fullmatch=True),
    st.from_regex(r"[0-9]{0,7}", fullmatch=True),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(NUMBERS, min_size=20, max_size=20))
@example(["20 12 34 56", "+45 2012 3456", "0045 20123456", "4520123456", "+46 70 123 45 67", "10 12 34 56"])
def test_phone_numbers_are_what_the_library_makes_of_each_by_itself(written: list[str]) -> None:
    found = usable_numbers(pd.Series(written, dtype="str"))
    assert [None if pd.isna(number) else number for number in found] == [by_the_library(text) for text in written]


def test_a_number_that_cannot_be_used_is_missing_and_noted() -> None:
    table = normalise(read_extract(as_csv([row(1, mobil="ukendt"), row(2, mobil="20123456"), row(3)]).encode()).rows)
    assert table["mobil"].isna().tolist() == [True, False, True]
    assert table["mobil_raa"].isna().tolist() == [False, True, True]
