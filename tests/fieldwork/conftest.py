"""Gateways as real processes, and a clock inside the sending window."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from borgerpuls import clock, settings
from borgerpuls.sandbox import drill
from borgerpuls.sandbox.postgres import EmbeddedPostgres


@dataclass(frozen=True)
class Gateways:
    """Two gateways and their ledgers."""

    digital_post: str
    sms: str
    ledgers: tuple[Path, Path]


@pytest.fixture(scope="module")
def gateways(round_database: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    folder = tmp_path_factory.mktemp("gateways")
    patch = pytest.MonkeyPatch()
    with ExitStack() as stack:
        ledgers = (folder / "digital_post.tsv", folder / "sms.tsv")
        urls = [
            stack.enter_context(drill.running_gateway(kind, "gateway-secret", ledger, undeliverable=0.0))
            for kind, ledger in zip(("digital_post", "sms"), ledgers, strict=True)
        ]
        patch.setenv("BORGERPULS_DIGITAL_POST_GATEWAY_URL", urls[0])
        patch.setenv("BORGERPULS_SMS_GATEWAY_URL", urls[1])
        settings.settings.cache_clear()
        clock.move_to(drill.INSIDE_THE_WINDOW)
        yield Gateways(urls[0], urls[1], ledgers)
    patch.undo()
    settings.settings.cache_clear()
