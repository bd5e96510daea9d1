"""Tabs that tests use one after the other: a context and its renderer take a second of a processor to start.

Each test finds a tab as if it were new. Nothing is stored in it, no script runs in it, and it has the size and the theme
that it begins with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from weakref import WeakKeyDictionary

from tests.browser.chromium import Tab
from tests.clients.node import modules

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP = (1280, 800)
PATIENCE = 30_000
"""Milliseconds, for a machine that does something else."""
A_FILE = "/console/html.js"
"""A page of the same origin that runs nothing, so that nothing is stored again once it was deleted."""
FORGET = """async () => {
  sessionStorage.clear();
  localStorage.clear();
  for (const { name } of await indexedDB.databases()) {
    await new Promise((done, failed) => Object.assign(indexedDB.deleteDatabase(name), { onsuccess: done, onerror: failed }));
  }
}"""
_idle: WeakKeyDictionary["Browser", dict[str, "Page"]] = WeakKeyDictionary()


@contextmanager
def opened(browser: "Browser", size: tuple[int, int] = DESKTOP, *, axe: bool = False, **options: Any) -> Iterator[Tab]:
    """Open a tab. `options` are those of Playwright's contexts; with `axe`, axe-core is in each page.

    A tab whose test failed is closed.
    """
    idle, kind = _idle.setdefault(browser, {}), repr((axe, sorted(options.items())))
    page = idle.pop(kind, None) or _new_page(browser, options, axe=axe)
    page.set_default_timeout(PATIENCE)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce")
    tab = Tab(page)
    try:
        yield tab
        tab.leave()
        page.goto(urljoin(page.url, A_FILE))
        page.evaluate(FORGET)
    except BaseException:
        page.context.close()
        raise
    idle[kind] = page


def _new_page(browser: "Browser", options: dict[str, Any], *, axe: bool) -> "Page":
    """Return a page of a new context. Like a browser extension, axe-core bypasses the Content-Security-Policy."""
    context = browser.new_context(reduced_motion="reduce", bypass_csp=axe, **options)
    if axe:
        context.add_init_script((modules() / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    return context.new_page()
