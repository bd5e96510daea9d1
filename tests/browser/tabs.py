"""Tabs of tests: each in a context of its own, or one after the other in the same page, which is emptied in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from weakref import WeakKeyDictionary

from tests.browser.chromium import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

DESKTOP = (1280, 800)
PATIENCE = 30_000
"""Milliseconds, for a machine that does something else."""
A_FILE = "/console/html.js"
"""A page of the console's origin that runs nothing: what is stored can be changed there before the console starts."""
_EMPTY = """async () => {
  window.name = "";
  sessionStorage.clear();
  localStorage.clear();
  for (const { name } of await indexedDB.databases()) {
    await new Promise((done, failed) => Object.assign(indexedDB.deleteDatabase(name), { onsuccess: done, onerror: failed }));
  }
}"""
_kept: WeakKeyDictionary["Browser", Tab] = WeakKeyDictionary()
"""For each browser, the tab that no test uses at the moment."""


@contextmanager
def reused(browser: "Browser", size: tuple[int, int] = DESKTOP) -> Iterator[Tab]:
    """Open a tab in the page that the test before has left, without what that test stored, routed or emulated.

    The console loads anew, but in a process that runs already: that saves a third of the CPU (measured). A test that adds
    scripts to the page or sets its clock needs a context of its own, as `opened` makes it.
    """
    tab = _kept.pop(browser, None) or _new(browser, size)
    tab.problems.clear()
    tab.refused.clear()
    tab.page.set_viewport_size({"width": size[0], "height": size[1]})
    try:
        yield tab
        _empty(tab)
    except BaseException:
        tab.close()
        raise
    _kept[browser] = tab


def _empty(tab: Tab) -> None:
    """Leave the console, with what it asks for late, and forget what it has stored."""
    page = tab.page
    tab.show()
    page.unroute_all(behavior="ignoreErrors")
    page.goto(urljoin(page.url, A_FILE))
    page.evaluate(_EMPTY)
    page.mouse.move(0, 0)
    page.emulate_media(media="null", color_scheme="light", reduced_motion="reduce")


@contextmanager
def opened(browser: "Browser", size: tuple[int, int] = DESKTOP, **options: Any) -> Iterator[Tab]:
    """Open a tab in a context of its own. `options` are those of Playwright's contexts."""
    tab = _new(browser, size, **options)
    try:
        yield tab
    finally:
        tab.close()


def _new(browser: "Browser", size: tuple[int, int], **options: Any) -> Tab:
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    return Tab(context.new_page())
