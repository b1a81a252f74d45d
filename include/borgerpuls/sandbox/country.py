"""
The sandbox country: every citizen of the participating municipalities who is or was on a benefit, from one seed.

`citizens` are exactly those the survey is about; `other_rows` is what else stands in a municipality's extract: people
who are not eligible, and earlier spells of those who are. Pure: no file is written and nothing outside is read but
the package's own data. How the numbers were chosen: `data/simulation_recipe.yaml`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.codebooks.municipalities import municipalities as municipality_list
from borgerpuls.codebooks.published import pilot_2023_shares
from borgerpuls.sandbox import people
from borgerpuls.sandbox.recipe import (
    AGE_GROUPS,
    CELL,
    CURRENT,
    DURATIONS,
    FINISHED,
    SEXES,
    TARGET_GROUPS,
    RecipeDates,
    dates_of_round,
    inhabitants,
    recipe,
)

CountryKind = Literal["pilot", "all"]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

AGES = {"under_30": range(18, 30), "30_49": range(30, 50), "50_plus": range(50, 67)}
BENEFITS = {
    "dagpenge": ("dagpenge", "", "6.1"),
    "sygedagpenge": ("sygedagpenge", "", "6.6"),
    "kth_jobparat": ("kontanthjaelp", "jobparat", "6.2"),
    "udh_uddannelsesparat": ("uddannelseshjaelp", "uddannelsesparat", "6.4"),
    "ledighedsydelse": ("ledighedsydelse", "", "6.9"),
    "sho_jobparat": ("sho", "jobparat", "6.2"),
    "kth_aktivitetsparat": ("kontanthjaelp", "aktivitetsparat", "6.3"),
    "udh_aktivitetsparat": ("uddannelseshjaelp", "aktivitetsparat", "6.5"),
    "ressourceforloeb": ("ressourceforloebsydelse", "ressourceforloeb", "6.8"),
    "jobafklaring": ("ressourceforloebsydelse", "jobafklaring", "6.7"),
    "sho_aktivitetsparat": ("sho", "aktivitetsparat", "6.3"),
}
"""Benefit, visitation and LAB § 6 code of each subgroup."""
OBVIOUSLY_READY_SHARE = 0.3
SHORTEST_SPELL_DAYS = 14
NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Country:
    """
    A sandbox country.

    Attributes:
        seed: What it was made from.
        kind: `pilot` (13 municipalities) or `all` (98).
        dates: The days of the round it was made for.
        municipalities: Index `municipality_code`: `name`, `population_n`.
        citizens: One row per eligible citizen, index `citizen_id`: the columns of `other_rows` (without `reason`) and
            the latent `status`, `duration_group` (empty when finished) and `satisfaction` (standard normal).
        other_rows: One row per other row of an extract: `municipality_code`, `cpr`, `sex`, `age_group`,
            `target_group`, `subgroup`, `benefit_code`, `visitation_code`, `lab_code`, `spell_start_date`,
            `spell_end_date`, `support_start_date` (NaT where the extract has none), names, contact data, address,
            `is_deceased_or_emigrated`, and `reason`: why it is not eligible, in the frame's words, or `to_be_spoilt`
            for the rows that the extract will damage.
    """

    seed: int
    kind: CountryKind
    dates: RecipeDates
    municipalities: pd.DataFrame
    citizens: pd.DataFrame
    other_rows: pd.DataFrame


def make_country(seed: int, municipalities: CountryKind = "pilot", round_id: str = "2023-2") -> Country:
    """
    Return the country of *seed*: the same seed gives the same country, to the last digit.

    Args:
        seed: Any whole number from 0.
        municipalities: `pilot`: 13 municipalities and 67,629 citizens; `all`: 98 and 500,000.
        round_id: Decides the dates (`recipe.dates_of_round`).
    """
    dates = dates_of_round(round_id)
    sizes = municipality_sizes(municipalities)
    citizens = _cells(sizes, stream(seed, "cells"))
    _add_subgroup(citizens, stream(seed, "subgroup"))
    _add_spell(citizens, dates, stream(seed, "spell"))
    citizens["satisfaction"] = stream(seed, "satisfaction").standard_normal(len(citizens))
    strangers = _strangers(citizens, dates, stream(seed, "strangers"))
    everyone = pd.concat([citizens, strangers], ignore_index=True)
    _add_identity(everyone, dates, seed)
    citizens, strangers = everyone.iloc[: len(citizens)].copy(), everyone.iloc[len(citizens) :]
    earlier = _earlier_spells(citizens, dates, stream(seed, "earlier"))
    latent = ["status", "duration_group", "satisfaction"]
    other_rows = pd.concat([strangers, earlier], ignore_index=True).drop(columns=latent)
    names = municipality_list().set_index("municipality_code")["name"]
    return Country(
        seed=seed,
        kind=municipalities,
        dates=dates,
        municipalities=pd.DataFrame({"name": names.loc[sizes.index], "population_n": sizes}),
        citizens=citizens.drop(columns="reason").rename_axis("citizen_id"),
        other_rows=other_rows,
    )


def municipality_sizes(kind: CountryKind) -> pd.Series:
    """Return eligible citizens per municipality, in proportion to inhabitants; the two ends as the recipe has them."""
    plan = recipe()["countries"][kind]
    known = inhabitants()["inhabitants"]
    if kind == "pilot":
        table = municipality_list()
        known = known.loc[sorted(table.loc[table["is_pilot_2023"], "municipality_code"])]
    pinned = {
        name: size
        for name, size in (
            (known.idxmin(), plan["smallest_municipality"]),
            (known.idxmax(), plan["largest_municipality"]),
        )
        if size is not None
    }
    free = known.drop(list(pinned))
    sizes = pd.Series(largest_remainder(free.to_numpy(float), plan["population"] - sum(pinned.values())), free.index)
    return pd.Series({**sizes.to_dict(), **pinned}, name="population_n", dtype="int64").sort_index()


def smallest_municipality(country: Country) -> str:
    """Return the code of the municipality with the fewest citizens."""
    return str(country.municipalities["population_n"].idxmin())


def municipality_alone(country: Country, municipality_code: str) -> Country:
    """Return a country of one of its municipalities, whose people stay who they are."""
    citizens, other_rows = (
        rows[rows["municipality_code"] == municipality_code] for rows in (country.citizens, country.other_rows)
    )
    municipalities = country.municipalities.loc[[municipality_code]]
    return replace(country, municipalities=municipalities, citizens=citizens, other_rows=other_rows)


def largest_remainder(weight: Floats, total: int) -> Counts:
    """Return whole numbers in proportion to *weight* that sum to *total* (Hamilton; ties: the lowest index)."""
    exact = weight / weight.sum() * total
    counts: Counts = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: total - counts.sum()]] += 1
    return counts


def fit_to_margins(table: Floats, margins: Sequence[tuple[tuple[int, ...], Floats]], passes: int = 200) -> Floats:
    """
    Return *table* scaled until it meets every margin (iterative proportional fitting).

    Args:
        table: Any shape, not negative.
        margins: Pairs of the axes that a margin keeps, and the margin's totals in that shape.
        passes: Passes over all margins at most; the totals must agree with one another.

    Source: Deming & Stephan (1940), Annals of Mathematical Statistics 11(4), 427-444.
    """
    fitted = table.astype(float)
    for _ in range(passes):
        largest_gap = 0.0
        for kept, total in margins:
            summed = tuple(axis for axis in range(fitted.ndim) if axis not in kept)
            now = fitted.sum(axis=summed, keepdims=True)
            target = total.reshape(now.shape)
            factor = np.divide(target, now, out=np.ones_like(now), where=now > 0)
            largest_gap = max(largest_gap, float(np.abs(factor - 1).max()))
            fitted = fitted * factor
        if largest_gap < 1e-10:
            break
    return fitted


def share_margin(variable: str, levels: tuple[str, ...]) -> Floats:
    """Return the population shares that the pilot's tables imply for the codes *levels*, summing to 1."""
    published = pilot_2023_shares()
    codebook_variable = {"age": "age_group"}.get(variable, variable)
    labels = load_codebook("2023").labels(codebook_variable)
    shares = published[published["variable"] == variable].set_index("group")["weighted_share_implied_lsq"]
    found: Floats = shares.loc[[labels[level] for level in levels]].to_numpy(float)
    total: Floats = found / found.sum()
    return total


# --- who: cells and subgroups -------------------------------------------------------------------------------------


def _cells(sizes: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    rules = recipe()["cells"]
    by_age = np.array([[rules["target_group_by_age"][a][t] for t in TARGET_GROUPS] for a in AGE_GROUPS])
    by_sex = np.array([[rules["target_group_by_sex"][s][t] for t in TARGET_GROUPS] for s in SEXES])
    sex, age, group = (
        share_margin("sex", SEXES),
        share_margin("age", AGE_GROUPS),
        share_margin("target_group", TARGET_GROUPS),
    )
    joint = sex[:, None, None] * age[None, :, None] * by_age[None, :, :] * by_sex[:, None, :] / group
    noise = np.exp(rng.normal(0.0, rules["noise_sd"], (len(sizes), *joint.shape)))
    size = sizes.to_numpy(float)
    total = size.sum()
    margins = [((1,), sex * total), ((2,), age * total), ((3,), group * total), ((0,), size)]
    table = fit_to_margins(size[:, None, None, None] * joint * noise, margins)
    counts = np.stack([largest_remainder(row.ravel(), int(n)) for row, n in zip(table, size, strict=True)])
    cells = pd.MultiIndex.from_product(
        [sizes.index, SEXES, AGE_GROUPS, TARGET_GROUPS], names=["municipality_code", *CELL]
    )
    citizens = cells.to_frame(index=False).loc[np.repeat(np.arange(len(cells)), counts.ravel())].reset_index(drop=True)
    citizens["age_years"] = 0
    for code, ages in AGES.items():
        here = (citizens["age_group"] == code).to_numpy()
        years = np.array(ages)
        weight = years - 15.0 if code == "under_30" else np.ones(years.size)
        citizens.loc[here, "age_years"] = rng.choice(years, int(here.sum()), p=weight / weight.sum())
    return citizens


def _add_subgroup(citizens: pd.DataFrame, rng: np.random.Generator) -> None:
    rules = recipe()["cells"]["subgroup_by_age"]
    subgroup = np.empty(len(citizens), dtype=object)
    for (group, age), rows in _rows_by(citizens["target_group"] + "/" + citizens["age_group"]):
        shares: dict[str, float] = rules[group][age]
        subgroup[rows] = rng.choice(np.array(list(shares), dtype=object), rows.size, p=list(shares.values()))
    citizens["subgroup"] = subgroup
    _add_codes(citizens, rng)


def _add_codes(rows: pd.DataFrame, rng: np.random.Generator) -> None:
    for position, column in enumerate(("benefit_code", "visitation_code", "lab_code")):
        rows[column] = rows["subgroup"].map({code: codes[position] for code, codes in BENEFITS.items()})
    obvious = (rows["subgroup"] == "udh_uddannelsesparat") & (rng.random(len(rows)) < OBVIOUSLY_READY_SHARE)
    rows.loc[obvious, "visitation_code"] = "aabenlyst_uddannelsesparat"
    young = rows["age_group"] == "under_30"
    rows.loc[young & (rows["subgroup"] == "sho_jobparat"), ["visitation_code", "lab_code"]] = [
        "uddannelsesparat",
        "6.4",
    ]
    rows.loc[young & (rows["subgroup"] == "sho_aktivitetsparat"), "lab_code"] = "6.5"


# --- when: spells ------------------------------------------------------------------------------------------------


def _add_spell(citizens: pd.DataFrame, dates: RecipeDates, rng: np.random.Generator) -> None:
    """Add latest spell, start of continuous support, status and duration, so that everyone is eligible."""
    rules = recipe()["spells"]
    n = len(citizens)
    group = citizens["target_group"]
    is_current = rng.random(n) < group.map(rules["current_share"]).to_numpy(float)
    duration, days = _durations(group, dates, rng)
    start = _day(dates.close_date) - days
    end = np.full(n, NEVER)
    is_ended = np.where(
        is_current, rng.random(n) < rules["wrongly_ended_share"], rng.random(n) < rules["end_known_share"]
    )
    first_end = np.maximum(_day(dates.reference_start), start + SHORTEST_SPELL_DAYS)
    span = (_day(dates.extract_date) - first_end).astype(int)
    end[is_ended] = (first_end + (rng.random(n) * (span + 1)).astype(int))[is_ended]
    latest_start = _counted_until(end, dates) - _minimum_days(citizens)
    exactly = rng.random(n) < 0.1
    needed = latest_start - np.where(exactly, 0, rng.exponential(120.0, n).astype(int))
    earlier = start - rng.exponential(200.0, n).astype(int)
    is_earlier = rng.random(n) < rules["earlier_support_share"]
    support = np.where(is_earlier, earlier, np.where(rng.random(n) < rules["support_start_known_share"], start, NEVER))
    citizens["spell_start_date"] = start.astype("datetime64[s]")
    citizens["spell_end_date"] = end.astype("datetime64[s]")
    citizens["support_start_date"] = np.where(start > latest_start, needed, support).astype("datetime64[s]")
    citizens["status"] = np.where(is_current, CURRENT, FINISHED).astype(object)
    citizens["duration_group"] = np.where(is_current, duration, "").astype(object)
    citizens["is_deceased_or_emigrated"] = False
    citizens["reason"] = ""


def _durations(group: pd.Series, dates: RecipeDates, rng: np.random.Generator) -> tuple[people.Texts, Days]:
    """Return duration group and days from start of the latest benefit to the closing date."""
    rules = recipe()["spells"]
    bounds = {d.code: (d.from_days, d.to_days) for d in load_codebook("2023").durations}
    shortest = (dates.close_date - dates.reference_end).days
    duration = np.empty(len(group), dtype=object)
    for (code,), rows in _rows_by(group):
        counts = np.array(rules["duration_counts"][code], dtype=float)
        duration[rows] = rng.choice(np.array(DURATIONS, dtype=object), rows.size, p=counts / counts.sum())
    low = pd.Series(duration).map({code: max(first, shortest) for code, (first, _) in bounds.items()}).to_numpy(int)
    high = pd.Series(duration).map({code: last or 0 for code, (_, last) in bounds.items()}).to_numpy(int)
    inside = low + (rng.random(len(group)) * (high - low + 1)).astype(int)
    beyond = low + rng.exponential(rules["mean_days_over_two_years"], len(group)).astype(int)
    days = np.where(high > 0, inside, np.minimum(beyond, rules["longest_days"]))
    return duration, days.astype(np.int64)


def _counted_until(end: npt.NDArray[np.datetime64], dates: RecipeDates) -> npt.NDArray[np.datetime64]:
    """Return the day until which support is counted: the end of the spell or the key date, whichever is first."""
    key = _day(dates.key_date)
    return np.where(np.isnat(end), key, np.minimum(end, key))


def _minimum_days(rows: pd.DataFrame) -> Days:
    rules = recipe()["spells"]["minimum_days"]
    days: Days = np.where(rows["target_group"] == "dagpenge", rules["dagpenge"], rules["other"]).astype(np.int64)
    return days


# --- the other rows of the extracts -------------------------------------------------------------------------------


def _strangers(citizens: pd.DataFrame, dates: RecipeDates, rng: np.random.Generator) -> pd.DataFrame:
    """Return people of their own who are not eligible, or whose row will be damaged: each for one reason only."""
    shares = recipe()["other_rows"]
    counts = {reason: round(shares[reason] * len(citizens)) for reason in _MAKERS}
    counts["to_be_spoilt"] = 0
    spoilt = [
        rng.choice(rows, min(shares["bad_rows_per_municipality"], rows.size), replace=False)
        for _, rows in _rows_by(citizens["municipality_code"])
    ]
    chosen = rng.choice(len(citizens), sum(counts.values()), replace=False)
    strangers = citizens.iloc[np.concatenate([chosen, *spoilt])].reset_index(drop=True)
    reasons = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
    strangers["reason"] = np.concatenate(
        [reasons, np.full(len(strangers) - reasons.size, "to_be_spoilt", dtype=object)]
    )
    for reason, change in _MAKERS.items():
        here = strangers["reason"] == reason
        strangers.loc[here] = change(strangers[here].copy(), dates, rng)
    return strangers


def _too_short(rows: pd.DataFrame, dates: RecipeDates, rng: np.random.Generator) -> pd.DataFrame:
    """On support for too few days, one day too few for some; active in the reference quarter."""
    n = len(rows)
    minimum = _minimum_days(rows)
    still_open = (dates.key_date - dates.reference_end).days
    is_open = rng.random(n) < 0.7
    fewest = np.where(is_open, still_open, 5)
    days = fewest + (rng.random(n) * (minimum - fewest)).astype(int)
    days = np.where(rng.random(n) < 0.15, minimum - 1, days)
    quarter = (dates.reference_end - dates.reference_start).days
    end = np.where(is_open, NEVER, _day(dates.reference_start) + rng.integers(0, quarter + 1, n))
    start = _counted_until(end, dates) - days
    rows["spell_start_date"] = start.astype("datetime64[s]")
    rows["spell_end_date"] = end.astype("datetime64[s]")
    rows["support_start_date"] = np.where(rng.random(n) < 0.7, start, NEVER).astype("datetime64[s]")
    return rows


def _not_active(rows: pd.DataFrame, dates: RecipeDates, rng: np.random.Generator) -> pd.DataFrame:
    """Ended before the reference quarter, or began after it."""
    n = len(rows)
    is_before = rng.random(n) < 0.5
    end = _day(dates.reference_start) - rng.integers(1, 200, n)
    late_start = _day(dates.reference_end) + rng.integers(1, 30, n)
    start = np.where(is_before, end - rng.integers(100, 1500, n), late_start)
    support = np.where(is_before, start, start - rng.integers(100, 600, n))
    rows["spell_start_date"] = start.astype("datetime64[s]")
    rows["spell_end_date"] = np.where(is_before, end, NEVER).astype("datetime64[s]")
    rows["support_start_date"] = support.astype("datetime64[s]")
    return rows


def _deceased(rows: pd.DataFrame, _: RecipeDates, __: np.random.Generator) -> pd.DataFrame:
    rows["is_deceased_or_emigrated"] = True
    return rows


def _outside_survey(rows: pd.DataFrame, _: RecipeDates, __: np.random.Generator) -> pd.DataFrame:
    """On revalidering, which no target group of the survey has."""
    rows[["benefit_code", "visitation_code", "lab_code"]] = ["revalidering", "", "6.10"]
    rows[["subgroup", "target_group"]] = ""
    return rows


_MAKERS = {
    "for_kort_forloeb": _too_short,
    "ikke_aktiv_i_kvartalet": _not_active,
    "doed_eller_udrejst": _deceased,
    "ydelse_ikke_i_undersoegelsen": _outside_survey,
}


def _earlier_spells(citizens: pd.DataFrame, dates: RecipeDates, rng: np.random.Generator) -> pd.DataFrame:
    """
    Return earlier spells of eligible citizens, each eligible but for a later one; support becomes continuous from there.

    A few stand in the extract of the municipality the citizen has left.
    """
    shares = recipe()["other_rows"]
    start = citizens["spell_start_date"]
    can_have = (start > pd.Timestamp(dates.reference_start)) & (start <= pd.Timestamp(dates.reference_end))
    same, moved = (round(shares[name] * len(citizens)) for name in ("earlier_spell", "other_municipality"))
    chosen = rng.choice(np.flatnonzero(can_have), same + moved, replace=False)
    rows = citizens.iloc[chosen].copy()
    n = len(rows)
    ended = rows["spell_start_date"].to_numpy().astype("datetime64[D]") - 1
    began = ended - rng.integers(100, 700, n)
    citizens.loc[rows.index, "support_start_date"] = began.astype("datetime64[s]")
    rows["spell_start_date"] = began.astype("datetime64[s]")
    rows["spell_end_date"] = ended.astype("datetime64[s]")
    rows["support_start_date"] = np.where(rng.random(n) < 0.7, began, NEVER).astype("datetime64[s]")
    other_group = rng.random(n) < 0.6
    rows.loc[other_group, "target_group"] = rng.choice(np.array(TARGET_GROUPS, dtype=object), int(other_group.sum()))
    _add_subgroup(rows, rng)
    is_same_benefit = rows["benefit_code"] == citizens.loc[rows.index, "benefit_code"]
    rows["reason"] = np.where(is_same_benefit, "dublet", "aeldre_forloeb").astype(object)
    rows.loc[np.arange(n) >= same, "reason"] = "anden_kommune"
    codes = np.array(sorted(citizens["municipality_code"].unique()), dtype=object)
    position = np.searchsorted(codes, rows["municipality_code"].to_numpy())
    elsewhere = (position + rng.integers(1, max(codes.size, 2), n)) % codes.size
    rows["municipality_code"] = np.where(np.arange(n) < same, rows["municipality_code"], codes[elsewhere])
    earlier: pd.DataFrame = rows.reset_index(drop=True)
    return earlier


# --- identity ----------------------------------------------------------------------------------------------------


def _add_identity(everyone: pd.DataFrame, dates: RecipeDates, seed: int) -> None:
    rng = stream(seed, "identity")
    n = len(everyone)
    years = everyone["age_years"].to_numpy(int)
    birthday = pd.to_datetime(
        {"year": dates.key_date.year - years, "month": dates.key_date.month, "day": dates.key_date.day}
    ) - pd.to_timedelta(rng.integers(0, 365, n), unit="D")
    is_woman = (everyone["sex"] == "kvinde").to_numpy()
    everyone["birth_date"] = birthday.to_numpy()
    everyone["cpr"] = people.cpr_numbers(birthday, is_woman, rng)
    everyone["first_name"], everyone["last_name"] = people.names(is_woman, rng)
    for column, values in people.contact_data(n, rng).items():
        everyone[str(column)] = values
    for column, values in people.addresses(everyone["municipality_code"], rng).items():
        everyone[str(column)] = values


def _rows_by(key: pd.Series) -> Iterator[tuple[tuple[str, ...], Counts]]:
    """Yield the parts of each distinct key (split at the slash) and the positions of its rows, in order of the key."""
    codes, distinct = pd.factorize(key, sort=True)
    for position, text in enumerate(distinct.tolist()):
        yield tuple(text.split("/")), np.flatnonzero(codes == position)


def _day(day: Any) -> np.datetime64:
    return np.datetime64(day, "D")


def stream(seed: int, name: str) -> np.random.Generator:
    """Return an independent stream of random numbers per purpose: one more draw here changes nothing there."""
    return np.random.default_rng([seed, *name.encode()])
