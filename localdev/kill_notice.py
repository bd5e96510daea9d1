"""Report that this process was killed, which it cannot do itself.

Chalice's reloader ends without a word when its worker is killed. A child process, a shell, therefore waits for the end of
a pipe. It prints the message unless this process has written to the pipe before its end.
"""

import atexit
import subprocess
from contextlib import suppress

_SCRIPT = 'read -r _ || printf "\\n%s\\n\\n" "$1" >&2'
_watchers: list[subprocess.Popen[bytes]] = []


def report_when_killed(message: str) -> None:
    """Print the message to stderr when this process is killed. Ctrl-C ends the child, too, and nothing is printed."""
    watcher = subprocess.Popen(["sh", "-c", _SCRIPT, "sh", message], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    _watchers.append(watcher)
    atexit.register(cancel_report)


def cancel_report() -> None:
    """End the child. Called before every regular end of this process; os._exit runs no atexit functions."""
    while _watchers:
        with suppress(OSError, subprocess.TimeoutExpired):  # Ctrl-C has ended the child
            _watchers.pop().communicate(b"\n", timeout=1)
