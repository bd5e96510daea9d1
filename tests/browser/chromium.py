"""A headless browser that can reach only this machine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright, Request

LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""The browser itself keeps pages from other hosts. To answer for each request here costs CPU, and the cache."""
WITHOUT = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
)
"""Features of the browser that tests do without. For each context the first two cost a process, and a second of CPU.

They take the place of those that Playwright would disable: the browser reads only the last list.
"""
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is Chromium without windows: the tests take two thirds of the CPU with it (measured)."""


class Tab:
    """A page, and the errors in it."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.problems: list[str] = []
        self.refused: list[str] = []
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("requestfailed", self._note_refused)

    def _note_refused(self, request: "Request") -> None:
        """Note a request to another host, unless the page's own Content-Security-Policy has stopped it."""
        url = urlsplit(request.url)
        if url.scheme in {"http", "https"} and url.hostname != "127.0.0.1" and request.failure != "csp":
            self.refused.append(request.url)

    def show(self) -> None:
        """Print what the page shows, for a test that has failed."""
        print(self.page.url, self.page.evaluate("document.body.innerText"), sep="\n")

    def close(self) -> None:
        """Show the page, and close it and its context.

        What a test is answering at this moment fails, which would end the next test.
        """
        try:
            self.show()
        finally:
            self.page.unroute_all(behavior="ignoreErrors")
            self.page.context.close()


@contextmanager
def started_playwright() -> Iterator["Playwright"]:
    """Start Playwright. A thread can have one of them, and until its end none of its own event loops of asyncio."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        yield started


@contextmanager
def opened_browser(started: "Playwright", *options: str, without: tuple[str, ...] = ()) -> Iterator["Browser"]:
    """Start the browser, without these features. Skip the test, with the reason, if there is none.

    The last of two options of one name counts.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("there is no chromium")
    features = ",".join([*WITHOUT, *without])
    ours = ["--no-sandbox", LOOPBACK_ONLY, f"--disable-features={features}", *options]
    browser = started.chromium.launch(executable_path=program, args=ours)
    try:
        yield browser
    finally:
        browser.close()
