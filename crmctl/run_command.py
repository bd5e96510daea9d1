"""`crmctl run`: start a run, wait for it and show its result."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from crmctl import completion, log_lines, runs
from crmctl.argument_option import Argument
from crmctl.client import ApiError, Client
from crmctl.commands import print_message, with_client
from crmctl.terminal import print_text
from crmctl.text import escape_unprintable
from crmctl.time_arguments import Timestamp

RUN = """mutation Run($name: String!, $slot: DateTime, $schedule: ID, $at: DateTime, $dryRun: Boolean!, $cap: Int,
                         $arguments: [RunArgumentInput!]) {
  runJob(
    name: $name, slot: $slot, schedule: $schedule, at: $at, dryRun: $dryRun, cap: $cap, arguments: $arguments
  ) {
    run { job slot schedule status }
    preview { summary lines more }
  }
}"""
FOLLOW = f"""query Follow($job: String!, $slot: DateTime!, $schedule: ID) {{
  jobRun(job: $job, slot: $slot, schedule: $schedule) {{ {runs.FIELDS} }}
}}"""
UNFINISHED_STATUSES = frozenset({"WAITING", "RUNNING"})
EXIT_FAILED, EXIT_UNFINISHED = 1, 3
FIRST_DELAY, MAX_DELAY = 0.2, 2.0
Command = TypeVar("Command", bound=Callable[..., Any])


def wait_options(command: Command) -> Command:
    command = click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=120,
        show_default=True,
        help="Maximum time to wait. The run itself continues.",
    )(command)
    return click.option(
        "--wait/--no-wait",
        default=True,
        show_default=True,
        help="Wait for the run to finish, and show its result.",
    )(command)


@click.command()
@click.argument("job", shell_complete=completion.complete_job)
@click.option("--dry-run", is_flag=True, help="Show what the run would do. Writes nothing.")
@click.option("--cap", metavar="N", type=int, help="Maximum number of customers that a clean-up may delete.")
@click.option(
    "--set",
    "arguments",
    metavar="NAME=VALUE",
    type=Argument(),
    multiple=True,
    help="Give the run an argument, for example threshold=50. Repeatable.",
)
@click.option(
    "--slot",
    type=Timestamp(),
    help="Repeat the failed, missed, skipped or cancelled run of this slot, or attempt it again at once.",
)
@click.option("--schedule", metavar="ID", help="The schedule of that run, if several were due at the slot.")
@click.option("--at", type=Timestamp(ahead=True), help="Run it once, at this time, for example 'tomorrow 08:00' (UTC).")
@wait_options
@with_client
def run(  # noqa: PLR0913, PLR0917 - one for each option
    client: Client,
    job: str,
    slot: str | None,
    schedule: str | None,
    at: str | None,
    cap: int | None,
    arguments: Sequence[dict[str, str]],
    timeout: float,
    *,
    dry_run: bool,
    wait: bool,
) -> None:
    """Run JOB now, or with --at once at that time.

    If a run started with the same options is still waiting, the command follows that run instead.

    Exit status: 0 succeeded (with --no-wait: started), 1 failed, skipped or cancelled, 2 wrong usage or connection, 3 not
    finished in time, 130 Ctrl-C.
    """
    variables = {
        "name": job,
        "slot": slot,
        "schedule": schedule,
        "at": at,
        "dryRun": dry_run,
        "cap": cap,
        "arguments": list(arguments),
    }
    started = client.execute_once(RUN, variables)["runJob"]
    if dry_run:
        print_preview(started["preview"])
    elif at:
        job_run = started["run"]
        print_text(f"{job_run['job']} runs at {job_run['slot']}, as {job_run['schedule']}.")
        print_message(f"Cancel it with: crmctl cancel {job_run['job']} {job_run['slot']} --reason REASON")
    else:
        follow(client, started["run"], wait=wait, timeout=timeout)


def follow(client: Client, started: dict[str, Any], *, wait: bool, timeout: float) -> None:
    """Wait for the run, print its result, and exit with the status that belongs to it."""
    job, slot, schedule = started["job"], started["slot"], started.get("schedule")
    print_text(f"{job} started: run {slot}", err=wait)
    if not wait:
        return
    try:
        result = wait_for_end(client, {"job": job, "slot": slot, "schedule": schedule}, timeout)
    except (ApiError, KeyboardInterrupt):
        print_message(f"The run continues without this command. See its result: crmctl runs {job}")
        raise
    runs.print_lines(log_lines.read(client, job, slot, schedule))
    print_text(runs.describe_run(result))  # last, since a run can have thousands of lines
    if result["status"] in UNFINISHED_STATUSES:
        print_message(f"Not finished after {timeout:g} s. The run continues. See its result: crmctl runs {job}")
        raise click.exceptions.Exit(EXIT_UNFINISHED)
    if result["status"] != "SUCCEEDED":
        raise click.exceptions.Exit(EXIT_FAILED)


def wait_for_end(client: Client, which: dict[str, str | None], timeout: float) -> dict[str, Any]:
    """Return the run when it has finished, or its state at the time-out."""
    deadline = time.monotonic() + timeout
    delay = FIRST_DELAY
    with Console(stderr=True).status("") as status:
        while True:
            found: dict[str, Any] = client.execute(FOLLOW, which)["jobRun"]
            left = deadline - time.monotonic()
            if found["status"] not in UNFINISHED_STATUSES or left <= 0:
                return found
            status.update(Text(escape_unprintable(runs.describe_run(found))))
            time.sleep(min(delay, left))
            delay = min(delay * 1.5, MAX_DELAY)


def print_preview(preview: dict[str, Any]) -> None:
    print_text(preview["summary"])
    runs.print_lines(preview["lines"])
    if preview["more"]:
        print_text("… and more", indent=2)
