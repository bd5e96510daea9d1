"""What operators do in the console, in a real browser against the real `chalice local`. The API shows the effect."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import clock
from chalicelib.jobs import ledger, run_records, slots
from chalicelib.jobs.catalog import CUSTOMER_CLEANUP, ORDER_REMINDERS
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status, Trigger
from tests.browser.chromium import Tab
from tests.browser.console_data import QUOTES, SCRIPT, Console, a_failed_run, a_run, put_runs
from tests.builders import a_product
from tests.localdev.servers import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route

pytestmark = pytest.mark.no_database
STATE = "query ($name: String!) { job(name: $name) { state pause { reason until } } }"
STOCK = "{ lowStockProducts { edges { node { id name stock } } } }"
DELETED = "{ deletedCustomers { edges { node { name } } } }"
RUN = "query ($job: String!, $slot: DateTime!) { jobRun(job: $job, slot: $slot) { status trigger attempts } }"


def card(tab: Tab, job: str) -> "Locator":
    return tab.page.get_by_role("region", name=job, exact=True)


def visit(tab: Tab, title: str) -> None:
    tab.page.get_by_role("navigation").get_by_role("link", name=title).click()


def told(tab: Tab, text: str) -> None:
    tab.page.locator(".messages", has_text=text).wait_for()


def status(tab: Tab, text: str) -> None:
    tab.page.locator("main .badge", has_text=text).wait_for()


def names(connection: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in connection["edges"]]


def test_each_job_shows_its_state(tab: Tab) -> None:
    heartbeat = card(tab, "heartbeat")
    heartbeat.get_by_text("Every 5 minutes, UTC.").wait_for()
    assert heartbeat.locator(".strip li").count() == 30
    assert heartbeat.locator(".strip a.SUCCEEDED").count() == 30
    assert heartbeat.locator("svg.trend polyline").count() == 1
    assert re.match(r"in \d+ (s|min) \(\d+ \w+, \d\d:\d\d UTC\)$", heartbeat.locator("time").last.inner_text())
    assert card(tab, "order_reminders").get_by_text("nobody was there to start it").is_visible()
    assert card(tab, "customer_cleanup").get_by_text("No runs yet").is_visible()


def test_run_now_shows_a_preview_first(tab: Tab, shown: Console) -> None:
    held: list[Route] = []
    run_now = card(tab, "customer_cleanup").get_by_role("button", name="Run now")
    run_now.wait_for()
    tab.page.route("**/graphql", lambda route: held.append(route))  # noqa: PLW0108 - playwright takes no builtin
    run_now.click()
    dialog = tab.page.get_by_role("dialog", name="Run customer_cleanup now?")
    assert tab.page.evaluate("document.activeElement.tagName") == "H2", "Enter does nothing before one has read"
    assert dialog.get_by_role("button", name="Run it").is_disabled()
    tab.page.unroute("**/graphql")
    for route in held:
        route.continue_()
    table = dialog.get_by_role("table", name="What the run would do")
    table.get_by_text("Customer: Ida Late").wait_for()
    table.get_by_text(f"Customer: {SCRIPT}").wait_for()
    assert dialog.get_by_text("5 customers would be deleted.").is_visible()
    assert shown.served.runs("customer_cleanup") == []
    dialog.get_by_label("Delete at most this many customers").fill("3")
    assert dialog.get_by_role("button", name="Run it").is_disabled(), "the preview is of another cap"
    dialog.get_by_text("more than the cap of 3: the run would stop").wait_for()
    dialog.get_by_label("Delete at most this many customers").fill("50")
    dialog.get_by_role("button", name="Run it").click()
    status(tab, "succeeded")
    assert tab.page.locator("main").get_by_text("Deleted 5 inactive customers").is_visible()
    assert tab.page.locator("dl").get_by_text("an operator").is_visible()
    (run,) = shown.served.runs("customer_cleanup")
    assert (run["status"], run["trigger"]) == ("SUCCEEDED", "OPERATOR")
    assert "Ida Late" in names(shown.ask(DELETED)["deletedCustomers"])


def test_a_dry_run_changes_nothing(tab: Tab, shown: Console) -> None:
    before = shown.ask(STOCK)
    card(tab, "low_stock").get_by_role("button", name="Dry run").click()
    dialog = tab.page.get_by_role("dialog", name="Dry run of low_stock")
    dialog.get_by_text("products would be restocked").wait_for()
    assert dialog.get_by_role("row").count() == 1 + len(before["lowStockProducts"]["edges"])
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="detached")
    assert shown.ask(STOCK) == before


def test_pause_with_a_reason_and_resume(tab: Tab, shown: Console) -> None:
    job = card(tab, "order_reminders")
    job.get_by_role("button", name="Pause").click()
    dialog = tab.page.get_by_role("dialog", name="Pause order_reminders?")
    assert dialog.get_by_role("button", name="Pause it").is_disabled()
    dialog.get_by_label("Reason").fill(SCRIPT)
    dialog.get_by_label("Until").fill(f"{clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M}")
    dialog.get_by_role("button", name="Pause it").click()
    job.get_by_text(SCRIPT).wait_for()
    assert tab.page.evaluate("document.activeElement.textContent") == "order_reminders", "its button is gone"
    found = shown.ask(STATE, name="order_reminders")["job"]
    assert (found["state"], found["pause"]["reason"]) == ("PAUSED", SCRIPT)
    assert found["pause"]["until"] is not None
    assert job.get_by_role("button", name="Run now").is_disabled()
    job.get_by_role("button", name="Resume").click()
    job.get_by_role("button", name="Pause").wait_for()
    assert shown.ask(STATE, name="order_reminders")["job"]["pause"] is None


def test_history_shows_why_a_run_was_missed_and_has_pages(tab: Tab) -> None:
    card(tab, "order_reminders").get_by_role("link", name="History").click()
    tab.page.get_by_text(f"paused by Ann: {QUOTES}").wait_for()
    tab.page.get_by_label("Status").select_option("missed")
    tab.page.get_by_text(QUOTES).wait_for(state="detached")
    tab.page.get_by_role("table").get_by_role("link").click()
    tab.page.locator(".note", has_text="Reason: nobody was there to start it").wait_for()
    visit(tab, "Jobs")
    card(tab, "heartbeat").get_by_role("link", name="History").click()
    first = tab.page.get_by_role("table").get_by_role("link").first
    newest = first.get_attribute("href")
    tab.page.get_by_role("button", name="Older").click()
    tab.page.wait_for_function("href => document.querySelector('td a')?.getAttribute('href') !== href", arg=newest)
    tab.page.get_by_role("button", name="Newer").click()
    tab.page.wait_for_function("href => document.querySelector('td a')?.getAttribute('href') === href", arg=newest)


def test_history_finds_a_run_that_is_further_back_than_one_request_reads(tab: Tab, shown: Console) -> None:
    week_ago = clock.now() - timedelta(days=7)
    failed = a_run("heartbeat", week_ago - timedelta(days=1), Status.FAILED, error="the only one")
    others = [a_run("weekly_report", week_ago + timedelta(minutes=n), Status.FAILED) for n in range(250)]
    put_runs([failed, *others])
    query = """{ jobRuns(job: "heartbeat", status: FAILED, first: 50) { edges { cursor } pageInfo { hasNextPage } } }"""
    assert shown.ask(query)["jobRuns"] == {"edges": [], "pageInfo": {"hasNextPage": True}}
    card(tab, "heartbeat").get_by_role("link", name="History").click()
    tab.page.get_by_label("Status").select_option("failed")
    tab.page.get_by_role("cell", name="the only one").wait_for()
    assert tab.page.get_by_role("button", name="Older").is_disabled()


def test_a_failed_run_shows_its_stack_trace_and_can_run_again(tab: Tab, shown: Console) -> None:
    run = a_failed_run(clock.now() - timedelta(minutes=20))
    card(tab, "low_stock").get_by_role("link", name="low_stock", exact=True).click()
    tab.page.get_by_label("Status").select_option("failed")
    tab.page.locator("tbody tr").first.get_by_role("link").click()
    tab.page.get_by_text("Stack trace", exact=True).click()
    tab.page.get_by_text('File "app.py", line 1, in step').wait_for()
    tab.page.get_by_role("button", name="Run again").click()
    told(tab, "Retrying")
    status(tab, "succeeded")
    found = shown.ask(RUN, job=run.job, slot=run.slot)["jobRun"]
    assert (found["status"], found["trigger"]) == ("SUCCEEDED", "OPERATOR")
    assert tab.page.evaluate("window.owned") is None


def test_a_run_that_waits_for_its_next_attempt_says_when_and_can_run_at_once(tab: Tab, shown: Console) -> None:
    run = ledger.claim(ORDER_REMINDERS, slots.of_request(clock.now()))
    assert run
    run = ledger.retry_or_fail(ORDER_REMINDERS, replace(run, attempts_since_progress=3), "the printer is off", "trace")
    tab.page.reload()
    waiting = card(tab, "order_reminders")
    waiting.locator("dt", has_text="Next attempt").wait_for()
    assert waiting.locator(f"time[datetime='{run.next_attempt_at}']").inner_text().startswith("in ")
    waiting.get_by_role("link", name="the printer is off").click()
    tab.page.get_by_text("Failed. Waiting for the next attempt.").wait_for()
    tab.page.get_by_role("button", name="Run again").click()
    status(tab, "succeeded")
    assert shown.ask(RUN, job=run.job, slot=run.slot)["jobRun"]["status"] == "SUCCEEDED"


def test_a_run_in_progress_updates_without_a_reload(tab: Tab) -> None:
    slot = slots.of_request(clock.now())
    ledger.record(run_records.new("customer_cleanup", slot, Trigger.OPERATOR, actor="Ann"))
    run = ledger.claim(CUSTOMER_CLEANUP, slot)
    assert run is not None
    run = ledger.checkpoint(run, StepResult({"before": "2025-01-01"}, ("page one",), {"deleted": 7}))
    tab.page.reload()
    running = card(tab, "customer_cleanup")
    running.get_by_text("1 checkpoint so far, 7 deleted").click()
    tab.page.get_by_text("page one").wait_for()
    tab.page.get_by_text("1 checkpoint so far, 7 deleted").wait_for()
    tab.page.get_by_text('{"before": "2025-01-01"}').wait_for()
    tab.page.evaluate("window.same = true")
    run = ledger.checkpoint(run, StepResult({"before": "2025-01-01"}, ("page two",), {"deleted": 2}))
    tab.page.get_by_text("page two").wait_for()
    tab.page.get_by_text("2 checkpoints so far, 9 deleted").wait_for()
    ledger.finish(run, StepResult(None, ("the end",), {"deleted": 1}))
    status(tab, "succeeded")
    assert tab.page.evaluate("window.same")


def test_a_report_as_charts_numbers_csv_and_print(tab: Tab, shown: Console) -> None:
    visit(tab, "Reports")
    tab.page.locator("figure canvas").first.wait_for()
    assert tab.page.locator("figure canvas").count() == 3
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
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert not tab.page.get_by_role("navigation").is_visible()
    assert not tab.page.get_by_role("button", name="Print").is_visible()
    assert tab.page.evaluate("getComputedStyle(document.querySelector('td')).color") == "rgb(28, 35, 48)", (
        "dark on white"
    )
    tab.page.emulate_media(media="screen")
    tab.page.evaluate("window.print = () => { window.printed = true }")
    tab.page.get_by_role("button", name="Print").click()
    assert tab.page.evaluate("window.printed")


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


def test_dead_letters_are_shown_and_retried(tab: Tab, shown: Console) -> None:
    visit(tab, "Queue")
    letters = tab.page.get_by_role("table", name="Dead letters")
    letters.get_by_text("ValueError").wait_for()
    letters.get_by_text("The message names no run").wait_for()
    href = letters.get_by_role("link").get_attribute("href")
    assert href is not None
    assert href.startswith("#/runs/low_stock/")
    tab.page.get_by_role("button", name="Retry all").click()
    told(tab, "1 retried; 1 left")
    tab.page.locator(".figures", has_text="Dead letters").get_by_text("1", exact=True).wait_for()
    letters.get_by_role("link").wait_for(state="detached")
    assert shown.ask("{ queue { dead } deadLetters { job } }") == {"queue": {"dead": 1}, "deadLetters": [{"job": None}]}
    tab.page.get_by_role("button", name="Discard").click()
    told(tab, "1 discarded")
    letters.get_by_text("The message names no run").wait_for(state="detached")
    assert shown.ask("{ queue { dead } deadLetters { job } }") == {"queue": {"dead": 0}, "deadLetters": []}
    letters_run = {"job": "low_stock", "slot": href.rpartition("/")[2].replace("%3A", ":")}
    wait_for(lambda: shown.ask(RUN, **letters_run)["jobRun"]["status"] == "SUCCEEDED", "the run that was dead")


def test_a_week_of_heartbeats_with_latency(tab: Tab, shown: Console) -> None:
    visit(tab, "Health")
    tab.page.locator(".week .strip").first.wait_for()
    hours = shown.ask("{ uptime { up down averageMs } }")["uptime"]
    cells = tab.page.locator(".week .cell")
    assert cells.count() == len(hours) == 7 * 24
    assert tab.page.locator(".week .cell.down").count() == sum(hour["down"] > 0 for hour in hours) > 0
    title = cells.nth(3).get_attribute("title")
    assert title is not None
    assert title.endswith(" ms")
    assert tab.page.get_by_text("checks succeeded").is_visible()
    assert tab.page.locator(".badge.UP").count() == 2
