"""Who is asked what: every path of every instrument, and one miniature per feature."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from miniatures import item, miniature, page, single, text

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.routing import (
    Background,
    asked_items,
    asked_pages,
    next_page,
    paths,
    previous_page,
    wording,
)
from borgerpuls.questionnaire.versions import instrument_versions, load_instrument, read_instrument

PILOT = load_instrument("2023")


def asked(background: Background, answers: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    return [each.item_id for each in asked_items(PILOT, background, answers or {})]


@pytest.mark.parametrize("version", instrument_versions())
def test_every_path_walks_to_the_end_and_shows_each_asked_item_once(version: str) -> None:
    instrument = load_instrument(version)
    walked = 0
    for path in paths(instrument):
        shown: list[str] = []
        here = next_page(instrument, path.background, path.answers, None)
        before = None
        while here is not None:
            assert previous_page(instrument, path.background, path.answers, here) == before
            pages = {p.page_id: items for p, items in asked_pages(instrument, path.background, path.answers)}
            assert 1 <= len(pages[here]) <= 3
            shown += [each.item_id for each in pages[here]]
            before, here = here, next_page(instrument, path.background, path.answers, here)
        assert tuple(shown) == path.asked
        assert shown[-1] == "better"
        walked += 1
    assert walked == {"2023": 43, "2024": 43}[version]


@pytest.mark.parametrize("version", instrument_versions())
def test_the_questionnaire_asks_whom_the_codebook_says(version: str) -> None:
    """The codebook's bases are those of the figures: what a group is asked on some path, and only that, counts it in."""
    instrument, codebook = load_instrument(version), load_codebook(version)
    asked: dict[str, set[str]] = {}
    for path in paths(instrument):
        for item_id in path.asked:
            asked.setdefault(item_id, set()).add(path.background.target_group)
    everybody = set(codebook.labels("target_group"))
    assert set(instrument.groups) == everybody
    counted = [item.item_id for item in instrument.items if item.kind in ("scale", "multi") and not item.slot]
    assert {item for category in codebook.categories for item in category.items} <= set(counted)
    assert set(codebook.item_target_groups) <= set(counted)
    for item_id in counted:
        assert asked[item_id] == set(codebook.item_target_groups.get(item_id, everybody)), item_id


def test_a_person_in_job_clarification_is_asked_what_she_was_asked_as_ready_for_activity() -> None:
    before = {path.asked for path in paths(PILOT) if path.background.subgroup == "jobafklaring"}
    after = {path.asked for path in paths(load_instrument("2024")) if path.background.subgroup == "jobafklaring"}
    assert before == after


def test_the_pilots_routing_by_hand() -> None:
    employed = asked(Background("sygedagpenge", "sygedagpenge"), {"employer": ("ja",)})
    unemployed = asked(Background("sygedagpenge", "sygedagpenge"), {"employer": ("nej",)})
    assert "jobs" not in employed
    assert "jobs" in unemployed
    assert "employer" not in asked(Background("dagpenge", "dagpenge"))
    assert {"closer", "jobs"} <= set(asked(Background("dagpenge", "dagpenge")))
    assert "belief" not in asked(Background("dagpenge", "dagpenge"))
    active = Background("aktivitetsparat", "kth_aktivitetsparat")
    assert "coop" not in asked(active)
    assert "coop" not in asked(active, {"contact": ("kun_jobcentret",)})
    assert "coop" in asked(active, {"contact": ("andre",)})
    assert "contact" not in asked(Background("sygedagpenge", "sygedagpenge"), {"contact": ("andre",)})


@pytest.mark.parametrize(
    ("subgroup", "group", "ending"),
    [
        ("dagpenge", "dagpenge", "min videre jobsøgning"),
        ("sho_jobparat", "job_uddannelsesparat", "min videre jobsøgning"),
        ("udh_uddannelsesparat", "job_uddannelsesparat", "min videre uddannelsessøgning"),
        ("sygedagpenge", "sygedagpenge", "de næste skridt i mit forløb"),
        ("ressourceforloeb", "aktivitetsparat", "de næste skridt i mit forløb"),
        ("ledighedsydelse", "job_uddannelsesparat", None),
    ],
)
def test_the_plan_is_asked_in_the_words_of_ones_own_group(subgroup: str, group: str, ending: str | None) -> None:
    background = Background(group, subgroup)
    if ending is None:
        assert "plan" not in asked(background)
    else:
        assert wording(PILOT, PILOT.item("plan"), background, {})["da"].endswith(ending)


def test_an_ended_course_is_asked_about_in_the_past_tense() -> None:
    background = Background("dagpenge", "dagpenge")
    flipped = 0
    for each in asked_items(PILOT, background, {}):
        now = wording(PILOT, each, background, {"status": ("igangvaerende",)})
        then = wording(PILOT, each, background, {"status": ("afsluttet",)})
        assert (now == each.present, then == each.past) == (True, True) or each.variants
        flipped += now != then
    assert flipped == 7


@given(
    employer=st.sampled_from([(), ("ja",), ("nej",)]),
    contact=st.lists(st.sampled_from(PILOT.item("contact").codes), unique=True),
    group=st.sampled_from([(g, s) for g, subgroups in PILOT.groups.items() for s in subgroups]),
)
@settings(max_examples=50, deadline=None)
def test_answers_to_items_that_are_not_asked_change_nothing(employer, contact, group) -> None:
    background = Background(*group)
    everything = {"employer": employer, "contact": tuple(contact)}
    once = asked_items(PILOT, background, everything)
    kept = {each.item_id: everything[each.item_id] for each in once if each.item_id in everything}
    assert asked_items(PILOT, background, kept) == once


def chain(*visible: object) -> Instrument:
    pages = [page("p0", single("a", "ja", "nej"))]
    pages += [page(f"p{number}", item(f"i{number}", visible_if=rule)) for number, rule in enumerate(visible, 1)]
    return read_instrument(miniature(*pages))


@pytest.mark.parametrize(
    ("rule", "with_yes", "with_no", "with_nothing"),
    [
        ({"a": ["ja"]}, True, False, False),
        ({"not": {"a": ["ja"]}}, False, True, True),
        ({"any": [{"a": ["ja"]}, {"target_group": ["dagpenge"]}]}, True, True, True),
        ({"all": [{"a": ["nej"]}, {"target_group": ["dagpenge"]}]}, False, True, False),
    ],
)
def test_each_kind_of_condition_in_miniature(rule: object, with_yes: bool, with_no: bool, with_nothing: bool) -> None:
    instrument = chain(rule)
    person = Background("dagpenge", "dagpenge")
    seen = [
        "i1" in [each.item_id for each in asked_items(instrument, person, answers)]
        for answers in ({"a": ("ja",)}, {"a": ("nej",)}, {})
    ]
    assert seen == [with_yes, with_no, with_nothing]


def test_a_changed_answer_closes_everything_that_hung_on_it() -> None:
    instrument = read_instrument(
        miniature(
            page("p", single("a", "ja", "nej")),
            page("q", single("b", "ja", visible_if={"a": ["ja"]})),
            page("r", item("c", visible_if={"b": ["ja"]})),
        )
    )
    person = Background("dagpenge", "dagpenge")
    assert [i.item_id for i in asked_items(instrument, person, {"a": ("ja",), "b": ("ja",)})] == ["a", "b", "c"]
    assert [i.item_id for i in asked_items(instrument, person, {"a": ("nej",), "b": ("ja",)})] == ["a"]


def test_a_variant_gives_wording_and_decides_who_is_asked() -> None:
    variants = [{"id": "v", "visible_if": {"target_group": ["dagpenge"]}, "text": text("Til dig")}]
    with_variants = {"id": "a", "type": "scale", "scale": "grad", "variants": variants}
    instrument = read_instrument(miniature(page("p", with_variants), page("q", item("b"))))
    person = Background("dagpenge", "dagpenge")
    assert wording(instrument, instrument.item("a"), person, {})["da"] == "Til dig"
    other = Background("sygedagpenge", "sygedagpenge")
    assert [i.item_id for i in asked_items(instrument, other, {})] == ["b"]
