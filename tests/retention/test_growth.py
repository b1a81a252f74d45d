"""A round the planner's statistics do not know: each statement touches each row a few times, not each pair of rows."""

from typing import Any

import pytest
from lived_round import owner
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.database import engine
from borgerpuls.resources import resource_folder
from borgerpuls.retention.stage import ROWS
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.vault import vault

HERE, OLD, NEW, PEOPLE = "0461", "4000-1", "4000-2", 400
MOST_TOUCHES = 60
"""Rows read, joined or thrown away for each message of the round."""
ANSWERS = (
    (
        "INSERT INTO fieldwork.receipt SELECT message_id::text, message_id, 'delivered', NULL, now(), true FROM fieldwork.message "
        "WHERE round_id = :r"
    ),
    (
        "INSERT INTO responses.response (round_id, response_id, revision, batch_number, municipality_code, sex, age_group, "
        "subgroup, target_group, completeness, started_date, page_count) SELECT :r, response_id, 1, 1, '0461', 'mand', '30_49', "
        "'x', 'x', 'complete', '2023-08-24', 3 FROM answers.form WHERE round_id = :r"
    ),
    (
        "INSERT INTO responses.answer SELECT :r, response_id, item, 'valid', 4, NULL FROM responses.response, "
        "unnest(ARRAY['trust', 'goal', 'plan']) AS item WHERE round_id = :r"
    ),
    (
        "INSERT INTO answers.answer SELECT response_id, item, ARRAY['4'] FROM answers.form, unnest(ARRAY['trust', 'goal']) AS item "
        "WHERE round_id = :r"
    ),
    "INSERT INTO responses.snapshot VALUES (:r, :r, 1, 1, 0, 1)",
)


def touches(node: dict[str, Any]) -> float:
    own = sum(node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"))
    return float(own * node["Actual Loops"]) + sum(touches(below) for below in node.get("Plans", []))


@pytest.fixture(scope="module")
def new_round(round_database: EmbeddedPostgres) -> None:
    clock.move_to(drill.INSIDE_THE_WINDOW)
    for round_id, people in ((OLD, 2 * PEOPLE), (NEW, PEOPLE)):
        drill.make_round(round_id, {HERE: people}, sms_share=0.5)
        for statement in ANSWERS:
            owner(statement, r=round_id)
        if round_id == OLD:
            with engine("database_admin_url").connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))


STATEMENTS = [query for _, query in ROWS if not query.startswith("index_")] + ["leftovers"]
NUMBERS = {
    "number_sample": ("make_numbers", "index_numbers"),
    "coarsen_people": ("make_numbers", "index_numbers"),
    "coarsen_responses": ("make_answer_numbers", "index_answer_numbers", "go_by_key"),
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_forgetting_grows_with_the_rows_of_the_round_and_not_with_their_square(new_round: None, statement: str) -> None:
    known = {"round_id": NEW, "municipality_code": None}
    with engine("database_admin_url").connect() as connection, connection.begin() as transaction:
        for query in NUMBERS.get(statement, ()):
            connection.execute(text(_sql(query)), known)
        (plan,) = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {_sql(statement)}"), known).scalar_one()
        transaction.rollback()
    assert touches(plan["Plan"]) < MOST_TOUCHES * 5 * PEOPLE


@pytest.mark.parametrize(
    "path",
    [
        "fieldwork/forget_access", "responses/changed_forms", "responses/changed_answers", "responses/changed_texts",
        "responses/sampled_people", "responses/uncollected_forms", "responses/remove_deleted",
    ],
)  # fmt: skip
def test_so_does_everything_that_follows_the_link_from_a_person_to_a_form(new_round: None, path: str) -> None:
    known = {"round_id": NEW, "link_key": vault().round_key(NEW).link_key}
    sql = (resource_folder("sql") / f"{path}.sql").read_text(encoding="utf-8")
    query = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    with engine("database_admin_url").connect() as connection, connection.begin() as transaction:
        connection.execute(
            text("UPDATE answers.form SET state = 'completed', revision = 2 WHERE round_id = :r"), {"r": NEW}
        )
        (plan,) = connection.execute(query, {name: known[name] for name in query._bindparams}).scalar_one()
        transaction.rollback()
    assert touches(plan["Plan"]) < MOST_TOUCHES * PEOPLE


def _sql(name: str) -> str:
    return (resource_folder("sql") / f"retention/{name}.sql").read_text(encoding="utf-8")
