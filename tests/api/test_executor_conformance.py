"""graphql-core's own tests pass with our executor, in the installed version."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deploy.kept import kept

pytestmark = pytest.mark.no_database
CORE = f"graphql-core=={importlib.metadata.version('graphql-core')}"
PLUGIN = Path(__file__).parent / "conformance"
ABOUT_EXECUTION = (
    "tests/execution",
    "tests/test_star_wars_query.py",
    "tests/type/test_custom_scalars.py",
    "tests/type/test_enum.py",
    "tests/type/test_introspection.py",
)
SELECTED = ("tests",) if os.environ.get("CRM_FULL_SIZE") else ABOUT_EXECUTION


def source() -> Path:
    """Return the source of the installed version with its tests, which the wheel lacks. It is kept outside the checkout."""
    return next(path.parent for path in kept("graphql-core", [CORE], _fetch).glob("*/tests"))


def _fetch(place: Path) -> None:
    fetched = ["pip", "download", "-q", "--no-deps", "--no-binary", "graphql-core", "--dest", str(place), CORE]
    ran(sys.executable, "-m", *fetched)
    with tarfile.open(next(place.glob("*.tar.gz"))) as archive:
        archive.extractall(place, filter="data")


def ran(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def test_graphql_cores_own_tests_pass_with_our_executor() -> None:
    python = ["--python", sys.executable, "--with", CORE, "--with-requirements", str(PLUGIN / "requirements.txt")]
    quick = ("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-W", "ignore")
    said = ran(
        sys.executable,
        *("-m", "uv", "run", "--quiet", "--isolated", "--no-project", *python),
        *("python", "-m", "pytest", "-p", "our_executor", "-q", *quick, *SELECTED),
        cwd=source(),
        PYTHONPATH=os.pathsep.join((str(ROOT), str(PLUGIN))),
        PYTHONDONTWRITEBYTECODE="",  # compiling graphql-core and its tests takes 4 s of CPU each time
        PYTHONPYCACHEPREFIX=str(source().parent / "bytecode"),
    )
    passed, planned = (
        int(found[1]) for found in (re.search(rf"(\d+) {word}", said) for word in ("passed", "selections")) if found
    )
    print(f"{passed} passed, {planned} selections planned")
    assert passed > 500
    assert planned > 300, "its tests have come to our plans"
