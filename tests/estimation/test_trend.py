"""Trend and comparison with the period before: worked by hand, breaks, and what was withheld stays withheld."""

import pandas as pd
import pytest

from borgerpuls.estimation import comparability
from borgerpuls.estimation.comparability import ASKED, CATEGORY, GROUP, breaks_between
from borgerpuls.estimation.trend import (
    FLAGS,
    IMPORTED,
    NUMBERS,
    REFERENCE,
    ROUND,
    SERIES,
    Period,
    in_trend,
    previous_means,
    trend_points,
)

OLD, NEW = ("2023", "2023"), ("2024", "2024")


def figures(*rows: tuple, **flags: bool) -> pd.DataFrame:
    """Rows (municipality, item, measure, domain, group, value)."""
    table = pd.DataFrame(rows, columns=[*SERIES, "value"])
    for name in NUMBERS[1:]:
        table[name] = {"standard_error": 0.1, "degrees_of_freedom": 100.0, "valid_n": 100}.get(name)
    for name in FLAGS:
        table[name] = flags.get(name, False)
    return table[[*SERIES, *NUMBERS, *FLAGS]]


def period(
    name: str, rows: pd.DataFrame, *, kind: str = ROUND, edition=NEW, source: str = "", codes=("0461", "0707")
) -> Period:
    return Period(name, f"halvår {name}", kind, source or name, "t", edition, codes and frozenset(codes), rows)


def trust(value: float | None, code: str = "0461") -> tuple:
    return (code, "trust", "mean", "all", "", value)


def test_a_trend_over_three_rounds_has_its_points_in_order_and_the_own_round_last() -> None:
    now = period("2026-1", figures(trust(3.6)))
    points = trend_points(
        now, [period("2025-2", figures(trust(3.5))), period("2024-1", figures(trust(3.2), trust(3, "0707")))]
    )
    assert points["period"].tolist() == ["2024-1", "2025-2", "2026-1"]
    assert points["value"].tolist() == [3.2, 3.5, 3.6]
    assert not points["is_break_before"].any()


def test_a_codebook_change_marks_a_break_for_what_it_changed_and_nothing_else() -> None:
    rows = figures(
        trust(3.5),
        ("0461", "maal_og_aktiviteter", "category_mean", "all", "", 3.1),
        ("0461", "trust", "mean", "target_group", "aktivitetsparat", 3.0),
        ("0461", "trust", "mean", "target_group", "dagpenge", 3.4),
    )
    points = trend_points(period("2024-1", rows), [period("2023-2", rows, edition=OLD)])
    reason = points[points["period"] == "2024-1"].set_index(["item_id", "domain_group"])["break_reason"]
    assert pd.isna(reason[("trust", "")])
    assert pd.isna(reason[("trust", "dagpenge")])
    assert reason[("maal_og_aktiviteter", "")] == CATEGORY
    assert reason[("trust", "aktivitetsparat")] == GROUP
    assert points.loc[points["period"] == "2023-2", "break_reason"].isna().all()


def test_what_is_asked_of_others_than_before_is_a_break(monkeypatch: pytest.MonkeyPatch) -> None:
    breaks = breaks_between(NEW, OLD)
    assert "coop" not in breaks.items  # of the same people, though the groups have other names
    assert set(breaks.target_groups) == {"aktivitetsparat", "jobafklaring"}
    asked = comparability._asked_subgroups

    def as_if_fewer(version: str) -> dict[str, frozenset[str]]:
        return asked(version) | ({"coop": frozenset({"kth_aktivitetsparat"})} if version == "2024" else {})

    monkeypatch.setattr(comparability, "_asked_subgroups", as_if_fewer)
    breaks_between.cache_clear()
    try:
        breaks = breaks_between(NEW, OLD)
        assert breaks.items["coop"] == ASKED
        assert "overall" not in breaks.items
    finally:
        breaks_between.cache_clear()


def test_other_participating_municipalities_break_only_what_is_said_of_all() -> None:
    rows = figures(trust(3.5), trust(3.4, "alle"))
    before = period("2025-2", rows, codes=("0461", "0101", "0147"))
    points = trend_points(period("2026-1", rows), [before]).set_index(["municipality_code", "period"])
    assert points.loc[("alle", "2026-1"), "break_reason"] == (
        "De deltagende kommuner er ikke de samme: 1 af 2 deltog også i halvår 2025-2."
    )
    assert not points.loc[("0461", "2026-1"), "is_break_before"]
    unknown = trend_points(period("2026-1", rows), [period("2025-2", rows, codes=None)])
    assert unknown["break_reason"].dropna().tolist() == [
        "Det er ikke oplyst, hvilke kommuner der deltog i halvår 2025-2."
    ]


def test_withheld_stays_withheld_and_is_not_compared() -> None:
    hidden = figures(trust(None), is_suppressed=True)
    now = period("2026-1", figures(trust(3.6)))
    points = trend_points(now, [period("2025-2", hidden), period("2024-2", figures(trust(3.3)))])
    assert points["is_suppressed"].tolist() == [False, True, False]
    assert points["value"].isna().tolist() == [False, True, False]
    # The latest period says nothing; an older one must not speak in its place.
    (before,) = previous_means(now, [period("2025-2", hidden), period("2024-2", figures(trust(3.3)))]).to_dict(
        "records"
    )
    assert before["period"] == "2025-2"
    assert pd.isna(before["value"])


def test_a_round_replaces_an_import_of_its_period_and_later_periods_are_left_out() -> None:
    imported = period("2025-2", figures(trust(9.9)), kind=IMPORTED, source="someone")
    later = period("2026-2", figures(trust(1.0)), kind=IMPORTED, source="later")
    own_period = period("2026-1", figures(trust(1.0)), kind=IMPORTED, source="own")
    points = trend_points(
        period("2026-1", figures(trust(3.6))), [imported, later, own_period, period("2025-2", figures(trust(3.5)))]
    )
    assert points["value"].tolist() == [3.5, 3.6]


def test_a_reference_municipality_is_shown_and_never_compared() -> None:
    reference = period("2025-1", figures(trust(3.9, REFERENCE)), kind=REFERENCE, source="ref", codes=None)
    now = period("2026-1", figures(trust(3.6), trust(3.5, "alle")))
    points = trend_points(now, [reference])
    assert points.loc[points["kind"] == REFERENCE, "municipality_code"].tolist() == [REFERENCE]
    assert previous_means(now, [reference]).empty


def test_questions_of_a_municipality_s_own_have_no_trend() -> None:
    table = figures(
        trust(3.5), ("0461", "local1", "mean", "all", "", 3.0), ("0461", "trust", "mean", "sex", "mand", 3.0)
    )
    assert in_trend(table)["item_id"].tolist() == ["trust"]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_earlier_period_gives_one_point(count: int) -> None:
    earlier = [period(f"20{10 + number}-1", figures(trust(3.0))) for number in range(count)]
    assert len(trend_points(period("2026-1", figures(trust(3.6))), earlier)) == count + 1
