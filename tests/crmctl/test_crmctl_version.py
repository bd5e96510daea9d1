"""`crmctl --version`, installed, in a checkout, and with neither."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalicelib.version import VERSION
from crmctl import version
from crmctl.cli import main
from tests.crmctl.import_files import ROOT

pytestmark = pytest.mark.no_database


@pytest.fixture
def _not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", not_found)


def test_version_option_prints_program_and_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.stdout == f"crmctl, version {version.installed_version()}\n"


def test_installed_distribution_reports_its_own_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "version", {version.DISTRIBUTION: "9.8.7"}.__getitem__)
    assert version.installed_version() == "9.8.7"


@pytest.mark.usefixtures("_not_installed")
def test_checkout_reports_the_version_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == version.DISTRIBUTION
    assert version.installed_version() == f"{project['version']} (checkout)"


@pytest.mark.usefixtures("_not_installed")
def test_copied_package_without_pyproject_still_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(version, "_PYPROJECT", tmp_path / "pyproject.toml")
    assert version.installed_version() == "unknown"


def test_the_server_has_the_version_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION
