"""The Python that packages: the one that the functions run on, with Chalice and all that is packaged.

Bytecode and compiled libraries are of one version, so another Python would make another package. If the Python that runs this is
not the one, packaging has an environment of its own, in the cache.
"""

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from deploy import runtime
from deploy.locked_wheels import LOCK
from localdev import emulator
from localdev.console import LocalError

ROOT = Path(__file__).resolve().parent.parent
_ASK = (
    "import sys; print(sys.implementation.name, '{}.{}'.format(*sys.version_info), sys.version_info[2], sys.executable)"
)
_LOOK_SECONDS, _INSTALL_SECONDS = 20, 600


class InterpreterError(Exception):
    """There is no Python of the version that is pinned, or its environment cannot be made"""


@cache
def find(version: str) -> Path:
    """Return a Python of that version: on the PATH, of pyenv, or fetched by uv. Raises InterpreterError."""
    for candidate in _candidates(version):
        found = _ask(candidate, version)
        if found:
            return found
    return _fetch(version)


def of_functions(checkout: Path = ROOT) -> Path:
    """Return a Python like that of the functions. Raises InterpreterError, RuntimePinError."""
    return find(runtime.version(runtime.pinned(checkout)))


def environment(version: str) -> Path:
    """Return a Python of that version that has Chalice and what is packaged. Raises InterpreterError."""
    if version == "{}.{}".format(*sys.version_info):
        return Path(sys.executable)
    python, chalice = find(version), importlib.metadata.version("chalice")
    lock = ROOT / LOCK
    digest = hashlib.sha256(f"{python}\n{chalice}\n{lock.read_text('utf-8')}".encode()).hexdigest()[:12]
    place = _cache() / f"packaging-{version}-{digest}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(f"{place.suffix}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (place / "made").exists():
            shutil.rmtree(place, ignore_errors=True)
            _make(place, python, lock, chalice)
            (place / "made").touch()
    return place / "bin" / "python"


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    for directory in os.get_exec_path():
        yield Path(directory) / f"python{version}"
    # A shim of pyenv on the PATH fails unless its version is enabled, so look for the versions themselves.
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((pyenv / "versions").glob(f"{version}.*/bin/python{version}"), key=_patch, reverse=True)


def _patch(python: Path) -> int:
    """Return 12 for …/3.13.12/bin/python3.13."""
    patch = python.parent.parent.name.rsplit(".", 1)[-1]
    return int(patch) if patch.isdigit() else -1


def _ask(candidate: Path, version: str) -> Path | None:
    """Ask what may be a Python for its version. Return its own path if it is the wanted one."""
    if not candidate.is_file():
        return None
    try:
        done = subprocess.run(
            [candidate, "-I", "-c", _ASK], capture_output=True, text=True, check=False, timeout=_LOOK_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.strip().split(" ", 3)
    return Path(words[3]) if done.returncode == 0 and words[:2] == ["cpython", version] else None


def _fetch(version: str) -> Path:
    """One that uv knows already, or else downloads."""
    reason = ""
    for command in (["find", "--no-python-downloads"], ["install", "--quiet"], ["find", "--no-python-downloads"]):
        done = _run([_uv(), "python", *command, version])
        found = _ask(Path(done.stdout.strip()), version) if command[0] == "find" else None
        if found:
            return found
        reason = done.stderr.strip() or reason
    raise InterpreterError(
        f"The functions run on Python {version}, and packaging needs it. It is neither on the PATH nor under pyenv, and uv could"
        f" not fetch it:\n{reason}\nInstall it, for example with: pyenv install {version}"
    )


def _make(place: Path, python: Path, lock: Path, chalice: str) -> None:
    done = _run([str(python), "-m", "venv", "--without-pip", str(place)])
    if done.returncode:
        raise InterpreterError(done.stdout + done.stderr)
    constraint = ["--constraint", str(lock.with_name("requirements.txt")), f"chalice=={chalice}"]
    for wanted in (["--require-hashes", "--requirement", str(lock)], constraint):
        _install(place / "bin" / "python", wanted)


def _install(python: Path, wanted: list[str]) -> None:
    """With uv, or with pip, whose configuration may lead to another index that uv does not know."""
    commands = (
        [_uv(), "pip", "install", "--quiet", "--python", str(python)],
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"],
    )
    reasons = ""
    for command in commands:
        done = _run([*command, *wanted])
        if done.returncode == 0:
            return
        reasons += done.stdout + done.stderr
    raise InterpreterError(reasons)


def _uv() -> str:
    try:
        return emulator._uv_binary()
    except LocalError as error:
        raise InterpreterError(str(error)) from error


def _cache() -> Path:
    kept = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (kept if kept.is_absolute() else Path.home() / ".cache") / "serverless-crm"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, -1, "", f"{error}")
