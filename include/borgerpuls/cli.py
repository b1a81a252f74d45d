"""
The command line. Every command is one call into a stage; nothing is decided here.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from borgerpuls.errors import BorgerpulsError


class CommandsThatStateFacts(TyperGroup):
    """A named error becomes its sentence and exit code 2, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BorgerpulsError as error:
            typer.echo(f"{type(error).__name__}: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    name="borgerpuls",
    cls=CommandsThatStateFacts,
    help="The cross-municipal citizen survey of Danish job centres, round by round.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)


@app.callback()
def main() -> None:
    """Keep the commands below as named sub-commands."""


@app.command("check-figures")
def check_figures(
    table: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The printed table, comma-separated UTF-8.")],
    out: Annotated[Path, typer.Option(help="Folder for findings.csv; made when it is not there.")],
    mean_decimals: Annotated[
        int | None, typer.Option(min=0, max=6, help="Decimals of the printed means. Default: found in the table.")
    ] = None,
) -> None:
    """
    Find what cannot be true in a printed table of results, with the arithmetic.

    FILE.csv has one row per printed group and the columns question_id, subgroup_var (all, target_group, age, sex,
    status, duration, duration_GROUP or any other), subgroup, n, pct_5 ... pct_1 (percent), mean_published,
    pct_decimals and dont_know_n. Leave a field empty where nothing was printed. Other columns are ignored.

    findings.csv names the row, the check, what was expected and found, the bounds that rounding leaves, and the
    arithmetic. Checked are: shares that sum to 100, means that follow from their shares, parts whose n add up to the
    whole (target group, age, sex and status; duration within the current spells), and a whole that lies between its
    parts.
    """
    from borgerpuls.estimation.figure_file import check_figure_file

    rows, findings = check_figure_file(table, out, mean_decimals=mean_decimals)
    typer.echo(f"{rows} rows checked, {findings} findings written to {out / 'findings.csv'}")


# --- sandbox: the simulated country, and everything needed to run a round in it ----------------------------------

sandbox_app = typer.Typer(help="The simulated country and its services, all inside one folder.", no_args_is_help=True)
app.add_typer(sandbox_app, name="sandbox")

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


@sandbox_app.command("demo")
def sandbox_demo(
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another country.")] = 1,
    home: SandboxHome = SANDBOX_HOME,
) -> None:
    """Run the pilot's round from empty databases to printed reports, through Airflow."""
    from borgerpuls.sandbox.demo import run_demo

    run_demo(home, seed)
