"""The alarm: one case by hand, and its rate of false alarms by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from borgerpuls.estimation.alarm import FALSE_ALARM_RATE, alarm_sentence, alarms

CATEGORIES = ("overordnet", "moedet", "maal_og_aktiviteter", "samarbejde_paa_tvaers", "samtalen", "progression")


def _round(values: np.ndarray, errors: float = 0.06, df: float = 300.0, **change: object) -> pd.DataFrame:
    """Category means of len(values) municipalities."""
    rows = [
        {"municipality_code": f"{100 + place:04d}", "item_id": item, "measure": "category_mean", "domain": "all",
         "value": value, "standard_error": errors, "degrees_of_freedom": df, "is_suppressed": False,
         "is_uncertain": False, "period": "2025-2"}
        for place, own in enumerate(values)
        for item, value in zip(CATEGORIES, own, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**change)


def test_a_fall_is_found_with_its_p_value_by_hand() -> None:
    before = _round(np.full((1, 6), 3.6))
    now = _round(np.array([[3.6, 3.2, 3.6, 3.6, 3.6, 3.6]]))
    (found,) = alarms(now, before).to_dict("records")
    assert (found["item_id"], found["watched_n"], found["previous_period"]) == ("moedet", 6, "2025-2")
    assert found["p_value"] == pytest.approx(6 * student.cdf(-0.4 / np.sqrt(2 * 0.06**2), 600))
    assert found["difference"] == pytest.approx(-0.4)
    assert alarm_sentence(found, "Odense", "Mødet med jobcentret", "2. halvår 2025") == (
        "Mødet med jobcentret er faldet i Odense: fra 3,60 i 2. halvår 2025 til 3,20. "
        "Faldet er større, end tilfældig variation normalt giver."
    )


@pytest.mark.parametrize(
    "now",
    [
        _round(np.full((1, 6), 4.2)),
        _round(np.full((1, 6), 3.2), is_suppressed=True),
        _round(np.full((1, 6), 3.2), is_uncertain=True),
        _round(np.full((1, 6), 3.2), errors=np.nan),
        _round(np.full((1, 6), 3.59), errors=0.001),
    ],
    ids=["a rise", "withheld", "uncertain", "no error known", "too small to matter"],
)
def test_no_alarm_for(now: pd.DataFrame) -> None:
    assert alarms(now, _round(np.full((1, 6), 3.6))).empty


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.95])
def test_false_alarms_come_no_oftener_than_stated_however_the_figures_hang_together(correlation: float) -> None:
    rng = np.random.default_rng(7)
    municipalities, rounds = 500, 8
    falsely = 0
    for _ in range(rounds):
        now, before = (
            3.6 + 0.06 * (np.sqrt(correlation) * rng.standard_normal((municipalities, 1))
                          + np.sqrt(1 - correlation) * rng.standard_normal((municipalities, 6)))
            for _ in range(2)
        )  # fmt: skip
        falsely += alarms(_round(now), _round(before))["municipality_code"].nunique()
    n = municipalities * rounds
    # At most the rate, and three standard errors of chance; and not silent, where the figures are independent.
    assert falsely / n <= FALSE_ALARM_RATE + 3 * np.sqrt(FALSE_ALARM_RATE * (1 - FALSE_ALARM_RATE) / n)
    if correlation == 0.0:
        assert falsely / n >= FALSE_ALARM_RATE / 2


def test_a_fall_of_a_quarter_point_is_nearly_always_found() -> None:
    rng = np.random.default_rng(3)
    before = _round(3.6 + 0.05 * rng.standard_normal((200, 6)), errors=0.05)
    now = _round(3.35 + 0.05 * rng.standard_normal((200, 6)), errors=0.05)
    assert alarms(now, before)["municipality_code"].nunique() >= 190
