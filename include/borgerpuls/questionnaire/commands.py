"""
`borgerpuls questionnaire …`: the service, the codebook, and the municipalities' own questions.
"""

from pathlib import Path
from typing import Annotated

import typer

questionnaire_app = typer.Typer(help="The citizens' questionnaire.", no_args_is_help=True)


@questionnaire_app.command("serve")
def serve(
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8090,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Serve the questionnaire. Needs its own database login and the `access` key, nothing else."""
    from borgerpuls.questionnaire.web import server

    server.serve(host, port, workers)


@questionnaire_app.command("codebook")
def codebook(
    version: Annotated[str, typer.Argument(help="For example 2023.")],
    out: Annotated[Path, typer.Option(help="Folder to write to; made if it is not there.")] = Path(),
) -> None:
    """Write the codebook of a questionnaire version as CSV and as a Danish page."""
    from borgerpuls.questionnaire.stage import write_codebook

    for path in write_codebook(version, out):
        typer.echo(f"{path} written")


@questionnaire_app.command("compare")
def compare(
    old: Annotated[str, typer.Argument(help="For example 2023.")],
    new: Annotated[str, typer.Argument(help="For example 2024.")],
) -> None:
    """Say what differs between two questionnaire versions, as CSV."""
    from borgerpuls.questionnaire.codebook import compare_codebooks
    from borgerpuls.questionnaire.versions import load_instrument

    typer.echo(compare_codebooks(load_instrument(old), load_instrument(new)).to_csv(index=False, sep=";").rstrip())


@questionnaire_app.command("local-items")
def local_items(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="A round that is not approved yet, e.g. 2026-2.")],
    municipality: Annotated[str, typer.Argument(metavar="CODE", help="The municipality's four digits.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", exists=True, dir_okay=False, help="Up to three items.")],
) -> None:
    """
    Keep a municipality's own questions, in place of those it had before.

    FILE.yaml is a list of up to three items as in the instrument, without id:

      - {type: scale, scale: grad, text: {da: "Oplever du én plan?", en: "Do you experience one plan?"}}
    """
    from borgerpuls.questionnaire.stage import read_items_file, save_local_items

    count = save_local_items(round_id, municipality, read_items_file(file))
    typer.echo(f"{count} egne spørgsmål er gemt for kommune {municipality} i runde {round_id}.")
