"""
What the frame seals: a person's CPR number, name, mobile and address, and whole rows in quarantine.

Each value is sealed for its own place, the same way at every run. An address is JSON with the extract's own column
names and only the parts that are filled; so is a row in quarantine. Extracts and quarantined rows are sealed with a key of
their own, which is destroyed before the round's.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from borgerpuls.vault import RoundKey, Seal

ADDRESS = ("co_navn", "vejnavn", "husnr", "etage", "side", "postnr")


def person_ids(cpr: pd.Series, key: RoundKey) -> pd.Series:
    """Return the round's pseudonym of each CPR number, index as *cpr*."""
    ids = [key.person_id(number) for number in cpr.tolist()]
    return pd.Series(ids, index=cpr.index, dtype=object)


def sealed_citizens(rows: pd.DataFrame, key: RoundKey) -> pd.DataFrame:
    """
    Return rows for `identity.citizen`.

    Args:
        rows: One row per person, normalised, with `person_id` and `municipality_code`.
        key: The round's key.
    """
    name = (rows["fornavn"].fillna("") + " " + rows["efternavn"].fillna("")).str.strip()
    return pd.DataFrame(
        {
            "person_id": rows["person_id"],
            "municipality_code": rows["municipality_code"],
            "cpr": _sealed(rows["cpr"], "cpr", rows["person_id"], key.encrypt),
            "cpr_lookup": pd.Series(
                [key.lookup(number) for number in rows["cpr"].tolist()], index=rows.index, dtype=object
            ),
            "name": _sealed(name.mask(name == ""), "name", rows["person_id"], key.encrypt),
            "mobile": _sealed(rows["mobil"], "mobile", rows["person_id"], key.encrypt),
            "address": _sealed(_addresses(rows), "address", rows["person_id"], key.encrypt),
            "is_address_protected": rows["adressebeskyttet"] == "ja",
        }
    )


def sealed_row(fields: Mapping[str, str], municipality_code: str, row_number: int, key: Seal) -> bytes:
    """Return a row as it stood in the file, sealed for `identity.quarantined_row`."""
    return key.encrypt(json.dumps(fields, ensure_ascii=False), f"row|{municipality_code}|{row_number}")


def sealed_file(content: bytes, municipality_code: str, key: Seal) -> bytes:
    """Return a file, byte for byte, sealed for `identity.extract_file`."""
    return key.encrypt(content.decode("latin-1"), f"extract|{municipality_code}")


def opened_file(sealed: bytes, municipality_code: str, key: Seal) -> bytes:
    """Return the file that `sealed_file` sealed."""
    return key.decrypt(sealed, f"extract|{municipality_code}").encode("latin-1")


def _addresses(rows: pd.DataFrame) -> pd.Series:
    parts = zip(*(rows[column].fillna("").tolist() for column in ADDRESS), strict=True)
    texts = [
        json.dumps({column: part for column, part in zip(ADDRESS, address, strict=True) if part}, ensure_ascii=False)
        for address in parts
    ]
    addresses = pd.Series(texts, index=rows.index, dtype="str")
    return addresses.mask(addresses == "{}")


def _sealed(
    values: pd.Series, column: str, person_id: Iterable[uuid.UUID], encrypt: Callable[[str, str], bytes]
) -> pd.Series:
    sealed = [
        encrypt(value, f"{column}|{person}") if is_there else None
        for value, is_there, person in zip(values.tolist(), values.notna().tolist(), person_id, strict=True)
    ]
    return pd.Series(sealed, index=values.index, dtype=object)
