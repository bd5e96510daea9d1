"""How is a run asked for, and what came of it?"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from crmctl import runs
from crmctl.client import ApiError, Client
from crmctl.commands import say, with_client
from crmctl.text import plain
from crmctl.time_arguments import Moment

RUN = """mutation Run($name: String!, $slot: DateTime, $dryRun: Boolean!, $cap: Int) {
  runJob(name: $name, slot: $slot, dryRun: $dryRun, cap: $cap) {
    run { job slot status }
    preview { summary lines more }
  }
}"""
FOLLOW = f"""query Follow($job: String!, $slot: DateTime!) {{
  jobRun(job: $job, slot: $slot) {{ {runs.FIELDS} lines }}
}}"""
UNFINISHED = frozenset({"WAITING", "RUNNING"})
FAILED, GOES_ON = 1, 3
FIRST_DELAY, MAX_DELAY = 0.2, 2.0
Command = TypeVar("Command", bound=Callable[..., Any])


def wait_options(command: Command) -> Command:
    command = click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=120,
        show_default=True,
        help="How long to wait at most. The run goes on by itself.",
    )(command)
    return click.option(
        "--wait/--no-wait",
        default=True,
        show_default=True,
        help="Wait for the end of the run, and show what came of it.",
    )(command)


@click.command()
@click.argument("job")
@click.option("--dry-run", is_flag=True, help="Only show what would be done. Nothing is written.")
@click.option("--cap", metavar="N", type=int, help="How many customers a clean-up may delete.")
@click.option("--slot", type=Moment(), help="Repeat the failed, missed or skipped run of that slot.")
@wait_options
@with_client
def run(  # noqa: PLR0913 - one for each option
    client: Client, job: str, slot: str | None, cap: int | None, timeout: float, *, dry_run: bool, wait: bool
) -> None:
    """Run JOB now.

    While a run that was asked for in the same words still waits, that one is the answer.

    Exit status: 0 it succeeded (with --no-wait: it was asked for), 1 it failed or was skipped, 2 wrong usage or
    connection, 3 it was not finished in time, 130 Ctrl-C.
    """
    # The client repeats this when the answer is lost, and then it may have been asked for twice: while the first run
    # waits the API answers with it, and once it has begun, a second one finds nothing more to do. A slot that is asked
    # for twice is refused, with the state that its run has by then.
    asked = client.execute(RUN, {"name": job, "slot": slot, "dryRun": dry_run, "cap": cap})["runJob"]
    if dry_run:
        _show_preview(asked["preview"])
    else:
        follow(client, asked["run"], wait=wait, timeout=timeout)


def follow(client: Client, asked: dict[str, Any], *, wait: bool, timeout: float) -> None:
    """Ends the command with a status that tells what came of the run."""
    job, slot = asked["job"], asked["slot"]
    click.echo(plain(f"{job} was asked for: run {slot}"), err=wait)
    if not wait:
        return
    try:
        result = _result(client, job, slot, timeout)
    except (ApiError, KeyboardInterrupt):
        say(f"The run does not depend on this command. See what comes of it: crmctl runs {job}")
        raise
    runs.show_lines(result["lines"])
    click.echo(plain(runs.described(result)))  # last, since a run can have thousands of lines
    if result["status"] in UNFINISHED:
        say(f"Not finished after {timeout:g} s; it goes on. See what comes of it: crmctl runs {job}")
        raise click.exceptions.Exit(GOES_ON)
    if result["status"] != "SUCCEEDED":
        raise click.exceptions.Exit(FAILED)


def _result(client: Client, job: str, slot: str, timeout: float) -> dict[str, Any]:
    """The run at its end, or as it is when the time is over."""
    deadline = time.monotonic() + timeout
    delay = FIRST_DELAY
    with Console(stderr=True).status("") as status:
        while True:
            found: dict[str, Any] = client.execute(FOLLOW, {"job": job, "slot": slot})["jobRun"]
            left = deadline - time.monotonic()
            if found["status"] not in UNFINISHED or left <= 0:
                return found
            status.update(Text(plain(runs.described(found))))
            time.sleep(min(delay, left))
            delay = min(delay * 1.5, MAX_DELAY)


def _show_preview(preview: dict[str, Any]) -> None:
    click.echo(plain(preview["summary"]))
    runs.show_lines(preview["lines"])
    if preview["more"]:
        click.echo("  … and more")
