"""
The commands of `borgerpuls sandbox`: the simulated country, and everything needed to run a round in it.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

sandbox_app = typer.Typer(help="The simulated country and its services, all inside one folder.", no_args_is_help=True)

SandboxHome = Annotated[Path, typer.Option("--home", help="The one folder of databases, keys, ports and logs.")]
SANDBOX_HOME = Path(".borgerpuls")


@sandbox_app.command("up")
def sandbox_up(home: SandboxHome = SANDBOX_HOME) -> None:
    """Start PostgreSQL, Airflow, the questionnaire and the gateways, where they do not run yet."""
    from borgerpuls.sandbox.demo import show_up

    show_up(home)


@sandbox_app.command("down")
def sandbox_down(home: SandboxHome = SANDBOX_HOME) -> None:
    """Stop the sandbox's own processes; data and logs stay."""
    from borgerpuls.sandbox.demo import show_down

    show_down(home)


@sandbox_app.command("clean")
def sandbox_clean(home: SandboxHome = SANDBOX_HOME) -> None:
    """Stop the sandbox's own processes and remove its folder; reports in `output` stay."""
    from borgerpuls.sandbox.demo import show_clean

    show_clean(home)


@sandbox_app.command("run", context_settings={"ignore_unknown_options": True, "help_option_names": []})
def sandbox_run(
    context: typer.Context,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND ...", help="For example: figures explain ID.")],
    home: SandboxHome = SANDBOX_HOME,
) -> None:
    """Run another command of `borgerpuls` with the settings of the sandbox that runs."""
    from borgerpuls.sandbox.services import enter

    enter(home)
    context.find_root().command.main(command, prog_name="borgerpuls")


@sandbox_app.command("country")
def sandbox_country(
    out: Annotated[Path, typer.Option("--out", help="Folder of the truth and the registrations; never the inbox.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another country.")] = 1,
    round_id: Annotated[str, typer.Option("--round", help="The round whose dates the country has.")] = "2023-2",
    inbox: Annotated[
        Path | None, typer.Option(help="Where the extracts go. Default: the setting BORGERPULS_INBOX_FOLDER.")
    ] = None,
) -> None:
    """
    Make the simulated country of a seed: one extract file per pilot municipality in the inbox.

    Beside them, outside the inbox: OUT/ROUND/truth.csv (what each row of each file should become) and
    OUT/ROUND/registrations.csv (what the sandbox gateways answer to a look-up).
    """
    from borgerpuls.sandbox.country import make_country
    from borgerpuls.sandbox.extracts import write_sandbox_files
    from borgerpuls.settings import settings

    country = make_country(seed, round_id=round_id)
    counts = write_sandbox_files(country, inbox or settings().inbox_folder, out, round_id)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    typer.echo(f"{len(country.municipalities)} extracts written for round {round_id}, seed {seed}: rows {told}")


@sandbox_app.command("demo")
def sandbox_demo(
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another country.")] = 1,
    home: SandboxHome = SANDBOX_HOME,
) -> None:
    """Run the pilot's round from empty databases to printed reports, through Airflow."""
    from borgerpuls.sandbox.demo import run_demo

    run_demo(home, seed)


@sandbox_app.command("clock")
def sandbox_clock(
    moment: Annotated[
        datetime,
        typer.Argument(
            metavar="TIME", formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help="Danish time: 2023-08-22T10:00."
        ),
    ],
) -> None:
    """Move the simulated clock forward; it never goes back."""
    from borgerpuls import clock

    clock.move_to(moment.replace(tzinfo=clock.COPENHAGEN))
    typer.echo(f"{clock.now():%Y-%m-%d %H:%M}")


@sandbox_app.command("gateway")
def sandbox_gateway(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="digital_post or sms.")],
    port: Annotated[int, typer.Option(min=1, help="The port to listen on.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    ledger: Annotated[Path | None, typer.Option(help="Append-only file of what was accepted.")] = None,
    registrations: Annotated[Path | None, typer.Option(help="CSV of cpr, is_digital_post, is_nemsms.")] = None,
    seed: Annotated[int, typer.Option(help="Draws the faults and the undeliverable.")] = 0,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of calls that go wrong.")] = 0.0,
    fault_kind: Annotated[list[str] | None, typer.Option(help="Only these faults; all when not given.")] = None,
    receipt_faults: Annotated[float, typer.Option(min=0, max=1, help="Share of receipts that go wrong.")] = 0.0,
    undeliverable: Annotated[float, typer.Option(min=0, max=1, help="Share that fails after acceptance.")] = 0.003,
    deduplicate: Annotated[bool, typer.Option(help="Accept each message id once.")] = False,
    bodies: Annotated[Path | None, typer.Option(help="Folder to keep every accepted message in, to look at.")] = None,
) -> None:
    """Run one sandbox gateway, which speaks the real wire format and writes to nobody."""
    from borgerpuls.sandbox.gateways import serve_by_hand

    serve_by_hand(
        kind, host, port, ledger=ledger, registrations=registrations, seed=seed, fault_share=faults,
        fault_kinds=tuple(fault_kind or ()), receipt_fault_share=receipt_faults, undeliverable_share=undeliverable, deduplicates=deduplicate,
        bodies=bodies,
    )  # fmt: skip


@sandbox_app.command("replica")
def sandbox_replica(
    seed: Annotated[int, typer.Option(help="Of the first round; the same seed gives the same round.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="How many, with the seeds that follow.")] = 1,
    page: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path("output/replica.md"),
) -> None:
    """Set every result the pilot printed beside a simulated round's; fails when more are off than chance allows."""
    from borgerpuls.sandbox.replica import run_replica

    verdicts = run_replica(seed, rounds, page, typer.echo)
    typer.echo(f"{page} written")
    if any(verdict.reasons for verdict in verdicts):
        raise typer.Exit(1)


@sandbox_app.command("faults")
def sandbox_faults(
    codes: Annotated[list[str] | None, typer.Argument(metavar="[DRILL]...", help="E.g. T1 T4; all when none.")] = None,
    page: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path("docs/faults.md"),
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the full dose.")] = 1.0,
) -> None:
    """Run fault drills, write down what each found, and fail when a promise did not hold."""
    from borgerpuls.sandbox.faults.page import run_faults

    if not run_faults(codes or [], share, page, typer.echo):
        raise typer.Exit(1)


@sandbox_app.command("speed")
def sandbox_speed(
    page: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path("docs/fieldwork-speed.md"),
    letters: Annotated[int, typer.Option(min=39, help="Letters to plan, token and write.")] = 250_000,
    wave: Annotated[int, typer.Option(min=13, help="Messages of the wave that is sent.")] = 23_119,
) -> None:
    """Measure how fast messages are planned and written, and how fast a wave leaves."""
    from borgerpuls.sandbox.speed import measure_speed

    measure_speed(letters, wave, page, typer.echo)
