"""What is withheld, and that it stays withheld."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.estimation.attacker import derived_counts, protect
from borgerpuls.estimation.disclosure import (
    CELL,
    COMPLEMENTARY,
    FEW_ANSWERS,
    ONE_CATEGORY,
    WITHHELD,
    Thresholds,
    suppress,
)
from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES
from borgerpuls.estimation.response_figures import response_figures


def table(counts: dict[tuple[str, str, str], list[int]]) -> pd.DataFrame:
    """Figures of one item: answers 5..1 by (municipality, domain, group)."""
    rows = []
    for (municipality, domain, group), answers in counts.items():
        n = sum(answers)
        base = {
            "municipality_code": municipality, "item_id": "trust", "domain": domain, "domain_group": group, "valid_n": n,
            "dont_know_n": 2, "not_asked_n": 0, "broken_off_n": 1, "weighted_base": n * 3.0, "standard_error": 0.1,
            "degrees_of_freedom": 9.0, "lower": 0.0, "upper": 5.0, "no_interval_reason": "",
            "is_different_from_rest": True, "is_different_from_previous": True,
            **dict.fromkeys(COMPARISONS, 0.1),
        }  # fmt: skip
        mean = sum(k * c for k, c in zip((5, 4, 3, 2, 1), answers, strict=True)) / n if n else np.nan
        rows.append(base | {"measure": "mean", "category": "", "value": mean})
        rows += [
            base | {"measure": "share", "category": str(k), "value": c / n if n else np.nan}
            for k, c in zip((5, 4, 3, 2, 1), answers, strict=True)
        ]
    return pd.DataFrame(rows)


def reasons(withheld: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Why cells of the item are withheld, by municipality and group."""
    own = withheld[withheld["item_id"] == "trust"]
    return dict(zip(zip(own["municipality_code"], own["domain_group"], strict=True), own["reason"], strict=True))


def test_a_group_of_four_takes_the_next_smallest_with_it() -> None:
    result, withheld = suppress(
        table(
            {
                ("0461", "sex", "kvinde"): [2, 1, 1, 0, 0],
                ("0461", "sex", "mand"): [20, 10, 5, 5, 5],
                ("0461", "all", ""): [22, 11, 6, 5, 5],
            }
        )
    )
    assert reasons(withheld) == {("0461", "kvinde"): FEW_ANSWERS, ("0461", "mand"): COMPLEMENTARY}
    assert set(result.loc[result["is_suppressed"], "suppression_reason"]) == {WITHHELD}


def test_seven_answers_in_one_category_reveal_what_everybody_answered() -> None:
    _, withheld = suppress(table({("0461", "all", ""): [7, 0, 0, 0, 0], ("0727", "all", ""): [9, 9, 9, 9, 9]}))
    assert reasons(withheld) == {("0461", ""): ONE_CATEGORY, ("0727", ""): COMPLEMENTARY}


def test_twelve_answers_in_one_category_may_be_shown_and_are_marked_uncertain() -> None:
    result, _ = suppress(table({("0461", "all", ""): [12, 0, 0, 0, 0]}))
    assert not result["is_suppressed"].any()
    assert result["is_uncertain"].all()


groups = st.lists(st.lists(st.integers(0, 12), min_size=5, max_size=5), min_size=2, max_size=5)


@given(st.lists(groups, min_size=2, max_size=4))
@settings(max_examples=40, deadline=None)
def test_no_group_is_ever_withheld_alone_and_nothing_is_left_of_it(municipalities: list[list[list[int]]]) -> None:
    counts = {}
    for place, parts in enumerate(municipalities):
        code = f"01{place:02d}"
        counts |= {(code, "target_group", f"g{number}"): part for number, part in enumerate(parts)}
        counts[(code, "all", "")] = np.sum(parts, axis=0).tolist()
    result, _ = suppress(table(counts))
    hidden = result[result["is_suppressed"]]
    assert hidden[[*COUNTS, *VALUES, *COMPARISONS]].isna().all(axis=None)
    assert not hidden["is_different_from_rest"].any()
    domains = result.drop_duplicates(["municipality_code", "domain", "domain_group"])
    by_partition = (
        domains[domains["domain"] != "all"].groupby("municipality_code")["is_suppressed"].agg(["sum", "size"])
    )
    assert not ((by_partition["sum"] == 1) & (by_partition["size"] > 1)).any()
    by_group = domains.groupby(["domain", "domain_group"])["is_suppressed"].agg(["sum", "size"])
    assert not ((by_group["sum"] == 1) & (by_group["size"] > 1)).any()


@pytest.mark.parametrize("below", [3, 5, 10])
def test_the_threshold_is_a_setting(below: int) -> None:
    limits = Thresholds(below=below)
    result, _ = suppress(table({("0461", "all", ""): [below - 1, 1, 0, 0, 0]}), limits)
    assert not result["is_suppressed"].any()
    result, _ = suppress(table({("0461", "all", ""): [below - 2, 1, 0, 0, 0]}), limits)
    assert result["is_suppressed"].all()


def test_a_municipality_that_is_withheld_shows_none_of_its_groups() -> None:
    large, small = [20, 20, 20, 20, 20], [1, 1, 1, 1, 0]
    counts = {("0461", "all", ""): small, ("0727", "all", ""): large, ("0183", "all", ""): [90] * 5}
    counts |= {("0727", "sex", "kvinde"): [8] * 5, ("0727", "sex", "mand"): [12] * 5}
    counts |= {("0183", "sex", "kvinde"): [40] * 5, ("0183", "sex", "mand"): [50] * 5}
    counts |= {("alle", "all", ""): [a + b + 90 for a, b in zip(small, large, strict=True)]}
    _, withheld = suppress(table(counts))
    assert reasons(withheld) == {
        ("0461", ""): FEW_ANSWERS,
        ("0727", ""): COMPLEMENTARY,
        ("0727", "kvinde"): COMPLEMENTARY,
        ("0727", "mand"): COMPLEMENTARY,
        ("0183", "kvinde"): COMPLEMENTARY,
        ("0183", "mand"): COMPLEMENTARY,
    }


def test_durations_do_not_give_away_those_who_are_still_attached() -> None:
    counts = {
        ("0461", "all", ""): [20] * 5,
        ("0461", "status", "igangvaerende"): [1, 1, 1, 0, 0],
        ("0461", "status", "afsluttet"): [19, 19, 19, 20, 20],
    }
    assert set(reasons(suppress(table(counts))[1])) == {("0461", "igangvaerende"), ("0461", "afsluttet")}
    counts[("0461", "duration", "under_26_uger")] = [1, 1, 1, 0, 0]
    assert ("0461", "under_26_uger") in reasons(suppress(table(counts))[1])


def test_few_valid_answers_stay_hidden_where_it_is_known_how_many_responded() -> None:
    """Six responded and four of them validly; nobody else left the item out, so 6 and 0 missing would give the 4."""
    counts = {("0461", "all", ""): [10] * 5, ("0461", "sex", "kvinde"): [1, 1, 1, 1, 0]}
    counts |= {("0461", "sex", "mand"): [9, 9, 9, 9, 10]}
    figures = table(counts)
    figures["broken_off_n"] = 0
    figures["dont_know_n"] = figures["domain_group"].map({"kvinde": 1, "mand": 0, "": 1})
    _, withheld = suppress(figures)
    assert set(reasons(withheld)) == {("0461", "kvinde"), ("0461", "mand"), ("0461", "")}


def test_a_category_of_one_item_is_withheld_with_its_item() -> None:
    figures = table({("0461", "all", ""): [1, 1, 1, 1, 0]})
    category = figures[figures["measure"] == "mean"].assign(item_id="tillid", measure="category_mean")
    result, withheld = suppress(pd.concat([figures, category]), categories={"tillid": ["trust"]})
    assert result["is_suppressed"].all()
    assert set(withheld["item_id"]) == {"trust", "tillid"}


def test_an_item_does_not_follow_from_its_category_and_the_other_items() -> None:
    def of(item: str, sizes: dict[str, int]) -> pd.DataFrame:
        counts = {(code, "all", ""): [n, n, n, n, n] for code, n in sizes.items()}
        return table(counts).assign(item_id=item)

    shown = {"0461": 20, "0727": 30, "alle": 50}
    small = table({("0461", "all", ""): [10] * 5, ("0727", "all", ""): [1, 1, 1, 1, 0], ("alle", "all", ""): [11] * 5})
    items = [of("listen", shown), of("situation", shown), small]
    category = of("listen", {"0461": 10, "0727": 30, "alle": 40})
    category = category[category["measure"] == "mean"].assign(item_id="moedet", measure="category_mean")
    _, withheld = suppress(pd.concat([*items, category]), categories={"moedet": ["trust", "situation", "listen"]})
    hidden = set(zip(withheld["item_id"], withheld["municipality_code"], strict=True))
    assert {("trust", "0727"), ("trust", "0461")} <= hidden


def test_the_curve_of_answers_by_day_counts_in_fives_and_ends_at_the_response_rate() -> None:
    arrivals = pd.DataFrame({"municipality_code": "0461", "day": [0, 0, 1, 1, 1, 2, 3, 3, 3, 3, 3, 4]})
    people = pd.DataFrame(
        {
            "municipality_code": "0461", "target_group": "dagpenge", "sex": "kvinde", "age_group": "30_49",
            "is_sampled": True, "is_reachable": True, "is_complete": True, "is_partial": False,
        },
        index=range(12),
    )  # fmt: skip
    figures = response_figures(people, arrivals, field_days=4).assign(is_different_from_previous=False)
    result, _ = suppress(figures)
    own = result[(result["municipality_code"] == "0461") & (result["measure"] == "cumulative_rate")]
    assert own["valid_n"].tolist() == [0, 5, 5, 10, 12]


def test_four_respondents_in_a_group_cannot_be_read_off_the_shares_of_respondents() -> None:
    rows = {"municipality_code": "0461", "target_group": "dagpenge", "age_group": "30_49", "is_sampled": True}
    people = pd.DataFrame([rows | {"sex": "kvinde"}] * 20 + [rows | {"sex": "mand"}] * 20)
    people = people.assign(is_reachable=True, is_partial=False, is_complete=[*[True] * 16, *[False] * 20, *[True] * 4])
    arrivals = pd.DataFrame({"municipality_code": "0461", "day": [1] * 20})
    result, withheld = suppress(response_figures(people, arrivals, field_days=2))
    hidden = result[result["is_suppressed"]]
    assert set(hidden["measure"]) == {"respondent_share", "response_rate"}
    assert set(hidden["domain_group"]) == {"kvinde", "mand"}
    assert set(withheld["item_id"]) == {"response"}


def _round(places: dict[str, dict[str, list[int]]]) -> pd.DataFrame:
    """Figures of one item by municipality and sex, with wholes and all participating; everybody weighs three."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for place, groups in places.items():
        for group, answers in groups.items():
            for key in ((place, "sex", group), (place, "all", ""), ("alle", "sex", group), ("alle", "all", "")):
                counts[key] = [a + b for a, b in zip(counts.get(key, [0] * 5), answers, strict=True)]
    figures = table(counts)
    figures["dont_know_n"], figures["broken_off_n"] = 0, 0
    figures[[*COMPARISONS, "lower", "upper"]] = np.nan
    answered = figures.drop_duplicates(["municipality_code", "domain", "domain_group"])
    weights = [
        {"municipality_code": place, "item_id": "weighting", "measure": measure, "domain": "all", "domain_group": "",
         "category": "", "value": 3.0, "is_different_from_rest": False, "is_different_from_previous": False}
        for place in answered["municipality_code"].unique() for measure in ("weight_min", "weight_max")
    ]  # fmt: skip
    return pd.concat([figures, pd.DataFrame(weights)], ignore_index=True)


LARGE = {"kvinde": [9, 14, 8, 3, 2], "mand": [7, 11, 9, 5, 3]}
OTHER = {"kvinde": [12, 9, 7, 6, 5], "mand": [5, 8, 8, 4, 6]}


@pytest.mark.parametrize(
    ("small", "is_shown"),
    [
        ({"kvinde": [0, 1, 0, 0, 0]}, False),
        ({"kvinde": [1, 0, 1, 0, 0], "mand": [0, 1, 0, 0, 1]}, False),
        ({"kvinde": [2, 1, 1, 0, 0], "mand": [1, 0, 1, 0, 1]}, True),
        ({"kvinde": [7, 0, 0, 0, 0]}, False),
    ],
    ids=["one answer", "four answers", "seven answers", "seven answers all alike"],
)
def test_a_municipality_with_few_answers_gives_nothing_away(small: dict[str, list[int]], is_shown: bool) -> None:
    figures = _round({"0183": small, "0461": LARGE, "0727": OTHER, "0846": OTHER})
    result, withheld = protect(figures, Thresholds(), {})
    own = result[(result["municipality_code"] == "0183") & (result["item_id"] == "trust")]
    assert own.loc[own["domain"] == "sex", "is_suppressed"].all()
    assert (not own.loc[own["domain"] == "all", "is_suppressed"].any()) == is_shown
    assert derived_counts(result, set(withheld[CELL].itertuples(index=False, name=None))) == []
    assert not result.loc[result["municipality_code"] == "alle", "is_suppressed"].all()


def test_a_municipality_without_answers_takes_nothing_from_the_others() -> None:
    """It has no row of the item; what is known is that nobody answered, which is nobody's answer."""
    figures = _round({"0461": LARGE, "0727": OTHER})
    empty = figures[(figures["municipality_code"] == "0461") & (figures["domain"] == "all")].assign(
        municipality_code="0183", item_id="response", measure="answered_n", category="", value=0.0, valid_n=None
    )
    result, withheld = protect(pd.concat([figures, empty.head(1)], ignore_index=True), Thresholds(), {})
    assert withheld.empty
    assert not result["is_suppressed"].any()


def test_where_every_group_is_under_the_threshold_the_whole_may_still_stand() -> None:
    small = {"kvinde": [1, 1, 1, 1, 0], "mand": [0, 1, 1, 1, 0]}
    result, withheld = protect(_round({"0183": small, "0461": LARGE, "0727": OTHER}), Thresholds(), {})
    own = result[(result["municipality_code"] == "0183") & (result["item_id"] == "trust")]
    assert own.loc[own["domain"] == "sex", "is_suppressed"].all()
    assert derived_counts(result, set(withheld[CELL].itertuples(index=False, name=None))) == []


def test_a_local_flag_that_marks_one_person_is_withheld_with_those_it_does_not_mark() -> None:
    figures = _round({"0461": LARGE, "0727": OTHER})
    flags = table(
        {("0461", "local_1", "nyt forløb"): [1, 0, 0, 0, 0], ("0461", "local_1", "øvrige"): [15, 25, 17, 8, 5]}
    )
    flags[["dont_know_n", "broken_off_n"]] = 0
    flags[[*COMPARISONS, "lower", "upper"]] = np.nan
    result, withheld = protect(pd.concat([figures, flags], ignore_index=True), Thresholds(), {})
    hidden = set(zip(withheld["municipality_code"], withheld["domain"], withheld["domain_group"], strict=True))
    assert {("0461", "local_1", "nyt forløb"), ("0461", "local_1", "øvrige")} <= hidden
    assert result.loc[result["domain"] == "local_1", "value"].isna().all()
    assert derived_counts(result) == []


def test_an_item_of_one_municipality_needs_no_other_to_hide_behind() -> None:
    men, women = [8, 9, 7, 6, 5], [9, 5, 3, 2, 2]
    counts = {("0461", "all", ""): [30, 20, 10, 5, 5], ("0461", "sex", "kvinde"): [2, 1, 0, 0, 0]}
    counts |= {
        ("0461", "sex", "mand"): [28, 19, 10, 5, 5],
        ("0727", "sex", "mand"): men,
        ("0727", "sex", "kvinde"): women,
    }
    counts |= {("0727", "all", ""): [a + b for a, b in zip(men, women, strict=True)]}
    _, withheld = suppress(table(counts).assign(item_id="local1"))
    hidden = withheld[withheld["item_id"] == "local1"]
    assert set(hidden["municipality_code"]) == {"0461"}
    assert {"kvinde", "mand"} <= set(hidden["domain_group"])


def test_a_difference_from_a_withheld_mean_of_all_goes_with_it() -> None:
    figures = table({("0461", "all", ""): [5, 5, 5, 5, 5], ("alle", "all", ""): [1, 1, 1, 0, 0]})
    result, _ = suppress(figures)
    assert result[["difference_to_all", "difference_to_rest"]].isna().all(axis=None)
    assert not result["is_different_from_rest"].any()


def test_a_cell_that_stays_exposed_takes_with_it_who_was_asked_and_then_the_score_of_its_theme() -> None:
    """coop is asked of those who ticked several in contact: 3 + 0 of 4 asked in two groups leave one in the third."""

    def item(name: str, young: int, middle: int, old: int) -> pd.DataFrame:
        groups = {"under_30": young, "30_49": middle, "50_plus": old}
        return table(
            {("0461", "age_group", group): [n, n, n, 0, 0] for group, n in groups.items()}
            | {("0461", "all", ""): [sum(groups.values())] * 3 + [0, 0]}
        ).assign(item_id=name)

    figures = pd.concat([item("contact", 2, 8, 5), item("coop", 0, 1, 1), item("goal", 9, 9, 9), item("maal", 9, 9, 9)])
    exposed = ("0461", "coop", "age_group", "50_plus")

    def shown(times: int) -> set[tuple[str, str]]:
        """Item and group of what is not withheld."""
        result, _ = suppress(
            figures, categories={"maal": ("goal", "coop")}, after={"coop": "contact"}, exposed=[exposed] * times
        )
        own = result[~result["is_suppressed"] & (result["domain"] == "age_group")]
        return set(zip(own["item_id"], own["domain_group"], strict=True))

    goal = {("goal", group) for group in ("under_30", "30_49", "50_plus")}
    score = {("maal", group) for group in ("under_30", "30_49", "50_plus")}
    assert shown(1) - goal - score == {("contact", "30_49")}
    assert shown(3) == goal | score
    assert goal <= shown(5)
    assert ("maal", "50_plus") not in shown(5)
