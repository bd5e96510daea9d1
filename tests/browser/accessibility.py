"""The pages of the console, and what axe-core finds on a page: https://github.com/dequelabs/axe-core."""

import os
from typing import Any, Literal

from tests.browser.chromium import Tab
from tests.clients.node import modules

PAGES = {
    "overview": ".timeline .cell",
    "jobs/low_stock": "tbody tr",
    "runs": "tbody tr",
    "runs/low_stock/{slot}": "summary",
    "reports": "figure rect",
    "low-stock": "tbody tr",
    "clean-up": "tbody tr",
    "customers": "tbody tr",
    "orders": "tbody tr",
    "products": "tbody tr",
    "customers/{customer}": "tbody tr",
    "orders/{order}": "tbody tr",
    "products/{product}": "tbody tr",
    "customers/new": "input",
    "orders/new": "input",
    "queue": "tbody tr",
    "health": ".week .cell",
    "schedules": "tbody tr",
    "audit-log": "tbody tr, .empty",
    "nowhere": "h1",
    "import": "input",
}
"""Text that shows that a page has loaded."""
VIEWS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (390, "dark")]
"""Both widths and both themes. The layout does not depend on the theme; full size also looks at the other two pairs."""
if os.environ.get("CRM_FULL_SIZE"):
    VIEWS += [(1280, "dark"), (390, "light")]
_RUN = """async ([impacts, fingers]) => {
  const others = axe._audit.rules.filter(({ impact }) => !impacts.includes(impact));
  const rules = Object.fromEntries(others.map(({ id }) => [id, { enabled: false }]));
  rules["target-size"] = { enabled: fingers };
  return (await axe.run(document, { resultTypes: ["violations"], rules })).violations;
}"""
"""All that a rule finds has the rule's impact. The rules with another one take a sixth of the time (measured)."""
_IMPACTS = ["serious", "critical"]


def visit(tab: Tab, url: str, page: str, ids: dict[str, str]) -> None:
    tab.page.goto(f"{url}#/{page.format(**ids)}")
    tab.page.locator(f"main {PAGES[page]}").first.wait_for()


def violations(tab: Tab, *, fingers: bool = False) -> list[str]:
    if not tab.page.evaluate("'axe' in window"):
        tab.page.add_script_tag(path=modules() / "node_modules" / "axe-core" / "axe.min.js")
    found: list[dict[str, Any]] = tab.page.evaluate(_RUN, [_IMPACTS, fingers])
    return [f"{entry['id']} ({entry['impact']}): {entry['nodes'][0]['html'][:200]}" for entry in found]


def looked_over(tab: Tab, what: str) -> list[str]:
    """Return what axe finds on a desktop and on a phone, and in light and in dark mode."""
    found = []
    for width, scheme in VIEWS:
        tab.page.set_viewport_size({"width": width, "height": 844})
        tab.page.emulate_media(color_scheme=scheme)
        tab.page.locator(f"html[data-theme={scheme}]").wait_for()
        found += [f"{what}, {width}, {scheme}: {entry}" for entry in violations(tab, fingers=width < 500)]
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, what
    return found
