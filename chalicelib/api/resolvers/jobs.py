"""Resolvers of jobs, their runs and their queue."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import PageArguments, check_id_count, page_args
from chalicelib.crm import text
from chalicelib.errors import InvalidInput
from chalicelib.jobs import (
    catalog,
    job_state,
    log_lines,
    one_off_runs,
    operator_actions,
    overview,
    queue,
    run_arguments,
    run_lists,
    run_records,
    uptime,
    weekly_report,
)
from chalicelib.jobs import (
    dead_letters as dead_letter_actions,
)
from chalicelib.jobs.job import Job, Preview, RunRefused
from chalicelib.jobs.overview import JobNow
from chalicelib.jobs.queue import DeadLetter
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.run_lists import RunFilter
from chalicelib.jobs.run_records import Run, Status
from chalicelib.jobs.slots import Slot
from chalicelib.store.pagination import Page, read_page
from chalicelib.store.result_page import ResultPage

MAX_REASON = 200
_MAX_DAYS = 14


@dataclass(frozen=True, slots=True)
class RunCount:
    name: str
    value: int


class RunArgumentInput(TypedDict):
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RunArgument:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RunJobPayload:
    run: Run | None = None
    preview: Preview | None = None


@dataclass(frozen=True, slots=True)
class CancelRunPayload:
    run: Run


@dataclass(frozen=True, slots=True)
class JobPayload:
    job: JobNow


@dataclass(frozen=True, slots=True)
class RedriveDeadLettersPayload:
    redriven: int
    left: int


@dataclass(frozen=True, slots=True)
class DiscardDeadLettersPayload:
    discarded: int
    left: int


def all_jobs(_root: object, _info: Info) -> list[JobNow]:
    return overview.load_all()


def job(_root: object, _info: Info, name: str) -> JobNow | None:
    found = catalog.JOBS.get(name)
    return overview.load(found) if found else None


def job_runs(
    _root: object, _info: Info, job: str, status: str | None = None, **page: Unpack[PageArguments]
) -> Page[Run]:
    if job not in catalog.JOBS and not (text.fits_key(job) and run_records.latest(job, 1)):
        catalog.find(job)  # raises: it is not the name of a job that was removed either
    return read_page(run_lists.listing(RunFilter(job=job, status=Status(status) if status else None)), page_args(page))


def job_run(_root: object, _info: Info, job: str, slot: datetime, schedule: str | None = None) -> Run | None:
    run = run_records.find(job, _slot(job, slot, schedule)) if text.fits_key(job) else None
    if run is None:
        catalog.find(job)  # raises unless there is such a job: the history of one that was removed stays readable
    return run


def cursor(run: Run, _info: Info) -> str | None:
    return json.dumps(run.state, ensure_ascii=False) if run.state else None


def counts(run: Run, _info: Info) -> list[RunCount]:
    return [RunCount(name, value) for name, value in run.counts.items()]


def arguments(run: Run, _info: Info) -> list[RunArgument]:
    return [RunArgument(name, value) for name, value in run_arguments.as_texts(run.arguments)]


def lines(run: Run, _info: Info) -> list[str]:
    return log_lines.read_last(run)


def all_log_lines(run: Run, _info: Info, first: int | None = None, after: str | None = None) -> ResultPage[str]:
    return log_lines.read_page(run, first, after)


def run_job(  # noqa: PLR0913 - one for each argument of the field
    _root: object,
    info: Info,
    name: str,
    *,
    slot: datetime | None = None,
    schedule: str | None = None,
    at: datetime | None = None,
    dryRun: bool = False,
    cap: int | None = None,
    arguments: list[RunArgumentInput] | None = None,
) -> RunJobPayload:
    wanted = catalog.find(name) if slot is None else catalog.find_any(name)
    checked = _arguments(wanted, arguments or [], cap)
    if at is not None:
        if dryRun or slot is not None:
            raise InvalidInput("Give only one of at, slot and dryRun", field="at")
        return RunJobPayload(one_off_runs.request(wanted, at, context_of(info).caller.name, checked))
    if slot is not None:
        if dryRun:
            raise InvalidInput("Give slot or dryRun, not both", field="slot")
        return RunJobPayload(
            operator_actions.run_again(wanted, _slot(name, slot, schedule), context_of(info).caller.name, checked)
        )
    if dryRun:
        return RunJobPayload(preview=_preview(wanted, info, checked))
    return RunJobPayload(operator_actions.run_now(wanted, context_of(info).caller.name, checked))


def cancel_run(
    _root: object, info: Info, job: str, slot: datetime, reason: str, schedule: str | None = None
) -> CancelRunPayload:
    wanted = catalog.find_any(job)
    line = text.checked_line(reason, "reason", MAX_REASON)
    actor = context_of(info).caller.name
    return CancelRunPayload(operator_actions.cancel_run(wanted, _slot(job, slot, schedule), actor, line))


def pause_job(_root: object, info: Info, name: str, reason: str, until: datetime | None = None) -> JobPayload:
    wanted = catalog.find(name)
    line = text.checked_line(reason, "reason", MAX_REASON)
    if until and until <= clock.now():
        raise InvalidInput("until must be in the future", field="until")
    job_state.pause(name, line, context_of(info).caller.name, until)
    return JobPayload(overview.load(wanted))


def resume_job(_root: object, _info: Info, name: str) -> JobPayload:
    wanted = catalog.find(name)
    job_state.resume(name)
    return JobPayload(overview.load(wanted))


def remake_report(_root: object, info: Info, period: str) -> RunJobPayload:
    checked = run_arguments.parse(weekly_report.NAME, weekly_report.ARGUMENTS, [("period", period)])
    again: RunArguments = {**checked, "again": True}
    return RunJobPayload(operator_actions.run_now(catalog.WEEKLY_REPORT, context_of(info).caller.name, again))


def uptime_hours(_root: object, _info: Info, days: int | None = None) -> list[uptime.Hour]:
    if days is not None and not 1 <= days <= _MAX_DAYS:
        raise InvalidInput(f"days must be from 1 to {_MAX_DAYS}", field="days")
    return uptime.hours(days or 7)


def queue_depth(_root: object, _info: Info) -> dict[str, int]:
    return queue.depth()


def dead_letters(_root: object, _info: Info) -> list[DeadLetter]:
    return queue.dead_letters()


def redrive_dead_letters(_root: object, info: Info, ids: list[str] | None = None) -> RedriveDeadLettersPayload:
    wanted = None if ids is None else set(check_id_count(ids))
    done = dead_letter_actions.redrive(context_of(info).caller.name, wanted)
    return RedriveDeadLettersPayload(done.sent, done.left)


def discard_dead_letters(_root: object, info: Info, ids: list[str]) -> DiscardDeadLettersPayload:
    wanted = set(check_id_count(ids))
    discarded = dead_letter_actions.discard(context_of(info).caller.name, wanted)
    return DiscardDeadLettersPayload(discarded, len(wanted) - discarded)


def _slot(job: str, moment: datetime, schedule: str | None) -> Slot:
    if schedule is not None and not (text.fits_key(schedule) and schedule.isprintable()):
        raise InvalidInput("That is not the id of a schedule", field="schedule")
    return operator_actions.slot_at(job, moment, schedule)


def _arguments(job: Job, given: list[RunArgumentInput], cap: int | None) -> RunArguments:
    texts = [(argument["name"], argument["value"]) for argument in given]
    if cap is not None:
        texts.append(("cap", str(cap)))
    return run_arguments.parse(job.name, job.arguments, texts)


def _preview(job: Job, info: Info, arguments: RunArguments) -> Preview:
    try:
        return operator_actions.preview(job, context_of(info).execute, arguments)
    except RunRefused as refused:
        raise InvalidInput(str(refused)) from refused
