"""`crmctl open`: the page of a thing in the console."""

import re
import webbrowser
from urllib.parse import quote, urlsplit

import click

from crmctl import completion, runs
from crmctl.client import Client
from crmctl.commands import CommandError, print_message, with_client
from crmctl.terminal import print_text
from crmctl.time_arguments import Timestamp

PAGES = (
    *("customers", "orders", "products", "reports"),
    *("overview", "runs", "queue", "health", "clean-up", "low-stock"),
    *("import", "api-keys", "notifications", "schedules", "audit-log"),
)
FORMER_PAGES = {"jobs": "overview"}
PAGES_OF_IDS = {"cus": "customers", "ord": "orders", "prd": "products"}
FIND = """query Find($job: String!, $slot: DateTime!, $schedule: ID) {
  jobRun(job: $job, slot: $slot, schedule: $schedule) { slot schedule }
}"""


@click.command("open")
@click.argument("job", metavar="[JOB|ID|WEEK|PAGE]", required=False, shell_complete=completion.complete_job)
@click.argument("slot", required=False, type=Timestamp(), shell_complete=completion.complete_slot)
@click.option("--schedule", metavar="ID", help="The schedule of the run, if several were due at the slot.")
@click.option("--print", "only_print", is_flag=True, help="Print the address. Opens nothing.")
@with_client
def open_command(client: Client, job: str | None, slot: str | None, schedule: str | None, *, only_print: bool) -> None:
    """Open the page of JOB, its run for SLOT, a customer, order or product, a week's report, or a page of the console.

    ID is that of the API, such as cus_...; WEEK is such as 2026-W47. The pages are customers, orders, products, reports,
    overview, runs, queue, health, clean-up, low-stock and import. Without anything, the console itself.
    """
    fragment = _fragment(client, job, slot, schedule)
    parts = urlsplit(client.url)
    path = parts.path.rpartition("/")[0] + "/console"
    address = parts._replace(path=path, query="", fragment=fragment).geturl()
    if only_print:
        print_text(address)
    elif webbrowser.open(address):
        print_message(f"Opened {address}")
    else:
        raise CommandError(f"No browser can be started. Open {address}")


def _fragment(client: Client, thing: str | None, slot: str | None, schedule: str | None) -> str:
    """Return the console's own address of a thing. Raises ApiError and CommandError if there is none."""
    if thing is None:
        return ""
    thing = FORMER_PAGES.get(thing, thing)
    if thing in PAGES:
        return f"/{thing}"
    kind, separator, _ = thing.partition("_")
    if separator and kind in PAGES_OF_IDS:
        return f"/{PAGES_OF_IDS[kind]}/{quote(thing)}"
    if re.fullmatch(r"\d{4}-W\d\d", thing):
        return f"/reports/{thing}"
    if slot is None:
        client.execute(runs.CHECK_JOB, {"job": thing})
        return f"/jobs/{quote(thing)}"
    run = client.execute(FIND, {"job": thing, "slot": slot, "schedule": schedule})["jobRun"]
    if run is None:
        raise CommandError(f"{thing} has no run of {slot}. List its runs: crmctl runs {thing}")
    own = run["schedule"] == f"{thing}.default"
    return f"/runs/{quote(thing)}/{quote(run['slot'], safe='')}" + ("" if own else f"/{quote(run['schedule'])}")
