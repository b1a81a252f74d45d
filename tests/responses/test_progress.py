"""The response rate day by day beside its expected curve."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from collected_round import ROUND, answer, open_round
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from borgerpuls import clock
from borgerpuls.cli import app
from borgerpuls.clock import COPENHAGEN
from borgerpuls.errors import UnknownRound
from borgerpuls.responses import stage
from borgerpuls.responses.progress import ASSUMED_SHARES, PILOT_RATE, Expectation, expected_share, learn, progress
from borgerpuls.sandbox.postgres import EmbeddedPostgres

LETTERS = [date(2023, 8, 22), date(2023, 8, 29), date(2023, 9, 5)]
CLOSE = date(2023, 9, 18)
SAMPLED = pd.DataFrame({"municipality_code": ["0461", "0707"], "target_group": "dagpenge", "sampled_n": [100, 50]})


def days(*rows: tuple[str, date, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["municipality_code", "answered_date", "answered_n"])
    return table.assign(target_group="dagpenge")


def test_a_finished_round_teaches_rate_and_shares_by_hand() -> None:
    learnt = learn(
        "2023-2",
        SAMPLED,
        days(
            ("0461", LETTERS[0], 20), ("0707", LETTERS[1], 15), ("0461", CLOSE, 25), ("0461", CLOSE + timedelta(1), 9)
        ),
        LETTERS,
        CLOSE,
    )
    assert (learnt.source, learnt.rate, learnt.rates["dagpenge"]) == ("2023-2", 0.4, 0.4)
    assert learnt.wave_shares == pytest.approx((20 / 60, 15 / 60, 25 / 60))


def test_a_round_without_answers_teaches_nothing() -> None:
    assert learn("2023-1", SAMPLED, days(), LETTERS, CLOSE).source == "piloten"


def test_answers_are_summed_day_by_day_by_hand() -> None:
    answered = days(("0461", LETTERS[0], 20), ("0461", date(2023, 8, 24), 5))
    table = progress(SAMPLED, answered, Expectation(), letter_dates=LETTERS, close_date=CLOSE, today=date(2023, 8, 24))
    assert len(table) == 2 * 3
    odense = table[table["municipality_code"] == "0461"]
    assert odense["answered_n"].tolist() == [20, 20, 25]
    assert odense["response_share"].tolist() == [0.2, 0.2, 0.25]
    come = 0.43 * 0.45 * (1 - np.exp(-3 / 1.6)) / (1 - np.exp(-7 / 1.6))
    assert odense["expected_share"].iloc[-1] == pytest.approx(come)
    assert not odense["is_behind"].any()
    # 50 persons, 8.3 expected, nobody came: more than three standard errors of 2.6 below.
    assert table[table["municipality_code"] == "0707"]["is_behind"].tolist() == [False, False, True]


def test_a_round_that_nobody_has_answered_yet_shows_zeros() -> None:
    nobody = pd.DataFrame(columns=["municipality_code", "target_group", "answered_date", "answered_n"])
    table = progress(SAMPLED, nobody, Expectation(), letter_dates=LETTERS, close_date=CLOSE, today=LETTERS[0])
    assert table["answered_n"].tolist() == [0, 0]
    early = progress(SAMPLED, nobody, Expectation(), letter_dates=LETTERS, close_date=CLOSE, today=date(2023, 8, 1))
    assert early.empty


@given(
    st.lists(st.integers(1, 12), min_size=3, max_size=3),
    st.lists(st.floats(0.05, 1), min_size=3, max_size=3),
)
def test_the_curve_rises_from_nobody_to_everybody(gaps: list[int], weights: list[float]) -> None:
    letters = [LETTERS[0], LETTERS[0] + timedelta(gaps[0]), LETTERS[0] + timedelta(gaps[0] + gaps[1])]
    close = letters[-1] + timedelta(gaps[2])
    every = [letters[0] - timedelta(1) + timedelta(n) for n in range((close - letters[0]).days + 4)]
    curve = expected_share(every, letters, close, [weight / sum(weights) for weight in weights])
    assert curve[0] == 0
    assert (np.diff(curve) >= 0).all()
    assert curve[-1] == pytest.approx(1)
    assert curve[every.index(letters[1]) - 1] == pytest.approx(weights[0] / sum(weights))


@pytest.fixture(scope="module")
def in_the_field(round_database: EmbeddedPostgres) -> None:
    clock.move_to(datetime(2023, 8, 25, 12, tzinfo=COPENHAGEN))
    everybody = open_round(60)
    answer(everybody.iloc[:20])
    stage.collect(ROUND)


def test_the_table_counts_what_was_collected(in_the_field: None) -> None:
    table, source = stage.response_progress(ROUND)
    assert source == "piloten"
    last = table[table["day"] == date(2023, 8, 25)]
    assert last["sampled_n"].sum() == 60
    assert 15 <= last["answered_n"].sum() <= 20
    assert table[table["day"] == date(2023, 8, 23)]["answered_n"].sum() == 0
    assert (last["expected_share"] < PILOT_RATE * ASSUMED_SHARES[0]).all()


def test_the_command_shows_a_line_per_municipality_and_group(in_the_field: None, tmp_path) -> None:
    shown = CliRunner().invoke(app, ["responses", "progress", ROUND, "--out", str(tmp_path / "days.csv")])
    assert shown.exit_code == 0
    assert "Forventet" in shown.output
    assert "Odense" in shown.output
    assert len(pd.read_csv(tmp_path / "days.csv")) == len(stage.response_progress(ROUND)[0])


def test_a_municipality_of_another_round_is_named_and_a_folder_is_made(in_the_field: None, tmp_path) -> None:
    refused = CliRunner().invoke(app, ["responses", "progress", ROUND, "--municipality", "9999"])
    assert refused.exit_code == 2
    assert refused.output.startswith(f"MunicipalityIsNotInRound: Runde {ROUND}: Kommune 9999 deltager ikke i runden.")
    file = tmp_path / "new" / "days.csv"
    CliRunner().invoke(app, ["responses", "progress", ROUND, "--municipality", "0461", "--out", str(file)])
    assert set(pd.read_csv(file, dtype=str)["municipality_code"]) == {"0461"}


def test_an_unknown_round_is_named(in_the_field: None) -> None:
    with pytest.raises(UnknownRound, match="Ingen runde har id 2099-1"):
        stage.response_progress("2099-1")
