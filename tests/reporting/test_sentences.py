"""A sentence claims a difference only where the figure is significantly different."""

import dataclasses

import pytest
from figure_factory import report_data

from borgerpuls.reporting.figures import Figure
from borgerpuls.reporting.sentences import (
    ALARM_RULE,
    Scored,
    attention_points,
    carried_by,
    development,
    early_and_late,
    fieldwork,
    finding_title,
    no_scores,
    nothing_certain,
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


def test_those_within_reach_of_the_highest_or_the_lowest_are_named_by_hand() -> None:
    """Intervals: A 3.85-3.95, C 3.83-3.93, D 3.45-3.55, E 3.08-3.18, B 3.05-3.15."""
    themes = [Scored(*one) for one in (("A", figure(3.9)), ("B", figure(3.1)), ("C", figure(3.88)), ("D", figure(3.5)))]
    assert summary_lead(themes) == (
        "Scoren er højest for a (3,90) og lavest for b (3,10) på skalaen fra 1 til 5. "
        "C ligger så tæt på den højeste, at rækkefølgen er usikker."
    )
    assert summary_lead([*themes, Scored("E", figure(3.13))]).endswith(
        "C ligger så tæt på den højeste, og e ligger så tæt på den laveste, at rækkefølgen er usikker."
    )


def test_nothing_above_is_said_by_what_lies_below() -> None:
    assert "usikkerheden er for stor" in nothing_certain("over", 0, 19)
    assert nothing_certain("over", 19, 19) == (
        "Ingen temaer eller spørgsmål ligger sikkert over de øvrige kommuner: alle ligger sikkert under."
    )
    some = nothing_certain("under", 13, 19)
    assert "usikkerheden" not in some
    assert some.endswith("For dem, der heller ikke ligger sikkert over, kan forskellen være tilfældig.")


@pytest.mark.parametrize(
    ("waves", "end"),
    [
        (
            [(3.6, 3.5), (3.4, 3.2)],
            "lavere score end de tidligste på alle temaer. Resultatet kan derfor være lidt for positivt",
        ),
        (
            [(3.5, 3.6), (3.4, 3.4)],
            "højere score end de tidligste på ét af to temaer. Resultatet kan derfor være lidt for negativt",
        ),
        ([(3.5, 3.6), (3.4, 3.3)], "lavere score end de tidligste på ét af to temaer og højere på ét"),
        ([(3.504, 3.496)], "samme score som de tidlige"),
    ],
)
def test_late_answers_are_told_by_the_way_they_differ(waves: list[tuple[float, float]], end: str) -> None:
    assert end in early_and_late(waves)
    assert "positivt" not in early_and_late([]) + early_and_late([(3.4, 3.6)])


def test_the_fieldwork_is_told_by_the_channels_of_the_round() -> None:
    assert "brev" not in fieldwork(("digital_post", "sms"), 596.0, 1.0)
    assert fieldwork(("digital_post", "sms"), 596.0, 1.0).endswith(
        "Ingen besked kunne sendes til 596 udtrukne borgere; de tæller med i stikprøven."
    )
    assert "sms eller, uden mobilnummer, med ét brev" in fieldwork(("digital_post", "sms", "letter"), None, 1.0)
    assert "sms" not in fieldwork(("digital_post",), None, 1.0) + fieldwork(("digital_post", "letter"), 0.0, 0.5)
    assert carried_by(("letter", "sms", "digital_post")) == "digital post, sms og brev"


def test_reminders_by_sms_are_told_of_those_who_got_them() -> None:
    """By hand: everybody, a random half, nobody."""
    everybody, half, nobody = (fieldwork(("digital_post", "sms"), None, share) for share in (1.0, 0.5, 0.0))
    assert "to påmindelser, begge også på sms til dem med et mobilnummer." in everybody
    assert (
        "Ved lodtrækning fik 50\u00a0% af stikprøven dem også på sms, hvis de havde et mobilnummer; de øvrige" in half
    )
    assert "begge også" not in half + nobody
    assert "lodtrækning" not in everybody + nobody
    assert "Borgere uden digital post er kontaktet på sms" in nobody


def test_scores_that_were_not_tested_are_not_said_to_be_unchanged() -> None:
    assert development("1. halvår", [Scored("Samtalen", figure(3.2))]) == (
        "Det er ikke testet, om temaernes scorer har ændret sig siden 1. halvår."
    )


def test_an_alarm_and_no_certain_change_are_never_said_of_the_same_theme() -> None:
    """Both can be true of one fall: the alarm looks at themes alone, "certain" at all comparisons of the report."""
    fallen = dataclasses.replace(figure(3.2), difference_to_previous=-0.2)
    other = dataclasses.replace(figure(3.5), difference_to_previous=0.01)
    scores = [Scored("Samtalen", fallen, has_alarm=True), Scored("Mødet", other)]
    assert development("1. halvår", scores) == (
        "Siden 1. halvår er samtalen faldet så meget, at det har udløst en alarm."
    )  # fmt: skip
    assert development("1. halvår", scores[1:]) == "Ingen af temaerne er sikkert steget eller faldet siden 1. halvår."
    sure = Scored("Samtalen", dataclasses.replace(fallen, is_different_from_previous=True), has_alarm=True)
    assert development("1. halvår", [sure]) == "Siden 1. halvår er samtalen sikkert faldet."
    assert "alle de sammenligninger" in ALARM_RULE
    assert "når intet er blevet dårligere" in ALARM_RULE


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
