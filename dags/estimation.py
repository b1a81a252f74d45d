"""
### Estimate the figures of one survey round

Weighted answers → means, shares and category scores with their uncertainty → comparisons → what may be shown → what could
still be worked out → alarms for what has gone the wrong way.

**Reads** `responses.answer`, `weighting.weight`, earlier rounds' figures. **Writes** `estimation.figure`: every number to be
published is one row; beside it `trend_point`, `notice`, `merged_cell`, `alarm`.
Numbers that could reveal somebody are withheld here, in the data, with the reason; no report ever has them.
**Rerun** is safe: the task replaces its round's rows in one transaction.
**`FiguresDoNotAddUp`**: a figure contradicts another; the message names it. Of all participating: nothing is drawn. Of one
municipality: its report is not drawn, the others go on, and `name_stopped_reports` fails.
**`CellCanBeDerived`**: a withheld number follows from what would be published; the message names its cell.
**An alarm** goes to the log and to `BORGERPULS_ALERT_WEBHOOK_URL`. Where nothing has got worse, at most one municipality in a hundred gets one.
**`NotificationFailed`**: the receiver did not accept it; the alarms are kept, and the reports do not wait for it.
**Next**: the reporting DAG starts by itself.
"""

from airflow.sdk import Param, chain, dag, task
from pendulum import datetime

from borgerpuls.estimation import stage
from borgerpuls.orchestration import DEFAULT_ARGS, FIGURES, WEIGHTS, one_run_per_round, round_of_run
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="7 · Estimation",
    schedule=one_run_per_round(WEIGHTS),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={"round_id": Param(None, type=["null", "string"], title="Runde, når den startes i hånden")},
    tags=["borgerpuls", "estimation"],
    doc_md=__doc__,
)
def estimation():
    @task
    def find_round(params, dag_run):
        return round_of_run(params, dag_run)

    @task(outlets=[FIGURES])
    def announce_figures(round_id, outlet_events):
        """Tell the reporting DAG which round has figures."""
        outlet_events[FIGURES].add_partitions(round_id)

    round_id = find_round()
    chain(
        task(stage.estimate_figures)(round_id),
        task(stage.check_figures)(round_id),
        task(stage.attack_figures)(round_id),
        task(stage.raise_alarms)(round_id),
        announce_figures(round_id),
        [task(stage.tell_alarms)(round_id), task(stage.name_stopped_reports)(round_id)],
    )


estimation()
