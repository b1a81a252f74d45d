"""
What a file says it is: kind of artefact, round and area, as one word in the file's own properties.

In a PDF the entry `Report` of its information, in an Office package the keywords.
"""

import re
from typing import NamedTuple, Self

from borgerpuls.terms import ArtefactKind

_WORD = re.compile(r"borgerpuls:([a-z_]+):(\d{4}-[12]):(\d{4}|alle)")


class Identity(NamedTuple):
    """Which artefact a file is."""

    kind: ArtefactKind
    round_id: str
    municipality_code: str

    @property
    def word(self) -> str:
        """Return what stands in the file, e.g. borgerpuls:pdf:2023-2:0461."""
        return f"borgerpuls:{self.kind}:{self.round_id}:{self.municipality_code}"

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Return what *text* says, or None when it is not the word of an artefact."""
        found = _WORD.fullmatch(text.strip())
        if found is None or found[1] not in set(ArtefactKind):
            return None
        return cls(ArtefactKind(found[1]), found[2], found[3])
