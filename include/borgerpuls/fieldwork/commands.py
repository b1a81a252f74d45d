"""
`borgerpuls fieldwork …`: what operations do by hand. Every command is one call into stage.py or operations.py.
"""

import getpass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

fieldwork_app = typer.Typer(help="The contact with citizens: look, pause, resume, stop, settle.", no_args_is_help=True)

if TYPE_CHECKING:
    from borgerpuls.fieldwork.monitor_page import Table

WIDEST = 200
"""More columns than any table of counts needs."""


class Reason(StrEnum):
    """Why a citizen is not to be contacted."""

    OPTED_OUT = "opted_out"
    DEAD = "dead"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"


RoundId = Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2026-2.")]


TextsFile = Annotated[
    Path, typer.Argument(metavar="FILE.csv", dir_okay=False, help="Comma-separated, UTF-8, one row per municipality.")
]


@fieldwork_app.command("status")
def status(round_id: RoundId) -> None:
    """Show how far the messages are, and what somebody must look at."""
    from borgerpuls.fieldwork import stage
    from borgerpuls.fieldwork.monitor import adds_up
    from borgerpuls.fieldwork.monitor_page import state_of, tables

    plan, counts, reasons, alerts = stage.round_status(round_id)
    paused = f", sat på pause: {plan['pause_reason'] or 'ingen begrundelse'}" if plan["is_paused"] else ""
    typer.echo(f"Runde {round_id}: {plan['name']}. {state_of(plan)}{paused}.")
    for table in tables(counts, reasons):
        if table.rows:
            _print_table(table.without_zeros())
    if not adds_up(counts):
        typer.secho(
            "Det stemmer ikke: hver besked skal være i netop én tilstand. Tilkald udvikler.", fg="red", bold=True
        )
    for alert in alerts:
        typer.secho(f"\n{alert.text} Se {alert.runbook}.", fg="red", bold=True)


def _print_table(shown: "Table") -> None:
    """Print a table with headings broken at their spaces; a terminal that is too narrow breaks lines, never words."""
    import rich.table
    from rich import box
    from rich.console import Console

    drawn = rich.table.Table(title=shown.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, (heading, *cells) in enumerate(zip(shown.headings, *shown.rows, strict=True)):
        is_name = number < shown.names
        width = None if is_name else max(len(text) for text in (*heading.split(), *cells))
        drawn.add_column(heading, justify="left" if is_name else "right", vertical="bottom", width=width)
    for row in shown.rows:
        drawn.add_row(*row)
    Console(highlight=False, markup=False, width=WIDEST).print(drawn, soft_wrap=True)


@fieldwork_app.command("pause")
def pause(round_id: RoundId, reason: Annotated[str, typer.Option(prompt="Hvorfor", help="Why.")]) -> None:
    """Send nothing until the round is resumed; takes effect within one batch."""
    from borgerpuls.fieldwork import operations

    operations.pause(round_id, reason, getpass.getuser())
    typer.echo(f"Runde {round_id} er sat på pause.")


@fieldwork_app.command("resume")
def resume(round_id: RoundId) -> None:
    """Let a paused round go on."""
    from borgerpuls.fieldwork import operations

    operations.resume(round_id, getpass.getuser())
    typer.echo(f"Runde {round_id} fortsætter.")


@fieldwork_app.command("stop")
def stop(round_id: RoundId, reason: Annotated[str, typer.Option(prompt="Hvorfor", help="Why.")]) -> None:
    """Stop a round for good."""
    from borgerpuls.fieldwork import operations

    typer.confirm(f"Runde {round_id} kan aldrig sende igen. Er du sikker?", abort=True)
    operations.stop(round_id, reason, getpass.getuser())
    typer.echo(f"Runde {round_id} er stoppet.")


@fieldwork_app.command("reconcile")
def reconcile(round_id: RoundId) -> None:
    """Settle what ledger, journal and receipts agree on, and list what is in doubt. Sends nothing."""
    from borgerpuls.fieldwork import operations
    from borgerpuls.fieldwork.words import CHANNELS, COUNTED, WAVES

    for name, number in operations.reconcile(round_id, getpass.getuser()).items():
        typer.echo(f"{COUNTED[name]}: {number}")
    for row in operations.doubts(round_id).to_dict(orient="records"):
        typer.echo(
            f"{row['message_id']}  kommune {row['municipality_code']}  {WAVES[row['wave']]}  {CHANNELS[row['channel']]}  "
            f"sendt {row['sent_at']:%d-%m-%Y kl. %H.%M}  {row['reason'] or ''}".rstrip()
        )


@fieldwork_app.command("decide")
def decide(
    message_id: Annotated[UUID, typer.Argument(metavar="MESSAGE", help="Of `borgerpuls fieldwork reconcile`.")],
    received: Annotated[bool, typer.Option("--received/--not-received", help="What the gateway's operator says.")],
    note: Annotated[str, typer.Option(prompt="Hvem siger det, og hvornår", help="Who said so, and when.")],
) -> None:
    """Say what became of a message in doubt; it is never sent again."""
    from borgerpuls.fieldwork import operations

    done = operations.decide_doubt(message_id, was_received=received, operator=getpass.getuser(), note=note)
    typer.echo("Beskeden er afgjort." if done else "Beskeden var ikke i tvivl; intet er ændret.")


@fieldwork_app.command("explain")
def explain() -> None:
    """Show a citizen's whole contact history. The CPR number is asked for and not shown; the look is written down."""
    from borgerpuls.fieldwork import operations
    from borgerpuls.fieldwork.history import history_lines

    cpr = _ten_digits(getpass.getpass("Cpr-nummer: "))
    for entry in operations.explain(cpr, getpass.getuser()):
        for line in history_lines(entry):
            typer.echo(line)


@fieldwork_app.command("opt-out")
def opt_out(
    reason: Annotated[Reason, typer.Option(help="What the citizen or the municipality says.")] = Reason.OPTED_OUT,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Many: one CPR number a line. Default: asked for.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take a mistake back.")] = False,
    ahead: Annotated[
        bool, typer.Option("--ahead", help="Keep it for later rounds, also of who is in none now.")
    ] = False,
) -> None:
    """
    Contact a citizen no more. The CPR number is asked for and not shown; it is written down.

    Who is dead, has moved or is withdrawn is left out of the rounds under way; who wants no contact, of later rounds too.
    """
    from borgerpuls.errors import CitizenIsUnknown
    from borgerpuls.fieldwork import operations
    from borgerpuls.given_paths import read_text

    unknown = []
    lines = [getpass.getpass("Cpr-nummer: ")] if file is None else read_text(file).splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            if undo:
                rounds = operations.take_back_opt_out(_ten_digits(line), getpass.getuser())
            else:
                rounds = operations.opt_out(_ten_digits(line), reason.value, getpass.getuser(), is_ahead=ahead)
        except CitizenIsUnknown:
            if file is None:
                raise
            unknown.append(number)
        else:
            where = f"runde {', '.join(rounds)}" if rounds else "kommende runder"
            typer.echo(f"{'Må' if undo else 'Må ikke'} kontaktes i {where}.")
    if unknown:
        typer.echo(f"Ikke fundet: linje {', '.join(str(number) for number in unknown)}.")
        raise typer.Exit(1)


@fieldwork_app.command("write-texts")
def write_texts(round_id: RoundId, file: TextsFile) -> None:
    """Write the municipalities' words to a file, to be changed and read again."""
    from borgerpuls.fieldwork import operations
    from borgerpuls.plain_files import write_plain

    texts = operations.municipality_texts(round_id)
    write_plain(texts, file.parent, file.name)
    typer.echo(f"{len(texts)} kommuners tekster er skrevet til {file}.")


@fieldwork_app.command("read-texts")
def read_texts(round_id: RoundId, file: TextsFile) -> None:
    """Let municipalities use the words of a file like that of write-texts; all of them, or none when one is wrong."""
    from borgerpuls.fieldwork import operations

    changed = operations.read_municipality_texts(round_id, file)
    typer.echo(f"Ændret: {', '.join(changed) or 'ingen'}.")
    if changed:
        typer.echo("Ryd prepare_dry_run i DAG'en fieldwork: det nye indhold skal godkendes, før der sendes igen.")


@fieldwork_app.command("sms-share")
def sms_share(
    round_id: RoundId, share: Annotated[float, typer.Argument(min=0, max=1, help="Of each municipality's people.")]
) -> None:
    """Let a random share get an SMS beside the reminders, the others not, to see whether it is worth it. Before approval."""
    from borgerpuls.fieldwork import operations

    operations.set_reminder_arms(round_id, share)
    typer.echo("Gemt. Ryd plan_messages og de følgende opgaver i DAG'en fieldwork, så der trækkes lod.")


@fieldwork_app.command("sms-effect")
def sms_effect(round_id: RoundId) -> None:
    """Show how many more answer when an SMS comes beside the reminders, where lots were drawn about it."""
    from borgerpuls.fieldwork import operations

    found = operations.arm_difference(round_id)
    shown = [found.share_with, found.share_without, found.difference, *found.interval]
    with_sms, without, difference, lower, upper = (f"{100 * share:.1f}".replace(".", ",") for share in shown)
    typer.echo(
        f"Med sms: {with_sms} % af {found.people_with} borgere har svaret. Uden: {without} % af {found.people_without}."
    )
    typer.echo(f"Forskel inden for kommunerne: {difference} procentpoint (95 %: {lower} til {upper}).")
    if found.left_out:
        typer.echo(f"{found.left_out} kommuner med færre end to borgere i en af grupperne er ikke med.")


@fieldwork_app.command("issue-code")
def issue_code(round_id: RoundId) -> None:
    """Issue a code to a citizen who has lost the letter. The CPR number is asked for and not shown; it is written down."""
    from borgerpuls.fieldwork import operations

    operations.require_answers_are_taken(round_id)
    typer.confirm("Er du sikker på, hvem du taler med?", abort=True)
    cpr = _ten_digits(getpass.getpass("Cpr-nummer: "))
    code = operations.issue_code(round_id, cpr, getpass.getuser())
    typer.echo(f"Koden er {code[:5]} {code[5:10]} {code[10:]}. Den virker én gang og vises kun nu.")
    typer.echo("Skemaet begynder forfra: Det, borgeren eventuelt har svaret før, bliver slettet, når koden bruges.")


@fieldwork_app.command("preview")
def preview(round_id: RoundId, out: Annotated[Path, typer.Option(help="Folder of the letters.")]) -> None:
    """Write the real letters with invented recipients, as the approver reads them."""
    from borgerpuls.fieldwork import operations

    typer.echo(f"{len(operations.write_previews(round_id, out))} breve og sms'er er skrevet til {out}.")


def _ten_digits(written: str) -> str:
    return "".join(written.split()).replace("-", "")
