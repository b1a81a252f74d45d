"""The page "Beskeder" in Airflow: mounted, in the navigation, and closed to those who are not logged in."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASK = """
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient
app = create_app(apps="core")
views = [view["destination"] for view in __import__("messages_page").MessagesPage.external_views]
print("PAGES", sum(getattr(route, "path", "") == "/beskeder" for route in app.routes), sorted(views))
print("STRANGER", TestClient(app).get("/beskeder/").status_code, TestClient(app).get("/beskeder/?runde=2023-2").status_code)
"""


def test_the_page_is_mounted_and_closed_to_those_who_are_not_logged_in(tmp_path: Path) -> None:
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK], env=environment, capture_output=True, text=True, check=False,
        timeout=200,
    )  # fmt: skip
    assert "PAGES 1 ['dag', 'nav']" in ended.stdout, ended.stderr[-2000:]
    assert "STRANGER 401 401" in ended.stdout
