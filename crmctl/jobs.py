"""Commands to show jobs, and to pause and resume one."""

from typing import Any

import click

from crmctl import completion, runs, tables
from crmctl.client import Client
from crmctl.commands import json_option, with_client
from crmctl.tables import Column, time_column
from crmctl.terminal import print_text
from crmctl.time_arguments import Timestamp, format_duration, format_time

JOBS = """{
  jobs {
    name description schedule scheduleText state problems lastRun nextRun averageSeconds
    pause { reason actor since until } latest { error nextAttemptAt }
  }
}"""
PAUSE = """mutation Pause($name: String!, $reason: String!, $until: DateTime) {
  pauseJob(name: $name, reason: $reason, until: $until) { job { name pause { reason actor since until } } }
}"""
RESUME = "mutation Resume($name: String!) { resumeJob(name: $name) { job { name state nextRun } } }"
STYLES = {"OK": "green", "RUNNING": "cyan", "PAUSED": "yellow", "LATE": "bold red", "FAILING": "bold red"}
COLUMNS = (
    Column("job", lambda job: job["name"], no_wrap=True),
    Column("schedule", lambda job: job["scheduleText"], rank=2),
    Column("state", lambda job: job["state"], no_wrap=True, styles=STYLES),
    time_column("last run", lambda job: job["lastRun"]),
    time_column("next run", lambda job: job["nextRun"]),
    Column("average", lambda job: format_duration(job["averageSeconds"]), align_right=True, rank=3),
)


@click.command()
@json_option
@with_client
def jobs(client: Client, *, as_json: bool) -> None:
    """Show all jobs with their state.

    "average" is the mean duration of the latest successful runs. Below the table: why a job is paused, problems such as
    late, failing or too frequent runs, and when a failed run is attempted again.
    """
    found = client.execute(JOBS)["jobs"]
    tables.print_rows(found, COLUMNS, as_json=as_json, empty="There are no jobs.")
    if not as_json:
        tables.print_remarks((job["name"], remark) for job in found for remark in _remarks(job))


@click.command()
@click.argument("job", shell_complete=completion.complete_job)
@click.option("--reason", required=True, help="Why the job is paused. Shown to everyone who looks at the job.")
@click.option(
    "--until",
    type=Timestamp(ahead=True),
    help="Resume at this time, for example 2h or 'tomorrow 08:00' (UTC).  [default: when resumed by hand]",
)
@with_client
def pause(client: Client, job: str, reason: str, until: str | None) -> None:
    """Pause JOB.

    A run in progress finishes. A run that falls due during the pause is recorded as SKIPPED, with the reason. Repeat
    it later with `crmctl run JOB --slot SLOT`.
    """
    paused = client.execute_once(PAUSE, {"name": job, "reason": reason, "until": until})["pauseJob"]["job"]
    print_text(f"{paused['name']} is {_pause(paused['pause'])}")


@click.command()
@click.argument("job", shell_complete=completion.complete_job)
@with_client
def resume(client: Client, job: str) -> None:
    """Resume JOB."""
    resumed = client.execute_once(RESUME, {"name": job})["resumeJob"]["job"]
    print_text(f"{resumed['name']} resumed. Next run: {format_time(resumed['nextRun'])}")


def _remarks(job: dict[str, Any]) -> list[str]:
    remarks = [*([_pause(job["pause"])] if job["pause"] else []), *job["problems"]]
    latest = job["latest"]
    if latest and latest["nextAttemptAt"]:
        remarks.append(f"{runs.format_next_attempt(latest)}; the last one failed: {latest['error']}")
    return remarks


def _pause(pause: dict[str, Any]) -> str:
    until = f" until {format_time(pause['until'])}" if pause["until"] else ""
    return f"paused by {pause['actor']} since {format_time(pause['since'])}{until}: {pause['reason']}"
