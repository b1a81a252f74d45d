"""Response rates by AAPOR: the number says what it counts."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import UnknownCode
from borgerpuls.responses.rates import RATES, count_classes, disposition_class, response_rates
from borgerpuls.terms import Disposition


def rates_of(codes, by=None):
    return response_rates(count_classes(pd.Series(codes), by)).set_index(["group", "rate"])


def test_the_pilot_by_hand_43_percent_with_partial_answers_and_39_without():
    codes = ["1.1"] * 9_012 + ["1.2"] * 977 + ["2.2"] * (23_119 - 9_989)
    rates = rates_of(codes).loc["all"]
    assert round(100 * rates.loc["RR2", "share"], 1) == 43.2
    assert round(100 * rates.loc["RR1", "share"], 1) == 39.0
    assert tuple(rates.loc["RR2", ["numerator", "denominator"]]) == (9_989, 23_119)
    assert rates.loc["RR1", "formula"] == "(I) / (I + P + R + NC + O + U) = 9012 / 23119"


def test_the_published_norddjurs_rate_of_2023_is_624_of_1918_and_is_rounded_to_33_percent():
    codes = ["1.1"] * 624 + ["2.2"] * (1_918 - 624)
    assert round(100 * rates_of(codes).loc[("all", "RR2"), "share"], 2) == 32.53


def test_every_rate_by_hand():
    codes = ["1.1"] * 40 + ["1.2"] * 10 + ["2.11"] * 6 + ["2.12"] * 4 + ["2.2"] * 25 + ["2.31"] * 5
    codes += ["3.18"] * 10 + ["4.1"] * 7
    shares = rates_of(codes).loc["all", "share"].round(4).to_dict()
    assert shares == {
        "RR1": 0.40, "RR2": 0.50, "RR5": 0.4444, "RR6": 0.5556, "COOP1": 0.6154, "COOP2": 0.7692,
        "REF1": 0.10, "REF3": 0.1538, "CON1": 0.65,
    }  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([d.value for d in Disposition]), min_size=1, max_size=60))
def test_rates_lie_between_none_and_all_and_partial_answers_only_raise_them(codes):
    rates = rates_of(codes).loc["all"]
    known = rates["share"].dropna()
    assert ((known >= 0) & (known <= 1)).all()
    assert set(rates.index) == set(RATES)
    if rates.loc["RR1", "denominator"]:
        assert rates.loc["RR1", "share"] <= rates.loc["RR2", "share"] <= rates.loc["CON1", "share"]
    if rates.loc["RR5", "denominator"]:
        assert rates.loc["RR5", "share"] >= rates.loc["RR1", "share"]


def test_groups_are_counted_apart_and_add_up_to_all():
    codes = pd.Series(["1.1", "2.2", "1.2", "2.11"])
    by = pd.Series(["0851", "0851", "0461", "0461"], name="municipality_code")
    counts = count_classes(codes, by)
    assert counts.index.name == "municipality_code"
    assert (counts.sum() == count_classes(codes).loc["all"]).all()
    assert rates_of(codes, by).loc[("0851", "RR1"), "share"] == 0.5


def test_a_group_of_none_but_ineligible_persons_has_no_rate():
    assert rates_of(["4.1", "4.1"])["share"].isna().all()


@pytest.mark.parametrize("code", ["9.9", "", "1", "11", "2.9"])
def test_a_code_outside_the_survey_is_named(code):
    with pytest.raises(UnknownCode, match="no AAPOR code"):
        disposition_class(code)
    with pytest.raises(UnknownCode):
        count_classes(pd.Series(["1.1", code]))


def test_every_disposition_of_the_glossary_has_a_class():
    assert {disposition_class(d.value) for d in Disposition} <= {"I", "P", "R", "NC", "O", "U", "not eligible"}
