"""The console for everybody: assistive technology, keyboard, phone, dark mode; keys of every role; names that are attacks;
no server. And what it costs to load.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.accessibility import PAGES, looked_over, visit
from tests.browser.chromium import Tab
from tests.browser.console_data import HOSTILE, SCRIPT, Console
from tests.browser.office import refusal
from tests.clients.node import modules
from tests.localdev.crm_server import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.no_database
MAX_BYTES = 200_000
AN_ORDER = "{ allOrders(first: 1) { edges { node { id customerId lines { productId } } } } }"
CREATE_KEY = """mutation ($name: String!, $role: Role!) {
  createKey(name: $name, role: $role) { secret }
}"""


@pytest.fixture(scope="module")
def ids(shown: Console) -> dict[str, str]:
    """Return what the addresses of pages contain: a failed run, a customer with an order, and a product of it."""
    slot = next(run["slot"] for run in shown.served.runs("low_stock") if run["status"] == "FAILED")
    order = shown.ask(AN_ORDER)["allOrders"]["edges"][0]["node"]
    product = order["lines"][0]["productId"]
    return {"slot": slot, "customer": order["customerId"], "order": order["id"], "product": product}


@pytest.fixture(scope="module")
def slot(ids: dict[str, str]) -> str:
    return ids["slot"]


@pytest.fixture(scope="module")
def closed(shown: Console) -> Iterator[Served]:
    """Start a second server on the same tables that requires keys."""
    shown.place.settings["CRM_OPEN_ACCESS"] = "false"
    served = Served(shown.place)
    shown.place.settings["CRM_OPEN_ACCESS"] = "true"
    yield served
    served.end()


def secret(shown: Console, role: str) -> str:
    return str(shown.ask(CREATE_KEY, name=f"Test {role}", role=role)["createKey"]["secret"])


@pytest.fixture
def audited(browser: "Browser") -> Iterator[Tab]:
    """Open a page with axe-core in it. Like a browser extension, it bypasses the Content-Security-Policy."""
    context = browser.new_context(reduced_motion="reduce", bypass_csp=True)
    context.add_init_script((modules() / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    yield Tab(context.new_page())
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    audited: Tab, shown: Console, ids: dict[str, str], page: str
) -> None:
    visit(audited, shown.url, page, ids)
    assert looked_over(audited, page) == []
    assert (audited.problems, audited.refused) == ([], [])


def test_axe_finds_nothing_serious_in_the_dialogs(audited: Tab, shown: Console, ids: dict[str, str]) -> None:
    visit(audited, shown.url, "jobs", ids)
    for button in ("Dry run of low_stock", "Pause low_stock"):
        audited.page.get_by_role("button", name=button).click()
        audited.page.locator("dialog tbody tr, dialog #reason").first.wait_for()
        assert looked_over(audited, button) == []
        audited.page.keyboard.press("Escape")
        audited.page.locator("dialog").wait_for(state="detached")


def test_axe_finds_nothing_serious_in_forms_with_errors_and_in_results(
    audited: Tab, shown: Console, ids: dict[str, str]
) -> None:
    visit(audited, shown.url, "customers/{customer}", ids)
    audited.page.get_by_role("button", name="Edit").click()
    audited.page.get_by_label("Phone").fill("x")
    audited.page.keyboard.press("Enter")
    audited.page.get_by_role("alert").wait_for()
    assert looked_over(audited, "a form with an error") == []
    visit(audited, shown.url, "orders/new", ids)
    add = audited.page.get_by_role("combobox", name="Add a product")
    add.press_sequentially("lamp")
    audited.page.get_by_role("option", name="in stock").wait_for()
    assert looked_over(audited, "results") == []
    add.press("Enter")
    audited.page.get_by_label("Quantity of Lamp").fill("9999")
    audited.page.get_by_text("Only ").wait_for()
    assert looked_over(audited, "lines of an order") == []


def test_everything_works_with_the_keyboard_and_dialogs_return_the_focus(tab: Tab) -> None:
    tab.page.locator(".strip a").first.wait_for()

    def focused() -> str:
        return str(tab.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()"))

    tab.page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "main"
    seen = []
    for _ in range(45):
        tab.page.keyboard.press("Tab")
        seen.append(focused())
        if seen[-1] == "Pause heartbeat":
            break
    assert [name for name in seen if "heartbeat" in name] == [
        "heartbeat",
        "Run now: heartbeat",
        "Dry run of heartbeat",
        "Pause heartbeat",
    ]
    for way_out in ("Escape", "Enter"):  # the second on Cancel
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
        assert focused() == "Pause heartbeat"


def test_malicious_names_are_shown_as_text(tab: Tab, shown: Console) -> None:
    for page in ("low-stock", "clean-up", "reports", "customers", "products"):
        tab.page.goto(f"{shown.url}#/{page}")
        for name in HOSTILE:
            cell = tab.page.locator("td bdi").get_by_text(name, exact=True).first
            cell.wait_for()
            assert cell.evaluate("node => node.textContent") == name
    tab.page.goto(f"{shown.url}#/customers")
    tab.page.get_by_role("link", name=SCRIPT).click()
    tab.page.get_by_role("heading", level=1, name=SCRIPT).wait_for()
    tab.page.wait_for_function("title => document.title === title", arg=f"{SCRIPT} \u00b7 CRM console")
    tab.page.get_by_role("button", name="Edit").click()
    assert tab.page.get_by_label("Name").input_value() == SCRIPT
    tab.page.get_by_role("combobox", name="Search").press_sequentially("onerror")
    tab.page.get_by_role("option", name=SCRIPT).first.wait_for()
    assert tab.page.evaluate("window.owned") is None
    assert tab.page.locator("main script, main img").count() == 0


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
    page.get_by_role("button", name="Run now: heartbeat").wait_for()
    seconds = time.monotonic() - began
    page.wait_for_load_state("networkidle")
    page.close()
    with capsys.disabled():
        print(f"\nconsole: {sum(sizes) / 1000:.0f} kB in {len(sizes)} requests, usable after {seconds:.2f} s")
    assert len(sizes) > 10
    assert sum(sizes) < MAX_BYTES


def test_sign_in_with_a_wrong_key_then_a_valid_one_then_sign_out(
    browser: "Browser", shown: Console, closed: Served
) -> None:
    tab = Tab(browser.new_context().new_page())
    page = tab.page
    page.goto(closed.url.replace("/graphql", "/console"))
    for wrong in ("crm_wrong", "päivää"):
        page.get_by_label("API key").fill(wrong)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").get_by_text("This key is not valid.").wait_for()
    key = secret(shown, "OPERATOR")
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Jobs").wait_for()
    page.get_by_role("button", name="Dry run of heartbeat").click()
    page.get_by_text("The API answered within").wait_for()
    page.get_by_role("button", name="Cancel").click()
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    assert page.context.cookies() == []
    page.reload()
    page.get_by_role("heading", name="Jobs").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()
    assert key not in page.evaluate("JSON.stringify(sessionStorage)")
    page.get_by_label("API key").fill(key)
    page.get_by_label("Keep me signed in on this device").check()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Jobs").wait_for()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Sign out").click()
    other.get_by_label("API key").wait_for()
    assert other.evaluate("JSON.stringify(localStorage)") == "{}"
    page.context.close()
    assert tab.refused == []
    assert [text for text in tab.problems if "status of 401" not in text] == [], "the browser's own word on a 401"


def test_a_viewer_can_read_and_is_offered_nothing_else(
    browser: "Browser", shown: Console, closed: Served, slot: str
) -> None:
    tab = Tab(browser.new_context().new_page())
    page = tab.page
    url = closed.url.replace("/graphql", "/console")
    page.goto(url)
    key = secret(shown, "VIEWER")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    pages = {
        "jobs": page.get_by_role("link", name="History of low_stock"),
        f"runs/low_stock/{slot}": page.locator(".note.bad", has_text="ValueError"),
        "low-stock": page.get_by_role("row", name="Peppermint tea"),
        "clean-up": page.get_by_role("row", name="Gone Girl"),
        "reports": page.get_by_role("button", name="Print"),
        "queue": page.get_by_text("Only an operator sees them."),
    }
    page.get_by_role("heading", name="Jobs").wait_for()
    for address, sign in pages.items():
        page.goto(f"{url}#/{address}")
        sign.wait_for()
        assert set(page.get_by_role("main").get_by_role("button").all_inner_texts()) <= {"Print"}, address
        assert page.get_by_text("Stack trace", exact=True).count() == 0
    pause = 'mutation { pauseJob(name: "low_stock", reason: "I want to") { job { state } } }'
    assert refusal(page, pause, key) == "FORBIDDEN"
    page.context.close()
    assert shown.ask('{ job(name: "low_stock") { pause { reason } } }') == {"job": {"pause": None}}
    assert [text for text in tab.problems if "status of 40" not in text] == []


def test_loading_empty_and_error_states_are_shown_and_it_recovers(browser: "Browser", shown: Console) -> None:
    tab = Tab(browser.new_context().new_page())
    page = tab.page
    held: list[Route] = []
    page.goto(shown.url)
    card = page.get_by_role("region", name="weekly_report")
    card.get_by_text("No runs yet").wait_for()
    page.route("**/graphql", lambda route: held.append(route))  # noqa: PLW0108 - playwright takes no builtin
    card.get_by_role("link", name="History").click()
    page.locator(".skeleton").get_by_text("Loading").wait_for(state="attached")
    page.unroute("**/graphql")
    for route in held:
        route.continue_()
    page.get_by_text("No such runs").wait_for()
    port = int(shown.url.rpartition(":")[2].partition("/")[0])
    shown.served.end()
    page.get_by_role("link", name="Low stock").click()
    page.get_by_role("alert").get_by_text("The server does not answer.").wait_for()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Try again").click()
    page.get_by_role("alert").get_by_text("The server does not answer.").wait_for()
    shown.served = Served(shown.place, port)
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("row", name="Peppermint tea").wait_for()
    assert page.get_by_role("alert").count() == 0
    for wrong in ("%E0%A4%A", "order", "jobs/1", "customers/a/b", "__proto__", "constructor/new", "toString/1"):
        page.goto(f"{shown.url}#/{wrong}")
        page.get_by_role("heading", name="There is no such page").wait_for()
        page.get_by_text(f"#/{wrong}", exact=True).wait_for()
    page.get_by_role("navigation", name="All pages").get_by_role("link", name="Orders").click()
    page.get_by_role("heading", name="Orders").wait_for()
    page.route("**/reports.js*", lambda route: route.abort())
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("alert").get_by_text("The server does not answer.").wait_for()
    page.unroute("**/reports.js*")
    page.get_by_role("button", name="Try again").click()
    page.locator("figure canvas").first.wait_for()
    page.context.close()
    assert [text for text in tab.problems if "ERR_CONNECTION_REFUSED" not in text and "ERR_FAILED" not in text] == []
