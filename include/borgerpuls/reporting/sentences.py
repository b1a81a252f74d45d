"""
Sentences of a report. A finding is said only where the difference is significant; the rest is described, not claimed.

Danish readers: short sentences, the municipality as subject, numbers in parentheses.
"""

from collections.abc import Sequence
from typing import NamedTuple

from borgerpuls.reporting import numbers
from borgerpuls.reporting.figures import Figure


class Scored(NamedTuple):
    """A named score: a category or a question, its figure for the municipality, and whether its fall raised an alarm."""

    name: str
    figure: Figure | None
    has_alarm: bool = False


def finding_title(place: str, themes: Sequence[Scored], answered: float | None) -> str:
    """
    Return the title of the summary page, from the significant differences between *place* and the others.

    Args:
        place: The municipality's name.
        themes: The categories with the municipality's figures.
        answered: How many answered there, or None.
    """
    shown = [theme for theme in themes if theme.figure is not None and theme.figure.value is not None]
    if not shown:
        return f"{place}: ingen har svaret" if answered == 0 else f"{place}: resultaterne vises ikke af hensyn til anonymitet"
    above = [theme.name for theme in shown if theme.figure and theme.figure.is_better_than_rest]
    below = [theme.name for theme in shown if theme.figure and theme.figure.is_worse_than_rest]
    if not above and not below:
        return f"{place}: ingen temaer ligger sikkert over eller under de øvrige kommuner"
    if above and below:
        return f"{place} ligger over gennemsnittet på {_how_many(above, shown)} og under på {_how_many(below, shown)}"
    side, names = ("over", above) if above else ("under", below)
    return f"{place} ligger {side} gennemsnittet på {_how_many(names, shown, is_alone=True)}"


def no_scores(place: str, answered: float | None, national_name: str) -> str:
    """Return what stands where a place has no score that may be shown; *answered* is how many answered, or None."""
    if answered == 0:
        why = f"Ingen borgere i {place} har svaret, og der er derfor ingen resultater at vise."
    else:
        why = f"Resultaterne for {place} vises ikke af hensyn til borgernes anonymitet."
    return f"{why} I stedet vises resultaterne for {national_name}."


def summary_lead(themes: Sequence[Scored]) -> str:
    """Return what stands under the title: the highest and lowest category when their intervals are apart, or nothing."""
    shown = [(theme.name, theme.figure) for theme in themes if theme.figure and theme.figure.value is not None]
    if not shown:
        return ""
    ordered = sorted(shown, key=lambda theme: theme[1].value or 0.0)
    (low_name, low), (high_name, high) = ordered[0], ordered[-1]
    if len(shown) < 2 or low.upper is None or high.lower is None or high.lower <= low.upper:
        return "Scorerne for temaerne ligger så tæt, at usikkerheden ikke tillader at udpege det højeste eller laveste."
    return (
        f"Scoren er højest for {_theme(high_name)} ({numbers.score(high.value or 0.0)}) "
        f"og lavest for {_theme(low_name)} ({numbers.score(low.value or 0.0)}) på skalaen fra 1 til 5."
    )


def strengths(scores: Sequence[Scored], most: int = 6) -> list[str]:
    """Return one sentence per score that is significantly above the other municipalities, largest first."""
    return [_difference_sentence(name, figure) for name, figure in _significant(scores, 1)[:most]]


def attention_points(scores: Sequence[Scored], most: int = 6) -> list[str]:
    """Return one sentence per score that is significantly below the other municipalities, largest first."""
    return [_difference_sentence(name, figure) for name, figure in _significant(scores, -1)[:most]]


def changes(scores: Sequence[Scored]) -> list[str]:
    """Return one sentence per score that has certainly changed since the round before, largest first."""
    found = [
        (name, figure)
        for name, figure, _ in scores
        if figure is not None and figure.is_different_from_previous and figure.difference_to_previous is not None
    ]
    found.sort(key=lambda row: (-abs(row[1].difference_to_previous or 0.0), row[0]))
    return [
        f"{name} er {'steget' if (figure.difference_to_previous or 0.0) > 0 else 'faldet'} "
        f"{numbers.decimal_text(abs(figure.difference_to_previous or 0.0), 2)} til {numbers.score(figure.value or 0.0)}."
        for name, figure in found
    ]


def development(since: str, scores: Sequence[Scored]) -> str:
    """Return in one sentence which scores have certainly changed since the period *since*, by name."""
    sure = [(name, figure) for name, figure, _ in scores if figure is not None and figure.is_different_from_previous]
    risen = [name.lower() for name, figure in sure if (figure.difference_to_previous or 0.0) > 0]
    fallen = [name.lower() for name, figure in sure if (figure.difference_to_previous or 0.0) < 0]
    said = [
        f"{numbers.enumeration(names)} sikkert {verb}"
        for names, verb in ((risen, "steget"), (fallen, "faldet"))
        if names
    ]
    if alarmed := [score.name.lower() for score in only_alarmed(scores)]:
        said.append(f"{numbers.enumeration(alarmed)} faldet så meget, at det har udløst en alarm")
    if not said:
        return f"Ingen af temaerne er sikkert steget eller faldet siden {since}."
    return f"Siden {since} er {' og '.join(said)}."


def only_alarmed(scores: Sequence[Scored]) -> list[Scored]:
    """
    Return the scores whose fall raised an alarm but is not certain among all comparisons of the report.

    An alarm looks at the falls of the themes alone, "certain" at every comparison that is printed: both can be true.
    """
    return [
        score
        for score in scores
        if score.has_alarm and score.figure is not None and not score.figure.is_different_from_previous
    ]


ALARM_RULE = (
    "En alarm ser alene på, om temaernes score er faldet, og der er højst én procents risiko for, at den er falsk. "
    "Ordet ‘sikker’ bruges først, når ændringen også holder blandt alle de sammenligninger, rapporten viser."
)
"""What stands by an alarm where nothing is said to be certain."""


def not_compared(names: Sequence[str]) -> list[str]:
    """Return that some scores are counted in another way than in the period before, or nothing."""
    return [f"{numbers.enumeration(list(names))} er ændret siden og sammenlignes derfor ikke."] if names else []


def _significant(scores: Sequence[Scored], sign: int) -> list[tuple[str, Figure]]:
    found = [
        (name, figure)
        for name, figure, _ in scores
        if figure is not None
        and figure.value is not None
        and figure.difference_to_all is not None
        and (figure.is_better_than_rest if sign > 0 else figure.is_worse_than_rest)
    ]
    return sorted(found, key=lambda row: (-abs(row[1].difference_to_all or 0.0), row[0]))


def _difference_sentence(name: str, figure: Figure) -> str:
    gap = figure.difference_to_all or 0.0
    side = "over" if gap > 0 else "under"
    return (
        f"{name} ({numbers.score(figure.value or 0.0)}) ligger {numbers.decimal_text(abs(gap), 2)} "
        f"{side} de deltagende kommuner."
    )


def _how_many(names: Sequence[str], shown: Sequence[Scored], *, is_alone: bool = False) -> str:
    if len(names) == len(shown) and len(shown) > 1:
        return f"alle {numbers.word(len(shown))} temaer"
    if len(names) == 1:
        return f"temaet {names[0].lower()}" if is_alone else names[0].lower()
    if is_alone:
        return f"{numbers.word(len(names))} af {numbers.word(len(shown))} temaer"
    return numbers.enumeration([name.lower() for name in names])


def _theme(name: str) -> str:
    return name[:1].lower() + name[1:]
