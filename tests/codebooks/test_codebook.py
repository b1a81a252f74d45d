"""The codebooks: what codes mean, when, and what happens to codes nobody knows."""

from datetime import date
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.codebooks import codebook as book
from borgerpuls.codebooks import placement, published
from borgerpuls.codebooks.municipalities import danish_sort_key, municipalities, municipality_name
from borgerpuls.errors import UnknownCode

PILOT = book.load_codebook("2023")
LATER = book.load_codebook("2024")
SPRING_2024 = date(2024, 3, 1)


def test_a_sick_person_in_a_job_clarification_course_changes_main_group_in_2024():
    codes = ("ressourceforloebsydelse", "jobafklaring", "6.7")
    assert placement.target_group_of(PILOT, *codes, date(2023, 8, 1)) == ("jobafklaring", "aktivitetsparat", 8)
    assert placement.target_group_of(LATER, *codes, SPRING_2024) == ("jobafklaring", "jobafklaring", 8)


def test_unemployment_benefit_requires_twelve_weeks_and_the_others_eight():
    table = placement.target_group_table(LATER)
    weeks = table.groupby("benefit")["min_weeks"].agg(["min", "max"])
    assert (weeks.loc["dagpenge"] == 12).all()
    assert (weeks.drop(index="dagpenge") == 8).all(axis=None)


@pytest.mark.parametrize("codebook", [PILOT, LATER], ids=["2023", "2024"])
def test_the_benefit_and_the_section_6_code_agree_on_the_main_group_wherever_both_are_given(codebook):
    table = placement.target_group_table(codebook)
    both = table[table["lab_code"] != ""].merge(
        placement._lab_codes(codebook, codebook.valid_from), left_on="lab_code", right_on="lab_kode", how="left"
    )
    assert len(both) > 20
    assert (both["target_group_x"] == both["target_group_y"]).all()
    assert set(table["target_group"]) == {group.code for group in codebook.target_groups}
    assert set(table["subgroup"]) == set(placement.subgroup_table(codebook)["subgroup"])
    assert not table.duplicated(["benefit", "visitation", "lab_code"]).any()


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        (("folkepension", None, "6.1"), "'folkepension' is unknown"),
        (("dagpenge", None, "7.7"), "'7.7' is not valid"),
        (("kontanthjaelp", "rask", "6.2"), "'rask' is unknown"),
        (("kontanthjaelp", "jobparat", "6.3"), "do not belong together"),
        (("kontanthjaelp", None, None), "do not suffice"),
    ],
)
def test_an_unknown_code_is_named_and_never_given_a_group(codes, named):
    with pytest.raises(UnknownCode, match=named):
        placement.target_group_of(LATER, *codes, SPRING_2024)


def test_a_shifted_column_does_not_leak_a_person_into_the_message():
    shifted = pd.DataFrame({"benefit": ["Anna Eksempel"], "visitation": ["x"], "lab_code": ["6.1"]})
    problem = placement.assign_target_groups(shifted, LATER, SPRING_2024)["problem"].iloc[0]
    assert problem == "ydelse_kode (a text that is no code) is unknown."


def test_a_known_group_outside_the_survey_is_neither_placed_nor_a_problem():
    assert placement.target_group_of(LATER, "kontanthjaelp", None, "6.10", SPRING_2024) == placement.Membership(
        None, None, None
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*sorted(placement.benefit_codes()), "ukendt"]),
            st.sampled_from([*sorted(placement.visitation_codes()), "", None]),
            st.sampled_from(["6.1", "6.2", "6.7", "6.10", "9.9", "", None]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_person_is_placed_or_outside_or_a_named_problem(rows):
    codes = pd.DataFrame(rows, columns=["benefit", "visitation", "lab_code"]).astype("str")
    result = placement.assign_target_groups(codes, LATER, SPRING_2024)
    assert list(result.index) == list(codes.index)
    placed = result["target_group"] != ""
    assert not (placed & (result["problem"] != "")).any()
    for row, problem in zip(rows, result["problem"], strict=True):
        if row[0] == "ukendt" and row[2] != "6.10":
            assert problem


def test_the_codebook_of_a_day_is_the_one_valid_then():
    assert book.codebook_valid_at(date(2023, 8, 1)) is PILOT
    assert book.codebook_valid_at(date(2030, 1, 1)) is LATER
    with pytest.raises(UnknownCode, match="The first codebook starts 2023-01-01"):
        book.codebook_valid_at(date(2022, 12, 31))


def test_duration_and_age_groups_have_no_gap_and_their_bounds_are_those_of_the_labels():
    days = pd.Series([0, 181, 182, 364, 365, 730, 731, 9000])
    assert list(PILOT.duration_codes(days)) == [
        *["under_26_uger"] * 2,
        *["26_52_uger"] * 2,
        *["1_2_aar"] * 2,
        *["over_2_aar"] * 2,
    ]
    assert list(PILOT.age_group_codes(pd.Series([18, 29, 30, 49, 50]))) == [
        "under_30",
        "under_30",
        "30_49",
        "30_49",
        "50_plus",
    ]
    for groups in (PILOT.durations, LATER.durations):
        assert all(g.to_days + 1 == after.from_days for g, after in pairwise(groups))
    for groups in (PILOT.age_groups, LATER.age_groups):
        assert all(g.to_age + 1 == after.from_age for g, after in pairwise(groups))
    with pytest.raises(UnknownCode, match="1 values missing or below 0"):
        PILOT.duration_codes(pd.Series([-1, 3]))


@pytest.mark.parametrize("codebook", [PILOT, LATER], ids=["2023", "2024"])
def test_the_codebook_is_consistent_with_itself(codebook):
    codes = [group.code for group in codebook.target_groups]
    assert sorted(codes) == sorted(codebook.collapse_order)
    assert [codes[number] for number in codebook.collapse_numbers] == list(codebook.collapse_order)
    items = [item for category in codebook.categories for item in category.items]
    assert len(items) == len(set(items))
    for crosswalk in codebook.crosswalks:
        older = book.load_codebook(crosswalk.to_version)
        assert set(crosswalk.target_groups) <= set(codes)
        assert set(crosswalk.target_groups.values()) <= {group.code for group in older.target_groups}


def test_the_labels_are_those_the_pilot_printed():
    printed = published.pilot_2023()
    for variable, column in [
        ("sex", "sex"),
        ("age_group", "age"),
        ("duration", "duration"),
        ("status", "status"),
        ("target_group", "target_group"),
    ]:
        of_trust = printed[(printed["question_id"] == "trust") & (printed["subgroup_var"] == column)]
        assert sorted(of_trust["subgroup"]) == sorted(PILOT.labels(variable).values())
    assert set(printed["question_id"]) == {item for c in PILOT.categories for item in c.items}


def test_there_are_98_municipalities_in_danish_order_with_aalborg_after_aeroe():
    table = municipalities()
    names = list(table["name"])
    assert len(table) == 98
    assert table["municipality_code"].str.fullmatch(r"\d{4}").all()
    assert table["municipality_code"].is_unique
    assert table["cvr"].is_unique
    assert int(table["is_pilot_2023"].sum()) == 13
    assert names[-4:] == ["Ærø", "Aabenraa", "Aalborg", "Aarhus"]
    assert names.index("Furesø") < names.index("Faaborg-Midtfyn") < names.index("Gentofte")
    assert names.index("Sønderborg") < names.index("Thisted")
    assert municipality_name("0851") == municipality_name("851") == "Aalborg"
    with pytest.raises(UnknownCode, match="0411"):
        municipality_name("0411")
    assert sorted(["Å", "Z", "ø", "æ", "aa", "É", "F"], key=danish_sort_key)[:2] == ["É", "F"]


def test_a_published_table_of_every_name_can_be_read_from_the_package():
    counts = {
        "pilot_2023": 203,
        "pilot_2023_shares": 11,
        "pilot_2023_contacts": 5,
        "pilot_2023_contacts_by_duration": 20,
        "pilot_2023_weighting_example": 5,
        "pilot_2023_representativity": 10,
        "bdo_2023_group_scores": 60,
        "bdo_2023_response_rates": 14,
        "norddjurs_h2_2025": 7,
        "source_errors": 23,
    }
    assert {name: len(getattr(published, name)()) for name in counts} == counts
