"""
Start and stop everything the sandbox needs: PostgreSQL, Airflow's four services, the questionnaire, the gateways.

Every process carries the installation's folder and its service's name in its environment, and is found again by them.
So nothing is stopped by name, a process id that somebody else has got meanwhile is never touched, and a service that
was killed leaves no children behind. What answers is asked for (`health`), never assumed.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import httpx

from borgerpuls import database, settings, vault
from borgerpuls.errors import ServiceDidNotStart
from borgerpuls.migration import migrate
from borgerpuls.sandbox.installation import HOME_MARK, PORT_NAMES, Installation, is_installed, open_installation
from borgerpuls.sandbox.postgres import EmbeddedPostgres, reachable_folder, running_postgres, start_postgres

SERVICE_MARK = "BORGERPULS_SANDBOX_SERVICE"
AIRFLOW_PARTS = {
    "api-server": "metadatabase",
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}
"""Airflow's services, and what its health page calls them."""

LOCAL_SETTINGS = f"""\
# Written by `make up`: Airflow imports this file when a service starts.
import os

service = os.environ.get("{SERVICE_MARK}")
if service in {{"scheduler", "dag-processor"}}:
    from borgerpuls.sandbox import preload

    preload.import_stages()
    if service == "scheduler":
        preload.import_heavy()
"""

SECONDS_TO_START = 300.0
SECONDS_TO_STOP = 15.0

Report = Callable[[str], None]


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True)
class Service:
    """One long-running process."""

    name: str
    command: tuple[str, ...]
    port_name: str | None = None
    health_path: str = ""


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox whose services are all healthy."""

    installation: Installation
    postgres: EmbeddedPostgres

    def enter(self) -> None:
        """Make this process one of the installation's: its settings, database and keys."""
        environment = self.installation.environment(self.postgres)
        for name in [name for name in os.environ if name.startswith("BORGERPULS_")]:
            del os.environ[name]
        os.environ.update({k: v for k, v in environment.items() if k.startswith("BORGERPULS_") and k != HOME_MARK})
        database.close_engines()
        settings.settings.cache_clear()
        vault.vault.cache_clear()


def services(installation: Installation) -> list[Service]:
    """Return the services of an installation, in the order they start."""
    python, ports = sys.executable, installation.ports
    airflow = [
        Service(
            part,
            (python, "-m", "airflow", part, *(["--skip-serve-logs"] if part in {"scheduler", "triggerer"} else [])),
            port_name="airflow" if part == "api-server" else None,
        )
        for part in AIRFLOW_PARTS
    ]
    ours = [
        Service(name, (python, "-m", "borgerpuls", *arguments, "--port", str(ports[port])), port, "/health")
        for name, port, arguments in (
            ("questionnaire", "questionnaire", ("questionnaire", "serve")),
            ("digital-post-gateway", "digital_post", ("sandbox", "gateway", "digital_post")),
            ("sms-gateway", "sms", ("sandbox", "gateway", "sms")),
        )
    ]
    return airflow + ours


def up(home: Path, *, seed: int | None = None, fresh: bool = False, report: Report = _silent) -> RunningSandbox:
    """
    Start what does not run yet, and return when everything is healthy.

    Args:
        home: The installation's folder.
        seed: The sandbox's seed, from which its keys are derived; the one of last time when None.
        fresh: Begin with empty databases, inbox and keys, from whatever state there is.
        report: Told what is being done.

    Raises:
        ServiceDidNotStart: A service ended or did not become healthy; the message names its log.
    """
    if fresh or not is_installed(home):
        report("Stopping what runs from before")
        stop_services(home.resolve())
    installation = open_installation(home, seed=seed)
    installation, postgres = _start_database(installation, report)
    if fresh:
        _forget_round(installation, postgres)
    vault.make_keys(installation.key_folder, seed=installation.seed)
    sandbox = RunningSandbox(installation, postgres)
    report("Migrating the databases")
    _migrate_airflow(installation, postgres)
    postgres.create_database("borgerpuls")
    sandbox.enter()
    migrate()
    installation = _free_taken_ports(installation)
    sandbox = RunningSandbox(installation, postgres)
    sandbox.enter()
    report("Starting Airflow, the questionnaire and the gateways")
    _start_missing(installation, postgres)
    _wait_until_healthy(installation, report)
    return sandbox


def enter(home: Path) -> None:
    """
    Make this process one of the installation that runs in *home*.

    Raises:
        ServiceDidNotStart: Nothing runs there.
    """
    home = home.resolve()
    postgres = running_postgres(reachable_folder(home / "postgres")) if is_installed(home) else None
    if postgres is None:
        raise ServiceDidNotStart(
            f"No sandbox runs in {home.name}.", next_step="Start it with `make up` or `make demo`."
        )
    RunningSandbox(open_installation(home), postgres).enter()


def stop_services(home: Path) -> list[str]:
    """Stop every process of the installation except PostgreSQL, and return the names of their services."""
    stopped = sorted({name for _, name in _processes(home)})
    for sign, patience in ((signal.SIGTERM, SECONDS_TO_STOP), (signal.SIGKILL, SECONDS_TO_STOP)):
        deadline = time.monotonic() + patience
        for pid, _ in _processes(home):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        while any(True for _ in _processes(home)) and time.monotonic() < deadline:
            time.sleep(0.1)
    return stopped


def down(home: Path) -> list[str]:
    """Stop the services and PostgreSQL; data and logs stay. Return what was stopped."""
    home = home.resolve()
    stopped = stop_services(home)
    if (home / "postgres").is_dir():
        postgres = running_postgres(reachable_folder(home / "postgres"))
        if postgres:
            postgres.stop()
            stopped.append("postgres")
    return stopped


def clean(home: Path) -> list[str]:
    """Stop everything and remove the installation with its data, keys and logs; reports in `output` stay."""
    stopped = down(home)
    home = home.resolve()
    if (home / "postgres").is_dir():
        elsewhere = reachable_folder(home / "postgres")
        if elsewhere != home / "postgres":
            shutil.rmtree(elsewhere, ignore_errors=True)
    if home.is_dir():
        shutil.rmtree(home)
    return stopped


def running_services(home: Path) -> dict[str, int]:
    """Return the process id of each service that runs: the first process of its session."""
    return {name: pid for pid, name in _processes(home.resolve()) if os.getsid(pid) == pid}


def memory_megabytes(home: Path) -> float:
    """Return the memory of this command, the services and PostgreSQL (shared pages counted once)."""
    home = home.resolve()
    pids = {os.getpid(), *(pid for pid, _ in _processes(home)), *_postgres_processes(home)}
    return sum(_memory_of(pid) for pid in pids) / 1024


def processor_seconds(home: Path) -> float:
    """Return the processor time used so far by this command, the services and PostgreSQL, their ended children included."""
    home = home.resolve()
    pids = {os.getpid(), *(pid for pid, _ in _processes(home)), *_postgres_processes(home)}
    return sum(_ticks_of(pid) for pid in pids) / os.sysconf("SC_CLK_TCK")


# --- databases --------------------------------------------------------------------------------------------------


def _start_database(installation: Installation, report: Report) -> tuple[Installation, EmbeddedPostgres]:
    folder = reachable_folder(installation.home / "postgres")
    postgres = running_postgres(folder)
    if postgres is None:
        stop_services(installation.home)  # they have lost their database
        report("Starting PostgreSQL")
        if not _is_free(installation.ports["postgres"]):
            installation = open_installation(installation.home, renew_ports=frozenset({"postgres"}))
        postgres = start_postgres(folder, installation.ports["postgres"])
    return installation, postgres


def _forget_round(installation: Installation, postgres: EmbeddedPostgres) -> None:
    for name in ("borgerpuls", "airflow"):
        postgres.drop_database(name)
    for folder in ("keys", "inbox", "journal", "letters", "gateways", "airflow/logs"):
        shutil.rmtree(installation.home / folder, ignore_errors=True)


def _migrate_airflow(installation: Installation, postgres: EmbeddedPostgres) -> None:
    """
    Give Airflow a migrated database.

    An empty one is migrated once per version of Airflow (7 s) and copied (0.3 s); an older one is migrated.
    """
    template = f"airflow_{version('apache-airflow')}"
    migrated = installation.home / "airflow-database-version"
    if not postgres.has_database(template):
        in_progress = f"{template}_in_progress"
        postgres.drop_database(in_progress)
        postgres.create_database(in_progress)
        environment = installation.environment(postgres)
        for setting in ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"):
            environment[setting] = postgres.url(in_progress)
        _run_airflow(installation, environment, "db", "migrate")
        postgres.rename_database(in_progress, template)
    if not postgres.has_database("airflow"):
        postgres.create_database("airflow", template=template)
    elif not migrated.exists() or migrated.read_text() != template:
        _run_airflow(installation, installation.environment(postgres), "db", "migrate")
    migrated.write_text(template)


def _run_airflow(installation: Installation, environment: dict[str, str], *arguments: str) -> None:
    log = _log_of(installation, f"airflow-{'-'.join(arguments)}")
    with log.open("wb") as stream:
        ended = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if ended.returncode:
        raise ServiceDidNotStart(
            f"`airflow {' '.join(arguments)}` ended with {ended.returncode}.", next_step=f"Read {log}."
        )


# --- processes --------------------------------------------------------------------------------------------------


def _free_taken_ports(installation: Installation) -> Installation:
    """Choose new ports where somebody else listens on ours; every service must then learn them anew."""
    running = running_services(installation.home)
    taken = {
        service.port_name
        for service in services(installation)
        if service.port_name and service.name not in running and not _is_free(installation.ports[service.port_name])
    }
    if not taken:
        return installation
    # A killed service may have left a child that still listens: stop ours first, then look again.
    stop_services(installation.home)
    still_taken = frozenset(name for name in PORT_NAMES if name in taken and not _is_free(installation.ports[name]))
    return open_installation(installation.home, renew_ports=still_taken)


def _write_local_settings(installation: Installation) -> None:
    """Let the processes that Airflow forks tasks and parsers from import the stages once, instead of every child."""
    folder = installation.airflow_home / "config"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "airflow_local_settings.py").write_text(LOCAL_SETTINGS, encoding="utf-8")


def _start_missing(installation: Installation, postgres: EmbeddedPostgres) -> None:
    _write_local_settings(installation)
    running = running_services(installation.home)
    for service in services(installation):
        if service.name in running:
            continue
        for pid, name in _processes(installation.home):
            if name == service.name:  # children of a service that was killed
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        _launch(service, installation, postgres)


def _launch(service: Service, installation: Installation, postgres: EmbeddedPostgres) -> None:
    """Start a session of its own, which lives on when this command ends."""
    log = os.open(_log_of(installation, service.name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.posix_spawn(
            service.command[0],
            service.command,
            installation.environment(postgres) | {SERVICE_MARK: service.name},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(log)


def _wait_until_healthy(installation: Installation, report: Report) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    waiting = [service.name for service in services(installation)]
    with httpx.Client(timeout=2.0) as client:
        while waiting:
            running = running_services(installation.home)
            for name in waiting:
                if name not in running:
                    raise ServiceDidNotStart(
                        f"The service {name} ended at once.", next_step=f"Read {_log_of(installation, name)}."
                    )
            healthy = _healthy(client, installation)
            waiting = [name for name in waiting if name not in healthy]
            if waiting and time.monotonic() > deadline:
                raise ServiceDidNotStart(
                    f"Not healthy after {SECONDS_TO_START:.0f} seconds: {', '.join(waiting)}.",
                    next_step=f"Read {_log_of(installation, waiting[0])}.",
                )
            if waiting:
                report(f"Waiting for {', '.join(waiting)}")
                time.sleep(0.3)


def _healthy(client: httpx.Client, installation: Installation) -> set[str]:
    healthy: set[str] = set()
    with suppress(httpx.HTTPError, ValueError):
        parts = client.get(f"{installation.airflow_url}/api/v2/monitor/health").json()
        healthy |= {ours for ours, theirs in AIRFLOW_PARTS.items() if parts.get(theirs, {}).get("status") == "healthy"}
    for service in services(installation):
        if service.health_path and service.port_name:
            with suppress(httpx.HTTPError):
                url = f"http://127.0.0.1:{installation.ports[service.port_name]}{service.health_path}"
                if client.get(url).status_code == httpx.codes.OK:
                    healthy.add(service.name)
    return healthy


def _processes(home: Path) -> Iterator[tuple[int, str]]:
    """Yield process id and service name of every living process of the installation in *home* (no zombies)."""
    home_mark, service_mark = f"{HOME_MARK}={home}".encode(), f"{SERVICE_MARK}=".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # ended meanwhile, or somebody else's
            marks = (folder / "environ").read_bytes().split(b"\0")
            names = [mark.removeprefix(service_mark).decode() for mark in marks if mark.startswith(service_mark)]
            if names and home_mark in marks:
                yield int(folder.name), names[0]


def _postgres_processes(home: Path) -> Iterator[int]:
    """Yield the server's process and its children: PostgreSQL writes over its environment."""
    with suppress(OSError, ValueError, IndexError):
        server = int((reachable_folder(home / "postgres") / "data" / "postmaster.pid").read_text().splitlines()[0])
        yield server
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == server:
                    yield int(folder.name)


def _memory_of(pid: int) -> int:
    """Return kilobytes."""
    for file, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1])
    return 0


def _ticks_of(pid: int) -> int:
    """Return clock ticks: in the process itself and in the children it has waited for."""
    with suppress(OSError):
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _log_of(installation: Installation, name: str) -> Path:
    folder = installation.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"
