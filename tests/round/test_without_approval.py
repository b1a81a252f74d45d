"""
Nobody sends without an open approval by a second person, whatever is done with the DAG in Airflow.

A small round in a running sandbox is shown and not approved. Its DAG is triggered, its approval marked as success, its
tasks cleared, and its past backfilled, with the round's own state forced to approved as well. The gateways hear nothing
until a second person approves; then they hear of everybody once.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from staff import sent, staff, task_of, wait_for

from borgerpuls import clock, database, settings, vault
from borgerpuls.database import engine
from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill, services
from borgerpuls.sandbox.airflow_api import ENDED, AirflowApi, Run
from borgerpuls.sandbox.installation import APPROVER, OPENER
from borgerpuls.sandbox.round_runner import SECONDS_BEFORE_APPROVAL
from borgerpuls.sandbox.services import RunningSandbox

pytestmark = pytest.mark.timeout(1800)

ROUND_ID, HERE, PEOPLE = "2023-2", "0461", 5
FORM = {"round_id": ROUND_ID}
SENDING = ("find_due_messages", "send_due", "collect_receipts", "finish_messages", "watch_messages")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    home = tmp_path_factory.mktemp("unapproved") / ".borgerpuls"
    before = dict(os.environ)
    try:
        sandbox = services.up(home)
        clock.move_to(drill.INSIDE_THE_WINDOW)
        drill.make_round(ROUND_ID, {HERE: PEOPLE}, is_approved=False)
        with staff(sandbox, OPENER) as api:
            wait_for(lambda: "fieldwork" in api.dag_ids())
            api.unpause("fieldwork")
        yield sandbox
    finally:
        services.clean(home)
        os.environ.clear()
        os.environ.update(before)
        database.close_engines()
        settings.settings.cache_clear()
        vault.vault.cache_clear()


def waits_for_approval(api: AirflowApi, run: Run) -> bool:
    """Everything else of the run has ended, sending included, and the approval waits for a person."""
    approve, watch = task_of(api, run, "prepare.approve"), task_of(api, run, "watch_messages")
    return bool(
        approve and approve.state in {"awaiting_input", "deferred"} and watch and watch.state in {"success", "failed"}
    )


def force_state(state: str) -> None:
    """Set the round's state past every task, as somebody with the database's password could."""
    with engine("database_admin_url").begin() as connection:
        connection.execute(text("UPDATE rounds.round SET state = :s"), {"s": state})


def assert_nothing_was_sent(sandbox: RunningSandbox) -> None:
    assert sent(sandbox) == Counter()
    assert stage.state_counts(ROUND_ID) == {"planned": 5 * PEOPLE}


def test_no_trigger_mark_clear_or_backfill_sends_before_a_second_person_approves(sandbox: RunningSandbox) -> None:
    with staff(sandbox, OPENER) as api, staff(sandbox, APPROVER) as colleague:
        # Triggered by hand.
        run = api.trigger("fieldwork", FORM)
        wait_for(lambda: waits_for_approval(api, run))
        assert_nothing_was_sent(sandbox)

        # Approved by the one who opened the round: refused by name.
        time.sleep(SECONDS_BEFORE_APPROVAL)
        approve = task_of(api, run, "prepare.approve")
        assert approve
        api.approve(approve)
        wait_for(lambda: (task_of(api, run, "prepare.record_approval") or approve).state == "failed")
        assert_nothing_was_sent(sandbox)

        # Marked as success: approval, record and sending, in a round whose state says approved.
        force_state("approved")
        run = api.trigger("fieldwork", FORM)
        wait_for(lambda: waits_for_approval(api, run))
        for task_id in ("prepare.approve", "prepare.record_approval"):
            for task in [one for one in api.tasks(run) if one.task_id == task_id]:
                api.mark_as_success(task)
        wait_for(lambda: run_ended(api, run))
        send = task_of(api, run, "send_due")
        assert send
        assert send.state == "success", "the sending did not even run"
        assert_nothing_was_sent(sandbox)

        # Cleared: the sending alone, then everything.
        api.clear(run, SENDING)
        wait_for(lambda: run_ended(api, run))
        assert_nothing_was_sent(sandbox)

        # Backfilled.
        api.backfill("fieldwork", "2026-02-03T09:00:00+01:00", "2026-02-03T10:00:00+01:00", FORM)
        wait_for(lambda: sum(waits_for_approval(api, one) for one in backfilled(api)) >= 2)
        assert_nothing_was_sent(sandbox)

        # The control: a second person approves, the next run sends to everybody, and the one after it to nobody.
        force_state("open")
        waiting = next(one for one in backfilled(api) if waits_for_approval(api, one))
        approve = task_of(api, waiting, "prepare.approve")
        assert approve
        time.sleep(SECONDS_BEFORE_APPROVAL)
        colleague.approve(approve)
        wait_for(lambda: stage.is_approved(ROUND_ID))
        for _ in range(2):
            run = api.trigger("fieldwork")
            wait_for(lambda run=run: run_ended(api, run))
            assert sorted(sent(sandbox).values()) == [1] * PEOPLE


def run_ended(api: AirflowApi, run: Run) -> bool:
    return any(one.run_id == run.run_id and one.state in ENDED for one in api.runs())


def backfilled(api: AirflowApi) -> list[Run]:
    return [run for run in api.runs() if run.run_type == "backfill"]
