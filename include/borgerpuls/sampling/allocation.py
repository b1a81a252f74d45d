"""
Allocation: how many to draw in each municipality and stratum, in whole numbers and without rounding errors.

A municipality's size is configured or follows from a precision target. Inside it the size is spread over the strata sex ×
age in proportion to the frame, by largest remainders. All arithmetic that decides a person is in whole numbers.

Source: Cochran (1977), Sampling Techniques, section 4.4 (sample size for a share); Balinski & Young (2001), Fair
Representation (Hamilton's method).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from borgerpuls.errors import PrecisionIsImpossible, SampleSizeIsImpossible, TotalIsOutOfReach

Ints = npt.NDArray[np.int64]

_PARTS_PER_PERSON = 10**6
"""Fractional sizes are made whole in millionths of a person before they are apportioned."""


@dataclass(frozen=True)
class PrecisionTarget:
    """
    The precision wanted in every municipality.

    Attributes:
        margin: Half width of the interval of a share, 0-1 (0.03 is ± 3 points).
        expected_response: Share of the invited expected to answer, 0-1.
        share: The share for which the margin shall hold; 0.5 is the most demanding.
        confidence: Coverage of the interval, 0-1.
        minimum: Smallest sample of a municipality, persons.
        maximum: Largest sample of a municipality, persons.
    """

    margin: float
    expected_response: float = 1.0
    share: float = 0.5
    confidence: float = 0.95
    minimum: int = 0
    maximum: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("margin", 0, 1), ("share", 0, 1), ("confidence", 0, 1)):
            if not low < getattr(self, name) < high:
                raise PrecisionIsImpossible(
                    f"The {name} {getattr(self, name):g} is not between {low} and {high}.",
                    where="precision target",
                    next_step="Write shares as numbers such as 0.03.",
                )
        if not 0 < self.expected_response <= 1:
            raise PrecisionIsImpossible(
                f"The expected response {self.expected_response:g} is not above 0 and at most 1.",
                where="precision target",
                next_step="Use the response of the latest round, such as 0.43.",
            )
        if self.minimum < 0 or (self.maximum is not None and self.maximum < self.minimum):
            raise PrecisionIsImpossible(
                f"The limits {self.minimum} to {self.maximum} leave no size.",
                where="precision target",
                next_step="Set a minimum of 0 or more and a maximum at least as large.",
            )


def hamilton(sizes: Sequence[int] | Ints, total: int) -> Ints:
    """
    Spread *total* in proportion to *sizes* by largest remainders; of equal remainders the lowest index gains.

    Args:
        sizes: Whole numbers >= 0, (k,).
        total: Whole number >= 0.

    Returns:
        Whole numbers (k,) that sum to *total*.

    Raises:
        TotalIsOutOfReach: All sizes are 0 but *total* is not.
    """
    whole = np.asarray(sizes, dtype=np.int64)
    return hamilton_in_groups(whole, np.zeros(len(whole), dtype=np.int64), np.array([total], dtype=np.int64))


def hamilton_in_groups(sizes: Ints, group: Ints, totals: Ints) -> Ints:
    """
    Spread each group's total over its members as `hamilton` does.

    Args:
        sizes: Whole numbers >= 0, (k,); a group's sum times its total must stay below 2⁶³.
        group: Group of each size, (k,), 0..G-1.
        totals: Total of each group, (G,).

    Returns:
        Whole numbers (k,); each group's sum to its total.

    Raises:
        TotalIsOutOfReach: A group has a total above 0 and only sizes of 0.
    """
    sums = np.zeros(len(totals), dtype=np.int64)
    np.add.at(sums, group, sizes)
    if ((sums == 0) & (totals > 0)).any():
        raise TotalIsOutOfReach(
            f"{int(totals[(sums == 0) & (totals > 0)][0])} persons shall be drawn where nobody is.",
            where="allocation",
            next_step="Set the size to 0, or check that the frame is complete.",
        )
    product = sizes * totals[group]
    divisor = np.maximum(sums, 1)[group]
    shares, remainder = product // divisor, product % divisor
    given = np.zeros(len(totals), dtype=np.int64)
    np.add.at(given, group, shares)
    order = np.lexsort((np.arange(len(sizes)), -remainder, group))
    first = np.searchsorted(group[order], np.arange(len(totals)))
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[order] = np.arange(len(sizes)) - first[group[order]]
    return shares + (rank < (totals - given)[group])


def size_for_precision(N: int, target: PrecisionTarget) -> float:
    """
    Return the invitations that give the precision: N z²pq / (e²(N − 1) + z²pq), over the expected response.

    Args:
        N: Persons in the municipality's frame.
        target: What is wanted; its limits are not applied here.
    """
    z2pq = float(ndtri(0.5 + target.confidence / 2)) ** 2 * target.share * (1 - target.share)
    answers = N * z2pq / (target.margin**2 * (N - 1) + z2pq) if N > 0 else 0.0
    return answers / target.expected_response


def sizes_by_precision(frame_n: pd.Series, target: PrecisionTarget, *, total: int | None = None) -> pd.Series:
    """
    Return every municipality's sample size from a precision target.

    The size for the precision is kept inside the limits; then, where *total* is given, it is spread by Hamilton in
    proportion to these sizes, else each is rounded up. Where the size reaches the frame, all are invited (census).

    Args:
        frame_n: Persons in the frame per municipality.
        target: The precision, with its limits.
        total: Invitations over all municipalities.

    Returns:
        Persons to draw per municipality, index as *frame_n*, at most the frame.

    Raises:
        TotalIsOutOfReach: *total* is negative or above the whole frame.
    """
    highest = np.inf if target.maximum is None else target.maximum
    wanted = np.array([size_for_precision(int(N), target) for N in frame_n])
    limited = np.clip(wanted, target.minimum, highest)
    N = frame_n.to_numpy(dtype=np.int64)
    if total is None:
        sizes = np.ceil(np.round(limited, 9)).astype(np.int64)
        return pd.Series(np.minimum(sizes, N), index=frame_n.index, name="n")
    if not 0 <= total <= N.sum():
        raise TotalIsOutOfReach(
            f"The total {total} is not between 0 and the {N.sum()} persons of the frame.",
            where="allocation",
            next_step="Lower the total.",
        )
    parts = np.rint(limited * _PARTS_PER_PERSON).astype(np.int64)
    return pd.Series(_hamilton_below(parts, N, total), index=frame_n.index, name="n")


def configured_sizes(frame_n: pd.Series, sizes: pd.Series) -> pd.Series:
    """
    Check configured sizes against the frame; a size at or above the frame becomes a census.

    Args:
        frame_n: Persons in the frame per municipality.
        sizes: Persons to draw per municipality; whole numbers >= 0.

    Returns:
        Persons to draw per municipality, index as *frame_n*.

    Raises:
        SampleSizeIsImpossible: A municipality of the frame has no size, or a size is negative or fractional.
    """
    absent = [code for code in frame_n.index if code not in sizes.index]
    if absent:
        raise SampleSizeIsImpossible(
            f"Municipality {', '.join(str(code) for code in absent)} is in the frame but has no size.",
            where="sizes",
            next_step="Give every municipality a size; 0 draws nobody.",
        )
    if sizes.index.has_duplicates:
        raise SampleSizeIsImpossible(
            f"Municipality {sizes.index[sizes.index.duplicated()][0]} has more than one size.",
            where="sizes",
            next_step="Give each municipality one size.",
        )
    chosen = sizes.reindex(frame_n.index)
    wrong = ~(np.isfinite(chosen.astype(float)) & (chosen >= 0) & (chosen == np.floor(chosen.astype(float))))
    if wrong.any():
        code = chosen.index[wrong][0]
        raise SampleSizeIsImpossible(
            f"The size {chosen[code]:g} is not a whole number of persons, zero or more.",
            where=f"sizes, municipality {code}",
            next_step="Write the number of invitations.",
        )
    return pd.Series(np.minimum(chosen.to_numpy(dtype=np.int64), frame_n), index=frame_n.index, name="n")


def _hamilton_below(parts: Ints, ceiling: Ints, total: int) -> Ints:
    """Hamilton with nobody above its ceiling: who reaches it is fixed there and the rest is spread again."""
    result = np.zeros(len(parts), dtype=np.int64)
    free = ceiling > 0
    while free.any():
        left = total - int(result[~free].sum())
        share = [int(value) for value in parts[free]]
        if sum(share) == 0:
            share = [1] * len(share)
        spread = _hamilton_exact(share, left)
        full = spread >= ceiling[free]
        result[free] = np.minimum(spread, ceiling[free])
        if not (spread > ceiling[free]).any():
            return result
        free[np.flatnonzero(free)[full]] = False
    return result


def _hamilton_exact(sizes: list[int], total: int) -> Ints:
    """Hamilton in Python's whole numbers, which do not overflow with millionths of a person."""
    whole = sum(sizes)
    shares = [size * total // whole for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda index: -(sizes[index] * total % whole))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return np.array(shares, dtype=np.int64)
