"""A round that was lived through, from extract to frozen answers, and small rounds to forget again and again."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "frame"))

from lived_round import LivedRound, live_a_round

from borgerpuls.sandbox.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def lived(round_database: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedRound]:
    """One round with everything in it that a round can have, its answers frozen and weighted."""
    with live_a_round(tmp_path_factory.mktemp("lived")) as made:
        yield made
