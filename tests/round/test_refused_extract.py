"""
A round in which one of three municipalities sends an Excel file, and another its neighbour's file before its own; and
whose gateway is down on the first day.

Run in a real Airflow to its reports, with a mail server that hears what operations are told.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from pypdf import PdfReader
from rich.console import Console
from sqlalchemy import create_engine, text
from staff import sent, staff, task_of, wait_for
from two_municipalities import SEED

from borgerpuls import clock, database, settings, vault
from borgerpuls.clock import COPENHAGEN
from borgerpuls.fieldwork import stage as fieldwork
from borgerpuls.rounds.calendar import half_yearly_dates
from borgerpuls.sandbox import demo, services
from borgerpuls.sandbox.airflow_api import AirflowApi, Run, TaskInstance, log_of_task
from borgerpuls.sandbox.country import Country, make_country
from borgerpuls.sandbox.demo import ROUND_ID
from borgerpuls.sandbox.installation import APPROVER, OPENER
from borgerpuls.sandbox.progress import Steps
from borgerpuls.sandbox.round_runner import SECONDS_BEFORE_APPROVAL, RoundRunner
from borgerpuls.sandbox.services import RunningSandbox
from borgerpuls.sandbox.visits import CitizenVisits
from mail_server import Mail, MailServer, running_mail_server

pytestmark = pytest.mark.timeout(1800)

REFUSED, CORRECTED, READ = "Mariagerfjord", "Ishøj", "Odder"
CODES = {REFUSED: "0846", CORRECTED: "0183", READ: "0727"}
FORM = {
    "municipalities": sorted(CODES.values()),
    "sample_rule": "sizes",
    "sample_sizes": dict.fromkeys(CODES.values(), 150),
}
REASONS = {
    REFUSED: "Filen er en Excel-fil eller en zip-fil",
    CORRECTED: f"Filen er fra {READ}, ikke fra {CORRECTED}.",
}
OPERATIONS = "drift@eksempel.invalid"
STEPS = Steps(Console(quiet=True))
WRITTEN_TO = 2 * 150


class Told(NamedTuple):
    """A sandbox, and the mail server of its operations."""

    sandbox: RunningSandbox
    server: MailServer
    country: Country
    corrected: bytes
    """The extract that comes late."""


@contextmanager
def refusing_sandbox(home: Path) -> Iterator[Told]:
    """Start a sandbox in *home* whose inbox has the three extracts, and clean it up."""
    before = dict(os.environ)
    try:
        with running_mail_server() as server:
            os.environ |= {"BORGERPULS_ALERT_EMAIL": OPERATIONS, "AIRFLOW_CONN_SMTP_DEFAULT": server.connection}
            sandbox = services.up(home, seed=SEED, fresh=True)
            country = make_country(SEED, "pilot", ROUND_ID)
            demo.send_extracts(country, ROUND_ID)
            extract_of(REFUSED).write_bytes(b"PK\x03\x04" + bytes(2000))
            right = extract_of(CORRECTED).read_bytes()
            extract_of(CORRECTED).write_bytes(extract_of(READ).read_bytes())
            yield Told(sandbox, server, country, right)
    finally:
        services.clean(home)
        os.environ.clear()
        os.environ.update(before)
        database.close_engines()
        settings.settings.cache_clear()
        vault.vault.cache_clear()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with refusing_sandbox(tmp_path_factory.mktemp("refused") / ".borgerpuls") as told:
        yield told


def extract_of(municipality: str) -> Path:
    (path,) = (settings.settings().inbox_folder / ROUND_ID).glob(f"{CODES[municipality]}*")
    return path


def waiting_approvals(api: AirflowApi) -> list[TaskInstance]:
    """Return the approvals that wait for a person, the newest first."""
    runs = [run for run in api.runs() if run.dag_id == "fieldwork" and run.run_type.startswith("asset")]
    tasks = [task_of(api, run, "prepare.approve") for run in runs]
    return [task for task in tasks if task and task.state in {"awaiting_input", "deferred"}]


def days_to_answer(sandbox: RunningSandbox) -> set[int]:
    """Return after how many days Airflow gives up waiting for each approval."""
    engine = create_engine(sandbox.postgres.url("airflow"))
    with engine.begin() as connection:
        waits = connection.execute(
            text("SELECT trigger_timeout - now() FROM task_instance WHERE task_id = 'prepare.approve' "
                 "AND state IN ('awaiting_input', 'deferred')")
        ).scalars()  # fmt: skip
        days = {round(wait.total_seconds() / 86_400) for wait in waits}
    engine.dispose()
    return days


def states_of(tasks: list[TaskInstance], task_id: str) -> dict[str, str | None]:
    return {task.name: task.state for task in tasks if task.task_id == task_id}


def run_of(api: AirflowApi, run_id: str) -> Run:
    """Return a run as it is now."""
    return next(run for run in api.runs() if run.run_id == run_id)


def mails_about(server: MailServer, *words: str) -> list[Mail]:
    return [mail for mail in server.mails if all(word in mail.subject + mail.words for word in words)]


def test_refused_extracts_and_a_failed_sending_are_told_and_the_round_goes_on_to_its_reports(told: Told) -> None:
    sandbox, server, country, corrected = told
    dates = half_yearly_dates(ROUND_ID)
    with closing(RoundRunner(sandbox.installation)) as runner, staff(sandbox, OPENER) as api:
        demo.open_round(runner, demo.filled_form(country, dates, SEED) | FORM, STEPS)

        # Skipped with their reasons, in a run that is well; operations have a mail of each.
        (frame,) = [run for run in api.runs() if run.dag_id == "frame"]
        tasks = api.tasks(frame)
        assert frame.state == "success"
        assert states_of(tasks, "import_extract") == {REFUSED: "skipped", CORRECTED: "skipped", READ: "success"}
        logs = sandbox.installation.airflow_home / "logs"
        for task in tasks:
            if task.state == "skipped":
                lines = [json.loads(line) for line in log_of_task(logs, task).read_text(encoding="utf-8").splitlines()]
                said = f"Runde {ROUND_ID}, {task.name}: {REASONS[task.name]}"
                assert [line for line in lines if line["level"] == "warning" and line["event"].startswith(said)]
        assert len(server.mails) == len(REASONS)
        for name, reason in REASONS.items():
            (mail,) = mails_about(server, name + ",")
            assert mail.subject == f"Borgerpuls: runde {ROUND_ID}, {name}, 2 · Frame"
            assert f"<b>Kommune:</b> {name}<" in mail.words
            assert reason in mail.words
            assert "<b>Næste skridt:</b> Læg et rettet udtræk i rundens indbakke" in mail.words
            assert f"{sandbox.installation.airflow_url}/dags/frame/runs/" in mail.words

        # The approver is told who would be missing; so one of them sends the right file, and its task is cleared.
        wait_for(lambda: waiting_approvals(api))
        (stale,) = waiting_approvals(api)
        assert "Ingen får brev i 2 af rundens kommuner" in api.shown(stale)
        assert all(f"- **{name}**: {reason}" in api.shown(stale) for name, reason in REASONS.items())
        extract_of(CORRECTED).write_bytes(corrected)
        (late,) = [task for task in tasks if task.name == CORRECTED]
        api.clear(frame, [(late.task_id, late.map_index), "validate_frame", "decide_eligibility", "announce_frame"])
        wait_for(lambda: len(waiting_approvals(api)) == 2)
        newest = waiting_approvals(api)[0]
        assert "Ingen får brev i 1 af rundens kommuner" in api.shown(newest)
        assert REASONS[REFUSED] in api.shown(newest)
        assert CORRECTED in api.shown(newest)

        # Approvers have weeks: the hour of every other task is not theirs.
        assert days_to_answer(sandbox) == {30}

        # A second person approves it without the other, and the round goes on.
        time.sleep(SECONDS_BEFORE_APPROVAL)
        with staff(sandbox, APPROVER) as colleague:
            colleague.approve(newest)
        wait_for(lambda: fieldwork.is_approved(ROUND_ID))
        wait_for(lambda: run_of(api, newest.run_id).state == "success")

        # The gateway is down on the first day: the task of fieldwork is red, and so is the run; operations are told.
        clock.move_to(datetime.combine(dates.invitation_date, demo.SENDING_TIME, COPENHAGEN))
        os.kill(services.running_services(sandbox.installation.home)["digital-post-gateway"], signal.SIGKILL)
        run = api.trigger("fieldwork")
        assert list(api.states(run))[-1] == "failed"
        tasks = api.tasks(run)
        assert states_of(tasks, "send_due") == {CORRECTED: "failed", READ: "failed"}
        assert states_of(tasks, "collect_receipts") == {"collect_receipts": "failed"}
        assert states_of(tasks, "finish_messages") == {"finish_messages": "success"}
        assert states_of(tasks, "all_went_well") == {"all_went_well": "upstream_failed"}
        (mail,) = mails_about(server, "opgaven watch_messages")
        assert f"Runde {ROUND_ID}: {WRITTEN_TO} beskeder venter, og intet er sendt i 120 minutter." in mail.words
        (mail,) = mails_about(server, "opgaven send_due", READ)
        assert mail.subject == f"Borgerpuls: runde {ROUND_ID}, {READ}, 4 · Fieldwork"
        assert "<b>Næste skridt:</b> Se efter, om gatewayen kører" in mail.words
        assert "docs/runbooks/gateway-down.md" in mail.words

        # It answers again, the failed tasks are cleared, and everybody gets the letter once.
        services.up(sandbox.installation.home)
        api.clear(run, [task.task_id for task in tasks if task.state in {"failed", "upstream_failed"}])
        wait_for(lambda: run_of(api, run.run_id).state == "success")
        assert set(sent(sandbox).values()) == {1}
        assert len(sent(sandbox)) == fieldwork.monitor(ROUND_ID)["sent"].sum() > 0.9 * WRITTEN_TO
        assert fieldwork.state_counts(ROUND_ID)["planned"] == 4 * WRITTEN_TO, "the reminders"

        demo.do_fieldwork(runner, CitizenVisits(country, ROUND_ID), dates, STEPS)
        demo.close_and_publish(runner, dates, STEPS)
    output = settings.settings().output_folder / ROUND_ID
    drawn = sorted(path.stem for path in output.glob("*.xlsx"))
    assert len(drawn) == 3, "of each that was asked, and of all"
    assert [name for name in drawn if CODES[REFUSED] in name] == []
    national = output / f"borgerpuls-{ROUND_ID}-alle-deltagende-kommuner.pdf"
    words = " ".join("".join(page.extract_text() or "" for page in PdfReader(national).pages).split())
    assert f"{CORRECTED}, {READ}" in words
    assert REFUSED not in words


def test_an_approval_of_what_was_shown_before_is_refused_and_told(told: Told) -> None:
    with staff(told.sandbox, APPROVER) as colleague:
        (stale,) = waiting_approvals(colleague)
        colleague.approve(stale)
        wait_for(lambda: run_of(colleague, stale.run_id).state == "failed")
    (mail,) = mails_about(told.server, "opgaven prepare.record_approval")
    assert f"<b>Runde:</b> {ROUND_ID}" in mail.words
    assert "<b>Næste skridt:</b> Svar på den nyeste anmodning." in mail.words


def test_no_mail_names_a_person(told: Told) -> None:
    everything = "".join(mail.content.decode() + mail.words for mail in told.server.mails)
    assert everything
    citizens = told.country.citizens
    numbers = [*citizens["cpr"].astype(str), *citizens.loc[citizens["telephone"].str.len() >= 8, "telephone"]]
    names = set(citizens["first_name"] + " " + citizens["last_name"])
    assert [number for number in numbers if number in everything] == []
    assert [name for name in names if name in everything] == []
