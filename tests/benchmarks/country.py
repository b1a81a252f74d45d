"""
A whole country's figures in a database, as estimation leaves them, for measuring what reporting makes of them.

Figures are those of the reports' tests: two rounds, the second with a development.
"""

import sys
from pathlib import Path

import pandas as pd
from sqlalchemy import text

from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.database import copy_rows, transaction

sys.path.append(str(Path(__file__).resolve().parents[1] / "reporting"))

from figure_factory import figure_rows, trend_points

ROUND, BEFORE = "2023-2", "2023-1"
COUNTS = ["valid_n", "dont_know_n", "not_asked_n", "broken_off_n"]


def fill(count: int) -> list[str]:
    """Fill the database with the figures of *count* municipalities and return whose reports can be drawn."""
    chosen = municipalities().head(count)
    names = dict(zip(chosen["municipality_code"], chosen["name"], strict=True))
    answers = {code: 300 + 17 * (place % 60) for place, code in enumerate(names)}
    with transaction("rounds") as connection:
        for round_id, state in ((BEFORE, "published"), (ROUND, "closed")):
            connection.execute(
                text(
                    "INSERT INTO rounds.round (round_id, name, state, opened_by, opened_at, reference_start_date,"
                    " reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date, close_date,"
                    " codebook_version, questionnaire_version, sample_rule, channels, seed)"
                    " VALUES (:round_id, 'Landet', :state, 'a', '2023-08-01T08:00:00+02:00', '2023-04-01', '2023-06-30',"
                    " '2023-08-01', '2023-08-22', '2023-08-29', '2023-09-05', '2023-09-18', '2023', '2023',"
                    " '{\"rule\": \"census\"}', '{digital_post}', 1)"
                ),
                {"round_id": round_id, "state": state},
            )
            connection.execute(
                text("INSERT INTO rounds.municipality VALUES (:round_id, :code, :name)"),
                [{"round_id": round_id, "code": code, "name": name} for code, name in names.items()],
            )
    rows = figure_rows(answers)
    before = figure_rows(answers, round_id=BEFORE, seed=3, shift=-0.03)
    points = [
        point._asdict()
        for code in (*names, "alle")
        for point in trend_points(code, (BEFORE,), rows)
        if point.municipality_code == code
    ]
    with transaction("estimation") as connection:
        for figures in (rows, before[before["domain"] == "all"].copy()):
            figures[COUNTS] = figures[COUNTS].apply(lambda column: pd.to_numeric(column).astype("Int64"))
            copy_rows(connection, "estimation.figure", figures)
        copy_rows(connection, "estimation.trend_point", pd.DataFrame(points))
    return ["alle", *names]
