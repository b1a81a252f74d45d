"""
The page on development over time, and what other pages say of it.

Each function takes the report that is being composed and returns what its template prints.
"""

from typing import Any

from borgerpuls.reporting import numbers, sentences
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.figures import (
    Figure,
)
from borgerpuls.reporting.tables import Column, Row, dense

_MOST_PERIODS = 6


def over_time(report: Composer) -> dict[str, Any] | None:
    """Return the table of scores by period, or None when there is only one period."""
    rows: list[tuple[str, str, str, str]] = [("Svarprocent", "response", "response_rate", "strong")]
    for theme in report.survey.themes:
        rows.append((theme.name, theme.code, "category_mean", "strong"))
        if len(theme.questions) > 1:
            rows.extend((q.title, q.item_id, "mean", "") for q in theme.questions if q.is_scale)
    lines = {(item, measure): report.points(report.code, item, measure) for _, item, measure, _ in rows}
    periods = sorted({(point.period, point.period_name) for line in lines.values() for point in line})[-_MOST_PERIODS:]
    if len(periods) < 2:
        return None
    reasons: dict[str, str] = {}
    table = []
    for name, item, measure, kind in rows:
        line = {point.period: point for point in lines[(item, measure)]}
        cells = [name]
        for period, _ in periods:
            point = line.get(period)
            if point is None or point.value is None:
                cells.append(numbers.EN_DASH)
                continue
            text = numbers.percent(point.value) if measure == "response_rate" else numbers.score(point.value)
            if point.is_break_before and point.break_reason and period != periods[0][0]:
                mark = reasons.setdefault(point.break_reason, str(len(reasons) + 1))
                text = f"[{mark}] | {text}"
            cells.append(text)
        figure = report.figures.find(report.code, item, measure)
        cells.append(numbers.EN_DASH if figure is None or figure.difference_to_previous is None
                     else numbers.difference(figure.difference_to_previous))  # fmt: skip
        cells.append(_verdict(figure, has_alarm=report.data.has_alarm(item, measure)))
        table.append(Row(cells, "strong" if kind else ""))
    columns = [
        Column("Tema eller spørgsmål", 74.0),
        *(Column(name) for _, name in periods),
        Column("Ændring", 22.0),
        Column("Sikker?", 24.0),
    ]
    sources = sorted({
        point.source_title for line in lines.values() for point in line if point.kind == "imported"
    })  # fmt: skip
    return {
        "table": report.table(columns, table, 267.0, dense(len(table), 105.0)),
        "breaks": [f"[{mark}] {reason}" for reason, mark in reasons.items()],
        "sources": sources,
        "alarms": alarms(report),
        "alarm_rule": sentences.ALARM_RULE if sentences.only_alarmed(report.scored_themes()) else "",
    }


def alarms(report: Composer) -> list[str]:
    """Return a sentence per score that has fallen more than chance explains, its numbers cited."""
    names = {theme.code: theme.name for theme in report.survey.themes}
    names |= {question.item_id: question.title for question in report.survey.questions}
    said = []
    for alarm in report.data.alarms:
        line = report.points(report.code, alarm.item_id, alarm.measure)
        before = next((point for point in line if point.period == alarm.previous_period), None)
        now = report.figures.value(report.code, alarm.item_id, alarm.measure)
        if alarm.item_id in names and before is not None and before.value is not None and now is not None:
            said.append(
                f"{names[alarm.item_id]} er faldet fra {numbers.score(before.value)} i {before.period_name} til "
                f"{numbers.score(now)}. Faldet er større, end tilfældig variation normalt giver."
            )
    return said


def in_words(report: Composer) -> list[str]:
    """Return what is said about the period before: what changed for certain, and what cannot be compared."""
    since, broken = _period_before(report)
    if not since:
        return [f"Der er ingen tidligere resultater for {report.in_place} at sammenligne med."]
    scored = report.scored_themes()
    changed = sentences.changes(scored)
    alarmed = sentences.only_alarmed(scored)
    if changed:
        said = [f"Siden {since}:", *changed]
    elif nothing := sentences.not_tested(since, scored):
        said = [nothing]
    else:
        nobody = "Ingen af de øvrige temaer" if alarmed else "Ingen af temaerne"
        said = [f"{nobody} er sikkert steget eller faldet siden {since}."]
    return [*said, *([sentences.ALARM_RULE] if alarmed else []), *sentences.not_compared(broken)]


def in_short(report: Composer) -> list[str]:
    """Return the same by names alone, for a summary without curves; nothing where there is no period before."""
    since, broken = _period_before(report)
    if not since:
        return []
    return [sentences.development(since, report.scored_themes()), *sentences.not_compared(broken)]


def _period_before(report: Composer) -> tuple[str, list[str]]:
    """Return the latest period with scores of the same themes, ours or imported, and the themes that changed since."""
    lines = {theme.name: report.points(report.code, theme.code, "category_mean") for theme in report.survey.themes}
    periods = {
        (point.period, point.period_name)
        for line in lines.values()
        for point in line
        if point.period < report.data.facts.round_id and point.value is not None
    }
    if not periods:
        return "", []
    return max(periods)[1], [name for name, line in lines.items() if line and line[-1].is_break_before]


def _verdict(figure: Figure | None, *, has_alarm: bool) -> str:
    if figure is None or figure.difference_to_previous is None:
        return numbers.EN_DASH
    if not figure.is_different_from_previous:
        return "alarm" if has_alarm else "nej"
    return "steget" if figure.difference_to_previous > 0 else "faldet"
