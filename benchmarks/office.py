"""Measures what people in the office ask of AWS: the requests of the console's pages, with the console's own documents.

Beside them: rows of an import, the look of another system for what has changed, and a notification to a chat.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from benchmarks.backend import ROOT
from benchmarks.cost_model import Units
from benchmarks.firing import at
from benchmarks.sample_company import CHANGED, Company
from benchmarks.served import in_process
from benchmarks.unit_meter import each, measured
from chalicelib import clock
from chalicelib.api.http.http_types import Response
from chalicelib.crm import orders
from chalicelib.jobs import channel_changes, deliveries, notifications
from chalicelib.jobs.notification_channels import ChannelKind, Event
from chalicelib.settings import settings
from chalicelib.store import timestamps
from chalicelib.store.transaction import Transaction
from crmctl.importer import KINDS

TIMES = 10
ROWS = 20
"""Of each request of an import; more only make it cheaper."""
_CONSOLE = ROOT / "chalicelib" / "web" / "console"
_DOCUMENT = re.compile(r"const (\w+) = `((?:query|mutation) [^`]*)`")


@cache
def document(page: str, name: str) -> str:
    """Return a document of the console by the names of its file and of its constant."""
    found: dict[str, str] = dict(_DOCUMENT.findall((_CONSOLE / f"{page}.js").read_text("utf-8")))
    return found[name]


def files() -> int:
    """Return how many files a browser asks for when the console is opened. It asks even if it has them."""
    return sum(file.suffix in {".html", ".js", ".css"} for file in _CONSOLE.rglob("*"))


def over_the_api(company: Company) -> dict[str, Units]:
    """Return the units of each piece of work, per time that it is done."""
    placed = [_place(company, number) for number in range(3 * TIMES)]
    company.post("{ hello }", 0)  # the key's last use is written once an hour
    works = {**_pages(company, placed), **_changes(company, placed)}
    found = {name: _each(work, requests) for name, (requests, work) in works.items()}
    return found | _imports(company) | {"notification": _notification()}


Works = dict[str, tuple[int, Callable[[int], None]]]
"""(number of requests, does it for the nth time)"""


def _each(work: Callable[[int], None], requests: int) -> Units:
    def all_of_them() -> None:
        for number in range(TIMES):
            work(number)

    return each(measured(all_of_them, requests=requests * TIMES), TIMES)


def _place(company: Company, number: int) -> orders.Order:
    first, second = company.goods[number % 20], company.goods[(number + 5) % 20]
    with at(clock.now() + timedelta(seconds=number)):
        return orders.place(company.buyers[200 + number].id, {first.id: 3, second.id: 2}).order


def _pages(company: Company, placed: list[orders.Order]) -> Works:
    def page(names: dict[str, str], **variables: Any) -> None:
        for file, name in names.items():
            company.post(document(file, name), 0, **variables)

    def of_customer(number: int) -> None:
        names = {"customer": "ONE", "orders": "OF_CUSTOMER", "merge": "MERGES", "lifetime_value": "VALUE"}
        page(names, id=company.buyers[200 + number].id, orderBy=["-orderDate"], first=25)
        page({"history": "HISTORY"}, id=company.buyers[200 + number].id)

    def of_order(number: int) -> None:
        page({"order": "ONE", "history": "HISTORY"}, id=placed[number].id)

    return {
        "search": (1, lambda number: page({"search": "SEARCH"}, text=f"number {number}")),
        "list_page": (1, lambda _: page({"orders": "ORDERS"}, orderBy=["-orderDate"], first=25)),
        "customer_page": (5, of_customer),
        "order_page": (2, of_order),
        "status": (1, lambda _: page({"status": "WRONG"})),
        "overview": (1, lambda _: page({"overview": "STATUS"})),
        "audit_log": (1, lambda _: page({"audit_log": "ENTRIES"}, first=25)),
        "changed": (1, lambda _: company.post(CHANGED, 0, t=timestamps.to_text(clock.now() + timedelta(days=1)))),
    }


def _changes(company: Company, placed: list[orders.Order]) -> Works:
    def edit_customer(number: int) -> None:
        buyer = company.buyers[250 + number]
        company.post(document("customer", "UPDATE"), number + 100, id=buyer.id, input={"name": f"{buyer.name} Jr"})

    def edit_order(number: int) -> None:
        company.post(document("order_edit", "LINES"), 0, id=placed[number].id)
        lines = [{"productId": line.product_id, "quantity": line.quantity + 1} for line in placed[number].lines]
        company.post(document("order_edit", "UPDATE"), number + 200, id=placed[number].id, lines=lines)

    def refund(number: int) -> None:
        order = placed[TIMES + number]
        lines = [{"productId": order.lines[0].product_id, "quantity": 1}]
        company.post(
            document("refund", "REFUND"), number + 300, id=order.id, lines=lines, restock=True, reason="broken"
        )

    return {"customer_edit": (1, edit_customer), "order_edit": (2, edit_order), "refund": (1, refund)}


def _imports(company: Company) -> dict[str, Units]:
    """Per row, an order of 2 lines."""

    def customers() -> None:
        rows = [{"name": f"Imported {n}", "email": f"imported.{n}@example.com"} for n in range(ROWS)]
        company.post(KINDS["customers"].document, 400, input=rows)

    def past_orders() -> None:
        lines = [{"sku": f"SKU-{n:05d}", "quantity": 1, "unitPrice": "12.50"} for n in (3, 7)]
        emails = [company.buyers[n].email for n in range(ROWS)]
        rows = [
            {"reference": f"#{n}", "customerEmail": email, "orderDate": "2026-11-08T10:00:00Z", "lines": lines}
            for n, email in enumerate(emails)
        ]
        company.post(KINDS["orders"].document, 500, input=rows)

    return {
        "imported_customer": each(measured(customers, requests=1), ROWS),
        "imported_order": each(measured(past_orders, requests=1), ROWS),
    }


def _notification() -> Units:
    """From the transaction that stores it to a chat that takes it at once."""
    object.__setattr__(settings, "local_webhooks", True)
    with in_process(lambda _: Response(200, "", {})) as url:
        changes: channel_changes.ChannelChanges = {"name": "chat", "url": url, "events": [Event.PROBLEM]}
        channel = channel_changes.create(ChannelKind.CHAT, changes, "operator")
        sent: list[str] = []

        def send(_: int) -> None:
            told = notifications.new(Event.PROBLEM, "FAILED", "low_stock", "the run of today failed")
            found = notifications.to_channels(told, [channel])
            write = Transaction(was_applied=lambda: False)
            notifications.add_to(write, found)
            write.commit()
            notifications.send_messages(found)
            for delivery in found:
                deliveries.deliver(delivery.id)
                sent.append(delivery.id)

        units = _each(send, 0)
    if len(sent) != TIMES or any(map(notifications.find_delivery, sent)):
        raise SystemExit("a notification was not delivered")
    return {**units, "invocations": 1}
