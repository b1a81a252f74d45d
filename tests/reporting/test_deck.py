"""The presentation: native charts that hold the printed figures and nothing else, described, aligned, in Danish."""

import io
import re
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from figure_factory import facts, report_data
from packages import all_text, parts
from pptx import Presentation
from pptx.oxml.ns import qn

from borgerpuls.reporting import numbers
from borgerpuls.reporting.area import Area
from borgerpuls.reporting.deck import render_deck
from borgerpuls.reporting.figures import FigureSet
from borgerpuls.reporting.packages import line_count
from borgerpuls.reporting.report_data import ReportData

QUESTIONS = 14


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data("0461", earlier_rounds=("2022-2", "2023-1"))


@pytest.fixture(scope="module")
def content(data: ReportData) -> bytes:
    return render_deck(data)


@pytest.fixture(scope="module")
def deck(content: bytes) -> Any:
    return Presentation(io.BytesIO(content))


def charts(deck: Any) -> list[Any]:
    return [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]


def workbook_rows(chart: Any) -> list[tuple[Any, ...]]:
    blob = chart.part.chart_workbook.xlsx_part.blob
    return list(openpyxl.load_workbook(io.BytesIO(blob)).active.iter_rows(values_only=True))


def test_every_slide_has_a_title_notes_and_a_number_in_danish(deck: Any) -> None:
    assert 24 <= len(deck.slides) <= 30
    for slide in deck.slides:
        assert slide.shapes.title.text
        assert slide.notes_slide.notes_text_frame.text
        for run in slide.element.iter(qn("a:rPr")):
            assert run.get("lang") == "da-DK"
    assert deck.core_properties.title == "Tværkommunal borgerundersøgelse – Odense Kommune – 2.\u00a0halvår 2023"
    assert deck.core_properties.language == "da-DK"


def test_every_chart_and_table_is_described(deck: Any) -> None:
    shapes = [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart or shape.has_table]
    assert len(shapes) > 2 * QUESTIONS
    for shape in shapes:
        assert len(shape.element.nvGraphicFramePr.cNvPr.get("descr")) > 40


def test_a_question_s_chart_holds_the_printed_shares_by_hand(data: ReportData, deck: Any) -> None:
    slide = next(slide for slide in deck.slides if slide.shapes.title.text == "Tillid")
    rows = workbook_rows(next(shape.chart for shape in slide.shapes if shape.has_chart))
    assert rows[0] == (None, "I meget høj grad", "I høj grad", "I nogen grad", "I lav grad", "Slet ikke")
    for label, code in (("Odense", "0461"), ("Deltagende kommuner", "alle")):
        row = next(row for row in rows if row[0] == label)
        for value, answer in zip(row[1:], "54321", strict=True):
            share = data.figures.value(code, "trust", "share", category=answer)
            assert share is not None
            assert f"{value:g}" == numbers.whole_percent(share)  # the printed percentage, not what it was rounded from


def test_a_chart_and_its_workbook_agree(deck: Any) -> None:
    compared = 0
    for shape in charts(deck):
        rows = workbook_rows(shape.chart)
        plot = shape.chart.plots[0]
        assert [row[0] for row in rows[1:]] == [label if label != "" else None for label in plot.categories]
        for place, series in enumerate(plot.series, 1):
            assert [row[place] for row in rows[1:]] == list(series.values)
            compared += len(series.values)
    assert compared > 1000


def test_the_bars_of_all_questions_begin_and_end_alike(deck: Any) -> None:
    layouts = set()
    for shape in charts(deck):
        if shape.name == "Svarfordeling":
            manual = shape.chart.element.find(f".//{qn('c:plotArea')}/{qn('c:layout')}/{qn('c:manualLayout')}")
            place = {child.tag: child.get("val") for child in manual}
            assert place[qn("c:layoutTarget")] == "inner"
            layouts.add((place[qn("c:x")], place[qn("c:w")], place[qn("c:y")], place[qn("c:h")], shape.width))
            rows = len(list(shape.chart.plots[0].categories))
            assert shape.height / rows == pytest.approx(0.325 * 914400, abs=1)
            for series in shape.chart.plots[0].series:
                assert series.data_labels.number_format == '[<5.5]"";0'
    assert len(layouts) == 1


def with_group(data: ReportData, *, is_withheld: bool) -> ReportData:
    """Women on "trust" have numbers that no other figure has, or none at all."""
    marked = {
        "mean": 1.23,
        "share5": 0.01,
        "share4": 0.01,
        "share3": 0.02,
        "share2": 0.03,
        "share1": 0.93,
        "top2": 0.02,
    }
    figures = []
    for figure in data.figures:
        if (figure.item_id, figure.domain_group, figure.municipality_code) == ("trust", "kvinde", "0461"):
            value = None if is_withheld else marked[figure.measure + figure.category]
            counts = None if is_withheld else 7654
            figure = replace(  # noqa: PLW2901
                figure, value=value, valid_n=counts, dont_know_n=counts, weighted_base=None, lower=value, upper=value,
                is_suppressed=is_withheld, suppression_reason="anonymity" if is_withheld else None,
            )  # fmt: skip
        figures.append(figure)
    return replace(data, figures=FigureSet(figures))


def test_more_findings_than_a_slide_holds_are_said_to_be_a_selection(data: ReportData) -> None:
    worse = replace(data, figures=FigureSet(
        replace(one, difference_to_rest=-0.3, difference_to_all=-0.3, is_different_from_rest=True)
        if (one.municipality_code, one.measure, one.domain) == ("0461", "mean", "all") else one
        for one in data.figures
    ))  # fmt: skip
    slides = Presentation(io.BytesIO(render_deck(worse))).slides
    slide = next(one for one in slides if one.shapes.title.text == "Styrker og opmærksomhedspunkter")
    text = "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
    assert "De seks største forskelle af 14:" in text
    assert "Styrker\n" in text
    assert text.count("under de deltagende kommuner") == 6


@pytest.mark.parametrize("is_withheld", [False, True])
def test_a_withheld_number_is_nowhere_in_the_package(data: ReportData, is_withheld: bool) -> None:
    text = all_text(render_deck(with_group(data, is_withheld=is_withheld)))
    marks = ("1,23", "1.23", "93.0", "93 %", "7654", "7.654")
    assert [mark in text for mark in marks if mark in {"1,23", "93 %", "7.654"}] == [not is_withheld] * 3
    if is_withheld:
        assert not any(mark in text for mark in marks)
        assert "Kvinder: vises ikke af hensyn til anonymitet." in text


@pytest.mark.parametrize(("answers", "text"), [
    (0, "Ingen borgere i Ishøj Kommune har svaret"), (1, "Resultaterne for Ishøj Kommune vises ikke"),
    (4, "Resultaterne for Ishøj Kommune vises ikke"), (7, "usikker"),
])  # fmt: skip
def test_a_municipality_with_few_answers_gets_slides_that_say_so(answers: int, text: str) -> None:
    data = report_data("0183", answers={"0183": answers, "0461": 700, "0740": 450})
    deck = Presentation(io.BytesIO(render_deck(data)))
    said = "\n".join(shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame)
    assert text in said
    assert "Der er ingen tidligere undersøgelse at sammenligne med." in said
    assert len(deck.slides) >= 24


def test_a_slide_with_uncertain_or_hidden_numbers_says_what_the_marks_mean() -> None:
    few = Presentation(io.BytesIO(render_deck(report_data("0183", answers={"0183": 7, "0461": 700, "0740": 450}))))
    said = ["\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame) for slide in few.slides]
    assert "Alle scorerne bygger på færre end 30 svar og er usikre." in said[1]
    assert "Alle scorerne bygger" in next(text for text in said if text.startswith("Alle spørgsmål"))
    trust = next(text for text in said if text.startswith("Tillid"))
    assert "† færre end 30 svar." in trust
    assert "– betyder, at tallet ikke vises af hensyn til anonymitet" in trust
    many = Presentation(io.BytesIO(render_deck(report_data("0461"))))
    slide = next(slide for slide in many.slides if slide.shapes.title.text == "Tillid")
    assert not any("betyder" in shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)


def test_all_participating_and_a_changed_codebook_are_said() -> None:
    national = Presentation(io.BytesIO(render_deck(report_data("alle"))))
    assert any(slide.shapes.title.text == "Forskelle mellem kommunerne" for slide in national.slides)
    data = report_data(
        "0461", codebook_version="2024", earlier_rounds=("2023-1",), broken=("maal_og_aktiviteter",)
    )  # fmt: skip
    deck = Presentation(io.BytesIO(render_deck(data)))
    page = next(slide for slide in deck.slides if slide.shapes.title.text.startswith("Udvikling"))
    table = next(shape.table for shape in page.shapes if shape.has_table)
    cells = {row.cells[0].text: [cell.text for cell in row.cells][1:] for row in table.rows}
    assert cells["Mål og aktiviteter"][0] == "–"
    assert cells["Mål og aktiviteter"][-1] == "ændret opgørelse"
    assert cells["Samtalen"][0] != "–"


def test_the_same_figures_give_the_same_bytes(data: ReportData, content: bytes) -> None:
    assert render_deck(data) == content
    assert not any(name.endswith("thumbnail.jpeg") for name in parts(content))
    assert facts().close_date.isoformat() == "2023-09-18"
    for name, part in parts(content).items():
        if name.endswith("docProps/core.xml"):
            assert part.count(b"2023-09-18T12:00:00Z") == 2, name


def test_the_development_reads_earlier_figures_of_others_too() -> None:
    """A municipality whose only earlier figures were imported has them as columns, and their source below."""
    data = report_data("0461", earlier_rounds=("2022-2", "2023-1"))
    trend = tuple(
        point._replace(kind="imported", source_title="Kommunens rapport") if point.period == "2022-2" else point
        for point in data.trend
    )
    deck = Presentation(io.BytesIO(render_deck(replace(data, earlier=(), trend=trend))))
    page = next(slide for slide in deck.slides if slide.shapes.title.text.startswith("Udvikling siden"))
    table = next(shape.table for shape in page.shapes if shape.has_table)
    assert [cell.text.replace("\u00a0", " ") for cell in table.rows[0].cells][1:4] == [
        "2. halvår 2022", "1. halvår 2023", "2. halvår 2023",
    ]  # fmt: skip
    theme = next(theme.code for theme in Area(data).themes() if theme.name == "Overordnet tilfredshed")
    own = [point for point in trend if (point.municipality_code, point.item_id) == ("0461", theme)]
    printed = {row.cells[0].text: [cell.text for cell in row.cells] for row in table.rows}["Overordnet tilfredshed"]
    assert printed[1:4] == [numbers.score(point.value) for point in sorted(own, key=lambda point: point.period)]
    assert "Tidligere tal er fra: Kommunens rapport." in all_text(render_deck(replace(data, earlier=(), trend=trend)))


def test_letters_have_the_widths_that_were_measured_on_every_computer(content: bytes) -> None:
    """Arial where it must fit, whose widths LibreOffice's own letters have; Georgia in titles, which have room."""
    slides = {
        name: part for name, part in parts(content).items() if name.startswith(("ppt/slides/slide", "ppt/charts/chart"))
    }
    fonts = {font for part in slides.values() for font in re.findall(rb'<a:latin typeface="([^"]+)"', part)}
    assert fonts == {b"Arial", b"Georgia"}
    assert b'<a:minorFont><a:latin typeface="Arial"/>' in parts(content)["ppt/theme/theme1.xml"]


def test_a_long_question_is_set_on_two_lines_above_the_legend() -> None:
    question = f"I hvilken grad passer jobcentrets {'åbningstider, telefontider og digitale løsninger, ' * 3}til din hverdag og dit arbejde?"
    assert len(question) > 200
    data = report_data("0740")
    item = replace(data.local_items[0], present={"da": question})
    deck = Presentation(io.BytesIO(render_deck(replace(data, local_items=(item,)))))
    page = next(slide for slide in deck.slides if slide.shapes.title.text == "Kommunens eget spørgsmål 1")
    box = next(shape for shape in page.shapes if shape.has_text_frame and question in shape.text_frame.text)
    size = box.text_frame.paragraphs[0].runs[0].font.size.pt
    lines = line_count(f"»{question}«", box.width / 12700, size)
    legend = min(
        shape.top for shape in page.shapes if shape.has_text_frame and shape.text_frame.text == "I meget høj grad"
    )
    assert lines == 2
    assert box.top + lines * 1.2 * size * 12700 <= legend


def test_a_municipalitys_own_question_has_its_wording_and_no_other_municipality() -> None:
    deck = Presentation(io.BytesIO(render_deck(report_data("0740"))))
    page = next(slide for slide in deck.slides if slide.shapes.title.text == "Kommunens eget spørgsmål 1")
    said = "\n".join(shape.text_frame.text for shape in page.shapes if shape.has_text_frame)
    assert "»I hvilken grad er åbningstiden passende?«" in said
    assert "Deltagende kommuner" not in said
