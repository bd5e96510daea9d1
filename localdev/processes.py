"""Identify processes across time: by id and start time, because ids are reused."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()


@dataclass(frozen=True, slots=True)
class Process:
    """A process by id and start time."""

    pid: int
    started: str

    @classmethod
    def find(cls, pid: int) -> "Process | None":
        started = _start_time(pid)
        return None if started is None else cls(pid, started)

    @classmethod
    def current(cls) -> "Process":
        return cls(os.getpid(), _start_time(os.getpid()) or "unknown")

    @classmethod
    def parse(cls, text: str) -> "Process | None":
        pid, _, started = text.strip().partition("-")
        return cls(int(pid), started) if pid.isdigit() and started else None

    def __str__(self) -> str:
        return f"{self.pid}-{self.started}"

    def is_alive(self) -> bool:
        return _start_time(self.pid) == self.started

    def terminate(self) -> None:
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


def is_in_our_group(pid: int) -> bool:
    """Return whether the process is in this process's group, like the reloader that started a worker."""
    try:
        return os.getpgid(pid) == os.getpgrp()
    except OSError:
        return False


def call_when_parent_ends(parent: int, action: Callable[[], None]) -> None:
    """Call `action` from a thread when the parent has ended. The kernel then gives this process another parent."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        action()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _start_time(pid: int) -> str | None:
    """Return None if there is no such process, or only its zombie."""
    return _start_time_from_proc(pid) if _HAS_PROC else _start_time_from_ps(pid)


def _start_time_from_proc(pid: int) -> str | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name may contain spaces and brackets. After it come the state (field 3 of proc(5)) and the start time (22).
    rest = text.rpartition(")")[2].split()
    return None if rest[0] in {"Z", "X"} else rest[19]


def _start_time_from_ps(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # alive, but owned by another user
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    fields = answer.stdout.split()
    return None if not fields or fields[0].startswith("Z") else "_".join(fields[1:])
