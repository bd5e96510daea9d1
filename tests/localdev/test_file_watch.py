"""What makes the reloader of `chalice local` restart its worker."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from chalice.cli.filewatch.stat import StatFileWatcher

from localdev.file_watch import watch_loaded_files_only

pytestmark = pytest.mark.no_database
LOADED = ["app.py", "chalicelib/crm/text.py", "chalicelib/api/graphql/schema.graphql", ".chalice/config.json"]
NOT_LOADED = [
    ".git/refs/heads/another",
    ".git/FETCH_HEAD",
    "README.md",
    "docs/api.md",
    "tests/conftest.py",
    "crmctl/cli.py",
    "chalicelib/notes.md",
    "chalicelib/.text.py.swp",
    "chalicelib/text.py~",
    "chalicelib/__pycache__/text.cpython-311.pyc",
    "elsewhere/app.py",
]


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StatFileWatcher, "_single_pass_poll", StatFileWatcher._single_pass_poll)


@pytest.mark.parametrize("name", LOADED + NOT_LOADED)
def test_a_change_is_noticed_if_the_server_has_loaded_the_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("before")
    watcher = StatFileWatcher()
    watcher._seed_mtime_cache(str(tmp_path))
    restarts: list[str] = []
    watch_loaded_files_only()

    def look() -> int:
        watcher._single_pass_poll(str(tmp_path), lambda: restarts.append(name))
        return len(restarts)

    assert look() == 0
    os.utime(path, (1, 1))
    assert look() == (name in LOADED)
    assert look() == (name in LOADED), "once for each change"
    path.unlink()
    assert look() == 2 * (name in LOADED)
    path.write_text("again")
    assert look() == 3 * (name in LOADED)


def test_events_of_the_package_watchdog_are_filtered_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handled: list[str] = []

    class WatchdogRestarter:
        def on_any_event(self, event: SimpleNamespace) -> None:
            handled.append(event.src_path)

    module = SimpleNamespace(WatchdogRestarter=WatchdogRestarter)
    monkeypatch.setitem(sys.modules, "chalice.cli.filewatch.eventbased", module)
    monkeypatch.chdir(tmp_path)
    watch_loaded_files_only()
    for name in LOADED + NOT_LOADED:
        WatchdogRestarter().on_any_event(SimpleNamespace(src_path=str(tmp_path / name)))
    assert handled == [str(tmp_path / name) for name in LOADED]
