"""What operators do in the console, in a real browser. The API shows the effect."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from chalicelib import clock
from chalicelib.jobs.catalog import HEARTBEAT
from tests.browser import tabs
from tests.browser.chromium import Tab
from tests.browser.console_data import QUOTES, SCRIPT, Console
from tests.browser.console_pages import choose, names, open_job, row, status, told, visit
from tests.browser.held import Held
from tests.browser.report_page import check_charts, check_print
from tests.builders import a_product
from tests.localdev.servers import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.no_database
STATE = "query ($name: String!) { job(name: $name) { state pause { reason until } } }"
STOCK = "{ lowStockProducts { edges { node { id name stock } } } }"
DELETED = "{ deletedCustomers { edges { node { name } } } }"
GO_ON_AT_THE_FIRST_RENDERING = """new MutationObserver((records, observer) => {
  if (records.some(({ target, removedNodes }) => target.id === "app" && removedNodes.length)) {
    observer.disconnect();
    location.hash = "#/runs";
  }
}).observe(document, { childList: true, subtree: true })"""
LEAVE_SOMETHING = """async () => {
  localStorage.setItem("crm-theme", "dark");
  sessionStorage.setItem("crm-key", "wrong");
  window.name = "left";
  await new Promise((done) => { indexedDB.open("crm-imports").onsuccess = done; });
}"""
LEFT = """async () => [
  { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), window.name,
  innerWidth, document.documentElement.dataset.theme, matchMedia("screen").matches,
]"""
RUN = "query ($job: String!, $slot: DateTime!) { jobRun(job: $job, slot: $slot) { status trigger attempts } }"


def test_each_job_shows_its_state(tab: Tab) -> None:
    heartbeat = row(tab, "heartbeat")
    heartbeat.get_by_text("Every 5 minutes, UTC").wait_for()
    wait_for(lambda: heartbeat.locator(".strip a.SUCCEEDED").count() == 30, "the latest runs")
    assert heartbeat.locator(".strip li").count() == 30
    due = re.compile(r"^in \d+ (s|min) \(\d+ \w+, \d\d:\d\d UTC\)$")  # until the page looks again, it may be over
    heartbeat.locator("time").last.filter(has_text=due).wait_for()
    assert row(tab, "customer_cleanup").get_by_text("No runs yet").is_visible()
    day = tab.page.get_by_role("list", name="heartbeat, the last 24 hours and the next 24")
    wait_for(lambda: day.locator("a.SUCCEEDED").count() >= 23, "the runs of the day")
    wait_for(lambda: day.locator(".due").count() == hours_with_heartbeats_ahead(), "the hours in which it is due")
    day.locator("a").first.click()
    tab.page.get_by_role("heading", name="Runs of heartbeat").wait_for()
    tab.page.get_by_role("table", name="Runs").get_by_role("link").nth(3).wait_for()
    assert tab.page.get_by_role("table", name="Runs").get_by_role("row").count() == 5, "the hour has four runs"
    tab.page.go_back()
    open_job(tab, "heartbeat")
    assert tab.page.locator("svg.trend polyline").count() == 1
    assert tab.page.get_by_role("table", name="Schedules").get_by_text("heartbeat.default").is_visible()


def test_an_address_that_changes_before_the_first_paint_is_the_one_that_is_shown(
    browser: "Browser", shown: Console
) -> None:
    with tabs.opened(browser) as tab:
        tab.page.add_init_script(GO_ON_AT_THE_FIRST_RENDERING)
        tab.page.goto(shown.url)
        tab.page.get_by_role("heading", level=1, name="Runs").wait_for()
        assert tab.page.url.endswith("#/runs")
        assert (tab.problems, tab.refused) == ([], [])


def test_a_tab_that_is_used_again_has_nothing_of_the_test_before(browser: "Browser", shown: Console) -> None:
    with tabs.reused(browser, (390, 844)) as tab:
        tab.page.goto(urljoin(shown.url, tabs.A_FILE))
        tab.page.evaluate(LEAVE_SOMETHING)
        tab.page.route("**/graphql", lambda route: route.abort())
        tab.page.emulate_media(color_scheme="dark", media="print")
        tab.page.goto(shown.url)
        tab.page.get_by_role("button", name="Try again").wait_for()
    with tabs.reused(browser) as again:
        assert again is tab
        again.page.goto(shown.url)
        row(again, "heartbeat").wait_for()
        assert again.page.evaluate(LEFT) == [{}, {}, [], "", 1280, "light", True]
        assert (again.problems, again.refused) == ([], [])


def hours_with_heartbeats_ahead() -> int:
    """Return in how many hours of the clock the next 24 have a heartbeat: 25, but 24 once the last one of an hour is over."""
    now = clock.now()
    first, last = HEARTBEAT.schedule.after(now), HEARTBEAT.schedule.until(now + timedelta(days=1))
    return (last.replace(minute=0) - first.replace(minute=0)) // timedelta(hours=1) + 1


def test_run_now_shows_a_preview_first(tab: Tab, shown: Console) -> None:
    row(tab, "customer_cleanup").wait_for()
    held = Held(tab.page)
    choose(tab, "customer_cleanup", "Run now …")
    dialog = tab.page.get_by_role("dialog", name="Run customer_cleanup now?")
    assert tab.page.evaluate("document.activeElement.tagName") == "H2", "Enter does nothing before one has read"
    assert dialog.get_by_role("button", name="Run it").is_disabled()
    held.let_go()
    table = dialog.get_by_role("table", name="What the run would do")
    table.get_by_text("Customer: Ida Late").wait_for()
    table.get_by_text(f"Customer: {SCRIPT}").wait_for()
    assert dialog.get_by_text("5 customers would be deleted.").is_visible()
    assert shown.served.runs("customer_cleanup") == []
    dialog.get_by_text("With other values").click()
    dialog.get_by_label("cap Stop if more customers").fill("3")
    assert dialog.get_by_role("button", name="Run it").is_disabled(), "the preview is of another cap"
    dialog.get_by_text("more than the cap of 3: the run would stop").wait_for()
    dialog.get_by_label("cap Stop if more customers").fill("50")
    dialog.get_by_text("5 customers would be deleted.").wait_for()
    dialog.get_by_role("button", name="Run it").click()
    status(tab, "succeeded")
    assert tab.page.locator("main").get_by_text("Deleted 5 inactive customers").is_visible()
    assert tab.page.locator("dl").get_by_text("an operator").is_visible()
    (run,) = shown.served.runs("customer_cleanup")
    assert (run["status"], run["trigger"]) == ("SUCCEEDED", "OPERATOR")
    assert "Ida Late" in names(shown.ask(DELETED)["deletedCustomers"])


def test_a_dry_run_changes_nothing(tab: Tab, shown: Console) -> None:
    before = shown.ask(STOCK)
    choose(tab, "low_stock", "Dry run …")
    dialog = tab.page.get_by_role("dialog", name="Dry run of low_stock")
    dialog.get_by_text("products would be restocked").wait_for()
    assert dialog.get_by_role("row").count() == 1 + len(before["lowStockProducts"]["edges"])
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="detached")
    assert shown.ask(STOCK) == before


def test_pause_with_a_reason_and_resume(tab: Tab, shown: Console) -> None:
    choose(tab, "order_reminders", "Pause …")
    dialog = tab.page.get_by_role("dialog", name="Pause order_reminders?")
    assert dialog.get_by_role("button", name="Pause it").is_disabled()
    dialog.get_by_label("Reason").fill(SCRIPT)
    dialog.get_by_label("Until").fill(f"{clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M}")
    dialog.get_by_role("button", name="Pause it").click()
    row(tab, "order_reminders").get_by_text(SCRIPT).wait_for()
    assert tab.page.evaluate("document.activeElement.ariaLabel") == "Actions for order_reminders"
    found = shown.ask(STATE, name="order_reminders")["job"]
    assert (found["state"], found["pause"]["reason"]) == ("PAUSED", SCRIPT)
    assert found["pause"]["until"] is not None
    tab.page.keyboard.press("Enter")
    assert tab.page.get_by_role("button", name="Run now …").is_disabled()
    tab.page.get_by_role("button", name="Resume").click()
    row(tab, "order_reminders").get_by_text(SCRIPT).wait_for(state="detached")
    assert shown.ask(STATE, name="order_reminders")["job"]["pause"] is None


def test_a_report_as_charts_numbers_csv_and_print(tab: Tab, shown: Console) -> None:
    visit(tab, "Reports")
    tab.page.locator("figure rect").first.wait_for()
    check_charts(tab.page)
    table = tab.page.get_by_role("table", name="The week")
    select = tab.page.get_by_label("Week", exact=True)
    week = select.locator("option").nth(1).inner_text()
    select.select_option(week)
    tab.page.get_by_role("heading", name=week).wait_for()
    report = shown.ask("query ($p: String!) { report(period: $p) { week { revenue } revenueChange } }", p=week)[
        "report"
    ]
    shown_row = table.get_by_role("row", name="Revenue").inner_text()
    assert f"${report['week']['revenue']}" in shown_row
    assert f"{report['revenueChange'].lstrip('-')} %" in shown_row
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("link", name="Download CSV").click()
    text = waiting.value.path().read_text("utf-8")
    assert waiting.value.suggested_filename == f"report-{week}.csv"
    assert text.splitlines()[1].startswith(f"week,{week} ")
    assert ",'=1+1," in text, "no formula for a spreadsheet"
    check_print(tab.page)


def test_a_report_can_be_made_again(tab: Tab, shown: Console) -> None:
    visit(tab, "Reports")
    week = tab.page.get_by_label("Week", exact=True).input_value()
    tab.page.get_by_role("button", name="Make again").click()
    status(tab, "succeeded")
    tab.page.locator("dl").get_by_role("link", name=week).click()
    tab.page.get_by_text("revision 2").wait_for()
    assert shown.ask("query ($p: String!) { report(period: $p) { revision } }", p=week)["report"]["revision"] == 2


def test_one_click_restocks_one_product_or_all(tab: Tab, shown: Console) -> None:
    for name in ("Green tea", "Milk", QUOTES):
        a_product(name, stock=3)
    visit(tab, "Low stock")
    before = names(shown.ask(STOCK)["lowStockProducts"])
    tab.page.get_by_role("button", name=f"Restock {before[0]}", exact=True).click()
    told(tab, "in stock")
    tab.page.get_by_role("row", name=before[0]).wait_for(state="detached")
    assert names(shown.ask(STOCK)["lowStockProducts"]) == before[1:]
    tab.page.get_by_role("button", name=f"Restock all {len(before) - 1}").click()
    tab.page.get_by_text("No product is low on stock.").wait_for()
    assert names(shown.ask(STOCK)["lowStockProducts"]) == []


def test_a_deleted_customer_can_be_restored(tab: Tab, shown: Console) -> None:
    visit(tab, "Clean-up")
    tab.page.get_by_role("button", name="Restore Gone Girl").click()
    told(tab, "restored")
    tab.page.get_by_role("button", name="Restore Gone Girl").wait_for(state="detached")
    assert "Gone Girl" not in names(shown.ask(DELETED)["deletedCustomers"])
    assert names(shown.ask('{ allCustomers(name: "Gone Girl") { edges { node { name } } } }')["allCustomers"])


def test_a_week_of_heartbeats_with_latency(tab: Tab, shown: Console) -> None:
    visit(tab, "Health")
    tab.page.locator(".week .strip").first.wait_for()
    hours = shown.ask("{ uptime { up down averageMs } }")["uptime"]
    cells = tab.page.locator(".week .cell")
    assert cells.count() == len(hours) == 7 * 24
    assert tab.page.locator(".week .cell.down").count() == sum(hour["down"] > 0 for hour in hours) > 0
    measured = sum(hour["averageMs"] is not None for hour in hours)  # in this hour, it may be none
    assert tab.page.locator(".week .cell[title$=' ms']").count() == measured > 0
    assert tab.page.get_by_text("checks succeeded").is_visible()
    wait_for(lambda: tab.page.locator(".badge.UP").count() == 2, "database and queue")
