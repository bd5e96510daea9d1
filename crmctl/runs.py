"""The command that lists runs of a job, and the texts that describe a run."""

from collections.abc import Iterable
from typing import Any

import click

from crmctl import completion, log_lines, paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, print_if_more, print_message, with_client
from crmctl.tables import Column
from crmctl.terminal import print_text
from crmctl.time_arguments import EMPTY_CELL, Timestamp, format_duration, format_time

FIELDS = (
    "job slot schedule status trigger actor attempts nextAttemptAt createdAt startedAt finishedAt durationSeconds "
    "counts { name value } error reason"
)


PAGE_WITH_LINES = 20
"""Runs per request that come with their log: each may have 200 lines."""


def _runs_document(fields: str, first: int | None = None) -> str:
    """Return the query with the variable $first, or with pages of a fixed size, which no variable makes too costly."""
    return f"""query Runs($job: String, $schedule: ID, $status: RunStatus, $actor: String, $from: DateTime, $to: DateTime, $text: String,
                           {"" if first else "$first: Int, "}$after: String) {{
  list: runs(
    job: $job, schedule: $schedule, status: $status, actor: $actor, from: $from, to: $to, text: $text,
    first: {first or "$first"}, after: $after
  ) {{
    edges {{ node {{ {fields} }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""


RUNS, RUNS_WITH_LINES = _runs_document(FIELDS), _runs_document(f"{FIELDS} lines", PAGE_WITH_LINES)
CHECK_JOB = "query CheckJob($job: String!) { jobRuns(job: $job, first: 1) { edges { cursor } } }"
"""Is refused if there is no such job, as `runs` is not: the runs of a job that was removed stay."""
MAX_SEARCHED_PAGES = 20
"""Requests in which a text is looked for. The server reads the log of some dozens of runs in each."""
MAX_SHOWN_MATCHES = 3
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


JOB_COLUMN = Column("job", lambda run: run["job"], no_wrap=True)
COLUMNS = (
    Column("slot", lambda run: run["slot"], no_wrap=True),
    Column("status", lambda run: run["status"], no_wrap=True, styles=STYLES),
    Column("trigger", lambda run: run["trigger"], no_wrap=True, rank=4),
    Column("by", lambda run: run["actor"] or EMPTY_CELL, rank=3),
    Column("attempts", lambda run: str(run["attempts"]), align_right=True, rank=5),
    Column("duration", lambda run: format_duration(run["durationSeconds"]), align_right=True, rank=2),
    Column("counts", format_counts, rank=1),
)


@click.command()
@click.argument("job", required=False, shell_complete=completion.complete_job)
@click.option(
    "--state",
    "--status",
    "status",
    type=click.Choice(STATUSES, case_sensitive=False),
    help="Only runs in this state.",
)
@click.option("--since", type=Timestamp(), help="Only runs due at this time or later, for example 2h or yesterday.")
@click.option("--until", type=Timestamp(is_end=True), help="Only runs due at this time, on this day, or earlier.")
@click.option("--grep", metavar="TEXT", help="Only runs with this text in the error, the reason or a log line.")
@click.option("--by", "actor", metavar="NAME", help="Only runs that this operator started.")
@click.option("--schedule", metavar="ID", help="Only runs of this schedule.")
@limit_option(20)
@click.option("--lines", is_flag=True, help="Also show the log lines of each run.")
@json_option
@with_client
def runs(client: Client, /, limit: int, *, lines: bool, as_json: bool, grep: str | None, **filters: Any) -> None:
    """Show the runs of JOB, or of all jobs, the newest first.

    A run is identified by its slot, the time when it was due or started. Repeat it with `crmctl retry JOB SLOT`.
    --grep ignores case. The server looks at the error, the reason and the latest log lines. For example:

    crmctl runs --since 2h --state failed
    """
    listed = _read(client, limit, grep, **filters)
    for run in listed.rows if lines else ():
        run["lines"] = list(log_lines.read(client, run["job"], run["slot"], run["schedule"]))
    if lines and listed.rows and not as_json:
        for run in listed.rows:
            name = "" if filters["job"] else f"{run['job']} "
            print_text(name + describe_run(run))
            print_lines(run["lines"])
    else:
        columns = COLUMNS if filters["job"] else (JOB_COLUMN, *COLUMNS)
        tables.print_rows(listed.rows, columns, as_json=as_json, empty="No runs found.")
        if not as_json:
            tables.print_remarks(
                (_name(run, filters["job"]), text) for run in listed.rows for text in _texts(run, grep)
            )
    if grep and listed.has_more and len(listed.rows) < limit:
        print_message("Older runs were not looked at. Look further back with --until.")
    else:
        print_if_more(listed)


def _read(client: Client, limit: int, grep: str | None, **filters: Any) -> paging.ListResult:
    variables = {
        "job": filters["job"],
        "schedule": filters["schedule"],
        "status": filters["status"],
        "actor": filters["actor"],
        "from": filters["since"],
        "to": filters["until"],
        "text": grep,
    }
    if grep:
        listed = paging.read(
            client,
            RUNS_WITH_LINES,
            limit,
            page_size=PAGE_WITH_LINES,
            max_pages=MAX_SEARCHED_PAGES,
            **variables,
        )
    else:
        listed = paging.read(client, RUNS, limit, page_size=paging.MAX_PAGE_SIZE, **variables)
    if not listed.rows and filters["job"]:
        client.execute(CHECK_JOB, {"job": filters["job"]})
    return listed


def _matches(run: dict[str, Any], text: str) -> list[str]:
    """Return what in the run has the text: error, reason and log lines."""
    wanted = text.casefold()
    return [found for found in (run["error"], run["reason"], *run["lines"]) if found and wanted in found.casefold()]


def _texts(run: dict[str, Any], grep: str | None) -> list[str]:
    """Return the remarks below the table: the reason, and log lines that were looked for."""
    reason = format_reason(run)
    found = [line for line in _matches(run, grep) if line not in reason] if grep else []
    return [reason, *found[:MAX_SHOWN_MATCHES]]


def _name(run: dict[str, Any], job: str | None) -> str:
    return str(run["slot"]) if job else f"{run['job']} {run['slot']}"


def print_lines(lines: Iterable[str]) -> None:
    """Print log lines, indented, so that none looks like output of crmctl itself."""
    for line in lines:
        print_text(line, indent=2, hanging=2)


def describe_run(run: dict[str, Any]) -> str:
    by = f" by {run['actor']}" if run["actor"] else ""
    attempts = f" at attempt {run['attempts']}" if run["attempts"] > 1 else ""
    took = f" in {format_duration(run['durationSeconds'])}" if run["durationSeconds"] is not None else ""
    more = "; ".join(filter(None, (run["counts"] and format_counts(run), format_reason(run))))
    schedule = f" of {run['schedule']}" * (run["schedule"] != f"{run['job']}.default")
    return f"{run['slot']}{schedule} {run['status']}{attempts}{took} ({run['trigger']}{by}){more and ': '}{more}"
