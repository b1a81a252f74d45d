"""An alert is told for real: Airflow runs the fieldwork DAG, its watch fails, and a web and a mail server hear of it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from borgerpuls import clock, settings
from borgerpuls.database import engine
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres, free_port
from mail_server import MailServer, running_mail_server

ROOT = Path(__file__).resolve().parents[2]
HERE = "0461"
OPERATIONS = "drift@eksempel.invalid"
RUN = """
import sys
from airflow.dag_processing.dagbag import DagBag
dag = DagBag(sys.argv[1], bundle_path=sys.argv[1]).dags["fieldwork"]
part = dag.partial_subset("watch_messages", include_upstream=False, include_downstream=False)
print("STATE", part.test().state)
"""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict]]]:
    heard: list[dict] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", free_port()), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/alarm", heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


def change(statement: str) -> None:
    with engine("database_admin_url").begin() as connection:
        connection.execute(text(f"UPDATE fieldwork.message SET {statement}"), {"now": drill.INSIDE_THE_WINDOW})


def test_each_alarm_is_told_with_its_runbook_and_nobodys_data(
    round_database: EmbeddedPostgres,
    receiver: tuple[str, list[dict]],
    mail_server: MailServer,
    tmp_path: Path,
) -> None:
    url, heard = receiver
    clock.move_to(drill.INSIDE_THE_WINDOW)
    people = pd.concat(
        [
            drill.make_round("2023-2", {HERE: 3}),
            drill.make_round("2023-1", {HERE: 60}),
            drill.make_round("2022-2", {HERE: 4}),
        ]
    )
    change("state = 'unknown', channel = 'sms', sent_at = CAST(:now AS timestamptz) - interval '61 minutes' "
           "WHERE round_id = '2023-2' AND wave = 1")  # fmt: skip
    change(
        "state = 'failed', channel = 'sms', sent_at = :now, accepted_at = :now WHERE round_id = '2023-1' AND wave = 1"
    )
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_SMTP_DEFAULT": mail_server.connection,
        "BORGERPULS_ALERT_WEBHOOK_URL": url,
        "BORGERPULS_ALERT_EMAIL": OPERATIONS,
        "BORGERPULS_TASK_RETRY_SECONDS": "0",
    }
    for command in (["-m", "airflow", "db", "migrate"], ["-c", RUN, str(ROOT / "dags")]):
        ended = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, check=False, timeout=200
        )
        assert ended.returncode == 0, ended.stderr[-1500:]
    assert "STATE failed" in ended.stdout
    (told,) = heard
    assert (told["dag"], told["task"]) == ("fieldwork", "watch_messages")
    (mail,) = mail_server.mails
    assert [OPERATIONS in line for line in mail.envelope] == [True, True]
    assert mail.subject == "Borgerpuls: 4 · Fieldwork"
    assert (told["round"], told["municipality"]) == ("", "")  # of three rounds, which the words name
    for words in (told["text"], mail.words):
        assert "Runde 2023-2: 3 beskeder har været i tvivl i over en time." in words
        assert "Runde 2023-1: 100,0 % af det, der er sendt som sms, når ikke frem." in words
        assert "Runde 2022-2: 4 beskeder venter, og intet er sendt i 120 minutter." in words
        for runbook in ("unknown", "bounce", "standstill"):
            assert f"docs/runbooks/{runbook}.md" in words
    assert told["runbooks"] == [f"docs/runbooks/{name}.md" for name in ("bounce", "standstill", "unknown")]
    assert all((ROOT / runbook).is_file() for runbook in told["runbooks"])
    everything = json.dumps(told) + mail.content.decode() + mail.words
    for person_id, cpr in zip(people["person_id"], people["cpr"], strict=True):
        assert str(person_id) not in everything
        assert cpr not in everything
    settings.settings.cache_clear()
