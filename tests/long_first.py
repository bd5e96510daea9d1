"""The files that take longest begin first, so that no process is left alone with one of them at the end.

Before them, next to each other, come the files of the browser: a process has one browser for all that it gets of them.

Each file runs in one process, with its servers (`--dist loadfile`). A plugin of pytest: `tests/conftest.py` registers it.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
BROWSER = TESTS / "browser"
SLOW_FILES = (
    "browser/test_console_everywhere.py",
    "browser/test_console_settings.py",
    "browser/test_console_office.py",
    "browser/test_console_operators.py",
    "browser/test_console.py",
    "browser/test_console_runs.py",
    "browser/test_console_import.py",
    "browser/test_console_corrections.py",
    "browser/test_rebinding.py",
    "browser/test_graphiql.py",
    "localdev/test_server.py",
    "deploy/test_package.py",
    "test_served.py",
    "faults/test_every_crash_point.py",
    "faults/test_costs.py",
    "crm/test_races.py",
    "faults/test_operator_schedules.py",
    "faults/test_lost_messages.py",
    "localdev/test_jobs_served.py",
    "clients/test_clients.py",
    "api/test_executor_conformance.py",
    "benchmarks/test_year.py",
    "api/test_hostile.py",
    "faults/test_random_schedules.py",
    "faults/test_one_year.py",
    "faults/test_crashes_between_runs.py",
    "test_docs.py",
    "faults/test_claims.py",
    "deploy/test_locked_wheels.py",
    "faults/test_peak.py",
    "deploy/test_template.py",
    "faults/test_cancelled_runs.py",
    "faults/test_backfills.py",
    "store/test_pagination.py",
    "deploy/test_deployer_policy.py",
    "jobs/test_crontab.py",
    "benchmarks/test_peers.py",
    "faults/test_one_week.py",
    "api/test_hostile_generator.py",
    "crmctl/test_output_widths.py",
    "faults/test_memory.py",
    "deploy/test_runtime.py",
    "api/test_replays.py",
    "deploy/test_policies.py",
)


def pytest_configure() -> None:
    gone = [name for name in SLOW_FILES if not (TESTS / name).exists()]
    if gone:
        raise pytest.UsageError(f"tests/long_first.py names files that are not there: {', '.join(gone)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing but the order of the files changes: the sort keeps that of their tests."""
    places = {TESTS / name: place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: (BROWSER not in item.path.parents, places.get(item.path, len(places))))
