"""`crmctl retry`: run failed and missed runs again, after a look at what that is."""

import time
from typing import Any

import click

from crmctl import completion, paging, runs
from crmctl.client import ApiRefused, Client
from crmctl.commands import CommandError, print_message, with_client
from crmctl.confirmation import confirm
from crmctl.run_command import (
    EXIT_FAILED,
    EXIT_UNFINISHED,
    FOLLOW,
    RUN,
    UNFINISHED_STATUSES,
    follow,
    wait_for_end,
    wait_options,
)
from crmctl.terminal import print_text
from crmctl.text import counted
from crmctl.time_arguments import Timestamp

Run = dict[str, Any]
LOST_STATUSES = ("FAILED", "MISSED")
MAX_RETRIED = 100


@click.command()
@click.argument("job", required=False, shell_complete=completion.complete_job)
@click.argument("slot", required=False, type=Timestamp(), shell_complete=completion.complete_slot)
@click.option("--schedule", metavar="ID", help="The schedule of the run, if several were due at the slot.")
@click.option(
    "--failed-since",
    metavar="TIME",
    type=Timestamp(),
    help="All runs of JOB, or of all jobs, that were due since then and failed or were missed, for example 2h.",
)
@click.option("-y", "--yes", is_flag=True, help="Retry without a question.")
@wait_options
@with_client
def retry(  # noqa: PLR0913, PLR0917 - one for each option
    client: Client,
    /,
    job: str | None,
    slot: str | None,
    schedule: str | None,
    failed_since: str | None,
    timeout: float,
    *,
    yes: bool,
    wait: bool,
) -> None:
    """Run the latest failed or missed run of JOB again, or its run for SLOT.

    Shows first what would be run, and asks. At most 100 runs at a time, the oldest first. For example:

    crmctl retry --failed-since 2h

    Exit status: 0 all have succeeded (with --no-wait: were started) or there are none, 1 some have not, 2 wrong usage or
    connection, or not confirmed, 3 not finished in time, 130 Ctrl-C.
    """
    found = _find(client, job, slot, schedule, failed_since)
    if not found:
        print_text("There is no failed or missed run.")
        return
    _print_preview(client, found)
    if not yes:
        count = len(found)
        confirm("Retry this run?" if count == 1 else f"Retry these {count} runs?", "Nothing was retried.")
    if len(found) == 1:
        follow(client, _start(client, found[0]), wait=wait, timeout=timeout)
    else:
        _retry_all(client, found, timeout, wait=wait)


def _find(client: Client, job: str | None, slot: str | None, schedule: str | None, since: str | None) -> list[Run]:
    if slot and since:
        raise CommandError("Give SLOT or --failed-since, not both.")
    if job and slot:
        return [_find_run(client, job, slot, schedule)]
    if since:
        return _find_lost(client, limit=MAX_RETRIED, job=job, **{"from": since})
    if job:
        return _find_lost(client, limit=1, job=job)
    raise CommandError("Give JOB or --failed-since.")


def _find_run(client: Client, job: str, slot: str, schedule: str | None) -> Run:
    found: Run | None = client.execute(FOLLOW, {"job": job, "slot": slot, "schedule": schedule})["jobRun"]
    if found is None:
        raise CommandError(f"{job} has no run of {slot}. List its runs: crmctl runs {job}")
    return found


def _find_lost(client: Client, *, limit: int, **filters: Any) -> list[Run]:
    """Return the latest runs that failed or were missed, the oldest of them first."""
    lists = [paging.read(client, runs.RUNS, limit, **filters, status=status) for status in LOST_STATUSES]
    if filters["job"]:
        client.execute(runs.CHECK_JOB, {"job": filters["job"]})
    found = sorted((run for listed in lists for run in listed.rows), key=lambda run: str(run["slot"]))
    if limit > 1 and (len(found) > limit or any(listed.has_more for listed in lists)):
        print_message(f"There are more: these are the latest {limit}. Repeat the command for the others.")
    return found[-limit:]


def _print_preview(client: Client, found: list[Run]) -> None:
    """Show the runs, and what each of the jobs would do now."""
    for run in found:
        print_text(f"{run['job']} {runs.describe_run(run)}", hanging=2)
    for job in dict.fromkeys(run["job"] for run in found):
        try:
            preview = client.execute_once(RUN, {"name": job, "dryRun": True})["runJob"]["preview"]
        except ApiRefused as error:
            print_text(f"{job}: {error.reason}", hanging=2)
        else:
            print_text(f"A run of {job} now: {preview['summary']}", hanging=2)


def _start(client: Client, run: Run) -> Run:
    variables = {"name": run["job"], "slot": run["slot"], "schedule": run["schedule"], "dryRun": False}
    started: Run = client.execute_once(RUN, variables)["runJob"]["run"]
    return started


def _retry_all(client: Client, found: list[Run], timeout: float, *, wait: bool) -> None:
    """Start all runs, then wait for one after the other. What the API refuses is counted as not succeeded."""
    deadline = time.monotonic() + timeout
    started = []
    for run in found:
        try:
            started.append(_start(client, run))
        except ApiRefused as error:
            print_message(f"{run['job']} {run['slot']}: {error.reason}")
    statuses = []
    for run in started if wait else ():
        which = {name: run[name] for name in ("job", "slot", "schedule")}
        ended = wait_for_end(client, which, max(deadline - time.monotonic(), 0))
        statuses.append(ended["status"])
        print_text(f"{ended['job']} {runs.describe_run(ended)}", hanging=2)
    if not wait:
        print_text(f"{len(started)} of {counted(len(found), 'run')} started. See their results: crmctl runs")
        statuses = ["SUCCEEDED"] * len(started)
    else:
        print_text(f"{statuses.count('SUCCEEDED')} of {counted(len(found), 'run')} succeeded.")
    if any(status in UNFINISHED_STATUSES for status in statuses):
        raise click.exceptions.Exit(EXIT_UNFINISHED)
    if statuses.count("SUCCEEDED") < len(found):
        raise click.exceptions.Exit(EXIT_FAILED)
