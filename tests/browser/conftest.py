"""One browser and one console per test file; each test has its own tab."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import tabs
from tests.browser.chromium import Tab, opened_browser
from tests.browser.console_data import Console, console, furnish
from tests.browser.office import Office, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with opened_browser() as browser:
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
    with tabs.opened(browser) as tab:
        tab.page.goto(shown.url)
        yield tab
        assert (tab.problems, tab.refused) == ([], [])


@pytest.fixture
def audited(browser: "Browser") -> Iterator[Tab]:
    """Open a page with axe-core in it."""
    with tabs.opened(browser, axe=True) as tab:
        yield tab
