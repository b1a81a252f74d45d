"""Workbook, deck and memo as LibreOffice prints them: what a municipality without Microsoft's programs holds in its hands."""

import re
import shutil
import subprocess
from dataclasses import replace
from typing import NamedTuple

import pypdf
import pytest
from figure_factory import report_data

from borgerpuls.reporting.drawing import draw_one
from borgerpuls.reporting.figures import FigureSet
from borgerpuls.reporting.memo import Participation
from borgerpuls.terms import ArtefactKind

OFFICE = shutil.which("soffice")
KINDS = {ArtefactKind.WORKBOOK: "book.xlsx", ArtefactKind.DECK: "deck.pptx", ArtefactKind.MEMO_DOCX: "memo.docx"}
KEPT = {"trust", "moedet", "response", "weighting", "overordnet"}
"""Of the factory's figures: enough for every sheet to have pages, and few enough to read."""

pytestmark = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not on this machine")


class Printed(NamedTuple):
    """A page: its text, and the size of each letter in points, smallest first."""

    text: str
    sizes: list[float]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[ArtefactKind, list[Printed]]:
    folder = tmp_path_factory.mktemp("office")
    data = report_data("0183", answers={"0183": 40, "0461": 700, "0740": 450})
    data = replace(data, figures=FigureSet(one for one in data.figures if one.item_id in KEPT))
    for kind, name in KINDS.items():
        (folder / name).write_bytes(draw_one(kind, data, Participation(1, 0)).content)
    assert OFFICE is not None
    subprocess.run(
        [OFFICE, "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--convert-to", "pdf",
         "--outdir", str(folder), *(str(folder / name) for name in KINDS.values())],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    return {
        kind: list(map(read, pypdf.PdfReader((folder / name).with_suffix(".pdf")).pages))
        for kind, name in KINDS.items()
    }


def read(page: pypdf.PageObject) -> Printed:
    sizes: list[float] = []

    def look(text: str, page_matrix: list[float], matrix: list[float], _font: object, size: float) -> None:
        sizes.extend([abs(size * matrix[3] * page_matrix[3])] * len(text.strip()))

    text = page.extract_text(visitor_text=look)
    return Printed(text.replace("\u00a0", " "), sorted(sizes))


def test_every_sheet_prints_its_columns_on_one_page_in_letters_of_at_least_seven_and_a_half_points(
    printed: dict[ArtefactKind, list[Printed]],
) -> None:
    pages = printed[ArtefactKind.WORKBOOK]
    last = {"Læs mig": "Deltagende kommuner", "Scorer": "Bemærkning", "Svarfordelinger": "Bemærkning",
            "Deltagelse og øvrige": "Bemærkning", "Dataordbog": "Betydning"}  # fmt: skip
    seen = []
    for number, page in enumerate(pages, 1):
        sheet = page.text.partition("Ishøj Kommune – 2. halvår 2023")[2].partition("\n")[0].strip()
        assert last[sheet] in page.text
        assert f"Side {number} af {len(pages)}" in page.text
        assert page.sizes[len(page.sizes) // 2] >= 7.5
        seen.append(sheet)
    assert set(seen) == set(last)
    assert seen == sorted(seen, key=list(last).index)  # no column has gone to a page of its own behind the others


def test_numbers_have_a_decimal_comma_in_every_file(printed: dict[ArtefactKind, list[Printed]]) -> None:
    counted = 0
    for kind, pages in printed.items():
        text = "\n".join(page.text for page in pages).replace("0.1.0", "")
        assert not re.findall(r"\b\d\.\d{1,2}\b", text), kind
        counted += len(re.findall(r"\b\d,\d\d\b", text))
    assert counted > 200
