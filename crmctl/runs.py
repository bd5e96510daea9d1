"""What became of a job's runs?"""

from collections.abc import Iterable
from typing import Any

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, say_if_more, with_client
from crmctl.tables import Column
from crmctl.text import plain
from crmctl.time_arguments import NOTHING, lasting

FIELDS = (
    "job slot status trigger actor attempts createdAt startedAt finishedAt durationSeconds "
    "counts { name value } error reason"
)
RUNS = f"""query Runs($job: String!, $status: RunStatus, $lines: Boolean!, $first: Int, $after: String) {{
  list: jobRuns(job: $job, status: $status, first: $first, after: $after) {{
    edges {{ node {{ {FIELDS} lines @include(if: $lines) }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
RUNS_WITH_LINES = 10
"""A page; a run can have thousands of lines."""
STATUSES = ("WAITING", "RUNNING", "SUCCEEDED", "FAILED", "SKIPPED", "MISSED")
STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan", "FAILED": "bold red", "MISSED": "bold red", "SKIPPED": "yellow"}


def counts(run: dict[str, Any]) -> str:
    return ", ".join(f"{count['name']} {count['value']:,}" for count in run["counts"]) or NOTHING


def why(run: dict[str, Any]) -> str:
    return "; ".join(filter(None, (run["error"], run["reason"])))


COLUMNS = (
    Column("slot", lambda run: run["slot"], whole=True),
    Column("status", lambda run: run["status"], whole=True, styles=STYLES),
    Column("trigger", lambda run: run["trigger"], whole=True),
    Column("by", lambda run: run["actor"] or NOTHING),
    Column("tries", lambda run: str(run["attempts"]), right=True),
    Column("took", lambda run: lasting(run["durationSeconds"]), right=True),
    Column("counts", counts),
)


@click.command()
@click.argument("job")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only runs that ended, or are, so.")
@limit_option(20)
@click.option("--lines", is_flag=True, help="Show also what each run logged.")
@json_option
@with_client
def runs(  # noqa: PLR0913 - one for each option
    client: Client, job: str, status: str | None, limit: int, *, lines: bool, as_json: bool
) -> None:
    """Show the runs of JOB, the newest first.

    A run is called by its slot, the time when it was due or asked for: `crmctl run JOB --slot SLOT` repeats it.
    """
    page = RUNS_WITH_LINES if lines else paging.PAGE
    listed = paging.read(client, RUNS, limit, page=page, job=job, status=status, lines=lines)
    if lines and listed.rows and not as_json:
        for run in listed.rows:
            click.echo(plain(described(run)))
            show_lines(run["lines"])
    else:
        tables.show(listed.rows, COLUMNS, as_json=as_json, none="There are no such runs.")
        if not as_json:
            tables.show_remarks((run["slot"], why(run)) for run in listed.rows)
    say_if_more(listed)


def show_lines(lines: Iterable[str]) -> None:
    """Set off, so that none can pass for what is said about a run."""
    for line in lines:
        click.echo(f"  {plain(line)}")


def described(run: dict[str, Any]) -> str:
    by = f" by {run['actor']}" if run["actor"] else ""
    tries = f" at try {run['attempts']}" if run["attempts"] > 1 else ""
    took = f" in {lasting(run['durationSeconds'])}" if run["durationSeconds"] is not None else ""
    more = "; ".join(filter(None, (run["counts"] and counts(run), why(run))))
    return f"{run['slot']} {run['status']}{tries}{took} ({run['trigger']}{by}){more and ': '}{more}"
