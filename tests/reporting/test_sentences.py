"""A sentence claims a difference only where the figure is significantly different."""

import dataclasses

import pytest
from figure_factory import report_data

from borgerpuls.reporting.figures import Figure
from borgerpuls.reporting.sentences import (
    ALARM_RULE,
    Scored,
    attention_points,
    development,
    finding_title,
    no_scores,
    strengths,
    summary_lead,
)


def figure(value: float | None, gap: float = 0.0, *, is_different: bool = False, half: float = 0.05) -> Figure:
    return Figure(
        figure_id="f", municipality_code="0461", item_id="x", measure="category_mean", category="", domain="all",
        domain_group="", valid_n=100, dont_know_n=3, not_asked_n=0, broken_off_n=0, weighted_base=900.0, value=value,
        lower=None if value is None else value - half, upper=None if value is None else value + half,
        no_interval_reason=None, difference_to_all=gap, difference_to_rest=gap,
        is_different_from_rest=is_different, is_uncertain=False, is_suppressed=value is None,
        suppression_reason="few_answers" if value is None else None,
    )  # fmt: skip


UP, DOWN, UNSURE = (0.3, True), (-0.3, True), (0.3, False)


@pytest.mark.parametrize(
    ("gaps", "title"),
    [
        ([UP, UP, UP], "Odense ligger over gennemsnittet på alle tre temaer"),
        ([UP, UP, UNSURE], "Odense ligger over gennemsnittet på to af tre temaer"),
        ([DOWN, UNSURE, UNSURE], "Odense ligger under gennemsnittet på temaet a"),
        ([UP, DOWN, UNSURE], "Odense ligger over gennemsnittet på a og under på b"),
        ([UNSURE, UNSURE, UNSURE], "Odense: ingen temaer ligger sikkert over eller under de øvrige kommuner"),
    ],
)
def test_the_title_follows_from_the_significant_differences_by_hand(gaps: list[tuple[float, bool]], title: str) -> None:
    themes = [
        Scored(name, figure(3.5, gap, is_different=different))
        for name, (gap, different) in zip("ABC", gaps, strict=True)
    ]
    assert finding_title("Odense", themes, 400.0) == title


def test_nothing_shown_is_said_and_nothing_claimed() -> None:
    themes = [Scored("A", figure(None)), Scored("B", None)]
    assert finding_title("Fanø", themes, 3.0) == "Fanø: resultaterne vises ikke af hensyn til anonymitet"
    assert finding_title("Fanø", themes, 0.0) == "Fanø: ingen har svaret"
    assert strengths(themes) == []
    assert attention_points(themes) == []
    assert summary_lead(themes) == ""
    assert "Resultaterne for Fanø vises ikke" in no_scores("Fanø", 3.0, "de deltagende kommuner")
    assert "Ingen borgere i Fanø har svaret" in no_scores("Fanø", 0.0, "de deltagende kommuner")


def test_highest_and_lowest_are_named_only_when_their_intervals_are_apart() -> None:
    apart = [Scored("A", figure(3.9)), Scored("B", figure(3.1))]
    close = [Scored("A", figure(3.9, half=0.6)), Scored("B", figure(3.1, half=0.6))]
    assert "højest for a (3,90) og lavest for b (3,10)" in summary_lead(apart)
    assert "tillader at udpege" in summary_lead(close)


def test_an_alarm_and_no_certain_change_are_never_said_of_the_same_theme() -> None:
    """Both can be true of one fall: the alarm looks at themes alone, "certain" at all comparisons of the report."""
    fallen = dataclasses.replace(figure(3.2), difference_to_previous=-0.2)
    other = figure(3.5)
    scores = [Scored("Samtalen", fallen, has_alarm=True), Scored("Mødet", other)]
    assert development("1. halvår", scores) == (
        "Siden 1. halvår er samtalen faldet så meget, at det har udløst en alarm."
    )  # fmt: skip
    assert development("1. halvår", scores[1:]) == "Ingen af temaerne er sikkert steget eller faldet siden 1. halvår."
    sure = Scored("Samtalen", dataclasses.replace(fallen, is_different_from_previous=True), has_alarm=True)
    assert development("1. halvår", [sure]) == "Siden 1. halvår er samtalen sikkert faldet."
    assert "alle de sammenligninger" in ALARM_RULE


def test_every_sentence_of_a_round_has_a_significant_figure_behind_it() -> None:
    data = report_data("0461")
    scored = [
        Scored(figure.item_id, figure)
        for code in {figure.municipality_code for figure in data.figures}
        for figure in data.figures
        if figure.measure == "mean" and figure.domain == "all" and figure.municipality_code == code
    ]
    said = strengths(scored, 1000) + attention_points(scored, 1000)
    significant = [figure for _, figure, _ in scored if figure and figure.is_different_from_rest]
    assert len(said) == len(significant) > 20
