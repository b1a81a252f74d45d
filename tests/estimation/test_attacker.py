"""The attacker finds what can be worked out, and lets what cannot be stand."""

import numpy as np
import pandas as pd
import pytest
from bdo_appendix import bdo_figures, from_printed_rates, with_small_groups_blanked
from planted_leaks import random_figures, run

from borgerpuls.estimation.attacker import derived_counts, means_told_by, protect
from borgerpuls.estimation.disclosure import CELL, Thresholds
from borgerpuls.estimation.feasible import Knowledge, is_narrow
from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES


def test_planted_leaks_are_all_found_and_protected_tables_give_no_alarm() -> None:
    result = run(2, seed=3)
    assert result["planted"] == 2
    assert result["found"] == result["planted"]
    assert result["false_alarms"] == 0


def test_bdos_small_groups_are_given_away_by_what_is_kept() -> None:
    """Three groups are blanked and together have 6 answers; one has 2 citizens, so that at most 2 of them are its."""
    found = derived_counts(with_small_groups_blanked(bdo_figures()))
    assert [(one.domain_group[:20], one.least, one.most) for one in found] == [("Overgangsydelsesmodt", 0, 2)]


def test_bdos_annex_as_we_would_publish_it_gives_nothing_away() -> None:
    protected, reasons = protect(bdo_figures(), Thresholds(), {})
    assert derived_counts(protected) == []
    assert len(reasons) >= 2


def test_bdos_printed_rates_give_every_small_group_away() -> None:
    """Rates to the nearest per cent of known populations: 0, 2 and 4 answers, as they were."""
    rates = from_printed_rates()
    assert sorted(one.answers for one in rates) == [0, 2, 4]
    assert all(one.is_exact for one in rates)


def test_ranges_of_a_table_worked_by_hand() -> None:
    """Two by two with rows 3 and 7 and columns 4 and 6: the first cell lies between 0 and 3."""
    knowledge = Knowledge()
    a, b, c, d = (knowledge.unknown(0, 100) for _ in range(4))
    for columns, total in (((a, b), 3), ((c, d), 7), ((a, c), 4), ((b, d), 6)):
        knowledge.know(columns, [1.0, 1.0], total, total)
    least, most = knowledge.ranges([a, b, c, d], np.inf)
    assert least.round().tolist() == [0, 0, 1, 3]
    assert most.round().tolist() == [3, 3, 4, 6]
    assert is_narrow(least, most, 3).tolist() == [False] * 4


def test_figures_that_nobody_can_have_answered_are_named_as_such() -> None:
    knowledge = Knowledge()
    only = knowledge.unknown(0, 2)
    knowledge.know([only], [1.0], 5, 5)
    with pytest.raises(ValueError, match="contradict each other"):
        knowledge.ranges([only], 3)


def test_a_table_without_withheld_cells_has_nothing_to_attack() -> None:
    least, most = Knowledge().ranges([], 3)
    assert pd.Series(least).empty
    assert pd.Series(most).empty


def _small_survey(answers: dict[tuple[str, str], dict[str, list[int]]]) -> pd.DataFrame:
    """Figures of items by (municipality, group of sex): answers 5 to 1 of equal weight, the wholes added up."""
    cells: dict[tuple[str, str, str], dict[str, np.ndarray]] = {}
    for (place, group), items in answers.items():
        for key in ((place, "sex", group), (place, "all", ""), ("alle", "sex", group), ("alle", "all", "")):
            own = cells.setdefault(key, {})
            for item, counts in items.items():
                own[item] = own.get(item, np.zeros(5)) + np.array(counts)
    rows = [
        cell_row(key, item, counts, k)
        for key, items in cells.items()
        for item, counts in items.items()
        for k in range(6)
    ]
    rows += [
        weight_row(place, measure) for place in {key[0] for key in cells} for measure in ("weight_min", "weight_max")
    ]
    return pd.DataFrame(rows)


def cell_row(key: tuple[str, str, str], item: str, counts: np.ndarray, k: int) -> dict[str, object]:
    """The mean (k = 5) or a share."""
    n = counts.sum()
    value = counts @ np.array([5, 4, 3, 2, 1]) / n if k == 5 else counts[k] / n
    return _EMPTY | {
        "municipality_code": key[0], "item_id": item, "domain": key[1], "domain_group": key[2],
        "measure": "mean" if k == 5 else "share", "category": "" if k == 5 else str(5 - k), "value": float(value),
        "valid_n": n, "dont_know_n": 0.0, "not_asked_n": 0.0, "weighted_base": 2.0 * n,
        "broken_off_n": 2.0 * (2 if key[0] == "alle" else 1) * (2 if key[1] == "all" else 1),
    }  # fmt: skip


def weight_row(place: str, measure: str) -> dict[str, object]:
    """Everybody weighs two."""
    return _EMPTY | {"municipality_code": place, "item_id": "weighting", "measure": measure, "value": 2.0}


_EMPTY: dict[str, object] = {
    "domain": "all", "domain_group": "", "category": "", "no_interval_reason": "", "is_different_from_rest": False,
    "is_different_from_previous": False,
    **dict.fromkeys([*COUNTS, *VALUES, *COMPARISONS], np.nan),
}  # fmt: skip


def _withheld(figures: pd.DataFrame, cells: set[tuple[str, str, str, str]]) -> pd.DataFrame:
    hidden = pd.MultiIndex.from_frame(figures[CELL]).isin(list(cells))
    result = figures.assign(is_suppressed=hidden)
    result.loc[hidden, [*COUNTS, *VALUES, *COMPARISONS]] = np.nan
    return result


TWO_PLACES = {
    ("0461", "kvinde"): {"trust": [4, 8, 6, 2, 1]}, ("0461", "mand"): {"trust": [1, 1, 1, 0, 1]},
    ("0727", "kvinde"): {"trust": [9, 7, 8, 3, 2]}, ("0727", "mand"): {"trust": [2, 5, 6, 3, 2]},
}  # fmt: skip
RECTANGLE = {(place, "trust", "sex", sex) for place in ("0461", "0727") for sex in ("kvinde", "mand")}


def test_four_cells_withheld_at_the_corners_protect_each_other_and_three_do_not() -> None:
    figures = _small_survey(TWO_PLACES)
    assert derived_counts(_withheld(figures, RECTANGLE), set()) == []
    three = RECTANGLE - {("0727", "trust", "sex", "kvinde")}
    assert {one.what for one in derived_counts(_withheld(figures, three))} >= {"valid_n"}


def test_what_was_published_before_of_the_same_answers_is_known() -> None:
    figures = _small_survey(TWO_PLACES)
    protected = _withheld(figures, RECTANGLE)
    earlier = _withheld(figures, RECTANGLE - {("0727", "trust", "sex", "kvinde")})
    found = derived_counts(protected, earlier=earlier)
    assert ("0461", "trust", "sex", "mand", "valid_n", 4, 4) in found


def test_a_later_rounds_difference_tells_the_mean_that_was_withheld() -> None:
    later = _small_survey({("0461", "kvinde"): {"trust": [1, 1, 1, 1, 1]}}).assign(is_suppressed=False)
    later = later[(later["measure"] == "mean") & (later["domain"] == "all")].assign(difference_to_previous=-2.0)
    told = means_told_by(later)
    assert told["0461", "trust", "all", ""] == pytest.approx((4.99, 5.01))
    figures = _small_survey(TWO_PLACES)
    protected = _withheld(figures, RECTANGLE)
    cell = ("0461", "trust", "sex", "mand")
    most = [
        next(one.most for one in derived_counts(protected, means=means, room=np.inf) if one[:5] == (*cell, "valid_n"))
        for means in (None, {cell: (4.99, 5.0)})
    ]
    assert most[1] <= 5 < most[0]  # five gave a 5 in Holbæk, men and women together


def test_a_category_and_the_other_item_narrow_what_is_withheld_of_an_item() -> None:
    """Two items that the same persons answered; the category's mean is theirs, so that it gives the sum of the scores."""
    both = {key: {"trust": items["trust"], "listen": items["trust"][::-1]} for key, items in TWO_PLACES.items()}
    figures = _small_survey(both)
    means = figures[figures["measure"] == "mean"].set_index([*CELL[:1], *CELL[2:], "item_id"])["value"].unstack()
    category = figures[(figures["measure"] == "mean") & (figures["item_id"] == "listen")]
    value = means.mean(axis=1).reindex(pd.MultiIndex.from_frame(category[[*CELL[:1], *CELL[2:]]])).to_numpy()
    category = category.assign(item_id="moedet", measure="category_mean", value=value)
    hidden = _withheld(pd.concat([figures, category], ignore_index=True), RECTANGLE)
    alone = derived_counts(hidden, room=np.inf)
    together = derived_counts(hidden, categories={"moedet": ["trust", "listen"]}, room=np.inf)
    width = {one[:5]: one.most - one.least for one in alone if one.what == "valid_n"}
    narrower = {one[:5]: one.most - one.least for one in together if one.what == "valid_n"}
    assert set(width) == set(narrower)
    assert len(width) == 4
    assert all(narrower[cell] <= width[cell] for cell in width)
    assert sum(narrower.values()) < sum(width.values())


def test_the_truth_is_never_outside_the_range() -> None:
    rng = np.random.default_rng(11)
    figures = random_figures(rng)
    protected, _ = protect(figures, Thresholds(), {})
    truth = figures.drop_duplicates(CELL).set_index(CELL)
    compared = 0
    for one in derived_counts(protected, room=np.inf):
        if one.what in COUNTS:
            assert one.least <= truth.loc[one[:4], one.what] <= one.most
            compared += 1
    assert compared > 10
