"""The workbook: every protected figure with its definition, no formula, nothing withheld."""

import io

import openpyxl
import pytest
from figure_factory import PILOT, report_data
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from packages import all_text, parts
from test_deck import with_group

from borgerpuls.reporting import numbers
from borgerpuls.reporting.packages import letters_width, line_count
from borgerpuls.reporting.report_data import ReportData
from borgerpuls.reporting.workbook import render_workbook


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data("0461")


@pytest.fixture(scope="module")
def content(data: ReportData) -> bytes:
    return render_workbook(data)


def tables(content: bytes) -> dict[str, list[dict[str, object]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    found = {}
    for sheet in book:
        head, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(head, row, strict=True)) for row in rows]
    return found


def test_every_figure_of_the_area_and_of_all_is_there_once_rounded_as_printed(data: ReportData, content: bytes) -> None:
    sheets = tables(content)
    own = {figure.figure_id: figure for figure in data.figures if figure.municipality_code in {"0461", "alle"}}
    rows = [row for name in ("Scorer", "Svarfordelinger", "Deltagelse og øvrige") for row in sheets[name]]
    assert sorted(row["Tallets navn"] for row in rows) == sorted(own)
    compared = 0
    for row in rows:
        figure = own[str(row["Tallets navn"])]
        value = next((row[name] for name in ("Score", "Andel", "Antal", "Øvrige") if row.get(name) is not None), None)
        if figure.value is None:
            assert value is None
            continue
        decimals = 2 if "Score" in row else 3 if row["Andel"] is not None else 2
        assert value == pytest.approx(float(numbers.rounded(figure.value, decimals)), abs=0.51 if "Antal" in row else 0)
        compared += 1
    assert compared > 2000


def test_the_sheets_have_no_formula_and_every_column_is_explained(content: bytes) -> None:
    assert not any(b"<f>" in part or b"<f " in part for name, part in parts(content).items() if "worksheets" in name)
    sheets = tables(content)
    explained = {(row["Ark"], row["Kolonne eller mål"]) for row in sheets["Dataordbog"]}
    for name in ("Scorer", "Svarfordelinger", "Deltagelse og øvrige"):
        for heading in sheets[name][0]:
            assert (name, heading) in explained
    assert all(row["Betydning"] for row in sheets["Dataordbog"])


def test_the_ids_are_not_printed(content: bytes) -> None:
    """They are a fifth of the width, and would make the rest too small to read."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for name in ("Scorer", "Svarfordelinger", "Deltagelse og øvrige"):
        sheet = book[name]
        assert sheet.cell(1, sheet.max_column).value == "Tallets navn"
        last = get_column_letter(sheet.max_column - 1)
        assert sheet.print_area == f"'{name}'!$A$1:${last}${sheet.max_row}"


def test_every_sheet_is_one_page_wide_in_letters_that_can_be_read(content: bytes) -> None:
    """A digit of Arial 10 is 5.56 points; LibreOffice makes a column of n characters n times as wide, Excel a little less."""
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        setup, margins = sheet.page_setup, sheet.page_margins
        scale = (setup.scale or 100) / 100
        assert (setup.orientation, setup.paperSize, sheet.sheet_properties.pageSetUpPr.fitToPage) == (
            "landscape",
            9,
            None,
        )
        assert 10 * scale >= 7.5
        names = {cell.column_letter for cell in sheet[1] if cell.value != "Tallets navn"}
        widths = [
            dimension.width
            for dimension in sheet.column_dimensions.values()
            for place in range(dimension.min, dimension.max + 1)
            if get_column_letter(place) in names
        ]
        assert len(widths) == len(names)
        assert sum(widths) * 5.562 * scale <= 842 - 72 * (margins.left + margins.right)
        assert sheet.print_title_rows == "$1:$1"
        assert (sheet.oddHeader.left.text, sheet.oddHeader.right.text) == (
            "Tværkommunal borgerundersøgelse – Odense Kommune – 2.\u00a0halvår 2023", sheet.title,
        )  # fmt: skip
        assert sheet.oddFooter.right.text == "Side &P af &N"


def test_a_name_in_the_header_is_no_code_of_excel_s() -> None:
    content = render_workbook(report_data("0461", names=PILOT | {"0461": "Fyn &G & Øer"}))
    header = openpyxl.load_workbook(io.BytesIO(content))["Scorer"].oddHeader
    assert header.left.text == "Tværkommunal borgerundersøgelse – Fyn ogG og Øer Kommune – 2.\u00a0halvår 2023"


def test_no_row_is_named_by_a_code() -> None:
    rows = [row for name, sheet in tables(render_workbook(report_data("alle"))).items() for row in sheet
            if name not in {"Læs mig", "Dataordbog"}]  # fmt: skip
    said = {
        str(row[name])
        for row in rows
        for name in ("Emne", "Mål", "Opdeling", "Gruppe", "Svar", "Spørgsmål")
        if row.get(name)
    }
    assert {"Region Hovedstaden", "2. påmindelse", "Indbyggere på 16–66 år pr. kommune"} <= said
    assert "Regneeksempel: svar: Kvinder, 30-49 år, sygedagpenge." in said
    assert not [text for text in said if "_" in text]


@given(words=st.lists(st.text("aåbWi-", min_size=1, max_size=30), max_size=12), width=st.floats(20, 300))
def test_lines_are_enough_for_the_words_and_no_more_than_one_each_when_they_fit(words: list[str], width: float) -> None:
    text = " ".join(words)
    lines = line_count(text, width, 10.0)
    assert lines * width >= letters_width(text, 10.0) - lines * letters_width(" ", 10.0)
    if all(letters_width(word, 10.0) <= width for word in words):
        assert lines <= max(len(words), 1)


def test_a_text_wraps_between_words_by_hand() -> None:
    """Arial's own widths at 10 points: "vises ikke af hensyn" 83.4, " til anonymitet" 68.5 points."""
    assert line_count("vises ikke af hensyn til anonymitet", 95.0, 10.0) == 2
    assert line_count("vises ikke af hensyn til anonymitet", 160.0, 10.0) == 1
    assert line_count("", 10.0, 10.0) == 1


@pytest.mark.parametrize("is_withheld", [False, True])
def test_a_withheld_number_is_nowhere_in_the_package(data: ReportData, is_withheld: bool) -> None:
    content = render_workbook(with_group(data, is_withheld=is_withheld))
    text = all_text(content).splitlines()
    assert [mark in text for mark in ("1.23", "0.93", "7654")] == [not is_withheld] * 3
    notes = [
        row["Bemærkning"] for row in tables(content)["Scorer"]
        if (row["Emne"], row["Gruppe"], row["Område"]) == ("Tillid", "Kvinder", "Odense")
    ]  # fmt: skip
    assert notes == ["vises ikke af hensyn til anonymitet" if is_withheld else None]


@pytest.mark.parametrize(("answers", "text"), [
    (0, "Ingen borgere i Ishøj Kommune har svaret"), (4, "Resultaterne for Ishøj Kommune vises ikke"),
    (7, "usikkert"),
])  # fmt: skip
def test_a_municipality_with_few_answers_gets_a_workbook_that_says_so(answers: int, text: str) -> None:
    content = render_workbook(report_data("0183", answers={"0183": answers, "0461": 700, "0740": 450}))
    assert text in all_text(content)


def test_one_round_and_a_changed_codebook_are_said() -> None:
    assert "Der er ingen tidligere undersøgelse at sammenligne med." in all_text(render_workbook(report_data("0461")))
    changed = report_data("0461", codebook_version="2024", earlier_rounds=("2023-1",))
    assert "Mål og aktiviteter og Samarbejde på tværs er opgjort anderledes" in all_text(render_workbook(changed))


def test_the_same_figures_give_the_same_bytes(data: ReportData, content: bytes) -> None:
    assert render_workbook(data) == content
    assert parts(content)["docProps/core.xml"].count(b"2023-09-18T12:00:00Z") == 2


def test_a_municipalitys_own_question_stands_by_its_wording() -> None:
    sheets = tables(render_workbook(report_data("0740")))
    subjects = {row["Emne"] for row in sheets["Scorer"]}
    assert "I hvilken grad er åbningstiden passende?" in subjects
    assert not any(str(subject).startswith("local") for subject in subjects)
    assert "»I hvilken grad er åbningstiden passende?« Kun stillet i denne kommune." in {
        row["Betydning"] for row in sheets["Dataordbog"]
    }
