"""
The memo to a political committee: which sentences it has, before any file format.

Every number is a figure of the round or a fact of its plan. A difference is claimed only where it is significant; the
highest and lowest score are named as what they are, with those that lie too close to be told apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from borgerpuls.reporting import numbers
from borgerpuls.reporting.area import NO_ANSWERS, WITHHELD, Area, Score, period_name
from borgerpuls.reporting.numbers import NO_BREAK_SPACE
from borgerpuls.reporting.report_data import ReportData
from borgerpuls.reporting.sentences import ALARM_RULE, is_apart
from borgerpuls.terms import ALL_PARTICIPATING

_ORDINALS = (
    *("første", "anden", "tredje", "fjerde", "femte", "sjette"),
    *("syvende", "ottende", "niende", "tiende", "ellevte", "tolvte"),
)


class Participation(NamedTuple):
    """Where a round stands in the series, and how often the area took part before it."""

    round_number: int
    """1 for the first round of the series."""
    times_before: int
    previous_period: str = ""
    """The latest earlier period in which the area has a published score, ours or imported, e.g. 2025-1; or empty."""


class MemoCategory(NamedTuple):
    """One category: its heading with the score, and what the citizens were asked about."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Memo:
    """A memo as texts, in the order they are read."""

    title: str
    area: str
    introduction: tuple[str, ...]
    results: tuple[str, ...]
    scores_title: str
    scores: tuple[str, ...]
    """One line per category, "Overordnet tilfredshed: 3,88 (3,59)"."""
    categories: tuple[MemoCategory, ...]
    notes: tuple[str, ...]
    provenance: str
    round_id: str
    municipality_code: str


def compose_memo(data: ReportData, participation: Participation) -> Memo:
    """
    Return the memo of one municipality, or of all participating.

    Args:
        data: The figures of the round and those before.
        participation: Counted over the rounds of the system.
    """
    area = Area(data)
    themes = area.themes()
    return Memo(
        title=f"Orientering om resultatet af KL’s tværkommunale tilfredshedsundersøgelse {area.round_name}",
        area=area.title,
        introduction=_introduction(area, participation),
        results=_results(area, themes, data, participation),
        scores_title=f"Overordnet score under de {numbers.word(len(themes))} kategorier",
        scores=tuple(f"{theme.name}: {_with_all(area, theme)}" for theme in themes),
        categories=tuple(_category(area, theme) for theme in themes),
        notes=_notes(area, themes),
        provenance=(
            f"Opgjort af runde {data.facts.round_id}, svar til og med {numbers.day(data.facts.close_date)}. "
            f"Øjebliksbillede {data.snapshot_id}, programversion {data.code_version}."
        ),
        round_id=data.facts.round_id,
        municipality_code=data.municipality_code,
    )


def _introduction(area: Area, participation: Participation) -> tuple[str, ...]:
    facts = area.data.facts
    where = "lokale resultater" if not area.is_national else "resultater"
    first = (
        f"I dette notat orienteres om de seneste {where} fra KL’s tværkommunale undersøgelse af borgernes tilfredshed "
        f"med jobcentrene. Undersøgelsen er gennemført fra {numbers.day(facts.invitation_date)} til "
        f"{numbers.day(facts.close_date)}"
    )
    number = participation.round_number
    if 1 < number <= len(_ORDINALS):
        first += f" og er den {_ORDINALS[number - 1]} i rækken af tværkommunale tilfredshedsundersøgelser"
    first += "."
    if not area.is_national and number > 1:
        first += f" {area.title} {_times(participation.times_before)}"
    scale = "Resultaterne opgøres på skalaen 1-5, hvor 1 er mindst tilfreds, og 5 er mest tilfreds."
    if area.is_national:
        return first, f"I det følgende præsenteres resultaterne for {_all(area)} under ét. {scale}"
    return first, (
        f"I det følgende præsenteres {area.title}s lokale resultater efterfulgt af parenteser, hvori det samlede "
        f"gennemsnit fra {_all(area)} fremgår til sammenligning. {scale}"
    )


def _times(times: int) -> str:
    if not times:
        return "deltager for første gang."
    return f"har deltaget {numbers.word(times)} {'gang' if times == 1 else 'gange'} tidligere."


def _all(area: Area) -> str:
    if area.participants == 1:
        return "den ene deltagende kommune"
    return f"de {numbers.count(area.participants)} deltagende kommuner"


def _results(area: Area, themes: Sequence[Score], data: ReportData, participation: Participation) -> tuple[str, ...]:
    paragraphs = [_response(area)]
    if not area.has_any_score:
        return (*paragraphs, area.no_scores_text())
    if not area.is_national:
        paragraphs.append(_against_the_rest(area, themes))
    paragraphs.append(" ".join(filter(None, [_lowest(area, themes, data), _highest(themes)])))
    paragraphs.append(_development(area, themes, participation.previous_period))
    return tuple(paragraph for paragraph in paragraphs if paragraph)


def _response(area: Area) -> str:
    rate, national = area.response("response_rate"), area.response("response_rate", ALL_PARTICIPATING)
    answered = area.response("answered_n")
    if rate is None:
        return f"Svarprocenten i {area.in_text} kan ikke opgøres."
    people = "" if answered is None else f" ({numbers.count(answered)} {'borger' if answered == 1 else 'borgere'})"
    text = f"Svarprocenten i {area.in_text} er {_pct(rate)}{people}."
    if area.is_national or national is None:
        return text
    return f"{text} Til sammenligning er svarprocenten {_pct(national)} i {area.all_in_text} under ét."


def _against_the_rest(area: Area, themes: Sequence[Score]) -> str:
    tested = [theme for theme in themes if theme.own is not None and theme.own.difference_to_rest is not None]
    if not tested:
        return f"{area.title} kan ikke sammenlignes med de øvrige kommuner."
    above = [theme.name for theme in tested if theme.own is not None and theme.own.is_better_than_rest]
    below = [theme.name for theme in tested if theme.own is not None and theme.own.is_worse_than_rest]
    rest = [theme.name for theme in themes if theme.value is not None and theme.name not in {*above, *below}]
    if not above and not below:
        return f"På kategorierne er der ingen sikre forskelle mellem {area.title} og de øvrige deltagende kommuner."
    for names, side in ((above, "over"), (below, "under")):
        if len(names) == len(themes):
            return f"{area.title} ligger {side} de øvrige kommuners gennemsnitlige tilfredshed på samtlige kategorier."
    parts = [
        f"{side} de øvrige kommuners gennemsnitlige tilfredshed på {_named(names)}"
        for names, side in ((above, "over"), (below, "under"))
        if names
    ]
    text = f"{area.title} ligger {' og '.join(parts)}."
    return f"{text} For {_named(rest)} er der ingen sikker forskel." if rest else text


def _lowest(area: Area, themes: Sequence[Score], data: ReportData) -> str:
    ordered = _ordered(themes)
    if len(ordered) < 2:
        return ""
    lowest = _tied(ordered, 0)
    text = f"Lavest score har {_scored(lowest)}"
    before = _rounds_with_same_lowest(area, lowest, data) if len(lowest) == 1 else 0
    if before:
        text += (
            ", som det også var tilfældet i den foregående undersøgelse"
            if before == 1
            else f", som det også var tilfældet i de {numbers.word(before)} foregående undersøgelser"
        )
    close = [score for score in ordered if score not in lowest and not _is_apart(score, lowest[0])]
    return f"{text}.{_too_close(close)}"


def _highest(themes: Sequence[Score]) -> str:
    ordered = _ordered(themes)
    if len(ordered) < 2:
        return ""
    highest = _tied(ordered, -1)
    if len(highest) == len(ordered):
        return ""
    close = [score for score in reversed(ordered) if score not in highest and not _is_apart(highest[0], score)]
    return f"Højest score har {_scored(highest)}.{_too_close(close)}"


def _ordered(themes: Sequence[Score]) -> list[Score]:
    return sorted((theme for theme in themes if theme.value is not None), key=lambda theme: theme.value or 0.0)


def _tied(ordered: Sequence[Score], place: int) -> list[Score]:
    printed = numbers.score(ordered[place].value or 0.0)
    return [score for score in ordered if numbers.score(score.value or 0.0) == printed]


def _is_apart(high: Score, low: Score) -> bool:
    """Return whether the interval of *high* lies above that of *low*."""
    return is_apart(high.own, low.own)


def _too_close(close: Sequence[Score]) -> str:
    if not close:
        return ""
    verb = "ligger" if len(close) == 1 else "ligger alle" if len(close) > 2 else "ligger begge"
    return f" {_scored(close, is_start=True)} {verb} så tæt på, at rækkefølgen er usikker."


def _scored(scores: Sequence[Score], *, is_start: bool = False) -> str:
    parts = [f"{score.name} ({numbers.score(score.value or 0.0)})" for score in scores]
    start = "Kategorien" if len(scores) == 1 else "Kategorierne"
    return f"{start if is_start else start.lower()} {numbers.enumeration(parts)}"


def _named(names: Sequence[str]) -> str:
    start = "kategorien" if len(names) == 1 else "kategorierne"
    return f"{start} {numbers.enumeration(list(names))}"


def _rounds_with_same_lowest(area: Area, lowest: Sequence[Score], data: ReportData) -> int:
    """Return how many rounds in a row before this one had the same lowest category, counted alike."""
    rounds = 0
    for earlier in reversed(data.earlier):
        values = {
            theme.code: earlier.figures.value(area.code, theme.code, "category_mean") for theme in area.survey.themes
        }
        known = {code: value for code, value in values.items() if value is not None}
        is_alike = not any(area.is_changed(theme.code, earlier) for theme in area.survey.themes)
        if not is_alike or len(known) < len(values) or min(known, key=known.__getitem__) != lowest[0].code:
            break
        rounds += 1
    return rounds


def _development(area: Area, themes: Sequence[Score], imported_period: str) -> str:
    own_round = area.previous.facts.round_id if area.previous is not None and area.has_previous else ""
    period = max(own_round, imported_period)
    if not period and area.previous is None:
        return "Der er ingen tidligere undersøgelse at sammenligne med."
    if not period:
        return f"{_start(area.in_text)} deltog ikke i {area.previous_name}, og udviklingen kan derfor ikke opgøres."
    before = period_name(period)
    changed = [theme.name for theme in themes if theme.is_changed]
    compared = [theme for theme in themes if theme.own is not None and theme.own.difference_to_previous is not None]
    text = _movement(compared, len(themes), before)
    if not area.is_national and (of_all := _of_all(area, themes, before)):
        text += f" {of_all}"
    if changed:
        text += f" {_start(_named(changed))} er opgjort anderledes end dengang og sammenlignes derfor ikke."
    return text


def _of_all(area: Area, themes: Sequence[Score], before: str) -> str:
    """Return what has certainly moved for all participating since the area's own period before, or nothing to tell."""
    found = [theme._replace(own=theme.national, has_alarm=False) for theme in themes if theme.national is not None]
    compared = [one for one in found if one.own is not None and one.own.difference_to_previous is not None]
    if not compared or area.previous is None or before != area.previous_name:
        return ""
    moved = [one for one in compared if one.own is not None and one.own.is_different_from_previous]
    if not moved:
        return f"For {area.all_in_text} under ét er ingen af kategorierne sikkert steget eller faldet i samme tid."
    up = [one for one in moved if one.own is not None and (one.own.difference_to_previous or 0.0) > 0]
    down = [one for one in moved if one not in up]
    parts = [f"{verb} for {_moves(scores)}" for scores, verb in ((up, "steget"), (down, "faldet")) if scores]
    return f"For {area.all_in_text} under ét er scoren i samme tid {' og '.join(parts)}."


def _movement(compared: Sequence[Score], count: int, before: str) -> str:
    if not compared:
        return f"Scorerne kan ikke sammenlignes med {before}."
    moved = [theme for theme in compared if theme.own is not None and theme.own.is_different_from_previous]
    alarmed = [theme for theme in compared if theme.has_alarm and theme not in moved]
    up = [theme for theme in moved if theme.own is not None and (theme.own.difference_to_previous or 0.0) > 0]
    down = [theme for theme in moved if theme not in up]
    if not moved and not alarmed:
        return f"Ingen af kategorierne har ændret sig sikkert siden {before}."
    for scores, verb in ((up, "steget"), (down, "faldet")):
        if len(scores) == count and count > 1:
            return f"Scoren er {verb} på samtlige kategorier siden {before}: {_moves(scores)}."
    kinds = ((up, "steget"), (down, "faldet"), (alarmed, "faldet så meget, at det har udløst en alarm,"))
    parts = [f"{verb} for {_moves(scores)}" for scores, verb in kinds if scores]
    text = f"Siden {before} er scoren {' og '.join(parts)}."
    if len(moved) + len(alarmed) < len(compared):
        text += " De øvrige har ikke ændret sig sikkert."
    return f"{text} {ALARM_RULE}" if alarmed else text


def _moves(scores: Sequence[Score]) -> str:
    return numbers.enumeration(
        [
            f"{score.name} ({numbers.difference(score.own.difference_to_previous or 0.0)})"
            for score in scores
            if score.own is not None
        ]
    )


def _with_all(area: Area, theme: Score) -> str:
    """Return "3,88 (3,59)", the own score with all participating's in parentheses."""
    own = area.score_text(theme.own)
    if area.is_national:
        return own
    return f"{own} ({area.score_text(theme.national)})"


def _category(area: Area, theme: Score) -> MemoCategory:
    paragraphs = [f"Under kategorien spørges der, {theme.about}."]
    own = theme.own
    if own is not None and own.value is not None:
        if own.lower is not None and own.upper is not None:
            sure = f"95{NO_BREAK_SPACE}pct. sikkerhedsinterval: {numbers.interval(own.lower, own.upper)}."
        else:
            sure = "Sikkerhedsintervallet kan ikke beregnes."
        counts = "" if own.valid_n is None else f" {numbers.count(own.valid_n)} borgere indgår."
        uncertain = (
            f" Resultatet er usikkert, fordi det bygger på færre end {area.data.uncertain_below} svar."
            if own.is_uncertain
            else ""
        )
        previous = ""
        if area.previous is not None and theme.previous is not None and theme.previous.value is not None:
            previous = f" Scoren var {numbers.score(theme.previous.value)} i {area.previous_name}."
        paragraphs.append(f"{sure}{counts}{previous}{uncertain}")
    return MemoCategory(f"{theme.name}: {_with_all(area, theme)}", tuple(paragraphs))


def _notes(area: Area, themes: Sequence[Score]) -> tuple[str, ...]:
    notes = [
        (
            "Svarene er vægtet efter køn, alder, kommune og målgruppe, så de svarer til alle de borgere, undersøgelsen "
            "handler om. Svaret »Ved ikke/ikke relevant« indgår ikke."
        ),
        (
            f"En forskel er kun nævnt som en forskel, når den er statistisk sikker (95{NO_BREAK_SPACE}pct., korrigeret for, "
            "at mange forskelle undersøges på én gang)."
        ),
    ]
    compared = [theme.own for theme in themes] + [theme.national for theme in themes if not area.is_national]
    texts = {area.why_missing(figure) for figure in compared if figure is None or figure.value is None}
    if WITHHELD in texts:
        notes.append(
            "Tal, der bygger på så få svar, at enkelte borgere kunne genkendes, vises ikke. Det gælder også tal, som de "
            "kunne regnes ud fra."
        )
    if NO_ANSWERS in texts and not area.is_national:
        notes.append("»Ingen svar« betyder, at ingen har svaret på kategoriens spørgsmål.")
    notes.append("Den fulde undersøgelse fremgår af bilaget. Kategorierne hedder temaer dér.")
    return tuple(notes)


def _pct(share: float) -> str:
    return f"{numbers.percent_number(share)}{NO_BREAK_SPACE}pct."


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
