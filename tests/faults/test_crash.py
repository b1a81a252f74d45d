"""T1, scaled: a dispatch killed at random moments and at the worst points sends nothing twice, and loses nobody."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from borgerpuls import clock, settings
from borgerpuls.fieldwork import stage
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres

HERE = "0461"
PEOPLE = 120
POINTS = ("claimed", "begun", "intended", "called", "noted")


@pytest.fixture(scope="module")
def ledgers(round_database: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    folder = tmp_path_factory.mktemp("gateways")
    paths = [folder / "digital_post.tsv", folder / "sms.tsv"]
    patch = pytest.MonkeyPatch()
    with (
        drill.running_gateway("digital_post", "gateway-secret", paths[0]) as post,
        drill.running_gateway("sms", "gateway-secret", paths[1]) as sms,
    ):
        patch.setenv("BORGERPULS_DIGITAL_POST_GATEWAY_URL", post)
        patch.setenv("BORGERPULS_SMS_GATEWAY_URL", sms)
        settings.settings.cache_clear()
        clock.move_to(drill.INSIDE_THE_WINDOW)
        yield paths
    patch.undo()
    settings.settings.cache_clear()


@pytest.fixture(scope="module")
def host(ledgers: list[Path]) -> Iterator[drill.DispatchHost]:
    host = drill.DispatchHost()
    yield host
    host.close()


@pytest.mark.parametrize("passing", [1, 2, 40])
@pytest.mark.parametrize("point", POINTS)
def test_a_dispatch_that_dies_at_its_worst_moment_sends_nothing_twice(
    ledgers: list[Path], host: drill.DispatchHost, point: str, passing: int
) -> None:
    round_id = f"{3000 + 10 * POINTS.index(point) + passing % 7}-1"
    drill.make_round(round_id, {HERE: PEOPLE})
    died = host.wait(host.start(round_id, HERE, point, passing)) == -9
    drill.outlast_leases()
    stage.send_due(round_id, HERE)
    verdict = drill.judge(round_id, ledgers)
    assert died or passing > 1  # every point is passed at least once
    assert (verdict.doubles, verdict.lost, verdict.forgotten) == (0, 0, 0)
    assert verdict.planned == verdict.accounted
    assert verdict.unknown <= settings.settings().send_window * died
    settled = stage.state_counts(round_id)
    assert settled["accepted"] + settled.get("unknown", 0) == PEOPLE


def test_a_dispatch_killed_again_and_again_at_random_reaches_everybody_once(
    ledgers: list[Path], host: drill.DispatchHost
) -> None:
    dice = random.Random(1)
    drill.make_round("4000-1", {HERE: 3 * PEOPLE})
    killed = 0
    for _ in range(6):
        length = _lines(ledgers)
        pid = host.start("4000-1", HERE)
        deadline = time.monotonic() + 30
        while _lines(ledgers) == length and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.05))
        killed += host.kill(pid)
        drill.outlast_leases()
        if sum(stage.state_counts("4000-1").get(state, 0) for state in ("planned", "claimed")) == 12 * PEOPLE:
            break
    stage.send_due("4000-1", HERE)
    assert killed >= 1  # a drill in which nothing was killed shows nothing
    verdict = drill.judge("4000-1", ledgers)
    assert (verdict.doubles, verdict.lost, verdict.forgotten) == (0, 0, 0)
    assert verdict.unknown <= settings.settings().send_window * killed


def test_the_dispatch_after_a_crash_waits_for_the_leases_and_leaves_nothing_behind(
    ledgers: list[Path], host: drill.DispatchHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BORGERPULS_LEASE_SECONDS", "3")
    settings.settings.cache_clear()
    short = drill.DispatchHost()
    try:
        drill.make_round("4100-1", {HERE: PEOPLE})
        assert short.wait(short.start("4100-1", HERE, "intended", 2)) == -9
        left = drill.left_behind("4100-1")
        counts = stage.send_due("4100-1", HERE)  # at once: nobody makes the leases run out
    finally:
        short.close()
        settings.settings.cache_clear()
    assert 0 < counts["recovered"] <= left
    assert drill.left_behind("4100-1") == 0
    verdict = drill.judge("4100-1", ledgers)
    assert (verdict.doubles, verdict.lost, verdict.forgotten) == (0, 0, 0)
    assert 0 < verdict.unknown <= settings.settings().send_window
    assert stage.state_counts("4100-1")["accepted"] + verdict.unknown == PEOPLE


def _lines(ledgers: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in ledgers if path.exists())
