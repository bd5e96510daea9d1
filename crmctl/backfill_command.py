"""`crmctl backfill`: run the slots of the past that have no successful run, and show the progress."""

import time
from typing import Any

import click

from crmctl import completion
from crmctl.client import ApiError, Client
from crmctl.commands import print_message, with_client
from crmctl.display import Display
from crmctl.run_command import EXIT_FAILED, EXIT_UNFINISHED
from crmctl.terminal import print_text
from crmctl.text import counted
from crmctl.time_arguments import Timestamp

BACKFILL = """mutation Backfill($job: String!, $from: DateTime!, $to: DateTime!, $dryRun: Boolean!) {
  backfill(job: $job, from: $from, to: $to, dryRun: $dryRun) { slots }
}"""
PROGRESS = "query Progress($job: String!) { job(name: $job) { backfill { left current } pause { reason actor } } }"
DELAY = 1.0
"""Seconds between two looks at the progress."""


@click.command()
@click.argument("job", shell_complete=completion.complete_job)
@click.option("--from", "begin", type=Timestamp(), required=True, help="The first slot may be at this time.")
@click.option(
    "--to",
    "end",
    type=Timestamp(is_end=True),
    required=True,
    help="The last slot may be at this time; a day alone means its end.",
)
@click.option("--dry-run", is_flag=True, help="List the slots. Runs nothing.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Show the progress until all has run.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=3600,
    show_default=True,
    help="Maximum time to wait. The backfill itself continues.",
)
@with_client
def backfill(  # noqa: PLR0913 - one for each option
    client: Client, job: str, begin: str, end: str, timeout: float, *, dry_run: bool, wait: bool
) -> None:
    """Run each slot of JOB's own schedule between two times that has no successful run, the oldest first, one at a time.

    Safe to repeat: what has succeeded is not run again. To stop it, cancel the run that it has started. For example:

    crmctl backfill weekly_report --from 2026-01-01 --to 2026-12-31

    Exit status: 0 all have succeeded, 1 some have not, 2 wrong usage or connection, 3 not finished in time, 130 Ctrl-C.
    """
    variables = {"job": job, "from": begin, "to": end}
    slots = client.execute_once(BACKFILL, {**variables, "dryRun": dry_run})["backfill"]["slots"]
    if dry_run:
        for slot in slots:
            print_text(slot)
    if not slots:
        print_text("Every slot has a successful run.")
    elif dry_run or not wait:
        running = "will be run" if len(slots) == 1 else "will be run, the oldest first"
        print_message(f"{counted(len(slots), 'slot')} {'would be run' if dry_run else running}.")
    else:
        _follow(client, variables, len(slots), timeout)


def _follow(client: Client, variables: dict[str, Any], total: int, timeout: float) -> None:
    """Show the progress. Exit with another status than 0 if a run is left, or has not succeeded."""
    job = variables["job"]
    try:
        is_over = _wait_for_end(client, job, total, timeout)
    except (ApiError, KeyboardInterrupt):
        print_message(f"The backfill continues without this command. See its runs: crmctl runs {job}")
        raise
    if not is_over:
        print_message(f"Not finished after {timeout:g} s. The backfill continues. See its runs: crmctl runs {job}")
        raise click.exceptions.Exit(EXIT_UNFINISHED)
    left = client.execute_once(BACKFILL, {**variables, "dryRun": True})["backfill"]["slots"]
    have = "has" if total == 1 else "have"
    print_text(f"{total - len(left)} of {counted(total, 'slot')} {have} a successful run.")
    if left:
        print_text(f"Without one: {', '.join(left)}")
        raise click.exceptions.Exit(EXIT_FAILED)


def _wait_for_end(client: Client, job: str, total: int, timeout: float) -> bool:
    """Return False if it has not ended in time."""
    deadline = time.monotonic() + timeout
    done, is_paused = 0, False
    with Display() as display:
        display.start("slots", total)
        while True:
            found = client.execute(PROGRESS, {"job": job})["job"]
            progress = found["backfill"]
            now_done = max(done, total - progress["left"] - bool(progress["current"])) if progress else total
            display.advance(now_done - done)
            done = now_done
            if progress is None or time.monotonic() > deadline:
                return progress is None
            if found["pause"] and not is_paused:
                display.print_message(
                    f"{job} is paused: {found['pause']['reason']}. The backfill goes on once it is resumed."
                )
            is_paused = bool(found["pause"])
            time.sleep(DELAY)
