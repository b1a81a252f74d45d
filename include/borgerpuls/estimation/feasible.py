"""
What linear knowledge says about unknown counts: the range that each of them can still have.

Unknowns have bounds; each piece of knowledge is a row low <= a'x <= high. The smallest and the largest value of an unknown
are linear programmes (HiGHS), rounded inwards because counts are whole. Most unknowns need no programme of their own: two
solutions of any programmes that lie far enough apart already show that there is room.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CONTRADICTION = "the published figures contradict each other"

EPSILON = 1e-6
_SHARED_PROGRAMMES = 40
_LARGE = 1000  # unknowns
_NEAR = 300  # unknowns around a target that are looked at before all of them
_FIRST = 10.0  # how much more the target counts than the other open ones near it
_EXACT = 1e-9
_PASSES = 40
_GAIN = 1e-3  # bounds that move less are as narrow as they get
_SLACK = 1e-7
_WORTH = 30  # a programme of all costs as much as looking nearby for one target per so many unknowns


@dataclass
class Knowledge:
    """Bounds of unknowns, and rows that tie them together: `row`, `column` and `coefficient` are the entries of a matrix."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    coefficient: list[float] = field(default_factory=list)

    def unknown(self, lower: float = 0.0, upper: float = np.inf) -> int:
        """Add an unknown and return its number."""
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.lower) - 1

    def unknowns(self, count: int) -> int:
        """Add *count* unknowns that may be anything from 0; return the number of the first."""
        first = len(self.lower)
        self.lower += [0.0] * count
        self.upper += [np.inf] * count
        return first

    def know(self, columns: Sequence[int], coefficients: Sequence[float], low: float, high: float) -> None:
        """Add low <= Σ coefficient · unknown <= high."""
        number = len(self.low)
        self.row += [number] * len(columns)
        self.column += columns
        self.coefficient += coefficients
        self.low.append(low)
        self.high.append(high)

    def bound(self, largest: float) -> None:
        """Give unknowns without an upper end one that no withheld count reaches, so that every programme has a solution."""
        most = max(1e4, 4.0 * largest) * 100
        self.upper = [upper if np.isfinite(upper) else most for upper in self.upper]

    def ranges(
        self,
        targets: Sequence[int],
        room: float,
        may_be_none: Sequence[bool] | None = None,
        *,
        is_quick: bool = False,
    ) -> tuple[Floats, Floats]:
        """
        Return a lower and an upper value of each target.

        Where `is_narrow` says so its range lies within them; else both are possible, which shows that it is not.

        Args:
            targets: Unknowns to look at.
            room: Steps that must be left; infinite: both ends of every target as they are.
            may_be_none: Targets that are safe as soon as they may be 0; default none of them.
            is_quick: Use plain arithmetic only, one row after another: it finds nearly all that is narrow, and shows of
                nothing that it is not.

        Raises:
            ValueError: The rows contradict each other.
        """
        wanted = np.asarray(targets, dtype=np.int64)
        easy = np.zeros(len(wanted), dtype=bool) if may_be_none is None else np.asarray(may_be_none, dtype=bool)
        if not len(wanted):
            return np.zeros(0), np.zeros(0)
        search = _Search(self, wanted, room, easy)
        search.hold()
        if is_quick:
            return search.lower[wanted], search.upper[wanted]
        search.together(len(self.lower) / _WORTH)
        for target in wanted.tolist() if len(self.lower) > _LARGE else ():
            search.nearby(target)
        search.together(1.0)
        for target in wanted.tolist():
            search.alone(target)
        return search.least[wanted], search.most[wanted]


class _Search:
    """
    The ends of many targets, with as few large programmes as possible.

    A target whose bounds follow from the rows one by one is held: what can be worked out mostly can be so by plain
    arithmetic. Of every unknown `least` and `most` are the smallest and largest value in any solution so far; as long as
    they lie too close together, a target is open. An open target is looked at where it stands: with everything far away
    held at a solution it may still move enough, and then it does so too when nothing is held.
    """

    def __init__(self, knowledge: Knowledge, wanted: Ints, room: float, easy: Mask) -> None:
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        rows, columns = len(knowledge.low), len(knowledge.lower)
        self.matrix: Any = csr_array((knowledge.coefficient, (knowledge.row, knowledge.column)), shape=(rows, columns))
        self.matrix.eliminate_zeros()
        self.by_column: Any = self.matrix.tocsc()
        self.low, self.high = np.asarray(knowledge.low), np.asarray(knowledge.high)
        self.lower, self.upper = np.asarray(knowledge.lower), np.asarray(knowledge.upper)
        tied = csr_array(
            (np.ones(len(knowledge.row)), (knowledge.row, np.asarray(knowledge.column, dtype=int) + rows)),
            shape=(rows + columns, rows + columns),
        )
        component = connected_components(tied, directed=False)[1]
        self.part_of_row, self.part_of_column = component[:rows], component[rows:]
        self.wanted, self.room = wanted, room
        self.may_be_none = np.zeros(columns, dtype=bool)
        self.may_be_none[wanted] = easy
        self.least, self.most = np.full(columns, np.inf), np.full(columns, -np.inf)
        self.inside = np.zeros(columns)
        """Mean of the solutions of everything so far: a solution too, and mostly far from every bound."""
        self.solutions = 0
        self.held = np.zeros(columns, dtype=bool)
        self.rng = np.random.default_rng(1)

    def is_open(self, targets: Ints) -> Mask:
        """Tell which targets are not held, and have no two solutions that lie far enough apart yet."""
        least, most = self.least[targets], self.most[targets]
        with np.errstate(invalid="ignore"):
            close = ~np.isfinite(least) | is_narrow(least, most, self.room, self.may_be_none[targets])
        open_: Mask = close & ~self.held[targets]
        return open_

    def hold(self) -> None:
        """Narrow the bounds of all unknowns by one row after the other, and set aside the targets that this holds."""
        for _ in range(_PASSES):
            lower, upper = _narrowed(self.matrix, self.low, self.high, self.lower, self.upper)
            gain = max(np.max(lower - self.lower, initial=0.0), np.max(self.upper - upper, initial=0.0))
            self.lower, self.upper = lower, upper
            if gain < _GAIN:
                break
        if (self.lower > self.upper).any():
            raise ValueError(CONTRADICTION)
        if np.isinf(self.room):
            return
        least, most = self.lower[self.wanted], self.upper[self.wanted]
        held = self.wanted[is_narrow(least, most, self.room, self.may_be_none[self.wanted])]
        self.held[held] = True
        self.least[held], self.most[held] = self.lower[held], self.upper[held]

    def together(self, worth: float) -> None:
        """Move all open targets at once, as long as that settles at least *worth* of them, and one."""
        signs = [1.0, -1.0]
        left = len(self.wanted) + 1
        for _ in range(_SHARED_PROGRAMMES):
            open_ = self.wanted[self.is_open(self.wanted)]
            if not len(open_) or (self.solutions > len(signs) and left - len(open_) < max(worth, 1.0)):
                return
            left = len(open_)
            is_first = self.solutions < len(signs)
            cost = np.zeros(len(self.lower))
            cost[open_] = signs[self.solutions] if is_first else self.rng.choice([-1.0, 1.0], left)
            solution = _solve(cost, self.matrix, self.low, self.high, self.lower, self.upper)
            if solution is None:
                raise ValueError(CONTRADICTION)
            self._see(np.arange(len(cost)), solution)
            self.inside += (solution - self.inside) / (self.solutions + 1)
            self.solutions += 1

    def alone(self, target: int) -> None:
        """Settle one target."""
        one = np.array([target])
        if not self.is_open(one)[0]:
            return
        part = self.part_of_column[target]
        columns, rows = np.flatnonzero(self.part_of_column == part), np.flatnonzero(self.part_of_row == part)
        for sign in (1.0, -1.0):
            if self.is_open(one)[0]:
                cost = np.where(columns == target, sign, 0.0)
                own = self.matrix[rows][:, columns]
                bounds = self.lower[columns], self.upper[columns]
                solution = _solve(cost, own, self.low[rows], self.high[rows], *bounds)
                if solution is None:
                    raise ValueError(CONTRADICTION)
                self._see(columns, solution)

    def nearby(self, target: int) -> None:
        """Try to settle a target with the unknowns nearest to it, all others held where a solution has them."""
        one = np.array([target])
        if not self.is_open(one)[0]:
            return
        columns = self._near(target)
        rows = np.unique(self.by_column[:, columns].indices)
        near = self.matrix[rows][:, columns]
        inside = np.clip(self.inside[columns], self.lower[columns], self.upper[columns])
        own = near @ inside
        held = self.matrix[rows] @ self.inside - near @ self.inside[columns]
        low, high = np.minimum(self.low[rows] - held, own), np.maximum(self.high[rows] - held, own)
        open_ = columns[self.is_open(columns) & np.isin(columns, self.wanted)]
        cost = np.where(np.isin(columns, open_), self.rng.choice([-1.0, 1.0], len(columns)), 0.0)
        for sign in (_FIRST, -_FIRST):
            cost[columns == target] = sign
            solution = _solve(cost, near, low, high, self.lower[columns], self.upper[columns])
            if solution is None:  # it holds a solution, but only just: then it says nothing
                return
            self._see(columns, solution)
            if not self.is_open(one)[0]:
                return
            cost = -cost

    def _near(self, target: int) -> Ints:
        """Return the unknowns nearest to a target, by rows that tie few of them."""
        size = np.diff(self.matrix.indptr)
        seen_rows: set[int] = set()
        found = dict.fromkeys([target])
        waiting: list[tuple[int, int]] = []

        def reach(column: int) -> None:
            for row in self.by_column.indices[
                self.by_column.indptr[column] : self.by_column.indptr[column + 1]
            ].tolist():
                if row not in seen_rows:
                    seen_rows.add(row)
                    heappush(waiting, (int(size[row]), row))

        reach(target)
        while waiting and len(found) < _NEAR:
            row = heappop(waiting)[1]
            for column in self.matrix.indices[self.matrix.indptr[row] : self.matrix.indptr[row + 1]].tolist():
                if column not in found:
                    found[column] = None
                    reach(column)
        return np.sort(np.fromiter(found, dtype=np.int64))

    def _see(self, columns: Ints, solution: Floats) -> None:
        free = ~self.held[columns]
        seen = columns[free]
        self.least[seen] = np.minimum(self.least[seen], solution[free])
        self.most[seen] = np.maximum(self.most[seen], solution[free])


def _narrowed(matrix: Any, low: Floats, high: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Return bounds that follow from each row and the bounds of the others in it."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    column, factor = matrix.indices, matrix.data
    is_positive = factor > 0
    least = factor * np.where(is_positive, lower[column], upper[column])
    most = factor * np.where(is_positive, upper[column], lower[column])
    size = matrix.shape[0]
    rest_least = np.bincount(row, least, size)[row] - least
    rest_most = np.bincount(row, most, size)[row] - most
    top, bottom = (high[row] - rest_least) / factor, (low[row] - rest_most) / factor
    narrower_lower, narrower_upper = lower.copy(), upper.copy()
    np.minimum.at(narrower_upper, column, np.where(is_positive, top, bottom) + _SLACK)
    np.maximum.at(narrower_lower, column, np.where(is_positive, bottom, top) - _SLACK)
    return narrower_lower, narrower_upper


def _solve(cost: Floats, matrix: Any, low: Floats, high: Floats, lower: Floats, upper: Floats) -> Floats | None:
    """Return what minimises *cost*, or None where nothing meets the rows."""
    from scipy.optimize import linprog
    from scipy.sparse import vstack

    exact = high - low < _EXACT
    over, under = np.isfinite(high) & ~exact, np.isfinite(low) & ~exact
    # Interior points are some twenty times faster on the programme of 98 municipalities, the simplex on small ones.
    method = "highs-ipm" if len(cost) > _LARGE else "highs-ds"
    # The stubs of SciPy know only dense matrices.
    result = linprog(  # type: ignore[call-overload]
        cost,
        vstack([matrix[over], -matrix[under]]),
        np.concatenate([high[over], -low[under]]),
        matrix[exact],
        (low[exact] + high[exact]) / 2,
        np.column_stack([lower, upper]),
        method=method,
    )
    solution: Floats | None = result.x
    return solution


def is_narrow(
    least: Floats, most: Floats, room: float, may_be_none: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.bool_]:
    """Tell where fewer than *room* whole steps lie between the ends, and where *may_be_none* also 0 is impossible."""
    first = np.ceil(least - EPSILON)
    narrow: npt.NDArray[np.bool_] = np.floor(most + EPSILON) - first < room
    return narrow if may_be_none is None else narrow & ~(may_be_none & (first < 1))
