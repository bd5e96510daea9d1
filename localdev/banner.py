"""The texts that a developer sees when the server is up."""

from datetime import datetime
from pathlib import Path

from localdev.environment import JobsMode
from localdev.server import Address

_JOBS = {
    JobsMode.ALL: "run on schedule (UTC); their log lines appear here",
    JobsMode.ON_DEMAND: "run on demand only, not on schedule (CRM_JOBS=asked)",
    JobsMode.OFF: "off (CRM_JOBS=off)",
}


def format_banner(*, address: Address, endpoint: str, emulator: str, data: str, jobs: JobsMode, is_open: bool) -> str:  # noqa: PLR0913 - one per line of the banner
    access = "open: no key needed" if is_open else "needs an API key: not on loopback, or CRM_OPEN_ACCESS is off"
    return f"""
  CRM on this machine
    API       {address.url}/graphql   ({access})
    Console   {address.url}/console   (GraphiQL: open /graphql in a browser)
    AWS       {emulator} at {endpoint}
    Data      {data}
    Jobs      {_JOBS[jobs]}
  Try
    curl -s {address.url}/graphql -H 'Content-Type: application/json' \\
      -d '{{"query": "{{ lowStockProducts(first: 4) {{ edges {{ node {{ name stock }} }} }} }}"}}'
    curl -s {address.url}/graphql -H 'Content-Type: application/json' \\
      -d '{{"query": "mutation {{ runJob(name: \\"low_stock\\") {{ run {{ slot }} }} }}"}}'
    curl -s {address.url}/graphql -H 'Content-Type: application/json' \\
      -d '{{"query": "{{ jobRuns(job: \\"low_stock\\", first: 1) {{ edges {{ node {{ status lines }} }} }} }}"}}'
    and then the console: it says what went wrong today.   (More: docs/tour.md)
  The server reloads when you edit a file. Stop it with Ctrl-C.
"""


def format_reload_line(address: Address, endpoint: str) -> str:
    return f"Reloaded: {address.url}/graphql, AWS at {endpoint}"


def describe_loss(lost_since: datetime) -> str:
    time = f"{lost_since.astimezone():%Y-%m-%d %H:%M:%S}"
    return f"MiniStack was killed before it saved its data. The data is from {time}; later changes are lost."


def describe_data(directory: Path) -> str:
    home = Path.home()
    shown = f"~/{directory.relative_to(home)}" if directory.is_relative_to(home) else str(directory)
    return f"{shown}   (kept between starts; start over with `make reset`)"
