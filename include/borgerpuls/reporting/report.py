"""
A report as pages: which pages there are, what each shows, and the XHTML that WeasyPrint lays out.

Everything printed is a figure of the round, a fact of its plan, or fixed text; names are data and are escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

import jinja2
from markupsafe import Markup

from borgerpuls.codebooks.codebook import subgroup_names
from borgerpuls.codebooks.municipalities import danish_sort_key
from borgerpuls.questionnaire.definition import Item
from borgerpuls.reporting import appendix, charts, numbers, sentences
from borgerpuls.reporting.canvas import Canvas, NewCanvas
from borgerpuls.reporting.charts import Bar, Chart, Curve, Direction, OptionRow, ScoreNames, ScoreRow, ShareRow, Strip
from borgerpuls.reporting.cited import MARKS, CitedFigures, fixed, plain
from borgerpuls.reporting.figures import (
    DOMAINS,
    SCALE_CODES,
    Alarm,
    Figure,
    FigureSet,
    MergedCell,
    Notice,
    TrendPoint,
)
from borgerpuls.reporting.fonts import SERIF, printable, text_width
from borgerpuls.reporting.survey import DOMAIN_NAMES, Question, Survey, Theme, is_local, load_survey, local_question
from borgerpuls.reporting.tables import DENSE, PLAIN, Column, Row, Style, Table, dense
from borgerpuls.resources import resource_folder
from borgerpuls.terms import ALL_PARTICIPATING

TITLE = "Tværkommunal borgerundersøgelse"
ALL_MUNICIPALITIES = 98
_LARGEST_NAME = 200
_LONGEST_SHORT_NAME = 36
"""Of a name beside a number, in a heading or in a sentence; the whole name is on the cover and in the colophon."""
_QUESTIONNAIRE_ROOM = 150.0
"""Height of a column of the questionnaire's appendix, mm."""


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """The plan of a round, as the reports print it."""

    round_id: str
    reference_start_date: date
    reference_end_date: date
    key_date: date
    invitation_date: date
    reminder_1_date: date
    reminder_2_date: date
    close_date: date
    codebook_version: str
    questionnaire_version: str

    @property
    def name(self) -> str:
        """Return "2. halvår 2023"."""
        return numbers.period(self.round_id)


@dataclass(frozen=True, slots=True)
class EarlierRound:
    """A round before this one, for the comparison and the trend."""

    facts: RoundFacts
    figures: FigureSet


class Greeting(NamedTuple):
    """What a municipality says on the first page of its report: at most 200 letters, and its logo as PNG."""

    text: str
    logo: bytes | None


@dataclass(frozen=True)
class ReportData:
    """
    What one report is made of.

    `municipality_code` is a municipality's or "alle". `earlier` is oldest first. Thresholds are numbers of answers.
    """

    facts: RoundFacts
    municipality_code: str
    municipality_names: Mapping[str, str]
    figures: FigureSet
    snapshot_id: str
    code_version: str
    earlier: tuple[EarlierRound, ...] = ()
    suppress_below: int = 5
    uncertain_below: int = 30
    trend: tuple[TrendPoint, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    notices: tuple[Notice, ...] = ()
    merged_cells: tuple[MergedCell, ...] = ()
    open_answers: tuple[tuple[str, str], ...] = ()
    """Item and text of every approved open answer, in the order they are printed."""
    local_items: tuple[Item, ...] = ()
    """The municipality's own questions, `local1` to `local3`."""
    greeting: Greeting | None = None

    def has_alarm(self, item_id: str, measure: str) -> bool:
        """Return whether the fall of a score has raised an alarm."""
        return any((alarm.item_id, alarm.measure) == (item_id, measure) for alarm in self.alarms)

    @property
    def own_words(self) -> list[str]:
        """Return what the municipality and its citizens wrote: every text that is printed as it came."""
        questions = [local_question(item, place) for place, item in enumerate(self.local_items, 1)]
        return [
            *self.municipality_names.values(),
            *(text for _, text in self.open_answers),
            *(figure.domain_group for figure in self.figures if figure.domain.startswith("local_")),
            *(text for question in questions for text in (question.wording, *dict(question.answers).values())),
            *([self.greeting.text] if self.greeting else []),
        ]


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
    return Composer(data, new_canvas).document(first_pages)


class Composer:
    """Builds one report; holds what every page needs. The pages about method are in `appendix.py`."""

    def __init__(self, data: ReportData, new_canvas: NewCanvas) -> None:
        self.data = data
        self.figures = CitedFigures(data.figures)
        self.code = data.municipality_code
        self.is_national = self.code == ALL_PARTICIPATING
        self.survey: Survey = load_survey(data.facts.codebook_version, data.facts.questionnaire_version)
        self.new_canvas = new_canvas
        self.images: dict[str, Canvas | Table] = {}
        self.alternatives: dict[str, str] = {}
        self.participants = len(data.municipality_names)
        everyone = self.participants == ALL_MUNICIPALITIES
        self.all_name = "Hele landet" if everyone else "Deltagende kommuner"
        self.all_short = "Landet" if everyone else "Alle"
        self.all_in_text = "hele landet" if everyone else "de deltagende kommuner"
        name = self.all_name if self.is_national else data.municipality_names[self.code]
        self.name = printable(name)[:_LARGEST_NAME]
        self.municipality_title = self.name if self.is_national or self.name.endswith("Kommune") else (
            f"{self.name} Kommune"
        )  # fmt: skip
        self.short_name = _truncated(self.name, _LONGEST_SHORT_NAME)
        self.in_place = self.all_in_text if self.is_national else self.short_name
        self.earlier = tuple(EarlierRound(one.facts, CitedFigures(one.figures)) for one in data.earlier)
        self.previous = self.earlier[-1] if self.earlier else None
        self.places = [self.code] if self.is_national else [self.code, ALL_PARTICIPATING]
        self.local_questions = tuple(local_question(item, place) for place, item in enumerate(data.local_items, 1))

    # Pages ------------------------------------------------------------------------------------------------------------

    def document(self, first_pages: Sequence[int] | None) -> Document:
        sections = list(self.sections())
        contents = [
            {
                "title": section.title,
                "level": section.level,
                "section": number,
                "page": first_pages[number - 1] if first_pages else number,
            }
            for number, section in enumerate(sections, 1)
            if section.level
        ]
        title = f"{TITLE} – {self.municipality_title} – {self.data.facts.name}"
        pages = [
            environment()
            .get_template(f"pages/{section.template}")
            .render(
                report=self,
                facts=self.data.facts,
                s=section.content,
                number=number,
                contents=contents,
                title=section.title,
            )
            for number, section in enumerate(sections, 1)
        ]
        running = f"{TITLE} · {_truncated(self.municipality_title, 90)} · {self.data.facts.name}"
        return Document(
            *(title, running, self.data.snapshot_id, self.data.facts, pages, self.images),
            logo=self.data.greeting.logo if self.data.greeting else None,
            alternatives=self.alternatives,
        )

    def sections(self) -> Iterable[Section]:
        yield Section("cover.xhtml", "", 0, self.cover())
        yield Section("contents.xhtml", "Indhold og læsevejledning", 0, {})
        yield Section("design.xhtml", "Undersøgelsens design", 1, self.design())
        yield Section("groups.xhtml", "Undersøgelsens målgrupper", 1, self.target_groups())
        yield Section("overview.xhtml", "Resultater – alle spørgsmål på én side", 1, self.overview())
        if self.is_national:
            yield Section("spread.xhtml", "Forskelle mellem kommunerne", 1, self.spread())
            if questions := appendix.spread_of_questions(self):
                content = {"table": questions}
                yield Section("spread_of_questions.xhtml", "Forskelle mellem kommunerne på spørgsmål", 1, content)
        else:
            yield Section("findings.xhtml", "Styrker og opmærksomhedspunkter", 1, self.findings())
        if development := appendix.development(self):
            yield Section("development.xhtml", "Udvikling over tid", 1, development)
        for theme in self.survey.themes:
            if len(theme.questions) > 1:
                yield Section("theme.xhtml", theme.name, 1, self.theme(theme))
            for question in theme.questions:
                level = 2 if len(theme.questions) > 1 else 1
                if question.is_scale:
                    yield Section("question.xhtml", question.title, level, self.question(question))
                else:
                    yield Section("multi.xhtml", question.title, level, self.multi(question))
        for place, question in enumerate(self.local_questions):
            template = "question.xhtml" if question.is_scale else "multi.xhtml"
            content = self.question(question) if question.is_scale else self.multi(question)
            yield Section(template, f"Kommunens eget spørgsmål {place + 1}", 1, content)
        for flag in appendix.local_flags(self):
            title = "" if flag["is_continued"] else f"Kommunens egen opdeling {flag['number']}"
            yield Section("local_flag.xhtml", title, int(bool(title)), flag)
        for place, answers in enumerate(appendix.open_answers(self)):
            yield Section("open_answers.xhtml", "" if place else "Borgernes egne ord", 0 if place else 1, answers)
        for place, columns in enumerate(appendix.notices(self)):
            title = "" if place else "Det viser rapporten ikke"
            yield Section("notices.xhtml", title, int(not place), {"columns": columns, "is_continued": place > 0})
        yield Section("response.xhtml", "Bilag: Svarprocent", 1, self.response())
        yield Section("nonresponse.xhtml", "Bilag: Frafald", 1, appendix.nonresponse(self))
        yield Section("representativity.xhtml", "Bilag: Repræsentativitet", 1, self.representativity())
        if taking_part := appendix.participants(self):
            yield Section("participants.xhtml", "Bilag: De deltagende kommuner", 1, taking_part)
        yield Section("weighting.xhtml", "Bilag: Vægtning", 1, self.weighting())
        for place, cells in enumerate(appendix.merged_cells(self)):
            title = "" if place else "Bilag: Sammenlagte vægtningsceller"
            yield Section("merged_cells.xhtml", title, 0 if place else 1, cells)
        yield Section("method.xhtml", "Bilag: Beregninger og usikkerhed", 1, self.method())
        yield Section("disclosure.xhtml", "Bilag: Skjulte tal og anonymitet", 1, self.disclosure())
        yield Section("glossary.xhtml", "Bilag: Ordliste", 1, {})
        yield from self.questionnaire_pages()
        if self.is_national:
            for page in appendix.municipalities(self):
                first = page["page"] == 1
                yield Section("municipalities.xhtml", "Bilag: Kommunerne" if first else "", int(first), page)
        yield from self.table_pages()
        yield Section("colophon.xhtml", "Om denne udgave", 1, self.colophon())

    def cover(self) -> dict[str, Any]:
        rows = [self.score_row(theme.name, theme.code, "category_mean") for theme in self.survey.themes]
        names = self.score_names()
        scored = self.scored_themes()
        rate = self.response_value("response_rate")
        national_rate = self.response_value("response_rate", ALL_PARTICIPATING)
        if self.is_national:
            title = "Borgernes tilfredshed med jobcentret i de deltagende kommuner"
            lead = sentences.summary_lead(scored) or self.no_scores()
        else:
            place = self.name if self.name == self.short_name else "Kommunen"
            title = sentences.finding_title(place, scored, self.response_value("answered_n"))
            lead = sentences.summary_lead(scored) or self.no_scores()
        if not names.has_trend:
            lead = " ".join([lead, *self.development_in_short()])
        row_height = 14.4 if len(rows) <= 6 else 86.4 / len(rows)
        return {
            "title": title,
            "lead": lead,
            "plot": self.image(charts.score_plot(rows, names, self.new_canvas, row_height=row_height)),
            "rate": None if rate is None else numbers.percent(rate),
            "national_rate": None if national_rate is None else numbers.percent(national_rate),
            "answered": self.response_count("answered_n"),
            "strengths": sentences.strengths(scored, 2),
            "attention": sentences.attention_points(scored, 2),
            "has_difference": not self.is_national and self.has_scores,
            "name_class": _name_class(self.municipality_title),
            "greeting": printable(self.data.greeting.text) if self.data.greeting else "",
            "has_logo": self.data.greeting is not None and self.data.greeting.logo is not None,
        }

    def design(self) -> dict[str, Any]:
        facts = self.data.facts
        steps = [
            ("Population", self.response_count("population_n"), "borgere opfylder betingelserne"),
            ("Stikprøve", self.response_count("sampled_n"), "borgere er udtrukket"),
            ("Svar", self.response_count("answered_n"), "borgere har svaret helt eller delvist"),
        ]
        period = f"{numbers.day(facts.reference_start_date)} – {numbers.day(facts.reference_end_date)}"
        names = sorted(map(printable, self.data.municipality_names.values()), key=danish_sort_key)
        return {
            "steps": steps,
            "rate": _percent_or_none(self.response_value("response_rate")),
            "complete_rate": _percent_or_none(self.response_value("complete_rate")),
            "municipalities": names,
            "calendar": self.table(
                [Column("Trin", 40.0), Column("Dato")],
                [
                    Row(("Forløb i perioden", period)),
                    Row(("Opgjort pr.", numbers.day(facts.key_date))),
                    Row(("Invitation sendt", numbers.day(facts.invitation_date))),
                    Row(("1. påmindelse", numbers.day(facts.reminder_1_date))),
                    Row(("2. påmindelse", numbers.day(facts.reminder_2_date))),
                    Row(("Sidste svardag", numbers.day(facts.close_date))),
                ],
            ),
        }

    def target_groups(self) -> dict[str, Any]:
        groups = [
            (
                name,
                _percent_or_none(
                    self.figures.value(self.code, "response", "population_share", domain="target_group", group=code)
                ),
                subgroup_names(self.survey.codebook, code),
            )
            for code, name in self.survey.groups("target_group").items()
        ]
        return {"groups": groups}

    def overview(self) -> dict[str, Any]:
        rows = [
            self.score_row(question.title, question.item_id, "mean", group=theme.name)
            for theme in self.survey.themes
            for question in theme.questions
            if question.is_scale
        ]
        groups = len({row.group for row in rows})
        row_height = min(7.4, (132.0 - 6.4 * groups) / max(len(rows), 1))
        chart = charts.score_plot(
            rows, self.score_names(), self.new_canvas, width=267, row_height=row_height, is_compact=True
        )
        return {"plot": self.image(chart)}

    def findings(self) -> dict[str, Any]:
        questions = [
            sentences.Scored(question.title, self.figures.find(self.code, question.item_id, "mean"))
            for question in self.survey.questions
            if question.is_scale
        ]
        scored = self.scored_themes()
        tested = sum(score.figure is not None and score.figure.value is not None for score in questions)
        return {
            "theme_strengths": sentences.strengths(scored),
            "theme_attention": sentences.attention_points(scored),
            "strengths": sentences.strengths(questions, 8),
            "attention": sentences.attention_points(questions, 8),
            "tested": tested,
            "development": self.development(),
            "alarms": appendix.alarms(self),
        }

    def spread(self) -> dict[str, Any]:
        rows = []
        for theme in self.survey.themes:
            ordered = self.figures.over_municipalities(theme.code, "category_mean")
            if len(ordered) < 2:
                continue
            rows.append(
                {
                    "name": theme.name,
                    "lowest": self.extremes(ordered, 0),
                    "highest": self.extremes(ordered, -1),
                    "spread": numbers.decimal_text((ordered[-1].value or 0.0) - (ordered[0].value or 0.0), 2),
                    "strip": self.strip_image(theme.code, "category_mean", width=96.0),
                }
            )
        return {"rows": rows}

    def extremes(self, ordered: Sequence[Figure], place: int) -> dict[str, str]:
        """Return who has the lowest or highest score as printed; those with the same printed score are all named."""
        figure = ordered[place]
        printed = numbers.score(figure.value or 0.0)
        tied = [other for other in ordered if plain(numbers.score(other.value or 0.0)) == plain(printed)]
        names = sorted((self.municipality_name(other.municipality_code) for other in tied), key=danish_sort_key)
        interval = (
            numbers.interval(figure.lower, figure.upper)
            if len(tied) == 1 and figure.lower is not None and figure.upper is not None
            else ""
        )
        return {"names": numbers.enumeration(names), "score": printed, "interval": interval}

    def theme(self, theme: Theme) -> dict[str, Any]:
        figure = self.figures.find(self.code, theme.code, "category_mean")
        rows = [
            self.score_row(question.title, question.item_id, "mean")
            for question in theme.questions
            if question.is_scale
        ]
        names = self.score_names()
        questions = charts.score_plot(rows, names, self.new_canvas, width=267, row_height=8.0, is_compact=True)
        return {
            "name": theme.name,
            "about": theme.about,
            "box": self.score_box(figure, theme.code, "category_mean"),
            "questions": self.image(questions),
            "strip": self.strip_image(theme.code, "category_mean"),
            "groups": self.group_scores(theme.code, "category_mean"),
            "sentences": self.theme_sentences(theme),
            "is_compared": not self.is_national and any(row.score is not None for row in rows),
        }

    def theme_sentences(self, theme: Theme) -> list[str]:
        if self.is_national:
            return []
        scored = [
            sentences.Scored(question.title, self.figures.find(self.code, question.item_id, "mean"))
            for question in theme.questions
            if question.is_scale
        ]
        return sentences.strengths(scored, 3) + sentences.attention_points(scored, 3)

    def group_scores(self, item_id: str, measure: str) -> Markup | None:
        """Return the scores of every group of every domain that has any figure, as a table."""
        rows = []
        for domain in DOMAINS:
            is_first = True
            for code, name in self.survey.groups(domain).items():
                own = self.figures.find(self.code, item_id, measure, domain=domain, group=code)
                national = self.figures.find(ALL_PARTICIPATING, item_id, measure, domain=domain, group=code)
                if own is None and national is None:
                    continue
                cells = [name, self.count_text(own, "valid_n"), self.score_text(own, marks_uncertain=True)]
                if not self.is_national:
                    cells.append(self.score_text(national))
                rows.append(Row(cells, "starts" if is_first else ""))
                is_first = False
        columns = [Column("Gruppe", 52.0), Column("Svar"), Column("Score")]
        if not self.is_national:
            columns.append(Column(self.all_short))
        return self.table(columns, rows, style=dense(len(rows), 72.0)) if rows else None

    def question(self, question: Question) -> dict[str, Any]:
        item, measure = question.item_id, "mean"
        own = self.figures.find(self.code, item, measure)
        bars = [self.bar(self.short_name, item, self.code, is_own=True)]
        if not self.is_national and not question.is_local:
            bars.append(self.bar(self.all_name, item, ALL_PARTICIPATING))
        if self.previous and not question.is_local:
            bars.append(self.bar(self.previous.facts.name, item, self.code, figures=self.previous.figures))
        parts = [("Samlet", "left", bars)]
        for domain in DOMAINS:
            rows = [
                self.bar(name, item, self.code, domain=domain, group=code)
                for code, name in self.survey.groups(domain).items()
                if self.is_asked(item, domain, code)
            ]
            if rows:
                parts.append(
                    (DOMAIN_NAMES[domain], "left" if domain in {"target_group", "duration"} else "right", rows)
                )
        label_width = charts.label_room([bar for _, _, rows in parts for bar in rows])  # all bars of a page begin alike
        drawn = [(name, side, self.distribution(rows, question, label_width)) for name, side, rows in parts]
        return {
            "question": question,
            "box": self.score_box(own, item, measure),
            "legend": self.image(charts.legend(question.scale_names, self.new_canvas), "legend"),
            "left": [(name, image) for name, side, image in drawn if side == "left"],
            "right": [(name, image) for name, side, image in drawn if side == "right"],
            "strip": self.strip_image(item, measure),
            "note": self.question_note(question, own),
        }

    def multi(self, question: Question) -> dict[str, Any]:
        item = question.item_id
        own_name, all_name = self.short_name, "" if self.is_national or question.is_local else self.all_name
        rows = [
            OptionRow(
                text,
                self.figures.value(self.code, item, "option_share", category=code),
                None
                if self.is_national
                else self.figures.value(ALL_PARTICIPATING, item, "option_share", category=code),
                hidden=self.hidden_text(self.figures.find(self.code, item, "option_share", category=code)),
            )
            for code, text in question.answers
        ]
        table = []
        for domain in ("duration", "status", "sex", "age_group"):
            is_first = True
            for group, name in self.survey.groups(domain).items():
                place = {"domain": domain, "group": group}
                if not any(
                    self.figures.find(where, item, "option_share", category=code, **place)
                    for code, _ in question.answers
                    for where in (self.code, ALL_PARTICIPATING)
                ):
                    continue
                shares = [
                    self.figures.find(self.code, item, "option_share", category=code, **place)
                    for code, _ in question.answers
                ]
                cells = [name, self.count_text(shares[0], "valid_n"), *map(self.share_text, shares)]
                table.append(Row(cells, "starts" if is_first else ""))
                is_first = False
        columns = [Column("Gruppe", 46.0), Column("Svar"), *(Column(text) for _, text in question.answers)]
        first = self.figures.find(self.code, item, "option_share", category=question.answers[0][0])
        return {
            "question": question,
            "chart": self.image(charts.options(rows, own_name, all_name, self.new_canvas, width=190)),
            "table": self.table(columns, table, 267.0, DENSE._replace(padding=0.55)) if table else None,
            "base": self.base_text(first),
            "reason": question.reason,
        }

    def response(self) -> dict[str, Any]:
        facts = self.data.facts
        own, national = self.curve(self.code), self.curve(ALL_PARTICIPATING)
        image = None
        if own:
            marks = (
                ((facts.reminder_1_date - facts.invitation_date).days, "1. påmindelse"),
                ((facts.reminder_2_date - facts.invitation_date).days, "2. påmindelse (digital post og sms)"),
            )
            model = Curve(
                own,
                self.all_short if self.is_national else self.short_name,
                () if self.is_national else national,
                "" if self.is_national else self.all_short,
                marks,
            )
            image = self.image(charts.response_curve(model, self.new_canvas))
        rows = [
            Row([label, *(self.response_text(measure, place) for place in self.places)])
            for label, measure in (
                ("Population", "population_n"),
                ("Stikprøve", "sampled_n"),
                ("Svar i alt", "answered_n"),
                ("– heraf gennemført", "complete_n"),
                ("– heraf delvist besvaret", "partial_n"),
                ("Svarprocent", "response_rate"),
                ("Andel, der har gennemført", "complete_rate"),
            )
        ]
        return {
            "curve": image,
            "counts": self.table(self.place_columns("Opgørelse", 50.0), rows),
            "groups": appendix.response_by_group(self),
            "time": appendix.completion_time(self),
            "standard": appendix.standard_rates(self) if self.is_national else None,
        }

    def representativity(self) -> dict[str, Any]:
        rows = []
        for domain in ("sex", "age_group", "target_group"):
            is_first = True
            for code, name in self.survey.groups(domain).items():
                values = [
                    self.figures.value(self.code, "response", measure, domain=domain, group=code)
                    for measure in ("population_share", "sample_share", "respondent_share")
                ]
                if any(value is not None for value in values):
                    cells = [numbers.EN_DASH if value is None else numbers.percent(value) for value in values]
                    rows.append(Row([name, *cells], "starts" if is_first else ""))
                    is_first = False
        columns = [Column("Gruppe", 48.0), Column("Population"), Column("Stikprøve"), Column("Svar")]
        return {
            "rows": self.table(columns, rows) if rows else None,
            "plot": self.share_plot("population_share", "sample_share", "Population", "Stikprøve"),
        }

    def weighting(self) -> dict[str, Any]:
        population = self.response_value("population_n")
        answered = self.response_value("answered_n")
        mean_weight = numbers.decimal_text(population / answered, 1) if population and answered else None
        facts = []
        for label, measure, decimals in (
            ("Mindste vægt", "weight_min", 2),
            ("Største vægt", "weight_max", 2),
            ("Designeffekt (Kish)", "design_effect", 2),
            ("Effektivt antal svar", "effective_n", 0),
        ):
            value = self.figures.value(self.code, "weighting", measure)
            if value is not None:
                facts.append(Row([label, numbers.decimal_text(value, decimals)]))
        return {
            "mean_weight": mean_weight,
            "population": self.response_count("population_n"),
            "answered": self.response_count("answered_n"),
            "facts": self.table([Column("Mål", 60.0), Column("Værdi")], facts) if facts else None,
            "example": appendix.weighting_example(self),
        }

    def method(self) -> dict[str, Any]:
        return {"themes": self.survey.themes, "minimum_valid_share": self.survey.codebook.minimum_valid_share}

    def disclosure(self) -> dict[str, Any]:
        own = [figure for figure in self.figures if figure.municipality_code == self.code]
        hidden = [figure for figure in own if figure.is_suppressed and figure.measure in {"mean", "category_mean"}]
        shown = [figure for figure in own if not figure.is_suppressed and figure.measure in {"mean", "category_mean"}]
        rows = [
            Row(("Vises", numbers.count(len(shown)))),
            Row(("– heraf mærket † (usikre)", numbers.count(sum(figure.is_uncertain for figure in shown)))),
            Row(("Skjult", numbers.count(len(hidden)))),
        ]
        return {"counts": self.table([Column("Scorer for spørgsmål, temaer og grupper", 90.0), Column("Antal")], rows)}

    def questionnaire_pages(self) -> Iterable[Section]:
        blocks = []
        for title, lead, items in self.survey.pages:
            entries = [
                {
                    "wordings": [variant.text["da"] for variant in item.variants] or [item.present["da"]],
                    "past": "" if item.variants or item.past == item.present else item.past["da"],
                    "answers": " · ".join(option.text["da"] for option in item.options) or "Fritekst",
                    "asked": self.asked_text(item.item_id),
                }
                for item in items
            ]
            blocks.append(({"title": title, "lead": lead, "items": entries}, _block_height(title, lead, entries)))
        pages = appendix.in_columns(blocks, _QUESTIONNAIRE_ROOM)
        for number, page in enumerate(pages, 1):
            yield Section("questionnaire.xhtml", "Bilag: Spørgeskemaet", 1 if number == 1 else 0, {"blocks": page})

    def asked_text(self, item_id: str) -> str:
        known = {question.item_id: question.asked for question in self.survey.questions}
        return known.get(item_id, "Kun sygedagpengemodtagere." if item_id == "employer" else "")

    def table_pages(self) -> Iterable[Section]:
        questions = [one for one in (*self.survey.questions, *self.local_questions) if one.is_scale]
        for number in range(0, len(questions), 2):
            tables = [self.question_table(question) for question in questions[number : number + 2]]
            yield Section("tables.xhtml", "Bilag: Tabeller" if not number else "", 1 if not number else 0, {
                "tables": tables,
                "page": number // 2 + 1,
                "pages": -(-len(questions) // 2),
            })  # fmt: skip

    def question_table(self, question: Question) -> Markup:
        item = question.item_id
        rows = [Row(self.table_cells(self.name, item, self.code), "strong")]
        if not self.is_national and not question.is_local:
            rows.append(Row(self.table_cells(self.all_name, item, ALL_PARTICIPATING)))
        for domain in DOMAINS:
            is_first = True
            for code, name in self.survey.groups(domain).items():
                if self.is_asked(item, domain, code):
                    cells = self.table_cells(name, item, self.code, domain=domain, group=code)
                    rows.append(Row(cells, "starts" if is_first else ""))
                    is_first = False
        columns = [
            Column("Gruppe", 52.0),
            Column("Svar"),
            *(Column(name) for name in question.scale_names),
            Column("Score"),
            Column("95 % interval", 24.0),
            Column("Ved ikke"),
        ]
        return self.table(columns, rows, 267.0, DENSE, question.heading)

    def table_cells(self, name: str, item: str, code: str, *, domain: str = "all", group: str = "") -> list[str]:
        mean = self.figures.find(code, item, "mean", domain=domain, group=group)
        shares = [
            self.figures.find(code, item, "share", category=answer, domain=domain, group=group)
            for answer in SCALE_CODES
        ]
        interval = numbers.EN_DASH
        if mean is not None and mean.lower is not None and mean.upper is not None:
            interval = numbers.interval(mean.lower, mean.upper)
        return [
            _truncated(name, 30),
            self.count_text(mean, "valid_n"),
            *(self.share_text(share, decimals=1, sign="") for share in shares),
            self.score_text(mean, marks_uncertain=True),
            interval,
            self.count_text(mean, "dont_know_n"),
        ]

    def colophon(self) -> dict[str, Any]:
        rows = [Row(row) for row in (
            ("Runde", self.data.facts.name),
            ("Område", self.municipality_title),
            ("Sidste svardag", numbers.day(self.data.facts.close_date)),
            ("Kodebog", self.data.facts.codebook_version),
            ("Spørgeskema", self.data.facts.questionnaire_version),
            ("Øjebliksbillede af svarene", self.data.snapshot_id),
            ("Programversion", self.data.code_version),
        )]  # fmt: skip
        return {"facts": self.table([Column("Oplysning", 48.0), Column("Værdi")], rows)}

    # Pieces ----------------------------------------------------------------------------------------------------------

    def image(self, chart: Chart, css_class: str = "chart") -> Markup:
        """Return the `img` of a chart, and remember its canvas under the address."""
        address = f"chart:{len(self.images)}"
        self.images[address] = chart.canvas
        self.alternatives[address] = chart.alternative
        alternative = plain(printable(chart.alternative, MARKS))
        return Markup('<img class="{}" src="{}" alt="{}"/>').format(css_class, address, alternative)

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Row],
        width: float = charts.COLUMN,
        style: Style = PLAIN,
        caption: str = "",
    ) -> Markup:
        """Return the `img` of a table, and remember it under the address."""
        clean = [Row([printable(cell, MARKS) for cell in row.cells], row.kind) for row in rows]
        heads = [column._replace(heading=printable(column.heading, MARKS)) for column in columns]
        address = f"table:{len(self.images)}"
        self.images[address] = Table(heads, clean, width, style, printable(caption, MARKS))
        return Markup('<img class="table" src="{}" alt="Tabel"/>').format(address)

    def distribution(self, bars: Sequence[Bar], question: Question, label_width: float) -> Markup:
        return self.image(charts.distribution(bars, question.scale_names, self.new_canvas, label_width=label_width))

    def score_names(self) -> ScoreNames:
        return ScoreNames(
            own=f"{self.short_name}, {self.data.facts.name}",
            national="" if self.is_national else f"{self.all_name} ({self.participants} kommuner)",
            previous=self.previous.facts.name if self.previous else "",
            national_column=self.all_short,
            has_trend=len({point.period for point in self.data.trend if point.measure == "category_mean"}) >= 3,
        )

    def scored_themes(self) -> list[sentences.Scored]:
        return [
            sentences.Scored(
                theme.name,
                self.figures.find(self.code, theme.code, "category_mean"),
                self.data.has_alarm(theme.code, "category_mean"),
            )
            for theme in self.survey.themes
        ]

    def score_row(self, label: str, item_id: str, measure: str, group: str = "") -> ScoreRow:
        own = self.figures.find(self.code, item_id, measure)
        national = None if self.is_national else self.figures.value(ALL_PARTICIPATING, item_id, measure)
        return ScoreRow(
            label=label,
            score=own.value if own else None,
            lower=own.lower if own else None,
            upper=own.upper if own else None,
            national=national,
            previous=self.previous_value(item_id, measure),
            difference=None if self.is_national or own is None else own.difference_to_all,
            direction=_direction(own),
            is_uncertain=bool(own and own.is_uncertain),
            hidden=self.hidden_text(own),
            trend=self.trend(item_id, measure, self.code),
            trend_national=() if self.is_national else self.trend(item_id, measure, ALL_PARTICIPATING),
            group=group,
        )

    @property
    def has_scores(self) -> bool:
        """Whether any theme's score of the report's own place is shown."""
        return any(score.figure is not None and score.figure.value is not None for score in self.scored_themes())

    def no_scores(self) -> str:
        return sentences.no_scores(self.in_place, self.response_value("answered_n"), self.all_in_text)

    @property
    def has_uncertain_themes(self) -> bool:
        return any(score.figure is not None and score.figure.is_uncertain for score in self.scored_themes())

    def previous_value(self, item_id: str, measure: str) -> float | None:
        if self.previous is None or self.is_broken(item_id, self.previous) or is_local(item_id):
            return None
        return self.previous.figures.value(self.code, item_id, measure)

    def trend(self, item_id: str, measure: str, code: str) -> tuple[tuple[str, float], ...]:
        """Return the unbroken line of periods up to this one; a break or a gap ends it."""
        line: list[tuple[str, float]] = []
        for point in reversed(appendix.points(self, code, item_id, measure)):
            if point.value is None:
                break
            line.append((point.period, point.value))
            if point.is_break_before:
                break
        return tuple(reversed(line))

    def is_broken(self, item_id: str, earlier: EarlierRound) -> bool:
        """Return whether a category is not the same in an earlier round's codebook."""
        crosswalk = self.survey.codebook.crosswalk_to(earlier.facts.codebook_version)
        return item_id in crosswalk.broken_categories

    def development(self) -> list[str]:
        """Return what is said about the period before: what changed for certain, and what cannot be compared."""
        since, broken = self.period_before()
        if not since:
            return [f"Der er ingen tidligere resultater for {self.in_place} at sammenligne med."]
        scored = self.scored_themes()
        changed = sentences.changes(scored)
        alarmed = sentences.only_alarmed(scored)
        if changed:
            said = [f"Siden {since}:", *changed]
        else:
            nobody = "Ingen af de øvrige temaer" if alarmed else "Ingen af temaerne"
            said = [f"{nobody} er sikkert steget eller faldet siden {since}."]
        return [*said, *([sentences.ALARM_RULE] if alarmed else []), *sentences.not_compared(broken)]

    def development_in_short(self) -> list[str]:
        """Return the same by names alone, for a summary without curves; nothing where there is no period before."""
        since, broken = self.period_before()
        if not since:
            return []
        return [sentences.development(since, self.scored_themes()), *sentences.not_compared(broken)]

    def period_before(self) -> tuple[str, list[str]]:
        """Return the latest period with scores of the same themes, ours or imported, and the themes that changed since."""
        lines = {
            theme.name: appendix.points(self, self.code, theme.code, "category_mean") for theme in self.survey.themes
        }
        periods = {
            (point.period, point.period_name)
            for line in lines.values()
            for point in line
            if point.period < self.data.facts.round_id and point.value is not None
        }
        if not periods:
            return "", []
        return max(periods)[1], [name for name, line in lines.items() if line and line[-1].is_break_before]

    def bar(
        self,
        label: str,
        item_id: str,
        code: str,
        *,
        domain: str = "all",
        group: str = "",
        is_own: bool = False,
        figures: FigureSet | None = None,
    ) -> Bar:
        figures = figures or self.figures
        mean = figures.find(code, item_id, "mean", domain=domain, group=group)
        values = [
            figures.value(code, item_id, "share", category=answer, domain=domain, group=group) for answer in SCALE_CODES
        ]
        known = tuple(value for value in values if value is not None)
        is_shown = mean is not None and mean.value is not None and len(known) == len(SCALE_CODES)
        return Bar(
            label=label,
            base=self.base_text(mean),
            shares=known if is_shown else None,
            score=mean.value if mean is not None and is_shown else None,
            is_own=is_own,
            is_uncertain=bool(mean and mean.is_uncertain),
            hidden=self.hidden_text(mean),
        )

    def is_asked(self, item_id: str, domain: str, group: str) -> bool:
        """Return whether a group has a line on a question: someone of it, here or elsewhere, was asked."""
        asked_groups = self.survey.codebook.item_target_groups.get(item_id)
        if domain == "target_group" and asked_groups is not None:
            return group in asked_groups
        return any(
            self.figures.find(code, item_id, "mean", domain=domain, group=group) is not None
            for code in (self.code, ALL_PARTICIPATING)
        )

    def score_box(self, own: Figure | None, item_id: str, measure: str) -> dict[str, Any]:
        lines = []
        if own is not None and own.lower is not None and own.upper is not None:
            lines.append(f"95{numbers.NO_BREAK_SPACE}% sikkerhedsinterval {numbers.interval(own.lower, own.upper)}")
        elif own is not None and own.value is not None:
            lines.append("For få svar til et sikkerhedsinterval")
        elif own is None or own.value is None:
            lines.append(self.hidden_text(own))
        comparisons = []
        national = self.figures.value(ALL_PARTICIPATING, item_id, measure)
        if not self.is_national and national is not None:
            comparisons.append(f"{self.all_name} {numbers.score(national)}")
        previous = self.previous_value(item_id, measure)
        if previous is not None:
            comparisons.append(f"Forrige runde {numbers.score(previous)}")
        if comparisons:
            lines.append(" · ".join(comparisons))
        direction = _direction(own)
        verdict = {
            "better": "Sikkert over de øvrige kommuner",
            "worse": "Sikkert under de øvrige kommuner",
            "unsure": "Ingen sikker forskel til de øvrige kommuner",
        }.get(direction, "")
        return {
            "name": f"Score i {self.in_place}",
            "score": self.score_text(own),
            "lines": lines,
            "verdict": "" if self.is_national or is_local(item_id) else verdict,
        }

    def strip_image(self, item_id: str, measure: str, width: float = charts.COLUMN) -> Markup | None:
        ordered = self.figures.over_municipalities(item_id, measure)
        if len(ordered) < 3:
            return None
        lowest, highest = "Laveste kommune", "Højeste kommune"
        if self.is_national:
            lowest = self.extremes(ordered, 0)["names"]
            highest = self.extremes(ordered, -1)["names"]
        model = Strip(
            values=tuple(figure.value for figure in ordered if figure.value is not None),
            national=self.figures.value(ALL_PARTICIPATING, item_id, measure),
            national_name=self.all_short,
            own=None if self.is_national else self.figures.value(self.code, item_id, measure),
            own_name=self.short_name,
            lowest_name=lowest,
            highest_name=highest,
        )
        return self.image(charts.strip(model, self.new_canvas, width))

    def share_plot(self, before: str, after: str, before_name: str, after_name: str) -> Markup | None:
        rows = []
        for domain in ("sex", "age_group", "target_group"):
            is_first = True
            for code, name in self.survey.groups(domain).items():
                values = [
                    self.figures.value(self.code, "response", measure, domain=domain, group=code)
                    for measure in (before, after)
                ]
                if values != [None, None]:
                    rows.append(ShareRow(name, values[0], values[1], starts_part=is_first))
                    is_first = False
        return self.image(charts.shares(rows, before_name, after_name, self.new_canvas)) if rows else None

    def curve(self, code: str) -> tuple[tuple[int, float], ...]:
        points = [
            (int(figure.domain_group), figure.value)
            for figure in self.figures.groups(code, "response", "cumulative_rate", "day")
            if figure.value is not None
        ]
        return tuple(sorted(points))

    def question_note(self, question: Question, own: Figure | None) -> list[str]:
        notes = []
        if own is not None and own.dont_know_n is not None:
            notes.append(f"‘Ved ikke/ikke relevant’ ({numbers.base(own.dont_know_n)}) indgår ikke.")
        else:
            notes.append("‘Ved ikke/ikke relevant’ indgår ikke.")
        smallest = fixed(numbers.percent_number(numbers.SMALLEST_WRITTEN_SHARE))
        notes.append(f"Andele under {smallest}{numbers.NO_BREAK_SPACE}% er ikke skrevet i søjlen.")
        notes.append(f"† Usikkert resultat: færre end {self.data.uncertain_below} svar.")
        notes.append(
            f"Grupper med færre end {self.data.suppress_below} svar vises ikke, og den næstmindste gruppe skjules "
            "også, hvis tallet ellers kan regnes ud."
        )
        if any(
            self.figures.find(self.code, question.item_id, "mean", domain="duration", group=group)
            for group in self.survey.groups("duration")
        ):
            notes.append("Varighed er kun opgjort for aktuelle forløb.")
        notes.append("Svarene er vægtet efter køn, alder og målgruppe; andelene summerer ikke altid til 100.")
        return notes

    def hidden_text(self, figure: Figure | None) -> str:
        """Return why there is no number; one text for every reason, as the reason itself would tell something."""
        return "Vises ikke af hensyn til anonymitet" if figure is not None and figure.is_suppressed else "Ingen svar"

    def base_text(self, figure: Figure | None) -> str:
        return "" if figure is None or figure.valid_n is None else numbers.base(figure.valid_n)

    def score_text(self, figure: Figure | None, *, marks_uncertain: bool = False) -> str:
        if figure is None or figure.value is None:
            return numbers.EN_DASH
        return f"{numbers.score(figure.value)}{' †' if marks_uncertain and figure.is_uncertain else ''}"

    def count_text(self, figure: Figure | None, name: Literal["valid_n", "dont_know_n"]) -> str:
        value = None if figure is None else getattr(figure, name)
        return numbers.EN_DASH if value is None else numbers.count(value)

    def share_text(self, figure: Figure | None, decimals: int = 0, sign: str = f"{numbers.NO_BREAK_SPACE}%") -> str:
        if figure is None or figure.value is None:
            return numbers.EN_DASH
        return f"{numbers.percent_number(figure.value, decimals)}{sign}"

    def place_columns(self, heading: str, width: float) -> list[Column]:
        """Return the columns of a table of own numbers beside all participating's."""
        return [Column(heading, width), Column(self.short_name), Column(self.all_name)][: 1 + len(self.places)]

    def response_value(self, measure: str, code: str | None = None) -> float | None:
        return self.figures.value(code or self.code, "response", measure)

    def response_count(self, measure: str) -> str:
        value = self.response_value(measure)
        return numbers.EN_DASH if value is None else numbers.count(value)

    def response_text(self, measure: str, code: str) -> str:
        value = self.response_value(measure, code)
        if value is None:
            return numbers.EN_DASH
        return numbers.percent(value) if measure.endswith("_rate") else numbers.count(value)

    def municipality_name(self, code: str) -> str:
        return printable(self.data.municipality_names.get(code, code))


def _direction(figure: Figure | None) -> Direction:
    if figure is None or figure.value is None or figure.difference_to_rest is None:
        return "none"
    if figure.is_better_than_rest:
        return "better"
    return "worse" if figure.is_worse_than_rest else "unsure"


def _percent_or_none(value: float | None) -> str | None:
    return None if value is None else numbers.percent(value)


def _name_class(name: str) -> str:
    if len(name) > 60 or text_width(name, 20, 600) > 200:
        return "tiny"
    return "small" if max(text_width(word, 26, 600, SERIF) for word in name.split() or [""]) > 54 else ""


def _block_height(title: str, lead: str, entries: Sequence[Mapping[str, Any]]) -> float:
    """Return the height in mm of one page of the questionnaire in the appendix (as report.css sets it)."""

    def lines(text: str, size: float = 8.3) -> int:
        return -(-int(text_width(text, size) * 10) // 1230)

    height = 7.2 * bool(title) + (lines(lead) * 3.95 + 1.2) * bool(lead)
    for entry in entries:
        wordings = [*entry["wordings"], *([f"Datid: {entry['past']}"] if entry["past"] else [])]
        height += sum(lines(wording) * 3.95 + 1.2 for wording in wordings)
        height += (lines(entry["answers"], 7.8) + lines(entry["asked"], 7.8)) * 3.75 + 1.2
    return height


@cache
def environment() -> jinja2.Environment:
    """Return the template environment: everything escaped, everything printable, nothing undefined."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_folder("templates") / "reports"),
        autoescape=True,
        finalize=_printable_value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = numbers.day
    made.filters["fixed"] = fixed
    made.filters["word"] = numbers.word
    made.filters["truncated"] = _truncated
    return made


def _truncated(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _printable_value(value: object) -> object:
    return printable(value, MARKS) if isinstance(value, str) and not isinstance(value, Markup) else value
