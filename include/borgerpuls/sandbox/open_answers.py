"""
Invented sentences for the open items. A few hold what others must never read: a CPR number, a name, a telephone.
"""

import numpy as np
import numpy.typing as npt

from borgerpuls.sandbox.people import MOBILE_STARTS
from borgerpuls.sandbox.recipe import word_list


def open_texts(
    item_id: str, moods: npt.NDArray[np.object_], personal_data_share: float, rng: np.random.Generator
) -> list[str]:
    """
    Return one text per mood.

    Args:
        item_id: `why` or `better`.
        moods: `positive`, `neutral` or `negative`, shape (n,).
        personal_data_share: Share of texts that also hold invented personal data (CPR numbers with day + 60).
        rng: Decides everything.
    """
    words = word_list("open_answers")
    is_personal = (rng.random(moods.size) < personal_data_share).tolist()
    has_two = (rng.random(moods.size) < 0.35).tolist()
    texts = []
    for mood, personal, two in zip(moods.tolist(), is_personal, has_two, strict=True):
        sentences: list[str] = words[item_id][mood]
        chosen = rng.choice(len(sentences), 2 if two else 1, replace=False).tolist()
        parts = [sentences[number] for number in chosen]
        if personal:
            parts.append(_personal_sentence(rng))
        texts.append(" ".join(parts))
    return texts


def _personal_sentence(rng: np.random.Generator) -> str:
    names = word_list("names")
    sentence: str = rng.choice(np.array(word_list("open_answers")["personal"], dtype=object))
    name = f"{rng.choice(names['women'])} {rng.choice(names['last'])}"
    day, month, year, serial = rng.integers([61, 1, 57, 0], [89, 13, 100, 10000]).tolist()
    hyphen = "-" if rng.random() < 0.5 else ""
    phone = f"{rng.choice(MOBILE_STARTS)} {rng.integers(10, 100)} {rng.integers(10, 100)} {rng.integers(10, 100)}"
    return sentence.format(
        name=name,
        cpr=f"{day:02d}{month:02d}{year:02d}{hyphen}{serial:04d}",
        phone=phone,
        email=f"{name.split(' ', maxsplit=1)[0].lower()}@example.dk",
    )
