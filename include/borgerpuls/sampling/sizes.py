"""
The sample rule of a round: how many persons to draw in each municipality.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from borgerpuls.errors import SampleSizeIsImpossible
from borgerpuls.sampling.allocation import Ints, PrecisionTarget, configured_sizes, hamilton, sizes_by_precision

STEEPEST = 60.0


def sizes_by_rule(frame_n: pd.Series, rule: Mapping[str, Any]) -> pd.Series:
    """
    Return the persons to draw in each municipality.

    Args:
        frame_n: Persons in the frame per municipality code.
        rule: `{"rule": "between", "minimum": …, "maximum": …, "total": …}`, `{"rule": "sizes", "sizes": {code: n}}`,
            `{"rule": "precision", "margin": …, "expected_response": …}` or `{"rule": "census"}`.

    Returns:
        Whole numbers, index as *frame_n*, at most the frame (then it is a census).

    Raises:
        SampleSizeIsImpossible: The rule has no solution, or is unknown.
    """
    name = rule.get("rule")
    if name == "census":
        return frame_n.copy()
    if name == "sizes":
        return configured_sizes(frame_n, pd.Series(rule["sizes"], dtype="int64"))
    if name == "precision":
        target = PrecisionTarget(float(rule["margin"]), expected_response=float(rule["expected_response"]))
        return sizes_by_precision(frame_n, target)
    if name == "between":
        return sizes_between(frame_n, int(rule["minimum"]), int(rule["maximum"]), int(rule["total"]))
    raise SampleSizeIsImpossible(f"There is no sample rule {name!r}.", where="rounds.round, sample_rule")


def sizes_between(frame_n: pd.Series, minimum: int, maximum: int, total: int) -> pd.Series:
    """
    Return sizes between *minimum* (smallest municipality) and *maximum* (largest) that sum to *total*.

    The size is `minimum + (maximum − minimum) z^g` with z the municipality's log frame scaled to 0-1; the exponent g
    is solved so that the sum fits, and Hamilton's method makes the numbers whole. A municipality whose size reaches its
    frame is asked in full, and the total is then lower.

    Source: the pilot of 2023 printed only the two ends and the total; this is the smoothest rule that meets the three.

    Raises:
        SampleSizeIsImpossible: No exponent gives the total.
    """
    logs = np.log(frame_n.to_numpy(dtype=float))
    spread = logs.max() - logs.min()
    z = (logs - logs.min()) / spread if spread > 0 else np.full(len(logs), 0.5)
    room = total - minimum * len(z)

    def excess(g: float) -> float:
        return float((maximum - minimum) * np.power(z, g, where=z > 0, out=np.zeros_like(z)).sum() - room)

    if spread == 0 or maximum == minimum:
        return _within(frame_n, hamilton([1] * len(z), total))
    if excess(1 / STEEPEST) < 0 or excess(STEEPEST) > 0:
        raise SampleSizeIsImpossible(
            f"No sizes between {minimum} and {maximum} in {len(z)} municipalities sum to {total}.",
            where="sample rule",
            next_step=f"The total must be between {minimum * len(z)} and {maximum * len(z)}.",
        )
    from scipy.optimize import brentq

    g = float(brentq(excess, 1 / STEEPEST, STEEPEST, xtol=1e-12))
    exact = minimum + (maximum - minimum) * np.power(z, g, where=z > 0, out=np.zeros_like(z))
    whole = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return _within(frame_n, whole)


def _within(frame_n: pd.Series, sizes: Ints) -> pd.Series:
    return pd.Series(np.minimum(sizes, frame_n.to_numpy()), index=frame_n.index, name="n").astype("int64")
