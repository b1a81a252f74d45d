"""
Selection: draw the sample so that anyone can draw it again.

Inside each stratum (municipality × sex × age) the frame is sorted by target group, in random order within the group, and
every k-th person is taken from a random start. Each person's probability is exactly n / N of the stratum, and the target
groups come out in proportion to within one person of a stratum. The seed and the frame's hash fix the sample: the order
in which the frame arrives does not matter.

Source: Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 3.4 (systematic sampling).
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.errors import FrameHasChanged, PersonAppearsTwice
from borgerpuls.sampling.allocation import Ints, configured_sizes, hamilton_in_groups

STRATUM = ["municipality", "sex", "age_group"]
FRAME = ["person_id", *STRATUM, "target_group"]

CENSUS = "census: everybody is drawn"
NOBODY = "nobody is drawn: the stratum's persons had no chance"


@dataclass(frozen=True)
class Draw:
    """
    A sample and how it came about.

    Attributes:
        sample: One row per person drawn, sorted by stratum and person. Columns `person_id, municipality, sex, age_group,
            target_group, stratum_id` (number of the stratum in *allocation*) and `selection_probability` (0-1].
        allocation: One row per stratum. Columns `stratum_id, municipality, sex, age_group, frame_n, allocated_n,
            selection_probability` (0-1) and `outcome`, empty, `CENSUS` or `NOBODY`.
        seed: The seed.
        frame_hash: SHA-256 of the frame; see `frame_hash`.
    """

    sample: pd.DataFrame
    allocation: pd.DataFrame
    seed: int
    frame_hash: str


@dataclass(frozen=True)
class _Frame:
    """The frame in person order, coded; `categories` are each variable's values, sorted."""

    place: Ints
    person_id: pd.Series
    codes: dict[str, Ints]
    categories: dict[str, pd.Index]


def draw_sample(frame: pd.DataFrame, sizes: pd.Series, *, seed: int, expected_hash: str | None = None) -> Draw:
    """
    Draw a stratified systematic sample.

    Args:
        frame: One row per person: `person_id` (whole numbers or text), `municipality, sex, age_group, target_group`
            (codes of one kind each). Order and other columns do not matter.
        sizes: Persons to draw per municipality (index), whole numbers; at or above the frame means census.
        seed: Whole number >= 0.
        expected_hash: Hash of the frame that was drawn from before; the draw is refused when this frame differs.

    Returns:
        The draw; the same frame and seed give the same sample on every machine.

    Raises:
        PersonAppearsTwice: A person has two rows.
        SampleSizeIsImpossible: A size is missing, negative or fractional.
        FrameHasChanged: The frame's hash is not *expected_hash*.
    """
    people = _in_person_order(frame)
    fingerprint = _hash(people)
    if expected_hash is not None and fingerprint != expected_hash:
        raise FrameHasChanged(
            f"The frame's hash is {fingerprint[:12]}…, the sample was drawn from {expected_hash[:12]}….",
            where="frame",
            next_step="Use the frame as it was, or draw a new sample under a new approval.",
        )
    sizes_by = [len(people.categories[name]) for name in STRATUM]
    every = np.ravel_multi_index([people.codes[name] for name in STRATUM], sizes_by)
    cells, stratum_of = np.unique(every, return_inverse=True)
    stratum_of = stratum_of.astype(np.int64)
    frame_n = np.bincount(stratum_of, minlength=len(cells))
    parts = np.unravel_index(cells, sizes_by)
    municipality = parts[0].astype(np.int64)
    codes = people.categories["municipality"]
    municipality_n = pd.Series(np.bincount(municipality, weights=frame_n, minlength=len(codes)), index=codes)
    wanted = configured_sizes(municipality_n.astype(np.int64), sizes).to_numpy(dtype=np.int64)
    allocated = hamilton_in_groups(frame_n, municipality, wanted)
    chosen = _systematic(stratum_of, people.codes["target_group"], frame_n, allocated, seed)

    probability = allocated / np.maximum(frame_n, 1)
    allocation = pd.DataFrame(
        {"stratum_id": np.arange(len(cells))}
        | {name: people.categories[name].take(part) for name, part in zip(STRATUM, parts, strict=True)}
        | {"frame_n": frame_n, "allocated_n": allocated, "selection_probability": probability}
        | {"outcome": np.select([allocated == frame_n, allocated == 0], [CENSUS, NOBODY], "")}
    )
    rows = chosen[np.argsort(stratum_of[chosen], kind="stable")]
    sample = frame.iloc[people.place[rows]][FRAME].reset_index(drop=True)
    sample["stratum_id"] = stratum_of[rows]
    sample["selection_probability"] = probability[stratum_of[rows]]
    return Draw(sample=sample, allocation=allocation, seed=seed, frame_hash=fingerprint)


def frame_hash(frame: pd.DataFrame) -> str:
    """
    Return a SHA-256 of persons and sampling variables that does not depend on the order of rows.

    Persons are sorted; identifiers count as whole numbers (64 bits, little end first) or as text lines, each variable as
    its sorted values in JSON and their positions (32 bits).

    Raises:
        PersonAppearsTwice: A person has two rows.
    """
    return _hash(_in_person_order(frame))


def _in_person_order(frame: pd.DataFrame) -> _Frame:
    ids = frame["person_id"]
    values = ids.to_numpy() if pd.api.types.is_integer_dtype(ids.dtype) else ids.to_numpy(dtype=str)
    rising = bool((values[1:] > values[:-1]).all())
    place = np.arange(len(values)) if rising else np.argsort(values, kind="stable")
    ordered = values[place]
    doubled = ordered[1:] == ordered[:-1]
    if doubled.any():
        raise PersonAppearsTwice(
            f"{int(doubled.sum())} rows repeat a person.",
            where="frame, column person_id",
            next_step="Keep the row of the latest course; see the eligibility log.",
        )
    codes, categories = {}, {}
    for name in (*STRATUM, "target_group"):
        position, uniques = pd.factorize(frame[name], sort=True)
        codes[name] = position[place].astype(np.int64)
        categories[name] = pd.Index(uniques)
    return _Frame(place, pd.Series(ordered), codes, categories)


def _hash(people: _Frame) -> str:
    digest = hashlib.sha256()
    ids = people.person_id.to_numpy()
    if np.issubdtype(ids.dtype, np.integer):
        digest.update(ids.astype("<i8").tobytes())
    else:
        digest.update("\n".join(ids).encode())
    for name, categories in people.categories.items():
        digest.update(json.dumps([name, [str(value) for value in categories]], ensure_ascii=False).encode())
        digest.update(people.codes[name].astype("<i4").tobytes())
    return digest.hexdigest()


def _systematic(stratum: Ints, target_group: Ints, frame_n: Ints, allocated: Ints, seed: int) -> Ints:
    """Return the positions drawn, ascending. PCG64's raw numbers are the same in every version of NumPy."""
    bits = np.random.PCG64(seed)
    random = bits.random_raw(len(stratum))
    start = (bits.random_raw(len(frame_n)) % frame_n.astype(np.uint64)).astype(np.int64)
    order = _by_group_at_random(stratum * (int(target_group.max()) + 1) + target_group, random)
    in_stratum = stratum[order]
    first = np.cumsum(frame_n) - frame_n
    number = np.arange(len(order)) - first[in_stratum]
    n, N = allocated[in_stratum], frame_n[in_stratum]
    reached = start[in_stratum] + number * n
    taken = (reached + n) // N > reached // N
    return np.sort(order[taken])


def _by_group_at_random(group: Ints, random: npt.NDArray[np.uint64]) -> Ints:
    """Sort by group and random number; one 64-bit key where the groups leave 40 bits or more for chance."""
    room = 64 - int(group.max()).bit_length()
    if room >= 40:
        key = (group.astype(np.uint64) << np.uint64(room)) | (random >> np.uint64(64 - room))
        order = np.argsort(key)
        if not (np.diff(key[order]) == 0).any():
            return order
    return np.lexsort((np.arange(len(group)), random, group))
