"""
The command line. Every command is one call into a stage; nothing is decided here.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from borgerpuls.errors import BorgerpulsError
from borgerpuls.fieldwork.commands import fieldwork_app
from borgerpuls.publication.commands import publication_app
from borgerpuls.questionnaire.commands import questionnaire_app
from borgerpuls.responses.commands import responses_app


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


# --- statistics on plain files ----------------------------------------------------------------------------------

SurveyFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the files described above.")]
OutFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to; made if it is not there.")]
MinimumCell = Annotated[int, typer.Option(min=1, help="Fewest answers a weighting cell may have before it is merged.")]
CollapseOrder = Annotated[
    str | None,
    typer.Option(
        metavar="CODES", help="Target groups in the order they are merged, e.g. 1,0,2,3. Default: the codebook's."
    ),
]
CodebookVersion = Annotated[str, typer.Option("--codebook", help="The codebook whose collapse order is used.")]


@app.command("sample")
def sample(
    folder: SurveyFolder,
    out: OutFolder,
    seed: Annotated[
        int, typer.Option(min=0, help="The draw's seed; the same seed and frame give the same sample.")
    ] = 1,
    precision: Annotated[
        float | None, typer.Option(help="Half width of a share's interval in every municipality, e.g. 0.03.")
    ] = None,
    expected_response: Annotated[
        float, typer.Option(help="Share of the invited that answers, with --precision.")
    ] = 1.0,
    share: Annotated[float, typer.Option(help="The share that --precision is for; 0.5 asks most.")] = 0.5,
    minimum: Annotated[int, typer.Option(min=0, help="Smallest sample of a municipality, with --precision.")] = 0,
    maximum: Annotated[int | None, typer.Option(help="Largest sample of a municipality, with --precision.")] = None,
    total: Annotated[int | None, typer.Option(help="Invitations over all municipalities, with --precision.")] = None,
    frame_hash: Annotated[str | None, typer.Option(help="Refuse to draw unless the frame has this hash.")] = None,
) -> None:
    """
    Draw a stratified sample that anyone can draw again.

    Reads frame.csv (person_id, municipality, sex, age_group, target_group; one
    row per person, any codes) and, without --precision, sizes.csv
    (municipality, n). Other columns are ignored. With --precision a
    municipality's size is n = N z²pq / (e²(N-1) + z²pq) over the expected
    response, kept between minimum and maximum and spread to the total by
    largest remainders. A size at or above the frame is a census.

    Strata are sex x age group inside the municipality, allocated in proportion.
    Inside a stratum the draw is systematic from a list sorted by target group,
    in random order within the group.

    Writes sample.csv (the persons with stratum_id and selection_probability),
    allocation.csv (frame and sample per stratum), balance.csv (frame against
    sample by target group, sex and age group) and draw.json (seed and frame
    hash).
    """
    from borgerpuls.sampling.allocation import PrecisionTarget
    from borgerpuls.sampling.files import sample_files

    target = None
    if precision is not None:
        target = PrecisionTarget(precision, expected_response, share, minimum=minimum, maximum=maximum)
    draw = sample_files(folder, out, seed=seed, target=target, total=total, expected_hash=frame_hash)
    typer.echo(f"{len(draw.sample)} persons drawn with seed {seed} from the frame {draw.frame_hash}")


@app.command("weight")
def weight(
    folder: SurveyFolder,
    out: OutFolder,
    minimum_cell: MinimumCell = 5,
    collapse_order: CollapseOrder = None,
    codebook: CodebookVersion = "2023",
    rake: Annotated[
        str, typer.Option(metavar="COLUMNS", help="Rake each municipality to these margins, e.g. sex,age,tg.")
    ] = "",
    trim: Annotated[
        float | None, typer.Option(help="Largest weight in medians of the round's weights, e.g. 3; the sum is kept.")
    ] = None,
) -> None:
    """
    Weight answers up to the population.

    Reads respondents.csv (id, round, muni, sex, age, tg; one row per answer)
    and population_cells.csv (round, muni, sex, age, tg, N; persons, with a row
    for every cell that has people). Codes: sex 0 women 1 men; age 0 under 30, 1
    30-49, 2 50 and over; tg as the codebook numbers its target groups. Other
    columns are ignored.

    The weight is N / r of the weighting cell municipality x sex x age x target
    group. A cell with fewer than --minimum-cell answers is merged with a
    neighbour: along the collapse order of the target groups, then with the next
    age, then with the other sex. A municipality without answers is left out, by
    name.

    Writes weights.csv (id, weight, round, muni, cell, stratum), collapse.csv
    (every raw cell with its weighting cell, its stratum, N and r), merges.csv
    (every merge in order), margins.csv (how far the weights are from the
    population on sex, age and tg) and summary.csv (Kish design effect and
    effective n). Raking and trimming are choices of a round; estimate does not
    use them.
    """
    from borgerpuls.weighting.files import weight_files

    order = _collapse_order(collapse_order, codebook)
    margins = [name for name in rake.split(",") if name]
    report = weight_files(folder, out, order=order, minimum=minimum_cell, margins=margins, trim_at=trim)
    typer.echo(f"{report.answers} answers weighted after {report.merges} merges of thin cells")
    _name_left_out(report.left_out)


@app.command("estimate")
def estimate(
    folder: SurveyFolder,
    out: OutFolder,
    minimum_cell: MinimumCell = 5,
    collapse_order: CollapseOrder = None,
    codebook: CodebookVersion = "2023",
    variance: Annotated[
        str, typer.Option(metavar="cells|poststratify", help="Cells as strata, or R's postStratify form.")
    ] = "cells",
    by: Annotated[str, typer.Option(metavar="COLUMNS", help="Further columns of whole numbers to split by.")] = "",
) -> None:
    """
    Weight, estimate and compare, with standard errors and intervals.

    Reads population_cells.csv and respondents.csv as `borgerpuls weight` does;
    respondents.csv has further any number of items (q1, q2, ...; 1-5, empty
    when there is no valid answer), multi-select options (m1, m2, ...; 1 chosen,
    0 not, empty when not asked), status (0 current, 1 ended) and dur (0-3, -1
    when ended). Other columns are ignored. Several rounds may be in the same
    files.

    estimates.csv: round, question, var, group, muni (-1 is all participating);
    n valid answers, missing_n without one; mean, se_mean, df, lo_mean, hi_mean
    (95 %, t); for each answer p5 ... p1 its share, se_, lo_, hi_ (95 %, logit);
    top2, the share that answered 4 or 5, likewise; outcome says why a figure or
    interval is missing.

    differences.csv: type (muni_vs_national, muni_vs_rest, roundB_minus_roundA),
    round, question, muni, diff, se, z, p_norm (normal), df (Satterthwaite), p_t
    (t), p_bh (p_t after Benjamini-Hochberg over the municipality's report: its
    comparisons with the rest and with the round before), outcome.

    multiselect.csv: round, option, muni, n asked, p, se, df, lo, hi, outcome.
    weights.csv, collapse.csv and merges.csv as `borgerpuls weight` writes them.
    Missing figures are empty. The files are not protected by disclosure
    control.
    """
    from borgerpuls.estimation.files import estimate_files
    from borgerpuls.estimation.variance import Variance
    from borgerpuls.plain_files import NOT_PROTECTED
    from borgerpuls.weighting.files import left_out

    if variance not in set(Variance):
        raise typer.BadParameter("write cells or poststratify", param_hint="--variance")
    order = _collapse_order(collapse_order, codebook)
    flags = [name for name in by.split(",") if name]
    tables = estimate_files(folder, out, order=order, minimum=minimum_cell, variance=Variance(variance), flags=flags)
    typer.echo(f"{len(tables.weights)} answers, {len(tables.estimates)} rows of estimates written to {out}")
    _name_left_out(left_out(tables.collapse))
    typer.echo(NOT_PROTECTED)


def _collapse_order(text: str | None, codebook: str) -> tuple[int, ...]:
    from borgerpuls.codebooks.codebook import load_codebook
    from borgerpuls.weighting.files import parse_order

    return load_codebook(codebook).collapse_numbers if text is None else parse_order(text)


def _name_left_out(municipalities: list[tuple[object, int]]) -> None:
    for survey_round, municipality in municipalities:
        typer.echo(f"Round {survey_round}: municipality {municipality} has no answers and is left out")


# --- fieldwork --------------------------------------------------------------------------------------------------

app.add_typer(fieldwork_app, name="fieldwork")
app.add_typer(publication_app, name="publication")


# --- figures: what was estimated, told and handed on ---------------------------------------------------------------

figures_app = typer.Typer(
    help="The figures of a round: how one came about, and all of them as files.", no_args_is_help=True
)
app.add_typer(figures_app, name="figures")


@figures_app.command("explain")
def figures_explain(
    figure_id: Annotated[
        str, typer.Argument(metavar="ID", help="round|municipality|item|measure|category|domain|group")
    ],
) -> None:
    """Tell how a figure came about: definition, counts, weights, queries and snapshot. Never a person."""
    from borgerpuls.estimation.stage import explain_figure

    typer.echo(explain_figure(figure_id))


@figures_app.command("export")
def figures_export(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2023-2.")],
    out: OutFolder,
) -> None:
    """Write the protected figures as CSV and Parquet, with a data dictionary, rounded as they are printed."""
    from borgerpuls.estimation.stage import export_figures

    counts = export_figures(round_id, out)
    typer.echo(f"{counts['figures']} figures written to {out}, {counts['suppressed']} of them withheld")


@figures_app.command("import")
def figures_import(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="pilot-2023, norddjurs-2025-2, or the path of a description."),
    ],
) -> None:
    """Import figures that others have published, so that a first round has a trend. See docs/figures/imports.md."""
    from borgerpuls.estimation.stage import import_figures

    for source in sources:
        counts = import_figures(source)
        typer.echo(f"{counts['figures']} figures imported from {source}")


@figures_app.command("sources")
def figures_sources() -> None:
    """List what has been imported."""
    from borgerpuls.estimation.stage import imported_sources

    for one in imported_sources().itertuples():
        typer.echo(
            f"{one.source_id:20} {one.kind:10} {one.period:7} {one.figures:5} figures  {one.title} ({one.participants})"
        )


# --- reports ---------------------------------------------------------------------------------------------------------


@app.command("greeting")
def greeting(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="The round, e.g. 2023-2.")],
    municipality_code: Annotated[str, typer.Argument(metavar="MUNICIPALITY", help="Its code, e.g. 0461.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="At most 200 letters, printed as they are.")],
    logo: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A PNG or JPEG; it is drawn anew.")
    ] = None,
) -> None:
    """Keep what a municipality says on the first page of its report; draw the report again to print it."""
    from borgerpuls.reporting.stage import save_greeting

    save_greeting(round_id, municipality_code, text, None if logo is None else logo.read_bytes())
    typer.echo(f"The greeting of municipality {municipality_code} in round {round_id} is kept")


@app.command("prove")
def prove(
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", exists=True, dir_okay=False, help="A report of ours.")],
) -> None:
    """Read every number of a report back and compare it with the figure it cites; name those that do not hold."""
    from borgerpuls.reporting.stage import prove_report

    proof = prove_report(file)
    for failure in proof.failures:
        typer.echo(f"Page {failure.page}: {failure.what} ({failure.citation})")
    held = proof.number_count - len(proof.failures)
    typer.echo(
        f"{held} of {proof.number_count} numbers hold, from {proof.figure_count} figures; snapshot {proof.snapshot_id}"
    )
    raise typer.Exit(code=1 if proof.failures else 0)


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


@sandbox_app.command("run", context_settings={"ignore_unknown_options": True})
def sandbox_run(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND ...", help="For example: figures explain ID.")],
    home: SandboxHome = SANDBOX_HOME,
) -> None:
    """Run another command of `borgerpuls` with the settings of the sandbox that runs."""
    from borgerpuls.sandbox.services import enter

    enter(home)
    app(command)


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
    moment: Annotated[str, typer.Argument(metavar="TIME", help="Danish time: 2023-08-22T10:00.")],
) -> None:
    """Move the simulated clock forward; it never goes back."""
    from datetime import datetime

    from borgerpuls import clock

    clock.move_to(datetime.fromisoformat(moment).replace(tzinfo=clock.COPENHAGEN))
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
) -> None:
    """Run one sandbox gateway, which speaks the real wire format and writes to nobody."""
    from borgerpuls.sandbox.gateways import serve_by_hand

    serve_by_hand(
        kind, host, port, ledger=ledger, registrations=registrations, seed=seed, fault_share=faults,
        fault_kinds=tuple(fault_kind or ()), receipt_fault_share=receipt_faults, undeliverable_share=undeliverable, deduplicates=deduplicate,
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


# --- database ---------------------------------------------------------------------------------------------------

database_app = typer.Typer(help="What is done once for an installation, and at every upgrade.", no_args_is_help=True)
app.add_typer(database_app, name="database")


@database_app.command("migrate")
def database_migrate() -> None:
    """Bring the database to the newest schema, and give its logins the passwords of their settings."""
    from borgerpuls.migration import migrate

    typer.echo(f"The database has schema version {migrate()}.")


@database_app.command("make-keys")
def database_make_keys() -> None:
    """Make the key files that are missing. Keep a copy elsewhere: without them, every identity is lost."""
    from borgerpuls.settings import settings
    from borgerpuls.vault import make_keys

    make_keys(settings().key_folder)
    typer.echo(f"The keys are in {settings().key_folder}.")


# --- questionnaire ----------------------------------------------------------------------------------------------

app.add_typer(questionnaire_app, name="questionnaire")


# --- responses --------------------------------------------------------------------------------------------------

app.add_typer(responses_app, name="responses")
