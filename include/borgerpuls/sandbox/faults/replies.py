"""
T2: gateways that refuse, err, stall, fall silent or cut their answer off.

Each fault is drawn for a third of the calls of a round of its own. Then the rate: all faults that ask for no pause, at
5 % of the calls, under a send rate that is allowed, beside the same wave without faults; and the pause: no call while a 429 or 503 asks us to wait.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from borgerpuls import settings
from borgerpuls.fieldwork import stage
from borgerpuls.fieldwork.channels.digital_post import DigitalPostGateway
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, World, judge, own_world, send
from borgerpuls.sandbox.gateways import FAULTS

PEOPLE = 500
AMBIGUOUS = {"error_before", "error_after", "silence_after", "reset_after", "broken_xml"}
PAUSES = {"too_many", "unavailable"}
ALLOWED_RATE = 40
"""Messages a second: what a busy machine can send without faults, so that the faults are what is measured."""
LEAST_SHARE_OF_RATE = 0.8
SLACK_SECONDS = 0.5
"""Calls that had been begun when the pause was asked for may still leave."""


def run(share: float, report: Report) -> Found:
    """Let each fault happen, then measure rate and pauses."""
    people = max(40, round(PEOPLE * share))
    found = Found(dose=f"{len(FAULTS)} faults × {people} messages, a third of the calls; 5 % at {ALLOWED_RATE}/s")
    with own_world(gateway_timeout_seconds="1", lease_seconds="30") as world:
        for number, kind in enumerate(FAULTS):
            _meet(world, f"{3000 + number}-2", kind, people, found)
            report(f"T2 {kind}: in doubt {found.in_doubt} so far")
        _rate(world, max(600, people), found)
    return found


def _meet(world: World, round_id: str, kind: str, people: int, found: Found) -> None:
    drill.make_round(round_id, {MUNICIPALITY: people})
    with world.gateways(kind, faults=0.33, fault_kind=kind, seed=3) as ledgers, _watched() as calls:
        counts = send(round_id)
        doubts = counts["unknown"]
        if kind in AMBIGUOUS and (not doubts or counts["not_sent"]):
            found.broken.append(f"{kind}: {doubts} in doubt, {counts['not_sent']} tried again")
        if kind in PAUSES and stage.state_counts(round_id).get("accepted") != people:
            found.broken.append(f"{kind}: not everybody was written to in the end")
        hasty = _hasty(calls)
        if hasty:
            found.broken.append(f"{kind}: {hasty} calls while we were asked to wait")
        stage.collect_receipts(round_id)
        verdict = drill.judge(round_id, ledgers)
        found.doubles += verdict.doubles
        found.lost += verdict.lost + verdict.forgotten + verdict.strangers
        found.cases += people
        found.in_doubt += doubts


def _rate(world: World, people: int, found: Found) -> None:
    """Send the same wave without faults and with: the machine is busy or not in both."""
    cases: tuple[tuple[str, float, list[str]], ...] = (
        ("without faults", 0.0, list(FAULTS)),
        ("5 % of the faults that ask for no pause", 0.05, [kind for kind in FAULTS if kind not in PAUSES]),
        ("5 % of all", 0.05, list(FAULTS)),
    )
    rates = []
    for number, (name, faults, kinds) in enumerate(cases):
        round_id = f"{3100 + number}-2"
        drill.make_round(round_id, {MUNICIPALITY: people})
        with (
            world.gateways(f"rate{number}", faults=faults, fault_kind=kinds, seed=4) as ledgers,
            _rate_of(ALLOWED_RATE),
        ):
            started = time.monotonic()
            counts = send(round_id)
            rates.append((counts["accepted"] + counts["unknown"] + counts["rejected"]) / (time.monotonic() - started))
            judge(found, round_id, ledgers, crashes=None)
        found.notes.append(f"{name}: {rates[-1]:.0f} messages/s of {ALLOWED_RATE}/s allowed ({people} messages).")
    if rates[1] < LEAST_SHARE_OF_RATE * min(ALLOWED_RATE, rates[0]):
        found.broken.append(f"{rates[1]:.0f}/s is less than 80 % of the rate without faults")


@contextmanager
def _rate_of(rate: int) -> Iterator[None]:
    os.environ["BORGERPULS_SEND_RATE"] = str(rate)
    settings.settings.cache_clear()
    yield
    del os.environ["BORGERPULS_SEND_RATE"]
    settings.settings.cache_clear()


@contextmanager
def _watched() -> Iterator[list[tuple[float, float, float]]]:
    """Yield, per call, when it began, when it ended and the pause it was asked for."""
    calls: list[tuple[float, float, float]] = []
    real = DigitalPostGateway.send

    def watched(self: DigitalPostGateway, message: Any) -> Any:
        began = time.monotonic()
        outcome = real(self, message)
        calls.append((began, time.monotonic(), outcome.retry_after_seconds))
        return outcome

    DigitalPostGateway.send = watched  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        DigitalPostGateway.send = real  # type: ignore[method-assign]


def _hasty(calls: list[tuple[float, float, float]]) -> int:
    """Count the calls that began while an earlier answer asked for a pause."""
    pauses = [(ended + SLACK_SECONDS, ended + pause) for _, ended, pause in calls if pause]
    return sum(any(start < began < end for start, end in pauses) for began, _, _ in calls)


DRILL = Drill(
    "T2", "429, 500, 503, silence after acceptance, reset in mid-body, 200 with an error, bad XML, stalls", run
)
