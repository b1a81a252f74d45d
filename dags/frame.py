"""
### Build the frame of one survey round

Each municipality's extract → rows that hold and rows in quarantine → who is eligible, with a reason for everybody else.

**Reads** the extracts in the inbox. **Writes** `identity.*` (encrypted), `frame.spell`, `frame.row_error`, `frame.person`.
**Rerun** is safe: each task replaces its round's (and municipality's) rows in one transaction.
A municipality whose extract is missing or refused is **skipped**, with the reason in its log; operations are told, the
others go on, and the approver is told. `borgerpuls frame status ROUND` shows every municipality. Put the corrected file
in the inbox and clear the municipality's task and those after it, before the round is approved.
**`ExpectationDidNotRun`**: nothing was written; clear the task, and report the rule it names if it comes again.
**`FrameIsFixed`**: the round is approved and the file is another one; put the old file back, or take the new one away.
**`MunicipalityIsNotInRound`**: the file is of a municipality that does not take part; look at the round's form.
**`ExtractIsGone`**: the extract was deleted on schedule, and the frame stands as it is; mark the task as success.
**`RoundIsForgotten`**: the round's key is destroyed and cannot be made again; open a new round.
**`RowsAreLost`**: rows in ≠ eligible + ineligible + quarantined; nothing was written, call the developers.
**`UnknownRound`**: no round has the id in the form; start the run again with the right one.
**`RoundIsForgotten`**: the round is over and its people are forgotten; the task has nothing to do any more, mark it as done.
**`RoundKeyIsMissing`**: every worker must see the one folder of the rounds' keys, and be able to write it; then clear the task.
**`FrameIsEmpty`**: no municipality has an eligible person; see `borgerpuls frame status ROUND`.
**Next**: the sampling DAG starts by itself.
"""

from airflow.sdk import Param, chain, dag, task
from pendulum import datetime

from borgerpuls.frame import stage
from borgerpuls.orchestration import DEFAULT_ARGS, FRAME, ROUND, rounds_of_run, skip
from borgerpuls.rounds import stage as rounds_stage
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="2 · Frame",
    schedule=[ROUND],
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    max_active_runs=2,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={"round_id": Param(None, type=["null", "string"], title="Runde, når den startes i hånden")},
    tags=["borgerpuls", "frame"],
    doc_md=__doc__,
)
def frame():
    @task
    def find_rounds(params, triggering_asset_events):
        """The rounds that have just been opened; usually one."""
        return rounds_of_run(params, triggering_asset_events)

    @task
    def list_municipalities(rounds):
        """One municipality after the other gets a task of its own."""
        return [
            {"round_id": round_id, "municipality_code": code, "municipality_name": name}
            for round_id in rounds
            for code, name in rounds_stage.municipality_names(round_id).items()
        ]

    @task(map_index_template="{{ municipality_name }}", on_skipped_callback=OperationsNotifier(reason=stage.left_out))
    def import_extract(round_id, municipality_code, municipality_name):
        """Read one municipality's extract; where there is none that can be read, the task says why and is skipped."""
        counts = stage.import_extract(round_id, municipality_code)
        if not counts["imported"]:
            skip(str(stage.left_out(round_id, municipality_code)))
        return counts

    @task(outlets=[FRAME], map_index_template="{{ round_id }}")
    def announce_frame(round_id, outlet_events):
        """Tell the sampling DAG that the frame is ready."""
        outlet_events[FRAME].extra = {"round_id": round_id}

    rounds = find_rounds()
    validate = task(stage.validate_frame, trigger_rule="all_done", map_index_template="{{ round_id }}")
    decide = task(stage.decide_eligibility, map_index_template="{{ round_id }}")
    chain(
        import_extract.expand_kwargs(list_municipalities(rounds)),
        validate.expand(round_id=rounds),
        decide.expand(round_id=rounds),
        announce_frame.expand(round_id=rounds),
    )


frame()
