"""
The presentation of one municipality, or of all participating: which slides, what each says, and what the speaker may say.

Every number is a figure as the report prints it; what the report withholds is an empty cell here, and said in words.
"""

from collections.abc import Sequence

from borgerpuls.reporting import numbers, sentences
from borgerpuls.reporting.area import Area, Score, rounded_percent
from borgerpuls.reporting.canvas import NATIONAL, PETROL
from borgerpuls.reporting.figures import DOMAINS, SCALE_CODES, Figure
from borgerpuls.reporting.identity import Identity
from borgerpuls.reporting.numbers import EN_DASH
from borgerpuls.reporting.packages import DANISH, round_time
from borgerpuls.reporting.report_data import TITLE, ReportData
from borgerpuls.reporting.slides import (
    COLUMN,
    LEFT,
    PERCENT,
    RIGHT,
    SCORE,
    SECOND,
    AnswerPart,
    AnswerRow,
    Page,
    Series,
    Slides,
)
from borgerpuls.reporting.survey import DOMAIN_NAMES, Question
from borgerpuls.terms import ALL_PARTICIPATING, ArtefactKind

_PREVIOUS = "#B9CBDA"
_LEFT_DOMAINS = ("target_group", "duration")
_LONGEST_NAME = 48
_LONG_LEAD = 200
"""In letters; a longer one is set smaller, to end above the bars."""
_MOST_FINDINGS = 6
"""On a side of the slide of strengths; the report has more."""
_MOST_EARLIER_PERIODS = 5
_CHANGED = "ændret opgørelse"


def render_deck(data: ReportData) -> bytes:
    """Return the presentation as PPTX; the same data gives the same bytes."""
    return _Deck(data).render()


class _Deck:
    """Builds one presentation; holds what every slide needs."""

    def __init__(self, data: ReportData) -> None:
        self.data = data
        self.area = Area(data)
        self.name = _short(self.area.name)
        running = f"{TITLE} · {_short(self.area.title)} · {self.area.round_name}"
        identity = Identity(ArtefactKind.DECK, data.facts.round_id, self.area.code)
        self.slides = Slides(f"{TITLE} – {self.area.title} – {self.area.round_name}", running, identity.word)
        self.themes = self.area.themes()
        self.questions = self.area.questions()

    def render(self) -> bytes:
        self.cover()
        self.results()
        self.design()
        self.reading()
        self.response()
        if self.area.is_national:
            self.spread()
        else:
            self.findings()
        self.development()
        self.all_questions()
        for question in (*self.area.survey.questions, *self.area.local_questions):
            if question.is_scale:
                self.question(question)
            else:
                self.options(question)
        self.target_groups()
        self.representativity()
        self.method()
        return self.slides.content(round_time(self.data.facts.close_date))

    # Slides -----------------------------------------------------------------------------------------------------------

    def cover(self) -> None:
        facts = self.data.facts
        self.slides.cover(
            self.area.title,
            f"{TITLE}, {self.area.round_name}\nBorgernes tilfredshed med jobcentret",
            f"Undersøgelsen er gennemført fra {numbers.day(facts.invitation_date)} til {numbers.day(facts.close_date)}.\n"
            "Alle diagrammer kan redigeres: højreklik og vælg Rediger data. Tallene er de samme som i rapporten.",
        )

    def results(self) -> None:
        scored = [sentences.Scored(theme.name, theme.own) for theme in self.themes]
        if self.area.is_national:
            title = f"Borgernes tilfredshed med jobcentret i {self.area.all_in_text}"
        else:
            title = sentences.finding_title(self.name, scored, self.area.response("answered_n"))
        lead = sentences.summary_lead(scored) or self.area.no_scores_text()
        if uncertain := self._uncertain(self.themes):
            lead = f"{lead} {uncertain}"
        page = self.slides.page(
            title,
            f"{lead}\nScoren går fra 1 (mindst tilfreds) til 5 (mest tilfreds). Titlen nævner kun forskelle, der er "
            "statistisk sikre.",
        )
        page.text(LEFT, 1.35, RIGHT - LEFT, 0.7, [lead], size=14 if len(lead) > _LONG_LEAD else 16)
        self._score_bars(page, self.themes, 2.15, 4.6)

    def design(self) -> None:
        page = self.slides.page(
            "Hvem er spurgt, og hvornår",
            "Populationen er de borgere, der opfylder undersøgelsens betingelser. Svarprocenten er andelen af stikprøven, "
            "der har svaret helt eller delvist.",
        )
        measures = (
            ("Population", "population_n"), ("Stikprøve", "sampled_n"), ("Svar i alt", "answered_n"),
            ("– heraf gennemført", "complete_n"), ("Svarprocent", "response_rate"),
        )  # fmt: skip
        rows = [(label, *(self._response_text(measure, code) for code in self._codes())) for label, measure in measures]
        heads = [self.name] if self.area.is_national else [self.name, self.area.all_name]
        head, widths = ["Deltagelse", *heads], [2.6, *([1.65] * len(heads))]
        page.table(LEFT, 1.6, widths, head, rows, row_height=0.42, alternative=_table_words(head, rows))
        facts = self.data.facts
        calendar = [
            (
                "Forløb i perioden",
                f"{numbers.day(facts.reference_start_date)} – {numbers.day(facts.reference_end_date)}",
            ),
            ("Opgjort pr.", numbers.day(facts.key_date)),
            ("Invitation", numbers.day(facts.invitation_date)),
            ("1. påmindelse", numbers.day(facts.reminder_1_date)),
            ("2. påmindelse", numbers.day(facts.reminder_2_date)),
            ("Sidste svardag", numbers.day(facts.close_date)),
        ]
        page.table(
            SECOND, 1.6, [2.2, 3.6], ["Kalender", "Dato"], calendar, row_height=0.42,
            alternative=_table_words(["Kalender", "Dato"], calendar),
        )  # fmt: skip
        names = self.area.municipalities()
        listed = names if len(names) <= 30 else [*names[:30], f"og {numbers.count(len(names) - 30)} andre"]
        page.text(
            LEFT,
            4.85,
            RIGHT - LEFT,
            1.9,
            ["Deltagende kommuner", numbers.enumeration(list(map(_short, listed)))],
            size=13,
        )

    def reading(self) -> None:
        page = self.slides.page(
            "Sådan læses tallene",
            "Gennemgå kun denne side, hvis tilhørerne ikke kender undersøgelsen.",
        )
        below, uncertain = self.data.suppress_below, self.data.uncertain_below
        smallest = numbers.percent(numbers.SMALLEST_WRITTEN_SHARE)
        page.text(
            LEFT, 1.6, 11.6, 5.0,
            [
                ("Scoren er gennemsnittet af svarene på skalaen 1-5, hvor 5 er mest positivt. »Ved ikke/ikke relevant« "
                "indgår ikke."),
                "Svarene er vægtet efter køn, alder, kommune og målgruppe, så de svarer til populationen.",
                (f"Søjlerne viser svarenes fordeling i hele procent. Andele under {smallest} står ikke i søjlen, og summen kan "
                "afvige fra 100."),
                f"Et † efter en score betyder, at den bygger på færre end {uncertain} svar og er usikker.",
                (f"Grupper med færre end {below} svar vises ikke. Andre grupper skjules også, når de skjulte tal ellers kunne "
                "regnes ud. – betyder, at tallet ikke vises, eller at ingen har svaret."),
                "Forskelle omtales kun, når de er statistisk sikre (95 %, korrigeret for, at mange undersøges på én gang).",
            ],
            size=17, gap=10,
        )  # fmt: skip

    def response(self) -> None:
        codes = self._codes()
        curves = {code: self._curve(code) for code in codes}
        rate = self.area.response("response_rate")
        said = "Svarprocenten kan ikke opgøres" if rate is None else f"Svarprocenten blev {numbers.percent(rate)}"
        facts = self.data.facts
        first, second = ((day - facts.invitation_date).days for day in (facts.reminder_1_date, facts.reminder_2_date))
        page = self.slides.page(
            said,
            f"Kurven viser andelen af stikprøven, der har svaret, dag for dag. Påmindelser blev sendt på dag {first} og "
            f"{second}.",
        )
        days = sorted({day for curve in curves.values() for day in curve})
        if not days:
            page.text(LEFT, 1.8, 11, 1, ["Det kan ikke vises, hvornår svarene er givet."], size=16)
            return
        series = [
            Series(name, tuple(curves[code].get(day) for day in days), colour)
            for code, name, colour in zip(codes, self._names(), (PETROL, NATIONAL), strict=False)
        ]
        ends = "; ".join(
            f"{one.name} {numbers.percent(one.values[-1] / 100)}" for one in series if one.values[-1] is not None
        )
        page.lines(
            LEFT, 1.5, RIGHT - LEFT, 5.2, [str(day) for day in days], series, number_format=f'{DANISH}0.0" %"',
            axis_title=f"Dage efter invitationen (påmindelser på dag {first} og {second})",
            alternative=f"Andel af stikprøven, der har svaret. På dag {days[-1]}: {ends}.",
        )  # fmt: skip

    def findings(self) -> None:
        scored = [sentences.Scored(one.name, one.own) for one in self.questions]
        above, below = (tell(scored, len(scored)) for tell in (sentences.strengths, sentences.attention_points))
        page = self.slides.page(
            "Styrker og opmærksomhedspunkter",
            "Kun spørgsmål, hvor forskellen til de øvrige kommuner er statistisk sikker, er nævnt. Er der flere "
            f"end {numbers.word(_MOST_FINDINGS)}, står de {numbers.word(_MOST_FINDINGS)} største forskelle.",
        )
        nothing = "Ingen spørgsmål ligger sikkert {} de øvrige kommuner."
        for left, heading, found, side in (
            (LEFT, "Styrker", above, "over"), (SECOND, "Opmærksomhedspunkter", below, "under"),
        ):  # fmt: skip
            said = found or [nothing.format(side)]
            if len(found) > _MOST_FINDINGS:
                chosen = f"De {numbers.word(_MOST_FINDINGS)} største forskelle af {numbers.word(len(found))}:"
                said = [chosen, *found[:_MOST_FINDINGS]]
            page.text(left, 1.6, COLUMN, 0.4, [heading], size=18, colour=PETROL, is_bold=True)
            page.text(left, 2.15, COLUMN, 4.5, said, size=15, gap=8)

    def spread(self) -> None:
        page = self.slides.page(
            "Forskelle mellem kommunerne",
            "Kommuner med samme score, som den er trykt, nævnes alle. Kommuner, hvis score ikke vises, er ikke med.",
        )
        head = ["Tema", "Laveste score", "Højeste score", "Forskel"]
        rows = []
        for theme in self.themes:
            ordered = self.data.figures.over_municipalities(theme.code, "category_mean")
            if len(ordered) < 2:
                continue
            apart = (ordered[-1].value or 0.0) - (ordered[0].value or 0.0)
            rows.append((theme.name, self._end(ordered, 0), self._end(ordered, -1), numbers.decimal_text(apart, 2)))
        if rows:
            page.table(
                LEFT, 1.6, [3.0, 4.0, 4.0, 1.13], head, rows, row_height=0.6, alternative=_table_words(head, rows)
            )
            page.text(LEFT, 1.9 + 0.6 * (len(rows) + 1), 11, 0.4, ["Forskellen er regnet før afrunding."], size=13)
        else:
            page.text(LEFT, 1.8, 11, 1, ["Færre end to kommuner har en score, der vises."], size=16)

    def development(self) -> None:
        lines = {theme.code: self.area.scores_by_period(theme.code) for theme in self.themes}
        known = {(point.period, point.period_name) for line in lines.values() for point in line.values()}
        now = self.data.facts.round_id
        earlier = sorted(one for one in known if one[0] < now)[-_MOST_EARLIER_PERIODS:]
        if not earlier:
            page = self.slides.page("Udvikling", "Udviklingen kan vises fra næste runde.")
            why = (
                "Der er ingen tidligere undersøgelse at sammenligne med."
                if self.area.previous is None
                else f"{_short(self.area.in_text)} deltog ikke i {self.area.previous_name}."
            )
            page.text(LEFT, 1.8, 11, 1, [why], size=16)
            return
        page = self.slides.page(
            f"Udvikling siden {earlier[-1][1]}",
            "»Sikker« betyder, at ændringen er statistisk sikker. Temaer, der opgøres anderledes end dengang, "
            "sammenlignes ikke.",
        )
        head = ["Tema", *(name for _, name in earlier), self.area.round_name, "Ændring", "Sikker"]
        rows = []
        for theme in self.themes:
            line = lines[theme.code]
            last_break = max((period for period, point in line.items() if point.is_break_before), default="")
            before = [
                EN_DASH if point is None or point.value is None or point.period < last_break
                else numbers.score(point.value)
                for point in (line.get(period) for period, _ in earlier)
            ]  # fmt: skip
            change = theme.own.difference_to_previous if theme.own is not None else None
            is_sure = theme.own is not None and theme.own.is_different_from_previous
            rows.append((
                theme.name, *before, _score(theme.own), EN_DASH if change is None else numbers.difference(change),
                _CHANGED if last_break == now else EN_DASH if change is None else "ja" if is_sure else "alarm" if theme.has_alarm else "nej",
            ))  # fmt: skip
        widths = [2.9, *([min(1.5, 6.0 / (len(earlier) + 1))] * (len(earlier) + 1)), 1.2, 1.7]
        page.table(LEFT, 1.6, widths, head, rows, row_height=0.5, size=13, alternative=_table_words(head, rows))
        said = []
        if any(EN_DASH in row for row in rows):
            said.append("– betyder, at tallet ikke vises eller ikke kan sammenlignes.")
        if any(row[-1] == "alarm" for row in rows):
            said.append(sentences.ALARM_RULE)
        sources = sorted({
            point.source_title for line in lines.values() for point in line.values() if point.kind == "imported"
        })  # fmt: skip
        if sources:
            said.append(f"Tidligere tal er fra: {'; '.join(sources)}.")
        if said:
            page.text(LEFT, 1.9 + 0.5 * (len(rows) + 1), 11, 0.9, said, size=13)

    def all_questions(self) -> None:
        page = self.slides.page(
            "Alle spørgsmål", "Hvert spørgsmål har sin egen side længere fremme, med fordeling og grupper."
        )
        if uncertain := self._uncertain(self.questions):
            page.text(LEFT, 0.95, RIGHT - LEFT, 0.4, [uncertain], size=11)
        self._score_bars(page, self.questions, 1.3, 5.5, size=10, label_width=3.6)

    def question(self, question: Question) -> None:
        find = self.data.figures.find
        own = find(self.area.code, question.item_id, "mean")
        page = self.slides.page(question.title, self._question_notes(question, own))
        wording = question.wording if not question.variants else question.variants[0]
        page.wording(f"»{wording}«")
        page.legend(LEFT, 1.42, question.scale_names)
        places = list(zip(self._names(), self._codes(), strict=True))
        overall = [self._row(name, code, question) for name, code in places[: 1 if question.is_local else None]]
        if self.area.previous is not None and self.area.has_previous and not question.is_local:
            overall.append(self._previous_row(question))
        parts = {LEFT: [AnswerPart("Samlet", overall)], SECOND: []}
        for domain in DOMAINS:
            rows = [
                self._row(name, self.area.code, question, domain, group)
                for group, name in self.area.survey.groups(domain).items()
                if self._is_asked(question.item_id, domain, group)
            ]
            if rows:
                parts[LEFT if domain in _LEFT_DOMAINS else SECOND].append(AnswerPart(DOMAIN_NAMES[domain], rows))
        for left, column in parts.items():
            if column:
                page.answers(left, 1.82, column, question.scale_names, question.title)
        rows = [row for column in parts.values() for part in column for row in part.rows]
        notes = [question.asked] if question.asked else []
        if any(row.shares is None for row in rows):
            notes.append("– betyder, at tallet ikke vises af hensyn til anonymitet, eller at ingen har svaret.")
        if any("†" in row.score for row in rows):
            notes.append(f"† færre end {self.data.uncertain_below} svar.")
        if notes:
            page.text(SECOND, 6.25, COLUMN, 0.7, notes, size=10)

    def options(self, question: Question) -> None:
        labels = [text for _, text in question.answers]
        series = []
        codes = self._codes()[: 1 if question.is_local else None]
        for name, code, colour in zip(self._names(), codes, (PETROL, NATIONAL), strict=False):
            found = [
                self.data.figures.value(code, question.item_id, "option_share", category=option)
                for option, _ in question.answers
            ]
            series.append(Series(name, tuple(None if one is None else rounded_percent(one) for one in found), colour))
        first = self.data.figures.find(
            self.area.code, question.item_id, "option_share", category=question.answers[0][0]
        )
        page = self.slides.page(question.title, f"Flere svar er mulige. {question.asked} {question.reason}".strip())
        page.wording(f"»{question.wording}« Flere svar er mulige.")
        base = (
            "" if first is None or first.valid_n is None else f"{numbers.base(first.valid_n)} i {self.area.in_text}. "
        )
        if all(value is None for value in series[0].values):
            base = f"{_start(self.area.why_missing(first))} ({_short(self.area.in_text)}). "
        if any(value is not None for one in series for value in one.values):
            words = [
                f"{one.name}: "
                + ", ".join(f"{label} {_percent(value)}" for label, value in zip(labels, one.values, strict=True))
                for one in series
            ]
            page.bars(
                LEFT, 1.65, RIGHT - LEFT, 4.75, labels, series, number_format=PERCENT, lowest=0.0, highest=100.0,
                label_width=4.0, alternative=f"{question.title}. {'. '.join(words)}.",
            )  # fmt: skip
        page.text(LEFT, 6.5, RIGHT - LEFT, 0.4, [f"{base}{question.asked}"], size=12)

    def target_groups(self) -> None:
        groups = self.area.survey.groups("target_group")
        head = ["Tema", *groups.values()]
        rows = [
            (
                theme.name,
                *(
                    _score(self.data.figures.find(
                        self.area.code, theme.code, "category_mean", domain="target_group", group=group
                    ))
                    for group in groups
                ),
            )
            for theme in self.themes
        ]  # fmt: skip
        page = self.slides.page(
            "Temaerne fordelt på målgrupper",
            "Forskelle mellem målgrupper er ikke testet; se intervallerne i rapporten, før de omtales som forskelle.",
        )
        width = (RIGHT - LEFT - 2.9) / len(groups)
        page.table(
            LEFT, 1.6, [2.9, *([width] * len(groups))], head, rows, row_height=0.55, size=13,
            alternative=_table_words(head, rows),
        )  # fmt: skip
        page.text(
            LEFT, 1.9 + 0.55 * (len(rows) + 1), 11.5, 0.8,
            [(f"† færre end {self.data.uncertain_below} svar. – betyder, at tallet ikke vises, eller at målgruppen ikke "
             "er stillet spørgsmålene.")], size=13,
        )  # fmt: skip

    def representativity(self) -> None:
        labels: list[str] = []
        shares: dict[str, list[float | None]] = {"population_share": [], "respondent_share": []}
        for domain in ("sex", "age_group", "target_group"):
            for group, name in self.area.survey.groups(domain).items():
                found = {
                    measure: self.data.figures.value(
                        self.area.code, "response", measure, domain=domain, group=group
                    )
                    for measure in shares
                }  # fmt: skip
                if any(value is not None for value in found.values()):
                    labels.append(name)
                    for measure, value in found.items():
                        shares[measure].append(None if value is None else rounded_percent(value))
        page = self.slides.page(
            "Ligner de, der har svaret, populationen?",
            "Svarene er uvægtede her. Vægtningen retter op på skævhederne i alle øvrige tal.",
        )
        if not labels:
            page.text(LEFT, 1.8, 11, 1, ["Det kan ikke vises, hvem der har svaret."], size=16)
            return
        names = ("Population", "Svar")
        series = [
            Series(name, tuple(shares[measure]), colour)
            for name, measure, colour in zip(names, shares, (NATIONAL, PETROL), strict=True)
        ]
        words = ", ".join(
            f"{label}: population {_percent(before)}, svar {_percent(after)}"
            for label, before, after in zip(labels, *shares.values(), strict=True)
        )
        highest = max(value for one in series for value in one.values if value is not None)
        page.bars(
            LEFT, 1.35, RIGHT - LEFT, 5.6, labels, series, number_format=PERCENT, lowest=0.0,
            highest=min(100.0, highest + 10.0), label_width=3.0, size=11, alternative=f"Andele. {words}.",
        )  # fmt: skip

    def method(self) -> None:
        page = self.slides.page("Metode og kilde", "Rapporten har metode, tabeller og spørgeskema i fuld længde.")
        facts = self.data.facts
        own = [figure for figure in self.data.figures if figure.municipality_code == self.area.code]
        scores = [figure for figure in own if figure.measure in {"mean", "category_mean"}]
        hidden = sum(figure.is_suppressed for figure in scores)
        page.text(
            LEFT, 1.6, 11.6, 5.0,
            [
                ("Stikprøven er trukket tilfældigt i hver kommune inden for køn og alder. Invitation og påmindelser er sendt med "
                f"{sentences.carried_by(facts.channels)}."),
                ("Et svar vægtes med antallet af borgere, det står for. Usikkerheden regnes med vægtene og stikprøvens andel af "
                "populationen."),
                (f"Af {numbers.count(len(scores))} scorer for {self.area.in_text} vises {numbers.count(len(scores) - hidden)}; "
                f"{numbers.count(hidden)} vises ikke af hensyn til borgernes anonymitet.")
                if hidden else f"Alle {numbers.count(len(scores))} scorer for {self.area.in_text} vises.",
                (f"Runde {facts.round_id} · kodebog {facts.codebook_version} · spørgeskema {facts.questionnaire_version} · "
                f"øjebliksbillede {self.data.snapshot_id} · programversion {self.data.code_version}"),
            ],
            size=16, gap=10,
        )  # fmt: skip

    # Pieces -----------------------------------------------------------------------------------------------------------

    def _codes(self) -> list[str]:
        return [self.area.code] if self.area.is_national else [self.area.code, ALL_PARTICIPATING]

    def _names(self) -> list[str]:
        return [self.name] if self.area.is_national else [self.name, self.area.all_name]

    def _uncertain(self, scores: Sequence[Score]) -> str:
        """Return which scores have so few answers that they are uncertain, which a bar cannot say."""
        names = [score.name for score in scores if score.own is not None and score.own.is_uncertain]
        if not names:
            return ""
        shown = sum(score.value is not None for score in scores)
        if len(names) == shown > 1:
            which, mark = "Alle scorerne", "usikre"
        elif len(names) > 1:
            which, mark = f"Scorerne for {numbers.enumeration(names)}", "usikre"
        else:
            which, mark = f"Scoren for {names[0]}", "usikker"
        return f"{which} bygger på færre end {self.data.uncertain_below} svar og er {mark}."

    def _score_bars(
        self, page: Page, scores: Sequence[Score], top: float, height: float, *, size: float = 12, label_width: float = 2.6
    ) -> None:  # fmt: skip
        columns = [(self.name, [score.own for score in scores], PETROL)]
        if not self.area.is_national:
            columns.append((self.area.all_name, [score.national for score in scores], NATIONAL))
        if self.area.has_previous and size >= 12:
            columns.append((f"{self.name}, {self.area.previous_name}", [score.previous for score in scores], _PREVIOUS))
        series = [Series(name, tuple(map(_rounded, found)), colour) for name, found, colour in columns]
        words = [
            f"{score.name}: " + ", ".join(f"{name} {self.area.score_text(found[place])}" for name, found, _ in columns)
            for place, score in enumerate(scores)
        ]
        if any(value is not None for one in series for value in one.values):
            page.bars(
                LEFT, top, RIGHT - LEFT, height, [score.name for score in scores], series, number_format=SCORE,
                lowest=1.0, highest=5.0, label_width=label_width, size=size, alternative=f"Score 1-5. {'. '.join(words)}.",
            )  # fmt: skip

    def _row(self, label: str, code: str, question: Question, domain: str = "all", group: str = "") -> AnswerRow:
        figures = self.data.figures
        mean = figures.find(code, question.item_id, "mean", domain=domain, group=group)
        found = [
            figures.value(code, question.item_id, "share", category=answer, domain=domain, group=group)
            for answer in SCALE_CODES
        ]
        return self._answers(label, mean, found)

    def _previous_row(self, question: Question) -> AnswerRow:
        earlier = self.area.previous
        if earlier is None:
            raise AssertionError
        mean = earlier.figures.find(self.area.code, question.item_id, "mean")
        found = [
            earlier.figures.value(self.area.code, question.item_id, "share", category=answer) for answer in SCALE_CODES
        ]
        return self._answers(self.area.previous_name, mean, found)

    def _answers(self, label: str, mean: Figure | None, found: Sequence[float | None]) -> AnswerRow:
        known = tuple(rounded_percent(value) for value in found if value is not None)
        if mean is None or mean.value is None or len(known) < len(SCALE_CODES):
            return AnswerRow(_short(label, 30), None, EN_DASH, "", self.area.why_missing(mean))
        base = "" if mean.valid_n is None else numbers.count(mean.valid_n)
        return AnswerRow(_short(label, 30), known, _score(mean), base)

    def _is_asked(self, item_id: str, domain: str, group: str) -> bool:
        asked = self.area.survey.codebook.item_target_groups.get(item_id)
        if domain == "target_group" and asked is not None:
            return group in asked
        return any(
            self.data.figures.find(code, item_id, "mean", domain=domain, group=group) is not None
            for code in self._codes()
        )

    def _question_notes(self, question: Question, own: Figure | None) -> str:
        lines = [f"Spørgsmålet lyder: »{question.wording}«"]
        if question.asked:
            lines.append(f"{question.asked} {question.reason}".strip())
        if own is not None and own.value is not None:
            text = f"Score {numbers.score(own.value)}"
            if own.lower is not None and own.upper is not None:
                text += f" (95 % sikkerhedsinterval {numbers.interval(own.lower, own.upper)})"
            national = self.data.figures.value(ALL_PARTICIPATING, question.item_id, "mean")
            if not self.area.is_national and national is not None:
                text += f", {self.area.all_in_text} {numbers.score(national)}"
                text += self._verdict(own)
            lines.append(f"{text}.")
            if own.dont_know_n is not None:
                lines.append(f"»Ved ikke/ikke relevant« ({numbers.base(own.dont_know_n)}) indgår ikke.")
        else:
            lines.append(f"{_start(self.area.why_missing(own))}.")
        return "\n".join(lines)

    @staticmethod
    def _verdict(own: Figure) -> str:
        if own.is_better_than_rest:
            return "; det ligger sikkert over de øvrige kommuner"
        if own.is_worse_than_rest:
            return "; det ligger sikkert under de øvrige kommuner"
        return "; forskellen til de øvrige kommuner er ikke sikker"

    def _end(self, ordered: Sequence[Figure], place: int) -> str:
        printed = numbers.score(ordered[place].value or 0.0)
        tied = [figure for figure in ordered if numbers.score(figure.value or 0.0) == printed]
        names = numbers.enumeration([_short(self.area.municipality(figure.municipality_code)) for figure in tied[:3]])
        more = f" og {numbers.count(len(tied) - 3)} andre" if len(tied) > 3 else ""
        return f"{names}{more}: {printed}"

    def _curve(self, code: str) -> dict[int, float]:
        return {
            int(figure.domain_group): rounded_percent(figure.value, 1)
            for figure in self.data.figures.groups(code, "response", "cumulative_rate", "day")
            if figure.value is not None
        }

    def _response_text(self, measure: str, code: str) -> str:
        value = self.area.response(measure, code)
        if value is None:
            return EN_DASH
        return numbers.percent(value) if measure.endswith("_rate") else numbers.count(value)


def _rounded(figure: Figure | None) -> float | None:
    return None if figure is None or figure.value is None else float(numbers.rounded(figure.value, 2))


def _score(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return EN_DASH
    return f"{numbers.score(figure.value)}{' †' if figure.is_uncertain else ''}"


def _percent(value: float | None) -> str:
    """Return a percentage as it is printed, or a dash."""
    return EN_DASH if value is None else numbers.percent(value / 100, 0)


def _table_words(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return " ".join(
        f"{row[0]}: " + ", ".join(f"{name} {value}" for name, value in zip(head[1:], row[1:], strict=True)) + "."
        for row in rows
    )


def _short(text: str, length: int = _LONGEST_NAME) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
