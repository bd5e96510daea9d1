"""One browser in each process for all files here, and one console per file; each test loads it anew.

Playwright keeps an event loop of asyncio in the thread, so both end before the process goes on with other tests.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import tabs
from tests.browser.chromium import Tab, opened_browser, started_playwright
from tests.browser.console_data import Console, console, furnish
from tests.browser.office import Office, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright


@pytest.fixture(scope="package")
def playwright() -> Iterator["Playwright"]:
    with started_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: "Playwright") -> Iterator["Browser"]:
    with opened_browser(playwright) as browser:
        yield browser


@pytest.fixture(scope="module")
def shown(browser: "Browser", moto: None) -> Iterator[Console]:  # noqa: ARG001 - no server without a browser
    with console(read_budget=200) as shown:
        furnish()
        yield shown


@pytest.fixture(scope="module")
def office(browser: "Browser", moto: None) -> Iterator[Office]:  # noqa: ARG001 - no server without a browser
    with opened() as office:
        yield office


@pytest.fixture
def tab(browser: "Browser", shown: Console) -> Iterator[Tab]:
    """Open the console's first page. Errors in the page, and requests to other hosts, fail the test."""
    with tabs.reused(browser) as tab:
        tab.page.goto(shown.url)
        yield tab
        assert (tab.problems, tab.refused) == ([], [])


@pytest.fixture
def audited(browser: "Browser") -> Iterator[Tab]:
    """Open a page for axe-core. Like a browser extension, axe-core bypasses the Content-Security-Policy."""
    with tabs.opened(browser, bypass_csp=True) as tab:
        yield tab
