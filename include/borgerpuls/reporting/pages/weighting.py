"""
The pages on weighting: how, how much, a worked example, and which cells were merged.

Each function takes the report that is being composed and returns what its template prints.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from borgerpuls.codebooks.municipalities import danish_sort_key
from borgerpuls.reporting import numbers
from borgerpuls.reporting.columns import in_columns
from borgerpuls.reporting.composer import Composer
from borgerpuls.reporting.figure_texts import count_text, percent_text
from borgerpuls.reporting.fonts import printable
from borgerpuls.reporting.tables import Column, Row, dense
from borgerpuls.terms import ALL_PARTICIPATING

_ROWS_PER_COLUMN = 30
_FEW = 5
"""Merged cells that need no page of their own."""


def weighting(report: Composer) -> dict[str, Any]:
    """Return how the answers were weighted, how much the weights differ, and the worked example."""
    population = report.response_value("population_n")
    answered = report.response_value("answered_n")
    mean_weight = numbers.decimal_text(population / answered, 1) if population and answered else None
    facts = []
    for label, measure, decimals in (
        ("Mindste vægt", "weight_min", 2),
        ("Største vægt", "weight_max", 2),
        ("Designeffekt (Kish)", "design_effect", 2),
        ("Effektivt antal svar", "effective_n", 0),
    ):
        value = report.figures.value(report.code, "weighting", measure)
        if value is not None:
            facts.append(Row([label, numbers.decimal_text(value, decimals)]))
    return {
        "mean_weight": mean_weight,
        "population": report.response_count("population_n"),
        "answered": report.response_count("answered_n"),
        "facts": report.table([Column("Mål", 60.0), Column("Værdi")], facts) if facts else None,
        "example": _example(report),
        "merged": _merged_table(report, merged) if (merged := _merged_rows(report)) and len(merged) <= _FEW else None,
    }


def _example(report: Composer) -> dict[str, Any] | None:
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
        measure: next(iter(report.figures.groups(ALL_PARTICIPATING, "weighting", measure, "all")), None)
        for measure in ("cell_population_n", "cell_answered_n", "cell_weight")
    }
    people, answered, weight = cell.values()
    worked = None
    if people and answered and weight and None not in (people.value, answered.value, weight.value):
        worked = {
            "group": report.survey.cell_name(people.category),
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


def merged_cells(report: Composer) -> Iterator[dict[str, Any]]:
    """Yield the pages of the collapse log, where it is longer than the page on weighting has room for."""
    rows = _merged_rows(report)
    most = _ROWS_PER_COLUMN if report.is_national else 20
    if len(rows) > _FEW:
        for parts in in_columns([(row, 1.0) for row in rows], most):
            yield {"columns": [_merged_table(report, part) for part in parts]}


def _merged_rows(report: Composer) -> list[Row]:
    """Return the cells that were merged, or of all participating how many were in each municipality."""
    if report.is_national:
        rows = [
            Row([report.municipality_name(figure.municipality_code), numbers.count(figure.value or 0.0)])
            for figure in report.figures.over_municipalities("weighting", "merged_n")
            if figure.value
        ]
        return sorted(rows, key=lambda row: danish_sort_key(row.cells[0]))
    return [
        Row([printable(cell.description), str(cell.merged_n)])
        for cell in report.data.merged_cells
        if cell.municipality_code == report.code
    ]


def _merged_table(report: Composer, rows: Sequence[Row]) -> Markup:
    if report.is_national:
        columns = [Column("Kommune", 70.0), Column("Sammenlagte vægtningsceller")]
    else:
        columns = [Column("Lagt sammen til én celle", 98.0), Column("Celler")]
    return report.table(columns, rows, style=dense(2 * len(rows), 110.0))
