"""
`borgerpuls figures …`: the figures of a round, told and handed on. Every command is one call into the stage.
"""

from pathlib import Path
from typing import Annotated

import typer

figures_app = typer.Typer(
    help="The figures of a round: how one came about, and all of them as files.", no_args_is_help=True
)


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
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to; made if it is not there.")],
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
    """Import figures that others have published, all sources or none, so that a first round has a trend."""
    from borgerpuls.estimation.stage import import_figures

    for source, figures in import_figures(sources).items():
        typer.echo(f"{figures} figures imported from {source}")


@figures_app.command("sources")
def figures_sources() -> None:
    """List what has been imported."""
    from borgerpuls.estimation.stage import imported_sources

    found = imported_sources()
    if found.empty:
        typer.echo("No figures have been imported. `borgerpuls figures import` takes them in.")
    for one in found.itertuples():
        typer.echo(
            f"{one.source_id:20} {one.kind:10} {one.period:7} {one.figures:5} figures  {one.title} ({one.participants})"
        )
