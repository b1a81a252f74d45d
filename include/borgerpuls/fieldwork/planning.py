"""
Planning: one message per sampled person, wave and slot, and each person's access to a form.

Pure. All ids follow from the round's key, so planning again gives the same rows and a message keeps its id
through restores and reruns.
"""

import random
from collections.abc import Callable, Iterable
from datetime import date

import pandas as pd

from borgerpuls.terms import Slot
from borgerpuls.vault import RoundKey

SLOTS = ((1, Slot.MAIN), (2, Slot.MAIN), (2, Slot.SMS), (3, Slot.MAIN), (3, Slot.SMS))
"""Invitation; two reminders, each with an SMS beside the letter."""

WITH_SMS, WITHOUT_SMS = "with_sms", "without_sms"


def plan_round(
    round_id: str,
    sample: pd.DataFrame,
    wave_dates: Iterable[date],
    key: RoundKey,
    slots: Iterable[tuple[int, Slot]] = SLOTS,
) -> pd.DataFrame:
    """
    Return the messages of a round.

    Args:
        round_id: The round.
        sample: One row per sampled person: `person_id` (UUID), `municipality_code`.
        wave_dates: The day of each wave, three dates.
        key: The round's key, which gives the ids.
        slots: Wave and slot of each message a person may get.

    Returns:
        One row per person, wave and slot, with the columns of `fieldwork.message` that planning decides.
    """
    due = list(wave_dates)
    parts = [
        pd.DataFrame(
            {
                "round_id": round_id,
                "person_id": sample["person_id"],
                "wave": wave,
                "slot": str(slot),
                "municipality_code": sample["municipality_code"],
                "message_id": [key.message_id(p, wave, slot, "message") for p in sample["person_id"]],
                "transaction_id": [key.message_id(p, wave, slot, "transaction") for p in sample["person_id"]],
                "due_date": due[wave - 1],
            }
        )
        for wave, slot in slots
    ]
    return pd.concat(parts, ignore_index=True)


def plan_access(round_id: str, sample: pd.DataFrame, key: RoundKey, hash_of: Callable[[str], bytes]) -> pd.DataFrame:
    """
    Return each person's form and the keyed hashes of link and typed code; not who the person is.

    Args:
        round_id: The round.
        sample: One row per sampled person: `person_id` (UUID).
        key: The round's key: derives form, link and code.
        hash_of: Gives the keyed hash under which a link or a code is stored; neither is stored itself.

    Returns:
        One row per person, in the order of *sample*: the columns of `link.access`.
    """
    people = sample["person_id"]
    return pd.DataFrame(
        {
            "round_id": round_id,
            "response_id": [key.response_id(person) for person in people],
            "token_hash": [hash_of(key.link_token(person)) for person in people],
            "code_hash": [hash_of(key.typed_code(person)) for person in people],
        }
    )


def draw_arms(round_id: str, sample: pd.DataFrame, sms_share: float, seed: int) -> pd.DataFrame:
    """
    Draw who gets an SMS beside the reminders, within each municipality.

    Args:
        round_id: The round.
        sample: One row per sampled person: `person_id` (UUID), `municipality_code`.
        sms_share: Share of each municipality that gets it, 0 to 1; rounded to whole persons.
        seed: The round's seed; the same seed draws the same people.

    Returns:
        One row per person: `round_id`, `person_id`, `arm` (with_sms | without_sms).
    """
    arms: dict[object, str] = {}
    for municipality_code, group in sample.groupby("municipality_code", sort=True):
        people = sorted(group["person_id"], key=str)
        chosen = random.Random(f"{seed}|arm|{municipality_code}").sample(people, round(sms_share * len(people)))
        arms |= dict.fromkeys(people, WITHOUT_SMS) | dict.fromkeys(chosen, WITH_SMS)
    ordered = sample["person_id"]
    return pd.DataFrame({"round_id": round_id, "person_id": ordered, "arm": [arms[p] for p in ordered]})
