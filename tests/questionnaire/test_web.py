"""The service as a citizen meets it: real HTTP against a real process and a real database."""

import re
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime

import httpx
import pytest
from small_round import Citizen, Country, saved
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import transaction
from borgerpuls.questionnaire.web.attempts import ALLOWED
from borgerpuls.vault import vault

PREVIEWERS = [
    "facebookexternalhit/1.1", "WhatsApp/2.23", "Twitterbot/1.0", "Slackbot-LinkExpanding 1.0", "TelegramBot",
    "LinkedInBot/1.0", "Discordbot/2.0", "SkypeUriPreview", "Googlebot/2.1", "bingbot/2.0", "Applebot/0.1",
    "Iframely/1.3.1", "redditbot/1.0", "Pinterestbot/1.0", "Viber/13", "Snapchat URL preview", "YandexBot/3.0",
    "Mozilla/5.0 (iPhone) MessagesLinkPreview", "Android-Messages-Preview", "SafeLinks",
]  # fmt: skip


PHONE = "Mozilla/5.0 (iPhone) Mobile Safari"


class Browser:
    """A browser without scripts: keeps cookies, follows redirects, sends the forms it was shown."""

    def __init__(self, http: httpx.Client, agent: str) -> None:
        self.http = http
        self.http.headers["user-agent"] = agent
        self.here = httpx.Response(204)

    def open(self, path: str) -> httpx.Response:
        self.here = self.http.get(path)
        return self.here

    def fields(self) -> dict[str, list[str]]:
        """The hidden fields and what is ticked on the page shown."""
        found: dict[str, list[str]] = {}
        for tag in re.findall(r"<input[^>]*>", self.here.text):
            kept = 'type="hidden"' in tag or tag.rstrip(">").endswith(" checked")
            if kept:
                name, value = (re.search(f'{part}="([^"]*)"', tag)[1] for part in ("name", "value"))  # type: ignore[index]
                found.setdefault(name, []).append(value)
        return found

    def action(self) -> str:
        return re.search(r'<form method="post" action="([^"]+)"', self.here.text)[1]  # type: ignore[index]

    def send(self, **given: object) -> httpx.Response:
        self.here = self.http.post(self.action(), data={**self.fields(), **given})
        return self.here

    def start(self, citizen: Citizen) -> "Browser":
        self.open(f"/s/{citizen.token}")
        self.send()
        return self

    @property
    def page(self) -> str:
        return self.here.url.path.rsplit("/", 1)[-1]


NewBrowser = Callable[..., Browser]


@pytest.fixture
def new_browser(service: str) -> Iterator[Callable[..., Browser]]:
    """Gives browsers of their own, closed when the test is over."""
    with ExitStack() as opened:

        def new(agent: str = PHONE) -> Browser:
            return Browser(opened.enter_context(httpx.Client(base_url=service, follow_redirects=True)), agent)

        yield new


@pytest.fixture
def browser(new_browser: Callable[..., Browser]) -> Browser:
    return new_browser()


def rows_of_all_schemas() -> list[tuple[object, ...]]:
    from borgerpuls.database import engine

    tables = ("answers.form", "answers.answer", "answers.open_answer", "answers.page_save", "link.access")
    with engine("database_admin_url").connect() as connection:
        return [tuple(connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))) for table in tables]


def test_a_citizen_answers_from_link_to_receipt(country: Country, browser: Browser) -> None:
    citizen = country.add_form("aktivitetsparat", "kth_aktivitetsparat")
    browser.start(citizen)
    assert browser.page == "indledning"
    browser.send(status="afsluttet")
    assert "oplevede du at blive mødt med tillid" in browser.here.text
    browser.send(trust="5", situation="4")
    browser.send(goal="dk", coherence="1")
    browser.send(contact=["socialafdelingen", "andre"])
    browser.send(coop="3")
    browser.send(purpose="5")
    assert "de næste skridt i mit forløb" in browser.here.text
    browser.send(plan="2")
    browser.send(jobs="1", belief="1")
    browser.send(overall="4")
    browser.send(why="Fordi æøå <script>alert(1)</script>", better="")
    assert browser.page == "kvittering"
    assert "Du får ingen påmindelser" in browser.here.text
    kept = saved(citizen.response_id)
    assert kept["answers"] == {
        "status": ["afsluttet"], "trust": ["5"], "situation": ["4"], "goal": ["dk"], "coherence": ["1"],
        "contact": ["socialafdelingen", "andre"], "coop": ["3"], "purpose": ["5"], "plan": ["2"], "jobs": ["1"],
        "belief": ["1"], "overall": ["4"],
    }  # fmt: skip
    assert kept["texts"] == {"why": "Fordi æøå <script>alert(1)</script>"}
    assert kept["form"]["state"] == "completed"
    assert kept["form"]["revision"] == 10
    assert kept["form"]["device_class"] == "mobil"
    assert str(kept["form"]["completed_date"]) == "2023-08-23"
    assert "Du har allerede svaret" in browser.open(f"/s/{citizen.token}").text


def test_twenty_link_previews_change_no_row(country: Country, service: str) -> None:
    citizen = country.add_form()
    before = rows_of_all_schemas()
    for agent in PREVIEWERS:
        with httpx.Client(base_url=service, headers={"user-agent": agent}, follow_redirects=True) as preview:
            for path in (f"/s/{citizen.token}", "/", "/kode", "/side/indledning", "/kvittering", "/dine-svar"):
                assert preview.get(path).status_code in {200, 401}
                assert preview.head(path).status_code in {200, 401}
    assert len(PREVIEWERS) == 20
    assert rows_of_all_schemas() == before


def test_every_get_while_answering_changes_no_row(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    browser.send(status="igangvaerende")
    before = rows_of_all_schemas()
    for page in ("indledning", "moedet", "maal", "samtalen", "egne_ord", "findes_ikke"):
        browser.open(f"/side/{page}")
    assert rows_of_all_schemas() == before


def test_a_page_posted_twice_is_saved_once(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    fields = {**browser.fields(), "status": "igangvaerende"}
    first = browser.http.post("/side/indledning", data=fields)
    kept = saved(citizen.response_id)
    second = browser.http.post("/side/indledning", data=fields)
    assert first.url == second.url
    assert saved(citizen.response_id) == kept


def test_what_is_changed_on_a_browsers_own_copy_of_a_page_is_saved(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    fields = {**browser.fields(), "status": "igangvaerende"}
    browser.http.post("/side/indledning", data=fields)
    browser.http.post("/side/indledning", data={**fields, "status": "afsluttet"})
    assert 'value="afsluttet" checked' in browser.http.get("/side/indledning").text.replace(' id="status"', "")
    for _ in range(2):  # back again, and once more by a nervous finger
        browser.http.post("/side/indledning", data=fields)
    kept = saved(citizen.response_id)
    assert (kept["answers"], kept["form"]["revision"]) == ({"status": ["igangvaerende"]}, 3)


def test_the_same_page_posted_by_many_at_once_is_saved_once(country: Country, browser: Browser, service: str) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    fields = {**browser.fields(), "status": "igangvaerende"}
    cookies = dict(browser.http.cookies)

    def post(_: int) -> int:
        return httpx.post(f"{service}/side/indledning", data=fields, cookies=cookies).status_code

    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(post, range(24))) == {303}
    kept = saved(citizen.response_id)
    assert (kept["form"]["revision"], kept["pages"]) == (1, ["indledning"])


def test_another_device_goes_on_where_the_first_one_left(
    country: Country, browser: Browser, new_browser: NewBrowser
) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    browser.send(status="igangvaerende")
    browser.send(trust="2")
    other = new_browser("Mozilla/5.0 (X11; Linux x86_64)")
    assert "Velkommen tilbage" in other.open(f"/s/{citizen.token}").text
    other.send()
    assert other.page == "maal"
    assert 'name="trust" value="2" checked' in other.open("/side/moedet").text
    by_code = new_browser()
    by_code.open("/kode")
    by_code.send(kode=f" {citizen.code[:5].lower()}-{citizen.code[5:].lower()} ")
    assert by_code.page == "maal"


def test_going_back_keeps_what_was_ticked_on_the_page(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    browser.send(status="igangvaerende")
    browser.send(trust="4", retning="tilbage")
    assert browser.page == "indledning"
    assert saved(citizen.response_id)["answers"]["trust"] == ["4"]
    browser.send(status="afsluttet")
    assert browser.page == "moedet"
    assert 'name="trust" value="4" checked' in browser.here.text


def test_a_required_question_left_empty_is_said_on_the_page_and_nothing_is_saved(
    country: Country, browser: Browser
) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    assert browser.send().status_code == 422
    assert "Vælg et svar for at komme videre" in browser.here.text
    assert saved(citizen.response_id)["form"]["revision"] == 0


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("x" * 2001, "Teksten er 1 tegn for lang: den må højst fylde 2000."),
        ("æ" * 9000, "Teksten er 7000 tegn for lang: den må højst fylde 2000."),
    ],
)
def test_a_long_text_comes_back_to_be_shortened(country: Country, browser: Browser, value: str, problem: str) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    browser.start(citizen)
    browser.send(status="igangvaerende")
    for _ in range(5):
        browser.send()
    assert browser.page == "egne_ord"
    browser.send(why=value)
    assert browser.here.status_code == 422
    assert problem in browser.here.text
    assert value in browser.here.text
    assert saved(citizen.response_id)["texts"] == {}


@pytest.mark.parametrize("way", [{}, {"retning": "tilbage"}, {"sprog": "en"}])
def test_whichever_way_a_page_with_a_too_long_text_is_left_nothing_on_it_is_lost(
    country: Country, browser: Browser, new_browser: NewBrowser, way: dict[str, str]
) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    browser.start(citizen)
    browser.send(status="igangvaerende")
    for _ in range(5):
        browser.send()
    browser.send(why="Kort", retning="tilbage")
    browser.open("/side/egne_ord")
    long = "Langt " * 400
    browser.send(why=long, better="Mere tid", **way)
    assert browser.here.status_code == 422
    assert long.strip() + "</textarea>" in browser.here.text
    assert "Mere tid</textarea>" in browser.here.text
    over = str(len(long.strip()) - 2000)
    assert over in browser.here.text
    # What fits is on disk, and so is what was there before the text grew too long.
    assert saved(citizen.response_id)["texts"] == {"why": "Kort", "better": "Mere tid"}
    assert saved(citizen.response_id)["form"]["state"] == "started"
    elsewhere = new_browser()
    elsewhere.start(citizen)
    assert elsewhere.page == "egne_ord"
    # Shortened, it goes the way it was sent the first time.
    browser.send(why="Kortere", better="Mere tid", retning="tilbage")
    assert browser.page != "egne_ord"
    assert saved(citizen.response_id)["texts"] == {"why": "Kortere", "better": "Mere tid"}


def test_going_back_from_a_required_question_asks_for_no_answer_and_keeps_the_others(
    country: Country, browser: Browser
) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    assert browser.send(retning="tilbage").status_code == 200
    assert saved(citizen.response_id)["answers"] == {}
    browser.send(status="igangvaerende")
    assert browser.page == "moedet"


def test_bad_input_is_a_friendly_page_and_never_a_500(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    url, good = "/side/indledning", browser.fields()
    attempts: list[tuple[str, bytes | dict[str, object]]] = [
        (url, {**good, "status": "'; DROP TABLE answers.form; --"}),
        (url, {**good, "status": "\x00"}),
        (url, {**good, "noegle": "not-a-key"}),
        (url, {**good, "maerke": "forged"}),
        (url, {"status": "igangvaerende"}),
        (url, b"\xff\xfe%ff%00%zz&&&===" * 50),
        (url, b"status=" + b"x" * 100_000),
        (url, b"a=1&" * 5000),
        (url, b"status=igangvaerende&why=" + b"y" * 300_000),
        ("/side/../../etc/passwd", good),
        ("/side/%00", good),
        ("/start", {"adgang": "\x00", "sprog": "x" * 5000}),
        ("/kode", {"kode": "🙂" * 50}),
        ("/dine-svar", {"nummer": "\u202e12345"}),
        ("/dine-svar/slet", {"maerke": "forged"}),
        (url, {**good, "sprog": "//evil.example"}),
    ]
    for path, body in attempts:
        answer = browser.http.post(
            path, **({"content": body} if isinstance(body, bytes) else {"data": body}), follow_redirects=False
        )
        assert answer.status_code < 500, (path, answer.status_code)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/side/")
        else:
            assert "<h1>" in answer.text, path
    for path in (
        "/side/%F0%9F%99%82",
        "/s/" + "A" * 24,
        "/s/%00",
        "/findes-ikke",
        "/kode?sprog=%00",
        "/?sprog=" + "x" * 99,
    ):
        answer = browser.http.get(path)
        assert answer.status_code < 500, path
        assert "<h1>" in answer.text, path
    assert saved(citizen.response_id)["form"]["revision"] == 0


def test_a_forged_cookie_opens_nothing(country: Country, service: str, new_browser: NewBrowser) -> None:
    mine, other = country.add_form(), country.add_form()
    browser = new_browser().start(mine)
    cookie = browser.http.cookies["skema"]
    for forged in (
        cookie[:-4] + "AAAA",
        cookie.swapcase(),
        "",
        "x",
        "æ",
        cookie.replace(cookie[30:40], "A" * 10),
        str(other.response_id),
    ):
        answer = httpx.get(f"{service}/side/indledning", headers={"cookie": f"skema={forged}".encode()})
        assert answer.status_code == 401
        assert "Åbn linket igen" in answer.text
    # A page shown to one citizen cannot be sent as another's.
    mark = browser.fields()["maerke"]
    foreign = new_browser().start(other)
    assert foreign.send(maerke=mark, status="afsluttet").status_code == 409
    assert saved(other.response_id)["form"]["revision"] == 0


def test_an_answer_to_an_item_that_is_not_asked_is_ignored(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    browser.send(status="igangvaerende", employer="ja", overall="5")
    assert saved(citizen.response_id)["answers"] == {"status": ["igangvaerende"]}


def test_scripts_and_direction_marks_are_shown_as_text_or_not_at_all(country: Country, browser: Browser) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    browser.start(citizen)
    browser.send(status="igangvaerende")
    for _ in range(5):
        browser.send()
    browser.send(why="<script>alert(1)</script>\u202eslet\x00", retning="tilbage")
    page = browser.open("/side/egne_ord").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;slet" in page
    assert "<script>alert" not in page


def test_a_language_is_chosen_and_kept(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.open(f"/s/{citizen.token}?sprog=en")
    assert '<html lang="en">' in browser.here.text
    browser.send()
    assert "Are you currently attached to the job centre?" in browser.here.text
    browser.send(status="igangvaerende")
    assert saved(citizen.response_id)["form"]["language"] == "en"
    assert '<button class="quiet" form="siden" name="sprog" value="da"' in browser.here.text
    browser.send(sprog="da")
    assert "I hvilken grad oplever du" in browser.here.text
    assert browser.page == "moedet"
    assert saved(citizen.response_id)["form"]["language"] == "da"


def test_choosing_a_language_keeps_every_tick_and_word_on_the_page(country: Country, browser: Browser) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    browser.start(citizen)
    browser.send(status="igangvaerende")
    fields = {**browser.fields(), "trust": "4", "situation": "2", "sprog": "en"}
    for _ in range(2):  # twice by a nervous finger
        browser.here = browser.http.post("/side/moedet", data=fields)
    assert '<html lang="en">' in browser.here.text
    assert browser.page == "moedet"
    assert (browser.fields()["trust"], browser.fields()["situation"]) == (["4"], ["2"])
    kept = saved(citizen.response_id)
    assert (kept["form"]["revision"], kept["form"]["page_id"]) == (2, "moedet")  # here the citizen still is
    # The same answers sent on from the browser's own copy of the Danish page are no repetition: they lead on.
    browser.http.post("/side/moedet", data={name: value for name, value in fields.items() if name != "sprog"})
    browser.open("/side/maal")
    for _ in range(4):
        browser.send()
    assert browser.page == "egne_ord"
    browser.send(why="Fordi æøå", sprog="da")
    assert browser.page == "egne_ord"
    assert "Fordi æøå</textarea>" in browser.here.text
    assert saved(citizen.response_id)["form"]["state"] == "started"
    browser.send(why="x" * 2001, better="Mere tid", sprog="en")
    assert browser.here.status_code == 422
    assert "The text is too long by 1 (it can have at most 2000 characters)" in browser.here.text
    assert "x" * 2001 in browser.here.text
    assert "Mere tid</textarea>" in browser.here.text
    assert saved(citizen.response_id)["texts"] == {"why": "Fordi æøå", "better": "Mere tid"}
    browser.send(why="Fordi", better="Mere tid")
    assert "Thank you for your answers" in browser.here.text


def test_choosing_a_language_asks_for_no_answer_and_takes_none_away(country: Country, browser: Browser) -> None:
    citizen = country.add_form("sygedagpenge", "sygedagpenge")
    browser.start(citizen)
    browser.send(employer="ja", sprog="en")
    assert browser.here.status_code == 200
    assert "Choose an answer to go on" not in browser.here.text
    assert 'name="employer" value="ja" id="employer" checked' in browser.here.text
    assert saved(citizen.response_id)["answers"] == {"employer": ["ja"]}
    browser.open("/side/moedet")
    assert browser.page == "indledning"  # not passed
    assert browser.send().status_code == 422
    browser.send(status="afsluttet")
    assert browser.page == "moedet"
    browser.open("/side/indledning")
    without = {name: value for name, value in browser.fields().items() if name != "status"}
    browser.http.post("/side/indledning", data={**without, "sprog": "da"})
    assert saved(citizen.response_id)["answers"]["status"] == ["afsluttet"]


@pytest.mark.parametrize(
    ("language", "needed", "phone"),
    [
        ("da", "Siden skal bruge en cookie", "nummeret i brevet"),
        ("en", "The page needs a cookie", "number in the letter"),
    ],
)
def test_a_browser_that_refuses_cookies_is_told_so_in_its_language(
    country: Country, service: str, language: str, needed: str, phone: str
) -> None:
    citizen = country.add_form()
    for way, secret in (("/start", {"adgang": citizen.token}), ("/kode", {"kode": citizen.code})):
        sent = httpx.post(service + way, data={**secret, "sprog": language})
        shown = httpx.get(service + sent.headers["location"])
        assert shown.status_code == 401
        for words in (f'<html lang="{language}">', needed, phone):
            assert words in shown.text
        # With the cookie the address is clean: opened again after a long pause it says that, and not this.
        kept = httpx.get(service + sent.headers["location"], cookies=sent.cookies)
        assert (kept.status_code, kept.headers["location"]) == (303, "/side/indledning")
    assert needed not in httpx.get(f"{service}/side/indledning").text


def test_two_citizens_in_one_browser_are_told_whose_form_is_open(country: Country, browser: Browser) -> None:
    one, other = country.add_form(), country.add_form()
    browser.start(one)
    browser.send(status="igangvaerende")
    first_tab = {**browser.fields(), "trust": "2"}
    browser.start(other)
    refused = browser.http.post("/side/moedet", data=first_tab)
    assert refused.status_code == 409
    assert "Et andet skema er åbent" in refused.text
    assert "Gå tilbage" not in refused.text
    assert saved(other.response_id)["form"]["revision"] == 0
    browser.start(one)
    assert browser.page == "moedet"
    browser.send(trust="2")
    assert saved(one.response_id)["answers"] == {"status": ["igangvaerende"], "trust": ["2"]}


@pytest.mark.parametrize(
    ("path", "status", "danish", "english"),
    [
        ("/kvittering", 200, "Kvitteringen kan ikke vises", "The receipt cannot be shown"),
        ("/nope", 404, "Siden findes ikke", "There is no such page"),
        ("/side/moedet", 401, "Åbn linket igen", "Open the link again"),
    ],
)
def test_a_page_without_a_citizen_claims_nothing_and_speaks_the_language_asked_for(
    service: str, path: str, status: int, danish: str, english: str
) -> None:
    for asked, words in (("", danish), ("?sprog=da", danish), ("?sprog=en", english)):
        shown = httpx.get(service + path + asked)
        assert shown.status_code == status
        assert words in shown.text
        assert "allerede svaret" not in shown.text
        assert "already answered" not in shown.text


def test_the_privacy_page_names_the_cookies_that_are_set(country: Country, browser: Browser) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    was_set: set[str] = set()
    browser.http.event_hooks["response"] = [
        lambda answer: was_set.update(each.partition("=")[0] for each in answer.headers.get_list("set-cookie"))
    ]
    browser.start(citizen)
    browser.send(status="igangvaerende")
    browser.send(sprog="en")
    for _ in range(6):
        browser.send()
    assert browser.page == "kvittering"
    for language in ("da", "en"):
        named = re.findall("<li><strong>([a-z]+)</strong>", browser.open(f"/privatliv?sprog={language}").text)
        assert sorted(named) == sorted(was_set)


def test_ones_own_answers_are_shown_and_deleted_only_with_the_receipt_number(
    country: Country, browser: Browser, new_browser: NewBrowser
) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    browser.start(citizen)
    browser.send(status="igangvaerende")
    browser.send(trust="1")
    for _ in range(4):
        browser.send()
    browser.send(why="Mit svar")
    number = re.search(r'<p class="code">([^<]+)</p>', browser.here.text)[1]  # type: ignore[index]
    own = new_browser()
    own.open("/dine-svar")
    assert own.send(nummer=citizen.code).status_code == 422
    own.open("/dine-svar")
    own.send(nummer=number.lower())
    assert "Slet ikke" in own.here.text
    assert "Mit svar" in own.here.text
    own.send()
    assert "Dine svar er slettet" in own.here.text
    kept = saved(citizen.response_id)
    assert (kept["answers"], kept["texts"], kept["pages"]) == ({}, {}, [])
    assert kept["form"]["state"] == "deleted"
    assert "Dine svar er slettet" in browser.open(f"/s/{citizen.token}").text


def test_a_code_with_one_wrong_character_comes_back_to_be_mended(country: Country, browser: Browser) -> None:
    code = country.add_form().code
    mistyped = f'{code[:10]}{"1" if code[10] != "1" else "2"}" autofocus onfocus="x'
    browser.open("/kode")
    assert browser.send(kode=mistyped).status_code == 422
    assert f'value="{code[:10]}' in browser.here.text
    assert '" autofocus' not in browser.here.text


def test_wrong_codes_are_counted_and_the_link_still_works(country: Country, new_browser: NewBrowser) -> None:
    citizen = country.add_form()
    browser = new_browser()
    statuses = []
    for _ in range(ALLOWED + 1):
        browser.open("/kode")
        statuses.append(browser.send(kode="00000000000").status_code)
    earlier = ALLOWED - statuses.count(422)  # of the tests before, from the same address
    assert 0 <= earlier < 10
    assert statuses == [422] * (ALLOWED - earlier) + [429] * (1 + earlier)
    assert "Prøv igen om lidt" in browser.here.text
    assert new_browser().start(citizen).page == "indledning"


def test_every_answer_carries_the_headers_that_keep_it_private(country: Country, browser: Browser) -> None:
    citizen = country.add_form()
    browser.start(citizen)
    for path, cache in (
        ("/", "public, max-age=300"),
        ("/aegte", "public, max-age=300"),
        (f"/s/{citizen.token}", "no-store"),
        ("/side/indledning", "no-store"),
        ("/kode", "no-store"),
        ("/findes-ikke", "no-store"),
    ):
        headers = browser.http.get(path).headers
        assert headers["cache-control"] == cache, path
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
    cookie = browser.http.post("/start", data={"adgang": citizen.token}, follow_redirects=False).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_page_with_its_style_and_script_is_at_most_10_kb(country: Country, browser: Browser) -> None:
    citizen = country.add_form("aktivitetsparat", "kth_aktivitetsparat")
    browser.start(citizen)
    shared_bytes = sum(len(browser.http.get(f"/static/{name}").content) for name in ("form.css", "form.js"))
    sizes = {}
    for given in ({"status": "afsluttet"}, {}, {}, {"contact": "andre"}, {}, {}, {}, {}, {}, {}):
        sizes[browser.page] = len(browser.here.content) + shared_bytes
        browser.send(**given)
    for path in ("/", "/kode", "/aegte", "/privatliv", "/tilgaengelighed", "/dine-svar"):
        sizes[path] = len(browser.open(path).content) + shared_bytes
    assert len(sizes) == 16
    assert max(sizes.values()) <= 10_240, sizes


def test_nothing_in_the_database_opens_a_form(country: Country, service: str) -> None:
    """Whoever has a dump has hashes and ids; none of them, however spelt, is a way in."""
    from borgerpuls.database import engine

    country.add_form()
    with engine("database_admin_url").connect() as connection:
        rows = connection.execute(
            text(
                "SELECT l.response_id, l.token_hash, l.code_hash, f.receipt_hash FROM link.access l "
                "JOIN answers.form f USING (response_id) LIMIT 10"
            )
        ).fetchall()
    tried = 0
    with httpx.Client(base_url=service) as http:
        for value in [value for row in rows for value in row if value is not None]:
            for spelt in {
                value.hex() if isinstance(value, bytes) else str(value),
                str(value).replace("-", "")[:24].upper(),
            }:
                assert http.get(f"/s/{spelt}").status_code == 404
                assert http.post("/start", data={"adgang": spelt}).status_code == 404
                assert "set-cookie" not in http.post("/kode", data={"kode": spelt}).headers
                assert (
                    http.get("/side/indledning", cookies=None, headers={"cookie": f"skema={spelt}"}).status_code == 401
                )
                tried += 1
    assert tried > 20


def test_after_the_close_every_way_in_says_so(country: Country, new_browser: NewBrowser) -> None:
    country.open_round("2023-1", state="closed")
    closed = country.add_form(round_id="2023-1")
    browser = new_browser()
    assert "Undersøgelsen er lukket" in browser.open(f"/s/{closed.token}").text
    assert "Undersøgelsen er lukket" in browser.http.post("/start", data={"adgang": closed.token}).text
    open_tab = new_browser().start(country.add_form())
    finished = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    done = new_browser().start(finished)
    done.send(status="igangvaerende")
    for _ in range(6):
        done.send()
    clock.move_to(datetime(2023, 9, 19, 0, 1, tzinfo=COPENHAGEN))
    assert "Undersøgelsen er lukket" in open_tab.send(status="igangvaerende").text
    assert "Undersøgelsen er lukket" in open_tab.open("/side/indledning").text
    own = new_browser()
    own.open("/dine-svar")
    number = vault().receipt_number(finished.response_id)
    assert own.send(nummer=number).status_code in {200, 429}
    assert saved(finished.response_id)["form"]["state"] == "completed"


def test_a_link_of_a_round_that_is_forgotten_says_that_the_survey_is_closed(country: Country, service: str) -> None:
    """Its token is in no table any more: where no round takes answers that is why, else it may be."""
    from borgerpuls.database import engine

    old = f"{service}/s/{'0' * 24}"
    assert "fra en tidligere undersøgelse, som er lukket" in httpx.get(old).text
    with engine("database_admin_url").begin() as connection:
        before = connection.execute(text("SELECT round_id, state FROM rounds.round")).all()
        connection.execute(text("UPDATE rounds.round SET state = 'closed'"))
    try:
        said = httpx.get(old)
        assert said.status_code == 404
        assert "Undersøgelsen er lukket" in said.text
        assert "The survey is closed" in httpx.get(f"{old}?sprog=en").text
    finally:
        with engine("database_admin_url").begin() as connection:
            for round_id, state in before:
                connection.execute(
                    text("UPDATE rounds.round SET state = :s WHERE round_id = :r"), {"s": state, "r": round_id}
                )


def test_the_service_cannot_read_who_anybody_is(country: Country) -> None:
    from sqlalchemy.exc import ProgrammingError

    from borgerpuls.questionnaire.stage import questionnaire_transaction

    for table in ("identity.citizen", "frame.person", "sampling.sample", "fieldwork.message"):
        with pytest.raises(ProgrammingError, match="permission denied"), questionnaire_transaction() as connection:
            connection.execute(text(f"SELECT * FROM {table}"))
    with pytest.raises(ProgrammingError, match="permission denied"), questionnaire_transaction() as connection:
        connection.execute(text("SELECT link.response_id('\\x00', gen_random_uuid())"))


def test_the_answers_hold_no_identity_token_or_time_of_day(country: Country) -> None:
    with transaction("responses") as connection:
        columns = connection.execute(
            text(
                "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'answers'"
            )
        ).fetchall()
    assert len(columns) > 20
    names = {name for _, name, _ in columns}
    assert not names & {"person_id", "cpr", "name", "mobile", "phone", "address", "token", "token_hash", "code_hash"}
    assert not [kind for _, _, kind in columns if kind.startswith(("timestamp", "time"))]


def test_fifty_thousand_links_and_codes_never_meet() -> None:
    vault().make_round_key("2023-2")
    key = vault().round_key("2023-2")
    tokens, codes = set(), set()
    for number in range(50_000):
        person = uuid.UUID(int=number, version=4)
        tokens.add(key.link_token(person))
        codes.add(key.typed_code(person))
    assert len(tokens) == len(codes) == 50_000
