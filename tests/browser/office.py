"""An office: the console with keys of three roles, a customer with an order, and what people do there by keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.products import Product
from tests.browser import tabs
from tests.browser.console_data import Console, console
from tests.builders import a_customer, a_product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

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


@dataclass
class Office:
    """A shop of 60 customers, one of them Ann Evans with an order of two lamps, and a key for each role."""

    shown: Console
    keys: dict[Role, str]
    evans: Customer
    lamp: Product
    order_id: str


@contextmanager
def opened() -> Iterator[Office]:
    with console(open_access=False) as shown:
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
def signed_in(
    browser: "Browser", office: Office, role: Role, size: str = "desktop", *, at: str | None = None, **more: Any
) -> Iterator["Page"]:
    """Open the console with a key of the role, on the page `at` or on its first one. `more` are options of a context of its own.

    Errors in the page, and requests to other hosts, fail the test.
    """
    opened = tabs.opened(browser, SIZES[size], **more) if more else tabs.reused(browser, SIZES[size])
    with opened as tab:
        tab.page.goto(f"{office.shown.url}#/{at}" if at else office.shown.url)
        tab.page.get_by_label("API key").and_(
            tab.page.locator(":focus")
        ).wait_for()  # the browser gives it the focus later
        tab.page.keyboard.insert_text(office.keys[role])  # as if pasted; to type it costs 0.15 s of CPU
        tab.page.keyboard.press("Enter")
        first = "Customers" if role is Role.EDITOR else "Overview"
        shown = tab.page.locator("#main") if at else tab.page.get_by_role("heading", level=1, name=first)
        shown.wait_for()
        yield tab.page
    assert tab.refused == []
    assert [text for text in tab.problems if "status of 40" not in text and "ERR_FAILED" not in text] == []


def visit(page: "Page", office: Office, path: str) -> None:
    page.goto(f"{office.shown.url}#/{path}")


def told(page: "Page", text: str) -> None:
    page.locator(".messages", has_text=text).last.wait_for()


def lose_answers(page: "Page", operation: str, times: int) -> list[int]:
    """Let the server carry out the next requests of this operation, and lose its answers. Return those still to be lost."""
    left = list(range(times))

    def lose(route: "Route") -> None:
        if left and operation in (route.request.post_data or ""):
            left.pop()
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/graphql", lose)
    return left


def refusal(page: "Page", document: str, key: str, **variables: object) -> str:
    """Send a request as this page could, and return the code of the error."""
    return str(page.evaluate(SEND, [document, variables, key]))


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


def correct_the_phone_number(page: "Page", number: str) -> None:
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


def change_the_quantity_in_her_last_order(page: "Page", old: str, new: str) -> None:
    day = page.get_by_role("table", name="Orders").get_by_role("link").first.inner_text()
    tab_to(page, day)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Order of").wait_for()
    tab_to(page, "Edit")
    page.keyboard.press("Enter")
    quantity = page.get_by_label("Quantity of Desk lamp")
    quantity.wait_for()
    assert quantity.input_value() == old
    page.keyboard.type(new)
    page.keyboard.press("Enter")
    quantity.wait_for(state="detached")
