"""From a frame in the database to figures that may be shown: sampling, weighting and estimation on real tables."""

import json
import uuid
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import copy_rows, transaction
from borgerpuls.errors import (
    CellCanBeDerived,
    FiguresDoNotAddUp,
    SampleIsApproved,
    UnknownFigure,
    WeightsDoNotAddUp,
)
from borgerpuls.estimation import stage as estimation
from borgerpuls.reporting import stage as reporting
from borgerpuls.retention import stage as retention
from borgerpuls.sampling import stage as sampling
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.settings import settings
from borgerpuls.vault import vault
from borgerpuls.weighting import stage as weighting

ROUND = "2023-2"
SIZES = {"0461": 1200, "0727": 700, "0183": 400}
ITEMS = ["trust", "situation", "goal", "coop", "purpose", "overall"]
"""Those that anybody answers here: the others would make the attack longer and nothing else."""

TARGET_GROUPS = ["dagpenge", "sygedagpenge", "job_uddannelsesparat", "aktivitetsparat"]


def _frame(rng: np.random.Generator) -> pd.DataFrame:
    codes = np.repeat(list(SIZES), list(SIZES.values()))
    n = len(codes)
    return pd.DataFrame(
        {
            "round_id": ROUND,
            "person_id": [str(uuid.UUID(int=int(value), version=4)) for value in rng.integers(1, 2**60, n)],
            "municipality_code": codes,
            "sex": rng.choice(["kvinde", "mand"], n),
            "age_years": 40,
            "age_group": rng.choice(["under_30", "30_49", "50_plus"], n, p=[0.25, 0.45, 0.3]),
            "subgroup": "dagpenge",
            "target_group": rng.choice(TARGET_GROUPS, n, p=[0.3, 0.3, 0.1, 0.3]),
            "benefit_code": "dagpenge",
            "spell_start_date": date(2023, 1, 1),
            "has_mobile": True,
        }
    )


def _respond(rng: np.random.Generator, sample: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """About 40 % answer; four people in Ishøj (0183)."""
    chosen = sample[(rng.random(len(sample)) < 0.4) & (sample["municipality_code"] != "0183")]
    answered = pd.concat([chosen, sample[sample["municipality_code"] == "0183"].head(4)], ignore_index=True)
    n = len(answered)
    responses = pd.DataFrame(
        {
            "round_id": ROUND,
            "response_id": [str(uuid.UUID(int=int(value), version=4)) for value in rng.integers(1, 2**60, n)],
            "revision": 1,
            "batch_number": 1,
            "municipality_code": answered["municipality_code"],
            "sex": answered["sex"],
            "age_group": answered["age_group"],
            "subgroup": "dagpenge",
            "target_group": answered["target_group"],
            "status": "igangvaerende",
            "duration_group": rng.choice(["under_26_uger", "over_2_aar"], n),
            "completeness": "complete",
            "started_date": date(2023, 8, 23),
            "submitted_date": date(2023, 8, 23),
            "duration_minutes": 4.0,
        }
    )
    rows = []
    for response in responses.itertuples():
        for item in ITEMS:
            asked = item != "coop" or response.target_group == "aktivitetsparat"
            roll = rng.random()
            outcome = "not_asked" if not asked else "dont_know" if roll < 0.05 else "valid"
            score = int(rng.integers(1, 6)) if outcome == "valid" else None
            rows.append((ROUND, response.response_id, item, outcome, score, None))
        contact = ("valid", ["socialafdelingen"]) if response.target_group == "aktivitetsparat" else ("not_asked", None)
        rows.append((ROUND, response.response_id, "contact", contact[0], None, contact[1]))
    answers = pd.DataFrame(rows, columns=["round_id", "response_id", "item_id", "outcome", "score", "choices"])
    answers["score"] = answers["score"].astype("Int64")
    dispositions = pd.DataFrame({"round_id": ROUND, "person_id": answered["person_id"], "disposition": "1.1"})
    return responses, answers, dispositions


@pytest.fixture(scope="module")
def estimated(round_database: EmbeddedPostgres) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(5)
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rounds.round VALUES (:id, '2. halvår 2023', 'open', false, NULL, 'drift', now(), '2023-04-01',"
                " '2023-06-30', '2023-08-01', '2023-08-22', '2023-08-29', '2023-09-05', '2023-09-18', '2023', '2023',"
                " CAST(:rule AS jsonb), '{digital_post,sms}', 11)"
            ),
            {"id": ROUND, "rule": json.dumps({"rule": "between", "minimum": 300, "maximum": 800, "total": 1700})},
        )
        for code in SIZES:
            connection.execute(
                text("INSERT INTO rounds.municipality VALUES (:id, :code, :code)"), {"id": ROUND, "code": code}
            )
        copy_rows(connection, "frame.person", _frame(rng))
    drawn = sampling.draw_sample(ROUND)
    balance = sampling.check_balance(ROUND)
    with admin.begin() as connection:
        query = "SELECT * FROM sampling.sample JOIN frame.person USING (round_id, person_id, municipality_code)"
        sample = pd.DataFrame(connection.execute(text(query)).mappings().all())
        responses, answers, dispositions = _respond(rng, sample)
        copy_rows(connection, "responses.response", responses)
        copy_rows(connection, "responses.answer", answers)
        copy_rows(connection, "responses.disposition", dispositions)
        connection.execute(text("INSERT INTO responses.snapshot VALUES (:id, 'snap', 1, 1, 0, 1)"), {"id": ROUND})
    admin.dispose()
    return {
        "drawn": drawn,
        "balance": balance,
        "weighted": weighting.weight_to_population(ROUND),
        "weights": weighting.check_weights(ROUND),
        "figures": estimation.estimate_figures(ROUND),
        "checked": estimation.check_figures(ROUND),
        "attacked": estimation.attack_figures(ROUND),
    }


def _rows(query: str) -> list[tuple]:
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    admin.dispose()
    return rows


TABLES = (
    "sampling.draw", "sampling.allocation", "sampling.sample", "sampling.balance", "weighting.population_cell",
    "weighting.collapse", "weighting.weight", "weighting.diagnostic", "estimation.figure", "estimation.suppression",
)  # fmt: skip


def test_the_sample_has_its_size_and_follows_the_target_groups(estimated: dict) -> None:
    assert estimated["drawn"] == {"population": 2300, "sampled": 1700}
    assert estimated["balance"]["largest_gap_points"] < 1.5


def test_weights_sum_to_the_population_of_the_municipalities_with_answers(estimated: dict) -> None:
    assert estimated["weights"]["population"] == 2300
    assert _rows("SELECT round(sum(weight)) FROM weighting.weight") == [(2300,)]


def test_running_the_stages_again_changes_no_row(estimated: dict) -> None:
    def everything() -> dict[str, list[tuple]]:
        return {table: _rows(f"SELECT * FROM {table} t ORDER BY t::text") for table in TABLES}

    before = everything()
    sampling.draw_sample(ROUND)
    weighting.weight_to_population(ROUND)
    estimation.estimate_figures(ROUND)
    assert everything() == before
    assert all(before[table] for table in TABLES)


def test_four_answers_are_withheld_with_everything_about_them(estimated: dict) -> None:
    rows = _rows(
        "SELECT is_suppressed, suppression_reason, value, valid_n FROM estimation.figure"
        " WHERE municipality_code = '0183' AND item_id = 'overall' AND domain = 'all'"
    )
    assert rows
    assert set(rows) == {(True, "anonymity", None, None)}


def test_a_single_withheld_municipality_takes_the_next_smallest_with_it(estimated: dict) -> None:
    rows = _rows(
        "SELECT municipality_code, reason FROM estimation.suppression WHERE item_id = 'overall' AND domain = 'all' ORDER BY 1"
    )
    assert rows == [("0183", "few_answers"), ("0727", "complementary")]


def test_a_figure_follows_from_answers_and_weights(estimated: dict) -> None:
    (expected,) = _rows(
        "SELECT sum(w.weight * a.score) / sum(w.weight) FROM responses.answer a JOIN weighting.weight w"
        " USING (round_id, response_id) WHERE a.item_id = 'trust' AND a.outcome = 'valid'"
    )
    (found,) = _rows("SELECT value FROM estimation.figure WHERE figure_id = '2023-2|alle|trust|mean||all|'")
    assert found[0] == pytest.approx(expected[0], rel=1e-12)


def test_the_four_counts_of_a_routed_item_add_up_to_the_respondents(estimated: dict) -> None:
    (row,) = _rows(
        "SELECT valid_n, dont_know_n, not_asked_n, broken_off_n FROM estimation.figure"
        " WHERE figure_id = '2023-2|alle|coop|mean||all|'"
    )
    ((respondents,),) = _rows("SELECT count(*) FROM responses.response")
    assert sum(row) == respondents
    assert row[2] > 0
    assert _rows("SELECT 1 FROM estimation.figure WHERE item_id = 'coop' AND domain_group = 'dagpenge'") == []


def test_response_rates_have_their_numerator_and_denominator(estimated: dict) -> None:
    (row,) = _rows(
        "SELECT value, valid_n, weighted_base FROM estimation.figure WHERE figure_id = '2023-2|0461|response|response_rate||all|'"
    )
    assert row[0] == pytest.approx(row[1] / row[2]) if row[2] else False


def test_a_figure_that_contradicts_its_shares_stops_the_reports(estimated: dict) -> None:
    figure = "2023-2|alle|trust|mean||all|"
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        connection.execute(
            text("UPDATE estimation.figure SET value = value + 0.01 WHERE figure_id = :f"), {"f": figure}
        )
    try:
        with pytest.raises(FiguresDoNotAddUp, match=r"mean of alle\|trust\|all\| does not follow"):
            estimation.check_figures(ROUND)
    finally:
        with admin.begin() as connection:
            connection.execute(
                text("UPDATE estimation.figure SET value = value - 0.01 WHERE figure_id = :f"), {"f": figure}
            )
        admin.dispose()


def test_a_contradiction_in_one_municipality_stops_its_report_alone(estimated: dict) -> None:
    figure = "2023-2|0461|response|complete_n||all|"
    change = text("UPDATE estimation.figure SET value = value + :gap WHERE figure_id = :figure")
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        connection.execute(change, {"figure": figure, "gap": 1})
    try:
        assert estimation.check_figures(ROUND)["stopped_reports"] == 1
        with pytest.raises(
            FiguresDoNotAddUp, match=r"1 municipalities get no report: complete_n and partial_n of 0461 do not add up"
        ):
            estimation.name_stopped_reports(ROUND)
        assert reporting.reports_to_render(ROUND) == ["0183", "0727", "alle"]
    finally:
        with admin.begin() as connection:
            connection.execute(change, {"figure": figure, "gap": -1})
        admin.dispose()
    assert estimation.check_figures(ROUND)["stopped_reports"] == 0
    assert estimation.name_stopped_reports(ROUND) == {"stopped_reports": 0}
    assert reporting.reports_to_render(ROUND) == ["0183", "0461", "0727", "alle"]


def test_a_withheld_number_that_follows_from_the_others_stops_the_reports(estimated: dict) -> None:
    """Ishøj's four respondents are given away when the number of the municipality withheld with it is shown again."""
    assert estimated["attacked"]["withheld_cells"] > 0
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        shown = text(
            "UPDATE estimation.figure SET is_suppressed = false, suppression_reason = NULL, value = (SELECT count(*) FROM"
            " responses.response WHERE municipality_code = '0727') WHERE figure_id = '2023-2|0727|response|answered_n||all|'"
        )
        connection.execute(shown)
    try:
        with pytest.raises(CellCanBeDerived, match=r"n of 0183\|response\|all\| lies between 4 and 4"):
            estimation.attack_figures(ROUND)
    finally:
        with admin.begin() as connection:
            connection.execute(
                text(
                    "UPDATE estimation.figure SET is_suppressed = true, suppression_reason = 'anonymity', value = NULL"
                    " WHERE figure_id = '2023-2|0727|response|answered_n||all|'"
                )
            )
        admin.dispose()


def test_a_figure_tells_how_it_came_about_and_a_withheld_one_tells_no_number(estimated: dict) -> None:
    told = estimation.explain_figure("2023-2|alle|trust|mean||all|")
    assert "I hvilken grad oplever du at blive mødt med tillid" in told
    assert "Øjebliksbillede af svarene: snap" in told
    hidden = estimation.explain_figure("2023-2|0183|overall|mean||all|")
    assert "skjult af hensyn til borgernes anonymitet" in hidden
    assert "for få gyldige svar" in hidden
    assert "Antal gyldige svar" not in hidden
    assert "Vægte i kommunen" not in hidden


def test_a_figure_that_does_not_exist_is_named(estimated: dict) -> None:
    with pytest.raises(UnknownFigure, match=r"no figure '2023-2\|0461\|nothing'"):
        estimation.explain_figure("2023-2|0461|nothing")


def test_exported_figures_are_rounded_as_printed_and_withheld_where_they_are(estimated: dict, tmp_path: Path) -> None:
    counts = estimation.export_figures(ROUND, tmp_path)
    table = pd.read_csv(tmp_path / f"figures-{ROUND}.csv", dtype={"municipality_code": "str"})
    assert len(table) == counts["figures"] == estimated["figures"]["figures"]
    assert len(pd.read_parquet(tmp_path / f"figures-{ROUND}.parquet")) == len(table)
    assert table.loc[table["is_suppressed"], ["value", "valid_n", "weighted_base"]].isna().all(axis=None)
    assert counts["suppressed"] == table["is_suppressed"].sum() > 0
    means = table.loc[table["measure"] == "mean", "value"].dropna()
    assert (means == means.round(2)).all()
    assert set(pd.read_csv(tmp_path / "data-dictionary.csv")["kolonne"]) == set(table.columns)
    assert table["definition"].notna().all()


def test_weights_that_miss_a_cell_stop_the_figures(estimated: dict) -> None:
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        connection.execute(text("UPDATE weighting.weight SET weight = weight * 1.01"))
    try:
        with pytest.raises(WeightsDoNotAddUp, match="Round 2023-2, municipality"):
            weighting.check_weights(ROUND)
    finally:
        weighting.weight_to_population(ROUND)
        admin.dispose()


def test_an_approved_sample_is_never_exchanged_for_another(estimated: dict) -> None:
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        person = connection.execute(text("SELECT person_id, municipality_code FROM sampling.sample LIMIT 1")).one()
        connection.execute(
            text(
                "INSERT INTO fieldwork.message (round_id, person_id, wave, slot, municipality_code, message_id,"
                " transaction_id, due_date) VALUES (:r, :p, 1, 'main', :m, gen_random_uuid(), gen_random_uuid(), '2023-08-22')"
            ),
            {"r": ROUND, "p": person.person_id, "m": person.municipality_code},
        )
    assert sampling.draw_sample(ROUND) == estimated["drawn"]
    with admin.begin() as connection:
        connection.execute(text("UPDATE rounds.round SET seed = 12, state = 'approved'"))
    with pytest.raises(SampleIsApproved, match="byttes aldrig"):
        sampling.draw_sample(ROUND)
    with transaction("rounds") as connection:
        connection.execute(text("UPDATE rounds.round SET seed = 11, state = 'open'"))
    admin.dispose()


def test_the_figures_of_a_round_that_is_forgotten_are_the_same_to_the_last_bit(estimated: dict) -> None:
    """The last test of the module: afterwards the round is coarse and under numbers, and still gives every figure."""

    def figures() -> list[str]:
        assert weighting.weight_to_population(ROUND) == estimated["weighted"]
        assert estimation.estimate_figures(ROUND) == estimated["figures"]
        return sorted(map(str, _rows("SELECT figure FROM estimation.figure AS figure")))

    before = figures()
    vault().make_round_key(ROUND)
    clock.move_to(datetime(2023, 12, 2, 5, tzinfo=COPENHAGEN))
    retention.forget_round(ROUND, "kørsel")
    assert all(one.holds for one in retention.prove(ROUND))
    assert _rows("SELECT count(*) FROM frame.person WHERE age_years IS NOT NULL") == [(0,)]
    assert figures() == before
    assert len(before) > 1000
