"""The sandbox's services start, survive what happens to them, and stop; nobody else's process or port is touched."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from borgerpuls import database, settings, vault
from borgerpuls.errors import SandboxIsBusy, ServiceDidNotStart
from borgerpuls.sandbox import services
from borgerpuls.sandbox.airflow_api import AirflowApi, last_error_in
from borgerpuls.sandbox.installation import AIRFLOW_USERS, PORT_NAMES, only_one_command, open_installation
from borgerpuls.sandbox.services import RunningSandbox

ALL = {
    "api-server", "scheduler", "dag-processor", "triggerer", "questionnaire", "digital-post-gateway", "sms-gateway",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project's folder of its own, below a private one; cleaned up whatever happens."""
    home = tmp_path_factory.mktemp("private") / "project" / ".borgerpuls"
    environment = dict(os.environ)
    try:
        yield home
    finally:
        services.clean(home)
        os.environ.clear()
        os.environ.update(environment)
        database.close_engines()
        settings.settings.cache_clear()
        vault.vault.cache_clear()


@pytest.fixture(scope="module")
def sandbox(home: Path) -> RunningSandbox:
    return services.up(home, seed=3)


@pytest.mark.timeout(900)
def test_everything_is_healthy_and_killed_services_come_back_on_free_ports(sandbox: RunningSandbox, home: Path) -> None:
    before = services.running_services(home)
    assert set(before) == ALL
    assert services.up(home).installation == sandbox.installation
    assert services.running_services(home) == before

    stranger = socket.socket()
    for name in ("scheduler", "sms-gateway"):
        os.kill(before[name], signal.SIGKILL)
    while before["sms-gateway"] in services.running_services(home).values():
        time.sleep(0.05)
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stranger.bind(("127.0.0.1", sandbox.installation.ports["sms"]))
    stranger.listen()
    try:
        again = services.up(home)
    finally:
        stranger.close()
    after = services.running_services(home)
    assert set(after) == ALL
    assert after["scheduler"] != before["scheduler"]
    changed = {name for name in PORT_NAMES if again.installation.ports[name] != sandbox.installation.ports[name]}
    assert changed == {"sms"}


def test_another_command_runs_with_the_settings_of_the_sandbox(sandbox: RunningSandbox, home: Path) -> None:
    command = [sys.executable, "-m", "borgerpuls", "sandbox", "run", "--home", str(home)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("BORGERPULS_")}
    ran = subprocess.run(
        [*command, "responses", "progress", "1999-1"], env=plain, capture_output=True, text=True, check=False
    )
    assert "UnknownRound" in ran.stderr


@pytest.mark.timeout(600)
def test_staff_log_in_with_their_own_passwords_and_operations_see_no_connections(
    sandbox: RunningSandbox, home: Path
) -> None:
    installation = open_installation(home)
    passwords = installation.passwords()
    assert set(passwords) == set(AIRFLOW_USERS)
    assert len(set(passwords.values())) == len(AIRFLOW_USERS)
    assert installation.password_file.stat().st_mode & 0o077 == 0
    AirflowApi(installation.airflow_url, "drift", passwords["drift"]).close()
    token = httpx.post(
        f"{installation.airflow_url}/auth/token", json={"username": "drift", "password": passwords["drift"]}
    ).json()["access_token"]
    seen = httpx.get(f"{installation.airflow_url}/api/v2/connections", headers={"Authorization": f"Bearer {token}"})
    assert seen.status_code == 403


@pytest.mark.timeout(600)
def test_down_leaves_nothing_running_and_a_stale_or_damaged_state_does_no_harm(
    sandbox: RunningSandbox, home: Path
) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "airflow", "scheduler"])
    try:
        (home / "installation.json").write_text("{")
        assert set(services.down(home)) == ALL | {"postgres"}
        assert services.running_services(home) == {}
        assert bystander.poll() is None
        assert services.down(home) == []
        renewed = open_installation(home)
        assert json.loads((home / "installation.json").read_text())["ports"] == renewed.ports
        assert renewed.secrets != sandbox.installation.secrets
    finally:
        bystander.kill()
        bystander.wait()


def test_a_command_outside_a_running_sandbox_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(ServiceDidNotStart, match=r"No sandbox runs in \.borgerpuls\. Start it with `make up`"):
        services.enter(tmp_path / ".borgerpuls")


def test_two_commands_never_start_the_same_sandbox_at_once(tmp_path: Path) -> None:
    with (
        only_one_command(tmp_path),
        pytest.raises(SandboxIsBusy, match="Wait until it has ended"),
        only_one_command(tmp_path),
    ):
        pass


def test_an_installation_keeps_its_ports_and_gives_up_only_those_that_are_taken(tmp_path: Path) -> None:
    first = open_installation(tmp_path, seed=7)
    assert len(set(first.ports.values())) == len(PORT_NAMES)
    assert open_installation(tmp_path) == first
    second = open_installation(tmp_path, renew_ports=frozenset({"airflow"}))
    assert {name for name in PORT_NAMES if second.ports[name] != first.ports[name]} <= {"airflow"}
    assert second.secrets == first.secrets


def test_a_failed_task_is_told_by_its_exception_not_by_the_last_line_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "attempt=1.log"
    log.write_text(
        '{"level": "info", "event": "starting"}\n'
        '{"level": "error", "event": "Task failed", "error_detail": [{"exc_type": "FrameIsEmpty", "exc_value": "No row."}]}\n'
        '{"level": "info", "event": "done"}\n'
    )
    assert last_error_in(log) == "FrameIsEmpty: No row."
    assert "never started" in last_error_in(tmp_path / "missing.log")
