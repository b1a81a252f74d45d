"""T1b, scaled: the real dispatch in a modelled world; and the model must be able to see a broken promise."""

import pytest

from borgerpuls.fieldwork import dispatch, ledger
from borgerpuls.sandbox import simulator
from borgerpuls.sandbox.simulator import PromiseBrokenError, tell_story

SEEDS = range(250)


def breaks_a_promise(seed: int, *, deduplicates: bool = False) -> bool:
    try:
        tell_story(seed, deduplicates=deduplicates)
    except PromiseBrokenError:
        return True
    return False


def test_t1b_no_seed_breaks_a_promise() -> None:
    worlds = [tell_story(seed) for seed in SEEDS]
    assert sum(world.crashes for world in worlds) > 100
    assert sum(world.restores for world in worlds) > 50
    assert sum(sum(world.accepted.values()) for world in worlds) > 3000


def test_t1b_no_seed_breaks_a_promise_where_gateways_take_each_id_once() -> None:
    worlds = [tell_story(seed, deduplicates=True) for seed in SEEDS[:150]]
    assert sum(world.resent for world in worlds) > 100
    assert sum(world.crashes for world in worlds) > 50
    assert max(count for world in worlds for count in world.accepted.values()) == 1


def test_a_seed_tells_the_same_story_again() -> None:
    first, second = tell_story(17), tell_story(17)
    assert first.journal == second.journal
    assert first.accepted == second.accepted
    assert first.rows == second.rows


@pytest.mark.parametrize(
    ("what", "how"),
    [
        (
            "a doubt is sent again",
            lambda patch: patch.setattr(simulator, "fate_of_interrupted", lambda *_: ("planned", None)),
        ),
        ("a restore is not noticed", lambda patch: patch.setattr(simulator, "forgotten_words", lambda *_: [])),
        (
            "the journal writes no intents",
            lambda patch: patch.setattr(simulator.ModelJournal, "intend", lambda *_: None),
        ),
    ],
)
def test_the_simulator_sees_each_protection_that_is_taken_away(what: str, how, monkeypatch: pytest.MonkeyPatch) -> None:
    how(monkeypatch)
    assert any(breaks_a_promise(seed) for seed in SEEDS), what
    assert ledger.fate_of_interrupted(None, 1)[0] == "unknown"


@pytest.mark.parametrize(
    ("what", "how"),
    [
        (
            "a second call that was not sent unsettles the first",
            lambda patch: patch.setattr(dispatch, "settled", lambda _, outcome: outcome),
        ),
        (
            "a doubt that is given back is planned",
            lambda patch: patch.setattr(simulator, "give_back", lambda row: setattr(row, "state", "planned")),
        ),
        (
            "what is in doubt is claimed for the gateway that promised nothing",
            lambda patch: patch.setattr(simulator.World, "deduplicates", property(lambda _: False, lambda *_: None)),
        ),
    ],
)
def test_the_simulator_sees_each_protection_of_doubts_that_is_taken_away(
    what: str, how, monkeypatch: pytest.MonkeyPatch
) -> None:
    how(monkeypatch)
    if "promised" in what:
        monkeypatch.setattr(simulator, "resend_channels", lambda _: simulator.CHANNELS)
    assert any(breaks_a_promise(seed, deduplicates=True) for seed in SEEDS), what


def test_a_message_cancelled_in_the_backup_and_sent_after_it_is_remembered_as_sent() -> None:
    """Found by this seed: a restore to before the sending called the message cancelled."""
    tell_story(9195)
