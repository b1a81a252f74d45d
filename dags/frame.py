"""
### Build the frame of one survey round

Each municipality's extract → rows that hold and rows in quarantine → who is eligible, with a reason for everybody else.

**Reads** the extracts in the inbox. **Writes** `identity.*` (encrypted), `frame.spell`, `frame.row_error`, `frame.person`.
**Rerun** is safe: each task replaces its round's (and municipality's) rows in one transaction.
A municipality whose extract is missing or refused is named in `frame.extract` with the reason; the others go on.
Put the corrected file in the inbox and clear the municipality's task.
**`FrameIsEmpty`**: no municipality has an eligible person; read `frame.extract`.
**Next**: the sampling DAG starts by itself.
"""

from airflow.sdk import Param, chain, dag, task
from pendulum import datetime

from borgerpuls.frame import stage
from borgerpuls.orchestration import DEFAULT_ARGS, FRAME, ROUND, one_run_per_round, round_of_run
from borgerpuls.rounds import stage as rounds_stage


@dag(
    dag_display_name="2 · Frame",
    schedule=one_run_per_round(ROUND),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    max_active_runs=2,
    default_args=DEFAULT_ARGS,
    params={"round_id": Param(None, type=["null", "string"], title="Runde, når den startes i hånden")},
    tags=["borgerpuls", "frame"],
    doc_md=__doc__,
)
def frame():
    @task
    def find_round(params, dag_run):
        return round_of_run(params, dag_run)

    @task
    def list_municipalities(round_id):
        """One municipality after the other gets a task of its own."""
        names = rounds_stage.municipality_names(round_id)
        return [{"municipality_code": code, "municipality_name": name} for code, name in names.items()]

    @task(map_index_template="{{ municipality_name }}")
    def import_extract(round_id, municipality_code, municipality_name):
        """Read one municipality's extract; what cannot be read is refused with a reason."""
        return stage.import_extract(round_id, municipality_code)

    @task(outlets=[FRAME])
    def announce_frame(round_id, outlet_events):
        """Tell the sampling DAG that the frame is ready."""
        outlet_events[FRAME].add_partitions(round_id)

    round_id = find_round()
    chain(
        import_extract.partial(round_id=round_id).expand_kwargs(list_municipalities(round_id)),
        task(stage.validate_frame, trigger_rule="all_done")(round_id),
        task(stage.decide_eligibility)(round_id),
        announce_frame(round_id),
    )


frame()
