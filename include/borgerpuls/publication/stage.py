"""
Let each municipality see its own and the common figures and reports, and nobody else's: publish, correct, retract.

The database decides what is published; the store keeps every file under its hash; the folder of the round holds the current
versions under their names and is brought in line after each decision. A crash between the two is healed by the next run.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection

from borgerpuls import clock, content_store
from borgerpuls.database import load_query, read_table, transaction
from borgerpuls.errors import (
    CorrectionNeedsReason,
    NothingIsPublished,
    ReportIsStale,
    UnknownArtefact,
    UnknownRound,
)
from borgerpuls.hashing import file_sha256
from borgerpuls.settings import settings
from borgerpuls.terms import ArtefactKind


class Fetched(NamedTuple):
    """A published file, current or withdrawn."""

    content: bytes
    file_name: str
    state: str
    withdrawn_reason: str


def publish_figures(round_id: str) -> dict[str, int]:
    """Publish the protected figures of every municipality that is not published yet; what is published stays."""
    with transaction("publication") as connection:
        _lock(connection, round_id)
        connection.execute(load_query("publication/delete_unpublished_figures.sql"), {"round_id": round_id})
        published = connection.execute(load_query("publication/publish_figures.sql"), {"round_id": round_id}).rowcount
    return {"figures": published}


def publish_artefacts(round_id: str) -> dict[str, int]:
    """
    Publish the drawn artefacts that never were published, mark the round as published, and lay the files out.

    Raises:
        ReportIsMissing: A registered file is not in the store, or is not the one that was drawn.
        ReportIsStale: An artefact was drawn from other figures than the estimated ones.
        CorrectionNeedsReason: Something is drawn otherwise than it is published; that waits for a person.
    """
    with transaction("publication") as connection:
        _lock(connection, round_id)
        drawn = read_table(connection, "publication/drawn_artefacts.sql", round_id=round_id, municipality_code=None)
        new = drawn[~drawn["was_published"]]
        _check(round_id, new)
        for row in new.itertuples():
            _publish(connection, round_id, str(row.municipality_code), str(row.kind), None)
        connection.execute(load_query("publication/mark_published.sql"), {"round_id": round_id})
    lay_files(round_id)
    differs = drawn["published_sha256"].notna() & (drawn["published_sha256"] != drawn["file_sha256"])
    waiting = sorted(drawn.loc[differs, "municipality_code"].unique())
    if waiting:
        raise CorrectionNeedsReason(
            f"What is drawn differs from what is published for {', '.join(waiting)}; the published stays.",
            where=f"round {round_id}",
            next_step=f"borgerpuls publication correct {round_id} MUNICIPALITY --reason …, when it is meant.",
        )
    return {"artefacts": len(drawn), "new": len(new)}


def correct(round_id: str, municipality_code: str, decided_by: str, reason: str) -> dict[str, int]:
    """
    Replace what is published of one municipality by what is drawn: figures and files at once, with reason and changes.

    What was published stays in the store, marked as withdrawn. Run again it changes nothing.

    Raises:
        NothingIsPublished: There is nothing to correct.
        ReportIsMissing: A drawn file is not in the store.
        ReportIsStale: The artefacts were drawn from other figures than the estimated ones.
    """
    where = {"round_id": round_id, "municipality_code": municipality_code}
    with transaction("publication") as connection:
        _lock(connection, round_id)
        own = read_table(connection, "publication/drawn_artefacts.sql", **where)
        if not own["was_published"].any():
            raise _nothing(round_id, municipality_code)
        replaced = own[own["published_sha256"].isna() | (own["published_sha256"] != own["file_sha256"])]
        changes = [
            dict(change)
            for change in connection.execute(load_query("publication/changed_figures.sql"), where).mappings()
        ]
        if len(replaced) or changes:
            _check(round_id, own)
            decision = _decide(connection, where, "correct", decided_by, reason)
            for kind in replaced["kind"]:
                connection.execute(
                    load_query("publication/withdraw_artefact.sql"), where | {"kind": kind, "decision_id": decision}
                )
                _publish(connection, round_id, municipality_code, str(kind), decision)
            if changes:
                kept = [
                    change | {"decision_id": decision, "municipality_code": municipality_code} for change in changes
                ]
                connection.execute(load_query("publication/keep_change.sql"), kept)
            connection.execute(load_query("publication/delete_figures.sql"), where)
            connection.execute(load_query("publication/replace_figures.sql"), where)
    lay_files(round_id, municipality_code)
    return {"files": len(replaced), "changed_figures": len(changes)}


def retract(
    round_id: str, municipality_code: str, decided_by: str, reason: str, kinds: Sequence[ArtefactKind] = ()
) -> dict[str, int]:
    """
    Take what is published of one municipality back without putting anything in its place.

    Without *kinds* all its artefacts and its figures go; with them only those artefacts. Run again it changes nothing.

    Raises:
        NothingIsPublished: Nothing of it was ever published.
    """
    where = {"round_id": round_id, "municipality_code": municipality_code}
    with transaction("publication") as connection:
        _lock(connection, round_id)
        versions = read_table(connection, "publication/versions.sql", round_id=round_id)
        own = versions[versions["municipality_code"] == municipality_code]
        if own.empty:
            raise _nothing(round_id, municipality_code)
        current = own.loc[own["state"] == "current", "kind"]
        chosen = [kind for kind in current if not kinds or ArtefactKind(kind) in kinds]
        if chosen:
            decision = _decide(connection, where, "retract", decided_by, reason)
            for kind in chosen:
                connection.execute(
                    load_query("publication/withdraw_artefact.sql"), where | {"kind": kind, "decision_id": decision}
                )
        figures = 0
        if not kinds:
            figures = connection.execute(load_query("publication/delete_figures.sql"), where).rowcount
    lay_files(round_id, municipality_code)
    return {"files": len(chosen), "figures": figures}


def lay_files(round_id: str, municipality_code: str | None = None) -> int:
    """
    Bring the folder of the round in line with the database: current versions under their names, withdrawn ones gone.

    Returns:
        How many files were written or removed.

    Raises:
        ReportIsMissing: A published file is not in the store.
    """
    with transaction("publication") as connection:
        versions = read_table(connection, "publication/versions.sql", round_id=round_id)
    if municipality_code is not None:
        versions = versions[versions["municipality_code"] == municipality_code]
    folder = settings().output_folder / round_id
    current = versions[versions["state"] == "current"]
    touched = 0
    for row in current.itertuples():
        path = folder / str(row.file_name)
        if not path.is_file() or file_sha256(path) != row.file_sha256:
            content_store.write_atomically(path, content_store.read(str(row.file_sha256), str(row.file_name)))
            touched += 1
    for name in set(versions["file_name"]) - set(current["file_name"]):
        path = folder / str(name)
        if path.is_file():
            path.unlink()
            touched += 1
    return touched


def versions_of(round_id: str, municipality_code: str | None = None) -> pd.DataFrame:
    """Return every version of what is published (see sql/publication/versions.sql)."""
    with transaction("publication") as connection:
        versions = read_table(connection, "publication/versions.sql", round_id=round_id)
    return versions if municipality_code is None else versions[versions["municipality_code"] == municipality_code]


def changes_of(round_id: str, municipality_code: str) -> pd.DataFrame:
    """Return which figures each correction changed (see sql/publication/changes.sql)."""
    with transaction("publication") as connection:
        return read_table(connection, "publication/changes.sql", round_id=round_id, municipality_code=municipality_code)


def fetch(sha256: str) -> Fetched:
    """
    Return a published file by its hash, or by the first digits of it, also after it has been withdrawn.

    Raises:
        UnknownArtefact: No published file has this hash, or several have.
        ReportIsMissing: It is not in the store.
    """
    with transaction("publication") as connection:
        found = read_table(connection, "publication/artefact_of_hash.sql", file_sha256=sha256.lower())
    hashes = set(found["file_sha256"])
    if len(hashes) != 1 or len(sha256) < 6:
        raise UnknownArtefact(
            f"{len(hashes)} published files have a hash that begins with {sha256!r}.",
            next_step="Look the hash up with: borgerpuls publication show ROUND; give at least six digits.",
        )
    found = found.sort_values("state")  # a version that is current comes before one that is withdrawn
    row = found.iloc[0]
    content = content_store.read(str(row["file_sha256"]), str(row["file_name"]))
    reason = "" if row["withdrawn_reason"] is None else str(row["withdrawn_reason"])
    return Fetched(content, str(row["file_name"]), str(row["state"]), reason)


def save(fetched: Fetched, folder: Path) -> Path:
    """Write a fetched file under its name, or `withdrawn-…` when it is withdrawn, and return its path."""
    prefix = "" if fetched.state == "current" else "withdrawn-"
    path = folder / f"{prefix}{fetched.file_name}"
    content_store.write_atomically(path, fetched.content)
    return path


def _lock(connection: Connection, round_id: str) -> None:
    if connection.execute(load_query("publication/lock_round.sql"), {"round_id": round_id}).first() is None:
        raise UnknownRound.named(round_id)


def _check(round_id: str, artefacts: pd.DataFrame) -> None:
    stale = sorted(artefacts.loc[~artefacts["is_of_these_figures"], "municipality_code"].unique())
    if stale:
        raise ReportIsStale(
            f"The artefacts of {', '.join(stale)} were drawn from other figures than the estimated ones.",
            where=f"round {round_id}",
            next_step="Run the reporting DAG, then publish.",
        )
    for row in artefacts.itertuples():
        content_store.read(str(row.file_sha256), str(row.file_name))


def _publish(
    connection: Connection, round_id: str, municipality_code: str, kind: str, decision_id: int | None
) -> None:  # fmt: skip
    connection.execute(
        load_query("publication/publish_artefact.sql"),
        {
            "round_id": round_id, "municipality_code": municipality_code, "kind": kind, "published_at": clock.now(),
            "brought_by": decision_id,
        },
    )  # fmt: skip


def _decide(connection: Connection, where: dict[str, str], act: str, decided_by: str, reason: str) -> int:
    decision = connection.execute(
        load_query("publication/keep_decision.sql"),
        where | {"act": act, "decided_by": decided_by, "reason": reason, "decided_at": clock.now()},
    )
    return int(decision.scalar_one())


def _nothing(round_id: str, municipality_code: str) -> NothingIsPublished:
    return NothingIsPublished(
        f"Nothing of {municipality_code} is published in round {round_id}.",
        next_step="Publish it with the publication DAG; a correction is for what is published.",
    )
