"""Shared fixtures: a fake API and the real one, a directory of CSV files, and crmctl run in process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chalicelib import clock as server_clock
from crmctl import client, clock, run_command
from crmctl.cli import main
from tests.crmctl.api_server import ApiServer, running_server
from tests.crmctl.fake_api import FakeApi, running_api
from tests.crmctl.import_files import CUSTOMERS, ORDERS, PRODUCTS, RunImport, write


@pytest.fixture(autouse=True)
def _short_delays_and_clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(client, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(client, "IN_PROGRESS_DELAY", 0.001)
    monkeypatch.setattr(run_command, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(clock, "now", server_clock.now)  # `time_is` sets both
    for name in ("CRM_KEY", "CRM_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running_api() as api:
        yield api


@pytest.fixture
def crm() -> Iterator[ApiServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def files(tmp_path: Path) -> Path:
    directory = tmp_path / "files"
    directory.mkdir()
    write(directory, customers=CUSTOMERS, products=PRODUCTS, orders=ORDERS)
    return directory


@pytest.fixture
def run_import(api: FakeApi, files: Path) -> RunImport:
    def run(*options: str) -> Result:
        return CliRunner().invoke(main, ["import", str(files), "--url", api.url, *options])

    return run
