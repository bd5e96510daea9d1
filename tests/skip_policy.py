"""In CI a skipped test fails, unless its reason is allowed.

Otherwise a machine without a browser passes without a single browser test, and nobody notices. `pytest -ra` lists what
stays skipped. A plugin of pytest: `tests/conftest.py` registers it.
"""

import os
from collections.abc import Generator

import pytest

ALLOWED_IN_CI = ("takes minutes: ", "not beside this checkout: ")
"""How the reasons begin: a test that one opts into for its size, or one on data that the repository does not contain."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module can skip itself, too."""
    report = yield
    _refuse_in_ci(report)
    return report


def _refuse_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    assert isinstance(report.longrepr, tuple)
    reason = report.longrepr[2].removeprefix("Skipped: ")
    if not reason.startswith(ALLOWED_IN_CI):
        report.outcome = "failed"
        report.longrepr = f"Skipped in CI: {reason}"
