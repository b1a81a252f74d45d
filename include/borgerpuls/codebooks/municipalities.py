"""
The 98 municipalities, and how their names are put in Danish order.
"""

import unicodedata
from typing import TYPE_CHECKING

from borgerpuls.codebooks import files
from borgerpuls.errors import UnknownCode

if TYPE_CHECKING:
    import pandas as pd

_LAST_LETTERS = {"æ": "{", "ø": "|", "å": "}"}  # the three characters after z in ASCII


def municipalities() -> "pd.DataFrame":
    """
    Return the 98 municipalities in Danish order of name.

    Returns:
        `municipality_code` (text, 4 digits), `municipality_code3` (3), `name`, `region`, `region_code`,
        `cvr` (text), `is_pilot_2023` (bool).
    """
    table = files.read_table("municipalities.csv")
    table["is_pilot_2023"] = table["is_pilot_2023"] == "1"
    return table.sort_values("name", key=lambda names: names.map(danish_sort_key)).reset_index(drop=True)


def municipality_name(code: str) -> str:
    """Return the name of a municipality by its four-digit (or three-digit) code; raises UnknownCode."""
    names = municipalities().set_index("municipality_code")["name"]
    padded = code.zfill(4)
    if padded not in names.index:
        raise UnknownCode(
            f"Municipality {code!r} is unknown.", next_step="Use a code of municipalities.csv, e.g. 0101."
        )
    return str(names[padded])


def danish_sort_key(text: str) -> str:
    """
    Return a key that puts names in Danish order: æ, ø, å last; aa as å; case and accents ignored.

    Source: Dansk Sprognævn, Retskrivningsordbogen § 4 (alphabetical order).
    """
    lowered = text.casefold().replace("aa", "å")
    kept = [
        _LAST_LETTERS.get(letter) or unicodedata.normalize("NFD", letter)[0]
        for letter in unicodedata.normalize("NFC", lowered)
    ]
    return "".join(kept)
