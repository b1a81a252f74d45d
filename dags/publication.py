"""
### Publish one survey round

Reports and figures → what each municipality may see: its own, and all participating.

**Reads** `reporting.artefact`, `estimation.figure`. **Writes** `publication.artefact`, `publication.figure`
(row-level security: a reader sees one municipality and all participating), the round's folder below the output folder.
**Rerun** is safe: the same artefacts are published once, and missing files are laid out again.
**`ReportIsMissing`**, **`ReportIsStale`**: run the reporting DAG before it is published.
**`CorrectionNeedsReason`**: what is drawn differs from what is published, which stays. When the change is meant, a person
replaces it with `borgerpuls publication correct` and says why.
"""

from airflow.sdk import Param, chain, dag, task
from pendulum import datetime

from borgerpuls.orchestration import DEFAULT_ARGS, REPORTS, one_run_per_round, round_of_run
from borgerpuls.publication import stage
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="9 · Publication",
    schedule=one_run_per_round(REPORTS),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={"round_id": Param(None, type=["null", "string"], title="Runde, når den startes i hånden")},
    tags=["borgerpuls", "publication"],
    doc_md=__doc__,
)
def publication():
    @task
    def find_round(params, dag_run):
        return round_of_run(params, dag_run)

    round_id = find_round()
    chain(
        task(stage.publish_figures)(round_id),
        task(stage.publish_artefacts)(round_id),
    )


publication()
