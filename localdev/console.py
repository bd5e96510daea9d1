"""How does localdev speak to the developer, and how does it end the server?"""

import os
import sys
from typing import NoReturn


class LocalError(Exception):
    """Why `chalice local` cannot start, and what to do: the text is for the developer."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def leave(code: int) -> NoReturn:
    """End this process from any thread: app.py is imported in a daemon thread, where sys.exit ends nothing.

    Chalice's reloader starts a new worker when the code is 3, and ends with any other.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def fail(text: str) -> NoReturn:
    complain(f"\nchalice local cannot start. {text}\n")
    leave(1)
