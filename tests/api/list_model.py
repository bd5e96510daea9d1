"""Every list field of the API, with arguments to try, and a plain model that predicts its rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import (
    cancellation,
    customers,
    deleted_customers,
    orders,
    phone_numbers,
    products,
    reports,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.jobs import run_records, slots
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.settings import settings
from chalicelib.store import change_marks, tables
from chalicelib.store.change_log import Change
from chalicelib.store.index_keys import SEPARATOR
from tests.api.list_conditions import day, has, is_between, is_changed_since, is_within
from tests.builders import a_customer, a_product, changes_of, moment
from tests.crm import search_model
from tests.crm.search_model import ModelRow
from tests.faults.memory import Memory

NOW = moment("2026-11-22T12:00:00")
RUN = Run("low_stock", slots.of(NOW), Trigger.SCHEDULE, slots.of(NOW), Status.SUCCEEDED, pages=9)
RUNS = [
    replace(
        RUN,
        job=job,
        slot=slots.of(NOW + timedelta(hours=12 * number)),
        status=(Status.FAILED, Status.SUCCEEDED, Status.MISSED)[(number + place) % 3],
        trigger=Trigger.SCHEDULE if number % 4 else Trigger.OPERATOR,
        actor=None if number % 4 else "ann",
    )
    for number in range(12)
    for place, job in enumerate(("low_stock", "order_reminders", "removed_job"))
]
"""Runs of three jobs, each due at the same times."""
NAMES = ("Ann Lee", "Bo Stone", "Cy Lee", "Dörte Vögel")
GOODS = ("Oak desk", "Lamp", "Pine desk", "Chair")
Keys = list[str]
Given = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """What is stored, as plain lists."""

    customers: list[Customer]
    products: list[Product]
    orders: list[Order]
    deleted: Keys
    keys: Keys
    changes: list[Change]

    @property
    def names(self) -> dict[str, str]:
        return {row.id: row.name for row in self.customers}


def fill(memory: Memory, pause: Callable[[], None] = lambda: None) -> Shop:
    """Fill the tables. `pause` is called before what must find in an index what has just been written."""
    goods = [a_product(f"{GOODS[number % 4]} {number}", f"{number + 1}", 1000 - 99 * number) for number in range(11)]
    people = [
        a_customer(
            f"{NAMES[number % 4]} {number}",
            phone=(None, f"030 12345{number:02}", f"+49 30 12345{number:02}")[number % 3],
            created_at=NOW - timedelta(days=300 + 10 * number),
        )
        for number in range(14)
    ]
    for number in range(45):
        chosen = {goods[number % 9].id: 1, goods[(number * 2 + 1) % 9].id: 1 + number % 3}
        placed = orders.place(people[number * number % 11].id, chosen, NOW - timedelta(hours=7 * number)).order
        if number % 4 == 0:
            pause()
            cancellation.cancel(placed.id)
    pause()
    products.update(goods[0].id, {"name": "Table"})
    products.delete(goods[2].id)
    deleted = [deleted_customers.delete(row.id).id for row in people[:3]]
    for number in range(12):
        reports.save("weekly", f"2026-W{number:02}", {}, token=f"t{number}")
        lines = tuple(f"line {number}.{line}" for line in range((0, 0, 4)[number % 3]))
        for row in run_records.to_step_rows(replace(RUN, pages=number + 1), StepResult(None, lines)):
            memory.put(row)
    for run in RUNS:
        memory.put(run_records.to_row(run))
    keys = [api_keys.create(f"key {number}", Role.VIEWER, "test").api_key.id for number in range(6)]
    for number in range(15):
        with change_marks.made_by(("Ann", "Bob")[number % 2]):
            customers.update(people[5 + number % 3].id, {"email": f"changed{number}@example.com"})
    renamed = a_product("first name", stock=77, sku="RENAMED").id
    for number in range(9):
        with change_marks.made_by("Ann"):
            products.update(renamed, {"name": f"name {number}"})
    stored = memory.rows_of
    return Shop(
        [customers.load(row) for row in stored(tables.Customer).values()],
        [row for row in map(products.load, stored(tables.Product).values()) if not row.archived_at],
        [orders.load(row) for row in stored(tables.Order).values()],
        deleted,
        keys,
        [change for row_id in (*(row.id for row in people), renamed) for change in changes_of(row_id)],
    )


def all_customers(shop: Shop, given: Given) -> Keys:
    beginning = given.get("phoneStartsWith")
    return [
        row.id
        for row in shop.customers
        if has(given.get("name"), row.name)
        and has(given.get("email"), row.email)
        and is_within(day(row.created_at), given.get("createdAtGte"))
        and is_between(row.created_at, given.get("createdSince"), given.get("createdBefore"))
        and is_changed_since(row, given)
        and (beginning is None or phone_numbers.is_match(row.phone, phone_numbers.parse(beginning)))
    ]


def all_products(shop: Shop, given: Given) -> Keys:
    return [
        row.id
        for row in shop.products
        if has(given.get("name"), row.name)
        and is_within(row.cents, None, given.get("priceLte") and int(Decimal(given["priceLte"]) * 100))
        and is_within(row.stock, given.get("stockGte"))
        and is_changed_since(row, given)
        and (not given.get("lowStock") or row.stock < settings.low_stock_threshold)
    ]


def all_orders(shop: Shop, given: Given) -> Keys:
    return [
        row.id
        for row in shop.orders
        if has(given.get("productName"), *(line.name for line in row.lines))
        and ("customerName" not in given or has(given["customerName"], shop.names.get(row.customer_id, "")))
        and given.get("productId") in {None, *(line.product_id for line in row.lines)}
        and given.get("status") in {None, row.status}
        and is_within(row.cents, given.get("totalAmountGte") and int(Decimal(given["totalAmountGte"]) * 100))
        and is_within(day(row.date), given.get("orderDateAfter"))
        and is_between(row.date, given.get("orderedSince"), given.get("orderedBefore"))
        and given.get("customer") in {None, row.customer_id}
        and is_changed_since(row, given)
    ]


def search(shop: Shop, given: Given) -> Keys:
    people = [ModelRow(row.id, row.name, row.email, row.phone or "") for row in shop.customers]
    goods = [ModelRow(row.id, row.name, row.sku or "") for row in shop.products]
    kinds = {"CUSTOMER": people, "PRODUCT": goods, None: people + goods}
    return search_model.search(kinds[given.get("kinds")], given["text"])


def due_for_reminder(shop: Shop, given: Given) -> Keys:
    last = given.get("day") or NOW.date().isoformat()
    first = (datetime.fromisoformat(last) - timedelta(days=7)).date().isoformat()
    return [row.id for row in shop.orders if row.status == "PLACED" and is_within(day(row.date), first, last)]


def runs(_: Shop, given: Given) -> Keys:
    return [
        f"{run.job}:{run.slot}"
        for run in RUNS
        if given.get("job") in {None, run.job}
        and given.get("schedule") in {None, run.schedule}
        and given.get("status") in {None, run.status}
        and given.get("trigger") in {None, run.trigger}
        and given.get("actor") in {None, run.actor}
        and is_within(run.slot, given.get("from"), given.get("to"))
    ]


def inactive(shop: Shop, given: Given) -> Keys:
    before = given.get("activeBefore") or (NOW - timedelta(days=365)).date().isoformat()
    return [row.id for row in shop.customers if row.active_on < before]


def changes(shop: Shop, given: Given) -> Keys:
    return [change.id.replace(SEPARATOR, ":") for change in shop.changes if given.get("actor") in {None, change.actor}]


@dataclass(frozen=True)
class List:
    """A list field: its arguments with values to choose from, the field that identifies a row, and the model."""

    model: Callable[[Shop, Given], Keys]
    arguments: dict[str, tuple[Any, ...]]
    node: str = "node { id }"
    wrapper: str = "%s"


UPDATED = ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.000004Z", "2026-11-23T00:00:00Z")
ORDERS: dict[str, tuple[Any, ...]] = {
    "productName": ("desk", "table", "chair", "nothing"),
    "status": ("PLACED", "CANCELLED"),
    "totalAmountGte": ("9.5", "999"),
    "orderDateAfter": ("2026-11-15",),
    "orderedSince": ("2026-11-20T05:00:00Z", "2026-11-20T06:00:00Z"),
    "orderedBefore": ("2026-11-21T08:00:00Z", "2026-11-20T19:00:00+14:00"),
    "orderBy": ("orderDate", "-orderDate", "totalAmount", "-totalAmount", "updatedAt", "-updatedAt"),
}
CONNECTIONS: dict[str, List] = {
    "allCustomers": List(
        all_customers,
        {
            "name": ("lee", "vogel", "nobody"),
            "email": ("somebody",),
            "phoneStartsWith": ("030", "+49", "+49 30", "+1"),
            "createdAtGte": ("2025-12-01",),
            "createdSince": ("2025-12-17T12:00:00Z", "2025-12-17T12:00:00.000001Z"),
            "createdBefore": ("2025-12-17T13:00:00+01:00", "2026-01-06T12:00:00Z"),
            "updatedAfter": UPDATED,
            "orderBy": ("name", "-createdAt", "phone", "email", "updatedAt", "-updatedAt"),
        },
    ),
    "allProducts": List(
        all_products,
        {
            "name": ("desk", "nothing"),
            "priceLte": ("5",),
            "stockGte": (500,),
            "lowStock": (True,),
            "updatedAfter": UPDATED,
            "orderBy": ("-name", "price", "updatedAt", "-updatedAt"),
        },
    ),
    "allOrders": List(all_orders, ORDERS | {"customerName": ("lee", "stone", "nobody"), "updatedAfter": UPDATED}),
    "orders": List(all_orders, ORDERS, wrapper='customer(id: "%s") { %%s }'),
    "lowStockProducts": List(
        lambda shop, given: [row.id for row in shop.products if row.stock < given.get("threshold", 10)],
        {"threshold": (400,)},
    ),
    "search": List(
        search,
        {"text": ("lee", "desk", "030 1234", "v", "ann lee 4", "nothing"), "kinds": ("CUSTOMER", "PRODUCT")},
        "node { ... on Node { id } }",
    ),
    "inactiveCustomers": List(inactive, {"activeBefore": ("2025-11-01",)}),
    "ordersDueForReminder": List(due_for_reminder, {"day": ("2026-11-20",)}),
    "deletedCustomers": List(lambda shop, _: shop.deleted, {}),
    "reports": List(lambda _, __: [f"2026-W{number:02}" for number in range(12)], {}, "node { period }"),
    "jobRuns": List(
        runs,
        {"job": ("low_stock",), "status": ("FAILED", "MISSED", "SKIPPED")},
    ),
    "runs": List(
        runs,
        {
            "job": ("low_stock", "removed_job", "nothing"),
            "schedule": ("low_stock.default", "sch_0"),
            "status": ("FAILED", "SUCCEEDED", "SKIPPED"),
            "trigger": ("OPERATOR", "CATCH_UP"),
            "actor": ("ann", "bob"),
            "from": ("2026-11-24T00:00:00Z", "2026-11-25T12:00:00Z"),
            "to": ("2026-11-26T12:00:00Z", "2026-11-20T12:00:00Z"),
        },
    ),
    "keys": List(lambda shop, _: shop.keys, {}),
    "history": List(
        lambda _, __: [*(f"name {number}" for number in range(9)), "77"],
        {},
        "node { after }",
        'product(sku: "RENAMED") { %s }',
    ),
    "auditLog": List(changes, {"actor": ("Ann", "Bob", "nobody")}),
    "logLines": List(
        lambda _, __: [f"line {number}.{line}" for number in range(2, 12, 3) for line in range(4)],
        {},
        "node",
        f'jobRun(job: "low_stock", slot: "{RUN.slot}") {{ %s }}',
    ),
}
ENUMS = {
    *("PLACED", "CANCELLED", "FAILED", "SUCCEEDED", "MISSED", "SKIPPED"),
    *("OPERATOR", "CATCH_UP", "CUSTOMER", "PRODUCT"),
}
