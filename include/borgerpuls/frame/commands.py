"""
`borgerpuls frame …`: what became of the municipalities' extracts. Every command is one call into the stage.
"""

from typing import Annotated

import typer

RoundId = Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2023-2.")]

frame_app = typer.Typer(help="The population of a round: what became of each extract.", no_args_is_help=True)


@frame_app.command("status")
def status(round_id: RoundId) -> None:
    """Show rows, eligible, ineligible and quarantined per municipality, and why an extract was refused."""
    from rich.console import Console
    from rich.table import Table

    from borgerpuls.frame.stage import frame_summary

    table = Table("Kommune", "Rækker", "Med", "Uden for", "I karantæne", "Udtrækket")
    for column in table.columns[1:5]:
        column.justify = "right"
    for row in frame_summary(round_id).fillna({"outcome": "", "outcome_text": ""}).to_dict("records"):
        counts = [row[f"{name}_count"] for name in ("row", "eligible", "ineligible", "quarantined")]
        said = row["outcome_text"] or ("læst" if row["outcome"] else "endnu ikke set efter")
        table.add_row(row["municipality_name"], *(f"{count:,}".replace(",", ".") for count in counts), said)
    Console().print(table)


@frame_app.command("errors")
def errors(
    round_id: RoundId,
    municipality: Annotated[str | None, typer.Option(help="Only this municipality's, e.g. 0461.")] = None,
) -> None:
    """List what is wrong with the rows of the extracts, to send to the municipality: row, column, what was expected."""
    from borgerpuls.frame.stage import row_errors

    found = row_errors(round_id, municipality)
    for row in found.to_dict("records"):
        typer.echo(row["message"])
    typer.echo(f"{len(found)} fejl i {found['row_number'].groupby(found['municipality_name']).nunique().sum()} rækker.")
