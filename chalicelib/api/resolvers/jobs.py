"""Resolvers of the jobs: what operators see of them, and what they ask for."""

import json
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.errors import InvalidInput
from chalicelib.jobs import (
    catalog,
    customer_cleanup,
    job_state,
    operator_actions,
    overview,
    queue,
    run_records,
    slots,
    uptime,
    weekly_report,
)
from chalicelib.jobs.job import Job, RunRefused
from chalicelib.jobs.overview import JobNow
from chalicelib.jobs.queue import DeadLetter
from chalicelib.jobs.run_records import Run, Status
from chalicelib.store import timestamps
from chalicelib.store.pagination import Page, PageArgs, read_page

MAX_REASON = 200
_MAX_DAYS = 31


def all_jobs(_root: Any, _info: Info) -> list[JobNow]:
    return overview.load_all()


def job(_root: Any, _info: Info, name: str) -> JobNow | None:
    found = catalog.JOBS.get(name)
    return overview.load(found) if found else None


def job_runs(
    _root: Any,
    _info: Info,
    job: str,
    status: str | None = None,
    **window: Any,
) -> Page[Run]:
    name = catalog.find(job).name
    return read_page(run_records.listing(name, Status(status) if status else None), PageArgs(**window))


def job_run(_root: Any, _info: Info, job: str, slot: datetime) -> Run | None:
    return run_records.find(catalog.find(job).name, slots.of(slot))


def cursor(run: Run, _info: Info) -> str | None:
    return json.dumps(run.state, ensure_ascii=False) if run.state else None


def counts(run: Run, _info: Info) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in run.counts.items()]


def lines(run: Run, _info: Info) -> list[str]:
    return [line for page in run_records.kept(run.job, run.slot) for line in page.lines] if run.pages else []


def run_job(
    _root: Any,
    info: Info,
    name: str,
    *,
    slot: datetime | None = None,
    dryRun: bool = False,
    cap: int | None = None,
) -> dict[str, Any]:
    wanted = catalog.find(name)
    arguments = _arguments(wanted, cap)
    if slot is not None:
        if dryRun:
            raise InvalidInput("slot repeats a run: leave dryRun out", field="slot")
        return {"run": operator_actions.run_again(wanted, slots.of(slot), context_of(info).caller.name, arguments)}
    if dryRun:
        return {"preview": _preview(wanted, info, arguments)}
    return {"run": operator_actions.run_now(wanted, context_of(info).caller.name, arguments)}


def pause_job(_root: Any, info: Info, name: str, reason: str, until: datetime | None = None) -> dict[str, Any]:
    wanted = catalog.find(name)
    if not reason.strip() or len(reason) > MAX_REASON:
        raise InvalidInput(f"Say why, in at most {MAX_REASON} characters", field="reason")
    if until and until <= clock.now():
        raise InvalidInput("until must lie ahead", field="until")
    job_state.pause(name, reason.strip(), context_of(info).caller.name, until)
    return {"job": overview.load(wanted)}


def resume_job(_root: Any, _info: Info, name: str) -> dict[str, Any]:
    wanted = catalog.find(name)
    job_state.resume(name)
    return {"job": overview.load(wanted)}


def remake_report(_root: Any, info: Info, period: str) -> dict[str, Any]:
    monday = weekly_report.monday_of(period)
    over = clock.now().date() - timedelta(
        days=7
    )  # one made before its week is over would stand in the schedule's place
    if monday is None or not timestamps.EARLIEST.date() <= monday <= over:
        raise InvalidInput("A period is a week that is over, such as 2026-W47", field="period")
    arguments = {"period": period, "again": True}
    return {"run": operator_actions.run_now(catalog.WEEKLY_REPORT, context_of(info).caller.name, arguments)}


def uptime_hours(_root: Any, _info: Info, days: int | None = None) -> list[uptime.Hour]:
    if days is not None and not 1 <= days <= _MAX_DAYS:
        raise InvalidInput(f"days must be from 1 to {_MAX_DAYS}", field="days")
    return uptime.hours(days or 7)


def queue_depth(_root: Any, _info: Info) -> dict[str, int]:
    return queue.depth()


def dead_letters(_root: Any, _info: Info) -> list[dict[str, Any]]:
    return [_shown(letter) for letter in queue.dead_letters()]


def redrive_dead_letters(_root: Any, info: Info) -> dict[str, int]:
    done = operator_actions.redrive(context_of(info).caller.name)
    return {"redriven": done.sent, "left": done.left}


def _arguments(job: Job, cap: int | None) -> dict[str, Any]:
    if cap is None:
        return {}
    if job.name != customer_cleanup.NAME:
        raise InvalidInput(f"cap is for {customer_cleanup.NAME}", field="cap")
    if cap < 1:
        raise InvalidInput("cap must be at least 1", field="cap")
    return {"cap": cap}


def _preview(job: Job, info: Info, arguments: dict[str, Any]) -> Any:
    try:
        return job.preview(context_of(info).execute, clock.now(), arguments)
    except RunRefused as refused:
        raise InvalidInput(str(refused)) from refused


def _shown(letter: DeadLetter) -> dict[str, Any]:
    known = letter.message
    shown = {"id": letter.id, "body": letter.body, "reason": letter.reason, "sent_at": letter.sent_at}
    return shown | {"job": known.job if known else None, "slot": known.slot if known else None}
