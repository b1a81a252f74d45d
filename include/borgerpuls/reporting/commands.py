"""
The commands about reports: what a municipality says on its own, and whether a printed file holds.
"""

from pathlib import Path
from typing import Annotated

import typer

_COMPARISONS = {
    "same file": "The file is byte for byte the one that was drawn.",
    "compared": "The file is not byte for byte the one that was drawn; every text was compared.",
    "drawn anew": (
        "The report that was drawn is not kept here; it was drawn anew from the figures and every text was compared. "
        "After a change of the program its words may differ."
    ),
    "nothing to compare": (
        "The report that was drawn is not kept here, and its figures have been estimated anew since: a whole number that was "
        "taken out is not noticed, a decimal is."
    ),
}
_MOST_FAILURES = 50


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


def prove(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A PDF, DOCX, PPTX or XLSX of ours.")
    ],
) -> None:
    """
    Compare what a report, memo, deck or workbook prints with the figures, and name what does not hold.

    Every number of a report is read back and compared with the figure it cites; a number without a figure is named.
    Memo, deck and workbook are drawn anew from the figures and compared text by text.
    """
    from borgerpuls.reporting.stage import prove_artefact

    proof = prove_artefact(file)
    for failure in proof.failures[:_MOST_FAILURES]:
        typer.echo(f"{failure.where}: {failure.what}{f' ({failure.citation})' if failure.citation else ''}")
    if len(proof.failures) > _MOST_FAILURES:
        typer.echo(f"… and {len(proof.failures) - _MOST_FAILURES} more")
    identity = proof.identity
    what = f"{identity.kind} of round {identity.round_id}, municipality {identity.municipality_code}"
    typer.echo(f"{file.name} says it is the {what}. {_COMPARISONS[proof.comparison]}")
    counted = (
        f"{proof.compared_count} numbers from {proof.figure_count} figures"
        if proof.figure_count
        else f"{proof.compared_count} texts"
    )
    verdict = f"{len(proof.failures)} do not hold" if proof.failures else "all hold"
    typer.echo(f"{counted} were compared, {verdict}; snapshot {proof.snapshot_id}")
    raise typer.Exit(code=1 if proof.failures else 0)
