"""An alert is told for real: Airflow runs the fieldwork DAG, its watch fails, and a receiver hears of it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from borgerpuls import clock, settings
from borgerpuls.database import engine
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres, free_port

ROOT = Path(__file__).resolve().parents[2]
HERE = "0461"
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


def test_messages_in_doubt_for_an_hour_are_told_with_their_runbook_and_nobodys_data(
    round_database: EmbeddedPostgres, receiver: tuple[str, list[dict]], tmp_path: Path
) -> None:
    url, heard = receiver
    clock.move_to(drill.INSIDE_THE_WINDOW)
    people = drill.make_round("2023-2", {HERE: 3})
    with engine("database_admin_url").begin() as connection:
        connection.execute(
            text("UPDATE fieldwork.message SET state = 'unknown', channel = 'sms', sent_at = "
                 "CAST(:t AS timestamptz) - interval '61 minutes' WHERE wave = 1"),
            {"t": drill.INSIDE_THE_WINDOW},
        )  # fmt: skip
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "BORGERPULS_ALERT_WEBHOOK_URL": url,
    }
    for command in (["-m", "airflow", "db", "migrate"], ["-c", RUN, str(ROOT / "dags")]):
        ended = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, check=False, timeout=200
        )
        assert ended.returncode == 0, ended.stderr[-1500:]
    assert "STATE failed" in ended.stdout
    (told,) = heard
    assert (told["dag"], told["task"], told["runbooks"]) == (
        "fieldwork",
        "watch_messages",
        ["docs/runbooks/unknown.md"],
    )
    assert "Runde 2023-2: 3 beskeder har været i tvivl i over en time." in told["text"]
    assert (ROOT / told["runbooks"][0]).is_file()
    for person_id, cpr in zip(people["person_id"], people["cpr"], strict=True):
        assert str(person_id) not in json.dumps(told)
        assert cpr not in json.dumps(told)
    settings.settings.cache_clear()
