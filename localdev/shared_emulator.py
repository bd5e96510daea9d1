"""Connect a server to the emulator that its checkout's servers share, and start one if none runs."""

import subprocess
import sys
import threading
import time

from localdev import emulator
from localdev.console import LocalError, exit_process, print_error, print_info
from localdev.emulator_supervisor import READY_SECONDS
from localdev.processes import Process
from localdev.state import CHECKOUT, RunningEmulator, State

CONNECT_SECONDS = READY_SECONDS + emulator.SAVE_SECONDS
POLL_SECONDS = 0.05
RESTART = 3
"""Exit code for which Chalice's reloader starts a new worker."""


def connect(state: State, owner: Process) -> RunningEmulator:
    """Register the owner, and wait for an emulator that is reachable. Raises LocalError."""
    state.create()
    began = time.monotonic()
    deadline = began + CONNECT_SECONDS
    supervisor: subprocess.Popen[bytes] | None = None
    is_delay_reported = False
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        with state.locked("owners"):  # otherwise the supervisor could end just now because it has no owner
            state.add_owner(owner)
            running = state.running_emulator()
        if running is not None:
            if emulator.is_reachable(running.endpoint):
                return running
            continue
        if supervisor is None:
            _check_data(state)
            emulator.fetch()
            supervisor = _start_supervisor(state)
        elif supervisor.poll() is not None:
            if supervisor.returncode != 0:
                raise LocalError(_with_log_tail(state, "MiniStack ended before it was ready"))
            supervisor = None
        if not is_delay_reported and time.monotonic() > began + 10:
            is_delay_reported = True
            print_info(f"Still waiting for MiniStack (log: {state.log}) ...")
    raise LocalError(_with_log_tail(state, f"MiniStack was not ready in {CONNECT_SECONDS} s"))


def watch(state: State, running: RunningEmulator, *, reloaded: bool) -> None:
    """When the emulator has ended, restart this worker through the reloader. Without a reloader, end the server."""

    def wait() -> None:
        began = time.monotonic()
        while running.supervisor.is_alive():
            time.sleep(1)
        if reloaded and time.monotonic() > began + 5:
            print_error("MiniStack ended. Restarting it.")
            exit_process(RESTART)
        print_error(_with_log_tail(state, "MiniStack ended, and this server with it"))
        exit_process(1)

    threading.Thread(target=wait, name="emulator-watch", daemon=True).start()


def _start_supervisor(state: State) -> subprocess.Popen[bytes]:
    """Start the supervisor in a session of its own, so that Ctrl-C does not reach it."""
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
    file = state.find_unreadable_file()
    if file is not None:
        raise LocalError(
            f"The saved data is damaged: {file}\n"
            "`make reset` (python -m localdev reset) deletes it. The next start creates demo data again."
        )


def _with_log_tail(state: State, what: str) -> str:
    return f"{what}. The end of {state.log}:\n{emulator.read_log_tail(state)}\nStart over with `make reset`."
