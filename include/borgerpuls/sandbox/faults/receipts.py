"""
T3: receipts that come twice, late, out of order, contradictory, for strangers, or as garbage.

Half of the receipts go wrong. The whole queue is read again three times: nothing may move back, nothing count twice.
"""

from sqlalchemy import text

from borgerpuls.database import engine, transaction
from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, judge, own_world, send

ROUNDS, PEOPLE, READINGS = 5, 1000, 3


def run(share: float, report: Report) -> Found:
    """Read faulty queues again and again."""
    people = max(60, round(PEOPLE * share))
    found = Found(dose=f"{ROUNDS} seeds × {2 * people:,} receipts, half of them faulty, read {READINGS + 1} times")
    totals = {"receipts": 0, "unknown_ids": 0, "unreadable": 0}
    with own_world(lease_seconds="30") as world:
        for seed in range(ROUNDS):
            round_id = f"{3200 + seed}-2"
            drill.make_round(round_id, {MUNICIPALITY: people})
            with world.gateways(f"seed{seed}", receipt_faults=0.5, undeliverable=0.05, seed=seed) as ledgers:
                _begin_queues()
                send(round_id)
                counts = stage.collect_receipts(round_id)
                totals = {name: totals[name] + counts[name] for name in totals}
                before = _states(round_id)
                for _ in range(READINGS):
                    _begin_queues()
                    again = stage.collect_receipts(round_id)
                    if again["receipts"] or again["unreadable"] or again["moved"]:
                        found.broken.append(f"seed {seed}: a receipt counted twice")
                    if _states(round_id) != before:
                        found.broken.append(f"seed {seed}: a message changed its end")
                judge(found, round_id, ledgers)
            report(f"T3 {seed + 1}/{ROUNDS}")
    found.notes.append(
        f"{totals['receipts']:,} kept once, {totals['unknown_ids']} of them for strangers (quarantined), "
        f"{totals['unreadable']} unreadable (kept by hash)."
    )
    if not (totals["unknown_ids"] and totals["unreadable"]):
        found.broken.append("the gateways made no faulty receipts: the drill shows nothing")
    return found


def _begin_queues() -> None:
    with engine("database_admin_url").begin() as connection:
        connection.execute(text("DELETE FROM fieldwork.receipt_cursor"))


def _states(round_id: str) -> dict[str, str]:
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            text("SELECT message_id, state FROM fieldwork.message WHERE round_id = :r"), {"r": round_id}
        )
        return {str(row.message_id): row.state for row in rows}


DRILL = Drill("T3", "receipts twice, late, out of order, contradictory, for strangers, garbage", run)
