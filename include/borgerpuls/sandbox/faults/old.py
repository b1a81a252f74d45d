"""
T10: every task of an old round started again, as a backfill, a catch-up or a re-trigger would.
"""

from datetime import datetime

from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.database import engine
from borgerpuls.errors import BorgerpulsError
from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, own_world

ROUNDS, PEOPLE = 10, 100
STATES = ("closed", "published", "stopped", "approved")
"""The last: approved, but its last day is long past."""
LONG_AFTER = datetime(2023, 10, 3, 10, tzinfo=clock.COPENHAGEN)


def run(share: float, report: Report) -> Found:
    """Make rounds of each kind, go on to another season, and start every task of them again."""
    rounds = max(1, round(ROUNDS * share))
    found = Found(dose=f"{rounds} rounds × {len(STATES)} states × every task twice, {PEOPLE} unsent messages each")
    with own_world(lease_seconds="60") as world, world.gateways() as ledgers:
        ids = {state: [f"{3700 + 20 * place + n}-1" for n in range(rounds)] for place, state in enumerate(STATES)}
        for state, round_ids in ids.items():
            for round_id in round_ids:
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
                with engine("database_admin_url").begin() as connection:
                    connection.execute(
                        text("UPDATE rounds.round SET state = :s WHERE round_id = :r"), {"s": state, "r": round_id}
                    )
            report(f"T10 {state}")
        clock.move_to(LONG_AFTER)
        due = {row["round_id"] for row in stage.municipalities_due()}
        for round_id in (one for some in ids.values() for one in some):
            _start_everything(round_id, found)
            found.cases += PEOPLE
            if round_id in due:
                found.broken.append(f"{round_id} is called due")
        sent = sum(drill.ledger_sizes(ledgers))
        if sent:
            found.broken.append(f"{sent} bytes of messages reached a gateway")
    return found


def _start_everything(round_id: str, found: Found) -> None:
    for _ in range(2):
        for task in (
            stage.plan_messages, stage.prepare_dry_run, lambda r: stage.record_approval(r, "kollega"),
            lambda r: stage.send_due(r, MUNICIPALITY),
        ):  # fmt: skip
            try:
                result = task(round_id)
            except BorgerpulsError:
                continue  # refused by name: the best answer
            if isinstance(result, dict) and result.get("sent"):
                found.broken.append(f"{round_id}: {result['sent']} messages sent")


DRILL = Drill("T10", "backfill, catch-up or re-trigger of an old round", run)
