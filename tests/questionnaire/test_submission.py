"""Every way of saving keeps the same rows: page by page, again, from two tabs, and in bulk."""

import random
import uuid
from datetime import date

import pandas as pd
import pytest
from small_round import ROUND, Country, saved
from sqlalchemy import Connection

from borgerpuls.errors import AnswerIsImpossible, FormIsNotOpen
from borgerpuls.questionnaire.routing import Background, asked_pages, paths
from borgerpuls.questionnaire.stage import questionnaire_transaction, receipt_hash, submit_forms
from borgerpuls.questionnaire.submission import Form, PageSaved, clean_text, load_form, read_page, save_page
from borgerpuls.questionnaire.versions import load_instrument
from borgerpuls.vault import access_vault

PILOT = load_instrument("2023")
DAY = date(2023, 8, 23)


def the_form(connection: Connection, response_id: uuid.UUID) -> Form:
    form = load_form(connection, response_id)
    assert form is not None
    return form


def send(
    response_id: uuid.UUID, page_id: str, key: uuid.UUID | None = None, form: Form | None = None, **given: object
) -> PageSaved:
    with questionnaire_transaction() as connection:
        return save_page(
            connection,
            PILOT,
            form or the_form(connection, response_id),
            page_id,
            {item: (value,) if isinstance(value, str) else tuple(value) for item, value in given.items()},
            idempotency_key=key or uuid.uuid4(),
            saved_date=DAY,
            receipt_hash=receipt_hash(access_vault(), response_id),
            seconds=10,
            device_class="mobil",
        )


def test_a_page_saved_twice_with_one_key_is_saved_once(country: Country) -> None:
    citizen = country.add_form()
    key = uuid.uuid4()
    first = send(citizen.response_id, "indledning", key, status="igangvaerende")
    after_one = saved(citizen.response_id)
    second = send(citizen.response_id, "indledning", key, status="igangvaerende")
    assert saved(citizen.response_id) == after_one
    assert (first.page_id, second.page_id, second.is_replay) == ("moedet", "moedet", True)
    assert after_one["form"]["revision"] == 1


def test_an_answer_changed_and_changed_back_ends_as_it_was_last_sent(country: Country) -> None:
    citizen = country.add_form()
    first, other = uuid.uuid4(), uuid.uuid4()
    send(citizen.response_id, "indledning", first, status="igangvaerende")
    send(citizen.response_id, "indledning", other, status="afsluttet")
    assert not send(citizen.response_id, "indledning", first, status="igangvaerende").is_replay
    assert saved(citizen.response_id)["answers"] == {"status": ["igangvaerende"]}
    assert send(citizen.response_id, "indledning", first, status="igangvaerende").is_replay
    assert saved(citizen.response_id)["form"]["revision"] == 3


def test_the_last_page_again_leads_to_the_receipt_again(country: Country) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    for page in ("indledning", "moedet", "maal", "samtalen", "progression", "samlet"):
        send(citizen.response_id, page, status="afsluttet")
    key = uuid.uuid4()
    assert send(citizen.response_id, "egne_ord", key).is_completed
    again = send(citizen.response_id, "egne_ord", key)
    assert again.is_completed
    assert again.is_replay
    with pytest.raises(FormIsNotOpen):
        send(citizen.response_id, "egne_ord")


def test_two_tabs_that_read_the_same_form_both_keep_their_page(country: Country) -> None:
    citizen = country.add_form()
    send(citizen.response_id, "indledning", status="igangvaerende")
    send(citizen.response_id, "moedet", trust="5")
    with questionnaire_transaction() as connection:
        as_read = the_form(connection, citizen.response_id)
    send(citizen.response_id, "moedet", form=as_read, trust="4", listen="2")
    send(citizen.response_id, "maal", form=as_read, goal="dk")
    assert saved(citizen.response_id)["answers"] == {
        "status": ["igangvaerende"],
        "trust": ["4"],
        "listen": ["2"],
        "goal": ["dk"],
    }


def test_a_changed_answer_takes_the_answers_that_hung_on_it_away(country: Country) -> None:
    citizen = country.add_form("aktivitetsparat", "kth_aktivitetsparat")
    send(citizen.response_id, "indledning", status="igangvaerende")
    send(citizen.response_id, "moedet")
    send(citizen.response_id, "maal")
    assert send(citizen.response_id, "kontakt", contact=["andre", "socialafdelingen"]).page_id == "samarbejde"
    send(citizen.response_id, "samarbejde", coop="1")
    assert send(citizen.response_id, "kontakt", contact="kun_jobcentret").page_id == "samtalen"
    assert saved(citizen.response_id)["answers"] == {"status": ["igangvaerende"], "contact": ["kun_jobcentret"]}


def test_a_page_sent_again_without_an_answer_clears_it(country: Country) -> None:
    citizen = country.add_form()
    send(citizen.response_id, "indledning", status="igangvaerende")
    send(citizen.response_id, "moedet", trust="5", listen="3")
    send(citizen.response_id, "moedet", listen="3")
    assert saved(citizen.response_id)["answers"] == {"status": ["igangvaerende"], "listen": ["3"]}


def test_pages_that_are_not_asked_or_not_reached_are_refused(country: Country) -> None:
    citizen = country.add_form()
    before = saved(citizen.response_id)
    for page_id in ("kontakt", "egne_ord", "moedet", "findes_ikke"):
        with pytest.raises(AnswerIsImpossible):
            send(citizen.response_id, page_id, contact="andre", trust="5")
    assert saved(citizen.response_id) == before


@pytest.mark.parametrize(
    ("page_id", "given", "problem"),
    [
        ("indledning", {}, "status: required"),
        ("indledning", {"status": "måske"}, "status: unknown_code"),
        ("indledning", {"status": ["igangvaerende", "afsluttet"]}, "status: one_only"),
    ],
)
def test_an_impossible_answer_saves_nothing(country: Country, page_id: str, given: dict, problem: str) -> None:
    citizen = country.add_form()
    before = saved(citizen.response_id)
    with pytest.raises(AnswerIsImpossible, match=problem):
        send(citizen.response_id, page_id, **given)
    assert saved(citizen.response_id) == before


def test_an_exclusive_option_stands_alone() -> None:
    contact = (PILOT.item("contact"),)
    assert read_page(contact, {"contact": ("andre", "kun_jobcentret")}).problems == {"contact": "exclusive"}
    assert read_page(contact, {"contact": ("andre", "socialafdelingen")}).choices == {
        "contact": ("socialafdelingen", "andre")
    }


def test_open_answers_lose_what_no_keyboard_writes_and_keep_the_rest() -> None:
    assert clean_text("  Æblegrød\r\nog\x00 \u202eaø\u2066 😀 <b>\ud800 ") == "Æblegrød\nog aø 😀 <b>"
    why = (PILOT.item("why"),)
    assert read_page(why, {"why": ("x" * 2001,)}).problems == {"why": "too_long"}
    assert read_page(why, {"why": ("x" * 2000,)}).problems == {}


def test_answers_to_other_pages_are_ignored(country: Country) -> None:
    citizen = country.add_form()
    send(citizen.response_id, "indledning", status="igangvaerende", overall="5", employer="ja", why="hej")
    assert saved(citizen.response_id)["answers"] == {"status": ["igangvaerende"]}
    assert saved(citizen.response_id)["texts"] == {}


def test_bulk_submission_saves_exactly_the_rows_of_pages_sent_one_by_one(country: Country) -> None:
    """Every path of the instrument, with skips and break-offs, sent both ways."""
    chance = random.Random(7)
    submissions, answers, texts, pairs = [], [], [], []
    for path in paths(PILOT):
        by_page = country.add_form(path.background.target_group, path.background.subgroup)
        in_bulk = country.add_form(path.background.target_group, path.background.subgroup)
        pairs.append((by_page.response_id, in_bulk.response_id))
        pages = asked_pages(PILOT, Background(path.background.target_group, path.background.subgroup), path.answers)
        stop = chance.choice([len(pages), len(pages), 0, chance.randrange(1, len(pages))])
        given: dict[str, tuple[str, ...]] = {}
        for _, items in pages[:stop]:
            for item in items:
                if item.item_id in path.answers:
                    given[item.item_id] = path.answers[item.item_id]
                elif item.kind == "open" and chance.random() < 0.5:
                    given[item.item_id] = (f"Tekst til {item.item_id} ",)
                elif item.kind == "open" or item.item_id in PILOT.routing_items:
                    continue
                elif item.is_required or chance.random() < 0.8:
                    given[item.item_id] = (chance.choice(item.codes),)
        reached = [number for number, (_, items) in enumerate(pages, 1) if any(i.item_id in given for i in items)]
        sent = stop if stop == len(pages) else max(reached, default=0)
        for page, _ in pages[:sent]:
            send(by_page.response_id, page.page_id, **given)
        submissions.append(
            {
                "response_id": in_bulk.response_id,
                "is_completed": stop == len(pages),
                "saved_date": DAY,
                "duration_seconds": 10 * sent,
                "device_class": "mobil",
            }
        )
        for item_id, value in given.items():
            if item_id in {"why", "better"}:
                texts.append({"response_id": in_bulk.response_id, "item_id": item_id, "answer_text": value[0]})
            else:
                answers.append({"response_id": in_bulk.response_id, "item_id": item_id, "choices": list(value)})
    frames = [pd.DataFrame(rows) for rows in (submissions, answers, texts)]
    counts = submit_forms(ROUND, *frames)

    compared = 0
    for one, other in pairs:
        left, right = saved(one), saved(other)
        for of_its_own in ("response_id", "receipt_hash"):
            assert (left["form"].pop(of_its_own) is None) == (right["form"].pop(of_its_own) is None)
        if left["form"]["state"] == "unopened":
            assert right["form"]["state"] == "unopened"
            continue
        assert right == left
        compared += 1
    assert compared > 30
    assert counts["forms"] == compared
    assert submit_forms(ROUND, *frames)["forms"] == 0  # the same again saves nothing


def test_bulk_submission_refuses_what_the_pages_would_refuse_and_saves_nothing(country: Country) -> None:
    citizen = country.add_form()
    submission = pd.DataFrame(
        [{"response_id": citizen.response_id, "is_completed": True, "saved_date": DAY, "duration_seconds": 60}]
    )
    status = {"response_id": citizen.response_id, "item_id": "status", "choices": ["afsluttet"]}
    for stray, message in (
        ({"item_id": "employer", "choices": ["ja"]}, "items not asked: employer"),
        ({"item_id": "trust", "choices": ["6"]}, "trust: '6' cannot be the answer"),
        ({"item_id": "trust", "choices": ["5", "4"]}, "one_only"),
        ({"item_id": "status", "choices": ["afsluttet"]}, "answered twice"),
    ):
        rows = pd.DataFrame([status, {"response_id": citizen.response_id, **stray}])
        with pytest.raises(AnswerIsImpossible, match=message):
            submit_forms(ROUND, submission, rows)
    with pytest.raises(AnswerIsImpossible, match="required item"):
        submit_forms(ROUND, submission, pd.DataFrame([{**status, "item_id": "trust", "choices": ["5"]}]))
    assert saved(citizen.response_id)["form"]["revision"] == 0
