"""
Drills: a small invented round, gateways as processes, and the comparison of their ledgers with ours.

Used by the fault tests and by `make faults`. The round goes through the real planning, dry run and approval.
"""

import http.client
import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import text

from borgerpuls import clock
from borgerpuls.database import copy_rows, engine, transaction
from borgerpuls.errors import ServiceDidNotStart
from borgerpuls.fieldwork import dispatch, operations, stage
from borgerpuls.sandbox.gateways import read_ledger
from borgerpuls.sandbox.postgres import free_port
from borgerpuls.vault import RoundKey, vault

INVITATION_DATE = date(2023, 8, 22)
REMINDER_1_DATE = date(2023, 8, 29)
REMINDER_2_DATE = date(2023, 9, 5)
CLOSE_DATE = date(2023, 9, 18)
INSIDE_THE_WINDOW = datetime(2023, 8, 22, 10, tzinfo=clock.COPENHAGEN)
SENT_STATES = ("accepted", "delivered", "no_receipt", "failed", "unknown", "sending", "rejected")
SECONDS_TO_START = 20.0
LINE_LENGTH = 118
"""Bytes of a line in a gateway's ledger, about."""
FIRST_NAMES = ("Åse", "Bjørn", "Cæcilie", "Mads", "O'Brien", "Søren <b>", "{{ 7 * 7 }}", "Æble")


@dataclass(frozen=True)
class Verdict:
    """What the gateways' ledgers say against ours, message by message."""

    doubles: int
    """Message ids that a gateway accepted more than once, or that both gateways accepted."""
    lost: int
    """Messages we call accepted or delivered that no gateway has."""
    forgotten: int
    """Messages a gateway has and we believe unsent."""
    strangers: int
    """Messages a gateway has and we never planned."""
    unknown: int
    """Messages in doubt on our side."""
    planned: int
    accounted: int
    """Sum over our states; must equal *planned* of the start."""

    def is_clean(self) -> bool:
        """Tell whether nothing was sent twice and nothing disappeared."""
        return not (self.doubles or self.lost or self.forgotten or self.strangers) and self.planned == self.accounted


def make_round(
    round_id: str,
    people_by_municipality: Mapping[str, int],
    *,
    is_planned: bool = True,
    is_approved: bool = True,
    mobile: Sequence[str] = ("20 30 40 50", "+45 28123456", "", "33 12 34 56"),
    names: Sequence[str] = FIRST_NAMES,
    sms_share: float | None = None,
    channels: Sequence[str] = ("digital_post", "sms"),
    address: Sequence[str] = ("",),
    wave_dates: tuple[date, date, date, date] = (INVITATION_DATE, REMINDER_1_DATE, REMINDER_2_DATE, CLOSE_DATE),
) -> pd.DataFrame:
    """
    Make a planned (and approved) round of invented people, and return them.

    Returns:
        `person_id`, `municipality_code`, `cpr`, `mobile`.
    """
    vault().make_round_key(round_id)
    key = vault().round_key(round_id)
    people = _people(key, people_by_municipality, mobile, names)
    people["address"] = [address[i % len(address)] for i in range(len(people))]
    invitation, reminder_1, reminder_2, close = wave_dates
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rounds.round (round_id, name, opened_by, opened_at, reference_start_date, "
                "reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date, close_date, "
                "codebook_version, questionnaire_version, sample_rule, channels, seed) VALUES (:round_id, 'Øvelse', "
                "'drift', :opened_at, '2023-04-01', '2023-06-30', :key_date, :invitation, :reminder_1, :reminder_2, "
                ":close, '2023', '2023', '{}', :channels, 7)"
            ),
            {
                "round_id": round_id, "opened_at": INSIDE_THE_WINDOW, "invitation": invitation, "close": close,
                "reminder_1": reminder_1, "reminder_2": reminder_2, "key_date": date(2023, 8, 1),
                "channels": list(channels),
            },
        )  # fmt: skip
        copy_rows(
            connection,
            "rounds.municipality",
            pd.DataFrame(
                {
                    "round_id": round_id,
                    "municipality_code": list(people_by_municipality),
                    "municipality_name": [f"Øvelse {code}" for code in people_by_municipality],
                }
            ),
        )
        base = {
            "round_id": round_id,
            "person_id": people["person_id"],
            "municipality_code": people["municipality_code"],
        }
        copy_rows(
            connection,
            "identity.citizen",
            pd.DataFrame(
                base
                | {
                    column: [
                        key.encrypt(v, f"{column}|{p}")
                        for v, p in zip(people[column], people["person_id"], strict=True)
                    ]
                    for column in ("cpr", "name", "mobile", "address")
                }
                | {"cpr_lookup": [key.lookup(cpr) for cpr in people["cpr"]], "is_address_protected": False}
            ),
        )
        copy_rows(
            connection,
            "frame.person",
            pd.DataFrame(
                base
                | {
                    "sex": "kvinde",
                    "age_years": 40,
                    "age_group": "30_49",
                    "subgroup": "sygedagpenge",
                    "target_group": "sygedagpenge",
                    "benefit_code": "sygedagpenge",
                    "spell_start_date": date(2023, 1, 2),
                    "has_mobile": True,
                }
            ),
        )
        copy_rows(
            connection,
            "sampling.sample",
            pd.DataFrame(base | {"stratum_id": "kvinde|30_49", "selection_probability": 0.5}),
        )
    if sms_share is not None:
        operations.set_reminder_arms(round_id, sms_share)
    if is_planned:
        stage.plan_messages(round_id)
        stage.prepare_dry_run(round_id)
    if is_planned and is_approved:
        stage.record_approval(round_id, "kollega")
    return people[["person_id", "municipality_code", "cpr", "mobile"]]


@contextmanager
def running_gateway(kind: str, token: str, ledger: Path, port: int | None = None, **behaviour: Any) -> Iterator[str]:
    """
    Run a gateway as a process of its own and yield its address.

    Args:
        kind: digital_post or sms.
        token: The shared secret.
        ledger: Its append-only file.
        port: A free one when None.
        behaviour: Options of `borgerpuls sandbox gateway`, e.g. `faults=0.05`, `deduplicate=True`.

    Raises:
        ServiceDidNotStart: It does not answer.
    """
    chosen = port or free_port()
    command = [
        sys.executable,
        "-m",
        "borgerpuls",
        "sandbox",
        "gateway",
        kind,
        "--port",
        str(chosen),
        "--ledger",
        str(ledger),
    ]
    for name, given in behaviour.items():
        option = f"--{name.replace('_', '-')}"
        for value in given if isinstance(given, list | tuple) else [given]:
            command += [option] if value is True else [] if value is False else [option, str(value)]
    process = subprocess.Popen(command, env=os.environ | {"BORGERPULS_GATEWAY_TOKEN": token}, start_new_session=True)
    try:
        _await_health(chosen, process)
        yield f"http://127.0.0.1:{chosen}"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()


class DispatchHost:
    """
    Starts dispatches as processes of their own, quickly: one process imports everything and forks for each.

    A dispatch can be told to kill itself (SIGKILL) when it passes a named point for the n-th time.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from borgerpuls.sandbox.drill import host; host()"],
            env=os.environ | (environment or {}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self._say("ready?")

    def start(self, round_id: str, municipality_code: str, point: str = "-", passing: int = 0) -> int:
        """Start a dispatch and return its process id."""
        return int(self._say(f"start {round_id} {municipality_code} {point} {passing}"))

    def run(self, task: str, round_id: str, municipality_code: str) -> int:
        """Start a task of the stage, by its name, and return its process id."""
        return int(self._say(f"run {task} {round_id} {municipality_code}"))

    def kill(self, pid: int) -> bool:
        """Kill a dispatch and return whether it was alive."""
        return self._say(f"kill {pid}") == "killed"

    def wait(self, pid: int) -> int:
        """Wait for a dispatch and return how it ended: 0, or minus the signal."""
        return int(self._say(f"wait {pid}"))

    def close(self) -> None:
        """End the host; its dispatches have ended."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()

    def _say(self, line: str) -> str:
        if self._process.stdin is None or self._process.stdout is None:  # pragma: no cover - both are pipes
            return ""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


def host() -> None:
    """Serve a DispatchHost on standard input and output."""
    for line in sys.stdin:
        word, *arguments = line.split()
        print(_HOST_WORDS[word](*arguments), flush=True)


def _host_start(round_id: str, municipality_code: str, point: str, passing: str) -> int:
    def dispatch() -> None:
        if point != "-":
            _die_at(point, int(passing))
        stage.send_due(round_id, municipality_code)

    return _fork(dispatch)


def _host_run(task: str, round_id: str, municipality_code: str) -> int:
    tasks: dict[str, Callable[[], object]] = {
        "plan_messages": lambda: stage.plan_messages(round_id),
        "prepare_dry_run": lambda: stage.prepare_dry_run(round_id),
        "approve": lambda: stage.record_approval(round_id, "kollega"),
        "send_due": lambda: stage.send_due(round_id, municipality_code),
        "collect_receipts": lambda: stage.collect_receipts(round_id),
    }
    return _fork(tasks[task])


def _fork(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        sys.stdin.close()
        work()
        status = 0
    finally:
        os._exit(status)


def _host_kill(pid: str) -> str:
    ended, _ = os.waitpid(int(pid), os.WNOHANG)
    if ended:
        return "ended"
    os.kill(int(pid), signal.SIGKILL)
    os.waitpid(int(pid), 0)
    return "killed"


def _host_wait(pid: str) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(int(pid), 0)[1])


_HOST_WORDS: dict[str, Callable[..., object]] = {
    "ready?": lambda: "ready", "start": _host_start, "run": _host_run, "kill": _host_kill, "wait": _host_wait,
}  # fmt: skip


def _die_at(worst_point: str, passing: int) -> None:
    left = itertools.count(passing, -1)

    def die(point: str) -> None:
        if point == worst_point and next(left) <= 1:
            os.kill(os.getpid(), signal.SIGKILL)

    dispatch.passes = die


def outlast_leases() -> None:
    """Let the leases of a dead dispatch run out without waiting for them."""
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE fieldwork.message SET lease_until = clock_timestamp() - interval '1 second' "
                 "WHERE lease_until IS NOT NULL AND state IN ('claimed', 'sending')")
        )  # fmt: skip


def left_behind(round_id: str) -> int:
    """Return how many messages a dispatch has claimed or is sending."""
    states = stage.state_counts(round_id)
    return states.get("claimed", 0) + states.get("sending", 0)


def seconds_of_lease(round_id: str) -> float:
    """Return the seconds until the last lease of a round has run out, by the database's clock; 0 when none runs."""
    with transaction("fieldwork") as connection:
        seconds = connection.execute(
            text("SELECT extract(epoch FROM max(lease_until) - clock_timestamp()) FROM fieldwork.message "
                 "WHERE round_id = :r AND state IN ('claimed', 'sending')"),
            {"r": round_id},
        ).scalar_one()  # fmt: skip
    return max(0.0, float(seconds or 0))


def ledger_sizes(ledgers: Sequence[Path]) -> tuple[int, ...]:
    """Return how long each gateway's ledger is, in bytes."""
    return tuple(path.stat().st_size if path.exists() else 0 for path in ledgers)


def await_messages(ledgers: Sequence[Path], messages: float, since: Sequence[int] | None = None) -> None:
    """Wait until the gateways have accepted so many more messages than at *since* (now when None), a minute at most."""
    start = sum(since or ledger_sizes(ledgers))
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline and sum(ledger_sizes(ledgers)) - start < messages * LINE_LENGTH:
        time.sleep(0.002)


def due_messages(round_id: str) -> int:
    """Return how many messages of a round have been sent or should have been by now."""
    with transaction("fieldwork") as connection:
        count: int = connection.execute(
            text(
                "SELECT count(*) FROM fieldwork.message WHERE round_id = :r AND (due_date <= :t OR sent_at IS NOT NULL)"
            ),
            {"r": round_id, "t": clock.today()},
        ).scalar_one()
    return count


def judge(round_id: str, ledgers: Sequence[Path], since: Sequence[int] = (0, 0)) -> Verdict:
    """
    Compare the gateways' ledgers with ours, message by message.

    Args:
        round_id: The round.
        ledgers: Of the gateways.
        since: Where in each ledger to begin, in bytes: what is before it belongs to rounds judged earlier.
    """
    accepted = Counter(
        line.message_id for path, start in zip(ledgers, since, strict=True) for line in read_ledger(path, start)
    )
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            text("SELECT message_id, state, sent_at IS NOT NULL AS is_sent FROM fieldwork.message WHERE round_id = :r"),
            {"r": round_id},
        ).all()
        planned = connection.execute(
            text("SELECT 5 * count(*) FROM sampling.sample WHERE round_id = :r"), {"r": round_id}
        ).scalar_one()
    ours = {str(row.message_id): row for row in rows}
    return Verdict(
        doubles=sum(count > 1 for count in accepted.values()),
        lost=sum(
            row.state in {"accepted", "delivered", "no_receipt"} and id_ not in accepted for id_, row in ours.items()
        ),
        forgotten=sum(id_ in ours and not ours[id_].is_sent for id_ in accepted),
        strangers=sum(id_ not in ours for id_ in accepted),
        unknown=sum(row.state in {"unknown", "sending"} for row in rows),
        planned=planned,
        accounted=len(rows),
    )


def _people(key: RoundKey, sizes: Mapping[str, int], mobile: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    codes = [code for code, size in sizes.items() for _ in range(size)]
    cprs = [
        f"{61 + i % 28:02d}{1 + i // 28 % 12:02d}{50 + i // 336 % 50:02d}{i % 10000:04d}" for i in range(len(codes))
    ]
    return pd.DataFrame(
        {
            "person_id": [key.person_id(cpr) for cpr in cprs],
            "municipality_code": codes,
            "cpr": cprs,
            "name": [f"{names[i % len(names)]} Øvelsesen" for i in range(len(codes))],
            "mobile": [mobile[i % len(mobile)] for i in range(len(codes))],
        }
    )


def _await_health(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise ServiceDidNotStart(
        "A sandbox gateway does not answer.", next_step="Run it by hand: borgerpuls sandbox gateway."
    )
