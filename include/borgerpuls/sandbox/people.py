"""
Who the sandbox's citizens are: CPR numbers with day + 60, names, telephones and addresses. Nobody is real.

A CPR number says birth date, century (seventh digit) and sex (last digit odd: man). Adding 60 to the day is the CPR
office's own form for numbers that can belong to nobody; modulus 11 is not met on purpose, as for numbers since 2007.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.sandbox.recipe import inhabitants, recipe, word_list

Texts = npt.NDArray[np.object_]
MOBILE_STARTS = (26, 27, 28)
LANDLINE_STARTS = (96,)
"""Series that the numbering plan, as phonenumbers knows it, uses from end to end."""
LONG_NAME_SHARE = 0.0005
LARGE_USER_CODES = {"0169": "0800"}
"""Postal codes with a leading zero to lose: large users' codes, given to a few people."""
LARGE_USER_SHARE = 0.02


def cpr_numbers(birth_date: pd.Series, is_woman: npt.NDArray[np.bool_], rng: np.random.Generator) -> Texts:
    """
    Return one CPR number (10 digits, day + 60) per person, no two alike.

    Args:
        birth_date: Timestamps from 1937 to 2036, shape (n,).
        is_woman: Shape (n,).
        rng: Decides seventh digit and serial.
    """
    year = birth_date.dt.year.to_numpy()
    date_part = (
        (birth_date.dt.day.to_numpy() + 60) * 10000 + birth_date.dt.month.to_numpy() * 100 + year % 100
    ).astype(np.int64)
    number = np.full(len(birth_date), -1, dtype=np.int64)
    open_rows = np.arange(len(birth_date))
    while open_rows.size:
        n = open_rows.size
        before_2000 = rng.choice([0, 1, 2, 3, 4, 9], size=n, p=[0.3, 0.25, 0.2, 0.15, 0.05, 0.05])
        seventh = np.where(year[open_rows] < 2000, before_2000, rng.integers(4, 10, size=n))
        serial = rng.integers(0, 500, size=n) * 2 + ~is_woman[open_rows]
        number[open_rows] = date_part[open_rows] * 10000 + seventh * 1000 + serial
        order = np.argsort(number, kind="stable")
        again = np.zeros(number.size, dtype=bool)
        again[order[1:]] = number[order[1:]] == number[order[:-1]]
        open_rows = np.flatnonzero(again)
    return np.array([f"{value:010d}" for value in number.tolist()], dtype=object)


def names(is_woman: npt.NDArray[np.bool_], rng: np.random.Generator) -> tuple[Texts, Texts]:
    """Return first and last names; a few are very long."""
    words = word_list("names")
    n = is_woman.size
    first = np.where(is_woman, rng.choice(_words(words["women"]), n), rng.choice(_words(words["men"]), n))
    last = rng.choice(_words(words["last"]), n)
    double = rng.random(n) < 0.08
    last = np.where(double, rng.choice(_words(words["last"]), n) + "-" + last, last)
    is_long = rng.random(n) < LONG_NAME_SHARE
    long_names = _words(words["long"])
    first = np.where(is_long, np.where(is_woman, long_names[0], long_names[1]), first)
    return first, np.where(is_long & (rng.random(n) < 0.5), long_names[2], last)


def contact_data(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """
    Return how people can be reached.

    Returns:
        `is_digital_post` and `is_nemsms` (registered), `has_mobile` (the telephone receives SMS), `telephone` (8
        digits, empty without one; also landlines), `is_protected` (address), `language`.
    """
    shares = recipe()["contact_data"]
    is_digital_post = rng.random(n) >= shares["exempt_share"]
    kind = rng.random(n)
    mobile_share = np.where(is_digital_post, shares["mobile_share"]["registered"], shares["mobile_share"]["exempt"])
    landline_share = np.where(
        is_digital_post, shares["landline_share"]["registered"], shares["landline_share"]["exempt"]
    )
    has_mobile = kind < mobile_share
    has_landline = ~has_mobile & (kind < mobile_share + landline_share)
    start = np.where(has_mobile, rng.choice(MOBILE_STARTS, n), rng.choice(LANDLINE_STARTS, n))
    digits = start * 1_000_000 + rng.integers(0, 1_000_000, n)
    telephone = np.where(has_mobile | has_landline, _words([str(number) for number in digits.tolist()]), "")
    nemsms_share = np.where(is_digital_post, shares["nemsms_share"]["registered"], shares["nemsms_share"]["exempt"])
    languages = shares["languages"]
    return pd.DataFrame(
        {
            "is_digital_post": is_digital_post,
            "is_nemsms": has_mobile & (rng.random(n) < nemsms_share),
            "has_mobile": has_mobile,
            "telephone": telephone,
            "is_protected": rng.random(n) < shares["protected_address_share"],
            "language": rng.choice(_words(list(languages)), n, p=np.array(list(languages.values()))),
        }
    )


def addresses(municipality_code: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Return `street`, `house_number`, `floor`, `side`, `postal_code`, `care_of`; index as *municipality_code*."""
    n = len(municipality_code)
    is_flat = rng.random(n) < 0.35
    house = _words([str(number) for number in rng.integers(1, 220, n).tolist()])
    postal_code = municipality_code.map(inhabitants()["postal_code"])
    large_user = municipality_code.map(LARGE_USER_CODES).where(rng.random(n) < LARGE_USER_SHARE)
    letter = np.where(rng.random(n) < 0.08, rng.choice(_words(["A", "B", "C"]), n), "")
    return pd.DataFrame(
        {
            "street": rng.choice(_words(word_list("names")["streets"]), n),
            "house_number": house + letter,
            "floor": np.where(is_flat, rng.choice(_words(["st", "1", "2", "3", "4"]), n), ""),
            "side": np.where(is_flat, rng.choice(_words(["tv", "th", "mf"]), n), ""),
            "postal_code": large_user.fillna(postal_code).to_numpy(),
            "care_of": np.where(rng.random(n) < 0.01, "c/o " + rng.choice(_words(word_list("names")["last"]), n), ""),
        },
        index=municipality_code.index,
    )


def _words(words: list[str]) -> Texts:
    return np.array(words, dtype=object)
