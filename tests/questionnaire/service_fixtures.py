"""A small round with forms to answer, and the service itself on a free port; shared with the browser tests."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from small_round import Country

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.sandbox.web_process import WebProcess


@pytest.fixture(scope="module")
def country(round_database: EmbeddedPostgres) -> Country:
    made = Country()
    made.open_round()
    clock.move_to(datetime(2023, 8, 23, 10, tzinfo=COPENHAGEN))
    return made


@pytest.fixture(scope="module")
def service(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the questionnaire, started as in production with a key folder of only `access.key`."""
    process = WebProcess(tmp_path_factory.mktemp("questionnaire"))
    process.start()
    try:
        yield process.address
    finally:
        process.stop()
