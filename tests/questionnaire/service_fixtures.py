"""A small round with forms to answer, and the service itself on a free port; shared with the browser tests."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from small_round import Country

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.sandbox.postgres import EmbeddedPostgres, free_port


@pytest.fixture(scope="module")
def country(round_database: EmbeddedPostgres) -> Country:
    made = Country()
    made.open_round()
    clock.move_to(datetime(2023, 8, 23, 10, tzinfo=COPENHAGEN))
    return made


@pytest.fixture(scope="module")
def service(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the questionnaire, started as in production with a key folder of only `access.key`."""
    keys = tmp_path_factory.mktemp("access")
    source = Path(os.environ["BORGERPULS_KEY_FOLDER"]) / "access.key"
    (keys / "access.key").write_bytes(source.read_bytes())
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"BORGERPULS_DATABASE_URL", "BORGERPULS_DATABASE_ADMIN_URL"}
    } | {"BORGERPULS_KEY_FOLDER": str(keys)}
    process = subprocess.Popen(
        [sys.executable, "-m", "borgerpuls", "questionnaire", "serve", "--port", str(port)], env=environment
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx.get(f"{address}/health").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            pytest.fail("the service did not start")
        yield address
    finally:
        process.terminate()
        process.wait(10)
