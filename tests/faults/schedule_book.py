"""What operators have done to schedules, and which slots follow from it: what was in force from when to when."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from chalicelib.jobs import slots
from chalicelib.jobs.crontab import Crontab


@dataclass
class Span:
    crontab: str
    zone: str
    begin: datetime
    end: datetime | None = None

    def due(self, until: datetime) -> Iterator[datetime]:
        last = self.end or until
        return takewhile(lambda slot: slot <= last, Crontab(self.crontab, self.zone).after(self.begin))


@dataclass
class ScheduleBook:
    """`spans` by the id of the schedule; `requested` are the slots of runs that operators asked for themselves."""

    spans: dict[str, list[Span]] = field(default_factory=dict)
    requested: set[str] = field(default_factory=set)

    def begin(self, schedule: str, crontab: str, now: datetime, zone: str = "UTC") -> None:
        self.end(schedule, now)
        self.spans.setdefault(schedule, []).append(Span(crontab, zone, now))

    def end(self, schedule: str, now: datetime) -> None:
        latest = self.spans.get(schedule, [])[-1:]
        for span in latest:
            span.end = span.end or now

    def expected(self, until: datetime) -> set[str]:
        """Return the slots that were due until then."""
        found = set(self.requested)
        for schedule, spans in self.spans.items():
            own = None if schedule.endswith(slots.built_in_id("")) else schedule
            found |= {slots.of(due, own) for span in spans for due in span.due(until)}
        return found
