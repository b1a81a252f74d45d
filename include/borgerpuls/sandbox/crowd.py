"""
A crowd at the questionnaire: many citizens at once over HTTP, each of them stubborn, and a ledger of what they were told.

A citizen sends page after page. Where no answer comes, or one that is not the next page, the same page is sent again with the
same idempotency key until it is acknowledged. What was acknowledged is written to a file of the crowd's own; afterwards
`judge` compares it, page by page and answer by answer, with what the database holds.
"""

import csv
import http.client
import json
import queue
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import pandas as pd
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import copy_rows, engine
from borgerpuls.errors import QuestionnaireRefused
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.routing import Background, asked_pages
from borgerpuls.questionnaire.submission import save_key
from borgerpuls.questionnaire.versions import load_instrument
from borgerpuls.questionnaire.web.sessions import seal_page
from borgerpuls.vault import vault

VERSION = "2023"
MUNICIPALITY = "0461"
AGENT = "Mozilla/5.0 (iPhone) Mobile Safari"
SECONDS_TO_GIVE_UP = 180.0
"""A citizen of the drill is more patient than any real one: only then is every loss the service's."""
LONGEST_PAUSE_SECONDS = 0.5
OPEN_TEXT = "Skrevet af borger {number} – æøå 'citat' <b>"
_FIELD = {name: re.compile(f'name="{name}" value="([^"]*)"') for name in ("noegle", "maerke")}


@dataclass(frozen=True, slots=True)
class Visitor:
    """One citizen with a form of their own."""

    number: int
    response_id: uuid.UUID
    token: str
    background: Background


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A page that a citizen was told is saved."""

    response_id: uuid.UUID
    page_id: str
    key: uuid.UUID
    answers: Mapping[str, Sequence[str]]
    """Codes by item; an open item has its one text."""


@dataclass
class Told:
    """What happened to the crowd."""

    submissions: int = 0
    pages: int = 0
    """Acknowledged pages."""
    requests: int = 0
    tries_again: int = 0
    """Times a page was sent once more because no acknowledgement came."""
    sent_twice: int = 0
    """Times a page was sent once more although it had been acknowledged."""
    gave_up: int = 0
    refusals: Counter[int] = field(default_factory=Counter)
    """HTTP statuses that were no acknowledgement."""
    save_seconds: list[float] = field(default_factory=list)
    """How long each acknowledged save took, in its last try."""
    latest_start_seconds: float = 0.0
    """How far behind its time a visit began, at most."""


@dataclass(frozen=True)
class Verdict:
    """The crowd's ledger against the database."""

    acknowledged: int
    """Pages in the crowd's ledger."""
    lost: int
    """Acknowledged pages that are not there, or with other answers."""
    doubles: int
    """Pages saved more than once: more saves or a higher revision than pages acknowledged."""
    strangers: int
    """Saves in the database that nobody was told about."""


def lay_forms(round_id: str, count: int, seed: int = 1) -> list[Visitor]:
    """Make an approved round with *count* unopened forms of all groups in turn, and return who has which."""
    instrument = load_instrument(VERSION)
    backgrounds = [Background(g, s, MUNICIPALITY) for g, subgroups in instrument.groups.items() for s in subgroups]
    vault().make_round_key(round_id)
    key = vault().round_key(round_id)
    people = [uuid.UUID(int=seed << 64 | number, version=4) for number in range(count)]
    visitors = [
        Visitor(
            number,
            key.response_id(person),
            key.link_token(person),
            backgrounds[number % len(backgrounds)],
        )
        for number, person in enumerate(people)
    ]
    forms = pd.DataFrame(
        {
            "response_id": [each.response_id for each in visitors],
            "round_id": round_id,
            "municipality_code": MUNICIPALITY,
            "target_group": [each.background.target_group for each in visitors],
            "subgroup": [each.background.subgroup for each in visitors],
            "questionnaire_version": VERSION,
        }
    )
    access = forms[["round_id", "response_id"]].assign(
        token_hash=[vault().access_hash(each.token) for each in visitors],
        code_hash=[vault().access_hash(f"code-{each.token}") for each in visitors],
    )
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rounds.round (round_id, name, state, opened_by, opened_at, reference_start_date, "
                "reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date, close_date, "
                "codebook_version, questionnaire_version, sample_rule, channels, seed) VALUES (:round_id, 'Øvelse', "
                "'approved', 'drift', '2023-08-01', '2023-04-01', '2023-06-30', '2023-08-01', '2023-08-22', "
                "'2023-08-29', '2023-09-05', '2023-09-18', '2023', :version, '{}', '{digital_post}', 7)"
            ),
            {"round_id": round_id, "version": VERSION},
        )
        copy_rows(connection, "link.access", access)
        copy_rows(connection, "answers.form", forms)
    return visitors


class Crowd:
    """Citizens who visit one service."""

    def __init__(self, port: int, ledger: Path, *, seed: int = 1) -> None:
        """Prepare a crowd for the service on 127.0.0.1:*port*; *ledger* is appended to."""
        self._port = port
        self._ledger = ledger
        self._seed = seed
        self._instrument: Instrument = load_instrument(VERSION)
        self._lock = threading.Lock()
        self.told = Told()

    def visit(
        self,
        visitors: Sequence[Visitor],
        *,
        clients: int,
        pages: int | None = None,
        starts_per_second: float | None = None,
        think_seconds: float = 0.0,
        looks: bool = True,
        repeat_share: float = 0.0,
    ) -> Told:
        """
        Let everybody answer, and return what they were told.

        Args:
            visitors: Who answers, in this order.
            clients: How many at once, at most.
            pages: Pages each of them sends before leaving; all to the receipt when None.
            starts_per_second: Visits that begin, whether the service keeps up or not; as fast as they go when None.
            think_seconds: Pause on each page.
            looks: Open the link and look at each page before sending it, as a browser does. Else only what saves is sent,
                with the mark that the page would have carried.
            repeat_share: Share of the acknowledged pages that are sent once more.
        """
        waiting: queue.Queue[tuple[Visitor, float] | None] = queue.Queue()
        failures: list[Exception] = []
        began = time.monotonic()
        with self._ledger.open("a", newline="", encoding="utf-8") as file:
            ledger = csv.writer(file, delimiter="\t")

            def write(page: Acknowledged) -> None:
                with self._lock:
                    ledger.writerow([page.response_id, page.page_id, page.key, json.dumps(page.answers)])

            def work() -> None:
                told = Told()
                try:
                    with _Browser(self._port) as browser:
                        while (found := waiting.get()) is not None:
                            visitor, due = found
                            told.submissions += 1
                            if starts_per_second:
                                told.latest_start_seconds = max(told.latest_start_seconds, time.monotonic() - due)
                            for page in self._answer(browser, visitor, told, pages, think_seconds, looks, repeat_share):
                                write(page)
                except Exception as error:  # noqa: BLE001 - raised below, where somebody waits for it
                    failures.append(error)
                with self._lock:
                    _add(self.told, told)

            workers = [threading.Thread(target=work, daemon=True) for _ in range(clients)]
            for worker in workers:
                worker.start()
            for number, visitor in enumerate(visitors):
                due = began + number / starts_per_second if starts_per_second else began
                time.sleep(max(0.0, due - time.monotonic()))
                waiting.put((visitor, due))
            for _ in workers:
                waiting.put(None)
            for worker in workers:
                worker.join()
        if failures:
            raise failures[0]
        return self.told

    def _answer(
        self,
        browser: "_Browser",
        visitor: Visitor,
        told: Told,
        pages: int | None,
        think_seconds: float,
        looks: bool,
        repeat_share: float,
    ) -> Iterator[Acknowledged]:
        chance = random.Random(f"{self._seed}|{visitor.number}")
        browser.cookie = ""
        if looks and not browser.until(told, "GET", f"/s/{visitor.token}", "", {200}):
            return
        started = browser.until(told, "POST", "/start", urlencode({"adgang": visitor.token, "sprog": "da"}), {303})
        if started is None:
            return
        browser.cookie = started.cookie
        given: dict[str, tuple[str, ...]] = {}
        sent: set[str] = set()
        while pages is None or len(sent) < pages:
            left = [
                (page, items)
                for page, items in asked_pages(self._instrument, visitor.background, given)
                if page.page_id not in sent
            ]
            if not left:
                break
            page, items = left[0]
            path = f"/side/{page.page_id}"
            key, mark = str(uuid.uuid4()), ""
            if looks:
                shown = browser.until(told, "GET", path, "", {200})
                if shown is None:
                    return
                key, mark = (_field(shown.body, name, page.page_id) for name in ("noegle", "maerke"))
            else:
                mark = seal_page(vault(), visitor.response_id, page.page_id)
            time.sleep(think_seconds)
            answers: dict[str, list[str]] = {}
            for item in items:
                if item.kind != "open":
                    answers[item.item_id] = [chance.choice(item.codes)]
                elif chance.random() < 0.5:
                    answers[item.item_id] = [OPEN_TEXT.format(number=visitor.number)]
            body = urlencode({"noegle": key, "maerke": mark, **answers}, doseq=True)
            is_last = len(left) == 1
            saved = browser.until(told, "POST", path, body, {303}, is_save=True)
            if saved is None:
                return
            if is_last != (saved.location == "/kvittering"):
                raise QuestionnaireRefused(f"After page {page.page_id!r} the service showed {saved.location!r}.")
            if chance.random() < repeat_share:
                again = browser.until(told, "POST", path, body, {303})
                told.sent_twice += again is not None
            told.pages += 1
            given |= {item.item_id: tuple(answers[item.item_id]) for item in items if item.kind != "open"}
            sent.add(page.page_id)
            yield Acknowledged(visitor.response_id, page.page_id, save_key(uuid.UUID(key), answers), answers)
            if is_last:
                if looks:
                    browser.cookie = saved.cookie
                    browser.until(told, "GET", "/kvittering", "", {200})
                return


def preview(port: int, visitors: Sequence[Visitor], agents: Sequence[str], share: float = 1.0) -> int:
    """Open links as the programmes do that show a preview of a message, and return how many were opened."""
    opened = 0
    with _Browser(port) as browser:
        for visitor in visitors[: round(len(visitors) * share)]:
            browser.agent = agents[visitor.number % len(agents)]
            for method in ("HEAD", "GET"):
                answer = browser.ask(method, f"/s/{visitor.token}", "")
                if answer is None or answer.status != http.client.OK:
                    raise QuestionnaireRefused("A link preview was not answered.")
            opened += 1
    return opened


def judge(round_id: str, ledger: Path) -> Verdict:
    """Compare everything the crowd was told with everything the database holds of the round."""
    told = list(_read_ledger(ledger))
    with engine("database_admin_url").connect() as connection:
        known = {"round_id": round_id}
        saves = Counter(
            (row.response_id, row.idempotency_key)
            for row in connection.execute(
                text("SELECT s.response_id, s.idempotency_key FROM answers.page_save s JOIN answers.form f "
                     "USING (response_id) WHERE f.round_id = :round_id"), known)
        )  # fmt: skip
        revisions = {
            row.response_id: max(row.revision, row.page_count)
            for row in connection.execute(
                text("SELECT response_id, revision, page_count FROM answers.form WHERE round_id = :round_id"), known)
        }  # fmt: skip
        kept: dict[tuple[uuid.UUID, str], list[str]] = {}
        for table, column in (("answer", "choices"), ("open_answer", "ARRAY[answer_text]")):
            rows = connection.execute(
                text(f"SELECT a.response_id, a.item_id, {column} FROM answers.{table} a JOIN answers.form f "
                     "USING (response_id) WHERE f.round_id = :round_id"), known)  # fmt: skip
            kept |= {(row[0], row[1]): list(row[2]) for row in rows}
    pages_of = Counter(page.response_id for page in told)
    lost = sum(
        (page.response_id, page.key) not in saves
        or any(kept.get((page.response_id, item)) != list(codes) for item, codes in page.answers.items())
        for page in told
    )
    more_than_told = sum(max(0, revisions[each] - pages) for each, pages in pages_of.items())
    return Verdict(
        acknowledged=len(told),
        lost=lost,
        doubles=more_than_told,
        strangers=len(set(saves) - {(page.response_id, page.key) for page in told}),
    )


def inside_the_round() -> None:
    """Move the simulated clock to a day on which the round of `lay_forms` takes answers."""
    clock.move_to(datetime(2023, 8, 23, 10, tzinfo=COPENHAGEN))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str
    cookie: str
    body: str


class _Browser:
    """One keep-alive connection and one cookie."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.cookie = ""
        self.agent = AGENT

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: str) -> _Answer | None:
        """Send one request; None where no whole answer came."""
        headers = {"User-Agent": self.agent, "Content-Type": "application/x-www-form-urlencoded"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        try:
            self._connection.request(method, path, body.encode() if method == "POST" else None, headers)
            answer = self._connection.getresponse()
            content = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return None
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie") or []]
        wanted = [cookie for cookie in cookies if cookie.startswith(("skema=", "kvittering=")) and len(cookie) > 20]
        return _Answer(answer.status, answer.headers.get("Location", ""), "; ".join(wanted), content)

    def until(
        self, told: Told, method: str, path: str, body: str, wanted: set[int], *, is_save: bool = False
    ) -> _Answer | None:
        """Ask again and again until the answer has a wanted status; None when the citizen gives up."""
        deadline = time.monotonic() + SECONDS_TO_GIVE_UP
        pause = 0.02
        while True:
            began = time.perf_counter()
            answer = self.ask(method, path, body)
            told.requests += 1
            if answer is not None and answer.status in wanted:
                if is_save:
                    told.save_seconds.append(time.perf_counter() - began)
                return answer
            told.refusals[answer.status if answer else 0] += 1
            if time.monotonic() > deadline:
                told.gave_up += 1
                return None
            told.tries_again += 1
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _field(page: str, name: str, page_id: str) -> str:
    found = _FIELD[name].search(page)
    if found is None:
        raise QuestionnaireRefused(f"The page has no field {name!r}.", where=page_id)
    return found[1]


def _add(total: Told, told: Told) -> None:
    for name in ("submissions", "pages", "requests", "tries_again", "sent_twice", "gave_up"):
        setattr(total, name, getattr(total, name) + getattr(told, name))
    total.refusals += told.refusals
    total.save_seconds += told.save_seconds
    total.latest_start_seconds = max(total.latest_start_seconds, told.latest_start_seconds)


def _read_ledger(path: Path) -> Iterator[Acknowledged]:
    with path.open(newline="", encoding="utf-8") as file:
        for response_id, page_id, key, answers in csv.reader(file, delimiter="\t"):
            yield Acknowledged(uuid.UUID(response_id), page_id, uuid.UUID(key), json.loads(answers))
