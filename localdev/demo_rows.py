"""The demo data: the same rows for the same day, so that an interrupted seed can be repeated."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from faker import Faker

Row = dict[str, Any]

SEED = 20261123
RECENT_ORDERS = 14
ORDERS = 150

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


@dataclass(frozen=True, slots=True)
class CustomerGroup:
    """Customers created and ordering within the given ranges of days before today."""

    count: int
    created_days_ago: tuple[int, int]
    ordered_days_ago: tuple[int, int] | None = None


CUSTOMER_GROUPS = (
    CustomerGroup(28, created_days_ago=(560, 740), ordered_days_ago=(8, 550)),
    CustomerGroup(6, created_days_ago=(725, 800), ordered_days_ago=(380, 720)),  # lapsed: the clean-up deletes them
    CustomerGroup(4, created_days_ago=(1, 9)),  # new, without an order yet: the clean-up must keep them
    CustomerGroup(4, created_days_ago=(400, 900)),  # never ordered: the clean-up deletes them
)


@dataclass(slots=True)
class DemoRows:
    products: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)


def make_demo_rows(today: date) -> DemoRows:
    faker = Faker("en_US")
    faker.seed_instance(SEED)
    rng = random.Random(SEED)  # noqa: S311 - not used for secrets
    demo = DemoRows()
    for number, (name, price, stock) in enumerate(PRODUCTS, 1):
        demo.products.append({"name": name, "price": price, "stock": stock, "sku": f"DEMO-{number:03}"})
    buyers: list[tuple[str, tuple[int, int]]] = []
    for group in CUSTOMER_GROUPS:
        for _ in range(group.count):
            customer = _customer(len(demo.customers), faker, _random_time(today, rng, group.created_days_ago))
            demo.customers.append(customer)
            if group.ordered_days_ago is not None:
                buyers.append((customer["email"], group.ordered_days_ago))
    for number in range(ORDERS):
        email, days = _buyer(number, buyers, rng)
        demo.orders.append(_order(number, email, _random_time(today, rng, days), rng))
    return demo


def _customer(number: int, faker: Faker, created: str) -> Row:
    first, last = faker.first_name(), faker.last_name()
    return {
        "name": f"{first} {last}",
        "email": f"{first}.{last}.{number + 1}@example.com".lower(),
        # 555-0100 to 555-0199 are reserved for fiction.
        "phone": f"+1202555{100 + number:04}" if number % 5 else None,
        "createdAt": created,
    }


def _buyer(number: int, buyers: list[tuple[str, tuple[int, int]]], rng: random.Random) -> tuple[str, tuple[int, int]]:
    """Return the e-mail and day range of an order: first one per buyer, then some in the last week, then any buyer."""
    regular = CUSTOMER_GROUPS[0].count
    if number < regular:
        return buyers[number][0], (8, 350)
    if number < len(buyers):
        return buyers[number]
    if number < len(buyers) + RECENT_ORDERS:
        return rng.choice(buyers[:regular])[0], (0, 6)
    return rng.choice(buyers)


def _order(number: int, email: str, ordered_at: str, rng: random.Random) -> Row:
    lines = []
    for product in rng.sample(range(len(PRODUCTS)), rng.choice((1, 1, 2, 2, 3, 4))):
        quantity = rng.choice((1, 1, 1, 2, 3, 5))
        lines.append({"sku": f"DEMO-{product + 1:03}", "quantity": quantity, "unitPrice": PRODUCTS[product][1]})
    return {"reference": f"DEMO-{number + 1:04}", "customerEmail": email, "orderDate": ordered_at, "lines": lines}


def _random_time(today: date, rng: random.Random, days_ago: tuple[int, int]) -> str:
    """Return a time in working hours, the given number of days before yesterday: never in the future."""
    day = today - timedelta(days=1 + rng.randint(*days_ago))
    created = datetime.combine(day, time(8), UTC) + timedelta(seconds=rng.randrange(10 * 3600))
    return created.isoformat().replace("+00:00", "Z")
