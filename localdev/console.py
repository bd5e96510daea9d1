"""Print messages for the developer, and end the server."""

import os
import sys
from typing import NoReturn

from localdev import kill_notice


class LocalError(Exception):
    """`chalice local` cannot start. The message says why and what to do."""


def print_info(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_error(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def exit_process(code: int) -> NoReturn:
    """End this process from any thread. app.py is imported in a daemon thread, where sys.exit ends nothing.

    Chalice's reloader starts a new worker for code 3, and ends for any other code.
    """
    kill_notice.cancel_report()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def exit_with_error(text: str) -> NoReturn:
    print_error(f"\nchalice local cannot start. {text}\n")
    exit_process(1)
