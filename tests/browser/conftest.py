"""A small round, its questionnaire on a free port, and a real browser."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "questionnaire"))

from chromium import Chromium
from service_fixtures import country, service

__all__ = ["chromium", "country", "service"]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = os.environ.get("BORGERPULS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium here: install Debian's package chromium, or set BORGERPULS_CHROMIUM")
    with Chromium(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser
