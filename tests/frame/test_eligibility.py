"""Who is in the population: cases by hand, a rule that always holds, and an independent SQL query as oracle."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frame_extracts import PILOT
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.database import copy_rows, transaction
from borgerpuls.errors import UnknownCode
from borgerpuls.frame.eligibility import IneligibilityReason, decide, decisive_rows
from borgerpuls.frame.texts import reason_texts
from borgerpuls.sandbox.postgres import EmbeddedPostgres

ORACLE = (Path(__file__).parent / "eligibility_oracle.sql").read_text(encoding="utf-8")
KEY_DATE = PILOT.key_date
SICK = ("sygedagpenge", None, "6.6")
A_KASSE = ("dagpenge", None, "6.1")
CASH = ("kontanthjaelp", "jobparat", "6.2")
REVALIDATION = ("revalidering", None, "6.10")
DATES = ("spell_start_date", "spell_end_date", "support_start_date")


def course(
    person: str = "a",
    benefit: tuple[str, str | None, str] = SICK,
    start: date = date(2023, 1, 1),
    end: date | None = None,
    support: date | None = None,
    municipality: str = "0851",
    *,
    is_gone: bool = False,
) -> dict[str, object]:
    return {
        "person_id": person, "municipality_code": municipality,
        "benefit_code": benefit[0], "visitation_code": benefit[1], "lab_code": benefit[2],
        "spell_start_date": start, "spell_end_date": end, "support_start_date": support,
        "is_deceased_or_emigrated": is_gone,
    }  # fmt: skip


def courses(*rows: dict[str, object]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    for column in DATES:
        table[column] = pd.to_datetime(table[column])
    return table.assign(row_number=range(2, len(table) + 2))


def reasons(*rows: dict[str, object]) -> list[str]:
    decided = decide(courses(*rows), PILOT, load_codebook("2023"))
    return list(decided["ineligibility_reason"].fillna("med"))


def by_the_oracle(table: pd.DataFrame) -> pd.DataFrame:
    given_to_sql = table.rename(columns={"person_id": "person"}).drop(columns="visitation_code")
    given_to_sql["course_id"] = range(len(table))
    with transaction("frame") as connection:
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE course (course_id integer, person text, municipality_code text,"
                " row_number integer, benefit_code text, lab_code text, spell_start_date date, spell_end_date date,"
                " support_start_date date, is_deceased_or_emigrated boolean) ON COMMIT DROP"
            )
        )
        copy_rows(connection, "course", given_to_sql)
        found = connection.execute(
            text(ORACLE),
            {"quarter_start": PILOT.start, "quarter_end": PILOT.end, "key_date": KEY_DATE},
        )
        return pd.DataFrame(found.fetchall(), columns=["course_id", "days", "reason"])


@pytest.mark.parametrize("how", ["ongoing", "ended", "support known"])
@pytest.mark.parametrize(
    ("benefit", "days", "said"),
    [
        (SICK, 55, "for_kort_forloeb"), (SICK, 56, "med"), (CASH, 55, "for_kort_forloeb"), (CASH, 56, "med"),
        (A_KASSE, 56, "for_kort_forloeb"), (A_KASSE, 83, "for_kort_forloeb"), (A_KASSE, 84, "med"),
    ],
)  # fmt: skip
def test_56_and_84_days_qualify_and_a_day_less_does_not(
    round_database: EmbeddedPostgres, benefit: tuple[str, str | None, str], days: int, said: str, how: str
) -> None:
    length = timedelta(days=days)
    case = {
        "ongoing": course(benefit=benefit, start=KEY_DATE - length),
        "ended": course(benefit=benefit, start=date(2023, 5, 20) - length, end=date(2023, 5, 20)),
        "support known": course(benefit=benefit, start=date(2023, 6, 29), support=KEY_DATE - length),
    }[how]
    assert reasons(case) == [said]
    oracle = by_the_oracle(courses(case))
    assert list(oracle["reason"].fillna("med")) == [said]
    assert list(oracle["days"]) == [days]


def test_days_end_at_the_key_date_however_long_the_course_goes_on() -> None:
    table = courses(course(start=KEY_DATE - timedelta(days=55), end=date(2023, 12, 31)))
    assert decide(table, PILOT, load_codebook("2023"))["support_days"].tolist() == [55]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (date(2022, 1, 1), date(2023, 3, 31), "ikke_aktiv_i_kvartalet"),
        (date(2022, 1, 1), date(2023, 4, 1), "med"),
        (date(2023, 6, 30), None, "med"),
        (date(2023, 7, 1), None, "ikke_aktiv_i_kvartalet"),
    ],
)
def test_a_course_is_active_when_it_touches_the_quarter(start: date, end: date | None, said: str) -> None:
    assert reasons(course(start=start, end=end, support=date(2022, 1, 1))) == [said]


def test_the_same_benefit_twice_counts_once() -> None:
    assert reasons(course(start=date(2023, 1, 1)), course(start=date(2023, 2, 1))) == ["dublet", "med"]
    assert reasons(course(), course()) == ["med", "dublet"]


def test_the_latest_benefit_decides_the_group() -> None:
    table = courses(
        course(benefit=A_KASSE, start=date(2022, 1, 1), end=date(2023, 5, 1)),
        course(benefit=CASH, start=date(2023, 5, 2)),
    )
    decided = decide(table, PILOT, load_codebook("2023"))
    assert list(decided["ineligibility_reason"].fillna("med")) == ["aeldre_forloeb", "med"]
    assert decided["target_group"].tolist() == ["dagpenge", "job_uddannelsesparat"]
    assert decided["subgroup"].tolist() == ["dagpenge", "kth_jobparat"]


def test_a_course_that_began_after_the_quarter_decides_when_another_was_active_in_it() -> None:
    assert reasons(
        course(benefit=A_KASSE, start=date(2022, 1, 1), end=date(2023, 7, 9)),
        course(start=date(2023, 7, 10), support=date(2022, 1, 1)),
    ) == ["aeldre_forloeb", "med"]


def test_a_course_that_begins_after_the_key_date_is_not_yet_known_of() -> None:
    assert reasons(course(), course(benefit=CASH, start=date(2023, 8, 2))) == ["med", "aeldre_forloeb"]


def test_a_person_in_two_municipalities_counts_in_the_one_of_the_latest_course() -> None:
    assert reasons(
        course(municipality="0851", end=date(2023, 4, 30)),
        course(municipality="0461", start=date(2023, 5, 1)),
    ) == ["anden_kommune", "med"]


def test_who_is_dead_in_one_extract_is_not_written_to_through_another() -> None:
    assert reasons(course(is_gone=True), course(start=date(2023, 2, 1), municipality="0461")) == [
        "anden_kommune", "doed_eller_udrejst",
    ]  # fmt: skip


def test_a_benefit_outside_the_survey_gives_nobody() -> None:
    assert reasons(course(benefit=REVALIDATION)) == ["ydelse_ikke_i_undersoegelsen"]


def test_codes_that_place_nobody_stop_the_decision_and_are_named() -> None:
    with pytest.raises(UnknownCode, match="ungeydelse"):
        reasons(course(benefit=("ungeydelse", None, "6.6")))


def test_an_empty_frame_is_decided_without_fuss() -> None:
    assert decide(courses(course()).iloc[:0], PILOT, load_codebook("2023")).empty


def test_every_reason_has_a_danish_text_in_the_glossary() -> None:
    assert set(reason_texts()) == {str(reason) for reason in IneligibilityReason}
    assert all(text.endswith(".") for text in reason_texts().values())


def crowd(seed: int) -> pd.DataFrame:
    """150 courses of about 80 people, crowded around every boundary of the rules."""
    rng = np.random.default_rng(seed)
    n = 150
    edges = [PILOT.start, PILOT.end, KEY_DATE, *(KEY_DATE - timedelta(days=days) for days in (55, 56, 83, 84, 400))]
    near = np.array([np.datetime64(edge + timedelta(days=shift)) for edge in edges for shift in (-1, 0, 1)])
    benefits = [SICK, A_KASSE, CASH, REVALIDATION, ("ressourceforloebsydelse", "jobafklaring", "6.7")]
    benefit = [benefits[place] for place in rng.integers(0, len(benefits), n)]
    start = rng.choice(near, n)
    end = start + rng.integers(0, 120, n)
    return pd.DataFrame(
        {
            "person_id": [f"p{number}" for number in rng.integers(0, 80, n)],
            "municipality_code": rng.choice(["0461", "0630", "0851"], n),
            "row_number": np.arange(n) + 2,
            "benefit_code": [codes[0] for codes in benefit],
            "visitation_code": [codes[1] for codes in benefit],
            "lab_code": [codes[2] for codes in benefit],
            "spell_start_date": pd.to_datetime(start),
            "spell_end_date": pd.to_datetime(np.where(rng.random(n) < 0.5, end, np.datetime64("NaT"))),
            "support_start_date": pd.to_datetime(
                np.where(rng.random(n) < 0.5, start - rng.integers(0, 90, n), np.datetime64("NaT"))
            ),
            "is_deceased_or_emigrated": rng.random(n) < 0.05,
        }
    )


@pytest.mark.parametrize("seed", range(8))
def test_every_course_is_decided_as_an_independent_query_decides_it(
    round_database: EmbeddedPostgres, seed: int
) -> None:
    table = crowd(seed)
    decided = decide(table, PILOT, load_codebook("2023"))
    oracle = by_the_oracle(table)
    assert len(oracle) == len(table)
    assert list(decided["ineligibility_reason"].fillna("med")) == list(oracle["reason"].fillna("med"))
    assert list(decided["support_days"]) == list(oracle["days"])
    assert set(oracle["reason"].fillna("med")) == {"med", *(str(reason) for reason in IneligibilityReason)}


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_every_row_is_eligible_or_says_why_and_nobody_is_in_twice(seed: int, shuffle: object) -> None:
    table = crowd(seed)
    decided = decide(table, PILOT, load_codebook("2023"))
    assert (decided["is_eligible"] == decided["ineligibility_reason"].isna()).all()
    people = table["person_id"][decided["is_eligible"]]
    assert people.is_unique
    assert decisive_rows(table, KEY_DATE).groupby(table["person_id"]).sum().eq(1).all()
    order = list(table.index)
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    again = decide(table.loc[order], PILOT, load_codebook("2023")).loc[table.index]
    pd.testing.assert_frame_equal(again, decided)
