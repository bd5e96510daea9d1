"""Resolvers of the status: what is wrong, the jobs, and the day across all of them."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info
from chalicelib.jobs import catalog, overview, problems, timeline
from chalicelib.jobs.overview import JobNow
from chalicelib.jobs.problems import Problem
from chalicelib.jobs.timeline import ComingHour, PastHour
from chalicelib.settings import settings
from chalicelib.version import VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    jobs: list[JobNow]
    problems: list[Problem]
    count: int
    more: bool
    now: datetime
    stage: str = settings.stage
    version: str = VERSION


def status(_root: object, _info: Info) -> Status:
    now, known = clock.now(), overview.load_all(catalog.known_jobs().values())
    found = problems.find(known, now)
    jobs = [each for each in known if not each.job.is_on_demand]
    return Status(jobs=jobs, problems=found.problems, count=found.count, more=found.more, now=now)


def past_hours(of: Status, _info: Info) -> list[PastHour]:
    return timeline.past(of.now)


def coming_hours(of: Status, _info: Info) -> list[ComingHour]:
    return timeline.coming(of.jobs, of.now)
