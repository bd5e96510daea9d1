"""Make `chalice local` work without an AWS account and without anything else installed.

app.py calls start() before it imports chalicelib, and run_jobs() after it has registered all functions. Chalice never
packages this directory.
"""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localdev.lambda_events import ChaliceApp


def start() -> None:
    """Under `chalice local`, start the emulator, tables and demo data. Elsewhere do nothing.

    Ends the process with a message if that fails: a server without its data would only confuse.
    """
    if _is_local_server():
        keep_bytecode_out_of_the_checkout()
        from localdev import startup  # imported here, so that `chalice deploy` and `package` do not load it

        startup.prepare_server()


def keep_bytecode_out_of_the_checkout() -> None:
    """Write no bytecode, unless it goes elsewhere: at each new file in the checkout, Chalice restarts a server that runs there."""
    if sys.pycache_prefix is None:
        sys.dont_write_bytecode = True


def run_jobs(app: "ChaliceApp") -> None:
    """Under `chalice local`, call the app's functions on schedule and for messages of its queue."""
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
