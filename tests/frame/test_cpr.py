"""What a CPR number tells. Every number here has 60 added to its day and belongs to nobody."""

from datetime import date

import pandas as pd

from borgerpuls.frame import cpr
from borgerpuls.frame.normalisation import possible_dates


def numbers(*texts: str | None) -> pd.Series:
    return pd.Series(texts, dtype="str")


def test_the_seventh_digit_gives_the_century_by_hand() -> None:
    #   7th digit 0-3: 1900s; 4 and 9: 2000s up to 36, else 1900s; 5-8: 2000s up to 57, else 1800s
    written = ["6101050001", "6101053001", "6101054001", "6101364001", "6101374001", "6101369001", "6101379001",
               "6101575001", "6101585001", "6101578001", "6101588001"]  # fmt: skip
    years = [1905, 1905, 2005, 2036, 1937, 2036, 1937, 2057, 1858, 2057, 1858]
    assert list(cpr.birth_date_text(numbers(*written))) == [f"{year}-01-01" for year in years]


def test_an_odd_last_digit_is_a_man_and_an_even_one_a_woman() -> None:
    assert list(cpr.sex(numbers("6101050001", "6101050002"))) == ["mand", "kvinde"]


def test_only_ten_digits_tell_a_birth_date() -> None:
    told = cpr.birth_date_text(numbers("610105000", "61010500011", "61o1050001", "٦101050001", None))
    assert told.isna().all()


def test_a_day_that_does_not_exist_is_spelt_but_is_no_date() -> None:
    spelt = cpr.birth_date_text(numbers("8902010001", "8902000001", "9104800001", "4501800001"))
    assert list(spelt) == ["1901-02-29", "1900-02-29", "1980-04-31", "1980-01-45"]
    assert possible_dates(spelt).isna().all()
    assert possible_dates(cpr.birth_date_text(numbers("8902004001"))).iloc[0] == pd.Timestamp("2000-02-29")


def test_replacement_numbers_are_told_from_ordinary_ones_by_the_day() -> None:
    ordinary = "2" + "101050001"
    assert list(cpr.series_of(numbers(ordinary, "6101050001", "9101050001"))) == [
        "almindelig",
        "erstatning",
        "erstatning",
    ]
    assert cpr.series_of(numbers("3201050001", "6001050001", "9201050001", "610105000")).isna().all()


def test_age_turns_on_the_birthday_itself() -> None:
    born = pd.Series(pd.to_datetime(["1993-08-01", "1993-08-02", "1992-02-29", None]))
    assert list(cpr.age_in_years(born, date(2023, 8, 1)).astype("object").fillna(-1)) == [30, 29, 31, -1]
