"""What was wrong is put right in the console, and what is listed is saved: refunds, merges, CSV files of whole lists."""

from functools import partial
from typing import TYPE_CHECKING

import pytest

from chalicelib.access.roles import Role
from chalicelib.crm import customer_merges, merge_steps, orders, products, refunds
from chalicelib.crm.merge_records import Status
from tests.browser.held import Held
from tests.browser.office import Office, lose_answers, signed_in, tab_to, told, visit
from tests.builders import a_customer, a_product

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.no_database


def test_a_csv_of_all_pages_shows_its_progress_and_can_be_stopped(browser: "Browser", office: Office) -> None:
    for number in range(70):
        a_customer(f"Whole {number:03}")
    with signed_in(browser, office, Role.VIEWER, at="customers?name=w&orderBy=-name") as page:
        page.get_by_role("row", name="Whole 069").wait_for()
        held = Held(page)
        page.get_by_role("button", name="CSV of all pages").click()
        page.get_by_text("0 rows read").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="CSV of all pages").wait_for()
        held.let_go()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="CSV of all pages").click()
        assert waiting.value.suggested_filename == "customers.csv"
        lines = waiting.value.path().read_text("utf-8").splitlines()
        found = [line.split(",")[1] for line in lines[1:] if "Whole" in line]
        assert found == [f"Whole {number:03}" for number in reversed(range(70))]
        page.get_by_role("button", name="CSV of all pages").wait_for()


def test_some_of_an_order_is_refunded_once(browser: "Browser", office: Office) -> None:
    lamp, vase = a_product("Tall lamp", "70.00", stock=9), a_product("Vase", "10.50", stock=9)
    order = orders.place(a_customer("Rae Turner").id, {lamp.id: 3, vase.id: 2}).order
    with signed_in(browser, office, Role.EDITOR, "phone", at=f"orders/{order.id}") as page:
        page.get_by_role("button", name="Refund").wait_for()
        tab_to(page, "Refund")
        page.keyboard.press("Enter")
        page.locator("[aria-label='Refund of Tall lamp']:focus").wait_for()
        page.keyboard.type("4")
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("Tall lamp: Enter a whole number, at most 3").wait_for()
        page.get_by_label("Refund of Tall lamp").fill("1")
        page.get_by_label("Refund of Vase").fill("2")
        page.get_by_text("Total refund $91.00").wait_for()
        page.get_by_label("Reason").fill("broken on the way")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        lose_answers(page, "RefundOrder", times=1)
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name="Credit note of").wait_for()
        page.get_by_text("-$91.00").first.wait_for()
        page.get_by_role("region", name="Order").get_by_role("link", name="order", exact=True).click()
        page.get_by_role("columnheader", name="Refunded").wait_for(state="attached")
        history = page.get_by_role("table", name="History")
        history.get_by_text("broken on the way").first.wait_for()
        assert history.get_by_role("link", name="ord_").count() == 1, "the credit note"
        page.get_by_role("button", name="Refund").click()
        page.get_by_role("button", name="All of it").click()
        page.get_by_text("Total refund $140.00").wait_for()
        assert page.get_by_label("Refund of Vase").count() == 0, "all of it was refunded"
        visit(page, office, f"customers/{order.customer_id}")
        page.get_by_text("Total revenue").wait_for()
        for text in ("$140.00", "1"):
            page.get_by_role("region", name="Customer").get_by_text(text, exact=True).first.wait_for()
    assert [product.stock for product in products.find_all([lamp.id, vase.id]).values()] == [7, 9]


def test_a_credit_note_leads_to_its_order_and_neither_offers_what_is_refused(
    browser: "Browser", office: Office
) -> None:
    product = a_product("Shelf", "70.00", stock=9)
    order = orders.place(office.evans.id, {product.id: 3}).order
    note = refunds.refund(order.id, {product.id: 1}, "broken", restock=False)
    with signed_in(browser, office, Role.EDITOR, at=f"orders/{note.id}") as page:
        page.get_by_role("heading", level=1, name="Credit note of").wait_for()
        assert set(page.get_by_role("main").get_by_role("button").all_inner_texts()) <= {"Print"}
        page.get_by_role("region", name="Order").get_by_role("link", name="order", exact=True).click()
        page.get_by_role("heading", level=1, name="Order of").wait_for()
        page.get_by_role("columnheader", name="Refunded").wait_for()
        assert page.get_by_role("button", name="Edit").is_visible()
        assert page.get_by_role("button", name="Cancel order").count() == 0


def test_two_customers_are_merged_with_a_preview_and_given_back(browser: "Browser", office: Office) -> None:
    kept, twin = a_customer("Mia Merge", "mia@example.com"), a_customer("Mia M. Merge", "mia2@example.com")
    order = orders.place(twin.id, {a_product("Blue vase", "10.00", stock=9).id: 2}).order
    with signed_in(browser, office, Role.OPERATOR, at=f"customers/{kept.id}") as page:
        page.get_by_role("button", name="Merge").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("combobox", name="Customer").press_sequentially("mia m")
        dialog.get_by_role("option", name="mia2@example.com").click()
        dialog.get_by_text("1 order would move from Mia M. Merge").wait_for()
        dialog.get_by_role("button", name="Keep the other one").click()
        dialog.get_by_text("would move from Mia Merge").wait_for()
        dialog.get_by_role("button", name="Keep the other one").click()
        dialog.get_by_text("1 order would move from Mia M. Merge").wait_for()
        assert orders.find_all([order.id])[order.id].customer_id == twin.id, "a preview writes nothing"
        lose_answers(page, '"dryRun":false', times=1)
        dialog.get_by_role("button", name="Merge", exact=True).click()
        told(page, "was merged into")
        absorbed = page.get_by_role("table", name="Merged into this customer").get_by_role("row", name="Mia M. Merge")
        absorbed.wait_for()
        page.get_by_role("table", name="Orders").get_by_text("2 \u00d7 Blue vase").wait_for()
        assert orders.find_all([order.id])[order.id].customer_id == kept.id
        absorbed.get_by_role("button", name="Undo").click()
        page.get_by_role("dialog").get_by_text("would be a customer again, with 1 order").wait_for()
        page.get_by_role("dialog").get_by_role("button", name="Undo the merge").click()
        page.get_by_role("heading", level=1, name="Mia M. Merge").wait_for()
        page.get_by_role("table", name="Orders").get_by_text("2 \u00d7 Blue vase").wait_for()
    assert orders.find_all([order.id])[order.id].customer_id == twin.id


def test_a_merge_that_was_given_up_goes_on_on_the_page_of_the_kept_customer(browser: "Browser", office: Office) -> None:
    kept, twin = a_customer("Gil Goon", "gil@example.com"), a_customer("Gil G. Goon", "gil2@example.com")
    vase = a_product("Green vase", "10.00", stock=9).id
    placed = [orders.place(twin.id, {vase: 1}).order.id for _ in range(6)]
    with signed_in(browser, office, Role.OPERATOR) as page:
        for begin, owner in ((partial(customer_merges.merge, kept.id), kept.id), (customer_merges.undo, twin.id)):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(merge_steps, "MAX_ORDERS", 1)
                assert begin(twin.id).status in {Status.MOVING, Status.UNDOING}
            visit(page, office, "orders")
            page.get_by_role("heading", level=1, name="Orders").wait_for()  # else the console notices no change of page
            visit(page, office, f"customers/{kept.id}")
            row = page.get_by_role("table", name="Merged into this customer").get_by_role("row", name="Gil G. Goon")
            row.get_by_role("button", name="Go on with the merge of Gil G. Goon").click()
            row.get_by_role("button", name="Go on").wait_for(state="detached")
            assert {order.customer_id for order in orders.find_all(placed).values()} == {owner}
