"""Is crmctl all that `pip install .` and `pipx install .` need to give, without the back end?"""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import uv

from tests.conftest import ROOT

pytestmark = pytest.mark.no_database
HELP = """
from crmctl.cli import main
for words in ([], ["import"], ["keys", "create"]):
    main([*words, "--help"], "crmctl", standalone_mode=False)
"""
"""In one process: each needs half a second to start."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By the build backend itself: pip would first fetch it."""
    place = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place), where=ROOT)
    assert done.returncode == 0, done.stderr
    (made,) = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel and what it depends on, in our versions: uv's cache has them, mostly."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    pins = place.parent / "pins.txt"
    ours = "\n".join(
        (ROOT / name).read_text("utf-8")
        for name in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt")
    )
    pins.write_text("\n".join(re.findall(r"^(?:click|requests|rich)==.*$", ours, re.MULTILINE)))
    made = run(uv.find_uv_bin(), "venv", "--python", sys.executable, str(place))
    assert made.returncode == 0, made.stderr
    install = (uv.find_uv_bin(), "pip", "install", "--python", str(place / "bin/python"), "-c", str(pins), str(wheel))
    if run(*install, "--offline").returncode:
        done = run(*install)
        if done.returncode:
            pytest.skip(f"the packages cannot be installed: {done.stderr.strip()[-500:]}")
    return place


def run(*command: str, where: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False, timeout=120)


def test_the_wheel_has_the_client_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        (metadata,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA"))
    assert {name for name in tops if not name.endswith(".dist-info")} == {"crmctl"}
    needed = re.findall("^Requires-Dist: (.*)$", metadata, re.MULTILINE)
    extras = [line for line in needed if "extra ==" in line]
    assert {re.split(r"[<>=]", line)[0] for line in needed if line not in extras} == {"click", "requests", "rich"}
    assert [re.split(r"[<>=]", line)[0] for line in extras] == ["keyring", "python-calamine"]
    assert "License-Expression: MIT" in metadata


def test_an_installed_crmctl_works_without_the_back_end(environment: Path, tmp_path: Path) -> None:
    crmctl = str(environment / "bin/crmctl")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    told = run(crmctl, "--version", where=tmp_path)
    assert told.stdout.split() == ["crmctl,", "version", version], told.stderr
    helped = run(str(environment / "bin/python"), "-c", HELP, where=tmp_path)
    assert helped.returncode == 0, helped.stderr
    usages = [line for line in helped.stdout.splitlines() if line.startswith("Usage: ")]
    commands = ("crmctl", "crmctl import", "crmctl keys create")
    assert len(usages) == len(commands)
    assert all(usage.startswith(f"Usage: {name} [") for usage, name in zip(usages, commands, strict=True)), usages
    asked = run(crmctl, "jobs", "--url", "http://127.0.0.1:9/graphql", where=tmp_path)
    assert asked.returncode != 0
    assert "Traceback" not in asked.stderr, asked.stderr
    assert "127.0.0.1:9" in asked.stderr


def test_every_module_of_crmctl_can_be_imported_without_the_back_end(environment: Path, tmp_path: Path) -> None:
    files = [file.relative_to(ROOT) for file in sorted((ROOT / "crmctl").rglob("*.py"))]
    names = [".".join(file.with_suffix("").parts) for file in files if file.stem not in {"__main__", "__init__"}]
    imported = run(str(environment / "bin/python"), "-c", f"import {', '.join(names)}", where=tmp_path)
    assert imported.returncode == 0, imported.stderr
