"""Resolvers of runs of all jobs."""

from datetime import datetime
from typing import TypedDict, Unpack

from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.arguments import PageArguments, page_args
from chalicelib.crm import text
from chalicelib.errors import InvalidInput
from chalicelib.jobs import run_lists
from chalicelib.jobs.run_lists import RunFilter
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store.pagination import Page, read_page

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
    },
    total=False,
)


class RunsArguments(_FilterArguments, PageArguments):
    """The arguments of the field `runs`."""


def all_runs(_root: object, _info: Info, **given: Unpack[RunsArguments]) -> Page[Run]:
    return read_page(run_lists.listing(_filter(given)), page_args(given))


def _filter(given: _FilterArguments) -> RunFilter:
    job, status, trigger = given.get("job"), given.get("status"), given.get("trigger")
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
    )
