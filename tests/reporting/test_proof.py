"""Every number of a report cites its figure; one changed digit, one changed figure, one withheld number is found."""

import io
import re
import zlib
from functools import cache

import pypdf
import pytest
from figure_factory import report_data

from borgerpuls.errors import NotAReport
from borgerpuls.reporting import numbers, proof
from borgerpuls.reporting.cited import Cited, pieces, plain
from borgerpuls.reporting.pdf import render_pdf

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
def report(code: str) -> bytes:
    return render_pdf(report_data(code, earlier_rounds=EARLIER)).content


@cache
def values(code: str) -> dict[str, dict[str, float | None]]:
    data = report_data(code, earlier_rounds=EARLIER)
    figures = [*data.figures, *(figure for one in data.earlier for figure in one.figures)]
    known = {figure.figure_id: {name: getattr(figure, name) for name in FIELDS} for figure in figures}
    return known | {point.figure_id: {"value": point.value} for point in data.trend}


@pytest.mark.parametrize("code", ["0740", "0183", "alle"])
def test_every_printed_number_holds(code: str) -> None:
    snapshot, printed = proof.printed_numbers(report(code))
    result = proof.check(snapshot, printed, values(code))
    assert result.failures == ()
    assert snapshot == "snapshot-of-the-factory"
    assert result.number_count > (900 if code == "0183" else 3000)
    own = {identifier for identifier in proof.figure_ids(printed) if f"|{code}|" in identifier}
    assert len(own) > (100 if code == "0183" else 1000)


def test_no_number_with_a_decimal_is_printed_without_its_figure() -> None:
    """What is left are axes, correlations of nonresponse, the pilot's example and the questionnaire's own numbers."""
    cited = {number.text for number in proof.printed_numbers(report("0740"))[1]}
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(report("0740"))).pages)
    loose = set(re.findall(r"\d+,\d+", text)) - {re.sub("[+\u2212]", "", one) for one in cited}
    axes = {"2,5", "3,0", "3,5", "4,0", "4,5", "5,5"}
    correlations = {"0,10", "0,25"}
    example = {"26,9", "34,5", "19,2", "9,2", "10,1", "24,0", "35,2", "20,6", "9,8", "10,3"}
    assert loose <= axes | correlations | example, loose - axes - correlations - example


def changed_digit(content: bytes) -> bytes:
    """Return the PDF with the last digit of one score drawn as another, in the page's content stream."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    page = writer.pages[8]
    stream = page["/Contents"].get_object()
    data = stream.get_data()
    score = re.search(rb"/N <</F\(d2![^)]*\|0740\|trust\|mean\|\|all\|#value\)>> BDC(.*?)EMC", data, re.DOTALL)
    assert score is not None
    drawn = re.search(rb"\[<([0-9a-f]+)>", score[1])
    assert drawn is not None
    glyphs = drawn[1]
    others = set(re.findall(rb"[0-9a-f]{4}", glyphs)) - {glyphs[-4:]}
    new = glyphs[:-4] + min(others)
    start = score.start(1) + drawn.start(1)
    stream.set_data(data[:start] + new + data[start + len(glyphs) :])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_one_changed_digit_in_the_page_is_found() -> None:
    snapshot, printed = proof.printed_numbers(changed_digit(report("0740")))
    failures = proof.check(snapshot, printed, values("0740")).failures
    assert len(failures) == 1
    assert failures[0].page == 9
    assert failures[0].what.startswith("trykt ")
    assert "|0740|trust|mean||all|#value" in failures[0].citation


def test_a_changed_figure_a_withheld_and_a_missing_one_are_found() -> None:
    snapshot, printed = proof.printed_numbers(report("0740"))
    now = {identifier: dict(fields) for identifier, fields in values("0740").items()}
    now["2023-2|0740|trust|mean||all|"]["value"] += 0.01
    now["2023-2|0740|listen|mean||all|"]["value"] = None
    del now["2023-2|0740|goal|mean||all|"]
    failures = proof.check(snapshot, printed, now).failures
    about = {re.split("[!#]", failure.citation)[-2]: failure.what for failure in failures}
    assert about["2023-2|0740|goal|mean||all|"] == "tallet findes ikke"
    assert about["2023-2|0740|listen|mean||all|"].startswith("tallet vises ikke")
    assert "tallet er" in about["2023-2|0740|trust|mean||all|"]
    assert {identifier.split("|")[2] for identifier in about} == {"trust", "listen", "goal"}


def test_a_file_that_is_no_report_is_said() -> None:
    for content in (b"", b"%PDF-1.7 nothing", zlib.compress(b"x")):
        with pytest.raises(NotAReport, match="cannot be read as a PDF"):
            proof.printed_numbers(content)
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(NotAReport, match="cites no figures"):
        proof.printed_numbers(out.getvalue())


def test_a_number_keeps_its_citation_through_a_sentence_by_hand() -> None:
    high, low = Cited(4.115, "a#value"), Cited(3.0, "b#value")
    text = f"Fra {numbers.score(low)} til {numbers.score(high)}: {numbers.difference(high - low)}"
    assert plain(text) == "Fra 3,00 til 4,12: +1,12"
    assert [piece.citation for piece in pieces(text) if piece.citation] == [
        "d2!b#value", "d2!a#value", "s2!a#value!-!b#value",
    ]  # fmt: skip
    assert numbers.score(4.115) == "4,12"
    assert numbers.count(abs(Cited(-3.0, "c#value"))).startswith("\ue000d0!abs!c#value")
