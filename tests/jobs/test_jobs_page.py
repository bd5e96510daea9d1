"""The page about adding a job, followed word by word in a copy of the checkout: its code, its changes, and its test."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.markdown import Page

pytestmark = pytest.mark.no_database
PAGE = Page(ROOT / "docs" / "jobs.md")
MAX_LINES = 10
COPIED = ("app.py", "benchmarks", "chalicelib", "deploy", "localdev", "tests", "pyproject.toml", ".chalice")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which all that the page says is done."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "deployments"))
        else:
            shutil.copy(ROOT / name, copy / name)
    for file, code in new_files().items():
        (copy / file).write_text(code, "utf-8")
    for change in PAGE.blocks("diff"):
        apply(change, copy)
    return copy


def new_files() -> dict[str, str]:
    """The files that the page writes: a sentence names each before its code."""
    found = re.findall(r"^Write `([^`]+)`:\n\n```python\n(.*?)^```$", PAGE.text, re.MULTILINE | re.DOTALL)
    assert len(found) == len(PAGE.blocks("python")) == 2
    return dict(found)


def apply(change: str, copy: Path) -> None:
    """Replace each group of lines with - by the lines with + that follow it."""
    head, *lines = change.splitlines()
    file = copy / head.removeprefix("--- ")
    text = file.read_text("utf-8")
    for old, new in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)+)", "".join(f"{line}\n" for line in lines), re.MULTILINE):
        before, after = (re.sub(r"^[-+]", "", part, flags=re.MULTILINE).removesuffix("\n") for part in (old, new))
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file.write_text(text, "utf-8")


def run(checkout: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_job_has_ten_lines() -> None:
    code = new_files()["chalicelib/jobs/win_back.py"]
    assert ast.get_docstring(ast.parse(code))
    lines = [line for line in code.splitlines()[1:] if line.strip()]
    assert len(lines) <= MAX_LINES


def test_the_test_of_the_page_passes(checkout: Path) -> None:
    shown = run(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests/jobs/test_win_back.py")
    assert "1 passed" in shown


def test_the_job_has_its_function_its_schedule_and_the_permissions_that_it_needs(checkout: Path) -> None:
    code = (
        "import app; from deploy import policies; from chalicelib.jobs import catalog\n"
        "print([source.name for source in app.app.event_sources if source.name == 'win_back'])\n"
        "print(catalog.JOBS['win_back'].schedule.words)\n"
        "print(sorted(policies.NEEDS['win_back'].tables), policies.NEEDS['win_back'].indexes)\n"
    )
    assert run(checkout, "-c", code).splitlines() == [
        "['win_back']",
        "At 09:00 every day, UTC",
        "['customers', 'ops', 'orders', 'runs'] ('orders', 'runs')",
    ]


def test_the_code_of_the_page_is_clean(checkout: Path) -> None:
    run(checkout, "-m", "ruff", "check", "-q", "--no-cache", "app.py", "chalicelib/jobs/catalog.py", *new_files())
    run(checkout, "-m", "ruff", "format", "--check", "-q", "--no-cache", "app.py", *new_files())
