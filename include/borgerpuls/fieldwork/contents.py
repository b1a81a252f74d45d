"""
Contents: the fingerprint of exactly what is approved, one per municipality and one of the whole round.

Pure. People, dates, arms and a municipality's words are read by `sql/fieldwork/municipality_contents.sql`; the
fingerprint of the templates comes from letters.py.
"""

import hashlib
from collections.abc import Mapping


def municipality_hashes(contents: Mapping[str, str], templates: str) -> dict[str, str]:
    """
    Return what is approved for each municipality: its people, dates and words in these templates.

    Args:
        contents: Fingerprint of people, dates, arms and words by municipality code.
        templates: Fingerprint of the templates (`LetterBook.fingerprint`).
    """
    return {code: _hash(code, content, templates) for code, content in contents.items()}


def round_hash(hashes: Mapping[str, str]) -> str:
    """Return what is approved for the whole round, of the municipalities' hashes: it changes when any of them does."""
    return _hash(*(f"{code}={hashes[code]}" for code in sorted(hashes)))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
