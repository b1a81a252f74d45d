"""
The monitor as people read it: per municipality, wave and channel, with rates, in Danish; as a page and as tables.

Pure apart from reading its template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from borgerpuls.clock import COPENHAGEN
from borgerpuls.fieldwork.monitor import COUNTS, Alert, adds_up, totals
from borgerpuls.fieldwork.words import BESIDE, CHANNELS, MESSAGE_STATES, REASONS, ROUND_STATES, WAVES
from borgerpuls.terms import Slot

HEADINGS = {
    "planned": "Planlagt", "sent": "Sendt", "accepted": "Modtaget af gateway", "delivered": "Leveret",
    "failed": "Fejlet", "cancelled": "Aflyst", "unknown": "I tvivl", "no_receipt": "Uden kvittering",
    "waiting": "Venter", "awaiting_receipt": "Afventer kvittering",
}  # fmt: skip
NOT_CHOSEN = "ikke valgt"
NO_SHARE = "–"
ALWAYS = ("Planlagt", "Sendt", "I tvivl")
"""Shown also when nobody has any."""


@dataclass(frozen=True)
class Table:
    """One table as it is read."""

    title: str
    names: int
    """So many columns from the left are names; the others are numbers."""
    headings: list[str]
    rows: list[list[str]]

    def without_zeros(self) -> "Table":
        """Return it without the columns that are zero everywhere, but for those of ALWAYS: screens are narrow."""
        kept = [
            number
            for number, (heading, *cells) in enumerate(zip(self.headings, *self.rows, strict=True))
            if number < self.names or heading in ALWAYS or set(cells) - {"0", NO_SHARE}
        ]
        return Table(
            self.title, self.names, [self.headings[n] for n in kept], [[row[n] for n in kept] for row in self.rows]
        )


def messages_page(
    folder: Path,
    rounds: Sequence[str],
    shown: Mapping[str, Any] | None,
    counts: pd.DataFrame | None,
    reasons: pd.DataFrame | None,
    alerts: Sequence[Alert],
    moment: datetime,
) -> str:
    """
    Return the page of one round.

    Args:
        folder: Where the template is.
        rounds: The rounds that can be chosen.
        shown: The round on the page (`round_id`, `name`, `state`, `is_paused`, `pause_reason`), None when there is none.
        counts: Of `stage.monitor`, None when there is no round.
        reasons: Of `stage.reasons`, likewise.
        alerts: What somebody must look at.
        moment: The round's time.
    """
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("messages.html.j2").render(
        rounds=rounds,
        round=shown,
        state=state_of(shown) if shown else "",
        alerts=alerts,
        tables=[] if counts is None or reasons is None else [t.without_zeros() for t in tables(counts, reasons)],
        adds_up=counts is None or adds_up(counts),
        moment=f"{moment:%d-%m-%Y kl. %H.%M}",
    )


def state_of(shown: Mapping[str, Any]) -> str:
    """Return a round's state in Danish, and whether its people are forgotten."""
    state = ROUND_STATES.get(shown["state"], str(shown["state"]))
    forgotten_at = shown.get("forgotten_at")
    return state if forgotten_at is None else f"{state}, glemt {forgotten_at.astimezone(COPENHAGEN):%d-%m-%Y}"


def tables(counts: pd.DataFrame, reasons: pd.DataFrame) -> list[Table]:
    """Return the counts of `stage.monitor` by wave and channel, and by municipality and channel, and those of `stage.reasons`."""
    named = counts.assign(channel=counts["channel"].map(CHANNELS).fillna(NOT_CHOSEN))
    return [
        _table("Bølger og kanaler", named, {"wave": "Bølge", "channel": "Kanal"}),
        _table("Kommuner og kanaler", named, {"municipality_name": "Kommune", "channel": "Kanal"}),
        Table(
            "Hvorfor beskeder er aflyst eller fejlet",
            2,
            ["Bølge", "Hvorfor", "Beskeder"],
            [
                [
                    WAVES[row["wave"]] + (BESIDE if row["slot"] == Slot.SMS else ""),
                    f"{MESSAGE_STATES[row['state']]}: {REASONS.get(row['reason'], row['reason']) or 'ingen grund'}",
                    _count(row["messages"]),
                ]
                for row in reasons.to_dict("records")
            ],
        ),
    ]


def _table(title: str, counts: pd.DataFrame, by: Mapping[str, str]) -> Table:
    summed = totals(counts, list(by))
    rows = [
        [
            *(WAVES[row[name]] if name == "wave" else str(row[name]) for name in by),
            *(_count(row[name]) for name in COUNTS),
            _percent(row["delivered_share"]),
            _percent(row["failed_share"]),
        ]
        for row in summed.to_dict(orient="records")
    ]
    return Table(title, len(by), [*by.values(), *HEADINGS.values(), "Leveret, %", "Fejlet, %"], rows)


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _percent(share: float) -> str:
    return NO_SHARE if pd.isna(share) else f"{100 * share:.1f}".replace(".", ",")
