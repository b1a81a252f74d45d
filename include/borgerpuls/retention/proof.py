"""
The proof that a round is forgotten: what was looked for, and what was found. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from borgerpuls.retention.deadlines import Deadline
from borgerpuls.retention.words import KEY, WHAT


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    holds: bool
    sentence: str
    """Danish."""


def findings(
    deadline: Deadline,
    forgotten_date: date | None,
    left: Mapping[str, int],
    destroyed: Sequence[tuple[str, bool]],
    *,
    key_was_destroyed: bool,
) -> list[Finding]:
    """
    Return what was found, one finding per thing that must hold.

    Args:
        deadline: The days of the round.
        forgotten_date: When it was forgotten, if it is.
        left: Rows or files that are left, by table or folder (words.WHAT); every place that was looked at is in it.
        destroyed: The register: what was destroyed, and whether that was completed.
        key_was_destroyed: The folder of the keys has the gravestone of the round's key.
    """
    if forgotten_date is None:
        return [Finding(holds=False, sentence=f"Runden er ikke glemt. Den glemmes {_day(deadline.due_date)}.")]
    promise = f"Lovet senest {_day(deadline.promised_date)}, glemt {_day(forgotten_date)}."
    unfinished = sorted({WHAT.get(what, what) for what, is_completed in destroyed if not is_completed})
    return [
        Finding(forgotten_date <= deadline.promised_date, promise),
        _of_key(left[KEY], was_destroyed=key_was_destroyed),
        *(
            Finding(number == 0, f"{what}: {_count(number)} tilbage ({WHAT[what]}).")
            for what, number in left.items()
            if what != KEY
        ),
        Finding(
            bool(destroyed) and not unfinished,
            "Registret nævner intet, der er destrueret i runden."
            if not destroyed
            else f"Registret mangler, at dette er ført til ende: {', '.join(unfinished)}."
            if unfinished
            else f"Registret nævner {len(destroyed)} destruktioner, alle ført til ende.",
        ),
    ]


def _of_key(files: int, *, was_destroyed: bool) -> Finding:
    if files:
        return Finding(holds=False, sentence="Rundens nøgle er der endnu.")
    if not was_destroyed:
        return Finding(
            holds=False,
            sentence="Rundens nøgle er ikke destrueret her: mappen er ikke den, den lå i, eller den er gået tabt.",
        )
    return Finding(
        holds=True,
        sentence="Rundens nøgle er destrueret: intet, der er forseglet med den, kan åbnes, heller ikke i en gammel kopi.",
    )


def _count(number: int) -> str:
    return "intet" if number == 0 else f"{number:,}".replace(",", ".")


def _day(day: date) -> str:
    return f"{day:%d-%m-%Y}"
