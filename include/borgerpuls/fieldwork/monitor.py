"""
The monitor: how far the messages are, what goes wrong, and when somebody must look.

Pure.
"""

from dataclasses import dataclass

import pandas as pd

from borgerpuls.fieldwork.words import CHANNELS

COUNTS = [
    "planned", "sent", "accepted", "delivered", "failed", "cancelled", "unknown", "no_receipt", "waiting",
    "awaiting_receipt",
]  # fmt: skip
STANDSTILL = "standstill"
BOUNCE_LIMIT = 0.02
BOUNCE_BASE = 50
"""Fewer sent messages than this say nothing about a share."""


@dataclass(frozen=True)
class Alert:
    """Something an operator must look at, and the page that says how."""

    name: str
    text: str
    runbook: str


def with_rates(table: pd.DataFrame) -> pd.DataFrame:
    """
    Return a table of counts with `delivered_share` of accepted and `failed_share` of sent (missing when none).

    Args:
        table: The columns of COUNTS, any other columns first.
    """
    rated = table.copy()
    rated["delivered_share"] = rated["delivered"] / rated["accepted"].where(rated["accepted"] > 0)
    rated["failed_share"] = rated["failed"].where(rated["sent"] > 0) / rated["sent"].where(rated["sent"] > 0)
    return rated


def totals(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the counts summed by some columns, with rates; missing channels count as `ikke valgt`."""
    filled = table.assign(channel=table["channel"].fillna("ikke valgt"))
    return with_rates(filled.groupby(by, sort=True)[COUNTS].sum().reset_index())


def adds_up(table: pd.DataFrame) -> bool:
    """Tell whether every planned message is in exactly one state."""
    parts = ["delivered", "failed", "cancelled", "no_receipt", "unknown", "waiting", "awaiting_receipt"]
    return bool(table[parts].sum(axis=1).eq(table["planned"]).all())


def alerts(
    table: pd.DataFrame, *, oldest_doubt_minutes: float | None, idle_minutes: float | None, due: int
) -> list[Alert]:
    """
    Return what an operator must look at.

    Args:
        table: Counts per municipality and channel.
        oldest_doubt_minutes: Age of the oldest message in doubt, None when there is none.
        idle_minutes: Minutes since anything was sent while messages are due and may be sent, None when not.
        due: Messages due now.
    """
    found = []
    if oldest_doubt_minutes is not None and oldest_doubt_minutes >= 60:
        found.append(
            Alert(
                "unknown",
                f"{int(table['unknown'].sum())} beskeder har været i tvivl i over en time.",
                "docs/runbooks/unknown.md",
            )
        )
    by_channel = totals(table, ["channel"])
    high = by_channel[(by_channel["sent"] >= BOUNCE_BASE) & (by_channel["failed_share"] > BOUNCE_LIMIT)]
    for channel, share in zip(high["channel"], high["failed_share"], strict=True):
        percent = f"{100 * share:.1f}".replace(".", ",")
        found.append(
            Alert(
                "bounce",
                f"{percent} % af det, der er sendt som {CHANNELS.get(channel, channel)}, når ikke frem.",
                "docs/runbooks/bounce.md",
            )
        )
    if due and idle_minutes is not None and idle_minutes >= 30:
        found.append(
            Alert(
                STANDSTILL,
                f"{due} beskeder venter, og intet er sendt i {idle_minutes:.0f} minutter.",
                "docs/runbooks/standstill.md",
            )
        )
    return found
