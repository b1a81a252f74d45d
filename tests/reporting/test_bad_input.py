"""Awkward municipalities in memo, deck and workbook: each says what it does not show and why. (The pages: test_pages.py.)"""

import dataclasses
import re
from collections.abc import Callable

import pytest
from figure_factory import PILOT, report_data

from borgerpuls.reporting import proof
from borgerpuls.reporting.drawing import draw_one
from borgerpuls.reporting.figures import COUNTS, NUMBERS, Figure, FigureSet
from borgerpuls.reporting.memo import Participation
from borgerpuls.reporting.report_data import EarlierRound, ReportData
from borgerpuls.terms import ArtefactKind

KINDS = (ArtefactKind.MEMO_DOCX, ArtefactKind.MEMO_PDF, ArtefactKind.DECK, ArtefactKind.WORKBOOK)
LONG_NAME = ("Nordvestjyske Fjordkommuners Fællesforvaltning for Beskæftigelse og Uddannelse " * 3)[:200].strip()


def answered(count: int) -> ReportData:
    return report_data("0183", answers={"0183": count, "0461": 700, "0740": 450})


def withheld(figure: Figure) -> Figure:
    empty = dict.fromkeys((*COUNTS, *NUMBERS))
    return dataclasses.replace(
        figure, is_suppressed=True, is_uncertain=False, is_different_from_rest=False, suppression_reason="anonymity", **empty
    )  # fmt: skip


def with_every_group_withheld() -> ReportData:
    data = report_data("0461")
    return dataclasses.replace(data, figures=FigureSet(
        withheld(one) if one.municipality_code == "0461" and one.domain != "all" else one for one in data.figures
    ))  # fmt: skip


def with_a_question_nobody_was_asked() -> ReportData:
    data = report_data("0461")
    return dataclasses.replace(data, figures=FigureSet(one for one in data.figures if one.item_id != "trust"))


def after_a_change_of_codebook() -> ReportData:
    broken = ("maal_og_aktiviteter", "samarbejde")
    data = report_data("0461", codebook_version="2024", earlier_rounds=("2022-2", "2023-1"), broken=broken)
    earlier = tuple(
        EarlierRound(dataclasses.replace(one.facts, codebook_version="2023"), one.figures) for one in data.earlier
    )
    return dataclasses.replace(data, earlier=earlier)


NOBODY = "Ingen borgere i Ishøj Kommune har svaret, og der er derfor ingen resultater at vise."
FEW = "Resultaterne for Ishøj Kommune vises ikke af hensyn til borgernes anonymitet"
HIDDEN = "vises ikke af hensyn til anonymitet"
ONE_ROUND = "Der er ingen tidligere undersøgelse at sammenligne med."
CASES: dict[str, tuple[Callable[[], ReportData], dict[ArtefactKind, str]]] = {
    "0 answers": (lambda: answered(0), dict.fromkeys(KINDS, NOBODY)),
    "1 answer": (lambda: answered(1), dict.fromkeys(KINDS, FEW)),
    "4 answers": (lambda: answered(4), dict.fromkeys(KINDS, FEW)),
    "7 answers": (lambda: answered(7), dict.fromkeys(KINDS, "usikker")),
    "every group withheld": (with_every_group_withheld, {ArtefactKind.DECK: HIDDEN, ArtefactKind.WORKBOOK: HIDDEN}),
    "a question nobody was asked": (with_a_question_nobody_was_asked, {ArtefactKind.DECK: "ingen svar"}),
    "one round": (lambda: report_data("0461"), dict.fromkeys(KINDS, ONE_ROUND)),
    "a change of codebook": (after_a_change_of_codebook, {
        **dict.fromkeys(KINDS, "opgjort anderledes"), ArtefactKind.DECK: "ændret opgørelse",
    }),
    "a name of 200 characters": (
        lambda: report_data("0461", names=PILOT | {"0461": LONG_NAME}), dict.fromkeys(KINDS, LONG_NAME[:40])
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_every_kind_is_drawn_and_says_what_it_does_not_show(case: str) -> None:
    make, says = CASES[case]
    data = make()
    before = Participation(3, 2, "2023-1") if data.earlier else Participation(1, 0)
    for kind in KINDS:
        read = proof.read_claim(draw_one(kind, data, before).content)
        text = "\n".join(line for part in read.parts for line in part.lines)
        assert not re.search(r"\b(nan|None|NaN)\b", text), kind
        if kind in says:
            assert "".join(says[kind].split()) in "".join(text.replace("-\n", "").split()), kind
