"""What people in the office do in the console, with keys of three roles, against the real `chalice local`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pytest

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import customers, deleted_customers, orders, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.products import Product
from tests.browser.chromium import Tab
from tests.browser.console_data import Console, console
from tests.builders import a_customer, a_product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.no_database
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
FOCUSED = """() => {
  const element = document.activeElement;
  return element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent.trim();
}"""
SEND = """async ([query, variables, key]) => {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${key}` };
  const answer = await fetch("./graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return (await answer.json()).errors?.[0].extensions.code;
}"""
_numbers = count(1)


@dataclass
class Office:
    """A shop of 60 customers, one of them Ann Evans with an order of two lamps, and a key for each role."""

    shown: Console
    keys: dict[Role, str]
    evans: Customer
    lamp: Product
    order_id: str


@pytest.fixture(scope="module")
def office(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:  # noqa: ARG001 - no server without a browser
    with console(tmp_path_factory.mktemp("office"), CRM_OPEN_ACCESS="false") as shown:
        keys: dict[Role, str] = {
            role: api_keys.create(role.name.title(), role, "test").key for role in Role if role is not Role.PUBLIC
        }
        evans, lamp = (
            a_customer("Ann Evans", "ann@example.com", phone="+4930123456"),
            a_product("Desk lamp", "40.00", 50),
        )
        for number in range(59):
            a_customer(f"Customer {number:02}")
        order = orders.place(evans.id, {lamp.id: 2}).order
        yield Office(shown, keys, evans, lamp, order.id)


@contextmanager
def signed_in(browser: "Browser", office: Office, role: Role, size: str = "desktop") -> Iterator["Page"]:
    """Open the console with a key of the role. Errors in the page, and requests to other hosts, fail the test."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    tab = Tab(context.new_page())
    tab.page.goto(office.shown.url)
    tab.page.get_by_label("API key").wait_for()
    tab.page.keyboard.type(office.keys[role])
    tab.page.keyboard.press("Enter")
    tab.page.get_by_role("heading", level=1, name="Customers" if role is Role.EDITOR else "Jobs").wait_for()
    yield tab.page
    context.close()
    assert tab.refused == []
    assert [text for text in tab.problems if "status of 40" not in text and "ERR_FAILED" not in text] == []


def visit(page: "Page", office: Office, path: str) -> None:
    page.goto(f"{office.shown.url}#/{path}")


def told(page: "Page", text: str) -> None:
    page.locator(".messages", has_text=text).last.wait_for()


def tab_to(page: "Page", name: str) -> None:
    """Press Tab until the element with this name has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if name in str(page.evaluate(FOCUSED)):
            return
    pytest.fail(f"Tab never reaches {name!r}")


def find_evans(page: "Page") -> None:
    page.keyboard.press("/")
    page.keyboard.type("evans")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Ann Evans").wait_for()


@pytest.mark.parametrize("size", SIZES)
def test_an_editor_finds_evans_and_corrects_her_phone_number_by_keyboard_alone(
    browser: "Browser", office: Office, size: str
) -> None:
    number = f"+4930{next(_numbers):06}"
    with signed_in(browser, office, Role.EDITOR, size) as page:
        find_evans(page)
        tab_to(page, "Edit")
        page.keyboard.press("Enter")
        tab_to(page, "Phone")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("call me")
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("phone", exact=False).wait_for()
        assert page.evaluate(FOCUSED) == "Phone"
        assert page.evaluate("document.activeElement.value") == "call me"
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=number).wait_for()
        tab_to(page, "Delete")
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        page.get_by_role("table", name="Orders").get_by_text("2 \u00d7 Desk lamp").wait_for()
    found = customers.find(office.evans.id)
    assert found is not None
    assert found.phone == number


def test_arrow_keys_choose_among_the_results_and_escape_clears_them(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.VIEWER) as page:
        page.keyboard.press("/")
        page.keyboard.type("customer 0")
        page.get_by_role("option").nth(3).wait_for()
        names = page.get_by_role("option").locator("bdi").all_inner_texts()[::2]
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        assert page.get_by_role("option", selected=True).locator("bdi").first.inner_text() == names[1]
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name=names[1]).wait_for()
        page.keyboard.press("/")
        page.keyboard.type("nobody of this name")
        page.get_by_text("Nothing found.").wait_for()
        page.keyboard.press("Escape")
        assert page.get_by_role("combobox").input_value() == ""


def test_a_viewer_sees_no_edit_and_the_server_refuses_it_all_the_same(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.VIEWER) as page:
        find_evans(page)
        page.get_by_role("table", name="Orders").wait_for()
        pages = {
            f"customers/{office.evans.id}": "Ann Evans",
            f"orders/{office.order_id}": "Order of",
            f"products/{office.lamp.id}": "Desk lamp",
            "customers": "Customers",
        }
        for path, title in pages.items():
            visit(page, office, path)
            page.get_by_role("heading", level=1, name=title).wait_for()
            page.get_by_role("table").first.wait_for()
            buttons = page.get_by_role("main").get_by_role("button").all_inner_texts()
            assert set(buttons) <= {"Print", "Apply", "First", "Previous"}, path
            assert page.get_by_role("link", name="New").count() == 0
        change = "mutation ($id: ID!) { updateCustomer(id: $id, input: {phone: null}) { customer { id } } }"
        assert page.evaluate(SEND, [change, {"id": office.evans.id}, office.keys[Role.VIEWER]]) == "FORBIDDEN"


def test_what_another_person_wrote_meanwhile_is_shown_before_it_is_replaced(browser: "Browser", office: Office) -> None:
    row = a_customer("Bob Both", phone="+49301111111")
    with signed_in(browser, office, Role.EDITOR) as page:
        visit(page, office, f"customers/{row.id}")
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Phone").fill("+49302222222")
        customers.update(row.id, {"phone": "+49303333333", "name": "Bob Bothwell"})
        page.get_by_role("button", name="Save").click()
        page.get_by_role("alert").get_by_text("Somebody has changed this meanwhile, to: +49303333333").wait_for()
        assert page.get_by_label("Phone").input_value() == "+49302222222", "nothing typed is lost"
        assert customers.find_all([row.id])[row.id].phone == "+49303333333"
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="+49302222222").wait_for()
    found = customers.find_all([row.id])[row.id]
    assert (found.name, found.phone) == ("Bob Bothwell", "+49302222222"), "only what was typed is written"


def test_a_change_whose_answer_is_lost_is_made_once(browser: "Browser", office: Office) -> None:
    product = a_product("Chair", "99.00", stock=7)

    def lose(route: "Route") -> None:
        if lost and "AdjustStock" in (route.request.post_data or ""):
            lost.pop()
            route.fetch()  # the server makes the change
            route.abort()
        else:
            route.continue_()

    with signed_in(browser, office, Role.EDITOR) as page:
        visit(page, office, f"products/{product.id}")
        page.get_by_role("button", name="Adjust stock").click()
        page.get_by_label("Add or take away").fill("many")
        page.get_by_role("button", name="Adjust", exact=True).click()
        page.get_by_role("alert").get_by_text("Enter a whole number").wait_for()
        page.get_by_label("Add or take away").fill("5")
        page.get_by_label("Reason").fill("counted again")
        lost = [1, 2, 3, 4]  # as often as the console tries by itself
        page.route("**/graphql", lose)
        page.get_by_role("button", name="Adjust", exact=True).click()
        page.get_by_role("alert").get_by_text("What you typed is kept.").wait_for()
        assert lost == []
        page.get_by_role("button", name="Adjust", exact=True).click()
        told(page, "12 in stock")
        page.get_by_role("main").get_by_text("12", exact=True).wait_for()
    assert products.find_all([product.id])[product.id].stock == 12


def test_filters_and_order_are_in_the_address_and_back_keeps_them(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.EDITOR) as page:
        page.get_by_label("Order", exact=True).select_option("name, from the end")
        page.get_by_role("row", name="Customer 58").wait_for()
        page.get_by_role("link", name="Next").click()
        page.get_by_role("row", name="Customer 30").wait_for()
        page.get_by_label("Name", exact=True).fill("customer 1")
        page.keyboard.press("Enter")
        page.get_by_role("row", name="Customer 30").wait_for(state="detached")
        assert page.url.endswith("#/customers?orderBy=-name&name=customer+1")
        assert page.locator("tbody tr").count() == 10
        with page.expect_download() as waiting:
            page.get_by_role("link", name="CSV of this page").click()
        lines = waiting.value.path().read_text("utf-8").splitlines()
        assert (lines[0], len(lines), ",Customer 19," in lines[1]) == ("id,name,email,phone,createdAt", 11, True)
        page.get_by_role("link", name="Customer 17").click()
        page.get_by_role("heading", level=1, name="Customer 17").wait_for()
        page.go_back()
        page.get_by_role("row", name="Customer 17").wait_for()
        assert page.get_by_label("Name", exact=True).input_value() == "customer 1"
        page.go_back()
        page.get_by_role("row", name="Customer 30").wait_for()
        page.get_by_role("link", name="Previous").click()
        page.get_by_role("row", name="Customer 58").wait_for()


def test_a_new_customer_is_deleted_and_restored(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.OPERATOR) as page:
        visit(page, office, "customers/new")
        page.get_by_label("Name").fill("Nora New")
        page.get_by_label("E-mail").fill("ann@example.com")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("alert").get_by_text("Email already exists").wait_for()
        assert page.evaluate(FOCUSED) == "E-mail"
        page.get_by_label("E-mail").fill("nora@example.com")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("heading", level=1, name="Nora New").wait_for()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.get_by_role("heading", level=1, name="No such customer").wait_for()
        assert customers.find_by_email("nora@example.com") is None
        page.get_by_role("button", name="Restore").click()
        page.get_by_role("heading", level=1, name="Nora New").wait_for()
        history = page.get_by_role("table", name="History")
        history.get_by_role("row", name="restoreCustomer").wait_for()
        assert history.get_by_role("row", name="Operator").count() == 2
    restored = customers.find_by_email("nora@example.com")
    assert restored is not None
    deleted_customers.delete(restored.id)


def test_an_order_is_cancelled_and_a_product_archived(browser: "Browser", office: Office) -> None:
    product = a_product("Shelf", "70.00", stock=9, sku="SH-1")
    order = orders.place(office.evans.id, {product.id: 3}).order
    with signed_in(browser, office, Role.EDITOR) as page:
        visit(page, office, f"products/{product.id}")
        page.get_by_role("table", name="Orders").get_by_role("link").first.click()
        page.get_by_role("heading", level=1, name="Order of").wait_for()
        assert page.get_by_role("link", name="Ann Evans").is_visible()
        page.get_by_role("button", name="Cancel order").click()
        page.get_by_role("button", name="Cancel the order").click()
        page.locator("main .badge.CANCELLED").wait_for()
        page.get_by_role("link", name="Shelf").click()
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Price").fill("cheap")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("alert").get_by_text("Enter an amount").wait_for()
        page.get_by_label("Price").fill("75.5")
        page.get_by_label("SKU").fill("")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("$75.50").wait_for()
        page.get_by_role("button", name="Archive").click()
        page.get_by_role("dialog").get_by_role("button", name="Archive").click()
        page.get_by_text("it is in no list and cannot be ordered").wait_for()
        assert page.get_by_role("button", name="Edit").count() == 0
    found = products.find_all([product.id])[product.id]
    assert (found.stock, found.cents, found.sku, found.archived_at is not None) == (9, 7550, None, True)
    assert orders.find_all([order.id])[order.id].status == "CANCELLED"
