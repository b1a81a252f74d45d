"""A code issued by staff starts a blank form, once; nobody who has seen it can read what was answered."""

import pytest
from small_round import ROUND, Citizen, Country, saved
from sqlalchemy import text
from test_web import Browser, NewBrowser, new_browser
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.database import engine, transaction
from borgerpuls.errors import CitizenIsUnknown, FormIsNotOpen, RoundIsNotOpen
from borgerpuls.fieldwork import operations
from borgerpuls.vault import vault

__all__ = ["new_browser"]
CPRS = iter(f"{day}0190-000{day % 10}".replace("-", "") for day in range(61, 90))


def with_cpr(citizen: Citizen) -> str:
    """Let the citizen be known by a CPR number."""
    cpr = next(CPRS)
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text(
                "INSERT INTO identity.citizen (round_id, person_id, municipality_code, cpr, cpr_lookup) "
                "VALUES (:round, :person, '0461', 'x', :lookup)"
            ),
            {"round": ROUND, "person": citizen.person_id, "lookup": vault().round_key(ROUND).lookup(cpr)},
        )
    return cpr


def by_code(new: NewBrowser, code: str) -> Browser:
    browser = new()
    browser.open("/kode")
    browser.send(kode=code)
    return browser


def test_a_code_from_staff_starts_a_blank_form_and_ends_every_session_from_before(
    country: Country, new_browser: NewBrowser
) -> None:
    citizen = country.add_form()
    before = new_browser().start(citizen)
    before.send(status="igangvaerende")
    before.send(trust="1")
    code = operations.issue_code(ROUND, with_cpr(citizen), "aase")
    assert saved(citizen.response_id)["answers"] == {
        "status": ["igangvaerende"],
        "trust": ["1"],
    }  # issuing changes nothing
    browser = by_code(new_browser, code)
    assert browser.page == "indledning"
    kept = saved(citizen.response_id)
    assert (kept["answers"], kept["pages"], kept["form"]["state"]) == ({}, [], "unopened")
    assert "checked" not in browser.here.text
    assert before.open("/side/moedet").status_code == 401
    assert "Skemaet er begyndt forfra" in before.here.text
    assert before.http.post("/side/moedet", data={"trust": "5"}).status_code in {400, 401}
    browser.send(status="afsluttet")
    assert saved(citizen.response_id)["answers"] == {"status": ["afsluttet"]}


def test_a_code_from_staff_works_once_and_the_letters_link_goes_on(country: Country, new_browser: NewBrowser) -> None:
    citizen = country.add_form()
    code = operations.issue_code(ROUND, with_cpr(citizen), "aase")
    by_code(new_browser, code).send(status="igangvaerende")
    again = by_code(new_browser, code)
    assert "Koden er brugt" in again.here.text
    assert saved(citizen.response_id)["answers"] == {"status": ["igangvaerende"]}
    assert new_browser().start(citizen).page == "moedet"


def test_another_code_withdraws_the_one_that_was_not_used(country: Country, new_browser: NewBrowser) -> None:
    cpr = with_cpr(country.add_form())
    first = operations.issue_code(ROUND, cpr, "aase")
    second = operations.issue_code(ROUND, cpr, "aase")
    assert by_code(new_browser, first).here.status_code == 422
    assert by_code(new_browser, second).page == "indledning"


def test_issuing_is_written_down_and_nothing_that_is_kept_opens_the_form(country: Country) -> None:
    citizen = country.add_form()
    code = operations.issue_code(ROUND, with_cpr(citizen), "bodil")
    with engine("database_admin_url").connect() as connection:
        audited = connection.execute(
            text("SELECT operator, action, note FROM fieldwork.audit WHERE person_id = :p"), {"p": citizen.person_id}
        ).all()
        kept = connection.execute(
            text("SELECT code_hash FROM link.staff_code WHERE response_id = :r"), {"r": citizen.response_id}
        ).scalar_one()
    assert [tuple(row) for row in audited] == [("bodil", "issue_code", "")]
    assert kept == vault().access_hash(code)
    assert code.encode() not in kept


def test_the_command_asks_who_it_is_and_never_shows_the_number(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpr = with_cpr(country.add_form())
    monkeypatch.setattr("getpass.getpass", lambda _: f"{cpr[:6]}-{cpr[6:]}")
    refused = CliRunner().invoke(app, ["fieldwork", "issue-code", ROUND], input="n\n")
    assert refused.exit_code == 1
    shown = CliRunner().invoke(app, ["fieldwork", "issue-code", ROUND], input="y\n")
    assert "Koden er " in shown.output
    assert cpr[6:] not in shown.output


def test_no_code_is_issued_to_a_stranger_or_to_somebody_who_has_answered(country: Country) -> None:
    with pytest.raises(CitizenIsUnknown, match="stikprøven"):
        operations.issue_code(ROUND, "9901900000", "aase")
    citizen = country.add_form()
    cpr = with_cpr(citizen)
    with transaction("rounds") as connection:
        connection.execute(text("UPDATE rounds.round SET state = 'closed' WHERE round_id = :r"), {"r": ROUND})
    with pytest.raises(RoundIsNotOpen):
        operations.issue_code(ROUND, cpr, "aase")
    with engine("database_admin_url").begin() as connection:
        connection.execute(text("UPDATE rounds.round SET state = 'approved' WHERE round_id = :r"), {"r": ROUND})
        connection.execute(
            text("UPDATE answers.form SET state = 'completed' WHERE response_id = :r"), {"r": citizen.response_id}
        )
    with pytest.raises(FormIsNotOpen, match="allerede svaret"):
        operations.issue_code(ROUND, cpr, "aase")
