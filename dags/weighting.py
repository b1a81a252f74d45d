"""
### Weight one survey round

Frozen answers → cells → weights → checks.

**Reads** `responses.response`, `frame.person`. **Writes** `weighting.population_cell`, `weighting.collapse`,
`weighting.weight`, `weighting.diagnostic`.
**Rerun** is safe: the tasks replace their round's rows in one transaction.
A municipality without answers is left out, by name. Every merge of thin cells is logged and printed in the report.
**`WeightsDoNotAddUp`**: the weights of a cell miss its population; nothing after this may run, call the statistician.
**Next**: the estimation DAG starts by itself.
"""

from airflow.sdk import Param, chain, dag, task
from pendulum import datetime

from borgerpuls.orchestration import DEFAULT_ARGS, RESPONSES, WEIGHTS, one_run_per_round, round_of_run
from borgerpuls.weighting import stage
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="6 · Weighting",
    schedule=one_run_per_round(RESPONSES),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={"round_id": Param(None, type=["null", "string"], title="Runde, når den startes i hånden")},
    tags=["borgerpuls", "weighting"],
    doc_md=__doc__,
)
def weighting():
    @task
    def find_round(params, dag_run):
        return round_of_run(params, dag_run)

    @task(outlets=[WEIGHTS])
    def announce_weights(round_id, outlet_events):
        """Tell the estimation DAG which round has new weights."""
        outlet_events[WEIGHTS].add_partitions(round_id)

    round_id = find_round()
    chain(
        task(stage.weight_to_population)(round_id),
        task(stage.check_weights)(round_id),
        announce_weights(round_id),
    )


weighting()
