"""`crmctl logs`: the log of a run, also while it is written."""

import time
from typing import Any

import click

from crmctl import completion, runs, standard_output
from crmctl.client import Client
from crmctl.commands import CommandError, print_message, with_client
from crmctl.run_command import UNFINISHED_STATUSES
from crmctl.terminal import print_text
from crmctl.time_arguments import Timestamp

LATEST = """query Latest($job: String!) {
  job(name: $job) { latest { slot schedule } }
  jobRuns(job: $job, first: 1) { edges { node { slot schedule } } }
}"""
LOG = f"""query Log($job: String!, $slot: DateTime!, $schedule: ID, $after: String) {{
  jobRun(job: $job, slot: $slot, schedule: $schedule) {{
    {runs.FIELDS}
    logLines(first: 1000, after: $after) {{ edges {{ node }} pageInfo {{ hasNextPage endCursor }} }}
  }}
}}"""
DELAY = 1.0
"""Seconds between two looks at a run in progress."""


@click.command()
@click.argument("job", shell_complete=completion.complete_job)
@click.argument("slot", required=False, type=Timestamp(), shell_complete=completion.complete_slot)
@click.option("--schedule", metavar="ID", help="The schedule of the run, if several were due at the slot.")
@click.option("-f", "--follow", is_flag=True, help="Show new lines as they come, until the run ends.")
@with_client
def logs(client: Client, job: str, slot: str | None, schedule: str | None, *, follow: bool) -> None:
    """Show the log of the run of JOB for SLOT, or of its latest run.

    The lines go to stdout, and what became of the run to stderr.
    """
    which = {"job": job, "slot": slot, "schedule": schedule}
    if slot is None:
        which |= _find_latest(client, job)
    run = _print_log(client, which, follow=follow)
    print_message(f"{job} {runs.describe_run(run)}")


def _find_latest(client: Client, job: str) -> dict[str, Any]:
    """Return the latest run that has started; of a job without schedules, such as `erasure`, the latest run."""
    found = client.execute(LATEST, {"job": job})
    runs_ = [edge["node"] for edge in found["jobRuns"]["edges"]]
    latest: dict[str, Any] | None = found["job"]["latest"] if found["job"] else next(iter(runs_), None)
    if latest is None:
        raise CommandError(f"{job} has not run yet. Run it: crmctl run {job}")
    return latest


def _print_log(client: Client, which: dict[str, Any], *, follow: bool) -> dict[str, Any]:
    """Print the lines page by page. Return the run as it was before the last page was read."""
    after: str | None = None
    while True:
        run: dict[str, Any] | None = client.execute(LOG, {**which, "after": after})["jobRun"]
        if run is None:
            raise CommandError(
                f"{which['job']} has no run of {which['slot']}. List its runs: crmctl runs {which['job']}"
            )
        page = run["logLines"]
        for edge in page["edges"]:
            print_text(edge["node"], hanging=2)
        after = page["pageInfo"]["endCursor"] or after
        if page["pageInfo"]["hasNextPage"]:
            continue
        if not follow or run["status"] not in UNFINISHED_STATUSES or not standard_output.is_read():
            return run
        time.sleep(DELAY)
