"""
What the DAGs share: the assets that join the stages, retry rules, and which round a run is about.

The only module that imports Airflow. Each asset is partitioned by round: an event carries the round's id as its
partition key, and the listening DAG gets one run per round, so that two rounds never meet in one run.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, PartitionedAssetTimetable

from borgerpuls.errors import UnknownRound

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
    "retry_delay": timedelta(seconds=20),
    "execution_timeout": timedelta(hours=1),
}


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
