"""
`borgerpuls publication …`: what operations do by hand after a round is published. Every command is one call into the stage.
"""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from borgerpuls.clock import COPENHAGEN
from borgerpuls.errors import NothingIsPublished
from borgerpuls.terms import ArtefactKind

if TYPE_CHECKING:
    import pandas as pd

publication_app = typer.Typer(help="What is published: show, fetch, correct, retract.", no_args_is_help=True)

RoundId = Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2026-2.")]
Municipality = Annotated[str, typer.Argument(metavar="MUNICIPALITY", help="Its code, e.g. 0461, or alle.")]
Reason = Annotated[str, typer.Option(prompt="Hvorfor", help="Why; it is kept and shown with the versions.")]
By = Annotated[str | None, typer.Option(help="Who decided. Default: whoever is logged in.")]


@publication_app.command("show")
def show(
    round_id: RoundId,
    municipality: Annotated[str | None, typer.Option(help="Only this one, with the figures that were changed.")] = None,
) -> None:
    """List every version of what is published, current and withdrawn, with its hash and why it was replaced."""
    from rich.console import Console
    from rich.table import Table

    from borgerpuls.publication import stage

    console = Console()
    table = Table(title=f"Runde {round_id}", title_justify="left")
    for heading in ("Område", "Slags", "Udgave", "Tilstand", "SHA-256", "Udgivet", "Hvem og hvorfor"):
        table.add_column(heading)
    versions = stage.versions_of(round_id, municipality)
    if versions.empty:
        raise NothingIsPublished(
            f"Nothing{f' of {municipality}' if municipality else ''} is published in round {round_id}.",
            next_step="Look whether the round and the municipality are written as in the rounds DAG.",
        )
    for row in _rows(versions):
        act = "withdrawn" if row["state"] == "withdrawn" else "brought"
        by, why = row[f"{act}_by"], row[f"{act}_reason"]
        table.add_row(
            *(str(row[name]) for name in ("municipality_code", "kind", "version")),
            "gældende" if row["state"] == "current" else "trukket tilbage",
            str(row["file_sha256"])[:12], f"{row['published_at'].astimezone(COPENHAGEN):%d.%m.%Y %H:%M}", "" if by is None else f"{by}: {why}",
        )  # fmt: skip
    console.print(table)
    if municipality is None:
        return
    for row in _rows(stage.changes_of(round_id, municipality)):
        before, after = (_told(row[f"state_{when}"], row[f"value_{when}"]) for when in ("before", "after"))
        console.print(f"{row['figure_id']}: {before} → {after}", soft_wrap=True)


@publication_app.command("correct")
def correct(round_id: RoundId, municipality: Municipality, reason: Reason, by: By = None) -> None:
    """Replace what is published of one municipality by what is drawn, at once; the old versions stay, withdrawn."""
    from borgerpuls.publication import stage

    done = stage.correct(round_id, municipality, by or getpass.getuser(), reason)
    if not done["files"] and not done["changed_figures"]:
        typer.echo("Det udgivne er allerede det, der er tegnet; intet er ændret.")
        return
    typer.echo(f"{done['files']} filer er erstattet, {done['changed_figures']} tal er ændret.")


@publication_app.command("retract")
def retract(
    round_id: RoundId,
    municipality: Municipality,
    reason: Reason,
    by: By = None,
    kind: Annotated[
        list[ArtefactKind] | None, typer.Option(help="Only this kind; may be repeated. Default: all, and the figures.")
    ] = None,
) -> None:
    """Take what is published of one municipality back, with nothing in its place; the old versions stay, withdrawn."""
    from borgerpuls.publication import stage

    done = stage.retract(round_id, municipality, by or getpass.getuser(), reason, tuple(kind or ()))
    typer.echo(f"{done['files']} filer og {done['figures']} tal er trukket tilbage.")


@publication_app.command("fetch")
def fetch(
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="The hash, or at least its first six digits.")],
    out: Annotated[Path, typer.Option(help="Folder to write to; made when it is not there.")],
) -> None:
    """Write a published file, also one that is withdrawn, which then begins its name with withdrawn-."""
    from borgerpuls.publication import stage

    fetched = stage.fetch(sha256)
    path = stage.save(fetched, out)
    typer.echo(str(path))
    if fetched.state == "withdrawn":
        typer.echo(f"Trukket tilbage: {fetched.withdrawn_reason}")


def _rows(table: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _told(state: str, value: float | None) -> str:
    from borgerpuls.reporting import numbers

    if state != "shown":
        return {"withheld": "vises ikke", "absent": "intet tal"}[state]
    if value is None or value != value:  # noqa: PLR0124 - a missing number in a table of numbers is not equal to itself
        return "vist, men gentages ikke"
    return numbers.decimal_text(value, 3)
