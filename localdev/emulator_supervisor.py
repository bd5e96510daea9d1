"""The process that owns MiniStack. The servers of a checkout share it; it ends when the last server has ended."""

import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from localdev.console import LocalError, print_error
from localdev.emulator import Emulator
from localdev.processes import Process
from localdev.state import RunningEmulator, State

READY_SECONDS = 60
POLL_SECONDS = 0.5


class Supervisor:
    def __init__(self, state: State) -> None:
        self._state = state
        self._stop = threading.Event()

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def run(self) -> int:
        lock = os.open(self._state.lifetime_lock, os.O_RDWR | os.O_CREAT, 0o600)
        if not self._acquire_lock(lock):
            return 0
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(Process.current()).encode(), 0)
        try:
            emulator = Emulator(self._state, lock)
        except LocalError as error:
            print_error(str(error))
            return 1
        try:
            return self._supervise(emulator)
        finally:
            self._state.withdraw_emulator()
            emulator.stop()

    def _acquire_lock(self, lock: int) -> bool:
        """Wait for another supervisor to end. Return False if it stays."""
        while not self._stop.is_set() and self._state.owners():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._state.running_emulator() is not None:
                    return False
                self._stop.wait(0.05)
            else:
                return True
        return False

    def _supervise(self, emulator: Emulator) -> int:
        deadline = time.monotonic() + READY_SECONDS
        while not emulator.is_ready():
            if not emulator.is_running() or time.monotonic() > deadline:
                return 1
            if self._stop.wait(0.05) or not self._state.owners():
                return 0
        self._state.publish_emulator(RunningEmulator(emulator.endpoint, Process.current(), emulator.lost_since))
        while not self._stop.wait(POLL_SECONDS):
            if not emulator.is_running():
                return 1
            with self._state.locked("owners"):
                if not self._state.owners():
                    self._state.withdraw_emulator()
                    return 0
        return 0


def main() -> int:
    supervisor = Supervisor(State(Path(sys.argv[1])))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, supervisor.stop)
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
