"""
`borgerpuls responses …`: what people do by hand with the answers of a round. Every command is one call into the stage.
"""

import getpass
from pathlib import Path
from typing import Annotated

import typer

responses_app = typer.Typer(help="The answers of a round.", no_args_is_help=True)
open_answers_app = typer.Typer(
    help="The citizens' own words: a person reads each one before it may be printed.", no_args_is_help=True
)
responses_app.add_typer(open_answers_app, name="open-answers")

RoundId = Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2023-2.")]
References = Annotated[
    list[str], typer.Argument(metavar="REFERENCE", help="Of `open-answers list`; several may follow.")
]
Municipality = Annotated[str | None, typer.Option(help="Only this municipality's, e.g. 0461.")]

STATES = {"approved": "godkendt", "declined": "afvist"}
GUIDE = (
    "Godkend kun det, som ingen kan genkendes på: heller ikke på en særlig hændelse, et sted, en arbejdsplads eller en "
    "sygdom. Er du i tvivl, så afvis."
)


@responses_app.command("release")
def release(
    round_id: RoundId,
    response_id: Annotated[str, typer.Argument(help="The response in quarantine.")],
    by: Annotated[str, typer.Option(help="Who has looked at it.")],
    reason: Annotated[str, typer.Option(help="Why it counts after all.")],
) -> None:
    """Let a response out of quarantine, before the round is frozen."""
    from borgerpuls.responses import stage

    stage.release(round_id, response_id, released_by=by, reason=reason)
    typer.echo("Besvarelsen er frigivet. Den tæller med, til borgeren ændrer den.")


@responses_app.command("quarantine")
def show_quarantine(round_id: RoundId) -> None:
    """Show which responses are in quarantine, and why; never what was answered."""
    from borgerpuls.responses import stage

    rows = stage.quarantined(round_id).to_dict(orient="records")
    for row in rows:
        typer.echo(f"{row['response_id']} {row['municipality_name']}: {row['quarantine_reason']}")
    typer.echo(f"{len(rows)} besvarelser er i karantæne.")


@responses_app.command("progress")
def show_progress(
    round_id: RoundId,
    municipality: Municipality = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write every day to this file; its folder is made.")
    ] = None,
) -> None:
    """Show how many have answered per municipality and target group, beside the expected curve."""
    from rich.console import Console
    from rich.table import Table

    from borgerpuls.plain_files import write_plain
    from borgerpuls.responses import stage

    days, source = stage.response_progress(round_id, municipality)
    if out is not None:
        write_plain(days, out.parent, out.name)
    shown = Table(title=f"Runde {round_id}: svar til nu. Forventningen er fra {source}.")
    for name in ("Kommune", "Målgruppe", "Stikprøve", "Svar", "Svarprocent", "Forventet", ""):
        shown.add_column(name, justify="left" if name in {"Kommune", "Målgruppe", ""} else "right")
    for row in days.groupby(["municipality_code", "target_group"]).tail(1).to_dict(orient="records"):
        shown.add_row(
            row["municipality_name"], row["target_group_name"], str(row["sampled_n"]), str(row["answered_n"]),
            f"{row['response_share']:.0%}", f"{row['expected_share']:.0%}", "bagud" if row["is_behind"] else "",
        )  # fmt: skip
    Console().print(shown)


@open_answers_app.command("list")
def list_open_answers(round_id: RoundId, municipality: Municipality = None) -> None:
    """Show the scrubbed open answers of a frozen round, and what was decided of each."""
    from borgerpuls.responses import stage

    for row in stage.open_answers(round_id, municipality).to_dict(orient="records"):
        state = STATES.get(row["decision"], "ikke læst")
        by = f" af {row['decided_by']} {row['decided_at']:%d-%m-%Y}" if row["decision"] in STATES else ""
        typer.echo(f"{row['reference']} {row['municipality_name']}, {row['item_id']} ({state}{by})")
        typer.echo(f"    {row['scrubbed_text']}")


@open_answers_app.command("review")
def review_open_answers(round_id: RoundId, municipality: Municipality = None) -> None:
    """Read the texts nobody has decided yet, one by one, and approve or decline each. Your name is written down."""
    from borgerpuls.responses import stage

    texts = stage.open_answers(round_id, municipality)
    left = texts[texts["decision"].isna()]
    typer.echo(f"{len(left)} tekster er ikke læst. {GUIDE}")
    for row in left.to_dict(orient="records"):
        typer.echo(f"\n{row['municipality_name']}, {row['item_id']}:\n{row['scrubbed_text']}")
        answer = typer.prompt("Må den trykkes? (j = ja, n = nej, v = vent, s = slut)").strip().lower()[:1]
        if answer == "s":
            break
        if answer in {"j", "n"}:
            stage.decide_open_answers(
                round_id, [row["reference"]], is_approved=answer == "j", decided_by=getpass.getuser()
            )
    if not left.empty:
        typer.echo("Det er gemt.")


@open_answers_app.command("approve")
def approve_open_answers(round_id: RoundId, references: References) -> None:
    """Approve texts for publication. Your name is written down."""
    _decide(round_id, references, is_approved=True)


@open_answers_app.command("decline")
def decline_open_answers(round_id: RoundId, references: References) -> None:
    """Decline texts, or take an approval back. Your name is written down."""
    _decide(round_id, references, is_approved=False)


def _decide(round_id: str, references: list[str], *, is_approved: bool) -> None:
    from borgerpuls.responses import stage

    stage.decide_open_answers(round_id, references, is_approved=is_approved, decided_by=getpass.getuser())
    typer.echo(f"{len(references)} tekster er {'godkendt' if is_approved else 'afvist'} af {getpass.getuser()}.")
