"""
The workbook of one municipality, or of all participating: its protected figures, each with its definition.

Numbers are rounded as they are printed. Text stays text: nothing in it becomes a formula, a link or a number. A withheld
number has an empty cell and the word for it; the sheets hold no formulas at all.
"""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from borgerpuls.estimation.dictionary import COLUMNS, MEASURES
from borgerpuls.reporting import numbers
from borgerpuls.reporting.area import WITHHELD, Area
from borgerpuls.reporting.canvas import GRID, MUTED, PETROL, WHITE
from borgerpuls.reporting.figures import DOMAINS, Figure
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.packages import DANISH, FONT, line_count, round_time, settled
from borgerpuls.reporting.report_data import TITLE, ReportData
from borgerpuls.reporting.survey import DOMAIN_NAMES
from borgerpuls.reporting.templating import truncated
from borgerpuls.terms import ALL_PARTICIPATING, LOCAL_FLAGS, ArtefactKind

_SCORE, _SHARE, _COUNT, _PLAIN = (f"{DANISH}{form}" for form in ("0.00", r"0.0\ %", "#,##0", "0.0"))
_RATES = {"rr1", "rr2", "ref1", "con1"}
_STATISTICS = {"participating_value", "country_value"}
_SHORT = {
    "sensitivity_low": "Laveste score i følsomhedsberegningen, sammenhæng",
    "sensitivity_high": "Højeste score i følsomhedsberegningen, sammenhæng",
    "completion_minutes": "Minutter brugt på at gennemføre spørgeskemaet, højst, af",
    "unweighted_n": "Antal svar før vægtning, afrundet til hele ti",
    "unweighted_share": "Andel af svarene før vægtning",
    "cell_population_n": "Regneeksempel: borgere i populationen",
    "cell_answered_n": "Regneeksempel: svar",
    "cell_weight": "Regneeksempel: vægt",
    "participating_value": "Tallet for de deltagende kommuner.",
    "country_value": "Tallet for hele landet.",
}
"""What a measure is called beside its number, where its definition (on the last sheet) is long."""
_QUARTILES = {"p25": "en fjerdedel", "p50": "halvdelen", "p75": "tre fjerdedele"}
_SIZE = 10.0
_LINE = 12.75
"""Height of a line in points, said where text wraps: not every program measures it."""
_CHARACTER, _PADDING = 5.25, 3.75
"""Width of a digit in points, which column widths are counted in, and what a column has beside, in Excel."""
_ON_PAPER = 1.065
"""How much wider LibreOffice makes a column: it does not round a digit to whole pixels."""
_PAPER = 842.0
_MARGIN = 0.2
"""Of a printed page, left and right, in inches."""
_LONGEST_HEADER = 120
_YES = ("nej", "ja")
_HEAD = {
    "bold": True, "font_color": WHITE, "bg_color": PETROL, "text_wrap": True, "valign": "top",
    "left": 1, "left_color": WHITE,
}  # fmt: skip
_LINED = {"valign": "top", "bottom": 1, "bottom_color": GRID}
"""A thin line under each row, to follow it by on paper."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t")


class Column(NamedTuple):
    """
    A column of a sheet: its heading, what it means, its width in characters, and its number format or None.

    All that is printed of a sheet is one page wide: its widths decide how small the letters become (test_workbook.py).
    """

    heading: str
    meaning: str
    width: float
    number_format: str | None = None


_WHERE = (
    Column("Område", "Kommunen, eller de deltagende kommuner under ét.", 20),
    Column("Opdeling", "Hvad borgerne er delt op efter.", 22),
    Column("Gruppe", "Gruppen i opdelingen.", 23.5),
)
_ID = Column("Tallets navn", COLUMNS["figure_id"], 58)
_NOTE = Column("Bemærkning", "Hvorfor tallet mangler, eller at det er usikkert.", 17)
_BASES = (
    Column("Antal svar", COLUMNS["valid_n"], 6.5, _COUNT),
    Column("Ved ikke", COLUMNS["dont_know_n"], 6.5, _COUNT),
)
_SCORES = (
    Column("Emne", "Tema eller spørgsmål.", 33), *_WHERE,
    Column("Score", "Vægtet gennemsnit på skalaen 1-5, hvor 5 er mest positivt.", 6.5, _SCORE),
    Column("Nedre grænse", COLUMNS["lower"], 7.3, _SCORE),
    Column("Øvre grænse", COLUMNS["upper"], 7.3, _SCORE),
    *_BASES,
    Column("Forskel til alle", COLUMNS["difference_to_all"], 7.5, _SCORE),
    Column("Sikker forskel", COLUMNS["is_different_from_rest"], 7.5),
    Column("Ændring", COLUMNS["difference_to_previous"], 8.2, _SCORE),
    Column("Sikker ændring", COLUMNS["is_different_from_previous"], 8),
    _NOTE, _ID,
)  # fmt: skip
_SHARES = (
    Column("Spørgsmål", "Spørgsmålets korte navn.", 40), *_WHERE,
    Column("Svar", "Svarkategorien eller svarmuligheden.", 29),
    Column("Andel", MEASURES["share"], 8, _SHARE),
    *_BASES, _NOTE, _ID,
)  # fmt: skip
_OTHERS = (
    Column("Emne", "Deltagelse, vægte eller det spørgsmål, tallet hører til.", 26),
    Column("Mål", "Hvad tallet måler; definitionen står nedenfor.", 50), *_WHERE,
    Column("Antal", "Antal borgere, når tallet er et antal.", 8, _COUNT),
    Column("Andel", "Andel fra 0 til 100 %, når tallet er en andel.", 8, _SHARE),
    Column("Øvrige", "Tallet, når det hverken er et antal eller en andel.", 8, _SCORE),
    _NOTE, _ID,
)  # fmt: skip


def render_workbook(data: ReportData) -> bytes:
    """Return the figures of one report as XLSX; the same data gives the same bytes."""
    return _Workbook(data).render()


class _Workbook:
    """Builds one workbook."""

    def __init__(self, data: ReportData) -> None:
        import xlsxwriter

        self.data = data
        self.area = Area(data)
        self.when = round_time(data.facts.close_date)
        self.buffer = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self.buffer,
            {
                "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
                "nan_inf_to_errors": False, "default_format_properties": {"font_name": FONT, "font_size": _SIZE},
            },
        )  # fmt: skip
        self.formats: dict[str, Any] = {}
        self.survey = self.area.survey
        self.subjects = {theme.code: f"Tema: {theme.name}" for theme in self.survey.themes} | {
            question.item_id: question.title for question in self.survey.questions
        }
        self.subjects |= {question.item_id: question.wording for question in self.area.local_questions}
        self.subjects |= {"response": "Deltagelse", "weighting": "Vægte"}
        questions = (*self.survey.questions, *self.area.local_questions)
        self.answers = {question.item_id: dict(question.answers) for question in questions}
        self.codes = [self.area.code] if self.area.is_national else [self.area.code, ALL_PARTICIPATING]

    def render(self) -> bytes:
        title = f"{TITLE} – {self.area.title} – {self.area.round_name}"
        self.book.set_properties(
            {
                "title": title,
                "subject": TITLE,
                "author": "Borgerpuls",
                "created": self.when.replace(tzinfo=None),
                "keywords": Identity(ArtefactKind.WORKBOOK, self.data.facts.round_id, self.area.code).word,
            }
        )
        figures = sorted(
            (figure for figure in self.data.figures if figure.municipality_code in self.codes), key=self.order
        )
        self.front(title)
        self.sheet("Scorer", _SCORES, [self.score(figure) for figure in figures if _is_score(figure)])
        self.sheet("Svarfordelinger", _SHARES, [self.share(figure) for figure in figures if figure.measure in _PARTS])
        rest = [figure for figure in figures if not _is_score(figure) and figure.measure not in _PARTS]
        self.sheet("Deltagelse og øvrige", _OTHERS, [self.other(figure) for figure in rest])
        self.dictionary()
        self.book.close()
        return settled(self.buffer.getvalue(), self.when)

    # Sheets -----------------------------------------------------------------------------------------------------------

    def front(self, title: str) -> None:
        facts = self.data.facts
        sheet = self.add_sheet("Læs mig", (28, 95))
        rows = [
            (TITLE, "head"), ("Område", self.area.title), ("Runde", self.area.round_name),
            ("Svarperiode", f"{numbers.day(facts.invitation_date)} til {numbers.day(facts.close_date)}"),
            ("Kodebog og spørgeskema", f"{facts.codebook_version} og {facts.questionnaire_version}"),
            ("Øjebliksbillede af svarene", self.data.snapshot_id), ("Programversion", self.data.code_version),
            ("Ark", "Scorer · Svarfordelinger · Deltagelse og øvrige · Dataordbog"),
            ("Tal", "Alle tal er vægtede og afrundet, som de er trykt i rapporten. Arkene indeholder ingen formler."),
            ("Anonymitet", (
                f"Tal, der bygger på færre end {self.data.suppress_below} svar, vises ikke. Det gør andre tal heller ikke, når "
                f"de skjulte kunne regnes ud fra dem. Cellen er tom, og bemærkningen er »{WITHHELD}«."
            )),
            ("Usikre tal", f"Tal, der bygger på færre end {self.data.uncertain_below} svar, har bemærkningen »usikkert«."),
            ("Deltagende kommuner", numbers.enumeration(self.area.municipalities())),
        ]  # fmt: skip
        if not self.area.has_any_score:
            rows.append(("Resultater", self.area.no_scores_text()))
        if self.area.previous is None:
            rows.append(("Udvikling", "Der er ingen tidligere undersøgelse at sammenligne med."))
        elif changed := [theme.name for theme in self.area.themes() if theme.is_changed]:
            rows.append(
                ("Udvikling", (f"{numbers.enumeration(changed)} er opgjort anderledes i {self.area.previous_name} og "
                 "sammenlignes derfor ikke."))
            )  # fmt: skip
        for number, (name, text) in enumerate(rows):
            if text == "head":
                self.write(sheet, number, 0, title, "title")
            else:
                self.write(sheet, number, 0, name, "bold")
                self.write(sheet, number, 1, text, "wrapped")
                sheet.set_row(number, _height(1 if name == "Ark" else _lines(text, 95)))

    def sheet(self, name: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
        printed = [column.width for column in columns if column is not _ID]
        sheet = self.add_sheet(name, printed)
        sheet.set_column(len(printed), len(printed), _ID.width)
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(columns):
            self.write(sheet, 0, place, column.heading, "number head" if column.number_format else "head")
        sheet.set_row(0, _height(3))  # two lines of a heading, and the arrow of its filter below
        for number, row in enumerate(rows, 1):
            lines = 1
            for place, (value, column) in enumerate(zip(row, columns, strict=True)):
                if not value and value != 0:
                    sheet.write_blank(number, place, None, self.format("text"))
                elif isinstance(value, str):
                    kind = "text" if column is _ID else "answer" if value in _YES else "wrapped"
                    self.write(sheet, number, place, value, kind)
                    lines = max(lines, 1 if column is _ID else _lines(value, column.width))
                else:
                    sheet.write_number(number, place, value, self.format(column.number_format or _PLAIN))
            if lines > 1:
                sheet.set_row(number, _height(lines))
        sheet.print_area(0, 0, max(len(rows), 1), len(printed) - 1)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        else:
            self.write(sheet, 1, 0, "Der er ingen tal at vise.", "text")

    def dictionary(self) -> None:
        sheet = self.add_sheet("Dataordbog", (20, 30, 110))
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(("Ark", "Kolonne eller mål", "Betydning")):
            self.write(sheet, 0, column, heading, "head")
        rows = [
            (name, column.heading, column.meaning)
            for name, columns in (("Scorer", _SCORES), ("Svarfordelinger", _SHARES), ("Deltagelse og øvrige", _OTHERS))
            for column in columns
        ]
        rows += [("Mål", measure, meaning) for measure, meaning in MEASURES.items()]
        rows += [("Tema", theme.name, f"{_start(theme.about)}.") for theme in self.survey.themes]
        questions = (*self.survey.questions, *self.area.local_questions)
        rows += [("Spørgsmål", one.title, f"»{one.wording}« {one.asked}".strip()) for one in questions]
        for number, row in enumerate(rows, 1):
            for place, text in enumerate(row):
                self.write(sheet, number, place, text, "wrapped")
            sheet.set_row(number, _height(max(_lines(row[1], 30), _lines(row[2], 110))))

    def add_sheet(self, name: str, widths: Sequence[float]) -> Any:
        """Return a new sheet with these columns, printed across, all of them on one page, its heads on every page."""
        sheet = self.book.add_worksheet(name)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=_MARGIN, right=_MARGIN, top=0.6, bottom=0.55)
        area = truncated(self.area.title, _LONGEST_HEADER).replace("&", "og")  # which begins a code in a header
        running = f"{TITLE} – {area} – {self.area.round_name}"
        sheet.set_header(f"&L&8{running}&R&8{name}", {"margin": 0.28})
        sheet.set_footer("&R&8Side &P af &N", {"margin": 0.28})
        sheet.set_print_scale(_print_scale(widths))
        sheet.repeat_rows(0)
        return sheet

    # Rows -------------------------------------------------------------------------------------------------------------

    def score(self, figure: Figure) -> list[Any]:
        is_compared = figure.difference_to_rest is not None
        is_followed = figure.difference_to_previous is not None
        return [
            self.subjects.get(figure.item_id, figure.item_id), *self.where(figure), _rounded(figure.value, 2),
            _rounded(figure.lower, 2), _rounded(figure.upper, 2), figure.valid_n, figure.dont_know_n,
            _rounded(figure.difference_to_all, 2), _yes(figure.is_different_from_rest) if is_compared else None,
            _rounded(figure.difference_to_previous, 2), _yes(figure.is_different_from_previous) if is_followed else None,
            self.note(figure), figure.figure_id,
        ]  # fmt: skip

    def share(self, figure: Figure) -> list[Any]:
        answer = self.answers.get(figure.item_id, {}).get(figure.category, figure.category)
        return [
            self.subjects.get(figure.item_id, figure.item_id), *self.where(figure),
            "4 eller 5 på skalaen" if figure.measure == "top2" else answer, _rounded(figure.value, 3),
            figure.valid_n, figure.dont_know_n, self.note(figure), figure.figure_id,
        ]  # fmt: skip

    def other(self, figure: Figure) -> list[Any]:
        is_inhabitants = figure.domain_group == "inhabitants_16_66"
        is_statistic = figure.measure in _STATISTICS
        is_share = figure.measure in _RATES or figure.measure.endswith(("_rate", "_share"))
        is_share |= is_statistic and not is_inhabitants
        is_count = figure.measure.endswith("_n") or is_inhabitants
        value = _rounded(figure.value, 3 if is_share else 0 if is_count else 2)
        meaning = _SHORT.get(figure.measure) or MEASURES.get(figure.measure, figure.measure)
        if told := self.told(figure):
            meaning = f"{meaning.removesuffix('.')}: {told}."
        return [
            self.subjects.get(figure.item_id, figure.item_id), meaning, *self.where(figure), value if is_count else None, value if is_share else None,
            None if is_share or is_count else value, self.note(figure), figure.figure_id,
        ]  # fmt: skip

    def told(self, figure: Figure) -> str:
        """Return what a measure has beside its group: a quartile, an answer, an assumption; most have nothing."""
        category = figure.category
        if figure.measure == "r_partial":
            return DOMAIN_NAMES[category].lower()
        if figure.measure.startswith("unweighted_"):
            return f"{self.subjects['overall']}, »{self.answers['overall'].get(category, category)}«"
        if figure.measure.startswith("sensitivity_"):
            return category.replace(".", ",")
        if figure.measure.startswith("cell_"):
            return self.survey.cell_name(category)
        return _QUARTILES.get(category, category)

    def where(self, figure: Figure) -> tuple[str, str, str]:
        name = self.area.all_name if figure.municipality_code == ALL_PARTICIPATING else self.area.name
        if figure.domain == "all":
            return name, "Alle", ""
        if figure.domain == "day" or figure.domain in LOCAL_FLAGS:
            group = figure.domain_group
        else:
            group = self.survey.groups(figure.domain).get(figure.domain_group, figure.domain_group)
        return name, DOMAIN_NAMES.get(figure.domain, figure.domain), group

    def note(self, figure: Figure) -> str | None:
        if figure.is_suppressed:
            return WITHHELD
        if figure.value is None:
            return "ingen svar"
        return "usikkert" if figure.is_uncertain else None

    def order(self, figure: Figure) -> tuple[Any, ...]:
        """Return the place of a figure: own before all, as the report goes, groups as they are printed."""
        subjects = list(self.subjects)
        domains = ("all", *DOMAINS)
        groups = list(self.survey.groups(figure.domain)) if figure.domain in DOMAINS else []
        subject = subjects.index(figure.item_id) if figure.item_id in self.subjects else len(subjects)
        group = groups.index(figure.domain_group) if figure.domain_group in groups else len(groups)
        day = int(figure.domain_group) if figure.domain == "day" else 0
        return (
            subject, figure.item_id, self.codes.index(figure.municipality_code),
            domains.index(figure.domain) if figure.domain in domains else len(domains), figure.domain, group, day,
            figure.domain_group, figure.measure, *_falling(figure.category),
        )  # fmt: skip

    # Pieces -----------------------------------------------------------------------------------------------------------

    def write(self, sheet: Any, row: int, column: int, text: str, kind: str) -> None:
        """Write a text as text; one that begins like a formula keeps being text when its cell is edited."""
        if not text:
            return
        quoted = f"{kind} quoted" if text.startswith(_FORMULA_STARTS) else kind
        sheet.write_string(row, column, text, self.format(quoted))

    def format(self, kind: str) -> Any:
        if kind not in self.formats:
            looks: dict[str, dict[str, Any]] = {
                "title": {"bold": True, "font_size": 16, "font_color": PETROL},
                "bold": {"bold": True, "font_color": MUTED, "valign": "top"},
                "head": _HEAD,
                "number head": _HEAD | {"align": "right"},
                "answer": {"align": "center"} | _LINED,
                "wrapped": {"text_wrap": True} | _LINED,
                "text": _LINED,
            }
            name = kind.removesuffix(" quoted")
            look = dict(looks.get(name, {"num_format": name} | _LINED))
            if kind.endswith(" quoted"):
                look["quote_prefix"] = True
            self.formats[kind] = self.book.add_format(look)
        return self.formats[kind]


_PARTS = {"share", "top2", "option_share"}


def _is_score(figure: Figure) -> bool:
    return figure.measure in {"mean", "category_mean"}


def _lines(text: str, width: float) -> int:
    return line_count(text, width * _CHARACTER, _SIZE)


def _print_scale(widths: Sequence[float]) -> int:
    """Return the per cent at which columns fill a page across; fit to width is left to no program, they differ."""
    wide = sum(width * _CHARACTER + _PADDING for width in widths) * _ON_PAPER
    return min(100, int(100 * (_PAPER - 2 * 72 * _MARGIN) / wide))


def _height(lines: int) -> float:
    return _LINE * lines + 2.25


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else float(numbers.rounded(value, decimals))


def _yes(is_so: bool) -> str:
    return _YES[is_so]


def _falling(category: str) -> tuple[int, str]:
    """Return a key that puts answer 5 before answer 1, and options by code."""
    return (-int(category), "") if category.isdigit() else (0, category)


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
