"""The same bad round as test_bad_rounds.py, attacked and repaired as in production, and stopped where something leaks."""

import pandas as pd
import pytest
from sqlalchemy import create_engine, text
from test_bad_rounds import ANSWERS, NAMES, NOW, notices_of, run_bad_round

from borgerpuls.errors import CellCanBeDerived
from borgerpuls.estimation import stage as estimation
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.settings import settings

SENTENCES = {
    "too_few_answers": "Resultaterne for {name} vises ikke af hensyn til borgernes anonymitet.",
    "flag_withheld": "Kommunens egen opdeling vises ikke af hensyn til borgernes anonymitet.",
    "first_round": "Der er ingen tidligere resultater at sammenligne med.",
    "other_groups": "Nogle tal kan ikke sammenlignes med 2. halvår 2023, fordi spørgsmål, temaer eller målgrupper er opgjort anderledes.",
    "all_groups_withheld": "vises ikke af hensyn til borgernes anonymitet.",
}


@pytest.fixture(scope="module")
def told(round_database: EmbeddedPostgres) -> dict[str, pd.DataFrame]:
    return run_bad_round({"overall", "coop"})


def test_nothing_that_is_withheld_can_be_worked_out(told: dict[str, pd.DataFrame]) -> None:
    assert estimation.attack_figures(NOW)["withheld_cells"] == len(told["suppression"]) > 100


@pytest.mark.parametrize("code", ["0183", "0727", "0740", "0746"])
def test_none_of_0_1_4_and_7_answers_is_shown_or_counted(told: dict[str, pd.DataFrame], code: str) -> None:
    """Seven could be shown alone; here they hide the four and the one."""
    assert notices_of(told, code) == {"too_few_answers": SENTENCES["too_few_answers"].format(name=NAMES[code])}
    own = told["figure"][told["figure"]["municipality_code"] == code]
    counting = own[own["measure"].isin(["answered_n", "response_rate", "cumulative_rate", "mean", "category_mean"])]
    assert len(counting) > 0
    assert counting["is_suppressed"].all()
    assert counting[["value", "valid_n"]].isna().all(axis=None)


def test_flag_other_groups_and_small_groups_have_their_sentences(told: dict[str, pd.DataFrame]) -> None:
    in_norddjurs, in_odense = notices_of(told, "0707"), notices_of(told, "0461")
    assert in_norddjurs["flag_withheld"] == SENTENCES["flag_withheld"]
    assert in_norddjurs["first_round"] == SENTENCES["first_round"]
    assert in_odense["other_groups"] == SENTENCES["other_groups"]
    groups = told["notice"].loc[told["notice"]["code"] == "all_groups_withheld", "sentence"]
    assert len(groups) > 0
    assert groups.str.endswith(SENTENCES["all_groups_withheld"]).all()


def test_a_count_that_is_shown_again_stops_the_publication_and_names_what_it_gives_away(
    told: dict[str, pd.DataFrame],
) -> None:
    """Silkeborg's four follow when all the others that are withheld with it are shown."""
    answered = told["figure"][(told["figure"]["measure"] == "answered_n") & told["figure"]["is_suppressed"]]
    again = set(answered["municipality_code"]) - {"0740"}
    assert {"0727", "0746"} <= again
    change = text(
        "UPDATE estimation.figure SET is_suppressed = :hidden, suppression_reason = :reason, value = :n"
        f" WHERE round_id = '{NOW}' AND municipality_code = :code AND measure = 'answered_n'"
    )
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        for code in again:
            connection.execute(change, {"hidden": False, "reason": None, "n": ANSWERS[code], "code": code})
    try:
        with pytest.raises(CellCanBeDerived, match=r"n of 0740\|response\|all\| lies between 4 and 4"):
            estimation.attack_figures(NOW)
    finally:
        with admin.begin() as connection:
            for code in again:
                connection.execute(change, {"hidden": True, "reason": "anonymity", "n": None, "code": code})
        admin.dispose()
