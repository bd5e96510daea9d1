"""`crmctl status`: is anything wrong? One request, whatever the history."""

from collections import Counter
from typing import Any

import click

from crmctl import tables
from crmctl.client import Client
from crmctl.commands import json_option, with_client
from crmctl.terminal import print_text
from crmctl.time_arguments import format_relative, format_time

STATUS = """query Status {
  status {
    stage version count more
    problems { kind text job slot schedule count keptId absorbedId }
    jobs { name state nextRun pause { reason actor since until } }
  }
}"""
EXIT_WRONG = 1
LABEL_WIDTH = 8
LOST = {"FAILED", "MISSED"}
NAMES = {
    "FAILED": ("failed", "failed"),
    "MISSED": ("missed", "missed"),
    "LATE": ("late", "late"),
    "ALERT": ("alert", "alerts"),
    "PAUSED": ("long pause", "long pauses"),
    "MERGE": ("unfinished merge", "unfinished merges"),
    "DEAD_LETTERS": ("dead letter", "dead letters"),
}
LABELS = {"DEAD_LETTERS": "DEAD"}

Problem = dict[str, Any]


@click.command()
@json_option
@with_client
def status(client: Client, *, as_json: bool) -> None:
    """Show what is wrong, with the command that helps.

    Failed and missed runs and failed notifications of the last 24 hours, and late runs, dead letters, alerts, merges
    that have stopped, and pauses of more than a day as of now.

    Exit status: 0 nothing is wrong, 1 something is, 2 wrong usage or connection.
    """
    found = client.execute(STATUS, {})["status"]
    if as_json:
        tables.print_json({"ok": not found["problems"], **found})
    else:
        _print_problems(found["problems"], has_more=found["more"])
        _print_next(found)
    if found["problems"]:
        raise click.exceptions.Exit(EXIT_WRONG)


def _print_problems(problems: list[Problem], *, has_more: bool) -> None:
    if not problems:
        print_text("Nothing is wrong: no failed, missed or late run in the last 24 hours, and no dead letters.")
        return
    print_text(f"Something is wrong: {'more than ' * has_more}{_summary(problems)}.")
    for problem in problems:
        click.echo()
        label = LABELS.get(problem["kind"]) or problem["kind"]
        print_text(_text(problem), label=str(label).ljust(LABEL_WIDTH), hanging=LABEL_WIDTH, style="bold red")
        print_text(_remedy(problem), indent=LABEL_WIDTH, hanging=2)
    if any(problem["kind"] in LOST for problem in problems):
        click.echo()
        print_text("Run what failed or was missed again:")
        print_text("crmctl retry --failed-since 24h", indent=LABEL_WIDTH)


def _text(problem: Problem) -> str:
    slot = problem["slot"]
    when = f", {format_time(slot)} ({format_relative(slot)})" if slot else ""
    return f"{problem['job']}{when}: {problem['text']}" if problem["job"] else problem["text"]


def _remedy(problem: Problem) -> str:
    """Return the command that shows more, or that repairs it."""
    kind, job = problem["kind"], problem["job"]
    if problem["slot"]:
        return f"crmctl logs {job} {problem['slot']}"
    if kind in LOST:
        return f"crmctl runs --since 24h --state {kind.lower()}"
    if kind == "DEAD_LETTERS":
        return "crmctl dead-letters"
    if kind == "MERGE":
        kept, absorbed = problem["keptId"], problem["absorbedId"]
        is_undone = problem["text"].startswith("the undoing")
        return f"crmctl customers {f'undo-merge {absorbed}' if is_undone else f'merge {kept} {absorbed}'}"
    if job is None:
        return "crmctl notifications list"
    return f"crmctl {'resume' if kind == 'PAUSED' and problem['text'].startswith('paused') else 'runs'} {job}"


def _summary(problems: list[Problem]) -> str:
    counts = Counter[str]()
    for problem in problems:
        counts[problem["kind"]] += problem["count"]
    return ", ".join(f"{count:,} {NAMES[kind][count != 1]}" for kind, count in counts.items())


def _print_next(found: dict[str, Any]) -> None:
    """Say what comes next, and which jobs are paused."""
    click.echo()
    coming = [job for job in found["jobs"] if job["nextRun"]]
    if coming:
        job = min(coming, key=lambda each: str(each["nextRun"]))
        print_text(f"Next run: {job['name']} {format_relative(job['nextRun'])}, {format_time(job['nextRun'])}.")
    if paused := [job["name"] for job in found["jobs"] if job["pause"]]:
        print_text(f"Paused: {', '.join(paused)}.")
