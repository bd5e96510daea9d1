"""Resolvers of schedules: list, preview, create, change, delete and reset them."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypedDict, Unpack, cast
from zoneinfo import ZoneInfo

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import ExpectedVersion, seen_version
from chalicelib.api.resolvers.jobs import RunArgument, RunArgumentInput
from chalicelib.errors import InvalidInput
from chalicelib.jobs import catalog, run_arguments, schedule_changes, slots
from chalicelib.jobs.crontab import BadCrontab, Crontab, zone_of
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.schedule_input import ScheduleChanges

MAX_FIRINGS = 500
MAX_NEXT_RUNS = 50


_NAMES = {
    **{name: name for name in ("crontab", "at", "spread", "enabled", "note")},
    "timeZone": "time_zone",
    "startsAt": "starts_at",
    "endsAt": "ends_at",
    "startLimit": "start_limit",
    "runLimit": "run_limit",
    "catchUpWindow": "catch_up_window",
    "pauseAfter": "pause_after",
}
"""The fields of the inputs whose values are taken as they are, and their names in the domain."""


class ScheduleInput(TypedDict, total=False):
    job: str
    crontab: str | None
    at: datetime | None
    timeZone: str | None
    arguments: list[RunArgumentInput] | None
    startsAt: datetime | None
    endsAt: datetime | None
    spread: int | None
    startLimit: int | None
    runLimit: int | None
    catchUpWindow: int | None
    pauseAfter: int | None
    enabled: bool | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Firing:
    utc: str
    local: str


@dataclass(frozen=True, slots=True)
class SchedulePreview:
    words: str
    firings: list[Firing]


@dataclass(frozen=True, slots=True)
class SchedulePayload:
    schedule: OperatorSchedule


@dataclass(frozen=True, slots=True)
class DeleteSchedulePayload:
    id: str


def all_schedules(_root: object, _info: Info, job: str | None = None) -> list[OperatorSchedule]:
    if job is not None:
        catalog.find(job)
    return schedule_changes.list_all(job)


def arguments(schedule: OperatorSchedule, _info: Info) -> list[RunArgument]:
    return [RunArgument(name, value) for name, value in run_arguments.as_texts(schedule.arguments)]


def next_runs(schedule: OperatorSchedule, _info: Info, count: int | None = None) -> list[str]:
    return schedule.next_runs(_checked_count(count, MAX_NEXT_RUNS))


def preview_schedule(
    _root: object, _info: Info, crontab: str, timeZone: str | None = None, count: int | None = None
) -> SchedulePreview:
    wanted = _checked_count(count, MAX_FIRINGS)
    name = timeZone or "UTC"
    try:
        zone = zone_of(name)
    except BadCrontab as bad:
        raise InvalidInput(str(bad), field="time_zone") from bad
    try:
        found = Crontab(crontab.strip(), name)
    except BadCrontab as bad:
        raise InvalidInput(str(bad), field="crontab") from bad
    firings = [_firing(instant, zone) for instant in islice(found.after(clock.now()), wanted)]
    return SchedulePreview(found.words, firings)


def create_schedule(_root: object, info: Info, input: ScheduleInput) -> SchedulePayload:  # noqa: A002 - the argument's name, here and below
    job = catalog.find(input["job"])
    return SchedulePayload(schedule_changes.create(job, _changes(input), context_of(info).caller.name))


def update_schedule(
    _root: object,
    info: Info,
    id: str,  # noqa: A002
    input: ScheduleInput,  # noqa: A002
    **expected: Unpack[ExpectedVersion],
) -> SchedulePayload:
    actor = context_of(info).caller.name
    return SchedulePayload(schedule_changes.update(id, _changes(input), actor, seen_version(expected)))


def delete_schedule(_root: object, info: Info, id: str) -> DeleteSchedulePayload:  # noqa: A002
    return DeleteSchedulePayload(schedule_changes.delete(id, context_of(info).caller.name))


def reset_schedule(_root: object, _info: Info, job: str) -> SchedulePayload:
    return SchedulePayload(schedule_changes.reset(catalog.find(job)))


def _changes(given: ScheduleInput) -> ScheduleChanges:
    """Return what is given, under the names of the domain."""
    found: dict[str, object] = {name: given[key] for key, name in _NAMES.items() if key in given}  # type: ignore[literal-required]
    if "arguments" in given:
        found["arguments"] = [(each["name"], each["value"]) for each in given["arguments"] or ()]
    return cast("ScheduleChanges", found)


def _firing(instant: datetime, zone: ZoneInfo) -> Firing:
    return Firing(slots.of(instant), instant.astimezone(zone).isoformat())


def _checked_count(count: int | None, most: int) -> int:
    wanted = 5 if count is None else count
    if not 1 <= wanted <= most:
        raise InvalidInput(f"count must be from 1 to {most}", field="count")
    return wanted
