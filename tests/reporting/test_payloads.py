"""What a municipality calls itself is data: it ends as plain text in memo, deck and workbook, and does nothing there."""

import io
import re
from xml.etree import ElementTree as ET

import docx
import openpyxl
import pypdf
import pytest
from figure_factory import PILOT, report_data
from packages import all_text, parts
from payloads import DONE, PAYLOADS, greetings, hostile, names
from pptx import Presentation

from borgerpuls.reporting.area import plain_text
from borgerpuls.reporting.deck import render_deck
from borgerpuls.reporting.fonts import printable
from borgerpuls.reporting.memo import Participation, compose_memo
from borgerpuls.reporting.memo_docx import memo_docx
from borgerpuls.reporting.memo_pdf import memo_pdf
from borgerpuls.reporting.packages import round_time
from borgerpuls.reporting.workbook import render_workbook

NAMES = [
    "{{ 7*191 }}", "{% include 'report.xhtml' %}", "<script>alert(1)</script>", "<w:p/></w:t><!--",
    '=HYPERLINK("http://x.invalid")', "+cmd|' /C calc'!A0", "@SUM(1;2)", "-2+3", "&amp; \"A\" 'B' ]]>",
    "Ø\x00\x0b\u202eK\ud800", "%s%(x)d $1 \\1", "http://x.invalid/?a=1&b=2", "A" * 200 + "B",
]  # fmt: skip
CODES = list(PILOT)
INVENTED = dict(zip(CODES, NAMES, strict=True))


def of(place: int):
    return report_data(CODES[place], names=INVENTED)


def test_a_text_becomes_one_printable_line_of_at_most_200_characters_by_hand() -> None:
    assert plain_text("Ø\x00\x0b\u202eK\ud800") == "Ø K"
    assert plain_text("  Nord\ndjurs\t") == "Nord djurs"
    assert len(plain_text("A" * 300)) == 200
    assert plain_text("=1+1") == "=1+1"


@pytest.mark.parametrize("place", [4, 12])
def test_a_deck_shows_the_name_as_it_is_written(place: int) -> None:
    content = render_deck(of(place))
    for name, part in parts(content).items():
        if name.endswith((".xml", ".rels")):
            ET.fromstring(part)  # noqa: S314 - well-formed, whatever the name
    deck = Presentation(io.BytesIO(content))
    name = plain_text(NAMES[place])
    assert deck.slides[0].shapes.title.text == f"{name} Kommune"
    short = name if len(name) <= 48 else f"{name[:47]}…"
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert charts[0].plots[0].series[0].name == short
    for chart in charts:
        sheet = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)).active
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    targets = [line for line in all_text(content).splitlines() if line.startswith("http://x.invalid")]
    assert targets in ([], ["http://x.invalid/?a=1&b=2"])  # in the list of participants at most, never a link
    assert "1337" not in all_text(content)


def test_every_payload_is_text_in_deck_and_workbook() -> None:
    data = hostile(greeting=" ".join(PAYLOADS))
    wording = plain_text(" ".join(PAYLOADS)[:400])
    for content in (render_deck(data), render_workbook(data)):
        for name, part in parts(content).items():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(part)  # noqa: S314 - well-formed, whatever was written
            assert not re.search(rb"<f[ >]", part)
        text = all_text(content)
        assert not DONE.search(text)
        assert "".join(wording.split())[:150] in "".join(text.split())
        assert not any(
            line.startswith(("http:", "file:", "javascript:")) for line in text.splitlines() if "schemas." not in line
        )


def test_every_payload_as_a_name_is_text_in_both_memos() -> None:
    for code, name in list(names().items())[: len(greetings())]:
        memo = compose_memo(hostile(code), Participation(3, 2, "2023-1"))
        when = round_time(hostile(code).facts.close_date)
        title = memo.area
        assert docx.Document(io.BytesIO(memo_docx(memo, when))).paragraphs[0].text == title
        assert plain_text(name) in title
        reader = pypdf.PdfReader(io.BytesIO(memo_pdf(memo, when).content))
        text = "".join(reader.pages[0].extract_text().split())
        assert "".join(printable(title).split()) in text
        assert not DONE.search(text)


def test_a_workbook_keeps_every_name_as_text() -> None:
    for place in (4, 5, 6, 7):
        content = render_workbook(of(place))
        assert not any(b"<f>" in part or b"<f " in part or b"hyperlink" in part for part in parts(content).values())
        sheet = openpyxl.load_workbook(io.BytesIO(content))["Scorer"]
        cell = sheet.cell(2, 2)
        assert (cell.value, cell.data_type, cell.quotePrefix) == (NAMES[place], "s", True)


def test_the_memo_keeps_every_name_as_text() -> None:
    when = round_time(of(0).facts.close_date)
    for place in (0, 1, 2, 3, 4, 8, 9, 12):
        memo = compose_memo(of(place), Participation(1, 0))
        title = f"{plain_text(NAMES[place])} Kommune"
        assert docx.Document(io.BytesIO(memo_docx(memo, when))).paragraphs[0].text == title
        if place in {2, 12}:  # the PDF is slower to make
            reader = pypdf.PdfReader(io.BytesIO(memo_pdf(memo, when).content))
            text = "".join("".join(page.extract_text() for page in reader.pages).split())
            assert "".join(printable(title).split()) in text
            assert not any("/A" in note.get_object() for page in reader.pages for note in page.get("/Annots", []))
