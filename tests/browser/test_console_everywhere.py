"""The console for everybody: assistive technology, keyboard, phone, dark mode; names that are attacks; no server.
And what it costs to load.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from chalicelib import clock
from tests.browser import tabs
from tests.browser.accessibility import PAGES, looked_over, visit
from tests.browser.chromium import Tab
from tests.browser.console_data import HOSTILE, SCRIPT, Console
from tests.browser.held import Held
from tests.browser.served_here import served
from tests.localdev.servers import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.no_database
MAX_BYTES = 200_000
OUTSIDE_THE_CARD = """() => {
  const text = document.createRange();
  const right = (label) => (text.selectNodeContents(label), text.getBoundingClientRect().right);
  const end = document.querySelector(".timeline").getBoundingClientRect().right;
  return [...document.querySelectorAll(".axis li")].filter((label) => right(label) > end).map((label) => label.textContent);
}"""
AN_ORDER = "{ allOrders(first: 1) { edges { node { id customerId lines { productId } } } } }"


@pytest.fixture(scope="module")
def ids(shown: Console) -> dict[str, str]:
    """Return what the addresses of pages contain: a failed run, a customer with an order, and a product of it."""
    slot = next(run["slot"] for run in shown.served.runs("low_stock") if run["status"] == "FAILED")
    order = shown.ask(AN_ORDER)["allOrders"]["edges"][0]["node"]
    product = order["lines"][0]["productId"]
    return {"slot": slot, "customer": order["customerId"], "order": order["id"], "product": product}


@pytest.fixture(scope="module")
def one_tab(browser: "Browser") -> Iterator[Tab]:
    """Open a tab without the Content-Security-Policy: axe-core could not be loaded, and no injected script would run."""
    with tabs.opened(browser, bypass_csp=True) as tab:
        yield tab


@pytest.fixture
def nowhere(one_tab: Tab, shown: Console) -> Iterator[Tab]:
    """Open an address without a page, in one tab for all pages that are only looked at.

    To load the console and axe-core for each of them takes twice the CPU (measured). Nothing there looks like a page that
    has loaded. Errors in the page, and requests to other hosts, fail the test.
    """
    one_tab.page.set_viewport_size({"width": tabs.DESKTOP[0], "height": tabs.DESKTOP[1]})
    one_tab.page.emulate_media(color_scheme="light")
    one_tab.page.goto(f"{shown.url}#/nowhere/at/all")
    one_tab.page.get_by_text("#/nowhere/at/all", exact=True).wait_for()
    yield one_tab
    noted = (one_tab.problems[:], one_tab.refused[:])
    one_tab.problems.clear()
    one_tab.refused.clear()
    assert noted == ([], [])


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    nowhere: Tab, shown: Console, ids: dict[str, str], page: str
) -> None:
    visit(nowhere, shown.url, page, ids)
    assert looked_over(nowhere, page) == []


@pytest.mark.parametrize("hour", [0, 1])
def test_the_labels_of_the_day_stay_in_its_card_at_each_hour(
    browser: "Browser", shown: Console, ids: dict[str, str], hour: int
) -> None:
    tab = Tab(browser.new_context(reduced_motion="reduce").new_page())  # its clock stays
    page = tab.page
    page.clock.set_fixed_time(clock.now().replace(hour=hour))  # labels are six hours apart; these have one at the end
    visit(tab, shown.url, "overview", ids)
    assert page.locator(".axis li").count() >= 7
    for width in (390, 700):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OUTSIDE_THE_CARD) == []
    tab.close()


def test_axe_finds_nothing_serious_in_the_dialogs(nowhere: Tab, shown: Console, ids: dict[str, str]) -> None:
    visit(nowhere, shown.url, "jobs/low_stock", ids)
    for button in ("Dry run", "Pause", "Run later"):
        nowhere.page.get_by_role("button", name=button).click()
        nowhere.page.locator("dialog tbody tr, dialog #reason").first.wait_for()
        assert looked_over(nowhere, button) == []
        nowhere.page.keyboard.press("Escape")
        nowhere.page.locator("dialog").wait_for(state="detached")


def test_axe_finds_nothing_serious_in_menus_and_in_questions_about_many(
    nowhere: Tab, shown: Console, ids: dict[str, str]
) -> None:
    visit(nowhere, shown.url, "overview", ids)
    nowhere.page.get_by_role("button", name="Actions for low_stock").click()
    nowhere.page.get_by_role("button", name="Backfill …").wait_for()
    assert looked_over(nowhere, "a menu") == []
    visit(nowhere, shown.url, "runs", ids)
    nowhere.page.get_by_role("button", name="Retry all that failed").click()
    nowhere.page.locator("dialog tbody tr").first.wait_for()
    assert looked_over(nowhere, "a question about many runs") == []


def test_axe_finds_nothing_serious_in_forms_with_errors_and_in_results(
    nowhere: Tab, shown: Console, ids: dict[str, str]
) -> None:
    visit(nowhere, shown.url, "customers/{customer}", ids)
    nowhere.page.get_by_role("button", name="Edit").click()
    nowhere.page.get_by_label("Phone").fill("x")
    nowhere.page.keyboard.press("Enter")
    nowhere.page.get_by_role("alert").wait_for()
    assert looked_over(nowhere, "a form with an error") == []
    visit(nowhere, shown.url, "orders/new", ids)
    add = nowhere.page.get_by_role("combobox", name="Add a product")
    add.press_sequentially("lamp")
    nowhere.page.get_by_role("option", name="in stock").wait_for()
    assert looked_over(nowhere, "results") == []
    add.press("Enter")
    nowhere.page.get_by_label("Quantity of Lamp").fill("9999")
    nowhere.page.get_by_text("Only ").wait_for()
    assert looked_over(nowhere, "lines of an order") == []


def test_everything_works_with_the_keyboard_and_dialogs_return_the_focus(tab: Tab) -> None:
    tab.page.locator(".strip a").first.wait_for()

    def focused() -> str:
        return str(tab.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()"))

    def press_tab_until(name: str) -> list[str]:
        seen = []
        for _ in range(60):
            tab.page.keyboard.press("Tab")
            seen.append(focused())
            if seen[-1] == name:
                return seen
        pytest.fail(f"Tab never reaches {name!r}: {seen}")

    tab.page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "main"
    press_tab_until("heartbeat")
    assert len(press_tab_until("Actions for heartbeat")) == 2, "the cells of the latest runs are no stops"
    for way_out in ("Escape", "Enter"):  # the second on Cancel
        tab.page.keyboard.press("Enter")
        press_tab_until("Pause …")
        tab.page.keyboard.press("Enter")
        dialog = tab.page.get_by_role("dialog", name="Pause heartbeat?")
        dialog.wait_for()
        for _ in range(8):
            tab.page.keyboard.press("Tab")
            assert tab.page.evaluate(
                "Boolean(document.activeElement.closest('dialog')) || document.activeElement === document.body"
            )
        dialog.get_by_role("button", name="Cancel").focus()
        tab.page.keyboard.press(way_out)
        dialog.wait_for(state="detached")
        assert focused() == "Actions for heartbeat"
    tab.page.keyboard.press("Enter")
    tab.page.get_by_role("button", name="Pause …").wait_for()
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("button", name="Pause …").wait_for(state="detached")
    assert focused() == "Actions for heartbeat"


def test_a_dialog_that_was_closed_does_not_close_the_next_one(nowhere: Tab, shown: Console) -> None:
    """The event of its closing comes when the next one may be open."""
    nowhere.page.goto(f"{shown.url}#/jobs/heartbeat")
    nowhere.page.get_by_role("button", name="Pause").click()
    dialog = nowhere.page.get_by_role("dialog", name="Pause heartbeat?")
    dialog.wait_for()
    nowhere.page.evaluate(
        """async () => {
          const press = (name) => [...document.querySelectorAll("button")].find((each) => each.textContent === name).click();
          const closed = new Promise((done) => document.querySelector("dialog").addEventListener("close", done));
          press("Cancel");
          while (document.querySelector("dialog")) await Promise.resolve();
          press("Pause");
          await closed;
          await new Promise((done) => setTimeout(done, 100));
        }"""
    )
    assert dialog.is_visible()


def test_malicious_names_are_shown_as_text(nowhere: Tab, shown: Console) -> None:
    for page in ("low-stock", "clean-up", "reports", "customers", "products"):
        nowhere.page.goto(f"{shown.url}#/{page}")
        for name in HOSTILE:
            cell = nowhere.page.locator("td bdi").get_by_text(name, exact=True).first
            cell.wait_for()
            assert cell.evaluate("node => node.textContent") == name
    nowhere.page.goto(f"{shown.url}#/customers")
    nowhere.page.get_by_role("link", name=SCRIPT).click()
    nowhere.page.get_by_role("heading", level=1, name=SCRIPT).wait_for()
    nowhere.page.wait_for_function("title => document.title.endsWith(title)", arg=f"{SCRIPT} \u00b7 CRM console")
    nowhere.page.get_by_role("button", name="Edit").click()
    assert nowhere.page.get_by_label("Name").input_value() == SCRIPT
    nowhere.page.get_by_role("combobox", name="Search").press_sequentially("onerror")
    nowhere.page.get_by_role("option", name=SCRIPT).first.wait_for()
    assert nowhere.page.evaluate("window.owned") is None
    assert nowhere.page.locator("main script, main img").count() == 0


def test_the_console_is_small_and_loads_fast(
    browser: "Browser", shown: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    page = browser.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    began = time.monotonic()
    page.goto(shown.url)
    page.get_by_role("button", name="Actions for heartbeat").wait_for()
    seconds = time.monotonic() - began
    page.wait_for_load_state("networkidle")
    page.close()
    with capsys.disabled():
        print(f"\nconsole: {sum(sizes) / 1000:.0f} kB in {len(sizes)} requests, usable after {seconds:.2f} s")
    assert len(sizes) > 10
    assert sum(sizes) < MAX_BYTES


@pytest.mark.usefixtures("shown")  # its tables; the server that ends is one of its own
def test_loading_empty_and_error_states_are_shown_and_it_recovers(browser: "Browser") -> None:
    tab = Tab(browser.new_context().new_page())
    page = tab.page
    port = free_port()
    with served(port) as api:
        console = api.replace("/graphql", "/console")
        page.goto(console)
        page.get_by_role("row", name="weekly_report").get_by_text("No runs yet").wait_for()
        held = Held(page)
        page.goto(f"{console}#/runs?job=weekly_report")
        page.locator(".skeleton").get_by_text("Loading").wait_for(state="attached")
        held.let_go()
        page.get_by_text("No run matches these filters.").wait_for()
    page.get_by_role("link", name="Low stock").click()
    page.get_by_role("alert").get_by_text("The server does not answer.").wait_for()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Try again").click()
    page.get_by_role("alert").get_by_text("The server does not answer.").wait_for()
    with served(port):
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("row", name="Peppermint tea").wait_for()
        assert page.get_by_role("alert").count() == 0
        for wrong in ("%E0%A4%A", "order", "queue/1", "customers/a/b", "__proto__", "constructor/new", "toString/1"):
            page.goto(f"{console}#/{wrong}")
            page.get_by_role("heading", name="There is no such page").wait_for()
            page.get_by_text(f"#/{wrong}", exact=True).wait_for()
        page.get_by_role("navigation", name="All pages").get_by_role("link", name="Orders").click()
        page.get_by_role("heading", name="Orders").wait_for()
        page.route("**/reports.js*", lambda route: route.abort())
        page.get_by_role("link", name="Reports").click()
        page.get_by_role("alert").get_by_text("The server does not answer.").wait_for()
        page.unroute("**/reports.js*")
        page.get_by_role("button", name="Try again").click()
        page.locator("figure rect").first.wait_for()
        page.context.close()
    assert [text for text in tab.problems if "ERR_CONNECTION_REFUSED" not in text and "ERR_FAILED" not in text] == []


def test_a_new_page_has_the_focus_before_anybody_can_type_into_it(nowhere: Tab) -> None:
    focused = """() => new Promise((done) => {
      new MutationObserver(() => done(document.activeElement.id)).observe(document.getElementById("main"), { childList: true });
      document.getElementById("search").focus();
      location.hash = "#/orders/new";
    })"""
    assert nowhere.page.evaluate(focused) == "main"
