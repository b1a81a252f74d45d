"""
One installation of the sandbox: its folder, ports and secrets, and the environment its services live in.

Everything is below one ignored folder of the project. `installation.json` keeps what must stay the same between starts;
which processes run is never written down but asked of the system (services.py).
"""

import base64
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from borgerpuls.errors import SandboxIsBusy
from borgerpuls.resources import resource_folder
from borgerpuls.sandbox.postgres import EmbeddedPostgres, free_port

PORT_NAMES = ("postgres", "airflow", "questionnaire", "digital_post", "sms")
SECRET_NAMES = ("pipeline", "web", "gateway", "airflow_api", "airflow_jwt")

INSTALLATION_FILE = "installation.json"

PASSED_ON = ("BORGERPULS_ALERT_WEBHOOK_URL", "BORGERPULS_ALERT_EMAIL", "AIRFLOW_CONN_SMTP_DEFAULT")
"""Where operations are told, and through which mail server: as whoever starts the sandbox has set it."""

HOME_MARK = "BORGERPULS_SANDBOX_HOME"
"""Set in every process of an installation to its folder: how `make down` knows its own."""

OPENER, APPROVER, READER, ADMINISTRATOR = "drift", "kollega", "laeser", "admin"
AIRFLOW_USERS = {ADMINISTRATOR: "admin", OPENER: "user", APPROVER: "user", READER: "viewer"}
"""Airflow's users and roles. Operations are `user`, not `op`: an `op` sees connections."""


@dataclass(frozen=True)
class Installation:
    """The sandbox in the folder *home*."""

    home: Path
    ports: dict[str, int]
    secrets: dict[str, str]
    seed: int

    @property
    def airflow_url(self) -> str:
        """The address of Airflow's pages and REST API."""
        return f"http://127.0.0.1:{self.ports['airflow']}"

    @property
    def questionnaire_url(self) -> str:
        """The address of the citizens' questionnaire."""
        return f"http://127.0.0.1:{self.ports['questionnaire']}"

    @property
    def password_file(self) -> Path:
        """The passwords of Airflow's users, plain JSON."""
        return self.home / "airflow-passwords.json"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder; task logs are below `logs/`."""
        return self.home / "airflow"

    @property
    def key_folder(self) -> Path:
        """The keys of the vault."""
        return self.home / "keys"

    def passwords(self) -> dict[str, str]:
        """Return the password of each Airflow user."""
        passwords: dict[str, str] = json.loads(self.password_file.read_text(encoding="utf-8"))
        return passwords

    def environment(self, postgres: EmbeddedPostgres) -> dict[str, str]:
        """Return the whole environment of a process of this installation: what the system needs and what we set."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or not name.startswith(("AIRFLOW", "BORGERPULS_", "_AIRFLOW"))
        }
        scripts = str(Path(sys.executable).parent)
        return (
            inherited
            | {"PATH": os.pathsep.join([scripts, inherited.get("PATH", os.defpath)])}
            | self._borgerpuls_settings(postgres)
            | self._airflow_settings(postgres)
        )

    def _borgerpuls_settings(self, postgres: EmbeddedPostgres) -> dict[str, str]:
        return {
            HOME_MARK: str(self.home),
            "BORGERPULS_DATABASE_ADMIN_URL": postgres.url("borgerpuls"),
            "BORGERPULS_DATABASE_URL": postgres.url("borgerpuls", "borgerpuls_pipeline", self.secrets["pipeline"]),
            "BORGERPULS_QUESTIONNAIRE_DATABASE_URL": postgres.url("borgerpuls", "borgerpuls_web", self.secrets["web"]),
            "BORGERPULS_KEY_FOLDER": str(self.key_folder),
            "BORGERPULS_JOURNAL_FOLDER": str(self.home / "journal"),
            "BORGERPULS_GATEWAY_FOLDER": str(self.home / "gateways"),
            "BORGERPULS_INBOX_FOLDER": str(self.home / "inbox"),
            "BORGERPULS_OUTPUT_FOLDER": str(self.home.parent / "output"),
            "BORGERPULS_CLOCK": "simulated",
            "BORGERPULS_TASK_RETRY_SECONDS": "2",
            "BORGERPULS_GATEWAYS": "sandbox",
            "BORGERPULS_GATEWAY_TOKEN": self.secrets["gateway"],
            "BORGERPULS_DIGITAL_POST_GATEWAY_URL": f"http://127.0.0.1:{self.ports['digital_post']}",
            "BORGERPULS_SMS_GATEWAY_URL": f"http://127.0.0.1:{self.ports['sms']}",
            "BORGERPULS_QUESTIONNAIRE_URL": self.questionnaire_url,
            "BORGERPULS_ANSWER_SITE_HEALTH_URL": f"{self.questionnaire_url}/health",
        }

    def _airflow_settings(self, postgres: EmbeddedPostgres) -> dict[str, str]:
        project = resource_folder("sql").parent
        return {
            "AIRFLOW_HOME": str(self.airflow_home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Copenhagen",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.airflow_url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{role}" for u, role in AIRFLOW_USERS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.password_file),
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(self.secrets["airflow_api"][:32].encode()).decode(),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url("airflow"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": postgres.url("airflow"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.ports["airflow"]),
            "AIRFLOW__API__BASE_URL": self.airflow_url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": self.secrets["airflow_api"],
            "AIRFLOW__API_AUTH__JWT_SECRET": self.secrets["airflow_jwt"],
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",  # a changed file is read sooner
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",  # by default each step of a chain waits a second
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.airflow_home / "logs"),
            "GX_ANALYTICS_ENABLED": "false",
            "OPENBLAS_NUM_THREADS": "1",  # four tasks at a time share the cores already
            "SPT_NOENV": "1",  # setproctitle would write over the environment by which we know our processes
        }


def open_installation(
    home: Path, *, seed: int | None = None, renew_ports: frozenset[str] = frozenset()
) -> Installation:
    """
    Return the installation in *home*, made on first use.

    Args:
        home: Its folder.
        seed: Remember this seed; the one of last time (or 1) when None.
        renew_ports: Names of ports to choose anew, because somebody else has taken them.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    kept = _kept(home)
    ports = {name: port for name, port in kept.get("ports", {}).items() if name not in renew_ports}
    for name in PORT_NAMES:
        while name not in ports:
            port = free_port()
            if port not in ports.values():
                ports[name] = port
    installation = Installation(
        home,
        ports=ports,
        secrets={name: kept.get("secrets", {}).get(name) or secrets.token_urlsafe(32) for name in SECRET_NAMES},
        seed=kept.get("seed", 1) if seed is None else seed,
    )
    _write_private(
        home / INSTALLATION_FILE,
        {"ports": installation.ports, "secrets": installation.secrets, "seed": installation.seed},
    )
    if not installation.password_file.exists():
        _write_private(installation.password_file, {user: secrets.token_urlsafe(9) for user in AIRFLOW_USERS})
    return installation


def is_installed(home: Path) -> bool:
    """Tell whether the folder still knows its ports and secrets."""
    return bool(_kept(home))


@contextmanager
def only_one_command(home: Path) -> Iterator[None]:
    """
    Hold the installation for one command.

    Raises:
        SandboxIsBusy: Another command holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SandboxIsBusy(
                "Another command is starting, stopping or running this sandbox.",
                where=str(home),
                next_step="Wait until it has ended.",
            ) from error
        yield


def _kept(home: Path) -> dict[str, Any]:
    """Return what was written last; nothing when it is lost or damaged: passwords are set anew at every start."""
    try:
        kept: dict[str, Any] = json.loads((home / INSTALLATION_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept


def _write_private(file: Path, content: dict[str, Any]) -> None:
    beside = file.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2)
    beside.replace(file)
