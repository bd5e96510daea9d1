"""Where does a checkout's local state lie, and who uses it?

Outside the project: any file written there restarts Chalice's worker.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localdev.processes import Process

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Backend:
    """A running emulator and the keeper that owns it."""

    endpoint: str
    keeper: Process


class State:
    """Owners are files named by process: the reloaders (or servers without one) that the emulator runs for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "ministack"
        self.log = root / "ministack.log"
        self.port = root / "port"
        self.lifetime_lock = root / "keeper.lock"
        """Held by the keeper and by MiniStack, so that the next one waits until the data is saved."""
        self._owners = root / "owners"
        self._record = root / "backend.json"

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
        """One process at a time. The kernel unlocks when a process is killed."""
        with (self.root / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def join(self, owner: Process) -> None:
        (self._owners / str(owner)).touch()

    def owners(self) -> list[Process]:
        """Those alive; the others' files are removed."""
        alive = []
        for file in self._owners.iterdir():
            owner = Process.parse(file.name)
            if owner is not None and owner.alive():
                alive.append(owner)
            else:
                file.unlink(missing_ok=True)
        return alive

    def first_word_to(self, owner: Process) -> bool:
        """Whether this server has not been welcomed yet: it stays the same through reloads."""
        file = self._owners / str(owner)
        first = not file.exists() or not file.read_text()
        file.write_text("welcomed")
        return first

    def publish(self, backend: Backend) -> None:
        draft = self._record.with_suffix(".tmp")
        draft.write_text(json.dumps({"endpoint": backend.endpoint, "keeper": str(backend.keeper)}))
        draft.replace(self._record)

    def withdraw(self) -> None:
        self._record.unlink(missing_ok=True)

    def backend(self) -> Backend | None:
        """What is published, if its keeper lives."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return None
        keeper = Process.parse(record["keeper"])
        return Backend(record["endpoint"], keeper) if keeper is not None and keeper.alive() else None

    def unreadable_file(self) -> Path | None:
        """MiniStack takes a file that it cannot read for no data, and then saves over it."""
        for file in sorted(self.data.glob("*.json")):
            try:
                json.loads(file.read_bytes())
            except (OSError, ValueError):
                return file
        return None

    def delete_data(self) -> None:
        """All but locks and owners, which living processes may hold."""
        shutil.rmtree(self.data, ignore_errors=True)
        for file in (self.log, self.port):
            file.unlink(missing_ok=True)
