"""How does a server get its emulator: the one that runs, or a new one?"""

import subprocess
import sys
import threading
import time

from localdev import emulator
from localdev.console import LocalError, complain, leave, say
from localdev.emulator_supervisor import READY_SECONDS
from localdev.processes import Process
from localdev.state import CHECKOUT, Backend, State

CONNECT_SECONDS = READY_SECONDS + emulator.SAVE_SECONDS
RESTART = 3
"""The exit code at which Chalice's reloader starts a new worker."""


def connect(state: State, owner: Process) -> Backend:
    """Register the owner and wait for an emulator that answers. Raises LocalError."""
    state.create()
    began = time.monotonic()
    keeper: subprocess.Popen[bytes] | None = None
    told = False
    while emulator.wait_until(began + CONNECT_SECONDS):
        with state.locked("owners"):  # or the keeper decides just now that nobody needs it
            state.join(owner)
            backend = state.backend()
        if backend is not None:
            if emulator.answers(backend.endpoint):
                return backend
            continue
        if keeper is None:
            _check_data(state)
            emulator.fetch()
            keeper = _start_keeper(state)
        elif keeper.poll() is not None:
            if keeper.returncode != 0:
                raise LocalError(_explain(state, "MiniStack ended before it was ready"))
            keeper = None
        if not told and time.monotonic() > began + 10:
            told = True
            say(f"Still waiting for MiniStack (log: {state.log}) ...")
    raise LocalError(_explain(state, f"MiniStack was not ready in {CONNECT_SECONDS} s"))


def watch(state: State, backend: Backend, *, reloaded: bool) -> None:
    """When the emulator is lost (crashed, or reset), have the reloader start this worker anew; without one, end."""

    def wait() -> None:
        began = time.monotonic()
        while backend.keeper.alive():
            time.sleep(1)
        if reloaded and time.monotonic() > began + 5:
            complain("MiniStack ended; starting it again.")
            leave(RESTART)
        complain(_explain(state, "MiniStack ended, and this server with it"))
        leave(1)

    threading.Thread(target=wait, name="emulator-watch", daemon=True).start()


def _start_keeper(state: State) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C does not reach it."""
    environment = emulator.neutral_environment() | {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
    with state.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "localdev.emulator_supervisor", str(state.root)],
            env=environment,
            cwd=state.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _check_data(state: State) -> None:
    file = state.unreadable_file()
    if file is not None:
        raise LocalError(
            f"The saved data cannot be read: {file}\n"
            "`make reset` (python -m localdev reset) deletes it; the next start makes demo data again."
        )


def _explain(state: State, what: str) -> str:
    return f"{what}. The end of {state.log}:\n{emulator.log_tail(state)}\n`make reset` starts afresh."
