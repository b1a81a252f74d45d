"""Category scores by the codebook's rule, indices, and target groups across codebooks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.codebooks import published
from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.codebooks.placement import subgroup_table
from borgerpuls.errors import CodeIsOutOfRange, ColumnIsMissing, UnknownCode
from borgerpuls.estimation import categories
from borgerpuls.estimation.estimates import BROKEN_OFF, DONT_KNOW, NOT_ASKED

ITEMS = ("trust", "situation", "listen")


def test_a_score_needs_half_of_the_items_asked_by_hand():
    answers = pd.DataFrame(
        [
            [5, 4, 3],  # all valid: 4
            [5, 4, DONT_KNOW],  # two of three: 4.5
            [5, DONT_KNOW, None],  # one of three: too few
            [5, DONT_KNOW, NOT_ASKED],  # one of two: enough
            [NOT_ASKED, NOT_ASKED, NOT_ASKED],
            [5, BROKEN_OFF, BROKEN_OFF],
            [None, DONT_KNOW, DONT_KNOW],
        ],
        columns=list(ITEMS),
    )
    result = categories.score_items(answers, ITEMS, minimum_valid_share=0.5)
    assert list(result["score"].fillna(-9)) == [4.0, 4.5, -9, 5.0, -9, -9, -9]
    assert list(result["valid_n"]) == [3, 2, 1, 1, 0, 1, 0]
    assert list(result["asked_n"]) == [3, 3, 3, 2, 0, 3, 3]
    assert list(result["outcome"]) == [
        *("valid", "valid", "dont_know", "valid"),
        *("not_asked", "broken_off", "dont_know"),
    ]


def test_an_answer_to_an_item_the_person_was_not_asked_does_not_count():
    answers = pd.DataFrame({"trust": [5, 5], "situation": [1, 1], "listen": [1, 1]})
    asked = pd.DataFrame({"trust": [True, True], "situation": [True, False], "listen": [True, False]})
    result = categories.score_items(answers, ITEMS, minimum_valid_share=0.5, asked=asked)
    assert list(result["score"]) == [pytest.approx(7 / 3), 5.0]


def test_cooperation_is_part_of_goals_in_2023_and_a_category_of_its_own_from_2024():
    answers = pd.DataFrame({item: [3] for c in load_codebook("2023").categories for item in c.items}) + 0
    answers["coop"] = NOT_ASKED
    pilot = categories.score_categories(answers, load_codebook("2023"))
    later = categories.score_categories(answers, load_codebook("2024"))
    assert len(pilot) == 5
    assert len(later) == 6
    assert pilot["maal_og_aktiviteter"]["asked_n"].iloc[0] == 2
    assert later["samarbejde_paa_tvaers"]["outcome"].iloc[0] == "not_asked"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([1, 2, 3, 4, 5, DONT_KNOW, NOT_ASKED, BROKEN_OFF]), min_size=3, max_size=3),
        min_size=1,
        max_size=20,
    )
)
def test_every_person_has_a_score_between_their_answers_or_a_reason_for_none(rows):
    answers = pd.DataFrame(rows, columns=list(ITEMS))
    result = categories.score_items(answers, ITEMS, minimum_valid_share=0.5)
    has = result["outcome"] == "valid"
    assert (has == result["score"].notna()).all()
    valid = answers.where(answers > 0)
    assert (result.loc[has, "score"] >= valid[has].min(axis=1)).all()
    assert (result.loc[has, "score"] <= valid[has].max(axis=1)).all()
    assert (2 * result.loc[has, "valid_n"] >= result.loc[has, "asked_n"]).all()
    none = result["outcome"] == "not_asked"
    assert (none == (answers == NOT_ASKED).all(axis=1)).all()


def test_a_code_that_is_no_answer_and_a_missing_item_are_named():
    with pytest.raises(CodeIsOutOfRange, match="'trust' has 1 values outside 1-5"):
        categories.score_items(pd.DataFrame({"trust": [6, 3]}), ["trust"], minimum_valid_share=0.5)
    with pytest.raises(ColumnIsMissing, match="'listen' has no column"):
        categories.score_items(pd.DataFrame({"trust": [1]}), ["trust", "listen"], minimum_valid_share=0.5)


def answers_by_bdo_group():
    """Answers of BDO's annex 1, added up to the six groups of its annex 2."""
    n = published.bdo_2023_response_rates().set_index("maalgruppe")["svar"]
    groups = {
        "DP": ["Dagpengemodtagere"],
        "KTH/JP": ["Kontanthjælpsmodtagere (jobparate)"],
        "KTH/AP/RESS": ["Kontanthjælpsmodtagere (aktivitetsparate)", "Rehabilitender"],
        "LY": ["Ledighedsydelsesmodtagere"],
        "SDP/JAF": ["Sygedagpengemodtagere", "Borgere i jobafklaring"],
        "UDH": [name for name in n.index if name.startswith(("Uddannelseshjælp", "Overgangsydelse"))],
    }
    return {group: int(n[names].sum()) for group, names in groups.items()}


def test_the_published_bdo_score_agrees_with_its_published_shares_and_falls_with_themes_4_and_5_as_printed():
    index = categories.load_index("bdo_2023")
    assert len(index.items) == 4
    # Figures 3.1-3.3 with the group scores of the four items are pictures in the source. What it does print:
    # 69, 72 and 66 % agree with three of them and 14 % disagree with the first, which bounds the score ...
    lowest, highest = (
        np.mean([share * a + (1 - share) * b for share in (0.69, 0.72, 0.66)]) for a, b in [(4, 1), (5, 3)]
    )
    assert lowest < index.published_score < highest
    # ... and "if themes 4 and 5 are included the score will be lower", whose group scores are printed.
    answers = answers_by_bdo_group()
    assert sum(answers.values()) == 624
    digital_and_rooms = categories.index_from_group_scores(published.bdo_2023_group_scores(), answers)
    assert round(digital_and_rooms, 2) == 3.09
    assert digital_and_rooms < index.published_score < index.goal


def test_an_index_from_group_scores_is_weighted_by_answers_by_hand():
    scores = pd.DataFrame({"item": ["a", "a", "b", "b"], "group": ["x", "y", "x", "y"], "score": [4.0, 3.0, 5.0, 2.0]})
    assert categories.index_from_group_scores(scores, {"x": 30, "y": 10}) == pytest.approx((3.75 + 4.25) / 2)
    with pytest.raises(UnknownCode, match="Groups without answers: y"):
        categories.index_from_group_scores(scores, {"x": 30})
    with pytest.raises(UnknownCode, match="items without a group: b"):
        categories.index_from_group_scores(scores.iloc[:3], {"x": 30, "y": 10})


def test_five_target_groups_become_the_four_of_the_pilot_and_back_through_subgroups():
    later, pilot = load_codebook("2024"), load_codebook("2023")
    five = pd.Series([group.code for group in later.target_groups])
    four = categories.cross_target_groups(five, later, "2023")
    assert list(four) == ["dagpenge", "sygedagpenge", "job_uddannelsesparat", "aktivitetsparat", "aktivitetsparat"]
    subgroup = subgroup_table(pilot)["subgroup"]
    through = categories.cross_target_groups(categories.target_groups_from_subgroups(subgroup, later), later, "2023")
    assert list(through) == list(categories.target_groups_from_subgroups(subgroup, pilot))
    with pytest.raises(UnknownCode, match="'fleksjob'"):
        categories.cross_target_groups(pd.Series(["fleksjob"]), later, "2023")
    with pytest.raises(UnknownCode, match="crosswalk to version '2024'"):
        categories.cross_target_groups(five[:4], pilot, "2024")


def test_what_changed_its_meaning_is_not_compared_across_codebooks():
    groups, codes = categories.comparable_codes(load_codebook("2024"), load_codebook("2023"))
    assert groups == ("dagpenge", "sygedagpenge", "job_uddannelsesparat")
    assert codes == ("overordnet", "moedet", "samtalen", "progression")
    same = categories.comparable_codes(load_codebook("2024"), load_codebook("2024"))
    assert len(same[0]) == 5
    assert len(same[1]) == 6
