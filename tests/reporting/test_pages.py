"""Every page kind of every awkward municipality: nothing lost, nothing spilled, nothing unexplained."""

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from figure_factory import PILOT, figures_of, report_data

from borgerpuls.estimation.figures import with_ids
from borgerpuls.estimation.notices import SENTENCES
from borgerpuls.estimation.weighting_figures import example_figures
from borgerpuls.reporting import numbers
from borgerpuls.reporting.canvas import Canvas
from borgerpuls.reporting.cited import plain
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.deck import render_deck
from borgerpuls.reporting.figures import COUNTS, DOMAINS, Alarm, FigureSet, Notice
from borgerpuls.reporting.fonts import SERIF, text_width
from borgerpuls.reporting.memo import Participation, compose_memo
from borgerpuls.reporting.package_reading import read_package
from borgerpuls.reporting.pages import about, development, results
from borgerpuls.reporting.painter import PainterCanvas
from borgerpuls.reporting.pdf import press
from borgerpuls.reporting.report import compose
from borgerpuls.reporting.report_data import TITLE, EarlierRound, ReportData
from borgerpuls.reporting.sentences import ALARM_RULE
from borgerpuls.reporting.svg import SvgCanvas
from borgerpuls.reporting.tables import Table
from borgerpuls.reporting.typesetting import Group, Leaf, Node, typeset
from borgerpuls.resources import resource_folder

LONG_NAME = "Sammenlagte " + "Nordvestjyske Fjordkommuners " * 6 + "Fællesforvaltning"
CASES: dict[str, dict[str, Any]] = {
    "an ordinary municipality": {"code": "0740"},
    "all participating": {"code": "alle"},
    "7 answers": {"code": "0183"},
    "4 answers": {"code": "0183", "answers": {"0183": 4, "0461": 700, "0740": 450}},
    "1 answer": {"code": "0183", "answers": {"0183": 1, "0461": 700, "0740": 450}},
    "no answers": {"code": "0183", "answers": {"0183": 0, "0461": 700, "0740": 450}},
    "a name of 200 characters, a codebook change and five rounds": {
        "code": "0183", "names": PILOT | {"0183": LONG_NAME[:200]}, "codebook_version": "2024",
        "earlier_rounds": ("2021-1", "2021-2", "2022-1", "2022-2"),
    },
}  # fmt: skip


def _parsed(xhtml: str) -> ET.Element:
    return ET.fromstring(xhtml)  # noqa: S314 - our own pages


def letters(texts: Iterable[str]) -> Counter[str]:
    """Count letters without regard to case, blanks and bullets: hyphenation and columns may move them."""
    return Counter("".join("".join(texts).split()).replace("•", "").casefold())


def words_of(box: Any) -> Iterator[str]:
    if type(box).__name__ == "MarginBox":
        return
    text = getattr(box, "text", None)
    if text is not None:
        yield from text.split()
    for child in getattr(box, "children", ()):
        yield from words_of(child)


def text_of_sheet(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Group):
            if node.tag != "Table":
                yield from text_of_sheet(node.children)
        elif isinstance(node, Leaf) and node.tag != "Lbl":
            yield from (fragment.text for fragment in node.fragments)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_every_section_fills_exactly_one_page_and_loses_no_word(case: str) -> None:
    document = compose(report_data(**CASES[case]), PainterCanvas)
    flowing = []
    for number, xhtml in enumerate(document.pages, 1):
        section = _parsed(xhtml)
        if "sheet" not in section.get("class", ""):
            flowing.append(section)
            continue
        sheet = typeset(section, document.images)
        assert sheet is not None, (number, section.findtext("h2"))
        kept = letters(part.replace("-", "") for part in text_of_sheet(sheet.nodes))
        assert kept == letters(part.replace("-", "") for part in section.itertext()), number
    assert 4 <= len(flowing) <= 6
    pages = [xhtml for xhtml in document.pages if 'class="page sheet' not in xhtml]
    empty = '<section class="page" data-title=""></section>'
    apart = dataclasses.replace(document, pages=[part for xhtml in pages for part in (xhtml, empty)])
    laid_out = [list(words_of(page._page_box)) for page in press().lay_out(press().prepare(apart, "painter")).pages]
    assert len(laid_out) == 2 * len(flowing)
    for section, words in zip(flowing, laid_out[::2], strict=True):
        assert letters(words) == letters(map(plain, section.itertext()))


def _canvas(width: float, height: float) -> Canvas:
    return SvgCanvas(width, height)


def whole_xhtml(data: ReportData) -> str:
    """Return all pages with their tables, as the fallback lays them out."""
    return press().prepare(compose(data, _canvas), "svg").xhtml


def test_the_contents_name_the_page_of_each_section() -> None:
    data = report_data("0740")
    document = compose(data, _canvas)
    root = _parsed(whole_xhtml(data))
    for line in root.iterfind(".//div[@class='toc']/p"):
        link = line.find("a")
        assert link is not None
        number = int((line.findtext("em") or "").strip())
        section = root.find(f".//section[@id='{link.get('href', '')[1:]}']")
        assert section is not None
        assert list(root.iter("section")).index(section) + 1 == number
    assert TITLE in document.title


def test_headings_never_skip_and_every_table_has_heads_with_a_scope() -> None:
    root = _parsed(whole_xhtml(report_data("0740")))
    levels = [int(element.tag[1]) for element in root.iter() if element.tag in {"h1", "h2", "h3"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    tables = list(root.iter("table"))
    assert len(tables) > 20
    for table in tables:
        assert table.find("thead/tr/th") is not None
        assert all(head.get("scope") in {"col", "row"} for head in table.iter("th"))
        assert all(row.find("th") is not None for row in table.iterfind("tbody/tr"))


NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@pytest.mark.parametrize("code", ["0740", "0183", "alle"])
def test_alternative_texts_have_every_number_of_the_drawing_and_no_other(code: str) -> None:
    data = report_data(code)
    document = compose(data, _canvas)
    published = printed_numbers(data)
    charts = {address: image for address, image in document.images.items() if isinstance(image, SvgCanvas)}
    assert len(charts) > 60
    for address, canvas in charts.items():
        drawn = set(NUMBER.findall(" ".join(_parsed(canvas.markup()).itertext())))
        said = set(NUMBER.findall(plain(document.alternatives[address])))
        assert drawn - said <= AXES | FACTS, (address, drawn - said)
        assert said <= published | FACTS, (address, said - published)


AXES = {"2,5", "3,0", "3,5", "4,0", "4,5", *(f"{n},0" for n in range(1, 6)), *(str(n) for n in range(0, 101, 5))}
FACTS = {"2023", "95", "1", "2", "5", "13", "26", "52", "30", "49", "50", "0", "7", "14", "21", "28"}
"""Numbers of names and legends: the round, the interval, the groups, the days of the curve."""


def printed_numbers(data: ReportData) -> set[str]:
    """Return every number that the figures may be printed as."""
    found: set[str] = set()
    for figure in data.figures:
        found |= {numbers.count(n) for n in (figure.valid_n, figure.dont_know_n) if n is not None}
        for value in (figure.value, figure.lower, figure.upper):
            if value is None:
                continue
            if figure.measure in {"mean", "category_mean"}:
                found.add(numbers.score(value))
            else:
                found |= {numbers.whole_percent(value), numbers.percent_number(value)}
        if figure.difference_to_all is not None:
            found.add(numbers.difference(figure.difference_to_all).lstrip("+−"))
    return found


def test_a_suppressed_number_is_nowhere_in_the_pages() -> None:
    data = report_data("0183")
    hidden = [figure for figure in data.figures if figure.is_suppressed and figure.municipality_code == "0183"]
    assert len(hidden) > 50
    assert all(figure.value is None and figure.valid_n is None for figure in hidden)
    xhtml = whole_xhtml(data)
    assert "Vises ikke af hensyn til anonymitet" in xhtml
    assert "n\u00a0&lt;" not in xhtml


def test_no_answers_gives_a_page_that_says_so() -> None:
    data = report_data(**CASES["no answers"])
    xhtml = whole_xhtml(data)
    assert "Ishøj: ingen har svaret" in xhtml
    assert "Ingen borgere i Ishøj har svaret, og der er derfor ingen resultater at vise." in xhtml
    assert "Ingen temaer ligger sikkert" not in xhtml
    assert "Ingen af temaets spørgsmål ligger sikkert" not in xhtml
    assert "Ingen svar" in xhtml
    assert not re.search(r"\bnan\b|\bNone\b", xhtml)


def test_a_changed_category_has_no_previous_score_and_no_trend() -> None:
    data = report_data(
        "0461", codebook_version="2024", earlier_rounds=("2022-1", "2022-2"), broken=("maal_og_aktiviteter",)
    )
    broken = Composer(data, _canvas).survey.codebook.crosswalk_to("2023").broken_categories
    assert "maal_og_aktiviteter" in broken
    with_2023 = dataclasses.replace(
        data,
        earlier=tuple(
            EarlierRound(dataclasses.replace(one.facts, codebook_version="2023"), one.figures) for one in data.earlier
        ),
    )
    composer = Composer(with_2023, _canvas)
    row = composer.score_row("", "maal_og_aktiviteter", "category_mean")
    assert row.previous is None
    assert len(row.trend) == 1
    unbroken = composer.score_row("", "moedet", "category_mean")
    assert unbroken.previous is not None
    assert len(unbroken.trend) == 3
    shown = development.over_time(composer)
    assert shown is not None
    assert shown["breaks"] == ["[1] Temaets spørgsmål er ændret."]


def sheets_fit(data: ReportData) -> None:
    document = compose(data, PainterCanvas)
    for number, xhtml in enumerate(document.pages, 1):
        section = _parsed(xhtml)
        if "sheet" in section.get("class", ""):
            assert typeset(section, document.images) is not None, number


def test_a_municipality_with_every_group_withheld_keeps_its_pages_and_says_so() -> None:
    data = report_data("0461")
    own_groups = [one for one in data.figures if one.municipality_code == "0461" and one.domain in DOMAINS]
    assert any(one.value is not None for one in own_groups)
    hidden = {one.figure_id for one in own_groups}
    numbers_of = ("value", "lower", "upper", "weighted_base", "difference_to_all", "difference_to_rest", *COUNTS)
    withheld = dataclasses.replace(data, figures=FigureSet(
        dataclasses.replace(one, is_suppressed=True, is_uncertain=False, suppression_reason="anonymity",
                            **dict.fromkeys(numbers_of))
        if one.figure_id in hidden else one
        for one in data.figures
    ))  # fmt: skip
    sheets_fit(withheld)
    xhtml = whole_xhtml(withheld)
    page = xhtml[xhtml.index("<h2>Tillid</h2>") :]
    page = page[: page.index("</section>")]
    assert page.count("Vises ikke af hensyn til anonymitet") >= len(DOMAINS)
    assert not hidden & set(re.findall(r"\d{4}-\d\|[^#<]*(?=#)", xhtml))


@pytest.mark.parametrize("case", ["all participating", "4 answers", "1 answer"])
def test_what_is_withheld_is_never_said_to_have_few_answers(case: str) -> None:
    """It may as well protect another number; the reason itself would tell which."""
    data = report_data(**CASES[case])
    assert not re.search(r"for (få|små)\b", plain(whole_xhtml(data)), re.IGNORECASE)
    assert not [text for text in SENTENCES.values() if re.search(r"\b([Ff]or|[Ss]å) (få|små)\b", text)]


def test_a_single_hidden_group_is_named_by_its_division_and_question() -> None:
    data = report_data("0461")
    hidden = [
        dataclasses.replace(one, value=None, lower=None, upper=None, is_suppressed=True, suppression_reason="anonymity")
        for one in data.figures
        if (one.municipality_code, one.item_id, one.domain_group) == ("0461", "trust", "over_2_aar")
    ]
    blocks = [
        block
        for page in about.notices(
            Composer(dataclasses.replace(data, figures=FigureSet([*data.figures, *hidden])), _canvas)
        )
        for column in page
        for block in column
    ]
    told = {block["about"]: block["sentence"] for block in blocks}
    assert "Tillid" in told["Varighed (aktuelle forløb)"]
    sentence = "En eller flere grupper vises ikke af hensyn til borgernes anonymitet. Det gælder:"
    assert all(block["sentence"].startswith(sentence) for block in blocks)
    shown = {(one.domain, one.item_id) for one in data.figures if one.municipality_code == "0461" and one.is_suppressed}
    noticed = dataclasses.replace(data, notices=tuple(Notice(item, domain, "x", "y") for domain, item in shown))
    assert [
        block["sentence"] for page in about.notices(Composer(noticed, _canvas)) for column in page for block in column
    ] == ["y"] * len(shown)


def test_a_question_nobody_was_asked_has_a_page_that_says_so() -> None:
    data = report_data("0461")
    unasked = dataclasses.replace(data, figures=FigureSet(one for one in data.figures if one.item_id != "trust"))
    sheets_fit(unasked)
    xhtml = whole_xhtml(unasked)
    page = xhtml[xhtml.index("<h2>Tillid</h2>") :]
    page = page[: page.index("</section>")]
    assert "Ingen svar" in page
    assert not re.search(r"\bnan\b|\bNone\b", page)


def test_two_rounds_are_told_in_words_and_an_alarm_is_printed() -> None:
    """By hand: the first theme has fallen for certain, and raised an alarm; nothing else has changed."""
    data = report_data("0461", earlier_rounds=("2023-1",))
    first = Composer(data, _canvas).survey.themes[0]
    changed = dataclasses.replace(
        data,
        alarms=(Alarm(first.code, "category_mean", "2023-1"),),
        figures=FigureSet(
            dataclasses.replace(one, difference_to_previous=-0.2, is_different_from_previous=True)
            if (one.municipality_code, one.item_id, one.domain) == ("0461", first.code, "all") else one
            for one in data.figures
        ),
    )  # fmt: skip
    sheets_fit(changed)
    pages = [" ".join(plain("".join(_parsed(page).itertext())).split()) for page in compose(changed, _canvas).pages]
    assert f"Siden 1. halvår 2023 er {first.name.lower()} sikkert faldet." in pages[0]
    findings = next(page for page in pages if "Styrker og opmærksomhedspunkter Kun" in page)
    now = data.figures.value("0461", first.code, "category_mean")
    assert now is not None
    assert (
        f"Alarm: {first.name} er faldet fra {numbers.score(now - 0.03)} i 1. halvår 2023 til {numbers.score(now)}."
        in findings
    )
    assert "Siden 1. halvår" not in " ".join(compose(report_data("0461"), _canvas).pages)


def test_an_alarm_beside_no_certain_change_is_explained_on_every_page_that_has_it() -> None:
    data = report_data("0461", earlier_rounds=("2022-2", "2023-1"))
    first = Composer(data, _canvas).survey.themes[0]
    fallen = dataclasses.replace(
        data,
        alarms=(Alarm(first.code, "category_mean", "2023-1"),),
        figures=FigureSet(
            dataclasses.replace(one, difference_to_previous=-0.2)
            if (one.municipality_code, one.item_id, one.domain) == ("0461", first.code, "all") else one
            for one in data.figures
        ),
    )  # fmt: skip
    sheets_fit(fallen)
    pages = [" ".join(plain("".join(_parsed(page).itertext())).split()) for page in compose(fallen, _canvas).pages]
    assert not any("Ingen af temaerne" in page for page in pages)
    findings = next(page for page in pages if "Styrker og opmærksomhedspunkter Kun" in page)
    assert "Ingen af de øvrige temaer er sikkert steget eller faldet" in findings
    developments = next(page for page in pages if "Udvikling over tid" in page and "Scorer og svarprocent" in page)
    assert all(ALARM_RULE in page for page in (findings, developments))
    assert "alarm" in str(development.over_time(Composer(fallen, _canvas)))
    memo = compose_memo(fallen, Participation(3, 2, "2023-1"))
    assert ALARM_RULE in memo.results[-1]
    assert "Ingen af kategorierne" not in memo.results[-1]
    slides = {line for part in read_package(render_deck(fallen)).parts for line in part.lines}
    assert {"alarm", ALARM_RULE} <= slides


def test_many_notices_and_many_own_groups_go_on_on_the_next_page() -> None:
    data = report_data("0740")
    groups = [f"Afdeling {place}" for place in range(9)]
    own = [one for one in data.figures if one.domain == "local_1" and one.domain_group == "øvrige"]
    many = dataclasses.replace(
        data,
        notices=tuple(Notice("", "", "x", f"Sætning {place} om noget, der ikke vises.") for place in range(60)),
        figures=FigureSet(
            [*(one for one in data.figures if one.domain != "local_1"),
             *(dataclasses.replace(one, figure_id=f"{one.figure_id}{group}", domain_group=group)
               for one in own for group in groups)]
        ),
    )  # fmt: skip
    sheets_fit(many)
    xhtml = whole_xhtml(many)
    assert all(f"Sætning {place} " in xhtml for place in range(60))
    assert all(f">{group}<" in xhtml for group in groups)
    assert "øvrige’ er borgere" not in xhtml
    assert "øvrige’ er borgere" in whole_xhtml(data)


def better_on(data: ReportData, count: int) -> ReportData:
    """The first *count* themes lie certainly above the other municipalities, the rest are not told apart."""
    codes = [theme.code for theme in Composer(data, _canvas).survey.themes][:count]
    return dataclasses.replace(data, figures=FigureSet(
        dataclasses.replace(one, difference_to_rest=0.2, difference_to_all=0.2, is_different_from_rest=one.item_id in codes)
        if (one.municipality_code, one.domain, one.measure) == ("0461", "all", "category_mean") else one
        for one in data.figures
    ))  # fmt: skip


@pytest.mark.parametrize(("count", "heading"), [(0, "Styrker"), (2, "Styrker"), (3, "Styrker – de største")])
def test_the_cover_speaks_of_the_largest_only_where_there_are_more(count: int, heading: str) -> None:
    cover = compose(better_on(report_data("0461"), count), _canvas).pages[0]
    assert next(node.text for node in _parsed(cover).iter("h3")) == heading


def page_called(data: ReportData, heading: str) -> str:
    pages = (_parsed(page) for page in compose(data, _canvas).pages)
    found = next(page for page in pages if (page.findtext(".//h2") or "").startswith(heading))
    return " ".join(plain(" ".join(found.itertext())).split())


def test_no_page_speaks_of_tests_or_tables_that_are_not_there() -> None:
    nobody = report_data(**CASES["no answers"])
    findings = page_called(nobody, "Styrker og opmærksomhedspunkter")
    assert "er testet" not in findings
    assert "Benjamini" not in findings
    assert "Tabellen viser" not in page_called(nobody, "Frafald")
    assert "stiplede linjer" not in page_called(nobody, "Svarprocent")
    assert "1 borger har svaret" in page_called(report_data(**CASES["1 answer"]), "Undersøgelsens design")
    national = report_data("alle")
    assert "rapporten handler om" not in page_called(national, "Ordliste").replace("undersøgelsen handler om", "")
    assert "i denne rapport er ingen kommune testet" in page_called(national, "Beregninger")


def test_few_notices_stand_on_the_page_on_anonymity() -> None:
    data = report_data("0461")
    told = dataclasses.replace(data, notices=(Notice("", "", "first_round", "Der er ingen tidligere runde."),))
    assert "Det viser rapporten ikke Hele rapporten Der er ingen tidligere runde." in page_called(told, "Skjulte tal")
    headings = [_parsed(page).findtext(".//h2") for page in compose(told, _canvas).pages]
    assert "Det viser rapporten ikke" not in headings
    assert "Det viser rapporten ikke" in [
        _parsed(page).findtext(".//h2") for page in compose(report_data("0183"), _canvas).pages
    ]


def test_language_and_mobile_number_are_told_of_all_participating() -> None:
    for code in ("0461", "alle"):
        page = page_called(report_data(code), "Svarprocent")
        assert "Svarprocent efter kommunens register – de deltagende kommuner" in page
    data = report_data("0461")
    table = next(
        image
        for image in compose(data, _canvas).images.values()
        if isinstance(image, Table) and image.rows[0].cells[0] == "Dansk"
    )
    assert [[plain(cell) for cell in row.cells] for row in table.rows] == [
        ["Dansk", "94,0\u00a0%", "94,0\u00a0%", "49,4\u00a0%"], ["Andet sprog", "6,0\u00a0%", "6,0\u00a0%", "40,6\u00a0%"],
        ["Har et mobilnummer", "86,0\u00a0%", "86,0\u00a0%", "48,6\u00a0%"],
        ["Har ikke et mobilnummer", "14,0\u00a0%", "14,0\u00a0%", "41,4\u00a0%"],
    ]  # fmt: skip


def test_the_page_on_weighting_shows_the_cell_that_estimation_worked_out() -> None:
    """The figures come from estimation itself: the page once looked for the cell where no figure has it."""
    cell = {"municipality_code": "0461", "sex": "kvinde", "age_group": "30_49", "target_group": "dagpenge",
            "population_n": 900, "respondent_n": 120, "cell_id": "a"}  # fmt: skip
    worked = with_ids(example_figures(pd.Series([4] * 600), pd.DataFrame([cell])), "2023-2", "s", "v")
    worked = worked.assign(is_uncertain=False, is_suppressed=False, suppression_reason=None)
    data = report_data("0461")
    others = [one for one in data.figures if not one.measure.startswith(("cell_", "unweighted_"))]
    told = dataclasses.replace(data, figures=FigureSet([*others, *figures_of(worked)]))
    page = page_called(told, "Vægtning")
    assert "Kvinder, 30-49 år, dagpenge i en af kommunerne: 900 borgere i populationen delt med 120 svar" in page
    assert "giver en vægt på 7,50" in page


@pytest.mark.parametrize("name", ["Mariagerfjord", "Brønderslev", "Vesthimmerlands", "Vordingborg", "Gladsaxe"])
def test_no_municipality_s_name_is_broken_on_the_cover(name: str) -> None:
    size = {"": 26.0, "small": 17.5}[results._name_class(f"{name} Kommune")]
    assert f"font-size: {size}pt" in report_css() or f"font: 600 {size:.0f}pt" in report_css()
    assert text_width(name, size, 600, SERIF) <= 79 - 13 - 11


def report_css() -> str:
    return (resource_folder("templates") / "reports" / "report.css").read_text(encoding="utf-8")
