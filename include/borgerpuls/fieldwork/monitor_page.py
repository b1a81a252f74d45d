"""
The monitor as a page: per municipality, wave and channel, with rates, in Danish.

Pure apart from reading its template.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from borgerpuls.fieldwork.monitor import CHANNELS, COUNTS, Alert, adds_up, totals

HEADINGS = {
    "planned": "Planlagt", "sent": "Sendt", "accepted": "Modtaget af gateway", "delivered": "Leveret",
    "failed": "Fejlet", "cancelled": "Aflyst", "unknown": "I tvivl", "no_receipt": "Uden kvittering",
    "waiting": "Venter", "awaiting_receipt": "Afventer kvittering",
}  # fmt: skip
NOT_CHOSEN = "ikke valgt"
STATES = {
    "open": "Under forberedelse", "approved": "Godkendt", "closed": "Lukket", "published": "Offentliggjort",
    "stopped": "Stoppet",
}  # fmt: skip
WAVES = {1: "Invitation", 2: "1. påmindelse", 3: "2. påmindelse"}


def messages_page(
    folder: Path,
    rounds: Sequence[str],
    shown: Mapping[str, Any] | None,
    counts: pd.DataFrame,
    alerts: Sequence[Alert],
    moment: datetime,
) -> str:
    """
    Return the page of one round.

    Args:
        folder: Where the template is.
        rounds: The rounds that can be chosen.
        shown: The round on the page (`round_id`, `name`, `state`, `is_paused`, `pause_reason`), None when there is none.
        counts: Of `stage.monitor`.
        alerts: What somebody must look at.
        moment: The round's time.
    """
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("messages.html.j2").render(
        rounds=rounds,
        round=shown,
        state=STATES.get(shown["state"], shown["state"]) if shown else "",
        alerts=alerts,
        tables=_tables(counts) if shown else [],
        adds_up=adds_up(counts),
        moment=f"{moment:%d-%m-%Y kl. %H.%M}",
    )


def _tables(counts: pd.DataFrame) -> list[dict[str, Any]]:
    named = counts.assign(channel=counts["channel"].map(CHANNELS).fillna(NOT_CHOSEN))
    return [
        _table("Bølger og kanaler", named, {"wave": "Bølge", "channel": "Kanal"}),
        _table("Kommuner og kanaler", named, {"municipality_name": "Kommune", "channel": "Kanal"}),
    ]


def _table(title: str, counts: pd.DataFrame, by: Mapping[str, str]) -> dict[str, Any]:
    summed = totals(counts, list(by))
    return {
        "title": title,
        "names": len(by),
        "headings": [*by.values(), *HEADINGS.values(), "Leveret, %", "Fejlet, %"],
        "rows": [
            [
                *(WAVES[row[name]] if name == "wave" else str(row[name]) for name in by),
                *(_count(row[name]) for name in COUNTS),
                _percent(row["delivered_share"]),
                _percent(row["failed_share"]),
            ]
            for row in summed.to_dict(orient="records")
        ],
    }


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _percent(share: float) -> str:
    return "–" if pd.isna(share) else f"{100 * share:.1f}".replace(".", ",")
