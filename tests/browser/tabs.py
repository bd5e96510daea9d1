"""Tabs of tests, each in a context of its own: what a page asks for late must not count against the next test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.browser.chromium import Tab
from tests.clients.node import modules

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP = (1280, 800)
PATIENCE = 30_000
"""Milliseconds, for a machine that does something else."""


@contextmanager
def opened(browser: "Browser", size: tuple[int, int] = DESKTOP, *, axe: bool = False, **options: Any) -> Iterator[Tab]:
    """Open a tab. `options` are those of Playwright's contexts; with `axe`, axe-core is in each page."""
    page = _new_page(browser, options, axe=axe)
    page.set_default_timeout(PATIENCE)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce")
    tab = Tab(page)
    try:
        yield tab
        tab.leave()
    finally:
        page.context.close()


def _new_page(browser: "Browser", options: dict[str, Any], *, axe: bool) -> "Page":
    """Return a page of a new context. Like a browser extension, axe-core bypasses the Content-Security-Policy."""
    context = browser.new_context(reduced_motion="reduce", bypass_csp=axe, **options)
    if axe:
        context.add_init_script((modules() / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    return context.new_page()
