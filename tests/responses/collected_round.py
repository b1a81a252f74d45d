"""A round with a population, a sample and forms, answered in bulk with random but possible answers."""

import random
import uuid
from datetime import date

import pandas as pd
from sqlalchemy import text

from borgerpuls.database import copy_rows, engine, transaction
from borgerpuls.questionnaire.routing import Background, asked_pages
from borgerpuls.questionnaire.stage import submit_forms
from borgerpuls.questionnaire.versions import load_instrument
from borgerpuls.vault import vault

ROUND = "2023-2"
PILOT = load_instrument("2023")
OPEN_ROUND = """
INSERT INTO rounds.round (round_id, name, state, opened_by, opened_at, reference_start_date, reference_end_date, key_date,
    invitation_date, reminder_1_date, reminder_2_date, close_date, codebook_version, questionnaire_version, sample_rule,
    channels, seed)
VALUES (:round_id, 'Prøve', 'approved', 'aase', '2023-08-01 08:00+02', '2023-04-01', '2023-06-30', '2023-08-01',
    '2023-08-22', '2023-08-29', '2023-09-05', '2023-09-18', '2023', '2023', '{}', '{digital_post}', 1)
"""


def people(count: int, round_id: str = ROUND) -> pd.DataFrame:
    """People of every subgroup in turn."""
    groups = [(group, subgroup) for group, subgroups in PILOT.groups.items() for subgroup in subgroups]
    ids = [uuid.UUID(int=1000 + number, version=4) for number in range(count)]
    return pd.DataFrame(
        {
            "round_id": round_id,
            "person_id": ids,
            "municipality_code": ["0461" if number % 3 else "0707" for number in range(count)],
            "sex": ["kvinde" if number % 2 else "mand" for number in range(count)],
            "age_years": 40,
            "age_group": "30_49",
            "subgroup": [groups[number % len(groups)][1] for number in range(count)],
            "target_group": [groups[number % len(groups)][0] for number in range(count)],
            "benefit_code": "x",
            "spell_start_date": [date(2023, 9, 18) - pd.Timedelta(days=(number * 37) % 900) for number in range(count)],
            "has_mobile": True,
        }
    )


def open_round(count: int, round_id: str = ROUND) -> pd.DataFrame:
    """Open a round, sample everybody, and give everybody a form. Returns the people with their `response_id`."""
    everybody = people(count, round_id)
    vault().make_round_key(round_id)
    key = vault().round_key(round_id)
    everybody["response_id"] = [key.response_id(person) for person in everybody["person_id"]]
    with transaction("rounds") as connection:
        connection.execute(text(OPEN_ROUND), {"round_id": round_id})
        connection.execute(
            text("INSERT INTO rounds.municipality VALUES (:r, '0461', 'Odense'), (:r, '0707', 'Norddjurs')"),
            {"r": round_id},
        )
    with transaction("frame") as connection:
        copy_rows(connection, "frame.person", everybody.drop(columns="response_id"))
    with transaction("sampling") as connection:
        sample = everybody[["round_id", "person_id", "municipality_code"]].assign(
            stratum_id="s", selection_probability=1.0
        )
        copy_rows(connection, "sampling.sample", sample)
    with transaction("fieldwork") as connection:
        access = everybody[["round_id", "response_id"]].copy()
        access["token_hash"] = [vault().access_hash(f"t{form}") for form in access["response_id"]]
        access["code_hash"] = [vault().access_hash(f"c{form}") for form in access["response_id"]]
        copy_rows(connection, "link.access", access)
        form = everybody[["response_id", "round_id", "municipality_code", "target_group", "subgroup"]]
        copy_rows(connection, "answers.form", form.assign(questionnaire_version="2023"))
    return everybody


def answer(
    everybody: pd.DataFrame, *, seed: int = 1, day: date = date(2023, 8, 24), share: float = 1.0
) -> dict[str, int]:
    """Let people answer; one in ten breaks off somewhere, and a question in fifty is passed over."""
    chance = random.Random(seed)
    submissions, rows, texts = [], [], []
    for person in everybody.itertuples():
        if chance.random() > share:
            continue
        given: dict[str, tuple[str, ...]] = {}
        background = Background(person.target_group, person.subgroup, person.municipality_code)
        stops = chance.random() < 0.1
        while True:
            left = [
                item
                for _, items in asked_pages(PILOT, background, given)
                for item in items
                if item.item_id not in given and item.kind != "open"
            ]
            if not left or (stops and len(given) > chance.randrange(1, 12)):
                break
            given[left[0].item_id] = (
                () if left[0].item_id == "listen" and chance.random() < 0.1 else (chance.choice(left[0].codes),)
            )
        if not stops and chance.random() < 0.4:
            texts.append((person.response_id, "why", "Det gik fint."))
        submissions.append((person.response_id, not stops, day, chance.randrange(80, 900)))
        rows += [(person.response_id, item, list(codes)) for item, codes in given.items() if codes]
    return submit_forms(
        everybody["round_id"].iloc[0],
        pd.DataFrame(submissions, columns=["response_id", "is_completed", "saved_date", "duration_seconds"]),
        pd.DataFrame(rows, columns=["response_id", "item_id", "choices"]),
        pd.DataFrame(texts, columns=["response_id", "item_id", "answer_text"]),
    )


def as_owner(statement: str, **parameters: object) -> int:
    """Plant a defect past every check, as only the owner of the database could."""
    with engine("database_admin_url").begin() as connection:
        return connection.execute(text(statement), parameters).rowcount


def rows_of(table: str, round_id: str = ROUND) -> list[tuple[object, ...]]:
    with engine("database_admin_url").connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} WHERE round_id = :r"), {"r": round_id})
        return sorted((tuple(row) for row in found), key=repr)
