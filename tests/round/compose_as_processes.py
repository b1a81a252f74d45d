"""
docker-compose.yaml with a process for each container: its own commands, settings, volumes and health checks.

There is no container engine where the tests run. What one would do is done by hand: placeholders are filled in, service
names become ports on this machine, volumes become folders, and what the image sets is set. Nothing else is added but
what containers would keep apart: the ports of Airflow's log and health servers, and the workers' names.
"""

import base64
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from borgerpuls.sandbox.installation import Installation
from borgerpuls.sandbox.postgres import EmbeddedPostgres, free_port, reachable_folder, start_postgres

ROOT = Path(__file__).resolve().parents[2]
IMAGE_ROOT = "/srv/borgerpuls"
PORTS = {
    "postgres": 5432, "redis": 6379, "airflow-api-server": 8080, "questionnaire": 8090,
    "digital-post-gateway": 8091, "sms-gateway": 8092,
}  # fmt: skip
KEPT_APART = {"SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER": 8974, "LOGGING__TRIGGER_LOG_SERVER": 8794}
START = ("redis", "airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer",
         "airflow-worker", "questionnaire", "digital-post-gateway", "sms-gateway")  # fmt: skip
PATIENCE_SECONDS = 420.0


class ServiceIsUnhealthy(AssertionError):
    """A service of the compose file did not become healthy."""


class ComposeAsProcesses:
    """The services of docker-compose.yaml below *folder*, each of `airflow-worker`'s *workers* a process."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self.workers = folder, workers
        self._services: dict[str, dict[str, Any]] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {name: free_port() for name in PORTS}
        self._health_ports = {number: free_port() for number in KEPT_APART.values()}
        self._filled_in = {
            line.split("=", 1)[0]: line.split("=", 1)[1] or secrets.token_hex(16)
            for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
            if re.match(r"[A-Z_]+=", line)
        } | {
            "AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW_URL": f"http://127.0.0.1:{self._ports['airflow-api-server']}",
            "QUESTIONNAIRE_URL": f"http://127.0.0.1:{self._ports['questionnaire']}",
            "BORGERPULS_CLOCK": "simulated",
        }
        self.postgres: EmbeddedPostgres | None = None

    def up(self) -> None:
        """Start everything in order, as `docker compose --profile sandbox up` would, and wait until all are healthy."""
        self.postgres = start_postgres(reachable_folder(self.folder / "postgres"), self._ports["postgres"])
        self._read()
        self._prepare_postgres()
        self._start("redis")
        self._wait("redis")
        init = self._start("init")
        if init.wait(timeout=PATIENCE_SECONDS):
            raise ServiceIsUnhealthy(f"init ended with {init.returncode}: {self.log('init')[-1500:]}")
        for name in START[1:]:
            for number in range(self.workers if name == "airflow-worker" else 1):
                self._start(name, number)
        for name in START[1:]:
            self._wait(name)

    def down(self) -> None:
        """Stop every process, and the database."""
        for sign, patience in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
            deadline = time.monotonic() + patience
            for process in self._processes.values():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            while any(process.poll() is None for process in self._processes.values()) and time.monotonic() < deadline:
                time.sleep(0.2)
        if self.postgres:
            self.postgres.stop("immediate")
            shutil.rmtree(self.postgres.folder, ignore_errors=True)

    def environment(self, service: str) -> dict[str, str]:
        """Return what a service's processes find in their environment."""
        root = self.root(service)
        scripts = str(Path(sys.executable).parent)
        mine = {name: str(value) for name, value in self._services[service].get("environment", {}).items()}
        image = dict(re.findall(r"^(?:ENV |\s+)([A-Z_]+)=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
        found = (image if "build" in self._services[service] else {}) | mine
        return (
            {"PATH": os.pathsep.join([scripts, os.defpath]), "LANG": "C.UTF-8", "HOSTNAME": os.uname().nodename}
            | {name: value.replace(IMAGE_ROOT, str(root)) for name, value in found.items()}
            | {f"AIRFLOW__{name}_PORT": str(self._health_ports[number]) for name, number in KEPT_APART.items()}
        )

    def root(self, service: str) -> Path:
        """Return the folder that stands for /srv/borgerpuls in a service's container."""
        return self.folder / ("airflow" if service.startswith("airflow-") else service)

    def log(self, name: str) -> str:
        """Return what a process has said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def run(self, service: str, *command: str) -> None:
        """Run a command in a service's container, as `docker compose exec` would."""
        ended = subprocess.run(
            command, cwd=self.root(service), env=self.environment(service), capture_output=True, check=False
        )
        assert ended.returncode == 0, ended.stderr.decode()[-1500:]

    def installation(self, passwords: dict[str, str]) -> Installation:
        """Return the installation as the sandbox's round runner knows one."""
        ports = {"airflow": self._ports["airflow-api-server"], "questionnaire": self._ports["questionnaire"]}
        known = Installation(self.root("airflow-worker"), ports, secrets={}, seed=1)
        known.password_file.write_text(json.dumps(passwords), encoding="utf-8")
        return known

    # --- as an engine would -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        text = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")

        def filled(found: re.Match[str]) -> str:
            return self._filled_in.get(found[1], found[2] or "")

        text = re.sub(r"(?<!\$)\$\{(\w+)(?::\?|:-([^}]*))?\}", filled, text).replace("$$", "$")
        compose = yaml.safe_load(text)
        self._services = json.loads(self._with_ports(json.dumps(compose["services"])))
        self._databases: str = compose["configs"]["airflow-database"]["content"]
        for name, service in self._services.items():
            root = self.root(name)
            root.mkdir(exist_ok=True)
            for link in ("dags", "plugins"):
                if not (root / link).exists():
                    (root / link).symlink_to(ROOT / link)
            for volume in service.get("volumes", []):
                source, target = volume.split(":")[:2]
                if target.startswith(IMAGE_ROOT):
                    kept = self.folder / "volumes" / source.strip("./")
                    kept.mkdir(parents=True, exist_ok=True)
                    place = root / Path(target).relative_to(IMAGE_ROOT)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    if not place.exists():
                        place.symlink_to(kept)

    def _with_ports(self, text: str) -> str:
        for name, number in PORTS.items():
            mine = str(self._ports[name])
            text = re.sub(rf"(?<=[@/]){name}:{number}\b", f"127.0.0.1:{mine}", text)
            text = text.replace(f'"--port", "{number}"', f'"--port", "{mine}"').replace(f":{number}/", f":{mine}/")
        for number, mine in self._health_ports.items():
            text = text.replace(f"localhost:{number}/", f"localhost:{mine}/")
        text = text.replace('["redis-server",', f'["redis-server", "--port", "{self._ports["redis"]}",')
        text = text.replace('"redis-cli",', f'"redis-cli", "-p", "{self._ports["redis"]}",')
        return text.replace("0.0.0.0", "127.0.0.1").replace("localhost", "127.0.0.1")

    def _prepare_postgres(self) -> None:
        import psycopg
        from psycopg import sql

        assert self.postgres
        with psycopg.connect(
            host="127.0.0.1", port=self.postgres.port, user="borgerpuls", password=self.postgres.password,
            dbname="postgres", autocommit=True,
        ) as connection:  # fmt: skip
            owner = self._services["postgres"]["environment"]
            password = sql.Literal(owner["POSTGRES_PASSWORD"])
            connection.execute(sql.SQL("ALTER ROLE borgerpuls PASSWORD {}").format(password))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(owner["POSTGRES_DB"])))
            for statement in self._databases.strip().split(";"):
                if statement.strip():
                    connection.execute(statement.encode())

    def _start(self, service: str, number: int = 0) -> subprocess.Popen[bytes]:
        command, environment = list(self._services[service]["command"]), self.environment(service)
        name = f"{service}-{number + 1}" if service == "airflow-worker" else service
        if service == "airflow-worker":
            command += ["--celery-hostname", f"{name}@%h"]
            environment["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"] = str(free_port())
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=self.root(service), env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return self._processes[name]

    def _wait(self, service: str) -> None:
        """Ask the health check of the compose file until it says yes, of every process of the service."""
        names = [name for name in self._processes if name == service or name.startswith(f"{service}-")]
        for name in names:
            kind, *test = self._services[service]["healthcheck"]["test"]
            if service == "airflow-worker":
                test = [part.replace("celery@$", f"{name}@$").replace("celery@", f"{name}@") for part in test]
            command = ["sh", "-c", test[0]] if kind == "CMD-SHELL" else test
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                asked = subprocess.run(
                    command, cwd=self.root(service), env=self.environment(service), capture_output=True, check=False
                )
                if asked.returncode == 0:
                    break
                is_over = self._processes[name].poll() is not None
                if is_over or time.monotonic() > deadline:
                    said = asked.stderr.decode(errors="replace")[-400:]
                    raise ServiceIsUnhealthy(f"{name}: {said}\n{self.log(name)[-2000:]}")
                time.sleep(1.0)
