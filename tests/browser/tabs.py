"""Tabs of tests, each in a context of its own: what a page asks for late must not count against the next test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.browser.chromium import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

DESKTOP = (1280, 800)
PATIENCE = 30_000
"""Milliseconds, for a machine that does something else."""


@contextmanager
def opened(browser: "Browser", size: tuple[int, int] = DESKTOP, **options: Any) -> Iterator[Tab]:
    """Open a tab. `options` are those of Playwright's contexts."""
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    tab = Tab(context.new_page())
    try:
        yield tab
    finally:
        tab.close()
