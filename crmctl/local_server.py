"""Find the `make local` of this machine. Each server notes its address in its state, outside the checkout."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LocalServer:
    url: str
    checkout: Path
    started: float


def find() -> LocalServer | None:
    """Return the running server of the checkout that we are in, or else the one that was started last."""
    try:
        here = Path.cwd()
    except OSError:  # the directory was removed
        here = Path()
    servers = sorted(_running(), key=lambda server: (here.is_relative_to(server.checkout), server.started))
    return servers[-1] if servers else None


def _running() -> Iterator[LocalServer]:
    cache = os.environ.get("XDG_CACHE_HOME") or ""
    base = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    for note in base.glob("serverless-crm/*/local/servers/*"):
        pid = note.name.partition("-")[0]
        try:
            written = json.loads(note.read_text("utf-8"))
            server = LocalServer(f"{written['url']}/graphql", Path(written["checkout"]), note.stat().st_mtime)
            os.kill(int(pid), 0)
        except PermissionError:
            continue  # of another user, who has the number of a server that has ended
        except (OSError, ValueError, KeyError, TypeError):
            continue
        yield server
