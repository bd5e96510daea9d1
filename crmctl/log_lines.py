"""Read all log lines of a run, page by page."""

from collections.abc import Iterator

from crmctl.client import Client

LINES = """query Lines($job: String!, $slot: DateTime!, $schedule: ID, $after: String) {
  jobRun(job: $job, slot: $slot, schedule: $schedule) {
    logLines(first: 1000, after: $after) { edges { node } pageInfo { hasNextPage endCursor } }
  }
}"""


def read(client: Client, job: str, slot: str, schedule: str | None) -> Iterator[str]:
    """Yield the lines in their order. Raises ApiError."""
    which = {"job": job, "slot": slot, "schedule": schedule}
    after: str | None = None
    while True:
        page = client.execute(LINES, {**which, "after": after})["jobRun"]["logLines"]
        yield from (edge["node"] for edge in page["edges"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
