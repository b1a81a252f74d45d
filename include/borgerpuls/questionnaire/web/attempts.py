"""
How many wrong codes one address may try, counted in the database for all web processes together.

An address is kept as a keyed hash only, and goes with the first wrong try of anybody after its quarter of an hour.
"""

from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection

from borgerpuls.database import load_query

ALLOWED = 100
"""A library or a job centre is one address. Of 2⁵⁰ codes a quarter of a million are in use: a guess in a hundred tries is one in
forty-five million."""
WINDOW_SECONDS = 900
OWN_BITS = 64
"""What an IPv6 provider gives one household: it can have 2⁶⁴ addresses, and is one."""


def guesser_of(address: str) -> str:
    """Return whom an address is counted as: itself, of IPv6 its network; what is no address is counted as it stands."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or ip_network((found, OWN_BITS), strict=False).network_address
    return str(found)


def is_blocked(connection: Connection, address_hash: bytes) -> bool:
    """Return whether an address has used its tries."""
    known = {"address_hash": address_hash, "window_seconds": WINDOW_SECONDS}
    tries: int = connection.execute(load_query("questionnaire/wrong_tries.sql"), known).scalar_one()
    return tries >= ALLOWED


def count(connection: Connection, address_hash: bytes) -> None:
    """Remember one wrong try, and forget those that count no more."""
    known = {"address_hash": address_hash, "window_seconds": WINDOW_SECONDS}
    connection.execute(load_query("questionnaire/keep_wrong_try.sql"), known)
