"""The files that take longest begin first, so that no process is left alone with one of them at the end.

Each file runs in one process, with its servers (`--dist loadfile`). A plugin of pytest: `tests/conftest.py` registers it.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SLOW_FILES = (
    "faults/test_every_crash_point.py",
    "faults/test_operator_schedules.py",
    "deploy/test_package.py",
    "faults/test_crashes_between_runs.py",
    "browser/test_console_everywhere.py",
    "browser/test_console_settings.py",
    "test_served.py",
    "localdev/test_server.py",
    "faults/test_claims.py",
    "faults/test_peak.py",
    "api/test_executor.py",
    "faults/test_one_year.py",
    "faults/test_one_week.py",
    "faults/test_costs.py",
    "localdev/test_jobs_served.py",
    "browser/test_console.py",
    "browser/test_console_operators.py",
    "browser/test_console_office.py",
    "browser/test_console_import.py",
    "browser/test_console_runs.py",
    "browser/test_console_corrections.py",
    "test_docs.py",
    "privacy/test_erasure_races.py",
    "crm/test_merge_races.py",
    "crmctl/test_import_console.py",
    "api/test_executor_conformance.py",
    "deploy/test_template.py",
    "clients/test_clients.py",
    "faults/test_lost_messages.py",
    "faults/test_more_random_schedules.py",
    "faults/test_memory.py",
    "crm/test_races.py",
    "faults/test_random_schedules.py",
    "faults/test_cancelled_runs.py",
    "api/test_replays.py",
    "api/test_hostile.py",
    "api/test_hostile_generator.py",
    "deploy/test_deployer_policy.py",
    "deploy/test_email_reports.py",
    "deploy/test_locked_wheels.py",
    "browser/test_rebinding.py",
    "test_code_rules.py",
    "jobs/test_run_lists.py",
    "crm/test_list_queries.py",
    "store/test_pagination.py",
)


def pytest_configure() -> None:
    gone = [name for name in SLOW_FILES if not (TESTS / name).exists()]
    if gone:
        raise pytest.UsageError(f"tests/long_first.py names files that are not there: {', '.join(gone)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing but the order of the files changes: the sort keeps that of their tests."""
    places = {TESTS / name: place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
