"""The sandbox country is who the recipe says: exact sizes, margins, synthetic numbers, and eligible by the rules."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.codebooks.placement import assign_target_groups
from borgerpuls.sandbox.country import (
    Country,
    fit_to_margins,
    largest_remainder,
    make_country,
    municipality_sizes,
    share_margin,
)
from borgerpuls.sandbox.recipe import AGE_GROUPS, SEXES, TARGET_GROUPS, dates_of_round


@pytest.fixture(scope="module")
def country() -> Country:
    return make_country(1)


def test_the_pilot_has_exactly_its_population_and_the_ends_of_the_recipe(country):
    assert len(country.citizens) == 67629
    assert country.municipalities["population_n"].min() == 1467
    assert country.municipalities["population_n"].max() == 14103
    counted = country.citizens["municipality_code"].value_counts().sort_index()
    assert counted.to_dict() == country.municipalities["population_n"].to_dict()
    assert len(country.municipalities) == 13


def test_every_seed_has_the_margins_that_the_published_tables_imply(country):
    for variable, column, levels in (
        ("sex", "sex", SEXES),
        ("age", "age_group", AGE_GROUPS),
        ("target_group", "target_group", TARGET_GROUPS),
    ):
        share = country.citizens[column].value_counts(normalize=True).loc[list(levels)].to_numpy()
        assert share == pytest.approx(share_margin(variable, levels), abs=0.0005)
    current = (country.citizens["status"] == "igangvaerende").mean()
    assert current == pytest.approx(0.71, abs=0.015)


def test_every_cpr_number_is_synthetic_and_says_birth_date_and_sex(country):
    cpr = country.citizens["cpr"]
    assert cpr.is_unique
    assert cpr.str.fullmatch("(6[1-9]|[78][0-9]|9[01])(0[1-9]|1[0-2])[0-9]{6}").all()
    assert ((cpr.str[-1].astype(int) % 2 == 1) == (country.citizens["sex"] == "mand")).all()
    born = country.citizens["birth_date"]
    assert (cpr.str[:2].astype(int) - 60 == born.dt.day).all()
    assert (cpr.str[2:6] == born.dt.strftime("%m%y")).all()
    seventh = cpr.str[6].astype(int)
    assert (seventh[born.dt.year < 2000].isin([0, 1, 2, 3, 4, 9])).all()
    assert (seventh[born.dt.year >= 2000] >= 4).all()
    strangers = country.other_rows[~country.other_rows["reason"].isin(["dublet", "aeldre_forloeb", "anden_kommune"])]
    assert not strangers["cpr"].isin(cpr).any()


def test_modulus_11_is_not_met_by_most_numbers(country):
    digits = np.array([[int(digit) for digit in cpr] for cpr in country.citizens["cpr"].head(2000)])
    meets = (digits * [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).sum(axis=1) % 11 == 0
    assert 0.02 < meets.mean() < 0.2


def test_ages_are_whole_years_at_the_key_date_and_fit_their_group(country):
    people = country.citizens
    key = pd.Timestamp(country.dates.key_date)
    had_birthday = (people["birth_date"].dt.month < key.month) | (
        (people["birth_date"].dt.month == key.month) & (people["birth_date"].dt.day <= key.day)
    )
    age = key.year - people["birth_date"].dt.year - (~had_birthday)
    assert (age == people["age_years"]).all()
    assert (load_codebook("2023").age_group_codes(age) == people["age_group"]).all()


def _support_days(rows: pd.DataFrame, country: Country) -> pd.Series:
    key = pd.Timestamp(country.dates.key_date)
    start = rows["support_start_date"].fillna(rows["spell_start_date"])
    return (rows["spell_end_date"].fillna(key).clip(upper=key) - start).dt.days


def _is_active(rows: pd.DataFrame, country: Country) -> pd.Series:
    first, last = pd.Timestamp(country.dates.reference_start), pd.Timestamp(country.dates.reference_end)
    return (rows["spell_start_date"] <= last) & (rows["spell_end_date"].isna() | (rows["spell_end_date"] >= first))


def test_every_citizen_is_eligible_and_everyone_else_fails_for_the_reason_given(country):
    minimum = country.citizens["target_group"].map(lambda group: 84 if group == "dagpenge" else 56)
    assert (_support_days(country.citizens, country) >= minimum).all()
    assert _is_active(country.citizens, country).all()
    assert (_support_days(country.citizens, country) == minimum).sum() > 100

    rows = country.other_rows
    minimum = rows["target_group"].map(lambda group: 84 if group == "dagpenge" else 56)
    is_short = _support_days(rows, country) < minimum
    is_idle = ~_is_active(rows, country)
    assert (is_short == (rows["reason"] == "for_kort_forloeb")).all()
    assert (is_idle == (rows["reason"] == "ikke_aktiv_i_kvartalet")).all()
    assert (rows["is_deceased_or_emigrated"] == (rows["reason"] == "doed_eller_udrejst")).all()
    assert (_support_days(rows, country)[is_short] == minimum[is_short] - 1).sum() > 10


def test_an_earlier_spell_belongs_to_a_citizen_and_ends_before_the_latest(country):
    earlier = country.other_rows[country.other_rows["reason"].isin(["dublet", "aeldre_forloeb", "anden_kommune"])]
    latest = country.citizens.set_index("cpr").loc[earlier["cpr"]]
    assert (earlier["spell_end_date"].to_numpy() < latest["spell_start_date"].to_numpy()).all()
    same_place = earlier["municipality_code"].to_numpy() == latest["municipality_code"].to_numpy()
    assert (same_place == (earlier["reason"] != "anden_kommune").to_numpy()).all()
    assert (earlier["reason"] == "anden_kommune").sum() >= 20


def test_the_codes_of_every_citizen_place_them_where_the_country_does(country):
    rows = country.citizens.rename(columns={"benefit_code": "benefit", "visitation_code": "visitation"})
    placed = assign_target_groups(rows, load_codebook("2023"), country.dates.key_date)
    assert (placed["subgroup"] == rows["subgroup"]).all()
    assert (placed["target_group"] == rows["target_group"]).all()


def test_duration_of_current_spells_is_what_the_close_date_gives(country):
    current = country.citizens[country.citizens["status"] == "igangvaerende"]
    days = (pd.Timestamp(country.dates.close_date) - current["spell_start_date"]).dt.days
    assert (load_codebook("2023").duration_codes(days) == current["duration_group"]).all()
    assert 95 < days.mean() / 7 < 109  # printed: 102 weeks
    finished = country.citizens[country.citizens["status"] == "afsluttet"]
    assert (finished["duration_group"] == "").all()


def test_one_in_twenty_is_exempt_from_digital_post_and_half_of_them_have_a_mobile(country):
    exempt = ~country.citizens["is_digital_post"]
    assert exempt.mean() == pytest.approx(1150 / 23119, abs=0.004)
    assert country.citizens.loc[exempt, "has_mobile"].mean() == pytest.approx(0.5, abs=0.04)


def test_the_same_seed_makes_the_same_country_and_another_seed_another(country):
    again, other = make_country(1), make_country(2)
    pd.testing.assert_frame_equal(country.citizens, again.citizens)
    pd.testing.assert_frame_equal(country.other_rows, again.other_rows)
    assert not country.citizens["cpr"].equals(other.citizens["cpr"])


def test_the_whole_country_has_98_municipalities_and_half_a_million():
    sizes = municipality_sizes("all")
    assert len(sizes) == 98
    assert sizes.sum() == 500000
    assert sizes.min() > 0


def test_a_round_half_a_year_later_has_its_dates_moved():
    assert dates_of_round("2023-2").key_date.isoformat() == "2023-08-01"
    assert dates_of_round("2024-1").reference_end.isoformat() == "2023-12-31"
    assert dates_of_round("2024-2").reference_start.isoformat() == "2024-04-01"


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=20), st.integers(0, 5000))
@settings(max_examples=50, deadline=None)
def test_largest_remainders_reach_the_total_and_stay_within_one_of_proportion(weights, total):
    weight = np.array(weights)
    counts = largest_remainder(weight, total)
    assert counts.sum() == total
    assert (np.abs(counts - weight / weight.sum() * total) < 1 + 1e-9).all()


def test_fitting_meets_two_margins_by_hand():
    fitted = fit_to_margins(np.ones((2, 2)), [((0,), np.array([3.0, 1.0])), ((1,), np.array([1.0, 3.0]))])
    assert fitted == pytest.approx(np.array([[0.75, 2.25], [0.25, 0.75]]))
