"""A night in which something is wrong: one failed, one missed and one late run, two dead letters, and a key for each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.jobs import ledger, run_records, slots
from chalicelib.jobs.catalog import HEARTBEAT
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from tests.browser import tabs
from tests.browser.chromium import Tab
from tests.browser.console_data import SCRIPT, Console, a_run, console, dead_letter, put_runs

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LINES = 450


@dataclass
class Night:
    shown: Console
    keys: dict[Role, str]
    expired: str
    failed: Run
    missed: Run
    late: Run
    logged: Run
    """A run that has logged many lines, and has succeeded at its second attempt."""


@contextmanager
def opened() -> Iterator[Night]:
    with console(open_access=False) as shown:
        soon = clock.now() + timedelta(seconds=1)
        expired = api_keys.create("Expired", Role.OPERATOR, "test", expires_at=soon).key
        keys: dict[Role, str] = {
            role: api_keys.create(role.name.title(), role, "test").key for role in Role if role is not Role.PUBLIC
        }
        failed = _ended("customer_cleanup", 3, Status.FAILED, error=f"no disk {SCRIPT}", trace="File 'app.py'")
        missed = _ended("order_reminders", 5, Status.MISSED, reason="nothing began it")
        late = ledger.record(run_records.new("low_stock", slots.of(_hours_ago(4)), Trigger.SCHEDULE))
        dead_letter({"job": failed.job, "slot": failed.slot})
        dead_letter({"what": SCRIPT})
        yield Night(shown, keys, expired, failed, missed, late, _logged())


def _hours_ago(hours: float) -> datetime:
    return clock.now() - timedelta(hours=hours)


def _ended(job: str, hours: float, status: Status, **why: str) -> Run:
    return ledger.end(run_records.new(job, slots.of(_hours_ago(hours)), Trigger.SCHEDULE), status, **why)


def _logged() -> Run:
    slot = slots.of(_hours_ago(1))
    run = ledger.claim(HEARTBEAT, slot)
    assert run
    for start in range(0, LINES, 90):
        lines = tuple(f"line {number} {SCRIPT if number == 0 else ''}" for number in range(start, start + 90))
        run = ledger.checkpoint(run, StepResult({"after": "x"}, lines, {}))
    run = ledger.finish(run, StepResult(None, (), {"up": 1}))
    put_runs([a_run("heartbeat", _hours_ago(2), counts={"up": 1})])
    return run


@contextmanager
def signed_in(browser: "Browser", night: Night, key: str) -> Iterator[Tab]:
    """Open the console in a tab that has a key already."""
    with with_key(browser, night, key) as tab:
        tab.page.goto(night.shown.url)
        yield tab


@contextmanager
def with_key(browser: "Browser", night: Night, key: str) -> Iterator[Tab]:
    """Open a tab that has a key before the console. Errors in the page, and requests to other hosts, fail the test."""
    with tabs.opened(browser, permissions=["clipboard-read", "clipboard-write"]) as tab:
        tab.page.goto(urljoin(night.shown.url, tabs.A_FILE))
        keep(tab, key)
        yield tab
    assert tab.refused == []
    assert [text for text in tab.problems if "status of 40" not in text] == []


def keep(tab: Tab, key: str) -> None:
    """Keep a key in the page, as if somebody had signed in with it."""
    tab.page.evaluate("key => sessionStorage.setItem('crm-key', key)", key)
