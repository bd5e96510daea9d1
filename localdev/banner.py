"""What does the developer see when the server is up?"""

from pathlib import Path

from localdev.environment import Jobs
from localdev.server import Address

_JOBS = {
    Jobs.ALL: "run at their times (UTC), and what they log comes here",
    Jobs.ASKED_FOR: "run when they are asked for, none at its time (CRM_JOBS=asked)",
    Jobs.OFF: "off (CRM_JOBS=off)",
}


def full(address: Address, *, endpoint: str, emulator: str, data: str, jobs: Jobs, is_open: bool) -> str:  # noqa: PLR0913 - what it shows
    access = "open: no key needed" if is_open else "needs an API key: this is not loopback, or CRM_OPEN_ACCESS is off"
    return f"""
  CRM on this machine
    API       {address.url}/graphql   ({access})
    Console   {address.url}/console   (and GraphiQL at /graphql, in a browser)
    AWS       {emulator} at {endpoint}
    Data      {data}
    Jobs      {_JOBS[jobs]}
  Try
    curl -s {address.url}/graphql -H 'Content-Type: application/json' \\
      -d '{{"query": "{{ allProducts(first: 3) {{ edges {{ node {{ name price stock }} }} }} }}"}}'
    curl -s {address.url}/graphql -H 'Content-Type: application/json' \\
      -d '{{"query": "mutation {{ runJob(name: \\"low_stock\\") {{ run {{ slot }} }} }}"}}'
    make fast-forward    (all jobs of the last 7 days, now)
  Edit a file and the server reloads. Ctrl-C ends it.
"""


def short(address: Address, endpoint: str) -> str:
    return f"Reloaded: {address.url}/graphql, AWS at {endpoint}"


def kept_data(directory: Path) -> str:
    home = Path.home()
    shown = f"~/{directory.relative_to(home)}" if directory.is_relative_to(home) else str(directory)
    return f"{shown}   (kept between starts; `make reset` starts afresh)"
