"""`crmctl cancel`: cancel a run."""

import click

from crmctl import completion, runs
from crmctl.client import Client
from crmctl.commands import with_client
from crmctl.terminal import print_text
from crmctl.time_arguments import Timestamp

CANCEL = f"""mutation Cancel($job: String!, $slot: DateTime!, $schedule: ID, $reason: String!) {{
  cancelRun(job: $job, slot: $slot, schedule: $schedule, reason: $reason) {{ run {{ {runs.FIELDS} }} }}
}}"""


@click.command()
@click.argument("job", shell_complete=completion.complete_job)
@click.argument("slot", type=Timestamp(), shell_complete=completion.complete_slot)
@click.option("--reason", required=True, help="Why the run is cancelled. Shown to everyone who looks at the run.")
@click.option("--schedule", metavar="ID", help="The schedule of the run, if several were due at the slot.")
@with_client
def cancel(client: Client, job: str, slot: str, reason: str, schedule: str | None) -> None:
    """Cancel the run of JOB for SLOT.

    A run that waits ends at once, a run in progress after the step that it is taking. What it has done stays. Continue
    it with `crmctl run JOB --slot SLOT`.
    """
    variables = {"job": job, "slot": slot, "schedule": schedule, "reason": reason}
    run = client.execute_once(CANCEL, variables)["cancelRun"]["run"]
    print_text(runs.describe_run(run))
    if run["status"] == "RUNNING":
        print_text("It ends after the step that it is taking.")
