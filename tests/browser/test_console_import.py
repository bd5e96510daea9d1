"""The console's Import: choose a file, see what it is, import it, go on after the tab was closed, and repair what was rejected."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chalicelib.access.roles import Role
from chalicelib.crm import customers, imported_orders
from tests.browser.accessibility import looked_over
from tests.browser.chromium import Tab
from tests.browser.console_data import SCRIPT
from tests.browser.office import Office, lose_answers, signed_in, tab_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

pytestmark = pytest.mark.no_database
NO_IMPORTS = "async () => (await indexedDB.databases()).every(({ name }) => name !== 'crm-imports')"
"""Rejected rows have names and addresses, so signing out deletes them."""
CUSTOMERS = 130
"""Two batches."""


def shop_orders(lamp: str) -> bytes:
    """An export of Shopify as a German spreadsheet saves it: Windows-1252, semicolons, decimal commas."""
    head = (
        "Name;Email;Financial Status;Currency;Shipping;Taxes;Total;Discount Amount;Created at;Lineitem quantity;"
        "Lineitem name;Lineitem price;Lineitem sku;Refunded Amount"
    )
    rows = [
        f"#1;ann@example.com;paid;USD;4,90;;84,90;;2026-09-03 10:14:00 +0200;2;{lamp};40,00;{lamp};40,00",
        f"#2;ann@example.com;paid;USD;0;;40,00;;2026-09-04 10:14:00 +0200;1;Müßige {SCRIPT};40,00;{lamp};",
        f"#3;ann@example.com;voided;USD;0;;40,00;;2026-09-04 10:14:00 +0200;1;x;40,00;{lamp};",
        f"#4;nobody@example.com;paid;USD;0;;40,00;;2026-09-05 10:14:00 +0200;1;x;40,00;{lamp};",
        "#5;ann@example.com;paid;USD;0;;1,00;;soon;1;x;1,00;NONE;",
    ]
    return "\r\n".join([head, *rows, ""]).encode("cp1252")


def people() -> bytes:
    rows = "".join(f"Person {n},person{n}@example.com,12.3.2024\n" for n in range(CUSTOMERS - 2))
    return f"name,email,created_at\n{rows}{SCRIPT},evil@example.com,1.2.2024\nNo Address,none,13.2.2024\n".encode()


def choose(page: "Page", name: str, data: bytes, at: Path) -> None:
    """Choose a file that stays the same one for the page: it has one time of modification."""
    file = at / name
    if not file.exists():
        file.write_bytes(data)
    page.get_by_label("File", exact=True).set_input_files(file)


@dataclass
class Loss:
    """Loses the server's answers to all batches but the first, until it is over."""

    sent: int = 0
    lost: list[str] = field(default_factory=list)
    """The keys of the batches that the server has done, while the tab never hears of it."""
    over: bool = False

    def answer(self, route: "Route") -> None:
        is_batch = "bulkCreateCustomers" in (route.request.post_data or "")
        self.sent += is_batch
        if self.over or not is_batch or self.sent == 1:
            route.continue_()
            return
        route.fetch()
        route.abort()
        self.lost.append(route.request.headers["idempotency-key"])


def test_an_import_goes_on_after_its_tab_was_closed_and_nothing_is_created_twice(
    browser: "Browser", office: Office, tmp_path: Path
) -> None:
    with signed_in(browser, office, Role.EDITOR, "phone", at="import") as page:
        choose(page, "customers.csv", people(), tmp_path)
        page.get_by_text("Recognised as customers of crmctl: UTF-8, commas, day first.").wait_for()
        first = page.get_by_role("table", name="First rows")
        first.get_by_role("row").nth(10).wait_for()
        assert first.get_by_role("row").count() == 11
        assert first.get_by_role("row", name="person0@").get_by_text("2024-03-12").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        loss = Loss()
        page.route("**/graphql", loss.answer)
        tab_to(page, f"Import {CUSTOMERS} customers")
        page.keyboard.press("Enter")
        page.get_by_text(f"100 of {CUSTOMERS} customers").wait_for()
        while not loss.lost:
            page.wait_for_timeout(50)
        loss.over = True
        page.reload()  # the tab is closed in the middle
        page.get_by_role("row", name="customers.csv").get_by_text(f"100 of {CUSTOMERS}").wait_for()
        keys: list[str] = []

        def note(request: "Request") -> None:
            keys.append(request.headers.get("idempotency-key", ""))

        page.on("request", note)
        choose(page, "customers.csv", people(), tmp_path)
        page.get_by_text("were imported before").wait_for()
        read_dates_otherwise(page)
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("heading", name="Imported: customers.csv").wait_for(timeout=30_000)
        page.remove_listener("request", note)
        assert loss.lost[-1] in keys, "the batch that was lost has the same key"
        figures = page.locator(".figures")
        assert figures.inner_text().split("\n") == [
            "Created",
            str(CUSTOMERS - 1),
            "Already there",
            "0",
            "Rejected",
            "1",
        ]
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download rejected rows").click()
        lines = waiting.value.path().read_text("utf-8").splitlines()
        assert waiting.value.suggested_filename == "customers.rejected.csv"
        assert lines[0] == "name,email,created_at,line,code,reason,because"
        assert lines[1].startswith(f"No Address,none,13.2.2024,{CUSTOMERS + 1},")
        assert page.evaluate("window.owned") is None
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("API key").wait_for()
        page.wait_for_function(NO_IMPORTS)
    found = customers.find_by_email("evil@example.com")
    assert found is not None
    assert (found.name, found.created_at[:10]) == (SCRIPT, "2024-02-01"), "the dates are read as at first"


def read_dates_otherwise(page: "Page") -> None:
    """Choose another form of dates than the one with which the import began: it does not concern what goes on."""
    page.get_by_text("Is that wrong? Choose how to read the file").click()
    page.get_by_label("In dates").select_option("the month comes first")
    page.get_by_text("Recognised as customers of crmctl: UTF-8, commas, month first.").wait_for()


def test_orders_of_a_shop_as_a_spreadsheet_saves_them(browser: "Browser", office: Office, tmp_path: Path) -> None:
    with signed_in(browser, office, Role.EDITOR, at="import") as page:
        choose(page, "products.csv", b"sku,name,price,stock\nL-1,Lamp of the shop,40.00,5\n", tmp_path)
        page.get_by_role("button", name="Import 1 product").click()
        page.get_by_role("heading", name="Imported: products.csv").wait_for()
        page.get_by_role("button", name="Import another file").click()
        choose(page, "orders_export.csv", shop_orders("L-1"), tmp_path)
        page.get_by_text("Recognised as orders of Shopify: Windows-1252, semicolons").wait_for()
        page.get_by_role("row", name="'40,00' is not a number").first.wait_for()
        page.get_by_text("Is that wrong? Choose how to read the file").click()
        page.get_by_label("Decimal mark").select_option("comma: 1234,50")
        page.get_by_role("row", name="#1").get_by_text("84.90").wait_for()
        page.get_by_role("row", name="#5").get_by_text("'soon' is not a date").wait_for()
        lose_answers(page, "bulkCreateOrders", times=2)
        page.get_by_role("button", name="Import 4 orders").click()
        page.get_by_role("heading", name="Imported: orders_export.csv").wait_for()
        figures = page.locator(".figures")
        assert figures.inner_text().split("\n") == [
            "Created", "2", "Already there", "0", "Refunds", "1", "Rejected", "2",
        ]  # fmt: skip
        page.get_by_text("$84.90 here, $124.90 in the file.").wait_for()
    found = imported_orders.find_by_reference("#1")
    assert found is not None


def test_a_batch_that_is_too_large_is_split_and_only_rows_in_doubt_are_sent_again(
    browser: "Browser", office: Office, tmp_path: Path
) -> None:
    data = "name,email\n" + "".join(f"Split {n},split{n}@example.com\n" for n in range(4))
    sent: list[tuple[str, list[str]]] = []

    def answer(route: "Route") -> None:
        request = route.request.post_data_json or {}
        if "bulkCreateCustomers" not in request["query"]:
            route.continue_()
            return
        names = [row["name"] for row in request["variables"]["input"]]
        sent.append((route.request.headers["idempotency-key"].partition("-")[2], names))
        if len(names) > 2:
            error = {"message": "The request is too large", "extensions": {"code": "TOO_LARGE"}}
            route.fulfill(status=400, json={"errors": [error]})
        elif len(sent) == 2:  # the first row was not written, or nobody can say
            reply = route.fetch()
            content = reply.json()
            doubt = {"code": "UNAVAILABLE", "message": "Try again", "field": None}
            content["data"]["bulkCreateCustomers"]["results"][0] |= {"id": None, "created": False, "error": doubt}
            route.fulfill(response=reply, json=content)
        else:
            route.continue_()

    with signed_in(browser, office, Role.EDITOR, at="import") as page:
        choose(page, "customers.csv", data.encode(), tmp_path)
        page.get_by_text("4 rows").wait_for()
        page.route("**/graphql", answer)
        page.get_by_role("button", name="Import 4 customers").click()
        page.get_by_role("heading", name="Imported: customers.csv").wait_for()
        figures = page.locator(".figures").inner_text().split("\n")
        assert figures == ["Created", "3", "Already there", "1", "Rejected", "0"]
    assert sent == [
        ("0-1", ["Split 0", "Split 1", "Split 2", "Split 3"]),
        ("0a-1", ["Split 0", "Split 1"]),
        ("0a-2", ["Split 0"]),
        ("0b-1", ["Split 2", "Split 3"]),
    ]


def test_what_the_page_cannot_read_it_says_with_the_command(browser: "Browser", office: Office, tmp_path: Path) -> None:
    with signed_in(browser, office, Role.EDITOR, at="import") as page:
        for name, data, words in (
            ("book.xlsx", b"PK\x03\x04....", "crmctl import book.xlsx"),
            ("db.sqlite3", b"SQLite format 3\0", "crmctl import --from django db.sqlite3"),
            ("people.csv", b"first,mail\nAnn,a@example.com\n", "--map customers.name"),
        ):
            choose(page, name, data, tmp_path)
            page.get_by_text(words).wait_for()
        assert page.get_by_role("button", name="Import").count() == 0
    with signed_in(browser, office, Role.VIEWER, at="import") as page:
        page.get_by_text("Importing needs a key with the role EDITOR. Yours has VIEWER.").wait_for()
        assert page.get_by_label("File", exact=True).count() == 0


def test_axe_finds_nothing_serious_while_a_file_is_chosen_and_imported(
    audited: Tab, office: Office, tmp_path: Path
) -> None:
    audited.page.goto(f"{office.shown.url}#/import")
    audited.page.get_by_label("API key").fill(office.keys[Role.EDITOR])
    audited.page.keyboard.press("Enter")
    audited.page.get_by_text("What needs a terminal").wait_for()
    found = looked_over(audited, "no file")
    choose(audited.page, "orders_export.csv", shop_orders("L-1"), tmp_path)
    audited.page.get_by_text("Is that wrong? Choose how to read the file").click()
    found += looked_over(audited, "a file")
    audited.page.get_by_role("button", name="Import 4 orders").click()
    audited.page.get_by_role("heading", name="Imported: orders_export.csv").wait_for()
    found += looked_over(audited, "imported")
    assert found == []
    assert audited.refused == []
