"""
`make faults`: the drills of shared/FIELDWORK.md, one by one, and the page of figures they leave behind.

A drill is a module with a `DRILL`; `DRILLS` names them. Each runs in a world of its own and leaves one row and its notes
on the page; the rows of drills that are not run again stay as they were. The page claims nothing that was not run.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from borgerpuls.errors import DrillIsUnknown

Report = Callable[[str], None]

DRILLS = {
    "T1": "crash",
    "T1b": "stories",
    "T1c": "promised",
    "T1d": "leases",
    "T2": "replies",
    "T3": "receipts",
    "T4": "outages",
    "T5": "together",
    "T6": "clocks",
    "T8": "again",
    "T10": "old",
    "T11": "restore",
    "T17": "answers",
    "T17b": "burst",
}
"""The modules of this package by the code of their drill, in the order of the page."""

_HEAD = """# Faults: what was run and what was found

Written by `make faults`; do not edit. PostgreSQL with fsync, full_page_writes and synchronous_commit on. The gateways are
processes of their own, whose append-only ledgers are the oracle: after every run they are compared with ours message by
message. *Doubles* were accepted twice, *lost* are those we call sent that nobody has, those somebody has that we call
unsent, and those in no state at all. In T17 and T17b the oracle is the ledger of the citizens' browsers. "0 of n" bounds the rate at 3/n (95 %). `make faults ARGS="T4 T11"` runs some of them.

"""
_TABLE = ["| | Fault | Dose | Doubles | Lost | In doubt | Recovered in | Holds |", "| --- " * 8 + "|"]
_ROW = re.compile(r"\| (T\w+) \|.*")
_NOTE = re.compile(r"\* \*\*(T\w+)\*\* .*")


@dataclass
class Found:
    """What one drill found."""

    dose: str
    """What was done how often, e.g. `200 runs × 1,000 messages`."""
    cases: int = 0
    """What a double or a loss is counted among."""
    doubles: int = 0
    lost: int = 0
    in_doubt: int = 0
    most_in_doubt: int = 0
    """Of one run."""
    longest_recovery_seconds: float | None = None
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Promises that did not hold, in words; doubles and losses need not be repeated here."""

    def holds(self) -> bool:
        """Tell whether every promise held."""
        return not (self.doubles or self.lost or self.broken)


@dataclass(frozen=True)
class Drill:
    """
    One fault, and how it is made.

    Args:
        code: Of shared/FIELDWORK.md, e.g. `T4`.
        fault: What goes wrong, in a few words.
        run: Runs it at a share of the full dose (0 to 1) and says what it found.
    """

    code: str
    fault: str
    run: Callable[[float, Report], Found]


def find_drills(codes: Sequence[str]) -> list[Drill]:
    """
    Return the drills of some codes, all when none is given.

    Raises:
        DrillIsUnknown: No drill has this code.
    """
    by_name = {code.casefold(): module for code, module in DRILLS.items()}
    unknown = [code for code in codes if code.casefold() not in by_name]
    if unknown:
        raise DrillIsUnknown(f"There is no drill {unknown[0]!r}.", next_step=f"Choose among {', '.join(DRILLS)}.")
    modules = [by_name[code.casefold()] for code in codes] or list(by_name.values())
    return [import_module(f"borgerpuls.sandbox.faults.{module}").DRILL for module in modules]


def run_faults(codes: Sequence[str], share: float, page: Path, report: Report = print) -> bool:
    """
    Run drills, write what each found to *page* as soon as it has ended, and tell whether every promise held.

    Args:
        codes: Drills to run; all when empty.
        share: Share of the full dose, 0 to 1.
        page: A Markdown file; the rows of other drills in it are kept.
        report: Told how far it is.
    """
    everything_held = True
    for drill in find_drills(codes):
        load, started = os.getloadavg()[0], time.monotonic()
        found = drill.run(share, report)
        seconds = time.monotonic() - started
        found.notes.append(
            f"Run {datetime.now(UTC):%Y-%m-%d} in {seconds:.0f} s on {os.cpu_count()} processors, load {load:.1f} before."
        )
        everything_held &= found.holds()
        page.parent.mkdir(parents=True, exist_ok=True)
        earlier = page.read_text(encoding="utf-8") if page.exists() else ""
        page.write_text(with_found(earlier, drill, found), encoding="utf-8")
        report(f"{drill.code}: {'holds' if found.holds() else 'BROKEN'} ({seconds:.0f} s)")
    return everything_held


def with_found(page: str, drill: Drill, found: Found) -> str:
    """Return the page with one drill's row and notes instead of those that were there."""
    rows = {match[1]: match[0] for line in page.splitlines() if (match := _ROW.fullmatch(line))}
    notes: dict[str, list[str]] = {}
    for line in page.splitlines():
        if match := _NOTE.fullmatch(line):
            notes.setdefault(match[1], []).append(line)
    rows[drill.code] = _row(drill, found)
    notes[drill.code] = [f"* **{drill.code}** {note}" for note in found.notes + _broken(found)]
    known = [code for code in DRILLS if code in rows]
    return _HEAD + "\n".join([*_TABLE, *(rows[code] for code in known), "", *_lines(notes, known), ""])


def _row(drill: Drill, found: Found) -> str:
    of = f"{found.cases:,}"
    doubt = f"{found.in_doubt}" + (f", at most {found.most_in_doubt} a run" if found.most_in_doubt else "")
    seconds = "" if found.longest_recovery_seconds is None else f"{found.longest_recovery_seconds:.1f} s"
    cells = [
        drill.code, drill.fault, found.dose, f"{found.doubles} of {of}", f"{found.lost} of {of}", doubt, seconds,
        "yes" if found.holds() else "**no**",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _broken(found: Found) -> list[str]:
    return [f"**Broken:** {promise}" for promise in found.broken]


def _lines(notes: dict[str, list[str]], codes: Iterable[str]) -> list[str]:
    return [line for code in codes for line in notes.get(code, [])]
