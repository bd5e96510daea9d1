"""What does the developer see when the server is up?"""

from pathlib import Path

from localdev.server import Address


def full(address: Address, *, endpoint: str, emulator: str, data: str, is_open: bool) -> str:
    access = "open: no key needed" if is_open else "needs an API key: this is not loopback, or CRM_OPEN_ACCESS is off"
    return f"""
  CRM on this machine
    API       {address.url}/graphql   ({access})
    AWS       {emulator} at {endpoint}
    Data      {data}
  Try
    curl -s {address.url}/graphql -H 'Content-Type: application/json' \\
      -d '{{"query": "{{ allProducts(first: 3) {{ edges {{ node {{ name price stock }} }} }} }}"}}'
  Edit a file and the server reloads. Ctrl-C ends it.
"""


def short(address: Address, endpoint: str) -> str:
    return f"Reloaded: {address.url}/graphql, AWS at {endpoint}"


def kept_data(directory: Path) -> str:
    home = Path.home()
    shown = f"~/{directory.relative_to(home)}" if directory.is_relative_to(home) else str(directory)
    return f"{shown}   (kept between starts; `make reset` starts afresh)"
