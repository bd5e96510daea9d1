"""`crmctl schedules`: the schedules of jobs, and commands to add, change, remove and preview them."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from crmctl import completion, tables
from crmctl.argument_option import Argument
from crmctl.client import Client
from crmctl.commands import Command, CommandError, json_option, with_client
from crmctl.tables import Column
from crmctl.terminal import print_text
from crmctl.text import counted
from crmctl.time_arguments import EMPTY_CELL, Timestamp, format_relative, format_time

FIELDS = """id job crontab at timeZone words arguments { name value } startsAt endsAt spread startLimit runLimit
  catchUpWindow pauseAfter enabled paused note builtIn
  createdBy createdAt updatedBy updatedAt nextRuns(count: 1)"""
LIST = f"query Schedules($job: String) {{ schedules(job: $job) {{ {FIELDS} }} }}"
ADD = f"mutation Add($input: CreateScheduleInput!) {{ createSchedule(input: $input) {{ schedule {{ {FIELDS} }} }} }}"
EDIT = f"""mutation Edit($id: ID!, $input: UpdateScheduleInput!) {{
  updateSchedule(id: $id, input: $input) {{ schedule {{ {FIELDS} }} }}
}}"""
REMOVE = "mutation Remove($id: ID!) { deleteSchedule(id: $id) { id } }"
RESET = f"mutation Reset($job: String!) {{ resetSchedule(job: $job) {{ schedule {{ {FIELDS} }} }} }}"
NEXT = """query Next($crontab: String!, $zone: String!, $count: Int!) {
  previewSchedule(crontab: $crontab, timeZone: $zone, count: $count) { words firings { utc local } }
}"""


REMOVABLE = {
    "from": "startsAt",
    "until": "endsAt",
    "set": "arguments",
    "start-limit": "startLimit",
    "run-limit": "runLimit",
    "catch-up-window": "catchUpWindow",
    "pause-after": "pauseAfter",
    "note": "note",
}
"""Options whose values can be removed, and their names in the API."""
LIMIT_REMARKS = {
    "startLimit": ("must start within", "minute"),
    "runLimit": ("may take", "minute"),
    "catchUpWindow": ("catches up", "minute"),
    "pauseAfter": ("pauses itself after", "failed run"),
}


def _arguments(schedule: dict[str, Any]) -> str:
    return ", ".join(f"{argument['name']}={argument['value']}" for argument in schedule["arguments"])


def _next_run(schedule: dict[str, Any], show: Callable[[str | None], str] = format_time) -> str:
    if not schedule["enabled"]:
        return "disabled"
    return show(schedule["nextRuns"][0] if schedule["nextRuns"] else None)


COLUMNS = (
    Column("id", lambda row: row["id"], no_wrap=True),
    Column("job", lambda row: row["job"], no_wrap=True),
    Column("schedule", lambda row: row["words"]),
    Column("arguments", lambda row: _arguments(row) or EMPTY_CELL, rank=1),
    Column("next run", _next_run, short_cell=lambda row: _next_run(row, format_relative), no_wrap=True),
)


@click.group()
def schedules() -> None:
    """List, add, change and remove the schedules of jobs."""


@schedules.command("list")
@click.argument("job", required=False, shell_complete=completion.complete_job)
@json_option
@with_client
def list_schedules(client: Client, job: str | None, *, as_json: bool) -> None:
    """Show the schedules of JOB, or of all jobs: each job's own one, and those that were added."""
    found = client.execute(LIST, {"job": job})["schedules"]
    tables.print_rows(found, COLUMNS, as_json=as_json, empty="There are no schedules.")
    if not as_json:
        tables.print_remarks((row["id"], remark) for row in found for remark in _remarks(row))


def _schedule_options(command: Command) -> Command:
    for option in (
        click.option("--note", help="Why there is this schedule. Shown in the list."),
        click.option(
            "--pause-after", metavar="N", type=click.IntRange(1, 10), help="Pause itself after N failed runs in a row."
        ),
        click.option(
            "--catch-up-window", metavar="MINUTES", type=click.IntRange(1), help="Catch up no older missed slots."
        ),
        click.option("--run-limit", metavar="MINUTES", type=click.IntRange(1), help="Alert if a run takes longer."),
        click.option("--start-limit", metavar="MINUTES", type=click.IntRange(1), help="Alert if a run starts later."),
        click.option("--spread", metavar="MINUTES", type=click.IntRange(0, 15), help="Start up to so much later."),
        click.option(
            "--until", type=Timestamp(ahead=True, is_end=True), help="The last time, or day, at which it may be due."
        ),
        click.option("--from", "begin", type=Timestamp(ahead=True), help="The first time at which it may be due."),
        click.option(
            "--set",
            "arguments",
            metavar="NAME=VALUE",
            type=Argument(),
            multiple=True,
            help="Give its runs an argument, for example threshold=50. Repeatable.",
        ),
        click.option("--zone", metavar="ZONE", help="Time zone of --cron, such as Europe/Berlin.  [default: UTC]"),
        click.option("--at", type=Timestamp(ahead=True), help="Once, at this time."),
        click.option("--cron", metavar="CRONTAB", help='Five fields, such as "0 17 * * FRI", or @daily.'),
    ):
        command = option(command)
    return command


def _removal_options(command: Command) -> Command:
    for name in reversed(REMOVABLE):
        command = click.option(f"--no-{name}", is_flag=True, help=f"Remove what --{name} has set.")(command)
    return command


@schedules.command("add")
@click.argument("job", shell_complete=completion.complete_job)
@_schedule_options
@with_client
def add(client: Client, /, job: str, **options: Any) -> None:
    """Add a schedule to JOB. For example:

    crmctl schedules add low_stock --cron "0 17 * * FRI" --zone Europe/Berlin --set threshold=50 --set amount=100
    """
    made = client.execute_once(ADD, {"input": {"job": job, **_given(**options)}})["createSchedule"]["schedule"]
    _print(made)


@schedules.command("edit")
@click.argument("schedule", shell_complete=completion.complete_schedule)
@_schedule_options
@_removal_options
@click.option("--enable/--disable", "enabled", default=None, help="A disabled schedule is never due.")
@with_client
def edit(client: Client, /, schedule: str, *, enabled: bool | None, **options: Any) -> None:
    """Change the schedule with the id SCHEDULE. That of a job itself has an id such as low_stock.default.

    What is not given stays as it is. With --set, give all arguments.
    """
    removed = {name: field for name, field in REMOVABLE.items() if options.pop(f"no_{name.replace('-', '_')}")}
    changes = _given(**options) | ({} if enabled is None else {"enabled": enabled})
    for name, field in removed.items():
        if field in changes:
            raise CommandError(f"Give --{name} or --no-{name}, not both.")
    changes |= dict.fromkeys(removed.values())
    if not changes:
        raise CommandError("Give at least one option to change.")
    _print(client.execute_once(EDIT, {"id": schedule, "input": changes})["updateSchedule"]["schedule"])


@schedules.command("remove")
@click.argument("schedule", shell_complete=completion.complete_schedule)
@with_client
def remove(client: Client, schedule: str) -> None:
    """Remove the schedule with the id SCHEDULE. Runs that wait already are still done."""
    removed = client.execute_once(REMOVE, {"id": schedule})["deleteSchedule"]["id"]
    print_text(f"{removed} removed.")


@schedules.command("reset")
@click.argument("job", shell_complete=completion.complete_job)
@with_client
def reset(client: Client, job: str) -> None:
    """Give JOB its own schedule back."""
    _print(client.execute_once(RESET, {"job": job})["resetSchedule"]["schedule"])


@schedules.command("next")
@click.argument("crontab")
@click.option("--zone", metavar="ZONE", default="UTC", show_default=True, help="Time zone, such as Europe/Berlin.")
@click.option("--count", metavar="N", type=click.IntRange(1, 500), default=5, show_default=True, help="How many.")
@json_option
@with_client
def next_firings(client: Client, crontab: str, zone: str, count: int, *, as_json: bool) -> None:
    """Show when CRONTAB would fire from now on, in its time zone and in UTC."""
    found = client.execute(NEXT, {"crontab": crontab, "zone": zone, "count": count})["previewSchedule"]
    columns = (
        Column(zone, lambda row: row["local"], no_wrap=True),
        Column("UTC", lambda row: row["utc"], no_wrap=True),
    )
    if not as_json:
        print_text(found["words"])
    tables.print_rows(found["firings"], columns, as_json=as_json, empty="It does not fire.")


def _given(  # noqa: PLR0913 - one for each option
    *,
    cron: str | None,
    at: str | None,
    zone: str | None,
    arguments: Sequence[dict[str, str]],
    begin: str | None,
    until: str | None,
    spread: int | None,
    start_limit: int | None,
    run_limit: int | None,
    catch_up_window: int | None,
    pause_after: int | None,
    note: str | None,
) -> dict[str, Any]:
    """Return what was given, under the names of the API. Raises CommandError."""
    if at and zone:
        raise CommandError(
            "--zone is the time zone of --cron. Write that of --at behind the time: --at '2026-12-24 20:00 Europe/Berlin'."
        )
    wire = {
        "crontab": cron,
        "at": at,
        "timeZone": zone,
        "arguments": list(arguments) or None,
        "startsAt": begin,
        "endsAt": until,
        "spread": spread,
        "startLimit": start_limit,
        "runLimit": run_limit,
        "catchUpWindow": catch_up_window,
        "pauseAfter": pause_after,
        "note": note,
    }
    return {name: value for name, value in wire.items() if value is not None}


def _print(schedule: dict[str, Any]) -> None:
    arguments = f" with {_arguments(schedule)}" * bool(schedule["arguments"])
    print_text(f"{schedule['id']}: {schedule['job']}, {schedule['words']}{arguments}. Next run: {_next_run(schedule)}")


def _remarks(schedule: dict[str, Any]) -> list[str]:
    found = [schedule["note"]] if schedule["note"] else []
    if schedule["paused"]:
        found.append(schedule["paused"])
    if schedule["updatedBy"]:
        found.append(f"changed by {schedule['updatedBy']} at {format_time(schedule['updatedAt'])}")
    if schedule["spread"]:
        found.append(f"starts up to {counted(schedule['spread'], 'minute')} later")
    for field, (words, noun) in LIMIT_REMARKS.items():
        if schedule[field]:
            found.append(f"{words} {counted(schedule[field], noun)}")
    for field, word in (("startsAt", "from"), ("endsAt", "until")):
        if schedule[field]:
            found.append(f"{word} {format_time(schedule[field])}")
    return found
