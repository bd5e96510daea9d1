"""Does a missing tool fail the tests in CI, and only there?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.no_database

SKIPPING = {
    "test_tool.py": "import pytest\n\ndef test(): pytest.skip('there is no browser')\n",
    "test_module.py": "import pytest\n\npytest.skip('there is no node', allow_module_level=True)\n",
    "test_size.py": "import pytest\n\n@pytest.mark.skipif(True, reason='takes minutes: make it')\ndef test(): ...\n",
    "test_data.py": "import pytest\n\ndef test(): pytest.skip('not beside this checkout: the rows')\n",
    "test_known.py": "import pytest\n\n@pytest.mark.xfail(reason='a known defect')\ndef test(): assert False\n",
}


def run(directory: Path, ci: str) -> str:
    for name, text in SKIPPING.items():
        (directory / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "tests.skip_policy", "-ra", "--continue-on-collection-errors", "."]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # they take more than the tests
    environment |= {"CI": ci, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


def test_in_ci_a_missing_tool_fails_and_what_is_left_out_on_purpose_is_listed(tmp_path: Path) -> None:
    said = run(tmp_path, "true")
    assert "1 failed, 2 skipped, 1 xfailed, 1 error" in said, said
    assert "FAILED test_tool.py::test - Skipped in CI: there is no browser" in said
    assert "ERROR test_module.py - Skipped in CI: there is no node" in said
    assert "takes minutes: make it" in said
    assert "not beside this checkout: the rows" in said


def test_elsewhere_every_skip_is_only_listed(tmp_path: Path) -> None:
    said = run(tmp_path, "")
    assert "4 skipped, 1 xfailed" in said, said
    assert "there is no browser" in said
