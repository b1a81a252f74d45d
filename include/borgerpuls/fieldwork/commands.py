"""
`borgerpuls fieldwork …`: what operations do by hand. Every command is one call into the stage.
"""

import getpass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

fieldwork_app = typer.Typer(help="The contact with citizens: look, pause, resume, stop, settle.", no_args_is_help=True)

RoundId = Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2026-2.")]


@fieldwork_app.command("status")
def status(round_id: RoundId) -> None:
    """Show how far the messages are, and what somebody must look at."""
    from rich.console import Console
    from rich.table import Table

    from borgerpuls.fieldwork import stage
    from borgerpuls.fieldwork.monitor import COUNTS, totals

    console = Console()
    counts = totals(stage.monitor(round_id), ["municipality_name", "channel"])
    table = Table(title=f"Runde {round_id}")
    for name in ("Kommune", "Kanal", *COUNTS):
        table.add_column(name.replace("_", " "), justify="left" if name in {"Kommune", "Kanal"} else "right")
    for row in counts.to_dict(orient="records"):
        table.add_row(str(row["municipality_name"]), str(row["channel"]), *(str(row[name]) for name in COUNTS))
    console.print(table)
    for alert in stage.alerts(round_id):
        console.print(f"[bold red]{alert.text}[/] Se {alert.runbook}.")


@fieldwork_app.command("pause")
def pause(round_id: RoundId, reason: Annotated[str, typer.Option(prompt=True, help="Why.")]) -> None:
    """Send nothing until the round is resumed; takes effect within one batch."""
    from borgerpuls.fieldwork import stage

    stage.pause(round_id, reason, getpass.getuser())
    typer.echo(f"Runde {round_id} er sat på pause.")


@fieldwork_app.command("resume")
def resume(round_id: RoundId) -> None:
    """Let a paused round go on."""
    from borgerpuls.fieldwork import stage

    stage.resume(round_id, getpass.getuser())
    typer.echo(f"Runde {round_id} fortsætter.")


@fieldwork_app.command("stop")
def stop(round_id: RoundId, reason: Annotated[str, typer.Option(prompt=True, help="Why.")]) -> None:
    """Stop a round for good."""
    from borgerpuls.fieldwork import stage

    typer.confirm(f"Runde {round_id} kan aldrig sende igen. Er du sikker?", abort=True)
    stage.stop(round_id, reason, getpass.getuser())
    typer.echo(f"Runde {round_id} er stoppet.")


@fieldwork_app.command("reconcile")
def reconcile(round_id: RoundId) -> None:
    """Settle what ledger, journal and receipts agree on, and list what is in doubt. Sends nothing."""
    from borgerpuls.fieldwork import stage

    for name, number in stage.reconcile(round_id, getpass.getuser()).items():
        typer.echo(f"{name}: {number}")
    for row in stage.doubts(round_id).to_dict(orient="records"):
        typer.echo(f"{row['message_id']} {row['municipality_code']} {row['wave']}/{row['slot']} {row['sent_at']}")


@fieldwork_app.command("decide")
def decide(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE", help="Of `borgerpuls fieldwork reconcile`.")],
    received: Annotated[bool, typer.Option("--received/--not-received", help="What the gateway's operator says.")],
    note: Annotated[str, typer.Option(prompt=True, help="Who said so, and when.")],
) -> None:
    """Say what became of a message in doubt; it is never sent again."""
    from borgerpuls.fieldwork import stage

    done = stage.decide_doubt(UUID(message_id), was_received=received, operator=getpass.getuser(), note=note)
    typer.echo("Beskeden er afgjort." if done else "Beskeden var ikke i tvivl; intet er ændret.")


@fieldwork_app.command("explain")
def explain() -> None:
    """Show a citizen's whole contact history. The CPR number is asked for and not shown; the look is written down."""
    from borgerpuls.fieldwork import stage

    cpr = getpass.getpass("Cpr-nummer: ").replace("-", "").strip()
    for entry in stage.explain(cpr, getpass.getuser()):
        typer.echo(
            f"Runde {entry['round_id']}, kommune {entry['municipality_code']}: skema {entry['form']}"
            + (f", må ikke kontaktes ({entry['opt_out']})" if entry["opt_out"] else "")
        )
        for row in entry["messages"]:
            sent = f"{row['sent_at']:%d-%m-%Y %H:%M}" if row["sent_at"] else "ikke sendt"
            reason = f" ({row['reason']})" if row["reason"] else ""
            typer.echo(f"  bølge {row['wave']} {row['slot']}: {row['channel'] or '-'} {row['state']}{reason}, {sent}")
        for row in entry["receipts"]:
            typer.echo(
                f"    kvittering {row['wave']} {row['slot']}: {row['status']} {row['occurred_at']:%d-%m-%Y %H:%M}"
            )


@fieldwork_app.command("issue-code")
def issue_code(round_id: RoundId) -> None:
    """Issue a code to a citizen who has lost the letter. The CPR number is asked for and not shown; it is written down."""
    from borgerpuls.fieldwork import stage

    typer.confirm("Er du sikker på, hvem du taler med?", abort=True)
    cpr = getpass.getpass("Cpr-nummer: ").replace("-", "").strip()
    code = stage.issue_code(round_id, cpr, getpass.getuser())
    typer.echo(f"Koden er {code[:5]} {code[5:10]} {code[10:]}. Den virker én gang og vises kun nu.")
    typer.echo("Skemaet begynder forfra: Det, borgeren eventuelt har svaret før, bliver slettet, når koden bruges.")


@fieldwork_app.command("preview")
def preview(round_id: RoundId, out: Annotated[Path, typer.Option(help="Folder of the letters.")]) -> None:
    """Write the real letters with invented recipients, as the approver reads them."""
    from borgerpuls.fieldwork import stage

    typer.echo(f"{len(stage.write_previews(round_id, out))} breve og sms'er er skrevet til {out}.")
