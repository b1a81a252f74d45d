"""
### Draw the sample of one survey round

The frame → n per municipality and stratum → a seeded draw → its balance by target group.

**Reads** `frame.person`, the round's sample rule. **Writes** `sampling.allocation`, `sampling.sample`, `sampling.balance`.
**Rerun** is safe: the same seed and frame give the same sample, person by person.
A municipality smaller than its size is asked in full (census).
**`FrameIsEmpty`**: there is nobody to draw from; run the frame DAG and read `frame.extract`.
**`SampleIsApproved`**: the sample has been approved and another one would be drawn; put the old extracts back, or stop the
round and open a new one.
**`RoundIsForgotten`**: the round is over and its people are forgotten; the task has nothing to do any more, mark it as done.
**Next**: the fieldwork DAG plans the letters and asks a second person for approval.
"""

from airflow.sdk import Param, chain, dag, task
from pendulum import datetime

from borgerpuls.orchestration import DEFAULT_ARGS, FRAME, SAMPLE, rounds_of_run
from borgerpuls.sampling import stage
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="3 · Sampling",
    schedule=[FRAME],
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={"round_id": Param(None, type=["null", "string"], title="Runde, når den startes i hånden")},
    tags=["borgerpuls", "sampling"],
    doc_md=__doc__,
)
def sampling():
    @task
    def find_rounds(params, triggering_asset_events):
        """The rounds whose frame is new; usually one."""
        return rounds_of_run(params, triggering_asset_events)

    @task(outlets=[SAMPLE], map_index_template="{{ round_id }}")
    def announce_sample(round_id, outlet_events):
        """Tell the fieldwork DAG which round has a sample."""
        outlet_events[SAMPLE].extra = {"round_id": round_id}

    rounds = find_rounds()
    draw = task(stage.draw_sample, map_index_template="{{ round_id }}")
    check = task(stage.check_balance, map_index_template="{{ round_id }}")
    chain(
        draw.expand(round_id=rounds),
        check.expand(round_id=rounds),
        announce_sample.expand(round_id=rounds),
    )


sampling()
