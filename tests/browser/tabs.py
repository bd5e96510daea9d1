"""Tabs of tests, each in a context of its own: what a page asks for late must not count against the next test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.browser.chromium import Tab
from tests.clients.node import modules

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

DESKTOP = (1280, 800)
PATIENCE = 30_000
"""Milliseconds, for a machine that does something else."""


@contextmanager
def opened(browser: "Browser", size: tuple[int, int] = DESKTOP, *, axe: bool = False, **options: Any) -> Iterator[Tab]:
    """Open a tab. `options` are those of Playwright's contexts.

    With `axe`, axe-core is in each page. Like a browser extension, it bypasses the Content-Security-Policy.
    """
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, reduced_motion="reduce", bypass_csp=axe, **options)
    context.set_default_timeout(PATIENCE)
    if axe:
        context.add_init_script((modules() / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    tab = Tab(context.new_page())
    try:
        yield tab
    finally:
        tab.close()
