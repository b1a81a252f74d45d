"""
The command line. Every command is one call into a stage; nothing is decided here.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from borgerpuls.database_refusals import database_refusal
from borgerpuls.errors import BorgerpulsError
from borgerpuls.estimation.commands import figures_app
from borgerpuls.fieldwork.commands import fieldwork_app
from borgerpuls.frame.commands import frame_app
from borgerpuls.given_paths import standing_places, unusable
from borgerpuls.publication.commands import publication_app
from borgerpuls.questionnaire.commands import questionnaire_app
from borgerpuls.reporting.commands import greeting, prove
from borgerpuls.responses.commands import responses_app
from borgerpuls.retention.commands import retention_app
from borgerpuls.sandbox.commands import sandbox_app


class CommandsThatStateFacts(TyperGroup):
    """A named error, a path or a database that cannot be used becomes a sentence and exit code 2, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        written = list(ctx.args)
        try:
            return super().invoke(ctx)
        except BorgerpulsError as error:
            fact: BorgerpulsError = error
        except OSError as error:
            found = unusable(error, written, standing_places(self, written))
            if found is None:
                raise
            fact = found
        except Exception as error:
            refused = database_refusal(error)
            if refused is None:
                raise
            fact = refused
        typer.echo(f"{type(fact).__name__}: {fact}", err=True)
        raise typer.Exit(2)


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


# --- the rooms' own commands -------------------------------------------------------------------------------------

app.command("greeting")(greeting)
app.command("prove")(prove)
app.add_typer(frame_app, name="frame")
app.add_typer(questionnaire_app, name="questionnaire")
app.add_typer(fieldwork_app, name="fieldwork")
app.add_typer(responses_app, name="responses")
app.add_typer(figures_app, name="figures")
app.add_typer(publication_app, name="publication")
app.add_typer(retention_app, name="retention")
app.add_typer(sandbox_app, name="sandbox")
