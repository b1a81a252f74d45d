"""
What linear knowledge says about unknown counts: the range that each of them can still have.

Unknowns have bounds; each piece of knowledge is a row low <= a'x <= high. The smallest and the largest value of an unknown
are linear programmes (HiGHS), rounded inwards because counts are whole. Most unknowns need no programme of their own: two
solutions of any programmes that lie far enough apart already show that there is room.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EPSILON = 1e-6
_SHARED_PROGRAMMES = 40
_LARGE = 1000  # unknowns
_EXACT = 1e-9
_PROGRESS = 0.95  # a shared programme that settles fewer than one in twenty is the last


@dataclass
class Knowledge:
    """Bounds of unknowns and rows that tie them together."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    _row: list[int] = field(default_factory=list)
    _column: list[int] = field(default_factory=list)
    _value: list[float] = field(default_factory=list)

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
        self._row += [number] * len(columns)
        self._column += columns
        self._value += coefficients
        self.low.append(low)
        self.high.append(high)

    def ranges(
        self, targets: Sequence[int], room: float, may_be_none: Sequence[bool] | None = None
    ) -> tuple[Floats, Floats]:
        """
        Return a lower and an upper value of each target that are both possible.

        They are the ends of its range wherever `is_narrow` says so; else they only show that it is not.

        Args:
            targets: Unknowns to look at.
            room: Steps that must be left.
            may_be_none: Targets that are safe as soon as they may be 0; default none of them.

        Raises:
            ValueError: The rows contradict each other.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        wanted = np.asarray(targets, dtype=np.int64)
        easy = np.zeros(len(wanted), dtype=bool) if may_be_none is None else np.asarray(may_be_none, dtype=bool)
        if not len(wanted):
            return np.zeros(0), np.zeros(0)
        matrix = csr_array((self._value, (self._row, self._column)), shape=(len(self.low), len(self.lower)))
        size = len(self.low) + len(self.lower)
        tied = csr_array((np.ones(len(self._row)), (self._row, np.asarray(self._column, dtype=int) + len(self.low))), shape=(size, size))  # fmt: skip
        component = connected_components(tied, directed=False)[1]
        least, most = np.full(len(self.lower), np.inf), np.full(len(self.lower), -np.inf)
        everything = _Programme(self, matrix, np.arange(len(self.low)), np.arange(len(self.lower)))
        rng = np.random.default_rng(1)
        signs = [1.0, -1.0]
        left = len(wanted) + 1
        for attempt in range(_SHARED_PROGRAMMES):
            open_ = wanted[_is_open(least[wanted], most[wanted], room, easy)]
            if not len(open_) or (attempt > len(signs) and len(open_) > _PROGRESS * left):
                break
            left = len(open_)
            objective = np.zeros(len(self.lower))
            objective[open_] = signs[attempt] if attempt < len(signs) else rng.choice([-1.0, 1.0], len(open_))
            everything.solve(objective, least, most)
        rows_of, columns_of = component[: len(self.low)], component[len(self.low) :]
        programmes: dict[int, _Programme] = {}
        for target, is_easy in zip(wanted, easy, strict=True):
            for sign in (1.0, -1.0):
                if not _is_open(least[[target]], most[[target]], room, np.array([is_easy]))[0]:
                    break
                part = int(columns_of[target])
                if part not in programmes:
                    programmes[part] = _Programme(
                        self, matrix, np.flatnonzero(rows_of == part), np.flatnonzero(columns_of == part)
                    )
                objective = np.zeros(len(self.lower))
                objective[target] = sign
                programmes[part].solve(objective, least, most)
        return least[wanted], most[wanted]


class _Programme:
    """The rows and unknowns of one connected part, to be solved for many objectives."""

    def __init__(self, knowledge: Knowledge, matrix: object, rows: Ints, columns: Ints) -> None:
        from scipy.sparse import vstack

        self.columns = columns
        part = matrix[rows][:, columns]  # type: ignore[index]
        low, high = np.asarray(knowledge.low)[rows], np.asarray(knowledge.high)[rows]
        exact = high - low < _EXACT
        over, under = np.isfinite(high) & ~exact, np.isfinite(low) & ~exact
        self.most = (vstack([part[over], -part[under]]), np.concatenate([high[over], -low[under]]))
        self.exact = (part[exact], (low[exact] + high[exact]) / 2)
        self.bounds = np.column_stack([np.asarray(knowledge.lower)[columns], np.asarray(knowledge.upper)[columns]])
        # Interior points are some twenty times faster on the programme of 98 municipalities, the simplex on small ones.
        self.method = "highs-ipm" if len(columns) > _LARGE else "highs-ds"

    def solve(self, objective: Floats, least: Floats, most: Floats) -> None:
        """Minimise, and widen what has been seen of every unknown."""
        from scipy.optimize import linprog

        cost = objective[self.columns]
        # The stubs of SciPy know only dense matrices.
        result = linprog(cost, *self.most, *self.exact, self.bounds, method=self.method)  # type: ignore[call-overload]
        if result.x is None:
            message = f"the published figures contradict each other: {result.message}"
            raise ValueError(message)
        least[self.columns] = np.minimum(least[self.columns], result.x)
        most[self.columns] = np.maximum(most[self.columns], result.x)


def is_narrow(
    least: Floats, most: Floats, room: float, may_be_none: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.bool_]:
    """Tell where fewer than *room* whole steps lie between the ends, and where *may_be_none* also 0 is impossible."""
    first = np.ceil(least - EPSILON)
    narrow: npt.NDArray[np.bool_] = np.floor(most + EPSILON) - first < room
    return narrow if may_be_none is None else narrow & ~(may_be_none & (first < 1))


def _is_open(least: Floats, most: Floats, room: float, may_be_none: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return ~np.isfinite(least) | is_narrow(least, most, room, may_be_none)
