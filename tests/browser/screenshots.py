"""Make docs/*.png again, in about a minute: `python -m tests.browser.screenshots`. It needs Chromium on the PATH."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT  # first: it sets the environment

# isort: split
from moto import mock_aws

from chalicelib import clock
from chalicelib.jobs import job_state, queue
from chalicelib.store import connection
from tests.browser.chromium import opened_browser, started_playwright
from tests.browser.console_data import a_failed_run, local_console, put_heartbeats
from tests.browser.served_here import served
from tests.builders import a_product
from tests.crmctl.preset_samples import SAMPLES
from tests.localdev.servers import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = ROOT / "docs"
WEEKS = 10
PRODUCTS = (
    ("Desk lamp", "34.90", 2),
    ("Ballpoint pen, blue", "1.20", 4),
    ("Notebook A5", "3.50", 7),
    ("Stapler", "8.90", 9),
)
PAGES = {"console-overview": ("overview", ".timeline .cell")}

AN_ORDER = '{ allOrders(first: 1, orderBy: ["-orderDate"]) { edges { node { customerId } } } }'


def graphiql() -> None:
    with mock_aws():
        connection.create_tables()
        queue.create()
        for name, price, stock in PRODUCTS:
            a_product(name, price, stock)
        with served() as url, started_playwright() as playwright, opened_browser(playwright) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(url)
            page.locator(".graphiql-execute-button").click()
            page.locator(".result-window", has_text="Stapler").wait_for()
            page.get_by_label("Show Documentation Explorer").click()
            page.get_by_role("link", name="Query", exact=True).wait_for()
            page.screenshot(path=DOCS / "graphiql.png")


def operators() -> None:
    """Create weeks of runs on the demo data, with one failed run and one paused job."""
    with tempfile.TemporaryDirectory() as directory, local_console(Path(directory), CRM_DEMO_DATA="on") as shown:
        done = shown.place.run("-m", "localdev", "fast-forward", "--days", str(7 * WEEKS), "--no-heartbeat")
        assert done.returncode == 0, done.stdout + done.stderr
        now = clock.now()
        put_heartbeats(now)
        a_failed_run(now.replace(hour=0, minute=0, second=1), "UNAVAILABLE: The database did not answer")
        job_state.pause("customer_cleanup", "The auditors look at the customers until Friday", "Ann")
        slot = next(run["slot"] for run in shown.served.runs("order_reminders") if run["lines"])
        customer = shown.ask(AN_ORDER)["allOrders"]["edges"][0]["node"]["customerId"]
        of_rows = {
            "console-run": (f"runs/order_reminders/{slot}", "pre"),
            "console-customer": (f"customers/{customer}", "tbody tr"),
        }
        with started_playwright() as playwright, opened_browser(playwright) as browser:
            take_import(browser, f"{shown.url}#/import", DOCS / "console-import.png")
            for name, (page, ready) in {**PAGES, **of_rows}.items():
                take(browser, f"{shown.url}#/{page}", ready, DOCS / f"{name}.png")
            take_schedule(browser, f"{shown.url}#/schedules", DOCS / "console-schedules.png")


def tour() -> None:
    """The first start with the reports of its four weeks, and a job that is broken on purpose."""
    with (
        tempfile.TemporaryDirectory() as directory,
        local_console(Path(directory), CRM_DEMO_DATA="on", CRM_JOBS="on") as shown,
        started_playwright() as playwright,
        opened_browser(playwright) as browser,
    ):
        wait_for(lambda: shown.ask("{ reports(first: 1) { edges { cursor } } }")["reports"]["edges"], "the reports")
        take(browser, f"{shown.url}#/reports", "figure rect", DOCS / "console-report.png")
        take(browser, f"{shown.url}#/overview", ".timeline .cell", DOCS / "tour-overview.png")
        done = shown.place.run("-m", "localdev", "break", "low_stock")
        assert done.returncode == 0, done.stdout + done.stderr
        slot = shown.ask('mutation { runJob(name: "low_stock") { run { slot } } }')["runJob"]["run"]["slot"]
        broken = ":text('was broken on purpose')"
        take(browser, f"{shown.url}#/runs/low_stock/{slot}", broken, DOCS / "tour-failed-run.png")


def take(browser: "Browser", url: str, ready: str, file: Path) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 720}, locale="en-GB")
    page.goto(url)
    page.locator(f"main {ready}").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, full_page=file.stem in PAGES)
    page.close()


def take_import(browser: "Browser", url: str, file: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page.goto(url)
    export = SAMPLES["shopify"].files["orders_export_1.csv"].encode()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "orders_export_1.csv", "mimeType": "text/csv", "buffer": export}
    )
    page.get_by_role("table", name="First rows").wait_for()
    page.screenshot(path=file, full_page=True)
    page.close()


def take_schedule(browser: "Browser", url: str, file: Path) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 820}, locale="en-GB", timezone_id="America/New_York")
    page.goto(url)
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Crontab").fill("30 2 * * SUN")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("table", name="The next runs").get_by_text("CE").first.wait_for()
    page.get_by_role("region", name="New schedule").screenshot(path=file)
    page.close()


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    graphiql()
    operators()
    tour()
    for file in sorted(DOCS.glob("*.png")):
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
