"""The books of a shop in plain Python: what its reports must say, and whom the clean-up may take."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order

WEEK = timedelta(days=7)
INACTIVE = timedelta(days=365)
TOP = 5


@dataclass
class Person:
    created: date
    added: date
    deleted: date | None = None


@dataclass
class Sale:
    """An order or a credit note. `lines` are (product id, quantity, cents each)."""

    day: date
    customer_id: str
    lines: list[tuple[str, int, int]]
    is_cancelled: bool = False

    @property
    def cents(self) -> int:
        return sum(quantity * cents for _, quantity, cents in self.lines)


@dataclass
class Books:
    people: dict[str, Person] = field(default_factory=dict)
    sales: dict[str, Sale] = field(default_factory=dict)

    def add_customer(self, customer: Customer, added: date) -> None:
        self.people[customer.id] = Person(date.fromisoformat(customer.created_at[:10]), added)

    def add_order(self, order: Order) -> None:
        lines = [(line.product_id, line.quantity, line.cents) for line in order.lines]
        self.sales[order.id] = Sale(date.fromisoformat(order.date[:10]), order.customer_id, lines)

    def last_active(self, customer_id: str) -> date:
        person = self.people[customer_id]
        days = [sale.day for sale in self.sales.values() if sale.customer_id == customer_id and not sale.is_cancelled]
        return max([person.created, person.added, *days])

    def has_lapsed(self, customer_id: str, today: date) -> bool:
        """Return whether the customer neither ordered nor was imported within the year before `today`."""
        return self.last_active(customer_id) < today - INACTIVE

    def report(self, monday: date) -> dict[str, Any]:
        """Return what the report of the week from `monday` on must contain."""
        sunday = monday + WEEK - timedelta(days=1)
        week = self._between(monday, sunday)
        return {
            "from": str(monday),
            "to": str(sunday),
            "totals": {"customers": self._customers_on(sunday), **_sums(self._between(date.min, sunday))},
            "week": {"new_customers": self._created(monday, sunday), **_sums(week)},
            "before": {
                "new_customers": self._created(monday - WEEK, sunday - WEEK),
                **_sums(self._between(monday - WEEK, sunday - WEEK)),
            },
            "top_customers": _top((sale.customer_id, sale.cents, 1) for sale in week),
            "top_products": _top(
                (key, quantity * cents, quantity) for sale in week for key, quantity, cents in sale.lines
            ),
        }

    def _between(self, first: date, last: date) -> list[Sale]:
        return [sale for sale in self.sales.values() if first <= sale.day <= last and not sale.is_cancelled]

    def _created(self, first: date, last: date) -> int:
        return sum(first <= person.created <= last for person in self.people.values())

    def _customers_on(self, day: date) -> int:
        return sum(
            person.created <= day and (person.deleted is None or person.deleted > day)
            for person in self.people.values()
        )


def _sums(sales: list[Sale]) -> dict[str, int]:
    return {"orders": len(sales), "cents": sum(sale.cents for sale in sales)}


def _top(amounts: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Return (id, cents, count) of the five highest."""
    cents, counts = Counter[str](), Counter[str]()
    for key, amount, count in amounts:
        cents[key] += amount
        counts[key] += count
    return [(key, cents[key], counts[key]) for key in sorted(cents, key=lambda key: (-cents[key], key))[:TOP]]


def comparable(content: dict[str, Any]) -> dict[str, Any]:
    """Return a stored report in the form of `Books.report`."""
    tops = {
        name: [(entry["id"], entry["cents"], entry["count"]) for entry in content[name]]
        for name in ("top_customers", "top_products")
    }
    return {**content, **tops}
