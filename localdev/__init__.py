"""How does `chalice local` come to run with no AWS account and nothing else installed?

app.py calls start() before it imports chalicelib, and run_jobs() when all functions are registered. Chalice never
packages this directory.
"""

import os
import sys
from typing import Any


def start() -> None:
    """Under `chalice local`, return once emulator, tables and demo data are there; otherwise at once.

    Ends the process with a message when that cannot be: a server without its data would only confuse.
    """
    if _is_local_server():
        sys.dont_write_bytecode = True  # each new file in the checkout makes Chalice restart its worker
        from localdev import startup  # here, so that `chalice deploy` and `package` load nothing of it

        startup.begin()


def run_jobs(app: Any) -> None:
    """Under `chalice local`, have the app's schedules and its queue set off its functions."""
    if _is_local_server():
        from localdev import startup

        startup.run_jobs(app)


def _is_local_server() -> bool:
    if os.environ.get("CHALICE_WORKER") == "true":
        return True
    if os.environ.get("AWS_CHALICE_CLI_MODE") != "true":
        return False
    import click

    context = click.get_current_context(silent=True)
    return context is not None and context.info_name == "local"
