"""
Let each municipality see its own and the common figures and reports, and nobody else's.
"""

from pathlib import Path

from borgerpuls import clock
from borgerpuls.database import load_query, read_table, transaction
from borgerpuls.errors import ReportIsMissing
from borgerpuls.hashing import file_sha256
from borgerpuls.settings import settings


def publish_figures(round_id: str) -> dict[str, int]:
    """Publish the round's protected figures."""
    with transaction("publication") as connection:
        connection.execute(load_query("publication/withdraw_figures.sql"), {"round_id": round_id})
        published = connection.execute(load_query("publication/publish_figures.sql"), {"round_id": round_id}).rowcount
    return {"figures": published}


def publish_artefacts(round_id: str) -> dict[str, int]:
    """
    Publish the round's reports, and mark the round as published.

    Raises:
        ReportIsMissing: A registered file is gone, or is not the one that was drawn.
    """
    folder = settings().output_folder / round_id
    with transaction("publication") as connection:
        artefacts = read_table(connection, "publication/drawn_artefacts.sql", round_id=round_id)
        for artefact in artefacts.itertuples():
            _check_file(folder / str(artefact.file_name), str(artefact.file_sha256))
        connection.execute(
            load_query("publication/publish_artefacts.sql"), {"round_id": round_id, "published_at": clock.now()}
        )
        connection.execute(load_query("publication/mark_published.sql"), {"round_id": round_id})
    return {"artefacts": len(artefacts)}


def _check_file(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise ReportIsMissing(
            f"{path.name} is registered but not in the output folder.",
            next_step="Clear its municipality in the reporting DAG.",
        )
    if file_sha256(path) != sha256:
        raise ReportIsMissing(
            f"{path.name} is not the file that was drawn: its SHA-256 differs from the register.",
            next_step="Clear its municipality in the reporting DAG.",
        )
