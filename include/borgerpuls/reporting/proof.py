"""
Proof of an artefact: what it prints is compared with the figures, and with what was drawn.

A report's numbers cite their figures: each is read back and compared, a number without a citation is named, and a report
that is not byte for byte the one that was drawn is compared with that one, or with one drawn anew. Memo, deck and workbook cite nothing on the
page: they are drawn anew from the figures, and every text and number is compared.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from borgerpuls.errors import NotAReport
from borgerpuls.reporting import numbers
from borgerpuls.reporting.cited import FIXED, FIXED_NUMBERS, plain
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.package_reading import Part, read_package
from borgerpuls.reporting.pdf_reading import PdfText, Printed, read_pdf

_LOOSE = re.compile(r"\d+,\d+")
"""What only a figure looks like in a report: a number with a decimal comma."""
_LONGEST_QUOTE = 60


class Failure(NamedTuple):
    """What does not hold, why, and where: a page, slide or sheet, and a number's citation where it has one."""

    where: str
    what: str
    citation: str = ""


Comparison = Literal["same file", "compared", "drawn anew", "nothing to compare"]


class Proof(NamedTuple):
    """What was compared, and what does not hold."""

    identity: Identity
    snapshot_id: str
    """What a report's numbers were computed from; empty for the others."""
    comparison: Comparison
    """With what: the file that was drawn is the same, every text was compared with it or with one drawn anew, or neither."""
    compared_count: int
    """Cited numbers of a report; texts and numbers of the others."""
    figure_count: int
    """Figures that a report cites; 0 for the others."""
    failures: tuple[Failure, ...]


class Claim(NamedTuple):
    """A file that says it is an artefact of ours, and what it prints: pieces of a PDF, or parts of another."""

    identity: Identity
    snapshot_id: str
    pieces: tuple[Printed, ...]
    parts: tuple[Part, ...]


Values = Mapping[str, Mapping[str, float | None]]
"""Figure id → field → value; a withheld figure has None."""


def read_claim(content: bytes) -> Claim:
    """
    Return what a file says it is and what it prints.

    Raises:
        NotAReport: It cannot be read, or does not say that it is ours.
    """
    if content.startswith(b"PK"):
        package = read_package(content)
        text, parts = PdfText(package.keywords, "", ()), package.parts
    else:
        text = read_pdf(content)
        parts = tuple(_pages(text.pieces))
    identity = Identity.of(text.word)
    if identity is None:
        raise NotAReport(
            "The file does not say which report, memo, deck or workbook it is: it is none of ours, or was made anew from one.",
            next_step="Give the file as Borgerpuls drew it.",
        )
    return Claim(identity, text.snapshot_id, text.pieces, parts)


def figure_ids(printed: Iterable[Printed]) -> list[str]:
    """Return the ids of the figures that are cited, each once."""
    return sorted({identifier for piece in printed for identifier, _ in _terms(piece.citation)})


def check_report(claim: Claim, values: Values, own_words: Iterable[str], drawn: Claim | None) -> tuple[Failure, ...]:
    """
    Return what does not hold in a report.

    Args:
        claim: The report.
        values: The figures that it cites, as they are now.
        own_words: What the municipality and its citizens wrote; numbers in it are theirs.
        drawn: The report as it was drawn, to compare with, or None.
    """
    failures = [*check_citations(claim.pieces, values), *check_loose_numbers(claim.pieces, own_words)]
    if drawn is not None:
        named = {failure.where for failure in failures}
        failures += [failure for failure in check_lost_citations(claim, drawn) if failure.where not in named]
        named = {failure.where for failure in failures}
        failures += [failure for failure in check_parts(claim.parts, drawn.parts) if failure.where not in named]
    return tuple(failures)


def check_citations(printed: Iterable[Printed], values: Values) -> list[Failure]:
    """
    Compare every cited number with its figures.

    Args:
        printed: The pieces of a report.
        values: The figures that they cite, as they are now.
    """
    failures = []
    for piece in printed:
        if not piece.citation:
            continue
        expected = _expected(piece.citation, values)
        if expected.problem:
            failures.append(Failure(_page(piece.page), expected.problem, piece.citation))
        elif expected.text != piece.text:
            what = f"trykt {piece.text or '(intet)'}, tallet er {expected.text}"
            failures.append(Failure(_page(piece.page), what, piece.citation))
    return failures


def check_loose_numbers(printed: Iterable[Printed], own_words: Iterable[str]) -> list[Failure]:
    """
    Name the numbers that look like a figure's but cite none.

    Args:
        printed: The pieces of a report.
        own_words: What the municipality and its citizens wrote; a number in it is theirs.
    """
    theirs = {number for text in own_words for number in _LOOSE.findall(text)}
    return [
        Failure(_page(piece.page), f"trykt {number} uden at nævne, hvilket tal det er")
        for piece in printed
        if not piece.citation
        for number in _LOOSE.findall(piece.text)
        if number not in theirs
    ]


def check_lost_citations(given: Claim, drawn: Claim) -> list[Failure]:
    """Name the pages on which a number that was drawn is gone or cites nothing any more."""
    lost = Counter((piece.page, piece.citation) for piece in drawn.pieces if piece.citation)
    lost.subtract((piece.page, piece.citation) for piece in given.pieces if piece.citation)
    return [
        Failure(_page(page), "et tal er væk, eller det nævner ikke længere, hvilket tal det er", citation)
        for (page, citation), count in lost.items()
        if count > 0
    ]


def check_parts(given: Sequence[Part], drawn: Sequence[Part]) -> list[Failure]:
    """Name every line that is not as it is drawn: of pages, slides, sheets or a document."""
    failures = []
    wanted = {part.name: part.lines for part in drawn}
    found = {part.name: part.lines for part in given}
    for name in [*wanted, *(name for name in found if name not in wanted)]:
        for now, expected in _differences(found.get(name, ()), wanted.get(name, ())):
            failures.append(Failure(name, f"der står {_quoted(now)}, der skal stå {_quoted(expected)}"))
    return failures


def line_count(parts: Iterable[Part]) -> int:
    """Return how many texts and numbers were compared."""
    return sum(len(part.lines) for part in parts)


def _pages(pieces: Iterable[Printed]) -> Iterator[Part]:
    by_page: dict[int, list[str]] = {}
    for piece in pieces:
        by_page.setdefault(piece.page, []).append(piece.text)
    for page, texts in sorted(by_page.items()):
        yield Part(_page(page), tuple(texts))


def _page(number: int) -> str:
    return f"side {number}"


def _differences(given: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    if given != wanted:
        for kind, i, j, k, m in SequenceMatcher(None, given, wanted, autojunk=False).get_opcodes():
            if kind != "equal":
                yield given[i:j], wanted[k:m]


def _quoted(lines: Sequence[str]) -> str:
    text = " · ".join(line.strip() for line in lines if line.strip())
    short = text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"
    return f"»{short}«" if short else "intet"


class _Expected(NamedTuple):
    text: str
    problem: str = ""


def _expected(citation: str, values: Values) -> _Expected:
    form, *source = citation.split("!")
    if form == FIXED and len(source) == 1 and source[0] in FIXED_NUMBERS:
        return _Expected(source[0])
    if not re.fullmatch(r"[dps]\d", form) or not source:
        return _Expected("", "henvisningen kan ikke læses")
    found = []
    for identifier, field in _terms(citation):
        if identifier not in values:
            return _Expected("", "tallet findes ikke")
        value = values[identifier].get(field)
        if value is None:
            return _Expected("", "tallet vises ikke af hensyn til anonymitet eller mangler")
        found.append(value)
    if len(found) != (2 if "-" in source or "/" in source else 1):
        return _Expected("", "henvisningen kan ikke læses")
    if "-" in source:
        number = found[0] - found[1]
    elif "/" in source:
        number = found[0] / found[1]
    else:
        number = found[0]
    if source[0] == "abs":
        number = abs(number)
    return _Expected(plain(numbers.in_form(float(number), form)))


def _terms(citation: str) -> Iterator[tuple[str, str]]:
    for part in citation.split("!")[1:]:
        if "#" in part:
            identifier, _, field = part.rpartition("#")
            yield identifier, field
