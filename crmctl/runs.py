"""The command that lists runs of a job, and the texts that describe a run."""

from collections.abc import Iterable
from typing import Any

import click

from crmctl import log_lines, paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, print_if_more, with_client
from crmctl.tables import Column
from crmctl.text import escape_unprintable
from crmctl.time_arguments import EMPTY_CELL, format_duration, format_time

FIELDS = (
    "job slot schedule status trigger actor attempts nextAttemptAt createdAt startedAt finishedAt durationSeconds "
    "counts { name value } error reason"
)
RUNS = f"""query Runs($job: String!, $status: RunStatus, $first: Int, $after: String) {{
  list: jobRuns(job: $job, status: $status, first: $first, after: $after) {{
    edges {{ node {{ {FIELDS} }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
STATUSES = ("WAITING", "RUNNING", "SUCCEEDED", "FAILED", "SKIPPED", "MISSED", "CANCELLED")
STYLES = {
    "SUCCEEDED": "green",
    "RUNNING": "cyan",
    "FAILED": "bold red",
    "MISSED": "bold red",
    "SKIPPED": "yellow",
    "CANCELLED": "yellow",
}


def format_counts(run: dict[str, Any]) -> str:
    return ", ".join(f"{count['name']} {count['value']:,}" for count in run["counts"]) or EMPTY_CELL


def format_reason(run: dict[str, Any]) -> str:
    return "; ".join(filter(None, (run["error"], run["reason"], format_next_attempt(run))))


def format_next_attempt(run: dict[str, Any]) -> str:
    return f"next attempt at {format_time(run['nextAttemptAt'])}" if run["nextAttemptAt"] else ""


COLUMNS = (
    Column("slot", lambda run: run["slot"], no_wrap=True),
    Column("status", lambda run: run["status"], no_wrap=True, styles=STYLES),
    Column("trigger", lambda run: run["trigger"], no_wrap=True),
    Column("by", lambda run: run["actor"] or EMPTY_CELL),
    Column("attempts", lambda run: str(run["attempts"]), align_right=True),
    Column("duration", lambda run: format_duration(run["durationSeconds"]), align_right=True),
    Column("counts", format_counts),
)


@click.command()
@click.argument("job")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only runs with this status.")
@limit_option(20)
@click.option("--lines", is_flag=True, help="Also show the log lines of each run.")
@json_option
@with_client
def runs(  # noqa: PLR0913 - one for each option
    client: Client, job: str, status: str | None, limit: int, *, lines: bool, as_json: bool
) -> None:
    """Show the runs of JOB, the newest first.

    A run is identified by its slot, the time when it was due or started. Repeat it with `crmctl run JOB --slot SLOT`.
    """
    listed = paging.read(client, RUNS, limit, page_size=paging.MAX_PAGE_SIZE, job=job, status=status)
    for run in listed.rows if lines else ():
        run["lines"] = list(log_lines.read(client, job, run["slot"], run["schedule"]))
    if lines and listed.rows and not as_json:
        for run in listed.rows:
            click.echo(escape_unprintable(describe_run(run)))
            print_lines(run["lines"])
    else:
        tables.print_rows(listed.rows, COLUMNS, as_json=as_json, empty="No runs found.")
        if not as_json:
            tables.print_remarks((run["slot"], format_reason(run)) for run in listed.rows)
    print_if_more(listed)


def print_lines(lines: Iterable[str]) -> None:
    """Print log lines, indented, so that none looks like output of crmctl itself."""
    for line in lines:
        click.echo(f"  {escape_unprintable(line)}")


def describe_run(run: dict[str, Any]) -> str:
    by = f" by {run['actor']}" if run["actor"] else ""
    attempts = f" at attempt {run['attempts']}" if run["attempts"] > 1 else ""
    took = f" in {format_duration(run['durationSeconds'])}" if run["durationSeconds"] is not None else ""
    more = "; ".join(filter(None, (run["counts"] and format_counts(run), format_reason(run))))
    schedule = f" of {run['schedule']}" * (run["schedule"] != f"{run['job']}.default")
    return f"{run['slot']}{schedule} {run['status']}{attempts}{took} ({run['trigger']}{by}){more and ': '}{more}"
