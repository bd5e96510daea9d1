"""What people in the office do in the console, with keys of three roles."""

import time
from itertools import count
from typing import TYPE_CHECKING

import pytest

from chalicelib.access.roles import Role
from chalicelib.crm import customers, deleted_customers, order_edits, orders, products
from tests.browser.office import (
    FOCUSED,
    SIZES,
    Office,
    change_the_quantity_in_her_last_order,
    correct_the_phone_number,
    find_evans,
    lose_answers,
    refusal,
    signed_in,
    told,
    visit,
)
from tests.builders import a_customer, a_product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.no_database
_numbers = count(1)


@pytest.mark.parametrize("size", SIZES)
def test_an_editor_corrects_a_phone_number_and_an_order_by_keyboard_alone_and_sees_who_did(
    browser: "Browser", office: Office, size: str
) -> None:
    lines = orders.find_all([office.order_id])[office.order_id].lines
    old, number = lines[0].quantity, f"+4930{next(_numbers):06}"
    with signed_in(browser, office, Role.EDITOR, size) as page:
        began = time.monotonic()
        find_evans(page)
        correct_the_phone_number(page, number)
        change_the_quantity_in_her_last_order(page, str(old), str(old + 1))
        change = page.get_by_role("table", name="History").get_by_role("row", name=f"{old} \u2192 {old + 1}")
        change.get_by_text("Editor").wait_for()
        assert time.monotonic() - began < 60
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    found = customers.find(office.evans.id)
    assert found is not None
    assert found.phone == number
    assert orders.find_all([office.order_id])[office.order_id].lines[0].quantity == old + 1


def test_an_order_is_placed_and_what_another_person_made_of_it_is_shown(browser: "Browser", office: Office) -> None:
    sofa, table = a_product("Sofa", "400.00", 5), a_product("Coffee table", "90.00", 5)
    with signed_in(browser, office, Role.EDITOR, at=f"orders/new?customer={office.evans.id}") as page:
        page.get_by_text("For Ann Evans").wait_for()
        page.get_by_role("combobox", name="Add a product").press_sequentially("sof")
        page.get_by_role("option", name="5 in stock").wait_for()
        page.keyboard.press("Enter")
        page.get_by_label("Quantity of Sofa").fill("9")
        page.get_by_text("Only 5 in stock").wait_for()
        page.get_by_role("button", name="Place order").click()
        page.get_by_role("alert").get_by_text("Sofa: Only 5 in stock").wait_for()
        page.get_by_label("Quantity of Sofa").fill("2")
        lose_answers(page, "CreateOrder", times=1)
        page.get_by_role("button", name="Place order").click()
        page.get_by_role("heading", level=1, name="Order of").wait_for()
        order_id = page.url.rpartition("/")[2]
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Quantity of Sofa").fill("1")
        order_edits.update(order_id, {sofa.id: 3, table.id: 1})
        page.get_by_role("button", name="Save").click()
        page.get_by_role("alert").get_by_text("It is now: 3 \u00d7 Sofa, 1 \u00d7 Coffee table, $1,290.00").wait_for()
        assert page.get_by_label("Quantity of Sofa").input_value() == "1", "nothing typed is lost"
        page.get_by_role("button", name="Take theirs").click()
        page.get_by_label("Quantity of Sofa").fill("2")
        page.get_by_role("button", name="Remove Coffee table").click()
        lose_answers(page, "UpdateOrder", times=1)
        page.get_by_role("button", name="Save").click()
        page.get_by_label("Quantity of Sofa").wait_for(state="detached")
    order = orders.find_all([order_id])[order_id]
    assert {line.product_id: line.quantity for line in order.lines} == {sofa.id: 2}
    assert [product.stock for product in products.find_all([sofa.id, table.id]).values()] == [3, 5]


def test_arrow_keys_choose_among_the_results_and_escape_clears_them(browser: "Browser", office: Office) -> None:
    with signed_in(browser, office, Role.VIEWER) as page:
        page.keyboard.press("/")
        page.keyboard.insert_text("customer 0")  # at once: no result of an unfinished word comes first
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
        assert page.get_by_role("combobox", name="Search").input_value() == ""


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
            assert set(buttons) <= {"Print", "Apply", "First", "Previous", "CSV of all pages"}, path
            assert page.get_by_role("link", name="New").count() == 0
        change = "mutation ($id: ID!) { updateCustomer(id: $id, input: {phone: null}) { customer { id } } }"
        assert refusal(page, change, office.keys[Role.VIEWER], id=office.evans.id) == "FORBIDDEN"


def test_what_another_person_wrote_meanwhile_is_shown_before_it_is_replaced(browser: "Browser", office: Office) -> None:
    row = a_customer("Bob Both", phone="+49301111111")
    with signed_in(browser, office, Role.EDITOR, at=f"customers/{row.id}") as page:
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Phone").fill("+49302222222")
        customers.update(row.id, {"phone": "+49303333333", "name": "Bob Bothwell"})
        page.get_by_role("button", name="Save").click()
        page.get_by_role("alert").get_by_text("Somebody has changed this meanwhile, to: +49303333333").wait_for()
        assert page.get_by_label("Phone").input_value() == "+49302222222", "nothing typed is lost"
        assert customers.find_all([row.id])[row.id].phone == "+49303333333"
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="+49302222222").wait_for()
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Phone").fill("+49304444444")
        customers.update(row.id, {"name": "Bob Other"})
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="+49304444444").wait_for()
    found = customers.find_all([row.id])[row.id]
    assert (found.name, found.phone) == ("Bob Other", "+49304444444"), "only what was typed is written"


def test_a_phone_note_is_shown_kept_and_cleared(browser: "Browser", office: Office) -> None:
    row = a_customer("Nora Note", phone_note="ask Anna")
    with signed_in(browser, office, Role.EDITOR, at="customers?name=Nora") as page:
        page.get_by_role("row", name="Nora Note").get_by_text("ask Anna").wait_for()
        visit(page, office, f"customers/{row.id}")
        for label, text, note in (("Name", "Nora", "ask Anna"), ("Phone note", "", None)):
            page.get_by_role("button", name="Edit").click()
            page.get_by_label(label, exact=True).fill(text)
            page.get_by_role("button", name="Save").click()
            page.get_by_role("button", name="Edit").wait_for()
            assert customers.find_all([row.id])[row.id].phone_note == note
        page.get_by_role("region", name="Customer").get_by_text("Phone note").wait_for(state="detached")


def test_a_change_whose_answer_is_lost_is_made_once(browser: "Browser", office: Office) -> None:
    product = a_product("Chair", "99.00", stock=7)

    with signed_in(browser, office, Role.EDITOR, at=f"products/{product.id}") as page:
        page.get_by_role("button", name="Adjust stock").click()
        page.get_by_label("Add or take away").fill("many")
        page.get_by_role("button", name="Adjust", exact=True).click()
        page.get_by_role("alert").get_by_text("Enter a whole number").wait_for()
        page.get_by_label("Add or take away").fill("5")
        page.get_by_label("Reason").fill("counted again")
        left = lose_answers(page, "AdjustStock", times=4)  # as often as the console tries by itself
        page.get_by_role("button", name="Adjust", exact=True).click()
        page.get_by_role("alert").get_by_text("What you typed is kept.").wait_for()
        assert left == []
        page.get_by_role("button", name="Adjust", exact=True).click()
        told(page, "12 in stock")
        page.locator("dd").get_by_text("12", exact=True).wait_for()  # the history has it, too
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
        page.get_by_role("row", name="Customer 10").wait_for()
        assert page.url.endswith("#/customers?orderBy=-name&name=customer+1")
        assert page.locator("tbody tr").count() == 10
        with page.expect_download() as waiting:
            page.get_by_role("link", name="CSV of this page").click()
        lines = waiting.value.path().read_text("utf-8").splitlines()
        assert (lines[0], len(lines), ",Customer 19," in lines[1]) == (
            "id,name,email,phone,phoneNote,createdAt",
            11,
            True,
        )
        assert page.get_by_role("button", name="CSV of all pages").count() == 0, "there is one page"
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
    with signed_in(browser, office, Role.OPERATOR, at="customers/new") as page:
        page.get_by_label("Name").fill("Nora New")
        page.get_by_label("E-mail").fill("ann@example.com")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("alert").get_by_text("Email already exists").wait_for()
        page.wait_for_function(f"() => ({FOCUSED})() === 'E-mail'")
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
        for action in ("create customer", "delete customer", "restore customer"):
            history.get_by_role("row", name=action).filter(has_text="Operator").first.wait_for()
    restored = customers.find_by_email("nora@example.com")
    assert restored is not None
    deleted_customers.delete(restored.id)


def test_an_order_is_cancelled_and_a_product_archived(browser: "Browser", office: Office) -> None:
    product = a_product("Shelf", "70.00", stock=9, sku="SH-1")
    order = orders.place(office.evans.id, {product.id: 3}).order
    with signed_in(browser, office, Role.EDITOR, at=f"products/{product.id}") as page:
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
