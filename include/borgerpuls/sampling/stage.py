"""
Draw the sample of a round from its frame.
"""

import json

import pandas as pd

from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import FrameIsEmpty, RoundIsForgotten, SampleIsApproved
from borgerpuls.hashing import table_sha256
from borgerpuls.sampling import balance, selection
from borgerpuls.sampling.sizes import sizes_by_rule

WRITTEN = ("balance", "sample", "allocation", "draw")


def draw_sample(round_id: str) -> dict[str, int]:
    """
    Allocate n to municipalities and strata, and draw: the same seed and frame give the same persons.

    Raises:
        FrameIsEmpty: There is nobody to draw.
        RoundIsForgotten: The round's people are forgotten.
        SampleIsApproved: The round is approved, and another sample than the approved one would be drawn.
    """
    with transaction("sampling") as connection:
        plan = connection.execute(load_query("sampling/rule.sql"), {"round_id": round_id}).one()
        if plan.forgotten_at is not None:
            raise RoundIsForgotten.since(round_id, plan.forgotten_at)
        frame = read_table(connection, "sampling/frame.sql", round_id=round_id)
        if frame.empty:
            raise FrameIsEmpty("Rammen har ingen at trække.", where=f"Runde {round_id}", next_step="Kør DAG'en frame.")
        frame["person_id"] = frame["person_id"].astype("str")
        frame_n = frame.groupby("municipality").size()
        rule = plan.sample_rule if isinstance(plan.sample_rule, dict) else json.loads(plan.sample_rule)
        draw = selection.draw_sample(frame, sizes_by_rule(frame_n, rule), seed=int(plan.seed))
        sample = _sample_rows(round_id, draw)
        sample_hash = table_sha256(sample[["person_id"]])

        drawn = connection.execute(load_query("sampling/drawn_hash.sql"), {"round_id": round_id}).one_or_none()
        if drawn is not None and drawn.sample_hash == sample_hash:
            return _counts(frame, sample)  # this very sample stands there
        if plan.is_fixed:
            raise SampleIsApproved(
                "Runden er godkendt med en anden stikprøve end den, som rammen og frøet giver nu.",
                where=f"Runde {round_id}",
                next_step="En godkendt stikprøve byttes aldrig. Læg de gamle udtræk tilbage, eller stop runden og åbn en ny.",
            )
        for table in WRITTEN:
            connection.execute(load_query(f"sampling/delete_{table}.sql"), {"round_id": round_id})
        copy_rows(connection, "sampling.allocation", _allocation_rows(round_id, draw))
        copy_rows(connection, "sampling.sample", sample)
        copy_rows(connection, "sampling.balance", _balance_rows(round_id, frame, draw))
        copy_rows(
            connection,
            "sampling.draw",
            pd.DataFrame(
                [
                    {
                        "round_id": round_id,
                        "seed": int(plan.seed),
                        "frame_hash": draw.frame_hash,
                        "sample_hash": sample_hash,
                        "population_n": len(frame),
                        "sampled_n": len(sample),
                    }
                ]
            ),
        )
    return _counts(frame, sample)


def check_balance(round_id: str) -> dict[str, float]:
    """Show how far the sample is from the frame by target group: the largest gap, in percentage points."""
    with transaction("sampling") as connection:
        rows = read_table(connection, "sampling/balance.sql", round_id=round_id)
    gap = (rows["sample_share"] - rows["population_share"]).abs()
    return {"largest_gap_points": round(float(gap.max()) * 100, 2), "groups": len(rows)}


def _counts(frame: pd.DataFrame, sample: pd.DataFrame) -> dict[str, int]:
    return {"population": len(frame), "sampled": len(sample)}


def _stratum_name(table: pd.DataFrame) -> pd.Series:
    """Return the readable id of each row's stratum: municipality|sex|age group."""
    return (
        table["municipality"].astype("str") + "|" + table["sex"].astype("str") + "|" + table["age_group"].astype("str")
    )


def _sample_rows(round_id: str, draw: selection.Draw) -> pd.DataFrame:
    sample = draw.sample.sort_values("person_id", kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "round_id": round_id,
            "person_id": sample["person_id"],
            "municipality_code": sample["municipality"],
            "stratum_id": _stratum_name(sample),
            "selection_probability": sample["selection_probability"],
        }
    )


def _allocation_rows(round_id: str, draw: selection.Draw) -> pd.DataFrame:
    allocation = draw.allocation
    return pd.DataFrame(
        {
            "round_id": round_id,
            "municipality_code": allocation["municipality"],
            "stratum_id": _stratum_name(allocation),
            "sex": allocation["sex"],
            "age_group": allocation["age_group"],
            "population_n": allocation["frame_n"],
            "allocated_n": allocation["allocated_n"],
        }
    )


def _balance_rows(round_id: str, frame: pd.DataFrame, draw: selection.Draw) -> pd.DataFrame:
    table = balance.balance_table(frame, draw.sample, variables=("target_group",))
    table = table[table["municipality"] != balance.ALL]
    return pd.DataFrame(
        {
            "round_id": round_id,
            "municipality_code": table["municipality"].astype("str"),
            "target_group": table["category"].astype("str"),
            "population_n": table["frame_n"],
            "sampled_n": table["sample_n"],
            "population_share": table["frame_share"],
            "sample_share": table["sample_share"].fillna(0.0),
        }
    )
