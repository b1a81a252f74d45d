"""
Scrubbing: take out of open answers what shows who somebody is. Pure.

By rule, and rather too much than too little: CPR numbers, phone numbers, e-mail addresses, links, the name after "min
sagsbehandler …", and given names from a list together with the capitalised words that follow. The written text stays in
the `answers` schema and goes with it; only the scrubbed text is read by people.
"""

import re
from functools import cache
from importlib.resources import files

_NAME = r"[A-ZÆØÅ][a-zæøåéüö]+(?:-[A-ZÆØÅ][a-zæøåéüö]+)?"
_NAMES = rf"{_NAME}(?: {_NAME}){{0,3}}"
_ROLE = (
    r"(?:sagsbehandler(?:en|s)?|rådgiver(?:en)?|socialrådgiver(?:en)?|jobkonsulent(?:en)?|konsulent(?:en)?|mentor(?:en)?|"
    r"koordinator(?:en)?|virksomhedskonsulent(?:en)?|leder(?:en)?|chef(?:en)?|læge(?:n)?|case ?worker)"
)
_NOT_NAMES = frozenset(
    ["Jeg", "Det", "Den", "De", "Der", "Du", "Han", "Hun", "Vi", "Min", "Mit", "Mine", "Og", "Men", "Da", "Så", "Jobcenter",
     "Jobcentret", "Jobcenteret", "Kommune", "Kommunen", "Danmark", "En", "Et", "I", "På", "Er", "Har", "Ja", "Nej"]
)  # fmt: skip
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[e-mail]", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("[link]", re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("[nummer]", re.compile(r"(?<!\d)\d{6}[ -]?\d{4}(?!\d)")),
    ("[telefon]", re.compile(r"(?<![\d.,])(?:(?:\+|00)45[ -]?)?[2-9]\d(?:[ -]?\d\d){3}(?![\d,])")),
)
_AFTER_ROLE = re.compile(rf"\b((?i:{_ROLE}(?: (?:hedder|hed|var|er|ved navn|named?|called))?),? )({_NAMES})")
_CAPITALISED = re.compile(_NAMES)


@cache
def given_names() -> frozenset[str]:
    """Return common given names in Denmark, as they are written."""
    return frozenset(files("borgerpuls.responses").joinpath("given_names.txt").read_text("utf-8").split())


def scrub(text: str, names: frozenset[str] | None = None) -> tuple[str, int]:
    """
    Return *text* without what shows who somebody is, and how many places were taken out.

    Args:
        text: An open answer.
        names: Given names to look for; the shipped list when None.
    """
    known = given_names() if names is None else names
    removed = 0
    for mark, pattern in _RULES:
        text, count = pattern.subn(mark, text)
        removed += count

    def after_role(match: re.Match[str]) -> str:
        nonlocal removed
        if match[2].split()[0] in _NOT_NAMES:
            return match[0]
        removed += 1
        return f"{match[1]}[navn]"

    def listed(match: re.Match[str]) -> str:
        nonlocal removed
        words = match[0].split(" ")
        first = next((n for n, word in enumerate(words) if _given(word, known)), None)
        if first is None:
            return match[0]
        removed += 1
        return " ".join([*words[:first], "[navn]"])

    return _CAPITALISED.sub(listed, _AFTER_ROLE.sub(after_role, text)), removed


def _given(word: str, known: frozenset[str]) -> bool:
    return any(part in known or (part.endswith("s") and part[:-1] in known) for part in word.split("-"))
