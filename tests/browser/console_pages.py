"""What tests do on the pages of the console."""

from typing import TYPE_CHECKING, Any

from tests.browser.chromium import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def row(tab: Tab, job: str) -> "Locator":
    """Return the row of a job on the overview."""
    table = tab.page.get_by_role("table", name="Jobs")
    return table.get_by_role("row").filter(has=tab.page.get_by_role("link", name=job, exact=True))


def choose(tab: Tab, job: str, action: str) -> None:
    """Choose an action in the menu of a job."""
    tab.page.get_by_role("button", name=f"Actions for {job}").click()
    tab.page.locator(".actions-menu").get_by_text(action, exact=True).click()


def open_job(tab: Tab, job: str) -> None:
    row(tab, job).get_by_role("link", name=job, exact=True).click()
    tab.page.get_by_role("heading", level=1, name=job).wait_for()


def visit(tab: Tab, title: str) -> None:
    tab.page.get_by_role("navigation").get_by_role("link", name=title).click()


def told(tab: Tab, text: str) -> None:
    tab.page.locator(".messages", has_text=text).wait_for()


def status(tab: Tab, text: str) -> None:
    tab.page.locator("main .badge", has_text=text).wait_for()


def names(connection: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in connection["edges"]]
