"""The monitor: what somebody must look at, and the page that operations read."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from borgerpuls.clock import COPENHAGEN
from borgerpuls.fieldwork.monitor import COUNTS, alerts
from borgerpuls.fieldwork.monitor_page import messages_page
from borgerpuls.fieldwork.windows import SendingWindows
from borgerpuls.resources import resource_folder
from borgerpuls.terms import Channel

ROOT = Path(__file__).resolve().parents[2]
MOMENT = datetime(2023, 8, 22, 10, tzinfo=COPENHAGEN)
ROUND = {
    "round_id": "2023-2",
    "name": "2. halvår <2023>",
    "state": "approved",
    "is_paused": True,
    "pause_reason": "øvelse",
}


def counts(**numbers: int) -> pd.DataFrame:
    row = {
        "municipality_code": "0461",
        "municipality_name": "Odense",
        "wave": 1,
        "slot": "main",
        "channel": "digital_post",
    }
    return pd.DataFrame([row | dict.fromkeys(COUNTS, 0) | numbers])


WHY = pd.DataFrame(
    {"wave": [1, 2], "slot": ["main", "sms"], "state": ["failed", "cancelled"], "reason": ["<X>", "answered"],
     "messages": [1600, 7]}
)  # fmt: skip


@pytest.mark.parametrize(
    ("numbers", "state", "told"),
    [
        ({"unknown": 3}, {"oldest_doubt_minutes": 59.9}, []),
        ({"unknown": 3}, {"oldest_doubt_minutes": 60.0}, ["unknown"]),
        ({"sent": 100, "failed": 2}, {}, []),
        ({"sent": 100, "failed": 3}, {}, ["bounce"]),
        ({"sent": 49, "failed": 9}, {}, []),  # too few to speak of a share
        ({}, {"idle_minutes": 31.0, "due": 5}, ["standstill"]),
        ({}, {"idle_minutes": 29.0, "due": 5}, []),
        ({}, {"idle_minutes": 31.0, "due": 0}, []),
    ],
)
def test_each_alert_begins_at_its_bar_and_names_a_runbook_that_exists(
    numbers: dict[str, int], state: dict[str, float], told: list[str]
) -> None:
    found = alerts(counts(**numbers), **({"oldest_doubt_minutes": None, "idle_minutes": None, "due": 0} | state))
    assert [alert.name for alert in found] == told
    assert all((ROOT / alert.runbook).is_file() for alert in found)


def test_the_page_shows_counts_rates_and_alerts_in_danish_and_escapes_what_is_data() -> None:
    table = counts(planned=1500, sent=1200, accepted=1190, delivered=1000, failed=60, waiting=300, awaiting_receipt=140)
    found = alerts(table, oldest_doubt_minutes=None, idle_minutes=None, due=0)
    page = messages_page(
        resource_folder("templates") / "fieldwork", ["2023-2", "2023-1"], ROUND, table, WHY, found, MOMENT
    )
    for needed in ("Invitation", "Odense", "Digital Post", "1.500", "84,0", "5,0", "Sat på pause:</strong> øvelse",
                   "docs/runbooks/bounce.md", "2. halvår &lt;2023&gt;", "?runde=2023-1", "22-08-2023 kl. 10.00", "fejlet: &lt;X&gt;", "1.600",
                   "1. påmindelse, sms ved siden af", "aflyst: har svaret"):  # fmt: skip
        assert needed in page, needed
    assert "det stemmer ikke" not in page
    broken = messages_page(resource_folder("templates") / "fieldwork", [], ROUND, counts(planned=5), WHY, [], MOMENT)
    assert "det stemmer ikke" in broken


def test_the_page_says_so_when_there_is_no_round() -> None:
    page = messages_page(resource_folder("templates") / "fieldwork", [], None, None, None, [], MOMENT)
    assert "ikke åbnet nogen runde" in page


def test_standstill_counts_from_the_opening_of_the_window() -> None:
    windows = SendingWindows((0, 1, 2, 3), (8, 16), (0, 1, 2, 3, 4), (9, 18))
    assert windows.opened_at(Channel.DIGITAL_POST, MOMENT) == MOMENT.replace(hour=8)
    assert windows.opened_at(Channel.SMS, MOMENT) == MOMENT.replace(hour=9)
    assert windows.opened_at(Channel.DIGITAL_POST, MOMENT.replace(hour=16)) is None
