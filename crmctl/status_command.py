"""`crmctl status`: is anything wrong? One request, whatever the history."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from crmctl import clock, tables
from crmctl.client import Client
from crmctl.commands import json_option, with_client
from crmctl.terminal import print_text
from crmctl.time_arguments import format_relative, format_time, utc_text

WINDOW = timedelta(hours=24)
MAX_LISTED = 20
"""How many failed runs are listed, and how many missed ones."""
STATUS = f"""query Status($since: DateTime!) {{
  jobs {{ name state problems nextRun pause {{ reason actor since until }} }}
  failed: runs(status: FAILED, from: $since, first: {MAX_LISTED}) {{
    edges {{ node {{ job slot error }} }} pageInfo {{ hasNextPage }}
  }}
  missed: runs(status: MISSED, from: $since, first: {MAX_LISTED}) {{
    edges {{ node {{ job slot reason }} }} pageInfo {{ hasNextPage }}
  }}
  queue {{ waiting working dead }}
  health {{ database queue }}
  notificationChannels {{ name enabled lastDeliveredAt lastFailedAt lastError }}
}}"""
EXIT_WRONG = 1
LABEL_WIDTH = 8
NAMES = {"FAILED": "failed", "MISSED": "missed", "LATE": "late"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. `remedy` is the command that shows more, or that repairs it."""

    kind: str
    text: str
    remedy: str
    count: int = 1
    is_least: bool = False
    """There are more than `count`."""


@click.command()
@json_option
@with_client
def status(client: Client, *, as_json: bool) -> None:
    """Show what is wrong, with the command that helps.

    Failed and missed runs and failed notifications of the last 24 hours, and late runs, dead letters, alerts, and pauses
    of more than a day as of now.

    Exit status: 0 nothing is wrong, 1 something is, 2 wrong usage or connection.
    """
    found = client.execute(STATUS, {"since": utc_text(clock.now() - WINDOW)})
    findings = list(find_problems(found))
    if as_json:
        tables.print_json({"ok": not findings, **found})
    else:
        _print_findings(findings)
        _print_next(found)
    if findings:
        raise click.exceptions.Exit(EXIT_WRONG)


def find_problems(found: dict[str, Any]) -> Iterator[Finding]:
    listed: set[tuple[str, str]] = set()
    for kind, reason in (("failed", "error"), ("missed", "reason")):
        is_cut = found[kind]["pageInfo"]["hasNextPage"]
        for run in (edge["node"] for edge in found[kind]["edges"]):
            listed.add((run["job"], run["slot"]))
            text = f"{run['job']}, {format_time(run['slot'])} ({format_relative(run['slot'])}): {run[reason]}"
            yield Finding(kind.upper(), text, f"crmctl logs {run['job']} {run['slot']}", is_least=is_cut)
    for job in found["jobs"]:
        yield from _job_problems(job, listed)
    if dead := found["queue"]["dead"]:
        text = f"{dead} {'message' if dead == 1 else 'messages'} failed for good"
        yield Finding("DEAD", text, "crmctl dead-letters", count=dead)
    for part, state in found["health"].items():
        if state != "UP":
            yield Finding("ALERT", f"the API does not reach its {part}", "crmctl status")
    yield from _failed_notifications(found["notificationChannels"])


def _job_problems(job: dict[str, Any], listed: set[tuple[str, str]]) -> Iterator[Finding]:
    """Yield the problems of a job but those about runs that are listed already."""
    name, pause = job["name"], job["pause"]
    for problem in job["problems"]:
        if any(name == run_job and slot in problem for run_job, slot in listed):
            continue
        is_late = job["state"] == "LATE" and problem.startswith("the run of ")
        kind = "LATE" if is_late else "PAUSED" if problem.startswith("paused for ") else "ALERT"
        yield Finding(kind, f"{name}: {problem}", f"crmctl {'resume' if kind == 'PAUSED' else 'runs'} {name}")
    day_ago = utc_text(clock.now() - WINDOW)
    if pause and pause["since"] < day_ago and not any(text.startswith("paused for ") for text in job["problems"]):
        until = f" until {format_time(pause['until'])}" if pause["until"] else " without an end"
        text = f"{name}: paused {format_relative(pause['since'])}{until} by {pause['actor']}: {pause['reason']}"
        yield Finding("PAUSED", text, f"crmctl resume {name}")


def _failed_notifications(channels: list[dict[str, Any]]) -> Iterator[Finding]:
    day_ago = utc_text(clock.now() - WINDOW)
    for channel in channels:
        failed = channel["lastFailedAt"] or ""
        if channel["enabled"] and failed > max(channel["lastDeliveredAt"] or "", day_ago):
            text = f"notifications to {channel['name']} fail: {channel['lastError']}"
            yield Finding("ALERT", text, "crmctl notifications list")


def _print_findings(findings: list[Finding]) -> None:
    if not findings:
        print_text("Nothing is wrong: no failed, missed or late run in the last 24 hours, and no dead letters.")
        return
    print_text(f"Something is wrong: {_summary(findings)}.")
    for finding in findings:
        click.echo()
        print_text(finding.text, label=finding.kind.ljust(LABEL_WIDTH), hanging=LABEL_WIDTH, style="bold red")
        print_text(finding.remedy, indent=LABEL_WIDTH, hanging=2)
    if any(finding.kind in {"FAILED", "MISSED"} for finding in findings):
        click.echo()
        print_text("Run what failed or was missed again:")
        print_text("crmctl retry --failed-since 24h", indent=LABEL_WIDTH)


def _summary(findings: list[Finding]) -> str:
    counts = Counter[str]()
    for finding in findings:
        counts[finding.kind] += finding.count
    cut = {finding.kind for finding in findings if finding.is_least}
    return ", ".join(_count_text(kind, count, is_cut=kind in cut) for kind, count in counts.items())


def _count_text(kind: str, count: int, *, is_cut: bool) -> str:
    plural = "s" if count != 1 else ""
    name = {**NAMES, "ALERT": f"alert{plural}", "PAUSED": f"long pause{plural}", "DEAD": f"dead letter{plural}"}[kind]
    return f"{f'more than {count}' if is_cut else count} {name}"


def _print_next(found: dict[str, Any]) -> None:
    """Say what comes next, and which jobs are paused."""
    click.echo()
    coming = [job for job in found["jobs"] if job["nextRun"]]
    if coming:
        job = min(coming, key=lambda each: str(each["nextRun"]))
        print_text(f"Next run: {job['name']} {format_relative(job['nextRun'])}, {format_time(job['nextRun'])}.")
    if paused := [job["name"] for job in found["jobs"] if job["pause"]]:
        print_text(f"Paused: {', '.join(paused)}.")
