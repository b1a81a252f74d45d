"""Themes attacked in several processes, in threads where there may be none, and one after the other: the same is found."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import process

import numpy as np
import pandas as pd
import pytest
from planted_leaks import random_figures

from borgerpuls.estimation import attacker
from borgerpuls.estimation.attacker import derived_counts
from borgerpuls.estimation.disclosure import suppress
from borgerpuls.estimation.workers import attack_pool


@pytest.fixture(scope="module")
def withheld() -> pd.DataFrame:
    """Three items that the same people answered alike, and what the rules withhold of them."""
    figures = random_figures(np.random.default_rng(11))
    items = figures[figures["item_id"] == "trust"]
    more = [items.assign(item_id=item) for item in ("goal", "overall")]
    protected, _ = suppress(pd.concat([figures, *more], ignore_index=True))
    return protected


@pytest.mark.parametrize(("is_daemon", "kind"), [(False, ProcessPoolExecutor), (True, ThreadPoolExecutor)])
def test_what_is_found_does_not_depend_on_who_looks(
    withheld: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, is_daemon: bool, kind: type
) -> None:
    alone = derived_counts(withheld, set(), room=np.inf)
    assert {one.item_id for one in alone} >= {"trust", "goal", "overall"}
    monkeypatch.setattr(attacker, "WORTH_PROCESSES", 0)
    monkeypatch.setitem(process.current_process()._config, "daemon", is_daemon)
    with attack_pool(2) as pool:
        assert isinstance(pool, kind)
        assert derived_counts(withheld, set(), room=np.inf, pool=pool) == alone


def test_one_worker_needs_no_pool() -> None:
    with attack_pool(1) as pool:
        assert pool is None
