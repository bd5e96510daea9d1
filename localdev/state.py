"""The local state of a checkout, and the servers that use it.

It lives outside the project, because Chalice restarts its worker for every file written there.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from localdev.processes import Process

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """A running emulator and the supervisor that owns it."""

    endpoint: str
    supervisor: Process
    lost_since: datetime | None = None
    """The time of the first change that is missing because the emulator before this one was killed."""


class State:
    """The state directory. Owners are the reloaders, or servers without one, that the emulator runs for; one file each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "ministack"
        self.log = root / "ministack.log"
        self.port = root / "port"
        self.unsaved_mark = root / "unsaved"
        """Exists while the emulator has unsaved changes: see change_tracker."""
        self.lifetime_lock = root / "emulator.lock"
        """Held by the supervisor and by MiniStack, so that the next supervisor waits until the data is saved."""
        self._owners = root / "owners"
        self._record = root / "emulator.json"
        self._broken = root / "broken-jobs"

    @classmethod
    def of_checkout(cls) -> "State":
        cache = os.environ.get("XDG_CACHE_HOME") or ""
        base = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
        digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
        return cls(base / "serverless-crm" / digest / "local")

    def create(self) -> None:
        for directory in (self.root, self.data, self._owners):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Lock out other processes. The kernel releases the lock of a killed process."""
        with (self.root / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def add_owner(self, owner: Process) -> None:
        (self._owners / str(owner)).touch()

    def owners(self) -> list[Process]:
        """Return the owners that are alive, and remove the files of the others."""
        is_alive = []
        for file in self._owners.iterdir():
            owner = Process.parse(file.name)
            if owner is not None and owner.is_alive():
                is_alive.append(owner)
            else:
                file.unlink(missing_ok=True)
        return is_alive

    def publish_server(self, owner: Process, url: str) -> None:
        """Note the address of a server, where `crmctl` finds it. Remove the notes of those that have ended."""
        notes = self.root / "servers"
        notes.mkdir(mode=0o700, exist_ok=True)
        for file in notes.iterdir():
            process = Process.parse(file.name)
            if process is None or not process.is_alive():
                file.unlink(missing_ok=True)
        (notes / str(owner)).write_text(json.dumps({"url": url, "checkout": str(CHECKOUT)}), "utf-8")

    def swap_greeting(self, owner: Process, emulator: str) -> str | None:
        """Record the emulator that a server was told about. Return the one before, or None for a new server.

        A server stays the same when it reloads.
        """
        file = self._owners / str(owner)
        before = file.read_text() if file.exists() else ""
        file.write_text(emulator)
        return before or None

    def broken_jobs(self) -> set[str]:
        """Return the names of the jobs that were broken on purpose, see `breakage`."""
        try:
            return set(self._broken.read_text().split())
        except FileNotFoundError:
            return set()

    def set_broken_jobs(self, names: set[str]) -> None:
        self._broken.write_text(" ".join(sorted(names)))

    def take_unsaved_mark(self) -> datetime | None:
        """Return since when changes are lost, if an emulator was killed before it saved them. Forget the mark."""
        try:
            lost_since = datetime.fromtimestamp(self.unsaved_mark.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None
        self.unsaved_mark.unlink()
        return lost_since

    def publish_emulator(self, running_emulator: RunningEmulator) -> None:
        draft = self._record.with_suffix(".tmp")
        lost_since = running_emulator.lost_since
        record = {
            "endpoint": running_emulator.endpoint,
            "supervisor": str(running_emulator.supervisor),
            "lost_since": lost_since.isoformat() if lost_since else None,
        }
        draft.write_text(json.dumps(record))
        draft.replace(self._record)

    def withdraw_emulator(self) -> None:
        self._record.unlink(missing_ok=True)

    def running_emulator(self) -> RunningEmulator | None:
        """Return the published emulator if its supervisor is alive."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return None
        supervisor = Process.parse(record["supervisor"])
        if supervisor is None or not supervisor.is_alive():
            return None
        lost_since = record["lost_since"]
        return RunningEmulator(
            record["endpoint"], supervisor, datetime.fromisoformat(lost_since) if lost_since else None
        )

    def find_unreadable_file(self) -> Path | None:
        """Return a damaged data file, if any. MiniStack would ignore the file and then overwrite it."""
        for file in sorted(self.data.glob("*.json")):
            try:
                json.loads(file.read_bytes())
            except (OSError, ValueError):
                return file
        return None

    def delete_data(self) -> None:
        """Delete everything but locks and owners, which running processes may hold."""
        shutil.rmtree(self.data, ignore_errors=True)
        for file in (self.log, self.port, self.unsaved_mark, self._broken):
            file.unlink(missing_ok=True)
