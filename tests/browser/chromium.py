"""A headless browser that can reach only this machine, and the API served by Chalice's local server."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from chalice.cli.factory import CLIFactory
from chalice.local import HTTPServerThread, LocalDevServer, create_local_server

import app
from tests.conftest import ROOT
from tests.localdev.servers import free_port, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Tab:
    """A page, and the errors in it."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.problems: list[str] = []
        self.refused: list[str] = []
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.route("**/*", self._loopback_only)

    def _loopback_only(self, route: "Route") -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            self.refused.append(route.request.url)
            route.abort()

    def close(self) -> None:
        """Close the page and its context. What a test is answering at this moment fails, which would end the next test."""
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.context.close()


@contextmanager
def opened_browser(*options: str) -> Iterator["Browser"]:
    """Start the browser. Skip the test, with the reason, if there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", *options])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened_tab() -> Iterator[Tab]:
    with opened_browser() as browser:
        yield Tab(browser.new_page(viewport={"width": 1280, "height": 720}))


@contextmanager
def served() -> Iterator[str]:
    """Serve the API on the tables of the test, and yield its URL."""
    port = free_port()
    config = CLIFactory(str(ROOT)).create_config_obj()
    server: list[LocalDevServer] = []

    def make() -> LocalDevServer:
        server.append(create_local_server(app.app, config, "127.0.0.1", port))
        return server[0]

    thread = HTTPServerThread(make)
    kind = app.app.__class__
    thread.start()
    try:
        wait_for(lambda: server or None, "the server")
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        thread.shutdown()
        thread.join()
        server[0].server.server_close()
        app.app.__class__ = kind  # Chalice's server has given the app another one
