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
        return (
            f"{place}: ingen har svaret"
            if answered == 0
            else f"{place}: resultaterne vises ikke af hensyn til anonymitet"
        )
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
    """
    Return what stands under the title: the highest and lowest category when their intervals are apart, or nothing.

    Those whose intervals reach the highest's or the lowest's are named too, as the memo does.
    """
    shown = [(theme.name, theme.figure) for theme in themes if theme.figure and theme.figure.value is not None]
    if not shown:
        return ""
    ordered = sorted(shown, key=lambda theme: theme[1].value or 0.0)
    (low_name, low), (high_name, high) = ordered[0], ordered[-1]
    if len(shown) < 2 or not is_apart(high, low):
        return "Scorerne for temaerne ligger så tæt, at usikkerheden ikke tillader at udpege det højeste eller laveste."
    between = ordered[1:-1]
    close = [
        f"{numbers.enumeration([_theme(name) for name in names])} ligger så tæt på {end}"
        for end, names in (
            ("den højeste", [name for name, figure in reversed(between) if not is_apart(high, figure)]),
            ("den laveste", [name for name, figure in between if not is_apart(figure, low)]),
        )
        if names
    ]
    said = (
        f"Scoren er højest for {_theme(high_name)} ({numbers.score(high.value or 0.0)}) "
        f"og lavest for {_theme(low_name)} ({numbers.score(low.value or 0.0)}) på skalaen fra 1 til 5."
    )
    return f"{said} {_start(', og '.join(close))}, at rækkefølgen er usikker." if close else said


def is_apart(high: Figure | None, low: Figure | None) -> bool:
    """Return whether the interval of *high* lies above that of *low*; without intervals it does not."""
    if high is None or low is None or high.lower is None or low.upper is None:
        return False
    return high.lower > low.upper


def nothing_certain(side: str, others: int, shown: int) -> str:
    """
    Return what stands where no theme or question lies certainly on one side of the other municipalities.

    Args:
        side: "over" or "under".
        others: How many lie certainly on the other side.
        shown: How many themes and questions are tested.
    """
    opposite = {"over": "under", "under": "over"}[side]
    said = f"Ingen temaer eller spørgsmål ligger sikkert {side} de øvrige kommuner"
    if others and others == shown:
        return f"{said}: alle ligger sikkert {opposite}."
    if others:
        return f"{said}. For dem, der heller ikke ligger sikkert {opposite}, kan forskellen være tilfældig."
    return f"{said}. Det er ikke det samme som, at der ingen forskelle er: usikkerheden er for stor til at udpege dem."


def early_and_late(waves: Sequence[tuple[float, float]]) -> str:
    """
    Return what late answers may mean for the results, by which way they differ.

    Args:
        waves: Of each theme, its score among those who answered at once and among those who did after the last reminder.
    """
    apart = [numbers.rounded(late, 2) - numbers.rounded(early, 2) for early, late in waves]
    lower, higher = sum(gap < 0 for gap in apart), sum(gap > 0 for gap in apart)
    said = "De, der først svarer efter en påmindelse, minder ofte mere om dem, der slet ikke svarer."
    if not apart:
        return said
    if not lower and not higher:
        return f"{said} Her har de sene svar samme score som de tidlige."
    if lower and higher:
        return (
            f"{said} Her peger temaerne ikke samme vej: De seneste svar har lavere score end de tidligste på "
            f"{_of_all(lower, len(apart))} og højere på {_themes(higher)}. "
            "Forskellene er ikke testet."
        )
    side, effect = ("lavere", "positivt") if lower else ("højere", "negativt")
    return (
        f"{said} Her har de seneste svar {side} score end de tidligste på {_of_all(lower or higher, len(apart))}. "
        f"Resultatet kan derfor være lidt for {effect}. Forskellene er ikke testet."
    )


_BY_CHANNEL = {"digital_post": "digital post", "sms": "sms", "letter": "brev"}


def carried_by(channels: Sequence[str]) -> str:
    """Return what carried a round's messages: "digital post og sms"."""
    return numbers.enumeration([name for channel, name in _BY_CHANNEL.items() if channel in channels])


def fieldwork(channels: Sequence[str], unreached: float | None, sms_share: float) -> str:
    """
    Return how the sampled were written to, by the channels of the round.

    Args:
        channels: The round's, as `Channel`.
        unreached: How many sampled no message could be sent to, or None.
        sms_share: Share of the sample that gets the reminders by SMS too, 0 to 1.
    """
    has_sms, has_letters = "sms" in channels, "letter" in channels
    is_beside = has_sms and sms_share == 1
    beside = ", begge også på sms til dem med et mobilnummer" if is_beside else ""
    said = [
        "Invitationen er sendt til borgerens digitale postkasse.",
        f"De, der ikke havde svaret, fik to påmindelser{beside}.",
    ]
    if has_sms and 0 < sms_share < 1:
        said.append(
            f"Ved lodtrækning fik {numbers.percent(sms_share, 0)} af stikprøven dem også på sms, hvis de havde et "
            "mobilnummer; de øvrige fik ingen sms ved siden af."
        )
    if has_sms and has_letters:
        said.append("Borgere uden digital post er kontaktet på sms eller, uden mobilnummer, med ét brev.")
    elif has_sms:
        said.append("Borgere uden digital post er kontaktet på sms, hvis de havde et mobilnummer.")
    elif has_letters:
        said.append("Borgere uden digital post er kontaktet med ét brev.")
    if unreached:
        people = "udtrukken borger" if unreached == 1 else "udtrukne borgere"
        said.append(f"Ingen besked kunne sendes til {numbers.count(unreached)} {people}; de tæller med i stikprøven.")
    elif not has_sms and not has_letters:
        said.append("Borgere uden digital post er ikke kontaktet; de tæller med i stikprøven.")
    return " ".join(said)


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


def not_tested(since: str, scores: Sequence[Scored]) -> str:
    """Return that no score has been tested against the period *since*, or nothing where one has."""
    if any(figure is not None and figure.difference_to_previous is not None for _, figure, _ in scores):
        return ""
    return f"Det er ikke testet, om temaernes scorer har ændret sig siden {since}."


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
    if not said and (nothing := not_tested(since, scores)):
        return nothing
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
    "En alarm ser alene på, om temaernes score er faldet. Den er falsk i højst én kommune ud af hundrede, når intet er "
    "blevet dårligere. "
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


def _of_all(some: int, everything: int) -> str:
    if some == everything:
        return "alle temaer"
    return f"{_themes(some)} af {numbers.word(everything)} temaer"


def _themes(count: int) -> str:
    return "ét" if count == 1 else numbers.word(count)


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _theme(name: str) -> str:
    return name[:1].lower() + name[1:]
