"""
What came of the demo's round, as tables for the terminal: each municipality, and the national means beside the pilot's.

Reads what has been published, as anybody would.
"""

from pathlib import Path

import pandas as pd
from rich.box import SIMPLE
from rich.table import Table

from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.codebooks.published import pilot_2023
from borgerpuls.database import engine, read_table
from borgerpuls.settings import settings
from borgerpuls.terms import ALL_PARTICIPATING


def read_figures(round_id: str) -> pd.DataFrame:
    """Return the published figures that the tables show: one row per figure (see sql/sandbox/published_figures.sql)."""
    with engine("database_admin_url").begin() as connection:
        return read_table(connection, "sandbox/published_figures.sql", round_id=round_id)


def read_reports(round_id: str) -> dict[str, Path]:
    """Return the path of each published PDF by municipality code, `alle` among them."""
    with engine("database_admin_url").begin() as connection:
        rows = read_table(connection, "sandbox/published_reports.sql", round_id=round_id)
    folder = settings().output_folder / round_id
    return {str(row.municipality_code): folder / str(row.file_name) for row in rows.itertuples()}


def municipality_table(figures: pd.DataFrame, reports: dict[str, Path]) -> Table:
    """Return one line per municipality and one for all: taking part, overall score with interval, PDF."""
    names = municipalities().set_index("municipality_code")["name"].to_dict()
    table = Table(title="The round, municipality by municipality", title_justify="left", box=SIMPLE)
    for heading in ("Population", "Sampled", "Reachable", "Answered", "Rate", "Overall score"):
        if heading == "Population":
            table.add_column("Municipality")
        table.add_column(heading, justify="right")
    table.add_column("PDF", no_wrap=True)
    codes = sorted(set(figures["municipality_code"]) - {ALL_PARTICIPATING}, key=lambda code: names[code])
    for code in [*codes, ALL_PARTICIPATING]:
        if code == ALL_PARTICIPATING:
            table.add_section()
        own = figures[figures["municipality_code"] == code]
        taking_part = own[own["item_id"] == "response"].set_index("measure")["value"]
        overall = own[own["item_id"] == "overall"].iloc[0]
        table.add_row(
            names.get(code, "All participating"),
            *(f"{taking_part[name]:,.0f}" for name in ("population_n", "sampled_n", "reachable_n", "answered_n")),
            f"{taking_part['response_rate']:.1%}",
            "withheld"
            if pd.isna(overall["value"])
            else f"{overall['value']:.2f} ({overall['lower']:.2f}–{overall['upper']:.2f})",
            _shown(reports.get(code)),
        )
    return table


def national_table(figures: pd.DataFrame) -> Table:
    """Return the national mean of each item beside the pilot's published one."""
    table = Table(title="National means beside the pilot's published ones", title_justify="left")
    table.add_column("Item")
    for heading in ("Here", "Standard error", "Published", "Difference in standard errors"):
        table.add_column(heading, justify="right")
    for row in differences_from_pilot(figures).itertuples():
        shown = f"{row.difference_in_errors:+.1f}"
        table.add_row(
            str(row.item_id), f"{row.value:.2f}", f"{row.standard_error:.3f}", f"{row.mean_published:.2f}",
            f"[bold red]{shown}[/bold red]" if abs(float(str(row.difference_in_errors))) > 2 else shown,
        )  # fmt: skip
    return table


def differences_from_pilot(figures: pd.DataFrame) -> pd.DataFrame:
    """
    Return how far each national mean is from the pilot's, in standard errors of ours.

    Returns:
        `item_id, value, standard_error, mean_published, difference_in_errors`, in the pilot's order.
    """
    pilot = pilot_2023()
    published = pilot.loc[pilot["subgroup_var"] == "all", ["question_id", "mean_published"]]
    national = figures[(figures["municipality_code"] == ALL_PARTICIPATING) & (figures["measure"] == "mean")]
    beside = published.rename(columns={"question_id": "item_id"}).merge(
        national[["item_id", "value", "standard_error"]], on="item_id"
    )
    published_mean = beside["mean_published"].astype(float)
    return beside.assign(
        difference_in_errors=(beside["value"].astype(float) - published_mean) / beside["standard_error"].astype(float)
    )


def _shown(path: Path | None) -> str:
    if path is None:
        return "[red]none[/red]"
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
