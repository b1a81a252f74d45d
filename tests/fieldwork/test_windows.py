"""Sending windows: Danish local time, weekdays, holidays."""

from datetime import datetime

import pytest

from borgerpuls.clock import COPENHAGEN
from borgerpuls.fieldwork.windows import SendingWindows
from borgerpuls.terms import Channel

WINDOWS = SendingWindows((0, 1, 2, 3), (8, 16), (0, 1, 2, 3, 4), (9, 18))


@pytest.mark.parametrize(
    ("moment", "letters", "texts"),
    [
        ("2023-08-22T07:59", False, False),
        ("2023-08-22T08:00", True, False),
        ("2023-08-22T09:00", True, True),
        ("2023-08-22T15:59", True, True),
        ("2023-08-22T16:00", False, True),
        ("2023-08-22T18:00", False, False),
        ("2023-08-25T10:00", False, True),  # Friday
        ("2023-08-26T10:00", False, False),  # Saturday
        ("2023-05-18T10:00", False, False),  # Ascension Day
        ("2023-05-19T10:00", False, False),  # the Friday after it
        ("2023-12-27T10:00", False, False),  # between Christmas and New Year
        ("2024-01-03T10:00", True, True),
        ("2023-10-30T08:00", True, False),  # the Monday after summer time ended: local hours
    ],
)
def test_people_are_written_to_in_working_hours_only(moment: str, letters: bool, texts: bool) -> None:
    when = datetime.fromisoformat(moment).replace(tzinfo=COPENHAGEN)
    assert WINDOWS.is_open(Channel.DIGITAL_POST, when) == letters
    assert WINDOWS.is_open(Channel.LETTER, when) == letters
    assert WINDOWS.is_open(Channel.SMS, when) == texts
