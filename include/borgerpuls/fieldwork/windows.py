"""
Sending windows: on which days and at what hours people are written to, in Danish time.

Pure. Source: proposal of shared/INTEGRATION.md § 7; days and hours are settings.
"""

from dataclasses import dataclass
from datetime import datetime

from borgerpuls.rounds.calendar import is_working_day
from borgerpuls.terms import Channel


@dataclass(frozen=True)
class SendingWindows:
    """Weekdays (Monday is 0) and hours (first, and the one at which it ends) of letters and of texts."""

    letter_days: tuple[int, ...]
    letter_hours: tuple[int, int]
    sms_days: tuple[int, ...]
    sms_hours: tuple[int, int]

    def is_open(self, channel: Channel, moment: datetime) -> bool:
        """Tell whether *channel* may be used at *moment* (Danish local time): never on holidays."""
        return self.opened_at(channel, moment) is not None

    def opened_at(self, channel: Channel, moment: datetime) -> datetime | None:
        """Return when the window that is open at *moment* opened, None when *channel* may not be used then."""
        days, (first, end) = (
            (self.sms_days, self.sms_hours) if channel is Channel.SMS else (self.letter_days, self.letter_hours)
        )
        if moment.weekday() not in days or not first <= moment.hour < end or not is_working_day(moment.date()):
            return None
        return moment.replace(hour=first, minute=0, second=0, microsecond=0)
