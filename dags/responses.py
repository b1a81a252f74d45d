"""
### Collect the answers of the rounds in the field

New and changed forms → validated answers, doubtful ones in quarantine → dispositions. After the last day: close and freeze.

**Reads** `answers.*`, `sampling.sample`, the round's key (whose form is whose). **Writes** `responses.*`.
**Rerun** is safe: a form is collected again only when it has changed; a frozen round never changes.
**`ExpectationDidNotRun`**: nothing was written; clear the task, and report the rule it names if it comes again.
**`DispositionsDoNotSum`**: somebody has two outcomes or none; nothing was written, call the developers.
**`RoundIsStillOpen`**: a round is closed the day after its last day; run it again then.
**`UnknownRound`**: no round has the id in the form; start the run again with the right one.
**`RoundIsForgotten`**: the round is over and its people are forgotten; the task has nothing to do any more, mark it as done.
**`RoundKeyIsMissing`**: every worker must see the one folder of the rounds' keys, and be able to write it; then clear the task.
**`SnapshotChanged`**: answers of a frozen round differ from its snapshot; nothing after this may run.
**Next**: when a round closes, the weighting DAG starts by itself.
"""

from airflow.sdk import chain, dag, task
from pendulum import datetime

from borgerpuls.orchestration import DEFAULT_ARGS, RESPONSES
from borgerpuls.responses import stage
from borgerpuls.rounds import stage as rounds_stage
from field_calendar import FieldHours
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="5 · Responses",
    schedule=FieldHours(minutes=60),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    tags=["borgerpuls", "responses"],
    doc_md=__doc__,
)
def responses():
    @task
    def find_rounds():
        """The rounds in the field; one whose last day is over is collected when it is closed."""
        due_to_close = set(stage.rounds_due_to_close())
        return [round_id for round_id in rounds_stage.rounds_in_state("approved") if round_id not in due_to_close]

    @task(map_index_template="{{ round_id }}")
    def collect(round_id):
        """Take new and changed forms."""
        return stage.collect(round_id)

    @task(map_index_template="{{ round_id }}")
    def validate(round_id):
        """Check structure, ranges and routing; what fails goes to quarantine with a reason."""
        return stage.validate(round_id)

    @task(map_index_template="{{ round_id }}")
    def decide_dispositions(round_id):
        """Give every sampled person an outcome; they sum to the sample."""
        return stage.decide_dispositions(round_id)

    @task(trigger_rule="none_failed")
    def find_rounds_to_close():
        """The rounds whose last day is over."""
        return stage.rounds_due_to_close()

    @task(map_index_template="{{ round_id }}")
    def close_and_freeze(round_id):
        """Close the round and freeze the snapshot everything after is computed from."""
        return stage.close_and_freeze(round_id)

    @task(outlets=[RESPONSES])
    def announce_responses(closed, outlet_events):
        """Tell the weighting DAG which rounds are closed."""
        outlet_events[RESPONSES].add_partitions(list(closed))

    rounds = find_rounds()
    to_close = find_rounds_to_close()
    closed = close_and_freeze.expand(round_id=to_close)
    chain(
        collect.expand(round_id=rounds),
        validate.expand(round_id=rounds),
        decide_dispositions.expand(round_id=rounds),
        to_close,
    )
    chain(closed, announce_responses(to_close))


responses()
