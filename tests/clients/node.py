"""Run Node.js programs with the packages of package-lock.json, installed once outside the checkout."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")
_INSTALL = ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline"]


def modules() -> Path:
    """Return a directory with node_modules. Skip the test, with the reason, if they cannot be installed."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _FILES)).hexdigest()[:16]
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "serverless-crm"
    directory = caches / f"clients-{digest}"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "complete").exists():
            _install(directory)
    return directory


def _install(directory: Path) -> None:
    for name in _FILES:
        shutil.copy(_HERE / name, directory)
    result = subprocess.run(_INSTALL, cwd=directory, capture_output=True, text=True, check=False, timeout=300)
    if result.returncode:
        pytest.skip(f"the packages cannot be installed: {result.stderr.strip()[-500:]}")
    (directory / "complete").touch()


def run(script: str, *arguments: str) -> Any:
    """Run a script beside this file and return the JSON that it prints. It is read from stdin, so that it finds the packages."""
    result = subprocess.run(
        ["node", "--input-type=module", "-", *arguments],
        input=(_HERE / script).read_text("utf-8"),
        cwd=modules(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)
