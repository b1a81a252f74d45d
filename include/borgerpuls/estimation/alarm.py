"""
Alarm: say when a figure has gone the wrong way, with a stated rate of false alarms.

Watched are the category means of everybody (where a round has none, its overall score), in each municipality and in all
participating. Each is tested one-sided against the period before: t = (now − before) / √(V_now + V_before), p = P(T ≤ t)
with Satterthwaite's degrees of freedom; Holm's step-down procedure over the municipality's watched figures. Where nothing has got
worse, the chance that a municipality gets any alarm in a round is then at most `FALSE_ALARM_RATE`, however the figures
hang together: with 98 municipalities about one false alarm a round is to be expected, and no more.

Rounds are taken as independent, which makes the tests cautious where the same people answer again. A figure that is
withheld, uncertain, not counted alike, or whose error nobody published is not watched.

Source: Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70; Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114.
"""

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd
from scipy.special import stdtr

from borgerpuls.terms import ALL_PARTICIPATING

FALSE_ALARM_RATE = 0.01
"""Largest chance, per municipality and round, of any alarm where nothing has got worse."""

SMALLEST_FALL = 0.05
"""Falls of less than this many points are no news, however sure: none of them is an alarm."""

WATCHED = "category_mean"
NUMBERS = ["value", "standard_error", "degrees_of_freedom"]
ALARM = [
    "municipality_code", "item_id", "measure", "previous_period", "previous_value", "value", "difference", "p_value",
    "false_alarm_rate", "watched_n",
]  # fmt: skip


def alarms(figures: pd.DataFrame, previous: pd.DataFrame, rate: float = FALSE_ALARM_RATE) -> pd.DataFrame:
    """
    Return the watched figures that have fallen.

    Args:
        figures: Protected figures of the round.
        previous: The means that they may be compared with, as `trend.previous_means`, only those counted alike.
        rate: Largest chance per municipality of a false alarm.

    Returns:
        One row per alarm, columns `ALARM`, worst first within a municipality; `p_value` is adjusted.
    """
    watched = figures[
        (figures["measure"] == WATCHED)
        & (figures["domain"] == "all")
        & ~figures["is_suppressed"].astype(bool)
        & ~figures["is_uncertain"].astype(bool)
    ]
    keys = ["municipality_code", "item_id", "measure"]
    before = previous.loc[~previous["is_uncertain"].astype(bool), [*keys, *NUMBERS, "period"]]
    pairs = watched[[*keys, *NUMBERS]].merge(before, on=keys, suffixes=("", "_before"))
    for name in [*NUMBERS, *(f"{name}_before" for name in NUMBERS)]:
        pairs[name] = pairs[name].astype("float64")
    pairs["p"] = fall_p(pairs)
    pairs = pairs[pairs["p"].notna()].sort_values(["municipality_code", "p", "item_id"], ignore_index=True)
    rank = pairs.groupby("municipality_code").cumcount()
    pairs["watched_n"] = pairs.groupby("municipality_code")["p"].transform("size")
    stepped = (pairs["p"] * (pairs["watched_n"] - rank)).clip(upper=1.0)
    pairs["p_value"] = stepped.groupby(pairs["municipality_code"]).cummax()
    pairs["difference"] = pairs["value"] - pairs["value_before"]
    fell = pairs[(pairs["p_value"] <= rate) & (pairs["difference"] <= -SMALLEST_FALL)]
    renamed = fell.rename(columns={"value_before": "previous_value", "period": "previous_period"})
    return renamed.assign(false_alarm_rate=rate).reset_index(drop=True)[ALARM]


def fall_p(pairs: pd.DataFrame) -> "pd.Series[float]":
    """
    Return the one-sided p-value of each fall.

    Args:
        pairs: `value, standard_error, degrees_of_freedom` and the same of the period before with `_before`.

    Returns:
        P-values, small where the figure has fallen; missing where an error or its degrees of freedom are.
    """
    V, V_before = pairs["standard_error"] ** 2, pairs["standard_error_before"] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = V**2 / pairs["degrees_of_freedom"] + V_before**2 / pairs["degrees_of_freedom_before"]
        df = ((V + V_before) ** 2 / parts).to_numpy(dtype=float)
        t = ((pairs["value"] - pairs["value_before"]) / (V + V_before) ** 0.5).to_numpy(dtype=float)
    tested = (df > 0) & np.isfinite(t)
    p = np.full(len(pairs), np.nan)
    p[tested] = stdtr(df[tested], t[tested])
    return pd.Series(p, index=pairs.index)


def alarm_sentence(alarm: Mapping[Hashable, object], municipality_name: str, item_name: str, period_name: str) -> str:
    """
    Return an alarm in Danish.

    Args:
        alarm: One row of `alarms`.
        municipality_name: As it is printed.
        item_name: Of the category.
        period_name: Of the period before.
    """
    who = "de deltagende kommuner under ét" if alarm["municipality_code"] == ALL_PARTICIPATING else municipality_name
    return (
        f"{item_name} er faldet i {who}: fra {_score(alarm['previous_value'])} i {period_name} til "
        f"{_score(alarm['value'])}. Faldet er større, end tilfældig variation normalt giver."
    )


def _score(value: object) -> str:
    return f"{float(str(value)):.2f}".replace(".", ",")
