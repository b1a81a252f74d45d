"""
What the DAGs share: the assets that join the stages, retry rules, and which round a run is about.

The only module that imports Airflow. Until a round is in the field, an event says its round in `extra`, and a run may be
about several rounds. Once it is closed, each asset is partitioned by round: the event's partition key is the round's id,
and the listening DAG gets one run per round (docs/decisions/0001).
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from airflow.sdk import Asset, PartitionedAssetTimetable
from airflow.sdk.exceptions import AirflowSkipException

from borgerpuls.errors import UnknownRound
from borgerpuls.settings import settings

ROUND = Asset("round", uri="borgerpuls://rounds/round")
FRAME = Asset("frame", uri="borgerpuls://frame/person")
SAMPLE = Asset("sample", uri="borgerpuls://sampling/sample")
RESPONSES = Asset("responses", uri="borgerpuls://responses/snapshot")
WEIGHTS = Asset("weights", uri="borgerpuls://weighting/weight")
FIGURES = Asset("figures", uri="borgerpuls://estimation/figure")
REPORTS = Asset("reports", uri="borgerpuls://reporting/artefact")

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "borgerpuls",
    "retries": 1,
    "retry_delay": timedelta(seconds=settings().task_retry_seconds),
    "execution_timeout": timedelta(hours=1),
}


def skip(reason: str) -> NoReturn:
    """
    Skip this task for a reason that whoever opens its log sees at once: Airflow's own line about it is folded away.

    Raises:
        AirflowSkipException: Always.
    """
    logging.getLogger("airflow.task").warning(reason)
    raise AirflowSkipException(reason)


def rounds_of_run(params: Mapping[str, Any], triggering_asset_events: Mapping[Any, Any]) -> list[str]:
    """Return the rounds this run is about: of the asset events that started it, or of the form; none when it looks around."""
    asked = [event.extra["round_id"] for events in triggering_asset_events.values() for event in events]
    return sorted({str(round_id) for round_id in [*asked, params.get("round_id")] if round_id})


def one_run_per_round(asset: Asset) -> PartitionedAssetTimetable:
    """Return the schedule of a DAG that runs once for each round in which *asset* was made."""
    return PartitionedAssetTimetable(assets=asset)


def round_of_run(params: Mapping[str, Any], dag_run: Any) -> str:
    """
    Return the round this run is about: of the asset event that started it, else of the form.

    Raises:
        UnknownRound: The run was started by hand without a round.
    """
    round_id = dag_run.partition_key or params.get("round_id")
    if not round_id:
        raise UnknownRound(
            "Kørslen er startet i hånden uden en runde.", next_step="Start den igen med rundens id, fx 2026-2."
        )
    return str(round_id)
