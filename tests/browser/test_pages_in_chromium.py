"""The citizens' pages in a real browser: axe, keyboard alone, large targets, small screens, no style."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest
from chromium import Chromium
from small_round import Country, saved

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.vault import vault

AXE = Path(__file__).with_name("axe.min.js")
AXE_SHA256 = "84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc"
WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# An answer to each page of an activity-ready citizen's path; the last page is left empty.
PATH = (
    "[value=igangvaerende]", "[name=trust][value='4']", "[name=goal][value=dk]", "[value=andre]",
    "[name=coop][value='2']", "[name=info][value='5']", "[name=plan][value='1']", "[name=jobs][value='3']",
    "[name=overall][value='5']", "",
)  # fmt: skip


def violations(chromium: Chromium) -> list[str]:
    chromium.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    run = f"axe.run(document, {{runOnly: {json.dumps(WCAG_AA)}}}).then(r => JSON.stringify(r.violations))"
    found = json.loads(chromium.evaluate(run))
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]


def tick(chromium: Chromium, selector: str) -> None:
    if selector:
        chromium.evaluate(f"document.querySelector({json.dumps(selector)}).click()")


def test_axe_is_the_file_it_was_when_it_was_taken() -> None:
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == AXE_SHA256


def test_axe_finds_a_planted_violation(chromium: Chromium) -> None:
    chromium.open("data:text/html,<html><body><img src=x><input></body></html>")
    found = {each.split(":")[0] for each in violations(chromium)}
    assert {"html-has-lang", "image-alt", "label"} <= found


def test_axe_finds_nothing_on_any_page_state(chromium: Chromium, country: Country, service: str) -> None:
    citizen = country.add_form("aktivitetsparat", "kth_aktivitetsparat")
    states: dict[str, list[str]] = {}

    def look(name: str) -> None:
        states[name] = violations(chromium)

    for path in ("/", "/aegte", "/privatliv", "/tilgaengelighed", "/kode", "/dine-svar"):
        for language in ("da", "en"):
            chromium.open(f"{service}{path}?sprog={language}")
            look(f"{path} {language}")
    for path, field in (("/kode", "kode"), ("/dine-svar", "nummer")):
        chromium.open(service + path)
        chromium.evaluate(f"document.getElementById('{field}').value = 'FORKERT'")
        chromium.click("main button")
        look(f"{path} wrong")
    for path in (
        "/findes-ikke",
        "/side/indledning",
        "/side/indledning?start=1&sprog=en",
        "/kvittering",
        "/s/" + "A" * 24,
    ):
        chromium.open(service + path)
        look(f"message {path}")
    chromium.open(f"{service}/s/{citizen.token}")
    look("start")
    chromium.click("main button")
    chromium.click("main button")
    look("required answer missing")
    for number, answer in enumerate(PATH, 1):
        look(f"page {number}")
        tick(chromium, answer)
        look(f"page {number} ticked")
        if number == len(PATH):
            chromium.evaluate("document.getElementById('why').value = 'x'.repeat(2001)")
            chromium.click("main button")
            look("text too long")
            chromium.evaluate("document.getElementById('why').value = 'Tak'")
        chromium.click("main button")
    look("receipt")
    chromium.open(f"{service}/s/{citizen.token}")
    look("already answered")
    chromium.open(f"{service}/dine-svar")
    number = vault().receipt_number(citizen.response_id)
    chromium.evaluate(f"document.getElementById('nummer').value = '{number}'")
    chromium.click("main button")
    look("own answers")
    chromium.click("main button")
    look("deleted")
    assert len(states) >= 40
    assert {state: found for state, found in states.items() if found} == {}
    assert saved(citizen.response_id)["form"]["state"] == "deleted"


def test_a_citizen_answers_with_the_keyboard_alone(chromium: Chromium, country: Country, service: str) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    chromium.open(f"{service}/s/{citizen.token}")
    for _ in range(9):
        for _ in range(40):
            chromium.press("Tab")
            here = chromium.evaluate(
                "[document.activeElement.tagName, document.activeElement.type || '', document.activeElement.checked]"
            )
            if here[1] == "radio" and not here[2]:
                chromium.press(" ")
            if here[0] == "BUTTON":
                break
        assert here[0] == "BUTTON"
        outline = chromium.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        chromium.press("Enter", leads_on=True)
        if chromium.evaluate("location.pathname") == "/kvittering":
            break
    kept = saved(citizen.response_id)
    assert kept["form"]["state"] == "completed"
    assert kept["answers"]["status"] == ["igangvaerende"]
    assert kept["answers"]["overall"] == ["5"]


def test_going_back_with_a_text_that_is_too_long_loses_nothing_on_a_small_screen(
    chromium: Chromium, country: Country, service: str
) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    chromium.size(320, 568)
    chromium.open(f"{service}/s/{citizen.token}")
    chromium.click("main button")
    tick(chromium, PATH[0])
    while chromium.evaluate("document.getElementById('why') === null"):
        chromium.click("main button")
    chromium.evaluate("document.getElementById('why').value = 'Fordi '.repeat(400)")
    chromium.evaluate("document.getElementById('better').value = 'Mere tid'")
    chromium.click("[value=tilbage]")
    assert chromium.evaluate("document.querySelector('[role=alert]').innerText").count("399 tegn for lang") == 1
    assert chromium.evaluate("document.getElementById('why').value.length") == 2399
    assert chromium.evaluate("document.getElementById('better').value") == "Mere tid"
    assert chromium.evaluate("document.documentElement.scrollWidth") <= 320
    assert chromium.evaluate("document.querySelector('[role=alert]').getBoundingClientRect().top") < 568
    assert violations(chromium) == []
    assert saved(citizen.response_id)["texts"] == {"better": "Mere tid"}
    chromium.evaluate("document.getElementById('why').value = 'Fordi'")
    chromium.click("[value=tilbage]")
    assert chromium.evaluate("document.getElementById('why') === null")
    assert saved(citizen.response_id)["texts"] == {"why": "Fordi", "better": "Mere tid"}
    chromium.size(390, 844)


def test_a_language_keeps_what_is_ticked_and_written_without_scripts(
    chromium: Chromium, country: Country, service: str
) -> None:
    citizen = country.add_form("job_uddannelsesparat", "ledighedsydelse")
    ticked = "[...document.querySelectorAll(':checked')].map(e => e.name + e.value)"
    chromium.command("Network.setBlockedURLs", urls=["*/static/form.js"])
    try:
        chromium.open(f"{service}/s/{citizen.token}")
        chromium.click("main button")
        tick(chromium, PATH[0])
        chromium.click("main button")
        for number, language in ((2, "en"), (4, "da")):
            tick(chromium, f"[name=trust][value='{number}']")
            tick(chromium, f"[name=situation][value='{number}']")
            chromium.click(f"footer [value={language}]")
            assert chromium.evaluate("document.documentElement.lang + location.pathname") == f"{language}/side/moedet"
            assert chromium.evaluate(ticked) == [f"trust{number}", f"situation{number}"]
        for _ in range(5):
            chromium.click("main button")
        chromium.evaluate("document.getElementById('why').value = 'Ord'")
        chromium.click("footer [value=en]")
        assert chromium.evaluate("document.getElementById('why').value") == "Ord"
        assert violations(chromium) == []
    finally:
        chromium.command("Network.setBlockedURLs", urls=[])
    assert saved(citizen.response_id)["texts"] == {"why": "Ord"}


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_targets_are_large_and_nothing_runs_off_the_screen(
    chromium: Chromium, country: Country, service: str, width: int
) -> None:
    citizen = country.add_form("aktivitetsparat", "kth_aktivitetsparat")
    chromium.size(width, 800)
    try:
        chromium.open(f"{service}/s/{citizen.token}")
        chromium.click("main button")
        measured = 0
        for answer in PATH:
            heights = chromium.evaluate(
                "[...document.querySelectorAll('button, .button, fieldset label, footer a, textarea')]"
                ".map(e => e.getBoundingClientRect()).map(r => Math.min(r.height, r.width))"
            )
            assert min(heights) >= 44
            assert chromium.evaluate("document.documentElement.scrollWidth <= innerWidth")
            measured += len(heights)
            tick(chromium, answer)
            chromium.click("main button")
        assert measured > 80
    finally:
        chromium.size(390, 844)


def test_a_page_reads_in_order_without_style(chromium: Chromium, country: Country, service: str) -> None:
    citizen = country.add_form()
    chromium.command("Network.setBlockedURLs", urls=["*/static/*"])
    try:
        chromium.open(f"{service}/s/{citizen.token}")
        chromium.click("main button")
        assert (
            chromium.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor")
            == "rgba(0, 0, 0, 0)"
        )
        shown = chromium.evaluate("document.body.innerText")
    finally:
        chromium.command("Network.setBlockedURLs", urls=[])
    parts = ["Side 1 af", "Er du aktuelt tilknyttet jobcentret?", "Ja", "Nej", "Næste", "Er beskeden ægte?"]
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)


def test_an_answer_that_stands_alone_unticks_the_others_where_scripts_run(
    chromium: Chromium, country: Country, service: str
) -> None:
    citizen = country.add_form("aktivitetsparat", "kth_aktivitetsparat")
    chromium.open(f"{service}/s/{citizen.token}")
    chromium.click("main button")
    for answer in PATH[:3]:
        tick(chromium, answer)
        chromium.click("main button")
    ticked = "[...document.querySelectorAll(':checked')].map(e => e.value)"
    tick(chromium, "[value=andre]")
    tick(chromium, "[value=socialafdelingen]")
    assert chromium.evaluate(ticked) == ["socialafdelingen", "andre"]
    tick(chromium, "[value=kun_jobcentret]")
    assert chromium.evaluate(ticked) == ["kun_jobcentret"]
    tick(chromium, "[value=andre]")
    assert chromium.evaluate(ticked) == ["andre"]


def test_the_page_of_a_closed_round_has_no_violation(chromium: Chromium, country: Country, service: str) -> None:
    citizen = country.add_form()
    clock.move_to(datetime(2023, 9, 19, 8, tzinfo=COPENHAGEN))
    chromium.open(f"{service}/s/{citizen.token}")
    assert chromium.evaluate("document.querySelector('h1').innerText") == "Undersøgelsen er lukket"
    assert violations(chromium) == []
