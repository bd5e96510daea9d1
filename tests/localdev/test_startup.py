"""The start of the development server, as far as it needs no emulator."""

from pathlib import Path
from types import ModuleType

import pytest

from chalicelib.crm import stored_time_zone
from chalicelib.jobs import queue, ses_events
from chalicelib.store import connection
from localdev import demo, startup
from localdev.console import LocalError
from localdev.state import State
from tests.builders import business_zone


def test_data_of_another_time_zone_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    steps: list[str] = []

    def note(module: ModuleType, name: str) -> None:
        monkeypatch.setattr(module, name, lambda: steps.append(f"{module.__name__}.{name}"))

    for module, name in (
        (connection, "create_tables"),
        (queue, "create"),
        (ses_events, "create"),
        (demo, "create_demo_data"),
    ):
        note(module, name)
    state = State(tmp_path)
    startup.provision(state)
    assert len(steps) == 4
    assert stored_time_zone.confirm() == "UTC"
    steps.clear()
    with business_zone("Europe/Berlin"), pytest.raises(LocalError) as refused:
        startup.provision(state)
    assert "those of UTC" in str(refused.value)
    assert str(refused.value).endswith("or begin with empty tables: `make reset` deletes the local data.")
    assert steps == ["chalicelib.store.connection.create_tables"]
