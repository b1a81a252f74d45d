"""An alert is told for real: Airflow runs the fieldwork DAG, its watch fails, and a web and a mail server hear of it."""

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from borgerpuls import clock, settings
from borgerpuls.database import engine
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres, free_port

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
def mail_server() -> Iterator[tuple[int, list[tuple[list[str], bytes]]]]:
    """An SMTP server that keeps envelope and content of what it is given."""
    kept: list[tuple[list[str], bytes]] = []

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say(b"220 here")
            envelope: list[str] = []
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word in {b"MAIL", b"RCPT"}:
                    envelope.append(line.decode().strip())
                if word == b"DATA":
                    self._say(b"354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    kept.append((envelope, b"".join(one.removeprefix(b".") for one in lines)))
                self._say(b"221 bye" if word == b"QUIT" else b"250 ok")

        def _say(self, reply: bytes) -> None:
            self.wfile.write(reply + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], kept
        server.shutdown()


def change(statement: str) -> None:
    with engine("database_admin_url").begin() as connection:
        connection.execute(text(f"UPDATE fieldwork.message SET {statement}"), {"now": drill.INSIDE_THE_WINDOW})


def test_each_alarm_is_told_with_its_runbook_and_nobodys_data(
    round_database: EmbeddedPostgres,
    receiver: tuple[str, list[dict]],
    mail_server: tuple[int, list[tuple[list[str], bytes]]],
    tmp_path: Path,
) -> None:
    (url, heard), (port, mails) = receiver, mail_server
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
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(
            {
                "conn_type": "smtp",
                "host": "127.0.0.1",
                "port": port,
                "extra": {"disable_ssl": True, "disable_tls": True},
            }
        ),
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
    ((envelope, content),) = mails
    mail = message_from_bytes(content, policy=policy.default)
    assert [OPERATIONS in line for line in envelope] == [True, True]
    assert mail["subject"] == "Borgerpuls: fieldwork.watch_messages"
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/html"]
    for words in (told["text"], part.get_content()):
        assert "Runde 2023-2: 3 beskeder har været i tvivl i over en time." in words
        assert "Runde 2023-1: 100,0 % af det, der er sendt som sms, når ikke frem." in words
        assert "Runde 2022-2: 4 beskeder venter, og intet er sendt i 120 minutter." in words
        for runbook in ("unknown", "bounce", "standstill"):
            assert f"docs/runbooks/{runbook}.md" in words
    assert told["runbooks"] == [f"docs/runbooks/{name}.md" for name in ("bounce", "standstill", "unknown")]
    assert all((ROOT / runbook).is_file() for runbook in told["runbooks"])
    everything = json.dumps(told) + mail.as_string() + part.get_content()
    for person_id, cpr in zip(people["person_id"], people["cpr"], strict=True):
        assert str(person_id) not in everything
        assert cpr not in everything
    settings.settings.cache_clear()
