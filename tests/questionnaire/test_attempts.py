"""Wrong codes: an address has twenty in a quarter of an hour, over all web processes together, and nobody can read which."""

from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv6Address
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_round import Country
from sqlalchemy import text

from borgerpuls.database import engine
from borgerpuls.questionnaire.web.attempts import ALLOWED, guesser_of
from borgerpuls.sandbox.web_process import WebProcess

WRONG = {"kode": "00000000000"}


@pytest.fixture(scope="module")
def two_processes(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with ExitStack() as running:
        processes = [WebProcess(tmp_path_factory.mktemp("questionnaire")) for _ in range(2)]
        for process in processes:
            process.start()
            running.callback(process.stop)
        yield [process.address for process in processes]


def in_database(statement: str) -> Any:
    with engine("database_admin_url").begin() as connection:
        return connection.execute(text(statement))


def test_two_processes_count_together_and_forget_after_a_quarter_of_an_hour(two_processes: list[str]) -> None:
    one, other = two_processes
    for number in range(ALLOWED):
        assert httpx.post(f"{two_processes[number % 2]}/kode", data=WRONG).status_code == 422
    for address, path in ((one, "kode"), (other, "kode"), (one, "dine-svar"), (other, "dine-svar")):
        assert httpx.post(f"{address}/{path}", data=WRONG).status_code == 429
    assert in_database("SELECT count(*) FROM link.wrong_try").scalar() == ALLOWED, "who is blocked is not counted on"
    kept = in_database("SELECT DISTINCT address_hash FROM link.wrong_try").scalars().all()
    assert [len(hashed) for hashed in kept] == [32]
    assert b"127.0.0.1" not in bytes(kept[0])

    in_database("UPDATE link.wrong_try SET tried_at = tried_at - interval '901 seconds'")
    assert httpx.post(f"{other}/kode", data=WRONG).status_code == 422
    assert in_database("SELECT count(*) FROM link.wrong_try").scalar() == 1, "the old ones are gone"


def test_behind_the_proxy_citizens_are_counted_one_by_one(two_processes: list[str]) -> None:
    """An address that the citizen wrote there before the proxy did is not believed."""
    in_database("DELETE FROM link.wrong_try")

    def wrong_code(said: str) -> int:
        return httpx.post(f"{two_processes[0]}/kode", data=WRONG, headers={"X-Forwarded-For": said}).status_code

    for number in range(ALLOWED):
        assert wrong_code(f"198.51.100.{number}, 192.0.2.1") == 422
    assert wrong_code("198.51.100.99, 192.0.2.1") == 429
    assert wrong_code("192.0.2.2") == 422
    in_database("DELETE FROM link.wrong_try")


def test_whom_an_address_is_counted_as() -> None:
    assert guesser_of("192.0.2.7") == guesser_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert guesser_of("2001:db8:1:2:3:4:5:6") == guesser_of("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert guesser_of("2001:db8:1:3::9") != guesser_of("2001:db8:1:2::9")
    assert guesser_of("unknown") == "unknown"


@given(network=st.integers(1, 2**64 - 1), hosts=st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=2))
def test_one_household_is_one_guesser_whatever_address_it_takes(network: int, hosts: list[int]) -> None:
    assert len({guesser_of(str(IPv6Address((network << 64) + host))) for host in hosts}) == 1
