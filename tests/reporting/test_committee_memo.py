"""The committee memo: the one of Norddjurs in autumn 2025 from its figures, and what a memo does not claim."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import docx
import page
import pypdf
import pytest
from figure_factory import facts, report_data

from borgerpuls.codebooks import files as codebook_files
from borgerpuls.reporting.figures import Figure, FigureSet
from borgerpuls.reporting.memo import Memo, Participation, compose_memo
from borgerpuls.reporting.memo_docx import memo_docx
from borgerpuls.reporting.memo_pdf import memo_pdf
from borgerpuls.reporting.packages import round_time
from borgerpuls.reporting.report_data import EarlierRound, ReportData

WHEN = round_time(date(2025, 11, 14))
CODES = {
    "Overordnet tilfredshed": "overordnet", "Mødet med jobcentret": "moedet", "Mål og aktiviteter": "maal_og_aktiviteter",
    "Samarbejde på tværs": "samarbejde_paa_tvaers", "Samtalen": "samtalen", "Progression": "progression",
}  # fmt: skip
SOURCE_SCORES = [
    "Overordnet tilfredshed: 3,88 (3,59)", "Mødet med jobcentret: 4,07 (3,66)", "Mål og aktiviteter: 3,67 (3,37)",
    "Samarbejde på tværs: 3,34 (3,00)", "Samtalen: 3,95 (3,73)", "Progression: 3,23 (2,95)",
]  # fmt: skip


def figure(code: str, item: str, measure: str, value: float | None, **more: Any) -> Figure:
    fields: dict[str, Any] = {
        "category": "", "domain": "all", "domain_group": "", "valid_n": 420, "dont_know_n": 9, "not_asked_n": 0,
        "broken_off_n": 0, "weighted_base": 1900.0, "lower": None if value is None else value - 0.09,
        "upper": None if value is None else value + 0.09, "no_interval_reason": None, "difference_to_all": None,
        "difference_to_rest": None, "is_different_from_rest": False, "is_uncertain": False,
        "is_suppressed": value is None, "suppression_reason": "anonymity" if value is None else None,
    } | more  # fmt: skip
    return Figure(
        figure_id=f"2025-2|{code}|{item}|{measure}", municipality_code=code, item_id=item, measure=measure, value=value,
        **fields,
    )  # fmt: skip


def norddjurs(**changes: dict[str, Any]) -> ReportData:
    """The printed results of autumn 2025, all above the others and above spring; *changes* by category code."""
    table = codebook_files.read_table("published/norddjurs_h2_2025.csv").set_index("category")
    figures = []
    for name, code in CODES.items():
        own, national = float(table.loc[name, "norddjurs"]), float(table.loc[name, "all_29_municipalities"])
        compared = {
            "difference_to_all": own - national, "difference_to_rest": own - national, "is_different_from_rest": True,
            "difference_to_previous": 0.12, "is_different_from_previous": True,
        } | changes.get(code, {})  # fmt: skip
        figures.append(figure("0707", code, "category_mean", compared.pop("value", own), **compared))
        figures.append(figure("alle", code, "category_mean", national))
    for code, column in (("0707", "norddjurs"), ("alle", "all_29_municipalities")):
        figures.append(figure(code, "response", "response_rate", float(table.loc["Svarprocent", column]) / 100))
    names = {"0707": "Norddjurs"} | {f"{number:04}": f"Kommune {number}" for number in range(28)}
    plan = replace(
        facts("2025-2", "2024"), invitation_date=date(2025, 10, 20), close_date=date(2025, 11, 14)
    )  # fmt: skip
    earlier = tuple(
        EarlierRound(facts(round_id, "2024"), FigureSet(_earlier(0.12 * back)))
        for round_id, back in (("2024-1", 3), ("2024-2", 2), ("2025-1", 1))
    )
    return ReportData(plan, "0707", names, FigureSet(figures), "snap", "0.1.0", earlier)


def _earlier(lower: float) -> list[Figure]:
    table = codebook_files.read_table("published/norddjurs_h2_2025.csv").set_index("category")
    means = [
        figure("0707", code, "category_mean", float(table.loc[name, "norddjurs"]) - lower)
        for name, code in CODES.items()
    ]
    return [*means, figure("0707", "overall", "mean", 3.0)]


def memo_text(memo: Memo) -> str:
    parts = [memo.title, *memo.introduction, *memo.results, *memo.scores]
    for category in memo.categories:
        parts += [category.heading, *category.paragraphs]
    return "\n".join([*parts, *memo.notes]).replace("\u00a0", " ")


def results(**changes: dict[str, Any]) -> str:
    return " ".join(compose_memo(norddjurs(**changes), Participation(5, 3)).results).replace("\u00a0", " ")


def test_the_memo_of_norddjurs_in_autumn_2025_is_made_from_its_figures() -> None:
    memo = compose_memo(norddjurs(), Participation(5, 3))
    text = memo_text(memo)
    assert memo.title.replace("\u00a0", " ") == (
        "Orientering om resultatet af KL’s tværkommunale tilfredshedsundersøgelse 2. halvår 2025"
    )
    assert list(memo.scores) == SOURCE_SCORES
    assert [category.heading for category in memo.categories] == SOURCE_SCORES
    for sentence in (
        "er den femte i rækken af tværkommunale tilfredshedsundersøgelser. Norddjurs Kommune har deltaget tre gange tidligere.",
        (
            "I det følgende præsenteres Norddjurs Kommunes lokale resultater efterfulgt af parenteser, hvori det samlede "
            "gennemsnit fra de 29 deltagende kommuner fremgår til sammenligning. Resultaterne opgøres på skalaen 1-5, hvor 1 "
            "er mindst tilfreds, og 5 er mest tilfreds."
        ),
        "Svarprocenten i Norddjurs Kommune er 36,5 pct.",
        "Til sammenligning er svarprocenten 35,3 pct. i de deltagende kommuner under ét.",
        "Norddjurs Kommune ligger over de øvrige kommuners gennemsnitlige tilfredshed på samtlige kategorier.",
        "Lavest score har kategorien Progression (3,23), som det også var tilfældet i de tre foregående undersøgelser.",
        "Højest score har kategorien Mødet med jobcentret (4,07). Kategorien Samtalen (3,95) ligger så tæt på",
        "Scoren er steget på samtlige kategorier siden 1. halvår 2025:",
        "Den fulde undersøgelse fremgår af bilaget.",
    ):
        assert sentence in text
    for subject in ("mødt med tillid", "klart mål", "aktivitetsparate", "forberedt", "konkrete jobmuligheder"):
        assert subject in text


def test_what_all_participating_have_moved_stands_beside_the_own_development() -> None:
    """The source says "især sammenholdt med landsgennemsnittet": both developments are there to be set beside each other."""
    data = norddjurs()

    def moved(*sure: str) -> str:
        figures = FigureSet(
            replace(one, difference_to_previous=0.05, is_different_from_previous=one.item_id in sure)
            if (one.municipality_code, one.measure) == ("alle", "category_mean") else one
            for one in data.figures
        )  # fmt: skip
        return compose_memo(replace(data, figures=figures), Participation(5, 3)).results[-1].replace("\u00a0", " ")

    assert moved("progression").endswith(
        " For de deltagende kommuner under ét er scoren i samme tid steget for Progression (+0,05)."
    )
    assert moved().endswith(
        " For de deltagende kommuner under ét er ingen af kategorierne sikkert steget eller faldet i samme tid."
    )
    assert "i samme tid" not in results()


def test_a_difference_that_is_not_sure_is_not_claimed_by_hand() -> None:
    unsure = {"is_different_from_rest": False, "is_different_from_previous": False}
    everything = dict.fromkeys(CODES.values(), unsure)
    text = results(**everything)
    assert "ingen sikre forskelle mellem Norddjurs Kommune og de øvrige" in text
    assert "Ingen af kategorierne har ændret sig sikkert siden 1. halvår 2025." in text
    assert "steget" not in text
    down = {"difference_to_rest": -0.3, "difference_to_previous": -0.2}
    text = results(progression=down, samtalen=unsure, overordnet=unsure)
    assert (
        "ligger over de øvrige kommuners gennemsnitlige tilfredshed på kategorierne Mødet med jobcentret, Mål og aktiviteter "
        "og Samarbejde på tværs og under de øvrige kommuners gennemsnitlige tilfredshed på kategorien Progression. For "
        "kategorierne Overordnet tilfredshed og Samtalen er der ingen sikker forskel."
    ) in text
    assert "faldet for Progression (−0,20). De øvrige har ikke ændret sig sikkert." in text


def test_withheld_scores_are_said_to_be_withheld_and_are_nowhere() -> None:
    gone = {
        "value": None, "difference_to_all": None, "difference_to_rest": None, "is_different_from_rest": False,
        "difference_to_previous": None, "is_different_from_previous": False, "valid_n": None,
    }  # fmt: skip
    memo = compose_memo(norddjurs(progression=gone), Participation(5, 3))
    assert memo.scores[-1] == "Progression: vises ikke af hensyn til anonymitet (2,95)"
    assert "3,23" not in memo_text(memo)
    assert "Tal, der bygger på så få svar" in memo_text(memo)
    empty = compose_memo(norddjurs(**dict.fromkeys(CODES.values(), gone)), Participation(5, 3))
    assert "Resultaterne for Norddjurs Kommune vises ikke af hensyn til borgernes anonymitet" in memo_text(empty)
    assert "Lavest score" not in memo_text(empty)


@pytest.mark.parametrize(
    ("codebook", "earlier", "sentence"),
    [
        ("2023", (), "Der er ingen tidligere undersøgelse at sammenligne med."),
        ("2024", ("2023-1",), "Mål og aktiviteter og Samarbejde på tværs er opgjort anderledes end dengang"),
    ],
)
def test_one_round_and_a_changed_codebook_are_said(codebook: str, earlier: tuple[str, ...], sentence: str) -> None:
    data = report_data("0461", codebook_version=codebook, earlier_rounds=earlier)
    assert sentence in memo_text(compose_memo(data, Participation(1 + len(earlier), len(earlier))))


def test_the_round_before_may_be_one_that_others_published() -> None:
    data = replace(norddjurs(), earlier=())
    memo = compose_memo(data, Participation(5, 3, "2025-1"))
    assert "Scoren er steget på samtlige kategorier siden 1. halvår 2025:" in memo_text(memo)
    assert "Der er ingen tidligere" not in memo_text(memo)


@pytest.mark.parametrize(("answers", "sentence"), [
    (0, "Ingen borgere i Ishøj Kommune har svaret"), (1, "vises ikke af hensyn til borgernes anonymitet"),
    (4, "vises ikke af hensyn til borgernes anonymitet"),
    (7, "Resultatet er usikkert, fordi det bygger på færre end 30 svar."),
])  # fmt: skip
def test_a_municipality_with_few_answers_gets_a_memo(answers: int, sentence: str) -> None:
    data = report_data("0183", answers={"0183": answers, "0461": 700, "0740": 450})
    assert sentence in memo_text(compose_memo(data, Participation(1, 0)))


def test_all_participating_get_a_memo_without_parentheses() -> None:
    memo = compose_memo(report_data("alle"), Participation(1, 0))
    assert all("(" not in score for score in memo.scores)
    assert "de 13 deltagende kommuner under ét" in memo_text(memo)


def test_word_and_pdf_hold_the_same_text_and_are_accessible(tmp_path) -> None:
    memo = compose_memo(norddjurs(), Participation(5, 3))
    document = docx.Document(io.BytesIO(memo_docx(memo, WHEN)))
    styles = {
        style.name: [p.text for p in document.paragraphs if p.style.name == style.name] for style in document.styles
    }
    assert styles["Heading 1"] == [memo.title]
    assert styles["Heading 2"] == [memo.scores_title, "Kategorierne", "Om tallene"]
    assert styles["Heading 3"] == SOURCE_SCORES == styles["List Number"]
    assert document.core_properties.language == "da-DK"
    assert document.core_properties.created.date() == date(2025, 11, 14)

    made = memo_pdf(memo, WHEN)
    path = tmp_path / "memo.pdf"
    path.write_bytes(made.content)
    verdict = page.validate_pdf(str(path), profile="ua1")
    assert verdict.rules.passed == verdict.rules.total == 104, [failure.message for failure in verdict.failures]
    text = " ".join("".join(sheet.extract_text() for sheet in pypdf.PdfReader(path).pages).split())
    assert made.page_count == 2
    for score in SOURCE_SCORES:
        assert score in text


def test_the_same_memo_is_the_same_bytes() -> None:
    memo = compose_memo(norddjurs(), Participation(5, 3))
    assert memo_docx(memo, WHEN) == memo_docx(memo, WHEN)
    assert memo_pdf(memo, WHEN) == memo_pdf(memo, WHEN)
    with zipfile.ZipFile(io.BytesIO(memo_docx(memo, WHEN))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(2025, 11, 14, 12, 0, 0)}
        assert package.read("docProps/core.xml").count(b"2025-11-14T12:00:00Z") == 2
