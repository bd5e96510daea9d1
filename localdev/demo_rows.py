"""The rows of the demo shop: the same for the same day, so that an interrupted seed can be repeated."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

Row = dict[str, Any]

SEED = 20261123
PAST_DAYS = 400
"""How far back the shop sold every day."""
LIVE_DAYS = 28
"""The last days, which are not imported: their orders are placed, and the jobs run, each at its time."""
SEASON = (0.8, 0.8, 0.9, 1.0, 1.0, 0.9, 0.8, 0.8, 1.0, 1.1, 1.4, 1.8)
"""How well the shop sells, January to December."""
WEEKDAY = (1.2, 1.1, 1.0, 1.0, 1.2, 0.7, 0.4)
"""How well the shop sells, Monday to Sunday."""
GROWTH = 0.5
"""Orders per day grow by this share in a year."""

# Name, price, stock. Products with stock below 10 give the restock job something to do.
PRODUCTS = (
    ("Espresso beans, 1 kg", "21.90", 140),
    ("Filter coffee beans, 1 kg", "18.50", 95),
    ("Decaf beans, 500 g", "12.40", 7),
    ("Green tea, loose, 250 g", "9.80", 60),
    ("Earl Grey, 100 bags", "6.95", 210),
    ("Peppermint tea, 50 bags", "4.50", 3),
    ("Hot chocolate powder, 1 kg", "11.20", 48),
    ("Oat drink, six 1 l", "10.74", 32),
    ("Raw sugar sticks, 500", "8.90", 75),
    ("Biscuits, 300 single packs", "24.00", 18),
    ("Stoneware mug", "9.50", 120),
    ("Travel mug, steel", "24.95", 36),
    ("Espresso cup with saucer", "7.25", 88),
    ("Glass teapot, 1.2 l", "29.90", 14),
    ("Milk jug, 0.6 l", "17.60", 9),
    ("French press, 1 l", "34.00", 27),
    ("Moka pot, six cups", "38.50", 16),
    ("Gooseneck kettle", "69.00", 11),
    ("Burr grinder", "149.00", 5),
    ("Espresso machine, one group", "1890.00", 2),
    ("Filter machine, 10 cups", "129.00", 22),
    ("Thermos jug, 2 l", "45.00", 40),
    ("Paper filters, 1,000", "19.90", 160),
    ("Descaler, 1 l", "12.90", 54),
    ("Cleaning tablets, 100", "16.80", 0),
    ("Water filter cartridge", "39.90", 33),
    ("Barista apron", "27.50", 25),
    ("Digital scale, 0.1 g", "32.00", 19),
    ("Tamper, 58 mm", "23.70", 13),
    ("Serving tray, oak", "41.00", 10),
)


LARGE = 100
"""From this price on, nobody buys two."""
POPULARITY = [1 / math.sqrt(float(price)) for _, price, _ in PRODUCTS]


@dataclass(frozen=True, slots=True)
class CustomerGroup:
    """Customers created, and ordering for the first time, within the given ranges of days before today."""

    count: int
    created_days_ago: tuple[int, int]
    ordered_days_ago: tuple[int, int] | None = None


REGULARS, LAPSED, LAPSING, UNDECIDED, NEVER, NEWCOMERS = (
    CustomerGroup(26, created_days_ago=(560, 740), ordered_days_ago=(29, 350)),
    CustomerGroup(5, created_days_ago=(725, 800), ordered_days_ago=(410, 720)),  # the first clean-up deletes them
    CustomerGroup(3, created_days_ago=(600, 700), ordered_days_ago=(365, 366)),  # the next clean-up deletes them
    CustomerGroup(3, created_days_ago=(30, 60)),  # new, without an order yet: the clean-up must keep them
    CustomerGroup(3, created_days_ago=(450, 900)),  # never ordered: the first clean-up deletes them
    CustomerGroup(4, created_days_ago=(1, 26)),  # come while the shop is open, and order at once
)


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that is placed, not imported: it takes stock, and can be changed and refunded."""

    at: datetime
    email: str
    lines: tuple[tuple[str, int], ...]
    """SKUs and quantities."""


@dataclass(slots=True)
class DemoRows:
    products: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    newcomers: list[Row] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)


def opening(today: date) -> datetime:
    """Return when the shop of this day opened for sales. What was before is imported at this time."""
    return datetime.combine(today - timedelta(days=LIVE_DAYS), time(), UTC)


def make_demo_rows(today: date) -> DemoRows:
    """Return a shop with a past that is imported, and newcomers and sales of its last days."""
    return _Shop(today).make()


class _Shop:
    def __init__(self, today: date) -> None:
        from faker import Faker  # takes 0.2 s to import, which a start that has its rows does without

        self._today = today
        self._faker = Faker("en_US")
        self._faker.seed_instance(SEED)
        self._rng = random.Random(SEED)  # noqa: S311 - not used for secrets
        self._demo = DemoRows()
        self._number = 0

    def make(self) -> DemoRows:
        demo = self._demo
        for number, (name, price, stock) in enumerate(PRODUCTS, 1):
            demo.products.append({"name": name, "price": price, "stock": stock, "sku": f"DEMO-{number:03}"})
        regulars = [self._customer(REGULARS) for _ in range(REGULARS.count)]
        demo.customers += regulars
        for group in (LAPSED, LAPSING, UNDECIDED, NEVER):
            for _ in range(group.count):
                demo.customers.append(self._customer(group))
                self._order_once(demo.customers[-1], group)
        for regular in regulars:
            self._order_once(regular, REGULARS)
        for days_ago in range(PAST_DAYS, LIVE_DAYS - 1, -1):
            for _ in range(self._orders_on(days_ago)):
                self._order(self._rng.choice(regulars)["email"], self._time((days_ago, days_ago)))
        demo.newcomers = [self._customer(NEWCOMERS) for _ in range(NEWCOMERS.count)]
        demo.sales = sorted(self._sales(regulars), key=lambda sale: sale.at)
        return demo

    def _customer(self, group: CustomerGroup) -> Row:
        self._number += 1
        first, last = self._faker.first_name(), self._faker.last_name()
        return {
            "name": f"{first} {last}",
            "email": f"{first}.{last}.{self._number}@example.com".lower(),
            # 555-0100 to 555-0199 are reserved for fiction.
            "phone": f"+1202555{99 + self._number:04}" if self._number % 5 else None,
            "createdAt": _text(self._time(group.created_days_ago)),
        }

    def _order_once(self, customer: Row, group: CustomerGroup) -> None:
        if group.ordered_days_ago is not None:
            self._order(customer["email"], self._time(group.ordered_days_ago))

    def _orders_on(self, days_ago: int) -> int:
        """Return how many orders the shop gets on a day, by season and weekday: at least one."""
        day = self._today - timedelta(days=days_ago)
        expected = SEASON[day.month - 1] * WEEKDAY[day.weekday()] * (1 + GROWTH * (PAST_DAYS - days_ago) / 365)
        return max(1, int(expected + self._rng.random()))

    def _sales(self, regulars: list[Row]) -> Iterator[Sale]:
        for days_ago in range(LIVE_DAYS - 1, -1, -1):
            for _ in range(self._orders_on(days_ago)):
                yield self._sale(self._rng.choice(regulars)["email"], self._time((days_ago, days_ago)))
        for newcomer in self._demo.newcomers:
            yield self._sale(newcomer["email"], datetime.fromisoformat(newcomer["createdAt"]) + timedelta(minutes=3))

    def _sale(self, email: str, at: datetime) -> Sale:
        return Sale(at, email, tuple((_sku(number), quantity) for number, quantity in self._basket()))

    def _order(self, email: str, at: datetime) -> None:
        lines = [
            {"sku": _sku(number), "quantity": quantity, "unitPrice": PRODUCTS[number][1]}
            for number, quantity in self._basket()
        ]
        reference = f"DEMO-{len(self._demo.orders) + 1:04}"
        self._demo.orders.append(
            {"reference": reference, "customerEmail": email, "orderDate": _text(at), "lines": lines}
        )

    def _basket(self) -> list[tuple[int, int]]:
        """Return products, by number, and quantities. What is cheap sells best."""
        wanted, basket = self._rng.choice((1, 1, 2, 2, 3, 4)), dict[int, int]()
        while len(basket) < wanted:
            (number,) = self._rng.choices(range(len(PRODUCTS)), POPULARITY)
            basket[number] = self._rng.choice((1, 1, 1, 2, 3, 5)) if float(PRODUCTS[number][1]) < LARGE else 1
        return list(basket.items())

    def _time(self, days_ago: tuple[int, int]) -> datetime:
        """Return a time in working hours, the given number of days before yesterday: never in the future."""
        day = self._today - timedelta(days=1 + self._rng.randint(*days_ago))
        return datetime.combine(day, time(8), UTC) + timedelta(seconds=self._rng.randrange(10 * 3600))


def _sku(number: int) -> str:
    return f"DEMO-{number + 1:03}"


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
