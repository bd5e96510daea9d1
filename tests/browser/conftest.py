"""One browser and one console per test file; each test has its own tab."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import Tab, opened_browser
from tests.browser.console_data import Console, console, furnish
from tests.browser.office import Office, opened
from tests.clients.node import modules

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def shown(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:  # noqa: ARG001 - no server without a browser
    with console(tmp_path_factory.mktemp("console"), CRM_READ_BUDGET="200") as shown:
        furnish()
        yield shown


@pytest.fixture(scope="module")
def office(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:  # noqa: ARG001 - no server without a browser
    with opened(tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def tab(browser: "Browser", shown: Console) -> Iterator[Tab]:
    """Open the console's first page. Errors in the page, and requests to other hosts, fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    tab = Tab(context.new_page())
    tab.page.goto(shown.url)
    try:
        yield tab
        assert (tab.problems, tab.refused) == ([], [])
    finally:
        tab.close()


@pytest.fixture
def audited(browser: "Browser") -> Iterator[Tab]:
    """Open a page with axe-core in it. Like a browser extension, it bypasses the Content-Security-Policy."""
    context = browser.new_context(reduced_motion="reduce", bypass_csp=True)
    context.add_init_script((modules() / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    tab = Tab(context.new_page())
    yield tab
    tab.close()
