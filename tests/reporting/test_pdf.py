"""The finished file: accessible, two families, the same bytes, nothing fetched, names as plain text."""

import io
from pathlib import Path

import numpy as np
import page
import pypdf
import pytest
import weasyprint
from figure_factory import facts, report_data
from payloads import DONE, PAYLOADS, greetings, hostile, names

from borgerpuls.reporting import report
from borgerpuls.reporting.charts import Bar, distribution
from borgerpuls.reporting.fonts import printable
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.painter import PIXELS_PER_MM, PainterCanvas
from borgerpuls.reporting.pdf import Pdf, press, render_pdf
from borgerpuls.reporting.survey import one_line
from borgerpuls.reporting.svg import SvgCanvas
from borgerpuls.terms import ArtefactKind


@pytest.fixture(scope="module")
def municipal() -> Pdf:
    return render_pdf(report_data("0740"))


def test_the_report_passes_every_rule_of_pdf_ua(municipal: Pdf, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(municipal.content)
    verdict = page.validate_pdf(str(path), profile="ua1")
    assert verdict.rules.total == 104
    assert verdict.rules.passed == 104, [(failure.rule_id, failure.message) for failure in verdict.failures]
    reader = pypdf.PdfReader(path)
    assert reader.metadata is not None
    assert reader.metadata.title == "Tværkommunal borgerundersøgelse – Silkeborg Kommune – 2. halvår 2023"
    assert len(reader.pages) == municipal.page_count == municipal.section_count
    assert len(municipal.content) < 500_000


def test_only_the_two_families_are_embedded(municipal: Pdf, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(municipal.content)
    names = {
        str(font.get_object()["/BaseFont"]).split("+")[1]
        for one in pypdf.PdfReader(path).pages
        for font in one["/Resources"]["/Font"].values()
    }
    assert names
    assert all(name.startswith(("Source-Sans-3", "Source-Serif-4")) for name in names), names


def test_the_same_figures_give_the_same_bytes(municipal: Pdf) -> None:
    press.cache_clear()
    assert render_pdf(report_data("0740")).content == municipal.content


PAGES_WITH_WORDS = {
    *("cover.xhtml", "contents.xhtml", "design.xhtml", "theme.xhtml", "development.xhtml", "local_flag.xhtml"),
    *("open_answers.xhtml", "notices.xhtml", "merged_cells.xhtml", "colophon.xhtml"),
}


def only(monkeypatch: pytest.MonkeyPatch, templates: set[str], *, with_local: bool = False) -> None:
    """Leave only some pages, and those of the municipality's own questions."""
    whole = report.sections
    monkeypatch.setattr(
        report,
        "sections",
        lambda composer: [
            s for s in whole(composer) if s.template in templates or (with_local and "eget spørg" in s.title)
        ],
    )


def read(content: bytes) -> str:
    """Return the text of a PDF without spaces, and check that nothing in it can be pressed or was fetched."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    text = "".join("".join(one.extract_text() for one in reader.pages).split())
    about = " ".join(map(str, (reader.metadata or {}).values()))
    assert not DONE.search(f"{text} {about}")
    for one in reader.pages:
        for annotation in one.get("/Annots", []):
            assert "/A" not in annotation.get_object() or annotation.get_object()["/A"].get("/S") != "/URI"
    return text


def unspaced(text: str) -> str:
    return "".join(printable(text).split())


@pytest.mark.parametrize("drawing", ["painter", "svg"])
def test_whatever_people_write_ends_as_plain_text_and_fetches_nothing(
    drawing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, citizens' answers, reasons, merged cells, marks, sources: every payload in every field."""
    opened: list[str] = []
    monkeypatch.setattr(
        weasyprint.urls.request.OpenerDirector, "open", lambda *arguments, **_: opened.append(str(arguments[1]))
    )
    assert len(PAYLOADS) == 60
    only(monkeypatch, PAGES_WITH_WORDS)
    text = read(render_pdf(hostile(), drawing).content)
    for payload in PAYLOADS:
        assert text.count(unspaced(payload)[:60]) >= 3, payload  # an answer, a notice, a merged cell
    for once in (PAYLOADS[15], PAYLOADS[21]):
        assert text.count(unspaced(once)) >= 4, once  # a mark, a reason for a break
    everybody = read(render_pdf(hostile("alle"), drawing).content)
    assert all(unspaced(name[:50])[:30] in everybody for name in names().values())
    assert opened == []


def test_every_payload_in_greeting_and_own_question_is_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, {"cover.xhtml"}, with_local=True)
    for greeting in greetings():
        text = read(render_pdf(hostile(greeting=greeting)).content).replace("-", "")  # greetings are hyphenated
        for words in (greeting, one_line(greeting)):
            assert unspaced(words).replace("-", "") in text


# The painter's contract with WeasyPrint 70.0 -----------------------------------------------------------------------


def test_the_painter_is_written_for_exactly_this_weasyprint() -> None:
    assert weasyprint.__version__ == "70.0"


def test_a_worker_is_spared_what_static_fonts_do_not_need() -> None:
    import subprocess
    import sys

    program = (
        "import sys; from borgerpuls.reporting.pdf import press; press(); import weasyprint.text.ffi as ffi;"
        "print(ffi.harfbuzz_subset is not None, 'fontTools.varLib' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    has_subsetter, is_loaded = (word == "True" for word in shown.split())
    assert is_loaded is not has_subsetter


def test_painter_and_svg_draw_the_same_picture(tmp_path: Path) -> None:
    """Oracle: the two canvases share nothing but the calls; compare rasters of one chart at 100 dpi."""
    import subprocess

    bars = [
        Bar("Odense", "n = 369", (0.32, 0.39, 0.19, 0.07, 0.03), 4.11, is_own=True),
        Bar("Jobafklaring", "n < 5", None, None, hidden="Vises ikke – færre end 5 svar"),
        Bar("Mænd", "n = 27", (0.1, 0.2, 0.3, 0.25, 0.15), 2.85, is_uncertain=True),
    ]
    scale = ("A", "B", "C", "D", "E")
    pictures = []
    for name, new_canvas in (("painter", PainterCanvas), ("svg", SvgCanvas)):
        chart = distribution(bars, scale, new_canvas)
        page_xhtml = '<section class="cover" id="p1" data-title=""><img src="chart:0" alt="x"/></section>'
        document = report.Document("x", "", "", facts(), [page_xhtml], {"chart:0": chart.canvas})
        media = press().prepare(document, name)
        content = press().write(document, media, press().lay_out(media), Identity(ArtefactKind.PDF, "2023-2", "alle"))
        (tmp_path / f"{name}.pdf").write_bytes(content)
        subprocess.run(
            ["pdftoppm", "-r", "100", "-gray", "-singlefile", tmp_path / f"{name}.pdf", tmp_path / name], check=True
        )
        raw = (tmp_path / f"{name}.pgm").read_bytes()
        width, height = map(int, raw.split(b"\n", 2)[1].split())
        pictures.append(np.frombuffer(raw[-width * height :], dtype=np.uint8).reshape(height, width).astype(float))
    one, other = pictures
    assert one.shape == other.shape
    assert (one < 250).sum() > 5000
    assert np.abs(one - other).mean() < 0.4
    assert (np.abs(one - other) > 128).mean() < 0.001


def test_a_painted_chart_is_an_image_of_its_size_in_pixels() -> None:
    image = press().painted(PainterCanvas(125, 20))
    width, height, ratio = image.get_intrinsic_size(1, 16)
    assert width == pytest.approx(125 * PIXELS_PER_MM)
    assert height == pytest.approx(20 * PIXELS_PER_MM)
    assert ratio == pytest.approx(6.25)


@pytest.mark.parametrize("text", ["Tættere på job (", "AVATAR Ty. ", "n\u00a0=\u00a0", "Norddjurs og 你好: "])
def test_what_follows_a_text_begins_where_it_ends_kerning_and_all(text: str) -> None:
    shaped = press()._shaper.shape(text, 400)
    assert sum(run.advance for run in shaped.runs) == pytest.approx(shaped.width, abs=0.002)
