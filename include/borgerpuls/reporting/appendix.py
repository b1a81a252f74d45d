"""
The pages of a report about how its numbers came about and how they developed: what each shows.

Each function takes the report that is being composed and returns what its template prints.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from markupsafe import Markup

from borgerpuls.codebooks.municipalities import danish_sort_key
from borgerpuls.reporting import numbers, sentences
from borgerpuls.reporting.cited import Cited
from borgerpuls.reporting.figures import Figure, TrendPoint
from borgerpuls.reporting.fonts import printable, text_width
from borgerpuls.reporting.survey import DOMAIN_NAMES
from borgerpuls.reporting.tables import DENSE, Column, Row, dense
from borgerpuls.terms import ALL_PARTICIPATING

if TYPE_CHECKING:
    from borgerpuls.reporting.report import Composer

Block = TypeVar("Block")
GROUPS = ("target_group", "sex", "age_group")
_MOST_PERIODS = 6
_ROWS_PER_COLUMN = 30
_ROWS_PER_PAGE = 36
_DASH = numbers.EN_DASH
_WAVES = (("1", "Efter invitationen"), ("2", "Efter 1. påmindelse"), ("3", "Efter 2. påmindelse"))
_TEXT_HEIGHT = 132.0
"""Of a column of text between the title and the note, mm."""
_MOST_GROUPS = 7
"""Of a municipality's own division on one page."""


# Development ----------------------------------------------------------------------------------------------------------


def points(report: "Composer", code: str, item_id: str, measure: str) -> list[TrendPoint]:
    """Return how a number of everybody developed, oldest first, each value cited."""
    found = [
        point._replace(value=None if point.value is None else Cited(point.value, f"{point.figure_id}#value"))
        for point in report.data.trend
        if (point.municipality_code, point.item_id, point.measure, point.domain) == (code, item_id, measure, "all")
        and point.kind != "reference"
    ]
    return sorted(found, key=lambda point: point.period)


def development(report: "Composer") -> dict[str, Any] | None:
    """Return the table of scores by period, or None when there is only one period."""
    rows: list[tuple[str, str, str, str]] = [("Svarprocent", "response", "response_rate", "strong")]
    for theme in report.survey.themes:
        rows.append((theme.name, theme.code, "category_mean", "strong"))
        if len(theme.questions) > 1:
            rows.extend((q.title, q.item_id, "mean", "") for q in theme.questions if q.is_scale)
    lines = {(item, measure): points(report, report.code, item, measure) for _, item, measure, _ in rows}
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
                cells.append(_DASH)
                continue
            text = numbers.percent(point.value) if measure == "response_rate" else numbers.score(point.value)
            if point.is_break_before and point.break_reason and period != periods[0][0]:
                mark = reasons.setdefault(point.break_reason, str(len(reasons) + 1))
                text = f"[{mark}] | {text}"
            cells.append(text)
        figure = report.figures.find(report.code, item, measure)
        cells.append(_DASH if figure is None or figure.difference_to_previous is None
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


def alarms(report: "Composer") -> list[str]:
    """Return a sentence per score that has fallen more than chance explains, its numbers cited."""
    names = {theme.code: theme.name for theme in report.survey.themes}
    names |= {question.item_id: question.title for question in report.survey.questions}
    said = []
    for alarm in report.data.alarms:
        line = points(report, report.code, alarm.item_id, alarm.measure)
        before = next((point for point in line if point.period == alarm.previous_period), None)
        now = report.figures.value(report.code, alarm.item_id, alarm.measure)
        if alarm.item_id in names and before is not None and before.value is not None and now is not None:
            said.append(
                f"{names[alarm.item_id]} er faldet fra {numbers.score(before.value)} i {before.period_name} til "
                f"{numbers.score(now)}. Faldet er større, end tilfældig variation normalt giver."
            )
    return said


def _verdict(figure: Figure | None, *, has_alarm: bool) -> str:
    if figure is None or figure.difference_to_previous is None:
        return _DASH
    if not figure.is_different_from_previous:
        return "alarm" if has_alarm else "nej"
    return "steget" if figure.difference_to_previous > 0 else "faldet"


# Taking part ------------------------------------------------------------------------------------------------------------


def response_by_group(report: "Composer") -> Markup | None:
    """Return the response rate of each group, own and all participating."""
    places = report.places
    rows = []
    for domain in GROUPS:
        is_first = True
        for group, name in report.survey.groups(domain).items():
            found = [
                report.figures.find(place, "response", "response_rate", domain=domain, group=group) for place in places
            ]
            if not any(found):
                continue
            rows.append(Row([name, *(percent_text(figure) for figure in found)], "starts" if is_first else ""))
            is_first = False
    return report.table(report.place_columns("Gruppe", 50.0), rows) if rows else None


def completion_time(report: "Composer") -> Markup | None:
    """Return the quartiles of how long it took to answer, in minutes."""
    places = report.places
    rows = []
    for quartile, name in (("p25", "En fjerdedel højst"), ("p50", "Halvdelen højst (median)"),
                           ("p75", "Tre fjerdedele højst")):  # fmt: skip
        found = [report.figures.find(place, "response", "completion_minutes", category=quartile) for place in places]
        if any(figure is not None and figure.value is not None for figure in found):
            rows.append(Row([name, *(decimal_text(figure, 1) for figure in found)]))
    return report.table(report.place_columns("Gennemførte skemaer, minutter", 50.0), rows) if rows else None


def standard_rates(report: "Composer") -> Markup | None:
    """Return the response rates by AAPOR's definitions, which are of all participating."""
    names = (("rr1", "RR1: gennemførte af alle inviterede"), ("rr2", "RR2: også delvist besvarede"),
             ("con1", "CON1: nået af alle inviterede"), ("ref1", "REF1: har sagt nej"))  # fmt: skip
    rows = []
    for measure, name in names:
        figure = report.figures.find(ALL_PARTICIPATING, "response", measure)
        if figure is not None and figure.value is not None:
            rows.append(Row([name, percent_text(figure), count_text(figure.valid_n), count_text(figure.weighted_base)]))
    columns = [Column("AAPOR-mål", 56.0), Column("Andel"), Column("Tæller"), Column("Nævner")]
    return report.table(columns, rows) if rows else None


def nonresponse(report: "Composer") -> dict[str, Any]:
    """Return the page on who did not answer and what it may mean."""
    return {
        "shares": report.share_plot("sample_share", "respondent_share", "Stikprøve", "Svar"),
        "indicator": _r_indicator(report),
        "waves": _waves(report),
        "band": _sensitivity(report),
    }


def _r_indicator(report: "Composer") -> Markup | None:
    places = report.places
    whole = [report.figures.find(place, "response", "r_indicator") for place in places]
    if all(figure is None or figure.value is None for figure in whole):
        return None
    rows = [Row(["R-indikator", *(decimal_text(figure, 2) for figure in whole)], "strong")]
    if any(figure is not None and figure.lower is not None for figure in whole):
        rows.append(Row(["95 % interval", *(interval_text(figure) for figure in whole)]))
    for variable in GROUPS:
        parts = [report.figures.find(place, "response", "r_partial", category=variable) for place in places]
        if any(figure is not None and figure.value is not None for figure in parts):
            name = f"Bidrag: {DOMAIN_NAMES[variable].split(' (')[0].lower()}"
            rows.append(Row([name, *(decimal_text(figure, 3) for figure in parts)]))
    return report.table(report.place_columns("Mål", 50.0), rows)


def _waves(report: "Composer") -> Markup | None:
    rows = []
    for theme in report.survey.themes:
        found = [
            report.figures.find(ALL_PARTICIPATING, theme.code, "category_mean", domain="wave", group=wave)
            for wave, _ in _WAVES
        ]
        if any(figure is not None and figure.value is not None for figure in found):
            rows.append(Row([theme.name, *(decimal_text(figure, 2) for figure in found)]))
    columns = [Column("Tema", 46.0), *(Column(name) for _, name in _WAVES)]
    return report.table(columns, rows) if rows else None


def _sensitivity(report: "Composer") -> Markup | None:
    rows = []
    for theme in report.survey.themes:
        own = report.figures.find(report.code, theme.code, "category_mean")
        bands = [
            tuple(
                report.figures.find(report.code, theme.code, f"sensitivity_{end}", category=width)
                for end in ("low", "high")
            )
            for width in ("0.10", "0.25")
        ]
        if any(figure is not None and figure.value is not None for band in bands for figure in band):
            ranges = [
                f"{numbers.score(low.value)}{_DASH}{numbers.score(high.value)}"
                if low and high and low.value is not None and high.value is not None
                else _DASH
                for low, high in bands
            ]
            rows.append(Row([theme.name, decimal_text(own, 2), *ranges]))
    columns = [Column("Tema", 46.0), Column("Score"), Column("Svag sammenhæng"), Column("Stærkere sammenhæng")]
    return report.table(columns, rows) if rows else None


def participants(report: "Composer") -> dict[str, Any] | None:
    """Return how the participating municipalities compare with all 98, or None where it was not computed."""
    find = report.figures.find
    regions = []
    for code, name in (("1084", "Region Hovedstaden"), ("1085", "Region Sjælland"), ("1083", "Region Syddanmark"),
                       ("1082", "Region Midtjylland"), ("1081", "Region Nordjylland")):  # fmt: skip
        shares = [
            find(ALL_PARTICIPATING, "response", measure, domain="region", group=code)
            for measure in ("country_municipality_share", "municipality_share")
        ]
        if any(shares):
            regions.append(Row([name, *(percent_text(figure, 0) for figure in shares)]))
    statistics = []
    for code, name in (("inhabitants_16_66", "Indbyggere på 16–66 år pr. kommune"),
                       ("expected_full_time_share", "Forventet andel fuldtidspersoner på offentlig forsørgelse"),
                       ("share_of_labour_force", "Fuldtidspersoner, andel af arbejdsstyrken"),
                       ("share_of_population", "Fuldtidspersoner, andel af befolkningen")):  # fmt: skip
        values = [
            find(ALL_PARTICIPATING, "response", measure, domain="statistic", group=code)
            for measure in ("country_value", "participating_value")
        ]
        if any(values):
            tell = count_figure if code == "inhabitants_16_66" else whole_percent_text
            statistics.append(Row([name, *(tell(figure) for figure in values)]))
    if not regions and not statistics:
        return None
    columns = [Column("", 70.0), Column("Alle 98"), Column(f"De {report.participants} deltagende")]
    return {
        "regions": report.table([columns[0]._replace(heading="Region"), *columns[1:]], regions) if regions else None,
        "statistics": (
            report.table([columns[0]._replace(heading="Mål"), *columns[1:]], statistics) if statistics else None
        ),
    }


# Weights ------------------------------------------------------------------------------------------------------------------


def weighting_example(report: "Composer") -> dict[str, Any] | None:
    """Return the round's worked example: overall satisfaction before and after weighting, and one weighting cell."""
    find = report.figures.find
    question = next((one for one in report.survey.questions if one.item_id == "overall"), None)
    if question is None or find(ALL_PARTICIPATING, "weighting", "unweighted_n", category="5") is None:
        return None
    rows = []
    changes = []
    for code, name in question.answers:
        count = find(ALL_PARTICIPATING, "weighting", "unweighted_n", category=code)
        before = find(ALL_PARTICIPATING, "weighting", "unweighted_share", category=code)
        after = find(ALL_PARTICIPATING, "overall", "share", category=code)
        if count is None or before is None or after is None or None in (count.value, before.value, after.value):
            continue
        rows.append(Row([name, count_text(count.value), percent_text(before), percent_text(after)]))
        changes.append((abs((after.value or 0.0) - (before.value or 0.0)), name, before, after))
    if not rows:
        return None
    _, name, before, after = max(changes, key=lambda change: float(change[0]))
    cell = {
        measure: next(iter(report.figures.groups(ALL_PARTICIPATING, "weighting", measure, "example")), None)
        for measure in ("cell_population_n", "cell_answered_n", "cell_weight")
    }
    people, answered, weight = cell.values()
    worked = None
    if people and answered and weight and None not in (people.value, answered.value, weight.value):
        worked = {
            "group": _cell_name(report, people.domain_group),
            "population": numbers.count(people.value or 0.0),
            "answered": numbers.count(answered.value or 0.0),
            "weight": numbers.decimal_text(weight.value or 0.0, 2),
        }
    columns = [Column("Svar", 48.0), Column("Antal svar"), Column("Uvægtet"), Column("Vægtet")]
    return {
        "table": report.table(columns, rows),
        "change": f"‘{name}’ udgør {percent_text(before)} af svarene før og {percent_text(after)} efter vægtning.",
        "cell": worked,
    }


def _cell_name(report: "Composer", group: str) -> str:
    names = [
        report.survey.groups(domain).get(code, code)
        for domain, code in zip(("sex", "age_group", "target_group"), group.split("/"), strict=False)
    ]
    return ", ".join(name if place == 0 else name.lower() for place, name in enumerate(names))


def merged_cells(report: "Composer") -> Iterator[dict[str, Any]]:
    """Yield the pages of the collapse log: of the municipality, or how many cells were merged in each."""
    if report.is_national:
        rows = [
            Row([report.municipality_name(figure.municipality_code), numbers.count(figure.value or 0.0)])
            for figure in report.figures.over_municipalities("weighting", "merged_n")
            if figure.value
        ]
        rows.sort(key=lambda row: danish_sort_key(row.cells[0]))
        columns = [Column("Kommune", 70.0), Column("Sammenlagte vægtningsceller")]
    else:
        rows = [
            Row([printable(cell.description), str(cell.merged_n)])
            for cell in report.data.merged_cells
            if cell.municipality_code == report.code
        ]
        columns = [Column("Lagt sammen til én celle", 98.0), Column("Celler")]
    most = _ROWS_PER_COLUMN if report.is_national else 20
    for parts in in_columns([(row, 1.0) for row in rows], most):
        yield {"columns": [report.table(columns, part, style=dense(2 * len(part), 110.0)) for part in parts]}


# What is not shown, what citizens wrote, what the municipality asked --------------------------------------------------------


def notices(report: "Composer") -> list[list[list[dict[str, str]]]]:
    """Return pages of two columns of sentences about what is absent, each with what it is about."""
    names = {question.item_id: question.title for question in report.survey.questions}
    names |= {theme.code: theme.name for theme in report.survey.themes}
    names |= {question.item_id: question.title for question in report.local_questions}
    blocks = []
    for one in report.data.notices:
        about = " · ".join(part for part in (names.get(one.item_id, ""), _domain_name(one.domain)) if part)
        sentence = printable(one.sentence)
        block = {"about": about or "Hele rapporten", "sentence": sentence}
        blocks.append((block, 6.6 + 4.4 * (1 + int(text_width(sentence, 8.8) // 115.0))))
    return in_columns(blocks, _TEXT_HEIGHT)


def _domain_name(domain: str) -> str:
    if domain.startswith("local_"):
        return f"Kommunens mærke {domain[-1]}"
    return DOMAIN_NAMES.get(domain, "")


def open_answers(report: "Composer") -> Iterator[dict[str, Any]]:
    """Yield pages of approved open answers, question by question, in two columns."""
    wordings = {item.item_id: item.present.get("da", "") for _, _, items in report.survey.pages for item in items}
    for item_id in dict.fromkeys(item for item, _ in report.data.open_answers):
        texts = [printable(text) for item, text in report.data.open_answers if item == item_id]
        blocks = [(text, 2.2 + 4.45 * (1 + int(text_width(text, 9.0) // 116.0))) for text in texts]
        for place, columns in enumerate(in_columns(blocks, _TEXT_HEIGHT)):
            yield {
                "wording": wordings.get(item_id, item_id),
                "columns": columns,
                "is_continued": place > 0,
                "count": len(texts),
            }


def in_columns(blocks: Sequence[tuple[Block, float]], room: float) -> list[list[list[Block]]]:
    """Return blocks set into pages of two columns, each column at most *room* mm high, in order; each has its height."""
    columns: list[list[Block]] = []
    used = 0.0
    for block, height in blocks:
        if not columns or (columns[-1] and used + height > room):
            columns.append([])
            used = 0.0
        columns[-1].append(block)
        used += height
    return [columns[place : place + 2] for place in range(0, len(columns), 2)]


def local_flags(report: "Composer") -> Iterator[dict[str, Any]]:
    """Yield a page per local mark of the municipality: each theme and question by the groups it makes."""
    for domain in ("local_1", "local_2", "local_3"):
        groups = list(dict.fromkeys(
            figure.domain_group
            for theme in report.survey.themes
            for figure in report.figures.groups(report.code, theme.code, "category_mean", domain)
        ))  # fmt: skip
        for start in range(0, len(groups), _MOST_GROUPS):
            table = _local_flag(report, domain, groups[start : start + _MOST_GROUPS])
            yield {"number": domain[-1], "table": table, "is_continued": start > 0}


def _local_flag(report: "Composer", domain: str, groups: Sequence[str]) -> Markup:
    rows = []
    for theme in report.survey.themes:
        asked = [(theme.name, theme.code, "category_mean", "strong")]
        if len(theme.questions) > 1:
            asked += [(q.title, q.item_id, "mean", "") for q in theme.questions if q.is_scale]
        for name, item, measure, kind in asked:
            found = [report.figures.find(report.code, item, measure, domain=domain, group=group) for group in groups]
            cells = [name, *(report.score_text(figure, marks_uncertain=True) for figure in found)]
            rows.append(Row(cells, "strong" if kind else ""))
    counts = [report.figures.find(report.code, "overall", "mean", domain=domain, group=group) for group in groups]
    rows.insert(0, Row(["Svar (overordnet tilfredshed)", *(report.count_text(one, "valid_n") for one in counts)]))
    columns = [Column("Tema eller spørgsmål", 74.0), *(Column(printable(group)) for group in groups)]
    return report.table(columns, rows, 267.0, dense(len(rows), 110.0))


# Of all participating ---------------------------------------------------------------------------------------------------------


def spread_of_questions(report: "Composer") -> Markup | None:
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


def _named(end: Mapping[str, str]) -> tuple[str, str, str]:
    return end["names"], end["score"], end["interval"] or _DASH


def municipalities(report: "Composer") -> Iterator[dict[str, Any]]:
    """Yield the pages of all municipalities with their answers, response rate and theme scores, by name."""
    themes = report.survey.themes
    rows = []
    codes = sorted(report.data.municipality_names, key=lambda code: danish_sort_key(report.municipality_name(code)))
    for code in codes:
        find = report.figures.find
        answered, rate = (find(code, "response", measure) for measure in ("answered_n", "response_rate"))
        scores = [find(code, theme.code, "category_mean") for theme in themes]
        rows.append(
            Row(
                [
                    report.municipality_name(code),
                    count_figure(answered),
                    percent_text(rate),
                    *(report.score_text(figure, marks_uncertain=True) for figure in scores),
                ]
            )
        )
    columns = [
        Column("Kommune", 60.0),
        Column("Svar"),
        Column("Svarprocent"),
        *(Column(theme.name) for theme in themes),
    ]
    for start in range(0, len(rows), _ROWS_PER_PAGE):
        part = rows[start : start + _ROWS_PER_PAGE]
        yield {
            "table": report.table(columns, part, 267.0, dense(len(part), 125.0)),
            "page": start // _ROWS_PER_PAGE + 1,
            "pages": -(-len(rows) // _ROWS_PER_PAGE),
        }


# Texts ------------------------------------------------------------------------------------------------------------------------


def percent_text(figure: Figure | None, decimals: int = 1) -> str:
    """Return a share as it is printed, or a dash."""
    return _DASH if figure is None or figure.value is None else numbers.percent(figure.value, decimals)


def whole_percent_text(figure: Figure | None) -> str:
    """Return a share without decimals, or a dash."""
    return percent_text(figure, 0)


def decimal_text(figure: Figure | None, decimals: int) -> str:
    """Return a value as it is printed, or a dash."""
    return _DASH if figure is None or figure.value is None else numbers.decimal_text(figure.value, decimals)


def count_figure(figure: Figure | None) -> str:
    """Return a number of persons, or a dash."""
    return count_text(None if figure is None else figure.value)


def count_text(value: float | None) -> str:
    """Return a number of persons, or a dash."""
    return _DASH if value is None else numbers.count(value)


def interval_text(figure: Figure | None) -> str:
    """Return an interval, or a dash."""
    if figure is None or figure.lower is None or figure.upper is None:
        return _DASH
    return numbers.interval(figure.lower, figure.upper)
