"""The finished file: accessible, two families, the same bytes, nothing fetched, names as plain text."""

import dataclasses
from pathlib import Path

import numpy as np
import page
import pypdf
import pytest
import weasyprint
from figure_factory import PILOT, facts, report_data

from borgerpuls.reporting import report
from borgerpuls.reporting.charts import Bar, distribution
from borgerpuls.reporting.fonts import printable
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.painter import PIXELS_PER_MM, PainterCanvas
from borgerpuls.reporting.pdf import Pdf, press, render_pdf
from borgerpuls.reporting.svg import SvgCanvas
from borgerpuls.terms import ArtefactKind

PAYLOADS = (
    "<script>alert(1)</script>", "<img src='http://127.0.0.1:9/x.png'/>", "<style>@import url(http://127.0.0.1:9/)</style>",
    "<link rel='stylesheet' href='file:///etc/passwd'/>", "<svg><use href='file:///etc/passwd#x'/></svg>",
    "{{ 7*7 }}", "{% raw %}", "{{ report.data }}", "{# x #}", "${7*7}", "#{7*7}", "=1+1", "+1+1", "-1+1", "@SUM(A1)",
    "=HYPERLINK('http://127.0.0.1:9')", "=cmd|' /C calc'!A0", "]]>", "<![CDATA[x]]>", "<!-- x -->", "<!DOCTYPE x>",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>", "&x;", "&amp;lt;", "&#0;", "&#x202e;", "\u202egnp.exe", "\u0000nul",
    "\ufffe\uffff", "\x1b[31m", "\r\nX-Header: 1", "\u2028\u2029", "\u200b\u200d", "'; DROP TABLE figure;--",
    '" onload="alert(1)', "' onload='alert(1)", "</title><h1>x</h1>", "</section></body></html>", "<h1>Ny titel</h1>",
    "<table><tr><td>x", "<a href='javascript:alert(1)'>x</a>", "<iframe src='file:///etc/passwd'></iframe>",
    "<object data='file:///etc/passwd'></object>", "<embed src='file:///etc/passwd'/>", "<base href='http://127.0.0.1:9'/>",
    "url(file:///etc/passwd)", "expression(alert(1))", "}</style>", "@font-face{src:url(file:///x)}", "content: attr(x)",
    "<meta http-equiv='refresh' content='0'/>", "<math><mi xlink:href='file:///x'/></math>", "%s%n%x", "../../etc/passwd",
    "chart:0", "font:x", "data:text/html,x", "<img src='chart:0' alt=''/>", "你好 مرحبا 😀", "a" * 300,
)  # fmt: skip


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


def _short(data: report.ReportData, monkeypatch: pytest.MonkeyPatch) -> report.ReportData:
    """Leave only the pages that print names and citizens' words."""
    whole = report.Composer.sections
    kept = {
        "cover.xhtml",
        "contents.xhtml",
        "design.xhtml",
        "theme.xhtml",
        "spread.xhtml",
        "open_answers.xhtml",
        "colophon.xhtml",
    }
    monkeypatch.setattr(report.Composer, "sections", lambda self: [s for s in whole(self) if s.template in kept])
    return data


@pytest.mark.parametrize("drawing", ["painter", "svg"])
def test_hostile_names_and_words_end_as_plain_text_and_fetch_nothing(
    drawing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        weasyprint.urls.request.OpenerDirector, "open", lambda *arguments, **_: opened.append(str(arguments[1]))
    )
    assert len(PAYLOADS) == 60
    names = dict(PILOT)
    for code, payloads in zip(names, np.array_split(np.array(PAYLOADS, dtype=object), len(names)), strict=True):
        names[code] = " ".join(payloads)
    words = tuple(("why" if place % 2 else "better", payload) for place, payload in enumerate(PAYLOADS))
    for code in ("0461", "alle"):
        hostile = dataclasses.replace(
            report_data(code), municipality_names=names, open_answers=words if code != "alle" else (),
            greeting=report.Greeting(" ".join(PAYLOADS)[:200], None) if code != "alle" else None,
        )  # fmt: skip
        data = _short(hostile, monkeypatch)
        pdf = render_pdf(data, drawing)
        path = tmp_path / f"{code}.pdf"
        path.write_bytes(pdf.content)
        reader = pypdf.PdfReader(path)
        text = "".join(one.extract_text() for one in reader.pages)
        assert "root:" not in text
        if code != "alle":
            unspaced = "".join(text.split())
            missing = [word for word in PAYLOADS if "".join(printable(word).split()) not in unspaced]
            assert missing == []
        assert "49" not in (reader.metadata.title if reader.metadata and reader.metadata.title else "")
        for one in reader.pages:
            for annotation in one.get("/Annots", []):
                assert "/A" not in annotation.get_object() or annotation.get_object()["/A"].get("/S") != "/URI"
    assert opened == []


# The painter's contract with WeasyPrint 70.0 -----------------------------------------------------------------------


def test_the_painter_is_written_for_exactly_this_weasyprint() -> None:
    assert weasyprint.__version__ == "70.0"


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
