"""
### Forget what is no longer to be kept

Days that have come → keys destroyed → rows → files → a register that proves it. Every morning, for every round.

**Reads** `rounds.round`, the days of extracts; never a number, a name, an answer or a text. **Writes** `retention.destruction`;
destroys in `identity.*`, `link.*`, `answers.*`, `frame.*`, `fieldwork.*`, `responses.*`, the rounds' keys, the journal, the paper
letters and the inbox. What goes when, and what stays: `docs/retention.md`.
**Rerun** is safe: what is gone stays gone, and a round that is not due is not touched. A day on which nothing ran is made
good by the next run; what a crash has left is taken up by it.
**`RoundIsNotDue`**: the day has not come (or the clock was set back); nothing was touched, mark the task as done.
**`RoundKeyIsMissing`**: rows and files are gone, but the key was not in `BORGERPULS_ROUND_KEY_FOLDER` to be destroyed: mount the
folder it lies in, and clear the task; until then nothing is proven (`docs/runbooks/retention.md`).
**`UnknownRound`**: the round is gone from the database since the run began; mark the task as done.
**`RetentionNeedsAttention`**: a round is forgotten within two weeks and is not published, or should be forgotten and is not:
`docs/runbooks/retention.md`. Operations are told (`BORGERPULS_ALERT_WEBHOOK_URL`, `BORGERPULS_ALERT_EMAIL`).
**A file that cannot be removed** fails the task by the system's own error: mend the folder, and clear the task.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import chain, dag, task
from pendulum import datetime

from borgerpuls.orchestration import DEFAULT_ARGS
from borgerpuls.retention import stage
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="10 · Retention",
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    tags=["borgerpuls", "retention"],
    doc_md=__doc__,
)
def retention():
    @task
    def find_extracts():
        """The extracts whose day has come."""
        return stage.extracts_due()

    @task(map_index_template="{{ round_id }} {{ municipality_code }}")
    def destroy_extract(round_id, municipality_code, dag_run):
        """Destroy one municipality's extract: its key, its rows, its file."""
        return stage.destroy_extract(round_id, municipality_code, dag_run.run_id)

    @task(trigger_rule="all_done")
    def destroy_strays(dag_run):
        """Destroy receipts that belong to no message, wrong codes that were tried, and files in the inbox, when they are old."""
        return stage.destroy_strays(dag_run.run_id)

    @task(trigger_rule="all_done")
    def find_rounds():
        """The rounds whose day has come, and of which something is left."""
        return stage.rounds_due()

    @task(map_index_template="{{ round_id }}")
    def forget_round(round_id, dag_run):
        """Forget the people of a round: its keys, then the rows, then the files."""
        return stage.forget_round(round_id, dag_run.run_id)

    @task(trigger_rule="all_done")
    def watch_deadlines():
        """Fail, and tell operations, two weeks before a round is forgotten unpublished, and when one is not forgotten."""
        return stage.watch_deadlines()

    destroyed = destroy_extract.expand_kwargs(find_extracts())
    strays, rounds = destroy_strays(), find_rounds()
    forgotten = forget_round.expand(round_id=rounds)
    watched = watch_deadlines()
    chain(destroyed, strays, rounds, forgotten, watched)
    # Each of them runs whatever became of the one before; the run is well only when all of them were.
    [destroyed, strays, forgotten, watched] >> EmptyOperator(task_id="all_went_well", trigger_rule="none_failed")


retention()
