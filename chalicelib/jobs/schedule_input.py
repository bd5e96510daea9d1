"""The check of what operators give for a schedule. Wrong values are refused when the schedule is saved."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from chalicelib import clock
from chalicelib.crm import text
from chalicelib.errors import InvalidInput
from chalicelib.jobs import run_arguments, slots
from chalicelib.jobs.crontab import BadCrontab, Crontab, zone_of
from chalicelib.jobs.failure_pauses import MAX_PAUSE_AFTER
from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule

MAX_NOTE = 200
LIMITS = {
    "start_limit": (7 * 1440, "minutes"),
    "run_limit": (7 * 1440, "minutes"),
    "catch_up_window": (366 * 1440, "minutes"),
    "pause_after": (MAX_PAUSE_AFTER, "failed runs"),
}
"""The highest number of each, and what it counts."""
MIN_YEAR, MAX_YEAR = 2000, 2199
MAX_SPREAD = 15
"""Minutes: the longest time for which SQS holds a message back."""


class ScheduleChanges(TypedDict, total=False):
    """What is given of a schedule. None removes a value."""

    crontab: str | None
    at: datetime | None
    time_zone: str | None
    arguments: Sequence[tuple[str, str]] | None
    starts_at: datetime | None
    ends_at: datetime | None
    spread: int | None
    start_limit: int | None
    run_limit: int | None
    catch_up_window: int | None
    pause_after: int | None
    enabled: bool | None
    note: str | None


def with_changes(old: OperatorSchedule, job: Job, changes: ScheduleChanges) -> OperatorSchedule:
    """Return the schedule with the changes. Raises InvalidInput."""
    new = _with_times(old, changes)
    if "arguments" in changes:
        new = replace(new, arguments=run_arguments.parse(job.name, job.arguments, changes["arguments"] or ()))
    if "spread" in changes:
        new = replace(new, spread=_checked_spread(changes["spread"] or 0))
    if "note" in changes:
        note = changes["note"]
        new = replace(new, note=text.checked_line(note, "note", MAX_NOTE) if note else None)
    new = _with_limits(new, changes)
    enabled = changes.get("enabled")
    if enabled is None:
        return new
    # Once an operator has decided about it, its earlier failures do not count any more.
    return replace(new, enabled=enabled, paused=None, latest_slots=())


def _with_limits(old: OperatorSchedule, changes: ScheduleChanges) -> OperatorSchedule:
    given = {name: changes[name] for name in LIMITS if name in changes}  # type: ignore[literal-required]
    for name, number in given.items():
        most, unit = LIMITS[name]
        if number is not None and not 1 <= number <= most:
            raise InvalidInput(f"The {name.replace('_', ' ')} must be from 1 to {most} {unit}", field=name)
    return replace(old, **given)


def _with_times(old: OperatorSchedule, changes: ScheduleChanges) -> OperatorSchedule:
    new = old
    crontab, at = changes.get("crontab"), changes.get("at")
    if crontab and at:
        raise InvalidInput("Give crontab or at, not both", field="at")
    if crontab:
        new = replace(new, crontab=" ".join(crontab.split()), at=None)  # line breaks separate fields, too
    if at:
        if old.is_built_in:
            raise InvalidInput("The schedule of a job itself cannot be a single time", field="at")
        if at <= clock.now():
            raise InvalidInput("at must be in the future", field="at")
        new = replace(new, at=_instant(at, "at"), crontab=None)
    if "time_zone" in changes:
        new = replace(new, time_zone=changes["time_zone"] or "UTC")
    if "starts_at" in changes:
        new = replace(new, starts_at=_instant(changes["starts_at"], "starts_at"))
    if "ends_at" in changes:
        new = replace(new, ends_at=_instant(changes["ends_at"], "ends_at"))
    _check(new)
    return new


def _check(schedule: OperatorSchedule) -> None:
    if not (schedule.crontab or schedule.at):
        raise InvalidInput("Give crontab or at", field="crontab")
    try:
        zone_of(schedule.time_zone)
    except BadCrontab as bad:
        raise InvalidInput(str(bad), field="time_zone") from bad
    try:
        _ = schedule.crontab and Crontab(schedule.crontab, schedule.time_zone)
    except BadCrontab as bad:
        raise InvalidInput(str(bad), field="crontab") from bad
    if schedule.starts_at and schedule.ends_at and schedule.starts_at > schedule.ends_at:
        raise InvalidInput("endsAt must not be before startsAt", field="ends_at")


def _instant(moment: datetime | None, field: str) -> str | None:
    if moment is None:
        return None
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise InvalidInput(f"The time must be in the years {MIN_YEAR} to {MAX_YEAR}", field=field)
    return slots.of(moment.replace(microsecond=0))


def _checked_spread(minutes: int) -> int:
    if not 0 <= minutes <= MAX_SPREAD:
        raise InvalidInput(f"spread must be from 0 to {MAX_SPREAD} minutes", field="spread")
    return minutes
