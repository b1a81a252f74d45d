"""A round the planner's statistics do not know yet: each statement still touches each row a few times, not each pair."""

from typing import Any

import pytest
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.database import engine
from borgerpuls.resources import resource_folder
from borgerpuls.sandbox import drill
from borgerpuls.vault import vault

HERE, OLD, NEW, PEOPLE = "0461", "4000-1", "4000-2", 400
MOST_TOUCHES = 60
"""Rows read, joined or thrown away for each message of the round."""


@pytest.fixture(scope="module")
def new_round(gateways: Any) -> None:
    drill.make_round(OLD, {HERE: 2 * PEOPLE})
    with engine("database_admin_url").connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    drill.make_round(NEW, {HERE: PEOPLE}, sms_share=0.5)


def touches(node: dict[str, Any]) -> float:
    own = sum(node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"))
    return float(own * node["Actual Loops"]) + sum(touches(below) for below in node.get("Plans", []))


@pytest.mark.parametrize(
    "statement",
    [
        "sampled_people",
        "sampled_citizens",
        "sampled_cprs",
        "cancel_due",
        "claim",
        "finish",
        "answers_by_arm",
        "held",
        "health",
    ],
)
def test_a_statement_on_a_new_round_grows_with_its_rows_not_with_their_square(new_round: None, statement: str) -> None:
    sql = (resource_folder("sql") / f"fieldwork/{statement}.sql").read_text(encoding="utf-8")
    known = {
        "round_id": NEW, "municipality_code": HERE, "today": drill.CLOSE_DATE, "now": clock.now(), "slot": "main",
        "is_window_open": True, "municipality_hash": "", "owner": "drift", "lease_seconds": 30, "batch_size": 5 * PEOPLE,
        "link_key": vault().round_key(NEW).link_key,
    }  # fmt: skip
    query = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    with engine("database_admin_url").connect() as connection, connection.begin() as transaction:
        (plan,) = connection.execute(query, {name: known[name] for name in query._bindparams}).scalar_one()
        transaction.rollback()
    assert touches(plan["Plan"]) < MOST_TOUCHES * 5 * PEOPLE
