"""
Timetables of the Danish field calendar: when rounds open by themselves, and when fieldwork and collection look for work.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from pendulum import DateTime, instance

from borgerpuls.rounds.calendar import is_working_day, opening_days

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
OPENING_TIME = time(8, 0)


class _MomentsTimetable(Timetable):
    """A timetable given by its moments; a run belongs to the moment it starts at."""

    def moments(self, since: datetime) -> Iterator[datetime]:
        """Yield the moments from *since* on, in Danish time, earliest first."""
        raise NotImplementedError

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """A run by hand belongs to the moment it was started."""
        return DataInterval.exact(run_after)

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the first moment after the last run (or from now on, when nothing is caught up)."""
        earliest = restriction.earliest
        if last_automated_data_interval is not None:
            since = last_automated_data_interval.end + timedelta(seconds=1)
        elif earliest is None:
            return None
        else:
            since = earliest
        if not restriction.catchup:
            since = max(since, instance(datetime.now(COPENHAGEN)))
        moment = next(self.moments(since.astimezone(COPENHAGEN)))
        if restriction.latest is not None and moment > restriction.latest:
            return None
        return DagRunInfo.exact(instance(moment))


class RoundOpenings(_MomentsTimetable):
    """The days on which the half-yearly rounds open: the first working day from 1 February and 1 August, at 8."""

    description = "Opens the half-yearly round on the first working day from 1 February and 1 August"

    @property
    def summary(self) -> str:
        return "Halvårlige runder"

    def moments(self, since: datetime) -> Iterator[datetime]:
        for day, _ in opening_days(since.date()):
            moment = datetime.combine(day, OPENING_TIME, COPENHAGEN)
            if moment >= since:
                yield moment


class FieldHours(_MomentsTimetable):
    """Every *minutes* minutes between two hours of each Danish working day."""

    def __init__(self, minutes: int, first_hour: int = 8, last_hour: int = 18) -> None:
        self.minutes, self.first_hour, self.last_hour = minutes, first_hour, last_hour

    @property
    def summary(self) -> str:
        return f"Hvert {self.minutes}. minut, arbejdsdage {self.first_hour}-{self.last_hour}"

    @property
    def description(self) -> str:  # type: ignore[override]
        return f"Every {self.minutes} minutes, {self.first_hour}-{self.last_hour} on Danish working days"

    def serialize(self) -> dict[str, int]:
        return {"minutes": self.minutes, "first_hour": self.first_hour, "last_hour": self.last_hour}

    @classmethod
    def deserialize(cls, data: dict[str, int]) -> "FieldHours":
        return cls(**data)

    def moments(self, since: datetime) -> Iterator[datetime]:
        day: date = since.date()
        while True:
            if is_working_day(day):
                for minute in range(self.first_hour * 60, self.last_hour * 60 + 1, self.minutes):
                    moment = datetime.combine(day, time(minute // 60, minute % 60), COPENHAGEN)
                    if moment >= since:
                        yield moment
            day += timedelta(days=1)


class FieldCalendarPlugin(AirflowPlugin):
    """Make the timetables known to Airflow."""

    name = "field_calendar"
    timetables: ClassVar = [RoundOpenings, FieldHours]
