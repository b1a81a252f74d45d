"""Selection: the same seed and frame give the same sample, and everybody the chance that was promised."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import FrameHasChanged, FrameIsEmpty, PersonAppearsTwice
from borgerpuls.sampling.balance import balance_table
from borgerpuls.sampling.selection import CENSUS, NOBODY, draw_sample, frame_hash

KNOWN = [10008, 10031, 10022, 10037, 10005, 10039]
KNOWN_HASH = "c7d41ca5b6ae42859bf0c9b5e484ead522feeec9536e9a976ad3344e340f6d5a"


def people(n: int, munis: int = 2, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "person_id": rng.permutation(n) + 10_000,
            "municipality": rng.integers(0, munis, n) + 101,
            "sex": rng.integers(0, 2, n),
            "age_group": rng.integers(0, 3, n),
            "target_group": rng.choice(4, n, p=[0.28, 0.27, 0.13, 0.32]),
        }
    )


def sizes(frame: pd.DataFrame, share: float) -> pd.Series:
    return (frame.groupby("municipality").size() * share).astype(int)


def test_a_stratum_of_one_group_is_drawn_every_kth_by_hand():
    # 6 persons in one stratum, 3 to draw: one of each pair of the list; target groups of 2 give one each
    frame = pd.DataFrame(
        {"person_id": range(6), "municipality": 1, "sex": 0, "age_group": 0, "target_group": [0, 1, 2, 0, 1, 2]}
    )
    draw = draw_sample(frame, pd.Series({1: 3}), seed=5)
    assert sorted(draw.sample["target_group"]) == [0, 1, 2]
    assert draw.sample["selection_probability"].tolist() == [0.5, 0.5, 0.5]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 400), st.integers(1, 4), st.floats(0, 1.1), st.integers(0, 2**63))
def test_every_stratum_gets_its_number_and_target_groups_their_share(n, munis, share, seed):
    frame = people(n, munis, seed=n)
    draw = draw_sample(frame, sizes(frame, share), seed=seed)
    allocation = draw.allocation.set_index("stratum_id")
    assert draw.sample["person_id"].is_unique
    drawn = draw.sample.groupby("stratum_id").size().reindex(allocation.index, fill_value=0)
    assert drawn.tolist() == allocation["allocated_n"].tolist()
    keys = ["municipality", "sex", "age_group", "target_group"]
    in_frame = frame.groupby(keys).size()
    in_sample = draw.sample.groupby(keys).size().reindex(in_frame.index, fill_value=0)
    probability = allocation.set_index(keys[:3])["selection_probability"]
    expected = in_frame * probability.reindex(in_frame.index.droplevel(3)).to_numpy()
    assert (np.abs(in_sample - expected) < 1).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_the_frame_does_not_matter(seed):
    frame = people(300)
    shuffled = frame.sample(frac=1, random_state=seed)[frame.columns[::-1]].assign(note="x")
    one, other = (draw_sample(way, sizes(frame, 0.3), seed=seed) for way in (frame, shuffled))
    pd.testing.assert_frame_equal(one.sample, other.sample)
    assert one.frame_hash == other.frame_hash == frame_hash(frame)


def test_another_seed_or_another_frame_gives_another_sample_or_hash():
    frame = people(300)
    size = sizes(frame, 0.3)
    assert not draw_sample(frame, size, seed=1).sample.equals(draw_sample(frame, size, seed=2).sample)
    changed = frame.copy()
    changed.loc[17, "target_group"] = (changed.loc[17, "target_group"] + 1) % 4
    assert frame_hash(frame) != frame_hash(changed)
    with pytest.raises(FrameHasChanged, match="The frame's hash is"):
        draw_sample(changed, size, seed=1, expected_hash=frame_hash(frame))
    assert len(draw_sample(frame, size, seed=1, expected_hash=frame_hash(frame)).sample) == size.sum()


def test_a_known_draw_stays_the_same_for_ever():
    draw = draw_sample(people(40, 1), pd.Series({101: 6}), seed=2026)
    assert draw.sample["person_id"].tolist() == KNOWN
    assert draw.frame_hash == KNOWN_HASH


def test_text_identifiers_are_drawn_the_same_way_whatever_their_letters():
    frame = people(200)
    text = frame.assign(person_id="blå-" + frame["person_id"].astype(str))
    ascii_ids = frame.assign(person_id="p-" + frame["person_id"].astype(str))
    drawn = [
        draw_sample(way, sizes(frame, 0.3), seed=3).sample["person_id"].astype(str).str[-5:].tolist()
        for way in (frame, text, ascii_ids)
    ]
    assert drawn[0] == drawn[1] == drawn[2]


def test_inclusion_over_200_draws_is_what_the_design_promises():
    frame = people(400, munis=3)
    size = sizes(frame, 0.25)
    counts = pd.Series(0, index=frame["person_id"])
    for seed in range(200):
        sample = draw_sample(frame, size, seed=seed).sample
        counts[sample["person_id"]] += 1
    allocation = draw_sample(frame, size, seed=0).allocation
    p = frame.merge(allocation, on=["municipality", "sex", "age_group"])["selection_probability"].to_numpy()
    z = (counts.to_numpy() - 200 * p) / np.sqrt(200 * p * (1 - p))
    assert np.abs(z).max() < 4.5
    assert np.mean(z**2) == pytest.approx(1, abs=0.25)


def test_a_census_takes_everybody_and_an_empty_stratum_says_so():
    frame = people(60, 1)
    census = draw_sample(frame, pd.Series({101: 1000}), seed=1)
    assert len(census.sample) == 60
    assert set(census.allocation["outcome"]) == {CENSUS}
    assert set(census.sample["selection_probability"]) == {1.0}
    assert set(draw_sample(frame, pd.Series({101: 0}), seed=1).allocation["outcome"]) == {NOBODY}


def test_a_person_twice_and_an_empty_frame_are_refused():
    frame = people(10)
    with pytest.raises(PersonAppearsTwice) as error:
        draw_sample(pd.concat([frame, frame.head(2)]), sizes(frame, 0.5), seed=1)
    assert str(error.value) == (
        "frame, column person_id: 2 rows repeat a person. Keep one row per person, that of the latest course."
    )
    with pytest.raises(FrameIsEmpty, match="There is nobody to draw from"):
        draw_sample(frame.head(0), sizes(frame, 0.5), seed=1)


def test_the_balance_counts_persons_and_points_by_hand():
    frame = pd.DataFrame(
        {"municipality": [1] * 10, "sex": [0] * 10, "age_group": [0] * 10, "target_group": [0] * 6 + [1] * 4}
    )
    table = balance_table(frame, frame.iloc[[0, 1, 6, 7]], variables=["target_group"])
    ours = table[table["municipality"] == 1]
    assert ours["proportional_n"].tolist() == pytest.approx([2.4, 1.6])
    assert ours["deviation_n"].tolist() == pytest.approx([-0.4, 0.4])
    assert ours["deviation_points"].tolist() == pytest.approx([-10, 10])
    nobody = balance_table(frame, frame.head(0), variables=["target_group"])
    assert nobody["deviation_n"].tolist() == [0, 0, 0, 0]
    assert nobody["sample_share"].isna().all()
