"""The settings of the console and of the company in it, against the real `chalice local` with keys of three roles."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from chalicelib import clock
from chalicelib.access.roles import Role
from chalicelib.crm import orders
from chalicelib.store import timestamps
from tests.browser.console_data import write_reports
from tests.browser.office import Office, signed_in, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.no_database


def test_one_switch_for_all_times_and_one_for_the_theme_are_remembered(browser: "Browser", office: Office) -> None:
    write_reports(clock.now())
    placed = timestamps.from_text(orders.find_all([office.order_id])[office.order_id].date)
    there = placed.astimezone(ZoneInfo("America/New_York"))
    zone = {"timezone_id": "America/New_York", "locale": "de-DE"}
    with signed_in(browser, office, Role.VIEWER, **zone) as page:
        visit(page, office, f"orders/{office.order_id}")
        time = page.locator("dl time").first
        time.wait_for()
        assert time.inner_text() == f"{placed.day} {placed:%b, %H:%M} UTC"
        page.get_by_label("Times").select_option("local")
        assert time.inner_text().startswith(f"{there.day} {there:%b, %H:%M} GMT-")
        visit(page, office, "health")
        page.get_by_role("heading", name="by the hour (GMT-").wait_for()
        page.get_by_label("Times").select_option("UTC")
        page.get_by_role("heading", name="by the hour (UTC)").wait_for()
        visit(page, office, "reports")
        chart = page.locator("figure canvas").first
        chart.wait_for()
        light = chart.evaluate("node => node.toDataURL()")
        page.get_by_label("Theme").select_option("dark")
        page.wait_for_function("light => document.querySelector('figure canvas')?.toDataURL() !== light", arg=light)
        page.reload()
        page.locator("html[data-theme=dark]").wait_for()
        assert page.get_by_label("Theme").input_value() == "dark"
        page.get_by_label("Theme").select_option("System")
        page.locator("html[data-theme=light]").wait_for()
        page.emulate_media(color_scheme="dark")
        page.locator("html[data-theme=dark]").wait_for()


def test_a_question_mark_shows_the_keys_unless_somebody_writes_it(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.VIEWER) as page:
        page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keys")
        keys.get_by_text("Search customers, orders and products").wait_for()
        page.keyboard.press("Escape")
        keys.wait_for(state="detached")
        page.keyboard.press("/")
        page.keyboard.type("?")
        assert page.get_by_role("combobox", name="Search").input_value() == "?"
        assert keys.count() == 0
