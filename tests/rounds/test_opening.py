"""Opening a round: what the form says, what is refused, and that opening twice changes nothing."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import transaction
from borgerpuls.errors import PlanIsRefused, RoundIsAlreadyOpen, RoundKeyIsMissing, UnknownRound
from borgerpuls.rounds import stage
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.settings import settings
from borgerpuls.vault import vault

FORM: dict[str, Any] = {
    "round_id": "2023-2",
    "name": None,
    "municipalities": ["0461", "0727"],
    "sample_rule": "between",
    "sample_minimum": 1016,
    "sample_maximum": 2266,
    "sample_total": 23119,
    "questionnaire_version": "2023",
    "codebook_version": "2023",
    "channels": ["digital_post", "sms"],
    "seed": 7,
}


@pytest.fixture(scope="module", autouse=True)
def _clock(round_database: EmbeddedPostgres) -> None:
    clock.move_to(datetime(2023, 8, 1, 8, tzinfo=COPENHAGEN))


def open_round(form: dict[str, Any], run_id: str = "run", opened_by: str = "drift") -> stage.Opening:
    return stage.open_round(form, opened_by, run_id)


def _everything() -> list[Any]:
    with transaction("rounds") as connection:
        rounds = connection.execute(text("SELECT * FROM rounds.round ORDER BY 1")).fetchall()
        rounds += connection.execute(text("SELECT * FROM rounds.opening ORDER BY 1, 2")).fetchall()
        return rounds + connection.execute(text("SELECT * FROM rounds.municipality ORDER BY 1, 2")).fetchall()


def test_empty_dates_follow_the_half_yearly_standard_and_opening_again_changes_nothing_and_says_so() -> None:
    assert open_round(FORM).is_news
    before = _everything()
    clock.move_to(datetime(2023, 8, 1, 9, tzinfo=COPENHAGEN))
    again = open_round(FORM, "another run", "kollega")
    assert not again.is_news
    assert "Runde 2023-2 er allerede åbnet med netop denne plan, af drift den 01-08-2023" in again.said
    assert "ingen bliver bedt om at godkende igen" in again.said
    assert open_round(FORM).is_news, "cleared and run again, it may not have told anybody yet"
    assert _everything() == before
    assert stage.municipality_names("2023-2") == {"0461": "Odense", "0727": "Odder"}
    assert stage.rounds_in_state("open") == ["2023-2"]


@pytest.mark.parametrize("change", [{"seed": 8}, {"municipalities": ["0461"]}, {"close_date": "2023-09-19"}])
def test_another_plan_under_the_same_id_is_refused(change: dict[str, Any]) -> None:
    open_round(FORM)
    before = _everything()
    with pytest.raises(RoundIsAlreadyOpen, match="Runde 2023-2"):
        open_round(FORM | change)
    assert _everything() == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reminder_1_date": "2023-08-22"}, r"1\. påmindelse \(22-08-2023\) skal ligge efter invitationen"),
        ({"reminder_1_date": "2023-08-25"}, "mindst 6 dage mellem invitationen og 1. påmindelse"),
        ({"invitation_date": "2023-08-20"}, "søndag"),
        ({"close_date": "2023-12-25"}, r"\(25-12-2023\) falder på en dag uden udsendelse \(Juledag|juledag"),
        ({"municipalities": ["0411"]}, "Ukendt kommunekode: 0411"),
        ({"municipalities": []}, "Vælg mindst én kommune"),
        ({"channels": ["sms"]}, "Digital Post skal være"),
        ({"codebook_version": "2024"}, "Spørgeskema 2023 og kodebog 2024 hører ikke sammen"),
        ({"sample_rule": "between", "sample_minimum": 3000}, "stigende orden"),
        ({"sample_rule": "precision", "margin": 0, "expected_response": 0.4}, "Sikkerhedsmargenen"),
        ({"sample_rule": "sizes"}, r"mangler en størrelse for 0461, 0727\."),
        ({"sample_rule": "sizes", "sample_sizes": {"0461": 5}}, r"mangler en størrelse for 0727\."),
        ({"sample_rule": "sizes", "sample_sizes": {"0461": 5, "0727": 5, "0851": 5}}, "nævner 0851, som ikke er med"),
        ({"sample_rule": "sizes", "sample_sizes": {"0461": -5, "0727": "mange"}}, "helt tal over 0: 0461, 0727"),
        ({"sample_rule": "lottery"}, "Ukendt stikprøveregel"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_with_the_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(PlanIsRefused, match=reason):
        open_round(FORM | {"round_id": "2023-2"} | change)


def test_a_round_whose_first_letter_should_have_left_is_refused_unless_it_is_open_already() -> None:
    open_round(FORM)
    clock.move_to(datetime(2023, 8, 23, 8, tzinfo=COPENHAGEN))
    with pytest.raises(PlanIsRefused, match=r"Invitationen \(\d\d-\d\d-2023\) ligger før i dag \(23-08-2023\)"):
        open_round(FORM | {"round_id": "2023-1"})
    assert open_round(FORM).round_id == "2023-2"


def test_a_round_opened_by_the_schedule_is_the_one_that_opens_now() -> None:
    assert stage.plan_from_form(FORM | {"round_id": None}).round_id == "2023-2"


def test_a_round_nobody_opened_is_named() -> None:
    with pytest.raises(UnknownRound, match="Ingen runde har id 1999-1"):
        stage.municipality_codes("1999-1")


def test_no_new_key_is_made_where_letters_were_sent_with_another() -> None:
    clock.move_to(datetime(2025, 1, 5, 8, tzinfo=COPENHAGEN))
    journal = settings().journal_place() / "2025-1"
    journal.mkdir(parents=True)
    (journal / "0461.tsv").write_text("et brev, der er sendt\n", encoding="utf-8")
    with pytest.raises(
        RoundKeyIsMissing, match=r"Der er før sendt beskeder i en runde med dette id.*fik alle dem igen"
    ):
        open_round(FORM | {"round_id": "2025-1"})
    assert "2025-1" not in stage.rounds_in_state("open")
    vault().make_round_key("2025-1")  # the copy is brought back
    assert open_round(FORM | {"round_id": "2025-1"}).is_news
