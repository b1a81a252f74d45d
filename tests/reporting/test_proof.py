"""Every number of a report cites its figure; what was changed, taken out or made loose is found, in every kind of file."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import docx
import openpyxl
import pypdf
import pytest
from figure_factory import report_data
from pptx import Presentation
from proofs import on_page, without_a_base

from borgerpuls.errors import NotAReport
from borgerpuls.reporting import numbers, proof
from borgerpuls.reporting.cited import Cited, fixed, pieces, plain
from borgerpuls.reporting.drawing import draw_one
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.memo import Participation
from borgerpuls.terms import ArtefactKind

FIELDS = (
    "value",
    "lower",
    "upper",
    "valid_n",
    "dont_know_n",
    "weighted_base",
    "difference_to_all",
    "difference_to_rest",
)
EARLIER = ("2022-1", "2022-2", "2023-1")


@cache
def drawn(code: str, kind: ArtefactKind = ArtefactKind.PDF) -> bytes:
    return draw_one(kind, report_data(code, earlier_rounds=EARLIER), Participation(4, 3, "2023-1")).content


@cache
def claim(code: str) -> proof.Claim:
    return proof.read_claim(drawn(code))


@cache
def values(code: str) -> dict[str, dict[str, float | None]]:
    data = report_data(code, earlier_rounds=EARLIER)
    figures = [*data.figures, *(figure for one in data.earlier for figure in one.figures)]
    known = {figure.figure_id: {name: getattr(figure, name) for name in FIELDS} for figure in figures}
    return known | {point.figure_id: {"value": point.value} for point in data.trend}


@pytest.mark.parametrize("code", ["0740", "0183", "alle"])
def test_every_printed_number_holds_and_none_with_a_decimal_is_without_its_figure(code: str) -> None:
    report = claim(code)
    assert proof.check_report(report, values(code), [], report) == ()
    assert report.identity == (ArtefactKind.PDF, "2023-2", code)
    assert report.snapshot_id == "snapshot-of-the-factory"
    assert sum(bool(piece.citation) for piece in report.pieces) > (900 if code == "0183" else 3000)
    own = {identifier for identifier in proof.figure_ids(report.pieces) if f"|{code}|" in identifier}
    assert len(own) > (100 if code == "0183" else 1000)


def with_another_digit(page: bytes) -> bytes:
    """Draw the last digit of one score as another."""
    score = re.search(rb"/N <</F\(d2![^)]*\|0740\|trust\|mean\|\|all\|#value\)>> BDC(.*?)EMC", page, re.DOTALL)
    assert score is not None
    drawn = re.search(rb"\[<([0-9a-f]+)>", score[1])
    assert drawn is not None
    glyphs = drawn[1]
    others = set(re.findall(rb"[0-9a-f]{4}", glyphs)) - {glyphs[-4:]}
    start = score.start(1) + drawn.start(1)
    return page[:start] + glyphs[:-4] + min(others) + page[start + len(glyphs) :]


def without_citations(page: bytes) -> bytes:
    """Take the citations out and leave the numbers."""
    return re.sub(rb"/N <</F\((?:[^()\\]|\\.)*\)>> BDC", b"/Span BMC", page)


def checked(content: bytes, drawn_report: proof.Claim | None = None) -> tuple[proof.Failure, ...]:
    return proof.check_report(proof.read_claim(content), values("0740"), [], drawn_report)


def test_one_changed_digit_in_the_page_is_found() -> None:
    content = on_page(drawn("0740"), 9, with_another_digit)
    for compared_with in (None, claim("0740")):
        (failure,) = checked(content, compared_with)
        assert failure.where == "side 9"
        assert failure.what.startswith("trykt ")
        assert "|0740|trust|mean||all|#value" in failure.citation


def test_a_report_stripped_of_its_citations_is_found() -> None:
    content = on_page(drawn("0740"), 9, without_citations)
    alone = checked(content)
    assert len(alone) > 10
    assert {failure.where for failure in alone} == {"side 9"}
    assert all(re.fullmatch(r"trykt \d+,\d+ uden at nævne, hvilket tal det er", failure.what) for failure in alone)
    assert {failure.where for failure in checked(content, claim("0740"))} == {"side 9"}


def test_a_whole_number_that_was_taken_out_is_found_beside_what_was_drawn() -> None:
    content = on_page(drawn("0740"), 9, without_a_base)
    assert checked(content) == ()  # the report alone does not tell
    (failure,) = checked(content, claim("0740"))
    assert failure.where == "side 9"
    assert failure.what.startswith("et tal er væk")
    assert failure.citation.endswith("#valid_n")


def test_another_word_on_a_page_is_found_beside_what_was_drawn() -> None:
    content = on_page(drawn("0740"), 2, lambda page: re.sub(rb"\[<([0-9a-f]{4})", rb"[<\1\1", page, count=1))
    (failure,) = checked(content, claim("0740"))
    assert failure.where == "side 2"
    assert failure.what.startswith("der står »")


def test_a_changed_figure_a_withheld_and_a_missing_one_are_found() -> None:
    now = {identifier: dict(fields) for identifier, fields in values("0740").items()}
    now["2023-2|0740|trust|mean||all|"]["value"] += 0.01
    now["2023-2|0740|listen|mean||all|"]["value"] = None
    del now["2023-2|0740|goal|mean||all|"]
    failures = proof.check_citations(claim("0740").pieces, now)
    about = {re.split("[!#]", failure.citation)[-2]: failure.what for failure in failures}
    assert about["2023-2|0740|goal|mean||all|"] == "tallet findes ikke"
    assert about["2023-2|0740|listen|mean||all|"].startswith("tallet vises ikke")
    assert "tallet er" in about["2023-2|0740|trust|mean||all|"]
    assert {identifier.split("|")[2] for identifier in about} == {"trust", "listen", "goal"}


def test_numbers_in_what_citizens_wrote_are_theirs_and_a_fixed_number_is_one_of_a_few() -> None:
    words = "Det tog 1,5 år."
    piece = proof.Printed(1, words)
    assert proof.check_loose_numbers([piece], [words]) == []
    assert len(proof.check_loose_numbers([piece], [])) == 1
    axis, invented = (
        proof.Printed(1, text, pieces(fixed(text))[0].citation) for text in ("3,5", "3,59")
    )  # fmt: skip
    assert proof.check_citations([axis], {}) == []
    assert len(proof.check_citations([invented], {})) == 1
    assert (
        len(
            proof.check_citations([proof.Printed(1, "1", "d0!a#value!b#value")], {"a": {"value": 1}, "b": {"value": 1}})
        )
        == 1
    )


def test_a_file_that_is_no_report_is_said_in_one_message(caplog: pytest.LogCaptureFixture) -> None:
    for content in (b"", b"%PDF-1.7 nothing", zlib.compress(b"x"), b"%PDF-1.7\n1 0 obj<</Kids[1 0 R]>>endobj\nxref"):
        with pytest.raises(NotAReport, match="cannot be read as a PDF"):
            proof.read_claim(content)
    for content in (b"PK", b"PK\x03\x04" + b"x" * 90, drawn("0740", ArtefactKind.DECK)[:5000]):
        with pytest.raises(NotAReport, match="cannot be read as a Word document"):
            proof.read_claim(content)
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    others = [out.getvalue()]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    others.append(out.getvalue())
    for content in others:
        with pytest.raises(NotAReport, match="none of ours"):
            proof.read_claim(content)
    assert caplog.records == []


def test_a_package_made_to_fill_the_memory_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 101_000_000)
    with pytest.raises(NotAReport, match="cannot be read"):
        proof.read_claim(out.getvalue())


@pytest.mark.parametrize("kind", [kind for kind in ArtefactKind if kind is not ArtefactKind.PDF])
def test_memo_deck_and_workbook_say_what_they_are_and_hold(kind: ArtefactKind) -> None:
    given = proof.read_claim(drawn("0740", kind))
    assert given.identity == (kind, "2023-2", "0740")
    assert proof.line_count(given.parts) > 30
    assert proof.check_parts(given.parts, given.parts) == []
    other = proof.read_claim(drawn("0461", kind))
    assert proof.check_parts(given.parts, other.parts)


def changed_memo(content: bytes) -> tuple[bytes, str, str]:
    document = docx.Document(io.BytesIO(content))
    line = next(paragraph for paragraph in document.paragraphs if paragraph.style.name == "List Number")
    before = line.text
    line.runs[0].text = before.replace(before[-2], "9" if before[-2] != "9" else "8")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue(), line.text, before


def changed_deck(content: bytes) -> tuple[bytes, str, str]:
    deck = Presentation(io.BytesIO(content))
    shape = next(shape for slide in deck.slides for shape in slide.shapes if shape.has_chart)
    value = shape.chart._chartSpace.find(".//{*}val//{*}v")
    before, value.text = value.text, "4.99"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue(), "4.99", before


def changed_workbook(content: bytes) -> tuple[bytes, str, str]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    cell = book["Scorer"]["E2"]
    before, cell.value = str(cell.value), 4.99
    out = io.BytesIO()
    book.save(out)
    return out.getvalue(), "E2: 4.99", f"E2: {before}"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (ArtefactKind.MEMO_DOCX, changed_memo),
        (ArtefactKind.DECK, changed_deck),
        (ArtefactKind.WORKBOOK, changed_workbook),
    ],
)
def test_one_changed_number_is_found_in_a_file_that_was_opened_and_saved(
    kind: ArtefactKind, change: Callable[[bytes], tuple[bytes, str, str]]
) -> None:
    content, now, before = change(drawn("0740", kind))
    given = proof.read_claim(content)
    (failure,) = proof.check_parts(given.parts, proof.read_claim(drawn("0740", kind)).parts)
    assert failure.what == f"der står »{now}«, der skal stå »{before}«"


def test_an_identity_is_one_word_by_hand() -> None:
    identity = Identity(ArtefactKind.DECK, "2023-2", "alle")
    assert identity.word == "borgerpuls:deck:2023-2:alle"
    assert Identity.of(identity.word) == identity
    for text in ("", "borgerpuls:deck:2023-2:alle 7", "borgerpuls:poster:2023-2:0461", "borgerpuls:deck:2023-3:0461"):
        assert Identity.of(text) is None


def test_a_number_keeps_its_citation_through_a_sentence_by_hand() -> None:
    high, low = Cited(4.115, "a#value"), Cited(3.0, "b#value")
    text = f"Fra {numbers.score(low)} til {numbers.score(high)}: {numbers.difference(high - low)}"
    assert plain(text) == "Fra 3,00 til 4,12: +1,12"
    assert [piece.citation for piece in pieces(text) if piece.citation] == [
        "d2!b#value", "d2!a#value", "s2!a#value!-!b#value",
    ]  # fmt: skip
    assert numbers.score(4.115) == "4,12"
    assert numbers.count(abs(Cited(-3.0, "c#value"))).startswith("\ue000d0!abs!c#value")
