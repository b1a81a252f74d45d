"""
The pages of results: summary, strengths, every theme, every question.

Each function takes the report that is being composed and returns what its template prints.
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from borgerpuls.reporting import charts, numbers, sentences
from borgerpuls.reporting.charts import OptionRow
from borgerpuls.reporting.cited import fixed
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.figures import (
    DOMAINS,
    Figure,
)
from borgerpuls.reporting.fonts import SERIF, printable, text_width
from borgerpuls.reporting.pages import development
from borgerpuls.reporting.survey import DOMAIN_NAMES, Question, Theme
from borgerpuls.reporting.tables import DENSE, Column, Row, dense
from borgerpuls.terms import ALL_PARTICIPATING

_MOST_QUESTIONS = 8
_MOST_ON_COVER = 2
"""Strengths and points of attention, each; the page after the overview has them all."""


def cover(report: Composer) -> dict[str, Any]:
    """Return the summary: the themes' scores, what is best and worst for certain, and how many answered."""
    rows = [report.score_row(theme.name, theme.code, "category_mean") for theme in report.survey.themes]
    names = report.score_names()
    scored = report.scored_themes()
    rate = report.response_value("response_rate")
    national_rate = report.response_value("response_rate", ALL_PARTICIPATING)
    if report.is_national:
        title = f"Borgernes tilfredshed med jobcentret i {report.all_in_text}"
        lead = sentences.summary_lead(scored) or report.no_scores()
    else:
        place = report.name if report.name == report.short_name else "Kommunen"
        title = sentences.finding_title(place, scored, report.response_value("answered_n"))
        lead = sentences.summary_lead(scored) or report.no_scores()
    if not names.has_trend:
        lead = " ".join([lead, *development.in_short(report)])
    row_height = 14.4 if len(rows) <= 6 else 86.4 / len(rows)
    return {
        "title": title,
        "lead": lead,
        "plot": report.image(charts.score_plot(rows, names, report.new_canvas, row_height=row_height)),
        "rate": None if rate is None else numbers.percent(rate),
        "national_rate": None if national_rate is None else numbers.percent(national_rate),
        "answered": report.response_count("answered_n"),
        "strengths": (above := sentences.strengths(scored, len(scored)))[:_MOST_ON_COVER],
        "attention": (below := sentences.attention_points(scored, len(scored)))[:_MOST_ON_COVER],
        "has_more_strengths": len(above) > _MOST_ON_COVER,
        "has_more_attention": len(below) > _MOST_ON_COVER,
        "is_one_answer": report.response_value("answered_n") == 1,
        "has_difference": not report.is_national and report.has_scores,
        "name_class": _name_class(report.municipality_title),
        "greeting": printable(report.data.greeting.text) if report.data.greeting else "",
        "has_logo": report.data.greeting is not None and report.data.greeting.logo is not None,
    }


def overview(report: Composer) -> dict[str, Any]:
    """Return every question's score on one page."""
    rows = [
        report.score_row(question.title, question.item_id, "mean", group=theme.name)
        for theme in report.survey.themes
        for question in theme.questions
        if question.is_scale
    ]
    groups = len({row.group for row in rows})
    row_height = min(7.4, (132.0 - 6.4 * groups) / max(len(rows), 1))
    chart = charts.score_plot(
        rows, report.score_names(), report.new_canvas, width=267, row_height=row_height, is_compact=True
    )
    return {"plot": report.image(chart)}


def findings(report: Composer) -> dict[str, Any]:
    """Return what is for certain better or worse than in the other municipalities, and what has changed."""
    questions = [
        sentences.Scored(question.title, report.figures.find(report.code, question.item_id, "mean"))
        for question in report.survey.questions
        if question.is_scale
    ]
    scored = report.scored_themes()
    everything = [*scored, *questions]
    shown = sum(one.figure is not None and one.figure.difference_to_rest is not None for one in everything)
    tested = sum(score.figure is not None and score.figure.value is not None for score in questions)
    return {
        "theme_strengths": sentences.strengths(scored),
        "theme_attention": sentences.attention_points(scored),
        "strengths": sentences.strengths(questions, _MOST_QUESTIONS),
        "attention": sentences.attention_points(questions, _MOST_QUESTIONS),
        "is_selection": any(
            len(tell(of, len(of))) > most
            for tell in (sentences.strengths, sentences.attention_points)
            for of, most in ((scored, 6), (questions, _MOST_QUESTIONS))
        ),
        "tested": tested,
        "nothing": {
            side: sentences.nothing_certain(side, len(tell(everything, len(everything))), shown)
            for side, tell in (("over", sentences.attention_points), ("under", sentences.strengths))
        },
        "development": development.in_words(report),
        "alarms": development.alarms(report),
    }


def spread(report: Composer) -> dict[str, Any]:
    """Return lowest and highest municipality of each theme, with the distance between them."""
    rows = []
    for theme in report.survey.themes:
        ordered = report.figures.over_municipalities(theme.code, "category_mean")
        if len(ordered) < 2:
            continue
        rows.append(
            {
                "name": theme.name,
                "lowest": report.extremes(ordered, 0),
                "highest": report.extremes(ordered, -1),
                "spread": numbers.decimal_text((ordered[-1].value or 0.0) - (ordered[0].value or 0.0), 2),
                "strip": report.strip_image(theme.code, "category_mean", width=96.0),
            }
        )
    return {"rows": rows}


def spread_of_questions(report: Composer) -> Markup | None:
    """Return lowest and highest municipality of each question, with intervals; ties are named."""
    rows = []
    for question in report.survey.questions:
        ordered = report.figures.over_municipalities(question.item_id, "mean") if question.is_scale else []
        if len(ordered) < 2:
            continue
        low, high = report.extremes(ordered, 0), report.extremes(ordered, -1)
        distance = numbers.decimal_text((ordered[-1].value or 0.0) - (ordered[0].value or 0.0), 2)
        rows.append(Row([question.title, *_named(low), *_named(high), distance]))
    columns = [
        Column("Spørgsmål", 58.0), Column("Laveste", 0.0, is_text=True), Column("Score", 14.0), Column("Interval", 24.0),
        Column("Højeste", 0.0, is_text=True), Column("Score", 14.0), Column("Interval", 24.0), Column("Afstand", 17.0),
    ]  # fmt: skip
    return report.table(columns, rows, 267.0, DENSE._replace(padding=0.6)) if rows else None


def theme(report: Composer, theme: Theme) -> dict[str, Any]:
    """Return a theme: its score, its questions' and its groups'."""
    figure = report.figures.find(report.code, theme.code, "category_mean")
    rows = [
        report.score_row(question.title, question.item_id, "mean") for question in theme.questions if question.is_scale
    ]
    names = report.score_names()
    questions = charts.score_plot(rows, names, report.new_canvas, width=267, row_height=8.0, is_compact=True)
    return {
        "name": theme.name,
        "about": theme.about,
        "box": report.score_box(figure, theme.code, "category_mean"),
        "questions": report.image(questions),
        "strip": report.strip_image(theme.code, "category_mean"),
        "groups": _group_scores(report, theme.code, "category_mean"),
        "sentences": _theme_sentences(report, theme),
        "is_compared": not report.is_national and any(row.score is not None for row in rows),
    }


def question(report: Composer, question: Question) -> dict[str, Any]:
    """Return a question on a scale: distribution and score, of all and of every group."""
    item, measure = question.item_id, "mean"
    own = report.figures.find(report.code, item, measure)
    bars = [report.bar(report.short_name, item, report.code, is_own=True)]
    if not report.is_national and not question.is_local:
        bars.append(report.bar(report.all_name, item, ALL_PARTICIPATING))
    if report.previous and not question.is_local:
        bars.append(report.bar(report.previous.facts.name, item, report.code, figures=report.previous.figures))
    parts = [("Samlet", "left", bars)]
    for domain in DOMAINS:
        rows = [
            report.bar(name, item, report.code, domain=domain, group=code)
            for code, name in report.survey.groups(domain).items()
            if report.is_asked(item, domain, code)
        ]
        if rows:
            parts.append((DOMAIN_NAMES[domain], "left" if domain in {"target_group", "duration"} else "right", rows))
    label_width = charts.label_room([bar for _, _, rows in parts for bar in rows])  # all bars of a page begin alike
    drawn = [(name, side, report.distribution(rows, question, label_width)) for name, side, rows in parts]
    return {
        "question": question,
        "box": report.score_box(own, item, measure),
        "legend": report.image(charts.legend(question.scale_names, report.new_canvas), "legend"),
        "left": [(name, image) for name, side, image in drawn if side == "left"],
        "right": [(name, image) for name, side, image in drawn if side == "right"],
        "strip": report.strip_image(item, measure),
        "note": _question_note(report, question, own),
    }


def multi(report: Composer, question: Question) -> dict[str, Any]:
    """Return a question with several answers: the share of each, of all and of every group."""
    item = question.item_id
    own_name, all_name = report.short_name, "" if report.is_national or question.is_local else report.all_name
    rows = [
        OptionRow(
            text,
            report.figures.value(report.code, item, "option_share", category=code),
            None
            if report.is_national
            else report.figures.value(ALL_PARTICIPATING, item, "option_share", category=code),
            hidden=report.hidden_text(report.figures.find(report.code, item, "option_share", category=code)),
        )
        for code, text in question.answers
    ]
    table = []
    for domain in ("duration", "status", "sex", "age_group"):
        is_first = True
        for group, name in report.survey.groups(domain).items():
            place = {"domain": domain, "group": group}
            if not any(
                report.figures.find(where, item, "option_share", category=code, **place)
                for code, _ in question.answers
                for where in (report.code, ALL_PARTICIPATING)
            ):
                continue
            shares = [
                report.figures.find(report.code, item, "option_share", category=code, **place)
                for code, _ in question.answers
            ]
            cells = [name, report.count_text(shares[0], "valid_n"), *map(report.share_text, shares)]
            table.append(Row(cells, "starts" if is_first else ""))
            is_first = False
    columns = [Column("Gruppe", 46.0), Column("Svar"), *(Column(text) for _, text in question.answers)]
    first = report.figures.find(report.code, item, "option_share", category=question.answers[0][0])
    return {
        "question": question,
        "chart": report.image(charts.options(rows, own_name, all_name, report.new_canvas, width=190)),
        "table": report.table(columns, table, 267.0, DENSE._replace(padding=0.55)) if table else None,
        "base": report.base_text(first),
        "reason": question.reason,
    }


def _theme_sentences(report: Composer, theme: Theme) -> list[str]:
    if report.is_national:
        return []
    scored = [
        sentences.Scored(question.title, report.figures.find(report.code, question.item_id, "mean"))
        for question in theme.questions
        if question.is_scale
    ]
    return sentences.strengths(scored, 3) + sentences.attention_points(scored, 3)


def _group_scores(report: Composer, item_id: str, measure: str) -> Markup | None:
    """Return the scores of every group of every domain that has any figure, as a table."""
    rows = []
    for domain in DOMAINS:
        is_first = True
        for code, name in report.survey.groups(domain).items():
            own = report.figures.find(report.code, item_id, measure, domain=domain, group=code)
            national = report.figures.find(ALL_PARTICIPATING, item_id, measure, domain=domain, group=code)
            if own is None and national is None:
                continue
            cells = [name, report.count_text(own, "valid_n"), report.score_text(own, marks_uncertain=True)]
            if not report.is_national:
                cells.append(report.score_text(national))
            rows.append(Row(cells, "starts" if is_first else ""))
            is_first = False
    columns = [Column("Gruppe", 52.0), Column("Svar"), Column("Score")]
    if not report.is_national:
        columns.append(Column(report.all_short))
    return report.table(columns, rows, style=dense(len(rows), 72.0)) if rows else None


def _question_note(report: Composer, question: Question, own: Figure | None) -> list[str]:
    notes = []
    if own is not None and own.dont_know_n is not None:
        notes.append(f"‘Ved ikke/ikke relevant’ ({numbers.base(own.dont_know_n)}) indgår ikke.")
    else:
        notes.append("‘Ved ikke/ikke relevant’ indgår ikke.")
    smallest = fixed(numbers.percent_number(numbers.SMALLEST_WRITTEN_SHARE))
    notes.append(f"Andele under {smallest}{numbers.NO_BREAK_SPACE}% er ikke skrevet i søjlen.")
    notes.append(f"† Usikkert resultat: færre end {report.data.uncertain_below} svar.")
    notes.append(
        f"Grupper med færre end {report.data.suppress_below} svar vises ikke, og den næstmindste gruppe skjules "
        "også, hvis tallet ellers kan regnes ud."
    )
    if any(
        report.figures.find(report.code, question.item_id, "mean", domain="duration", group=group)
        for group in report.survey.groups("duration")
    ):
        notes.append("Varighed er kun opgjort for aktuelle forløb.")
    notes.append("Svarene er vægtet efter køn, alder, kommune og målgruppe; andelene summerer ikke altid til 100.")
    return notes


def _named(end: Mapping[str, str]) -> tuple[str, str, str]:
    return end["names"], end["score"], end["interval"] or numbers.EN_DASH


def _name_class(name: str) -> str:
    if len(name) > 60 or text_width(name, 20, 600) > 200:
        return "tiny"
    return "small" if max(text_width(word, 26, 600, SERIF) for word in name.split() or [""]) > 54 else ""
