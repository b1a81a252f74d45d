"""
A report as pages: which pages there are, in which order, and the XHTML that WeasyPrint lays out.

Everything printed is a figure of the round, a fact of its plan, or fixed text; names are data and are escaped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from borgerpuls.reporting.canvas import Canvas, NewCanvas
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.pages import about, appendix, development, own, response, results, weighting
from borgerpuls.reporting.report_data import TITLE, ReportData, RoundFacts
from borgerpuls.reporting.tables import Table
from borgerpuls.reporting.templating import environment, truncated


@dataclass
class Document:
    """
    A report ready to lay out: the XHTML of each page and what its images are. Texts still carry their marks.

    `alternatives` has the charts' texts.
    """

    title: str
    running: str
    snapshot_id: str
    facts: RoundFacts
    pages: list[str]
    images: dict[str, Canvas | Table] = field(default_factory=dict)
    logo: bytes | None = None
    alternatives: dict[str, str] = field(default_factory=dict)


class Section(NamedTuple):
    """One page: its template below `templates/reports/pages/`, its line in the contents, what it shows."""

    template: str
    title: str
    level: int
    content: Mapping[str, Any]


def compose(data: ReportData, new_canvas: NewCanvas, first_pages: Sequence[int] | None = None) -> Document:
    """
    Return the pages of one report.

    Args:
        data: What it is made of.
        new_canvas: Makes the drawing surfaces.
        first_pages: Page number of each section, for the contents; default one page each.
    """
    report = Composer(data, new_canvas)
    listed = list(sections(report))
    contents = [
        {
            "title": section.title,
            "level": section.level,
            "section": number,
            "page": first_pages[number - 1] if first_pages else number,
        }
        for number, section in enumerate(listed, 1)
        if section.level
    ]
    title = f"{TITLE} – {report.municipality_title} – {report.data.facts.name}"
    pages = [
        environment()
        .get_template(f"pages/{section.template}")
        .render(
            report=report,
            facts=report.data.facts,
            s=section.content,
            number=number,
            contents=contents,
            title=section.title,
        )
        for number, section in enumerate(listed, 1)
    ]
    running = f"{TITLE} · {truncated(report.municipality_title, 90)} · {report.data.facts.name}"
    return Document(
        *(title, running, report.data.snapshot_id, report.data.facts, pages, report.images),
        logo=report.data.greeting.logo if report.data.greeting else None,
        alternatives=report.alternatives,
    )


def sections(report: Composer) -> Iterator[Section]:
    """Yield the pages of a report in their order; what does not concern it is left out."""
    yield Section("cover.xhtml", "", 0, results.cover(report))
    yield Section("contents.xhtml", "Indhold og læsevejledning", 0, {})
    yield Section("design.xhtml", "Undersøgelsens design", 1, about.design(report))
    yield Section("groups.xhtml", "Undersøgelsens målgrupper", 1, about.target_groups(report))
    yield Section("overview.xhtml", "Resultater – alle spørgsmål på én side", 1, results.overview(report))
    if report.is_national:
        yield Section("spread.xhtml", "Forskelle mellem kommunerne", 1, results.spread(report))
        if table := results.spread_of_questions(report):
            title = "Forskelle mellem kommunerne på spørgsmål"
            yield Section("spread_of_questions.xhtml", title, 1, {"table": table})
    else:
        yield Section("findings.xhtml", "Styrker og opmærksomhedspunkter", 1, results.findings(report))
    if periods := development.over_time(report):
        yield Section("development.xhtml", "Udvikling over tid", 1, periods)
    for theme in report.survey.themes:
        if len(theme.questions) > 1:
            yield Section("theme.xhtml", theme.name, 1, results.theme(report, theme))
        for question in theme.questions:
            level = 2 if len(theme.questions) > 1 else 1
            if question.is_scale:
                yield Section("question.xhtml", question.title, level, results.question(report, question))
            else:
                yield Section("multi.xhtml", question.title, level, results.multi(report, question))
    for place, question in enumerate(report.local_questions):
        template = "question.xhtml" if question.is_scale else "multi.xhtml"
        content = results.question(report, question) if question.is_scale else results.multi(report, question)
        yield Section(template, f"Kommunens eget spørgsmål {place + 1}", 1, content)
    for flag in own.local_flags(report):
        title = "" if flag["is_continued"] else f"Kommunens egen opdeling {flag['number']}"
        yield Section("local_flag.xhtml", title, int(bool(title)), flag)
    for place, answers in enumerate(own.open_answers(report)):
        yield Section("open_answers.xhtml", "" if place else "Borgernes egne ord", 0 if place else 1, answers)
    absent = about.notices(report)
    if not about.are_few(absent):
        for place, columns in enumerate(absent):
            title = "" if place else "Det viser rapporten ikke"
            yield Section("notices.xhtml", title, int(not place), {"columns": columns, "is_continued": place > 0})
    yield Section("response.xhtml", "Bilag: Svarprocent", 1, response.taking_part(report))
    yield Section("nonresponse.xhtml", "Bilag: Frafald", 1, response.nonresponse(report))
    yield Section("representativity.xhtml", "Bilag: Repræsentativitet", 1, response.representativity(report))
    if taking_part := response.participants(report):
        yield Section("participants.xhtml", "Bilag: De deltagende kommuner", 1, taking_part)
    yield Section("weighting.xhtml", "Bilag: Vægtning", 1, weighting.weighting(report))
    for place, cells in enumerate(weighting.merged_cells(report)):
        title = "" if place else "Bilag: Sammenlagte vægtningsceller"
        yield Section("merged_cells.xhtml", title, int(not place), cells)
    yield Section("method.xhtml", "Bilag: Beregninger og usikkerhed", 1, about.method(report))
    yield Section("disclosure.xhtml", "Bilag: Skjulte tal og anonymitet", 1, about.disclosure(report, absent))
    yield Section("glossary.xhtml", "Bilag: Ordliste", 1, {})
    for number, blocks in enumerate(appendix.questionnaire(report), 1):
        yield Section("questionnaire.xhtml", "Bilag: Spørgeskemaet", int(number == 1), {"blocks": blocks})
    if report.is_national:
        for page in appendix.municipalities(report):
            first = page["page"] == 1
            yield Section("municipalities.xhtml", "Bilag: Kommunerne" if first else "", int(first), page)
    for page in appendix.tables(report):
        first = page["page"] == 1
        yield Section("tables.xhtml", "Bilag: Tabeller" if first else "", int(first), page)
    yield Section("colophon.xhtml", "Om denne udgave", 1, about.colophon(report))
