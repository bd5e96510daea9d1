"""Resolvers of the runs of all jobs, and of backfills."""

from dataclasses import dataclass
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import PageArguments, page_args
from chalicelib.crm import text
from chalicelib.errors import InvalidInput
from chalicelib.jobs import backfills, catalog, run_lists
from chalicelib.jobs.backfills import Backfill
from chalicelib.jobs.overview import JobNow
from chalicelib.jobs.run_lists import RunFilter
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store.pagination import Page, read_page

MAX_TEXT = 200
_FilterArguments = TypedDict(  # `from` cannot be the name of a parameter
    "_FilterArguments",
    {
        "job": str | None,
        "schedule": str | None,
        "status": str | None,
        "trigger": str | None,
        "actor": str | None,
        "from": datetime | None,
        "to": datetime | None,
        "text": str | None,
    },
    total=False,
)


class RunsArguments(_FilterArguments, PageArguments):
    """The arguments of the field `runs`."""


BackfillArguments = TypedDict(
    "BackfillArguments", {"job": str, "from": datetime, "to": datetime, "dryRun": NotRequired[bool]}
)


@dataclass(frozen=True, slots=True)
class BackfillPayload:
    slots: list[Slot]


def all_runs(_root: object, _info: Info, **given: Unpack[RunsArguments]) -> Page[Run]:
    return read_page(run_lists.listing(_filter(given)), page_args(given))


def backfill(_root: object, info: Info, **given: Unpack[BackfillArguments]) -> BackfillPayload:
    job, since, until = catalog.find(given["job"]), given["from"], given["to"]
    if given.get("dryRun"):
        return BackfillPayload(backfills.find_missing(job, since, until))
    return BackfillPayload(backfills.request(job, since, until, context_of(info).caller.name))


def backfill_of(job: JobNow, _info: Info) -> Backfill | None:
    return backfills.find(job.name)


def _filter(given: _FilterArguments) -> RunFilter:
    job, status, trigger, wanted = given.get("job"), given.get("status"), given.get("trigger"), given.get("text")
    if job is not None and not text.fits_key(job):
        raise InvalidInput("That is not the name of a job", field="job")
    return RunFilter(
        job=job,
        schedule=given.get("schedule"),
        status=Status(status) if status else None,
        trigger=Trigger(trigger) if trigger else None,
        actor=given.get("actor"),
        since=given.get("from"),
        until=given.get("to"),
        text=text.checked_line(wanted, "text", MAX_TEXT) if wanted else None,
    )
