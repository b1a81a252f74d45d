"""What is withheld, and that it stays withheld."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.estimation.disclosure import COMPLEMENTARY, FEW_ANSWERS, ONE_CATEGORY, suppress
from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES


def table(counts: dict[tuple[str, str, str], list[int]]) -> pd.DataFrame:
    """Figures of one item: answers 5..1 by (municipality, domain, group)."""
    rows = []
    for (municipality, domain, group), answers in counts.items():
        n = sum(answers)
        base = {
            "municipality_code": municipality, "item_id": "trust", "domain": domain, "domain_group": group, "valid_n": n,
            "dont_know_n": 2, "not_asked_n": 0, "broken_off_n": 1, "weighted_base": n * 3.0, "standard_error": 0.1,
            "lower": 0.0, "upper": 5.0, "no_interval_reason": "", "is_different_from_rest": True,
            **dict.fromkeys(COMPARISONS, 0.1),
        }  # fmt: skip
        mean = sum(k * c for k, c in zip((5, 4, 3, 2, 1), answers, strict=True)) / n if n else np.nan
        rows.append(base | {"measure": "mean", "category": "", "value": mean})
        rows += [
            base | {"measure": "share", "category": str(k), "value": c / n if n else np.nan}
            for k, c in zip((5, 4, 3, 2, 1), answers, strict=True)
        ]
    return pd.DataFrame(rows)


def reasons(result: pd.DataFrame) -> dict[tuple[str, str], str]:
    means = result[result["measure"] == "mean"]
    return {
        (row.municipality_code, row.domain_group): row.suppression_reason
        for row in means.itertuples()
        if isinstance(row.suppression_reason, str)
    }


def test_a_group_of_four_takes_the_next_smallest_with_it() -> None:
    result = suppress(
        table(
            {
                ("0461", "sex", "kvinde"): [2, 1, 1, 0, 0],
                ("0461", "sex", "mand"): [20, 10, 5, 5, 5],
                ("0461", "all", ""): [22, 11, 6, 5, 5],
            }
        )
    )
    assert reasons(result) == {("0461", "kvinde"): FEW_ANSWERS, ("0461", "mand"): COMPLEMENTARY}


def test_seven_answers_in_one_category_reveal_what_everybody_answered() -> None:
    result = suppress(table({("0461", "all", ""): [7, 0, 0, 0, 0], ("0727", "all", ""): [9, 9, 9, 9, 9]}))
    assert reasons(result) == {("0461", ""): ONE_CATEGORY, ("0727", ""): COMPLEMENTARY}


def test_twelve_answers_in_one_category_may_be_shown_and_are_marked_uncertain() -> None:
    result = suppress(table({("0461", "all", ""): [12, 0, 0, 0, 0]}))
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
    result = suppress(table(counts))
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
    result = suppress(table({("0461", "all", ""): [below - 1, 1, 0, 0, 0]}), below=below)
    assert not result["is_suppressed"].any()
    result = suppress(table({("0461", "all", ""): [below - 2, 1, 0, 0, 0]}), below=below)
    assert result["is_suppressed"].all()
