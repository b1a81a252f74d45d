"""
### Draw the reports of one survey round

Figures → report, committee memo (Word and PDF), deck and workbook of each municipality and of all participating → checked
against the register of artefacts.

**Reads** `estimation.figure` only. **Writes** the store below the output folder, `reporting.artefact`.
**Rerun** is safe: what is drawn again from the same figures is the same file, byte for byte.
Clear one municipality's task to draw its artefacts alone; no other is touched, and what is published stays as it is.
**`RoundHasNoFigures`**: estimation has not run for this round; run it, then clear this task.
**`UnknownRound`**: no round has the id in the form; start the run again with the right one.
**`MunicipalityIsNotInRound`**: the task is of a municipality that does not take part; start the run again.
**`ReportIsMissing`**: a registered file is gone or has changed; clear the municipality it names.
**Next**: the publication DAG starts by itself.
"""

from airflow.sdk import Param, chain, dag, task
from pendulum import datetime

from borgerpuls.orchestration import DEFAULT_ARGS, FIGURES, REPORTS, one_run_per_round, round_of_run
from borgerpuls.reporting import stage
from borgerpuls.rounds import stage as rounds_stage
from borgerpuls.terms import ALL_PARTICIPATING
from operations_notifier import OperationsNotifier


@dag(
    dag_display_name="8 · Reporting",
    schedule=one_run_per_round(FIGURES),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={"round_id": Param(None, type=["null", "string"], title="Runde, når den startes i hånden")},
    tags=["borgerpuls", "reporting"],
    doc_md=__doc__,
)
def reporting():
    @task
    def find_round(params, dag_run):
        return round_of_run(params, dag_run)

    @task
    def list_reports(round_id):
        """One task per municipality, and one for all participating."""
        names = rounds_stage.municipality_names(round_id) | {ALL_PARTICIPATING: "Alle deltagende kommuner"}
        return [
            {"municipality_code": code, "municipality_name": names[code]} for code in stage.reports_to_render(round_id)
        ]

    @task(map_index_template="{{ municipality_name }}")
    def draw_artefacts(round_id, municipality_code, municipality_name):
        """Draw report, memo, deck and workbook of one municipality."""
        return stage.draw_artefacts(round_id, municipality_code)

    @task(outlets=[REPORTS])
    def announce_reports(round_id, outlet_events):
        """Tell the publication DAG which round has reports."""
        outlet_events[REPORTS].add_partitions(round_id)

    round_id = find_round()
    chain(
        draw_artefacts.partial(round_id=round_id).expand_kwargs(list_reports(round_id)),
        task(stage.check_reports)(round_id),
        announce_reports(round_id),
    )


reporting()
