"""GraphiQL in a real browser without a network: it loads, runs an example, knows the schema, and sends the key."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from tests.api.conftest import Change, change
from tests.browser import tabs
from tests.browser.chromium import Tab
from tests.browser.served_here import served
from tests.builders import a_product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["change"]


@pytest.fixture
def tab(browser: "Browser") -> Iterator[Tab]:
    with tabs.opened(browser) as tab:
        yield tab


@pytest.fixture
def url() -> Iterator[str]:
    with served() as url:
        yield url


def run(tab: Tab) -> None:
    tab.page.locator(".graphiql-execute-button").click()


def shows(tab: Tab, text: str) -> None:
    tab.page.locator(".result-window", has_text=text).wait_for()


def test_it_loads_runs_an_example_and_shows_the_schema(tab: Tab, url: str) -> None:
    a_product("Lamp of the test", stock=3)
    tab.page.goto(url)
    tabs = tab.page.locator(".graphiql-tab")
    tabs.first.wait_for()
    assert tabs.count() >= 4
    assert "lowStockProducts" in tab.page.locator(".graphiql-query-editor").inner_text()
    tab.page.locator(".graphiql-editor-tool", has_text="Bearer <your key").wait_for()
    run(tab)
    shows(tab, "Lamp of the test")
    tab.page.get_by_label("Show Documentation Explorer").click()
    tab.page.get_by_role("link", name="Query", exact=True).click()
    tab.page.get_by_text("allProducts", exact=True).first.wait_for()
    assert (tab.problems, tab.refused) == ([], [])


def test_a_typed_key_gives_access_to_schema_and_data(tab: Tab, url: str, change: Change) -> None:
    change(open_access=False)
    key = api_keys.create("Viewer", Role.VIEWER, "test").key
    tab.page.goto(url)
    tab.page.locator(".graphiql-execute-button").wait_for()
    run(tab)
    shows(tab, "UNAUTHENTICATED")
    tab.page.evaluate(
        """key => [...document.querySelectorAll(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror")]
             .forEach(({ CodeMirror }) => CodeMirror.setValue(JSON.stringify({ Authorization: `Bearer ${key}` })))""",
        key,
    )
    run(tab)
    shows(tab, '"lowStockProducts"')
    tab.page.get_by_label("Re-fetch GraphQL schema").click()
    tab.page.get_by_label("Show Documentation Explorer").click()
    tab.page.get_by_role("link", name="Query", exact=True).wait_for()
    stored = tab.page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })")
    assert key not in stored
    assert tab.refused == []


def test_injected_scripts_do_not_run(tab: Tab, url: str) -> None:
    tab.page.goto(url)
    tab.page.locator(".graphiql-execute-button").wait_for()
    tab.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.owned = true";
          document.body.append(script);
          const image = document.createElement("div");
          image.innerHTML = "<img src=x onerror='window.owned = true'>";
          document.body.append(image);
          return fetch("https://example.com/").catch(() => null);
        }"""
    )
    assert tab.page.evaluate("window.owned") is None
    assert len([text for text in tab.problems if "Content Security Policy" in text]) >= 2
    assert tab.refused == []


def test_a_request_to_another_host_fails_and_does_not_go_unnoticed(tab: Tab) -> None:
    tab.page.goto("about:blank")
    urls = ("https://example.com/", "http://203.0.113.1/", "http://localhost:1/")
    for url in urls:
        assert tab.page.evaluate("url => fetch(url).catch(() => 'failed')", url) == "failed"
    assert tab.refused == [*urls]
