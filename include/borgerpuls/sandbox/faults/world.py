"""
The world of a drill: a PostgreSQL of its own with durability on, keys, journal, and gateways that behave as told.

Everything is made for the drill and removed after it. Leases are short, so that a drill need not wait for a minute
after each crash; the times on the page say so.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from borgerpuls import clock, database, settings, vault
from borgerpuls.fieldwork import stage
from borgerpuls.migration import migrate
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Found
from borgerpuls.sandbox.postgres import EmbeddedPostgres, start_postgres

MUNICIPALITY = "0461"
LEASE_SECONDS = 2
SECRET = "gateway-secret"  # noqa: S105 - a drill's own


@dataclass(frozen=True)
class World:
    """Where a drill happens."""

    folder: Path
    cluster: EmbeddedPostgres
    lease_seconds: str

    @contextmanager
    def gateways(self, name: str = "gateways", **behaviour: Any) -> Iterator[list[Path]]:
        """Run both gateways with ledgers of their own below *name*, and yield the ledgers."""
        ledgers = [self.folder / name / f"{kind}.tsv" for kind in ("digital_post", "sms")]
        before = dict(os.environ)
        with ExitStack() as stack:
            for kind, ledger in zip(("digital_post", "sms"), ledgers, strict=True):
                url = stack.enter_context(
                    drill.running_gateway(kind, SECRET, ledger, **({"undeliverable": 0.0} | behaviour))
                )
                os.environ[f"BORGERPULS_{kind.upper()}_GATEWAY_URL"] = url
            settings.settings.cache_clear()
            try:
                yield ledgers
            finally:
                os.environ.clear()
                os.environ |= before
                settings.settings.cache_clear()


@contextmanager
def own_world(**more_settings: str) -> Iterator[World]:
    """
    Yield a world whose clock stands inside the sending window of the first wave.

    Args:
        more_settings: Settings by name in lower case, e.g. `lease_seconds="60"`.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="borgerpuls-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = start_postgres(folder / "postgres")
        try:
            cluster.create_database("drill")
            vault.make_keys(folder / "keys", seed=1)
            os.environ |= {
                "BORGERPULS_DATABASE_ADMIN_URL": cluster.url("drill"),
                "BORGERPULS_DATABASE_URL": cluster.url("drill", "borgerpuls_pipeline", "pipeline-secret"),
                "BORGERPULS_QUESTIONNAIRE_DATABASE_URL": cluster.url("drill", "borgerpuls_web", "web-secret"),
                "BORGERPULS_KEY_FOLDER": str(folder / "keys"),
                "BORGERPULS_CLOCK": "simulated",
                "BORGERPULS_GATEWAYS": "sandbox",
                "BORGERPULS_GATEWAY_TOKEN": SECRET,
                "BORGERPULS_LEASE_SECONDS": str(LEASE_SECONDS),
            }
            os.environ |= {f"BORGERPULS_{setting.upper()}": value for setting, value in more_settings.items()}
            _forget()
            migrate()
            clock.move_to(drill.INSIDE_THE_WINDOW)
            yield World(folder, cluster, os.environ["BORGERPULS_LEASE_SECONDS"])
        finally:
            database.close_engines()
            cluster.stop("immediate")
            os.environ.clear()
            os.environ |= before
            _forget()


def judge(
    found: Found, round_id: str, ledgers: list[Path], since: tuple[int, ...] = (0, 0), *, crashes: int | None = 1
) -> drill.Verdict:
    """
    Compare the gateways' ledgers with ours, add what differs to *found*, and return the verdict.

    Args:
        found: What the drill has found so far.
        round_id: The round that was sent.
        ledgers: Of the gateways.
        since: Where in each ledger the round begins (see `drill.ledger_sizes`).
        crashes: How many dispatches of the round were killed: each may leave one window in doubt. None when the gateways
            themselves leave messages in doubt.
    """
    verdict = drill.judge(round_id, ledgers, since)
    found.doubles += verdict.doubles
    found.lost += verdict.lost + verdict.forgotten + verdict.strangers + abs(verdict.planned - verdict.accounted)
    found.in_doubt += verdict.unknown
    found.most_in_doubt = max(found.most_in_doubt, verdict.unknown)
    found.cases += drill.due_messages(round_id)
    if crashes is not None and verdict.unknown > crashes * settings.settings().send_window:
        found.broken.append(f"{verdict.unknown} messages in doubt in {round_id}")
    return verdict


def send(round_id: str) -> dict[str, int]:
    """Send what is due in the drill's municipality."""
    return stage.send_due(round_id, MUNICIPALITY)


def _forget() -> None:
    database.close_engines()
    settings.settings.cache_clear()
    vault.vault.cache_clear()
