"""The workbook: every protected figure with its definition, no formula, nothing withheld."""

import io

import openpyxl
import pytest
from figure_factory import report_data
from openpyxl.utils import get_column_letter
from packages import all_text, parts
from test_deck import with_group

from borgerpuls.reporting import numbers
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
        decimals = (
            2 if "Score" in row else 3 if row["Andel"] is not None else 0 if figure.measure == "effective_n" else 2
        )
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
