"""
The pages on who took part: response, nonresponse, representativity, the participating municipalities.

Each function takes the report that is being composed and returns what its template prints.
"""

from typing import Any

from markupsafe import Markup

from borgerpuls.reporting import charts, numbers, sentences
from borgerpuls.reporting.charts import Curve, ShareRow
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.figure_texts import (
    count_figure,
    count_text,
    decimal_text,
    interval_text,
    percent_text,
    whole_percent_text,
)
from borgerpuls.reporting.survey import DOMAIN_NAMES
from borgerpuls.reporting.tables import DENSE, Column, Row
from borgerpuls.terms import ALL_PARTICIPATING

GROUPS = ("target_group", "sex", "age_group")
_TIGHT = DENSE._replace(padding=0.54)
"""Style of the tables at the right of the page on response: four of them may stand under each other."""


def taking_part(report: Composer) -> dict[str, Any]:
    """Return who was asked and who answered, over time and by group."""
    facts = report.data.facts
    own, national = _curve(report, report.code), _curve(report, ALL_PARTICIPATING)
    image = None
    if own:
        marks = (
            ((facts.reminder_1_date - facts.invitation_date).days, "1. påmindelse"),
            ((facts.reminder_2_date - facts.invitation_date).days, "2. påmindelse"),
        )
        model = Curve(
            own,
            report.all_short if report.is_national else report.short_name,
            () if report.is_national else national,
            "" if report.is_national else report.all_short,
            marks,
        )
        image = report.image(charts.response_curve(model, report.new_canvas))
    rows = [
        Row([label, *(report.response_text(measure, place) for place in report.places)])
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
        "carried_by": sentences.carried_by(facts.channels),
        "curve": image,
        "counts": report.table(report.place_columns("Opgørelse", 50.0), rows),
        "has_answers": report.response_value("answered_n") != 0,
        "groups": _by_group(report),
        "register": _by_register(report),
        "time": _completion_time(report),
        "standard": _standard_rates(report) if report.is_national else None,
    }


def representativity(report: Composer) -> dict[str, Any]:
    """Return the groups' shares of the population, the sample and the answers."""
    rows = []
    for domain in ("sex", "age_group", "target_group"):
        is_first = True
        for code, name in report.survey.groups(domain).items():
            values = [
                report.figures.value(report.code, "response", measure, domain=domain, group=code)
                for measure in ("population_share", "sample_share", "respondent_share")
            ]
            if any(value is not None for value in values):
                cells = [numbers.EN_DASH if value is None else numbers.percent(value) for value in values]
                rows.append(Row([name, *cells], "starts" if is_first else ""))
                is_first = False
    columns = [Column("Gruppe", 48.0), Column("Population"), Column("Stikprøve"), Column("Svar")]
    return {
        "rows": report.table(columns, rows) if rows else None,
        "plot": _share_plot(report, "population_share", "sample_share", "Population", "Stikprøve"),
    }


def nonresponse(report: Composer) -> dict[str, Any]:
    """Return the page on who did not answer and what it may mean."""
    return {
        "shares": _share_plot(report, "sample_share", "respondent_share", "Stikprøve", "Svar"),
        "indicator": _r_indicator(report),
        "waves": _waves(report),
        "late": sentences.early_and_late(_first_and_last_wave(report)),
        "band": _sensitivity(report),
    }


def participants(report: Composer) -> dict[str, Any] | None:
    """Return how the participating municipalities compare with all 98, or None where it was not computed."""
    find = report.figures.find
    regions = []
    for code, name in report.survey.groups("region").items():
        shares = [
            find(ALL_PARTICIPATING, "response", measure, domain="region", group=code)
            for measure in ("country_municipality_share", "municipality_share")
        ]
        if any(shares):
            regions.append(Row([name, *(percent_text(figure, 0) for figure in shares)]))
    statistics = []
    for code, name in report.survey.groups("statistic").items():
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


def _curve(report: Composer, code: str) -> tuple[tuple[int, float], ...]:
    points = [
        (int(figure.domain_group), figure.value)
        for figure in report.figures.groups(code, "response", "cumulative_rate", "day")
        if figure.value is not None
    ]
    return tuple(sorted(points))


def _by_group(report: Composer) -> Markup | None:
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
    return report.table(report.place_columns("Gruppe", 50.0), rows, style=_TIGHT) if rows else None


def _by_register(report: Composer) -> Markup | None:
    """Return the response rate by what the register says of language and mobile number, which is of all participating."""
    rows = []
    for domain in ("language", "mobile"):
        names = report.survey.groups(domain)
        found = {
            measure: [
                report.figures.find(ALL_PARTICIPATING, "response", measure, domain=domain, group=group)
                for group in names
            ]
            for measure in ("population_share", "respondent_share", "response_rate")
        }
        if all(figure is None or figure.value is None for figure in found["response_rate"]):
            continue
        for place, name in enumerate(names.values()):
            cells = [name, *(percent_text(figures[place]) for figures in found.values())]
            rows.append(Row(cells, "" if place else "starts"))
    columns = [Column("Gruppe", 42.0), Column("Af populationen"), Column("Af svarene"), Column("Svarprocent")]
    return report.table(columns, rows, style=_TIGHT) if rows else None


def _completion_time(report: Composer) -> Markup | None:
    """Return the quartiles of how long it took to answer, in minutes."""
    places = report.places
    rows = []
    for quartile, name in (("p25", "En fjerdedel brugte højst"), ("p50", "Halvdelen brugte højst (median)"),
                           ("p75", "Tre fjerdedele brugte højst")):  # fmt: skip
        found = [report.figures.find(place, "response", "completion_minutes", category=quartile) for place in places]
        if any(figure is not None and figure.value is not None for figure in found):
            rows.append(Row([name, *(decimal_text(figure, 1) for figure in found)]))
    columns = report.place_columns("Gennemførte skemaer, minutter", 50.0)
    return report.table(columns, rows, style=_TIGHT) if rows else None


def _standard_rates(report: Composer) -> Markup | None:
    """Return the response rates by AAPOR's definitions, which are of all participating."""
    names = (("rr1", "RR1: gennemførte, af stikprøven"), ("rr2", "RR2: også delvist besvarede"),
             ("con1", "CON1: kontakt opnået, af stikprøven"), ("ref1", "REF1: har sagt nej, af stikprøven"))  # fmt: skip
    rows = []
    for measure, name in names:
        figure = report.figures.find(ALL_PARTICIPATING, "response", measure)
        if figure is not None and figure.value is not None:
            rows.append(Row([name, percent_text(figure), count_text(figure.valid_n), count_text(figure.weighted_base)]))
    columns = [Column("AAPOR-mål", 56.0), Column("Andel"), Column("Tæller"), Column("Nævner")]
    return report.table(columns, rows, style=_TIGHT) if rows else None


def _r_indicator(report: Composer) -> Markup | None:
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


def _waves(report: Composer) -> Markup | None:
    rows = []
    for theme in report.survey.themes:
        found = [
            report.figures.find(ALL_PARTICIPATING, theme.code, "category_mean", domain="wave", group=wave)
            for wave in report.survey.groups("wave")
        ]
        if any(figure is not None and figure.value is not None for figure in found):
            rows.append(Row([theme.name, *(decimal_text(figure, 2) for figure in found)]))
    columns = [
        Column("Tema", 46.0),
        *(Column(f"Efter {name.lower()}") for name in report.survey.groups("wave").values()),
    ]
    return report.table(columns, rows) if rows else None


def _first_and_last_wave(report: Composer) -> list[tuple[float, float]]:
    """Return each theme's score among those who answered at once and among those who did after the last reminder."""
    first, *_, last = report.survey.groups("wave")
    pairs = [
        tuple(
            report.figures.value(ALL_PARTICIPATING, theme.code, "category_mean", domain="wave", group=wave)
            for wave in (first, last)
        )
        for theme in report.survey.themes
    ]
    return [(early, late) for early, late in pairs if early is not None and late is not None]


def _sensitivity(report: Composer) -> Markup | None:
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
                f"{numbers.score(low.value)}{numbers.EN_DASH}{numbers.score(high.value)}"
                if low and high and low.value is not None and high.value is not None
                else numbers.EN_DASH
                for low, high in bands
            ]
            rows.append(Row([theme.name, decimal_text(own, 2), *ranges]))
    columns = [Column("Tema", 46.0), Column("Score"), Column("Svag sammenhæng"), Column("Stærkere sammenhæng")]
    return report.table(columns, rows) if rows else None


def _share_plot(report: Composer, before: str, after: str, before_name: str, after_name: str) -> Markup | None:
    rows = []
    for domain in ("sex", "age_group", "target_group"):
        is_first = True
        for code, name in report.survey.groups(domain).items():
            values = [
                report.figures.value(report.code, "response", measure, domain=domain, group=code)
                for measure in (before, after)
            ]
            if values != [None, None]:
                rows.append(ShareRow(name, values[0], values[1], starts_part=is_first))
                is_first = False
    return report.image(charts.shares(rows, before_name, after_name, report.new_canvas)) if rows else None
