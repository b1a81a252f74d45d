"""
The one clock: real, or simulated for the sandbox.

Nothing else in Borgerpuls asks what time it is. Leases and recovery use the database's own clock, never this one.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from borgerpuls.database import load_query, transaction
from borgerpuls.errors import ClockIsSimulated
from borgerpuls.settings import settings

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def now() -> datetime:
    """
    Return the time of the round, in Danish time.

    Raises:
        ClockIsSimulated: The simulated clock is on while a gateway is real, or has not been set.
    """
    if settings().clock == "real":
        return datetime.now(COPENHAGEN)
    _refuse_real_gateways()
    with transaction("rounds") as connection:
        simulated: datetime | None = connection.execute(load_query("rounds/simulated_time.sql")).scalar()
    if simulated is None:
        raise ClockIsSimulated(
            "The clock is simulated but has never been set.",
            next_step="Set it with `borgerpuls sandbox clock`.",
        )
    return simulated.astimezone(COPENHAGEN)


def today() -> date:
    """Return the Danish date of the round."""
    return now().date()


def move_to(moment: datetime) -> None:
    """
    Set the simulated clock to *moment* (with time zone); it never goes back.

    Raises:
        ClockIsSimulated: The clock is real, a gateway is real, or *moment* is before the clock.
    """
    if settings().clock == "real":
        raise ClockIsSimulated("The clock is real and cannot be moved.", next_step="Use BORGERPULS_CLOCK=simulated.")
    _refuse_real_gateways()
    with transaction("rounds") as connection:
        moved = connection.execute(load_query("rounds/move_clock.sql"), {"moment": moment}).rowcount
    if not moved:
        raise ClockIsSimulated(f"The simulated clock is already past {moment:%Y-%m-%d %H:%M}; it never goes back.")


def _refuse_real_gateways() -> None:
    if settings().gateways != "sandbox":
        raise ClockIsSimulated(
            "A simulated clock with real gateways would write to real people at invented times.",
            next_step="Set BORGERPULS_CLOCK=real, or BORGERPULS_GATEWAYS=sandbox.",
        )
