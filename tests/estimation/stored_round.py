"""A whole simulated round laid into the database as the stages before estimation leave it."""

import json
import uuid

import pandas as pd
from sqlalchemy import create_engine, text

from borgerpuls.database import copy_rows
from borgerpuls.sandbox.whole_round import WholeRound
from borgerpuls.settings import settings
from borgerpuls.weighting import stage as weighting


def store_round(whole: WholeRound, round_id: str = "2023-2", name: str = "2. halvår 2023") -> None:
    """Write population, sample, answers and dispositions of *whole* as a closed round, and weight it."""
    dates = whole.country.dates
    people = whole.people.assign(
        round_id=round_id,
        person_id=[str(uuid.UUID(int=number + 1, version=4)) for number in range(len(whole.people))],
        age_years=40,
        benefit_code="x",
        spell_start_date=dates.key_date,
        language=whole.people["language"].map({"dansk": "da", "andet": "en"}),
        has_mobile=whole.people["mobile"] == "ja",
    )
    responses = whole.responses.assign(
        round_id=round_id,
        batch_number=1,
        response_id=_uuids(whole.responses["response_id"]),
    )
    answers = whole.answers.assign(round_id=round_id, response_id=_uuids(whole.answers["response_id"]))
    answered = people["is_complete"] | people["is_partial"]
    disposition = people["is_complete"].map({True: "1.1", False: "1.2"}).where(answered, "2.2")
    disposition = disposition.where(answered | people["is_reachable"], "3.18")
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rounds.round VALUES (:id, :name, 'closed', false, NULL, 'drift', now(), :reference_start,"
                " :reference_end, :key, :invitation, :first, :second, :close, '2023', '2023', CAST(:rule AS jsonb),"
                " '{digital_post}', 1)"
            ),
            {
                "id": round_id,
                "name": name,
                "reference_start": dates.reference_start,
                "reference_end": dates.reference_end,
                "key": dates.key_date,
                "invitation": dates.invitation_date,
                "first": dates.invitation_date + pd.Timedelta(days=7),
                "second": dates.invitation_date + pd.Timedelta(days=14),
                "close": dates.close_date,
                "rule": json.dumps({"rule": "census"}),
            },
        )
        names = people[["round_id", "municipality_code"]].drop_duplicates()
        copy_rows(connection, "rounds.municipality", names.assign(municipality_name=names["municipality_code"]))
        persons = ["round_id", "person_id", "municipality_code", "sex", "age_years", "age_group", "subgroup",
                   "target_group", "benefit_code", "spell_start_date", "language", "has_mobile"]  # fmt: skip
        copy_rows(connection, "frame.person", people[persons])
        sampled = people[people["is_sampled"]]
        sample = sampled[["round_id", "person_id", "municipality_code"]]
        copy_rows(connection, "sampling.sample", sample.assign(stratum_id="s", selection_probability=1.0))
        copy_rows(
            connection,
            "responses.disposition",
            sampled[["round_id", "person_id"]].assign(disposition=disposition[people["is_sampled"]]),
        )
        copy_rows(connection, "responses.response", responses.drop(columns="wave", errors="ignore"))
        copy_rows(connection, "responses.answer", answers)
        connection.execute(
            text("INSERT INTO responses.snapshot VALUES (:id, :id, :n, :n, 0, :s)"),
            {"id": round_id, "n": len(responses), "s": len(sampled)},
        )
        connection.exec_driver_sql("ANALYZE")
    admin.dispose()
    weighting.weight_to_population(round_id)


def _uuids(ids: "pd.Series[int]") -> "pd.Series[str]":
    return ids.astype("int64").map(lambda number: str(uuid.UUID(int=number + 2**40, version=4)))
