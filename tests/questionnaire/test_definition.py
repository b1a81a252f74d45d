"""An instrument is checked when it is loaded, and every error says where."""

import pytest
from miniatures import item, miniature, page, single, text

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.codebooks.files import read_table
from borgerpuls.errors import (
    InstrumentIsIncomplete,
    InstrumentIsUnreadable,
    ItemAppearsTwice,
    RoutingLooksAhead,
    RoutingRunsInCircles,
    ScaleIsUnknown,
    TenseIsMissing,
    UnknownQuestionnaire,
)
from borgerpuls.questionnaire.versions import instrument_versions, load_instrument, read_instrument


def test_the_pilots_instrument_asks_its_items_in_the_printed_order() -> None:
    assert [each.item_id for each in load_instrument("2023").items] == (
        [
            "status",
            "employer",
            "trust",
            "situation",
            "listen",
            "goal",
            "coherence",
            "contact",
            "coop",
            "purpose",
            "prepared",
            "info",
            "plan",
            "jobs",
            "closer",
            "belief",
            "overall",
            "why",
            "better",
        ]
    )


def test_the_printed_wording_is_kept_letter_by_letter(shared) -> None:
    import yaml

    facts = yaml.safe_load((shared / "facts" / "questionnaire.yaml").read_text("utf-8"))
    instrument = load_instrument("2023")
    compared = 0
    for question in facts["questions"]:
        if question["id"] in {"plan", "local1-3"}:
            continue
        found = instrument.item(question["id"])
        present = question.get("present") or question["text"]
        assert found.present["da"] == present
        assert found.past["da"] == question.get("past", present)
        compared += 1
    for scale, labels in facts["scales"].items():
        options = next(each.options for each in instrument.items if each.scale == scale)
        assert {str(code): label for code, label in labels.items()} == {o.code: o.text["da"] for o in options}
        compared += 1
    assert compared == 21


@pytest.mark.parametrize("version", instrument_versions())
def test_instrument_and_codebook_place_the_same_subgroups_in_the_same_groups(version: str) -> None:
    table = read_table("survey_subgroups.csv")
    instrument = load_instrument(version)
    column = f"hovedgruppe_{load_codebook(version if version == '2023' else '2024').version}"
    assert {(s, g) for g, subgroups in instrument.groups.items() for s in subgroups} == set(
        zip(table["undergruppe"], table[column], strict=True)
    )


def test_a_page_shows_at_most_three_items() -> None:
    four = page("p", *(item(f"i{number}") for number in range(4)))
    with pytest.raises(InstrumentIsIncomplete, match=r"page 'p': A page shows 1 to 3 items, this one has 4"):
        read_instrument(miniature(four), "mini.yaml")


def test_an_unknown_scale_is_named_with_its_item() -> None:
    with pytest.raises(
        ScaleIsUnknown, match=r"mini.yaml, page 'p', item 'a': The scale 'humør' is not defined. Use grad"
    ):
        read_instrument(miniature(page("p", item("a", scale="humør"))), "mini.yaml")


@pytest.mark.parametrize(("given", "missing"), [("present", "past"), ("past", "present")])
def test_one_tense_without_the_other_is_refused(given: str, missing: str) -> None:
    half = {"id": "a", "type": "scale", "scale": "grad", given: text("Oplever du?")}
    with pytest.raises(TenseIsMissing, match=f"item 'a': The wording has no {missing} tense"):
        read_instrument(miniature(page("p", half)), "mini.yaml")


def test_an_id_used_twice_is_refused() -> None:
    with pytest.raises(ItemAppearsTwice, match="item id 'a' is used 2 times"):
        read_instrument(miniature(page("p", item("a")), page("q", item("a"))), "mini.yaml")
    with pytest.raises(ItemAppearsTwice, match="page id 'p' is used 2 times"):
        read_instrument(miniature(page("p", item("a")), page("p", item("b"))), "mini.yaml")


def test_conditions_that_need_each_other_are_refused() -> None:
    first = single("a", "ja", visible_if={"b": ["ja"]})
    second = single("b", "ja", visible_if={"a": ["ja"]})
    with pytest.raises(RoutingRunsInCircles, match="a → b → a"):
        read_instrument(miniature(page("p", first), page("q", second)), "mini.yaml")


def test_a_condition_on_the_same_or_a_later_page_is_refused() -> None:
    with pytest.raises(RoutingLooksAhead, match="item 'a': It depends on 'b'"):
        read_instrument(miniature(page("p", single("b", "ja"), item("a", visible_if={"b": ["ja"]}))), "mini.yaml")


def test_an_item_nobody_can_be_asked_is_refused() -> None:
    never = {"all": [{"target_group": ["dagpenge"]}, {"target_group": ["sygedagpenge"]}]}
    with pytest.raises(InstrumentIsIncomplete, match="item 'a': No citizen can ever be asked this"):
        read_instrument(miniature(page("p", item("a", visible_if=never), item("b"))), "mini.yaml")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"target_group": ["pension"]}, "names 'pension', which it never is"),
        ({"ghost": ["ja"]}, "looks at 'ghost', which is no item"),
        ({"target_group": "dagpenge"}, "must be a list that is not empty"),
        ({"target_group": ["dagpenge"], "subgroup": ["dagpenge"]}, "A condition is one comparison"),
        ("__import__('os')", "A table was expected here"),
    ],
)
def test_a_condition_that_cannot_be_decided_is_refused(condition: object, message: str) -> None:
    with pytest.raises(InstrumentIsUnreadable, match=message):
        read_instrument(miniature(page("p", item("a", visible_if=condition))), "mini.yaml")


def test_a_text_without_a_language_is_refused_with_its_place() -> None:
    with pytest.raises(InstrumentIsIncomplete, match=r"item 'a': The text is missing in en"):
        read_instrument(miniature(page("p", item("a", text={"da": "Kun dansk?"}))), "mini.yaml")


def test_a_misspelt_key_is_refused() -> None:
    with pytest.raises(InstrumentIsUnreadable, match="'visble_if' is not known here"):
        read_instrument(miniature(page("p", item("a", visble_if={"target_group": ["dagpenge"]}))), "mini.yaml")


def test_broken_yaml_names_the_line() -> None:
    with pytest.raises(InstrumentIsUnreadable, match=r"mini.yaml, line 3: The file is not YAML"):
        read_instrument("a: 1\nb: [\n", "mini.yaml")


def test_an_unknown_version_names_those_there_are() -> None:
    with pytest.raises(UnknownQuestionnaire, match=r"no questionnaire version '1999'. Use 2023"):
        load_instrument("1999")
