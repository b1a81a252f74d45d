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
from borgerpuls.reporting.canvas import MUTED, PETROL
from borgerpuls.reporting.figures import DOMAINS, Figure
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.packages import round_time, settled
from borgerpuls.reporting.report_data import TITLE, ReportData
from borgerpuls.reporting.survey import DOMAIN_NAMES
from borgerpuls.terms import ALL_PARTICIPATING, ArtefactKind

_SCORE, _SHARE, _COUNT, _PLAIN = "0.00", "0.0%", "#,##0", "0.0"
_OTHER_DOMAINS = {
    "day": "Dage efter invitationen", "wave": "Svar efter henvendelse nr.", "subgroup": "Ydelse", "language": "Sprog",
    "mobile": "Mobilnummer", "region": "Region", "statistic": "Statistik", "example": "Regneeksempel",
    "local_1": "Kommunens opdeling 1", "local_2": "Kommunens opdeling 2", "local_3": "Kommunens opdeling 3",
}  # fmt: skip
_LINE = 15.0
"""Height of a line in points, said where text wraps: not every program measures it."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t")


class Column(NamedTuple):
    """A column of a sheet: its heading, what it means, its width in characters, and its number format or None."""

    heading: str
    meaning: str
    width: float
    number_format: str | None = None


_WHERE = (
    Column("Område", "Kommunen, eller de deltagende kommuner under ét.", 26),
    Column("Opdeling", "Hvad borgerne er delt op efter.", 24),
    Column("Gruppe", "Gruppen i opdelingen.", 26),
)
_ID = Column("Tallets navn", COLUMNS["figure_id"], 58)
_NOTE = Column("Bemærkning", "Hvorfor tallet mangler, eller at det er usikkert.", 38)
_BASES = (
    Column("Antal svar", COLUMNS["valid_n"], 12, _COUNT),
    Column("Ved ikke", COLUMNS["dont_know_n"], 12, _COUNT),
)
_SCORES = (
    Column("Emne", "Kategori eller spørgsmål.", 36), *_WHERE,
    Column("Score", "Vægtet gennemsnit på skalaen 1-5, hvor 5 er mest positivt.", 10, _SCORE),
    Column("Nedre grænse", COLUMNS["lower"], 13, _SCORE),
    Column("Øvre grænse", COLUMNS["upper"], 13, _SCORE),
    *_BASES,
    Column("Forskel til alle", COLUMNS["difference_to_all"], 15, _SCORE),
    Column("Sikker forskel", COLUMNS["is_different_from_rest"], 15),
    Column("Ændring", COLUMNS["difference_to_previous"], 12, _SCORE),
    Column("Sikker ændring", COLUMNS["is_different_from_previous"], 15),
    _NOTE, _ID,
)  # fmt: skip
_SHARES = (
    Column("Spørgsmål", "Spørgsmålets korte navn.", 36), *_WHERE,
    Column("Svar", "Svarkategorien eller svarmuligheden.", 34),
    Column("Andel", MEASURES["share"], 10, _SHARE),
    *_BASES, _NOTE, _ID,
)  # fmt: skip
_OTHERS = (
    Column("Emne", "Deltagelse, vægte eller det spørgsmål, tallet hører til.", 26),
    Column("Mål", "Hvad tallet måler.", 60), *_WHERE,
    Column("Antal", "Antal borgere, når tallet er et antal.", 12, _COUNT),
    Column("Andel", "Andel fra 0 til 100 %, når tallet er en andel.", 12, _SHARE),
    Column("Øvrige", "Tallet, når det hverken er et antal eller en andel.", 12, _SCORE),
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
                "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
                "nan_inf_to_errors": False, "default_format_properties": {"font_name": "Calibri", "font_size": 11},
            },
        )  # fmt: skip
        self.formats: dict[str, Any] = {}
        self.survey = self.area.survey
        self.subjects = {theme.code: theme.name for theme in self.survey.themes} | {
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
        sheet = self.add_sheet("Læs mig")
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 95)
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
                sheet.set_row(number, _LINE * (1 + len(text) // 95))

    def sheet(self, name: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
        sheet = self.add_sheet(name)
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            self.write(sheet, 0, place, column.heading, "head")
        for number, row in enumerate(rows, 1):
            for place, (value, column) in enumerate(zip(row, columns, strict=True)):
                if isinstance(value, str):
                    self.write(sheet, number, place, value, "text")
                elif value is not None:
                    sheet.write_number(number, place, value, self.format(column.number_format or _PLAIN))
        sheet.print_area(0, 0, max(len(rows), 1), len([column for column in columns if column is not _ID]) - 1)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        else:
            self.write(sheet, 1, 0, "Der er ingen tal at vise.", "text")

    def dictionary(self) -> None:
        sheet = self.add_sheet("Dataordbog")
        sheet.freeze_panes(1, 0)
        for place, (heading, width) in enumerate((("Ark", 20), ("Kolonne eller mål", 30), ("Betydning", 110))):
            sheet.set_column(place, place, width)
            self.write(sheet, 0, place, heading, "head")
        rows = [
            (name, column.heading, column.meaning)
            for name, columns in (("Scorer", _SCORES), ("Svarfordelinger", _SHARES), ("Deltagelse og øvrige", _OTHERS))
            for column in columns
        ]
        rows += [("Mål", measure, meaning) for measure, meaning in MEASURES.items()]
        rows += [("Kategori", theme.name, f"{_start(theme.about)}.") for theme in self.survey.themes]
        questions = (*self.survey.questions, *self.area.local_questions)
        rows += [("Spørgsmål", one.title, f"»{one.wording}« {one.asked}".strip()) for one in questions]
        for number, row in enumerate(rows, 1):
            for place, text in enumerate(row):
                self.write(sheet, number, place, text, "wrapped")
            sheet.set_row(number, _LINE * (1 + max(len(row[1]) // 30, len(row[2]) // 110)))

    def add_sheet(self, name: str) -> Any:
        """Return a new sheet that is printed across, as wide as its columns without ids, its heads on every page."""
        sheet = self.book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.3, right=0.3)
        sheet.fit_to_pages(1, 0)
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
        is_share = figure.measure.endswith(("_rate", "_share"))
        is_count = figure.measure.endswith("_n") and figure.measure != "effective_n"
        value = _rounded(figure.value, 3 if is_share else 0 if is_count or figure.measure == "effective_n" else 2)
        meaning = MEASURES.get(figure.measure, figure.measure)
        if figure.category:
            meaning = f"{meaning} ({figure.category})"
        return [
            self.subjects.get(figure.item_id, figure.item_id), meaning, *self.where(figure), value if is_count else None, value if is_share else None,
            None if is_share or is_count else value, self.note(figure), figure.figure_id,
        ]  # fmt: skip

    def where(self, figure: Figure) -> tuple[str, str, str]:
        name = self.area.all_name if figure.municipality_code == ALL_PARTICIPATING else self.area.name
        if figure.domain == "all":
            return name, "Alle", ""
        if figure.domain in DOMAINS:
            group = self.survey.groups(figure.domain).get(figure.domain_group, figure.domain_group)
            return name, DOMAIN_NAMES[figure.domain], group
        return name, _OTHER_DOMAINS.get(figure.domain, figure.domain), figure.domain_group

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
                "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": PETROL, "text_wrap": True, "valign": "top"},
                "wrapped": {"text_wrap": True, "valign": "top"},
                "text": {},
            }
            name = kind.removesuffix(" quoted")
            look = dict(looks.get(name, {"num_format": name}))
            if kind.endswith(" quoted"):
                look["quote_prefix"] = True
            self.formats[kind] = self.book.add_format(look)
        return self.formats[kind]


_PARTS = {"share", "top2", "option_share"}


def _is_score(figure: Figure) -> bool:
    return figure.measure in {"mean", "category_mean"}


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else float(numbers.rounded(value, decimals))


def _yes(is_so: bool) -> str:
    return "ja" if is_so else "nej"


def _falling(category: str) -> tuple[int, str]:
    """Return a key that puts answer 5 before answer 1, and options by code."""
    return (-int(category), "") if category.isdigit() else (0, category)


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
