"""
`borgerpuls retention …`: what is destroyed when, and the proof that it is gone. Every command is one call into the stage.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from borgerpuls.clock import COPENHAGEN
from borgerpuls.retention.words import STATES, WHAT

if TYPE_CHECKING:
    from borgerpuls.retention.stage import RoundRetention

retention_app = typer.Typer(help="What is destroyed when, and the proof that it is gone.", no_args_is_help=True)

RoundId = Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2026-2.")]


@retention_app.command("show")
def show(
    round_id: Annotated[
        str | None, typer.Argument(metavar="[ROUND]", help="Only this round, with its register.")
    ] = None,
) -> None:
    """Show when each round is forgotten, or was; of one round, also its extracts and everything that was destroyed."""
    from borgerpuls.retention import stage

    if round_id is None:
        rounds = stage.retentions()
        for one in rounds:
            typer.echo(_told(one))
        if not rounds:
            typer.echo("Der er ingen runder.")
        return
    one, extracts, register = stage.retention_of(round_id)
    typer.echo(_told(one))
    for row in extracts:
        typer.echo(f"Udtrækket fra kommune {row.municipality_code} destrueres {row.destroy_after_date:%d-%m-%Y}.")
    for row in register:
        done = row.completed_at or row.begun_at
        number = f"{row.destroyed_n:,}".replace(",", ".")
        whose = f", kommune {row.municipality_code}" if row.municipality_code else ""
        unfinished = "" if row.completed_at else " – begyndt, ikke ført til ende"
        typer.echo(
            f"{done.astimezone(COPENHAGEN):%d-%m-%Y kl. %H.%M}  {WHAT[row.what]}{whose}: {number}{unfinished}  "
            f"(frist {row.due_date:%d-%m-%Y}, kørsel {row.run_id})"
        )


@retention_app.command("prove")
def prove(round_id: RoundId) -> None:
    """Look again whether everything is gone that must be; exit code 1 when something is left."""
    from borgerpuls.retention import stage

    found = stage.prove(round_id)
    for one in found:
        typer.echo(f"{'holder' if one.holds else 'HOLDER IKKE'}  {one.sentence}")
    if not all(one.holds for one in found):
        typer.echo(f"Runde {round_id} er ikke bevist glemt.")
        raise typer.Exit(1)
    typer.echo(f"Runde {round_id} er glemt: ingen, der har databasen og nøglerne, kan finde en borger i den.")


def _told(one: "RoundRetention") -> str:
    days = one.deadline
    act, day = ("glemt", one.forgotten_date) if one.forgotten_date else ("glemmes", days.due_date)
    return (
        f"{one.round_id}  {one.name}, {STATES[one.state]}: {act} {day:%d-%m-%Y} (slut {days.closed_date:%d-%m-%Y}, lovet senest "
        f"{days.promised_date:%d-%m-%Y})"
    )
