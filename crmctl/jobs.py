"""How are the jobs doing, and how is one of them held?"""

from typing import Any

import click

from crmctl import tables
from crmctl.client import Client
from crmctl.commands import json_option, with_client
from crmctl.tables import Column
from crmctl.text import plain
from crmctl.time_arguments import Moment, lasting, to_minute

JOBS = """{
  jobs {
    name description schedule scheduleText state problems lastRun nextRun averageSeconds
    pause { reason actor since until }
  }
}"""
PAUSE = """mutation Pause($name: String!, $reason: String!, $until: DateTime) {
  pauseJob(name: $name, reason: $reason, until: $until) { job { name pause { reason actor since until } } }
}"""
RESUME = "mutation Resume($name: String!) { resumeJob(name: $name) { job { name state nextRun } } }"
STYLES = {"OK": "green", "RUNNING": "cyan", "PAUSED": "yellow", "LATE": "bold red", "FAILING": "bold red"}
COLUMNS = (
    Column("job", lambda job: job["name"], whole=True),
    Column("schedule", lambda job: job["scheduleText"]),
    Column("state", lambda job: job["state"], whole=True, styles=STYLES),
    Column("last run", lambda job: to_minute(job["lastRun"])),
    Column("next run", lambda job: to_minute(job["nextRun"])),
    Column("takes", lambda job: lasting(job["averageSeconds"]), right=True),
)


@click.command()
@json_option
@with_client
def jobs(client: Client, *, as_json: bool) -> None:
    """Show how the jobs are doing.

    "takes" is the average of the latest successful runs. Beneath is why a job is paused, and what there is to complain
    of: late, failing or too frequent runs.
    """
    found = client.execute(JOBS)["jobs"]
    tables.show(found, COLUMNS, as_json=as_json, none="There are no jobs.")
    if not as_json:
        tables.show_remarks((job["name"], remark) for job in found for remark in _remarks(job))


@click.command()
@click.argument("job")
@click.option("--reason", required=True, help="Why; whoever looks at the job is told.")
@click.option("--until", type=Moment(), help="When it goes on by itself, e.g. 2026-11-22T08:00.  [default: never]")
@with_client
def pause(client: Client, job: str, reason: str, until: str | None) -> None:
    """Let no run of JOB begin.

    Until somebody resumes it, or until that moment. A run that is going on is finished. Each run that falls due meanwhile is kept as skipped, with the reason; `crmctl run JOB --slot SLOT` makes up for it.
    """
    paused = client.execute(PAUSE, {"name": job, "reason": reason, "until": until})["pauseJob"]["job"]
    click.echo(plain(f"{paused['name']} is {_pause(paused['pause'])}"))


@click.command()
@click.argument("job")
@with_client
def resume(client: Client, job: str) -> None:
    """Let the runs of JOB begin again."""
    resumed = client.execute(RESUME, {"name": job})["resumeJob"]["job"]
    click.echo(plain(f"{resumed['name']} is no longer paused. Its next run: {to_minute(resumed['nextRun'])}"))


def _remarks(job: dict[str, Any]) -> list[str]:
    return [*([_pause(job["pause"])] if job["pause"] else []), *job["problems"]]


def _pause(pause: dict[str, Any]) -> str:
    until = f" until {to_minute(pause['until'])}" if pause["until"] else ""
    return f"paused by {pause['actor']} since {to_minute(pause['since'])}{until}: {pause['reason']}"
