"""Starts PostgreSQL in a directory of its own, reached through a socket file there. It refuses to run as root."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_DEBIAN = Path("/usr/lib/postgresql")
_UNPRIVILEGED = ("postgres", "nobody")
_USER = "crm"
_START_SECONDS = 30
_READY = "ready"


def find_programs() -> Path | None:
    """Return the directory of PostgreSQL's programs: on the PATH, or the newest one of Debian's, which are not on it."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres", path=str(Path(found).parent)):
        return Path(found).parent
    debian = [each.parent for each in _DEBIAN.glob("*/bin/initdb") if each.with_name("postgres").exists()]
    return max(debian, key=lambda each: float(each.parent.name), default=None)


@contextmanager
def server(programs: Path) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which libpq finds it."""
    with tempfile.TemporaryDirectory(prefix="pg-") as scratch:
        directory, run_as = Path(scratch), _run_as()
        if run_as:
            os.chown(directory, run_as["user"], run_as["group"])
        # What it stores is thrown away, so nothing waits for a disk.
        subprocess.run(
            [
                programs / "initdb",
                "-D",
                directory / "data",
                "-U",
                _USER,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "-N",
            ],
            check=True,
            capture_output=True,
            cwd=directory,
            **run_as,
        )
        with (directory / "log").open("w") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", directory / "data", "-k", directory, "-h", "", "-c", "fsync=off"],
                stdout=log,
                stderr=log,
                cwd=directory,
                **run_as,
            )
        try:
            _wait(process, directory)
            yield {"PGHOST": str(directory), "PGUSER": _USER}
        finally:
            process.send_signal(signal.SIGINT)  # "fast shutdown"
            process.wait()


def _wait(process: subprocess.Popen[bytes], directory: Path) -> None:
    """Wait as pg_ctl does: the server writes its state to a file."""
    state = directory / "data" / "postmaster.pid"
    deadline = time.monotonic() + _START_SECONDS
    while not (state.exists() and _READY in state.read_text().split()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"PostgreSQL did not start: {(directory / 'log').read_text()}")
        time.sleep(0.05)


def _run_as() -> dict[str, Any]:
    """Return what makes a subprocess run as somebody else; nothing if we are not root."""
    if os.geteuid():
        return {}
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise SystemExit(f"PostgreSQL cannot run as root, and there is no user {' or '.join(_UNPRIVILEGED)}")
