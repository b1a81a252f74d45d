"""
A citizen's contact history in words, for somebody who has the citizen on the telephone.

Pure.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from borgerpuls.fieldwork.words import BESIDE, CHANNELS, FORM_STATES, MESSAGE_STATES, OPT_OUTS, REASONS, WAVES
from borgerpuls.terms import Slot


def history_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """
    Yield one round of a history, line by line: the round, each message, and its receipts below it.

    Args:
        entry: One of `operations.explain`; its times are Danish.
    """
    form = FORM_STATES.get(entry["form"], "intet skema")
    refuses = f"; {OPT_OUTS.get(entry['opt_out'], entry['opt_out'])}" if entry["opt_out"] else ""
    yield f"Runde {entry['round_id']}, {entry['municipality_name']} ({entry['municipality_code']}): {form}{refuses}"
    for message in entry["messages"]:
        yield f"  {_message(message)}"
        for receipt in entry["receipts"]:
            if (receipt["wave"], receipt["slot"]) == (message["wave"], message["slot"]):
                why = f" ({receipt['reason']})" if receipt["reason"] else ""
                status = MESSAGE_STATES.get(receipt["status"], receipt["status"])
                yield f"    kvittering {_time(receipt['occurred_at'])}: {status}{why}"


def _message(message: Mapping[str, Any]) -> str:
    name = WAVES[message["wave"]] + (BESIDE if message["slot"] == Slot.SMS else "")
    state = MESSAGE_STATES.get(message["state"], message["state"])
    why = f" ({REASONS.get(message['reason'], message['reason'])})" if message["reason"] else ""
    if message["sent_at"]:
        by = CHANNELS.get(message["channel"], message["channel"])
        return f"{name}: sendt {_time(message['sent_at'])} som {by}; {state}{why}"
    return f"{name}, planlagt til {message['due_date']:%d-%m-%Y}: {'ikke sendt' if state == 'planlagt' else state}{why}"


def _time(moment: datetime) -> str:
    return f"{moment:%d-%m-%Y kl. %H.%M}"
