"""
What the command line says about reports.
"""

from pathlib import Path

import typer

from borgerpuls.reporting.stage import prove_artefact

_COMPARISONS = {
    "same file": "The file is byte for byte the one that was drawn.",
    "compared": "The file is not byte for byte the one that was drawn; every text was compared.",
    "nothing to compare": (
        "The report that was drawn is not kept here: a whole number that was taken out is not noticed, a decimal is."
    ),
}
_MOST_FAILURES = 50


def show_proof(file: Path) -> int:
    """Say what holds of an artefact and what does not; return the exit code, 0 when everything holds."""
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
    return 1 if proof.failures else 0
