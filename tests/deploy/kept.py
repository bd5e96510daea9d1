"""What takes seconds to make and comes out the same is kept in the cache, under a name that says what it was made from.

Another process that needs it meanwhile waits until it is made.
"""

import fcntl
import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from deploy import interpreter, package
from deploy.locked_wheels import LOCK

READ = ("app.py", "chalicelib", "localdev", ".chalice", "deploy", "requirements.txt", LOCK, "resources.yaml")
"""What packaging reads of a checkout, and what runs it."""
LIBRARIES = ("chalice", "aws-sam-translator")
"""The ones that make a package and are not packaged; the lock has the others."""
UNUSED_SECONDS = 24 * 3600
"""Each change of the code leaves a package behind, so what nobody has used for a day goes."""
_MADE = "made"
_NOT_READ = {"__pycache__", "deployed", "deployments"}


def directory() -> Path:
    return interpreter._cache() / "kept"


def kept(kind: str, sources: Iterable[str], make: Callable[[Path], object]) -> Path:
    """Return a directory that `make` has filled, now or earlier, from the same sources."""
    place = directory() / f"{kind}-{hashlib.sha256(json.dumps([*sources]).encode()).hexdigest()[:16]}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / _MADE).exists():
            _drop_unused(place.parent.glob(f"{kind}-*"))
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
        (place / _MADE).touch()  # its time is that of the last use
    return place


def sources_of(checkout: Path) -> list[str]:
    """Return all that its package is made from: its files, the code that makes it, and the versions of what that calls."""
    return [_digest(checkout), _digest_of_root(), *_versions(package.find_python(checkout))]


def _drop_unused(places: Iterable[Path]) -> None:
    oldest = time.time() - UNUSED_SECONDS
    for place in places:
        mark = place / _MADE
        if not mark.exists() or mark.stat().st_mtime < oldest:  # without its mark, nobody has finished it
            shutil.rmtree(place)


def _digest(checkout: Path) -> str:
    seen = hashlib.sha256()
    for file in _files(checkout):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        seen.update(f"{file.relative_to(checkout)} {content}\n".encode())
    return seen.hexdigest()


@cache
def _digest_of_root() -> str:
    return _digest(package.ROOT)


def _files(checkout: Path) -> Iterator[Path]:
    for found in map(checkout.joinpath, READ):
        inside = sorted(found.rglob("*")) if found.is_dir() else [found]
        yield from (file for file in inside if file.is_file() and not _NOT_READ & {*file.relative_to(checkout).parts})


@cache
def _versions(python: Path) -> tuple[str, ...]:
    said = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True, timeout=60).stdout
    return said, *map(importlib.metadata.version, LIBRARIES)
