"""
Carry what the citizens do to the questionnaire: page by page as a browser would, or many forms at once.

Both ways end in the questionnaire's own submission code. One municipality's citizens come through the front door, with
their own link, so that every round of the sandbox has been through the real service.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

import pandas as pd

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import engine, load_query, read_table
from borgerpuls.errors import QuestionnaireRefused
from borgerpuls.questionnaire.stage import instrument_of, questionnaire_transaction, submit_forms
from borgerpuls.questionnaire.web.app import SIMULATED_SECONDS
from borgerpuls.sandbox.browser import Browser
from borgerpuls.sandbox.citizens import AnswerPlan, answer_plan, find_citizens
from borgerpuls.sandbox.country import Country, smallest_municipality
from borgerpuls.settings import settings
from borgerpuls.vault import vault

EVENING = time(20, 0)
BROWSERS = 2
USER_AGENTS = {
    "mobil": "Mozilla/5.0 (iPhone) Mobile Safari",
    "tablet": "Mozilla/5.0 (iPad) Safari",
    "computer": "Mozilla/5.0 (X11; Linux x86_64) Firefox",
}
MOST_PAGES = 40
RECEIPT_PATH = "/kvittering"

Say = Callable[[str], None]


class Citizen(NamedTuple):
    """One citizen at the questionnaire."""

    token: str
    given: Mapping[str, list[str]]
    """Codes, or one text, by item."""
    is_complete: bool
    seconds: int
    device_class: str


class CitizenVisits:
    """The sampled citizens of a country, ready to answer."""

    def __init__(self, country: Country, round_id: str) -> None:
        self._key = vault().round_key(round_id)
        with engine("database_admin_url").begin() as connection:
            sampled = read_table(connection, "sandbox/sampled_persons.sql", round_id=round_id)
        with questionnaire_transaction() as connection:
            items = [item.item_id for item in instrument_of(connection, round_id).items]
        found = find_citizens(country, sampled["person_id"], self._key.person_id)
        self._round_id = round_id
        # Where not all municipalities take part, somebody with courses in two may be asked for the older one: the
        # country knows only how people answer about their latest, so these few do not answer.
        is_latest = sampled["subgroup"].to_numpy() == country.citizens.loc[found["citizen_id"], "subgroup"].to_numpy()
        self._plan: AnswerPlan = answer_plan(country, found[is_latest], items, country.seed)
        self.front_door = smallest_municipality(country)
        """The municipality whose citizens answer page by page."""

    def answer(self, invitation_date: date, first_day: date, last_day: date, say: Say) -> str:
        """
        Let everybody answer who does so between two days, moving the clock along, and say how many did.

        Raises:
            QuestionnaireRefused: The service answered a citizen with something else than the next page.
        """
        visits = self._plan.visits
        day = pd.to_datetime(visits["day_offset"].map(lambda offset: invitation_date + timedelta(days=int(offset))))
        now = visits.assign(day=day)[(day >= pd.Timestamp(first_day)) & (day <= pd.Timestamp(last_day))]
        is_at_door = now["municipality_code"] == self.front_door
        given = self._given(now.loc[is_at_door, "person_id"])
        for moment, of_day in now[is_at_door].groupby("day"):
            say(f"page by page, {moment:%-d %B}")
            clock.move_to(datetime.combine(pd.Timestamp(str(moment)).date(), EVENING, COPENHAGEN))
            self._knock([self._citizen(row, given) for row in of_day.itertuples()])
        clock.move_to(datetime.combine(last_day, EVENING, COPENHAGEN))
        say(f"{int((~is_at_door).sum()):,} forms in bulk")
        saved = self._submit(now[~is_at_door])
        return f"{int(is_at_door.sum()):,} page by page, {saved['forms']:,} in bulk"

    def _knock(self, citizens: list[Citizen]) -> None:
        with ThreadPoolExecutor(BROWSERS) as pool:
            for _ in pool.map(_one_after_the_other, (citizens[start::BROWSERS] for start in range(BROWSERS))):
                pass

    def _citizen(self, visit: tuple[object, ...], given: Mapping[object, dict[str, list[str]]]) -> Citizen:
        person_id = UUID(str(visit.person_id))  # type: ignore[attr-defined]
        return Citizen(
            self._key.link_token(person_id),
            given[person_id],
            bool(visit.is_complete),  # type: ignore[attr-defined]
            round(float(visit.minutes) * 60),  # type: ignore[attr-defined]
            str(visit.device_class),  # type: ignore[attr-defined]
        )

    def _given(self, person_ids: pd.Series) -> dict[object, dict[str, list[str]]]:
        given: dict[object, dict[str, list[str]]] = {person_id: {} for person_id in person_ids}
        for table, column in ((self._plan.answers, "choices"), (self._plan.texts, "answer_text")):
            own = table[table["person_id"].isin(person_ids)]
            for person_id, item_id, value in zip(own["person_id"], own["item_id"], own[column], strict=True):
                given[person_id][str(item_id)] = [value] if isinstance(value, str) else list(value)
        return given

    def _submit(self, visits: pd.DataFrame) -> dict[str, int]:
        response_id = {person: self._key.response_id(person) for person in visits["person_id"]}
        submissions = pd.DataFrame(
            {
                "response_id": visits["person_id"].map(response_id),
                "is_completed": visits["is_complete"],
                "saved_date": visits["day"].dt.date,
                "duration_seconds": (visits["minutes"] * 60).round().astype(int),
                "device_class": visits["device_class"],
            }
        ).reset_index(drop=True)
        answers, texts = (
            table[table["person_id"].isin(visits["person_id"])]
            .assign(response_id=lambda rows: rows["person_id"].map(response_id))
            .drop(columns="person_id")
            .reset_index(drop=True)
            for table in (self._plan.answers, self._plan.texts)
        )
        return submit_forms(self._round_id, submissions, answers, texts)


def link_to_try(round_id: str) -> str:
    """Return the own link of a citizen who has not answered in a round."""
    key = vault().round_key(round_id)
    with engine("database_admin_url").begin() as connection:
        person_id = connection.execute(
            load_query("sandbox/unanswered_person.sql"), {"round_id": round_id, "link_key": key.link_key}
        ).scalar_one()
    return f"{settings().questionnaire_url}/s/{key.link_token(person_id)}"


def answer_page_by_page(browser: Browser, citizen: Citizen) -> None:
    """
    Open the link, send page after page as shown, and leave where the citizen does.

    Args:
        browser: Forgets everything first, as another citizen's telephone.
        citizen: Who answers what.

    Raises:
        QuestionnaireRefused: A page was not followed by the next one.
    """
    browser.forget(USER_AGENTS[citizen.device_class])
    left = dict(citizen.given)
    here = browser.get(f"/s/{citizen.token}")
    here = browser.post("/start", here.form().hidden)
    seconds_per_item = citizen.seconds / max(1, len(left))
    for _ in range(MOST_PAGES):
        if here.path == RECEIPT_PATH or not (left or citizen.is_complete):
            return
        form = here.form()
        answers = {item: left.pop(item) for item in form.items if item in left}
        seconds = {SIMULATED_SECONDS: str(round(seconds_per_item * len(answers)))}
        here = browser.post(form.action, {**form.hidden, **answers}, seconds)
    raise QuestionnaireRefused(f"After {MOST_PAGES} pages the questionnaire has not ended.", where=here.place)


def _one_after_the_other(citizens: list[Citizen]) -> None:
    with Browser(settings().questionnaire_url) as browser:
        for citizen in citizens:
            answer_page_by_page(browser, citizen)
