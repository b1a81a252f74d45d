"""The send rate: never exceeded, and not wasted while outcomes are recorded."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.fieldwork import dispatch
from borgerpuls.fieldwork.dispatch import BURST_SECONDS, Dispatch


class Time:
    """A clock that stands until it is moved."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def time() -> Iterator[Time]:
    patch = pytest.MonkeyPatch()
    clock = Time()
    patch.setattr(dispatch, "time", clock)
    yield clock
    patch.undo()


def begun(time: Time, rate: int, steps: list[float]) -> list[float]:
    """Return when each message was begun by a dispatch that looks after each step, in seconds."""
    nothing: Any = None
    one = Dispatch(nothing, nothing, nothing, nothing, nothing, frozenset(), lambda: nothing, nothing, nothing,
                   window=32, batch_size=200, rate=rate)  # fmt: skip
    one._queue.extend([nothing] * 10_000)
    moments = []
    for step in steps:
        time.now += step
        moments += [time.now] * len(one._next_to_begin())
    return moments


@given(rate=st.integers(1, 200), steps=st.lists(st.floats(0.001, 2.0), min_size=5, max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_second_has_more_than_the_rate_and_a_quarter(time: Time, rate: int, steps: list[float]) -> None:
    moments = begun(time, rate, steps)
    assert moments
    for start in moments:
        assert sum(start <= moment < start + 1.0 for moment in moments) <= rate * (1 + BURST_SECONDS) + 2


@pytest.mark.parametrize("step", [0.005, 0.03, 0.1, 0.24])
def test_a_dispatch_that_records_between_looks_uses_its_whole_rate(time: Time, step: float) -> None:
    looks = round(60 / step)
    assert len(begun(time, 40, [step] * looks)) == pytest.approx(40 * 60, rel=0.02)
