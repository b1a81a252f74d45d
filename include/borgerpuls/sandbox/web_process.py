"""
The questionnaire service as a process of its own, to be met over HTTP, killed and started again.

It is started as in production: with its own database login and a key folder that holds the `access` key alone.
"""

import http.client
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from borgerpuls.errors import ServiceDidNotStart
from borgerpuls.sandbox.postgres import free_port

SECONDS_TO_START = 60.0
_KEPT_FROM_IT = {"BORGERPULS_DATABASE_URL", "BORGERPULS_DATABASE_ADMIN_URL"}


class WebProcess:
    """One questionnaire service on 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        """Prepare it; *folder* gets its key and its log."""
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._log = folder / "questionnaire.log"
        keys = folder / "access-key"
        keys.mkdir(parents=True)
        shutil.copy(Path(os.environ["BORGERPULS_KEY_FOLDER"]) / "access.key", keys)
        self._environment = {name: value for name, value in os.environ.items() if name not in _KEPT_FROM_IT}
        self._environment |= {"BORGERPULS_KEY_FOLDER": str(keys)}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running service."""
        if self._process is None:
            raise ServiceDidNotStart("The questionnaire has not been started.")
        return self._process.pid

    def start(self) -> None:
        """
        Start it and wait until it answers.

        Raises:
            ServiceDidNotStart: It ended, or did not answer within a minute.
        """
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "borgerpuls", "questionnaire", "serve", "--port", str(self.port)],
                env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return
            time.sleep(0.05)
        raise ServiceDidNotStart("The questionnaire did not start.", next_step=f"Read {self._log}.")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def _answers(self) -> bool:
        """Tell whether the process answers, whatever it says of its database."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status in {200, 503}
        except OSError:
            return False
        finally:
            connection.close()
