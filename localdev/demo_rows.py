"""What is in the demo data? The same rows for the same day, so that a seed that was interrupted can be repeated."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from faker import Faker

Row = dict[str, Any]

SEED = 20261123
RECENT_ORDERS = 14
ORDERS = 150

# Name, price, stock. Those below 10 give the restock job something to do.
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
class Kind:
    """A kind of customer: how many days ago they came, and between which days ago they ordered."""

    count: int
    came: tuple[int, int]
    ordered: tuple[int, int] | None = None


KINDS = (
    Kind(28, came=(560, 740), ordered=(8, 550)),
    Kind(6, came=(725, 800), ordered=(380, 720)),  # lapsed: the clean-up takes them
    Kind(4, came=(1, 9)),  # new, without an order yet: the clean-up must leave them
    Kind(4, came=(400, 900)),  # never ordered: the clean-up takes them
)


@dataclass(slots=True)
class Demo:
    products: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)


def make(today: date) -> Demo:
    faker = Faker("en_US")
    faker.seed_instance(SEED)
    chance = random.Random(SEED)  # noqa: S311 - no secret is made of it
    demo = Demo()
    for number, (name, price, stock) in enumerate(PRODUCTS, 1):
        demo.products.append({"name": name, "price": price, "stock": stock, "sku": f"DEMO-{number:03}"})
    buyers: list[tuple[str, tuple[int, int]]] = []
    for kind in KINDS:
        for _ in range(kind.count):
            customer = _customer(len(demo.customers), faker, _moment(today, chance, kind.came))
            demo.customers.append(customer)
            if kind.ordered is not None:
                buyers.append((customer["email"], kind.ordered))
    for number in range(ORDERS):
        email, days = _buyer(number, buyers, chance)
        demo.orders.append(_order(number, email, _moment(today, chance, days), chance))
    return demo


def _customer(number: int, faker: Faker, created: str) -> Row:
    first, last = faker.first_name(), faker.last_name()
    return {
        "name": f"{first} {last}",
        "email": f"{first}.{last}.{number + 1}@example.com".lower(),
        # 555-0100 to 555-0199 are set aside for fiction.
        "phone": f"+1202555{100 + number:04}" if number % 5 else None,
        "createdAt": created,
    }


def _buyer(
    number: int, buyers: list[tuple[str, tuple[int, int]]], chance: random.Random
) -> tuple[str, tuple[int, int]]:
    """First everyone orders once, regular customers within the year; then some in the last week; then anyone."""
    regular = KINDS[0].count
    if number < regular:
        return buyers[number][0], (8, 350)
    if number < len(buyers):
        return buyers[number]
    if number < len(buyers) + RECENT_ORDERS:
        return chance.choice(buyers[:regular])[0], (0, 6)
    return chance.choice(buyers)


def _order(number: int, email: str, moment: str, chance: random.Random) -> Row:
    lines = []
    for product in chance.sample(range(len(PRODUCTS)), chance.choice((1, 1, 2, 2, 3, 4))):
        quantity = chance.choice((1, 1, 1, 2, 3, 5))
        lines.append({"sku": f"DEMO-{product + 1:03}", "quantity": quantity, "unitPrice": PRODUCTS[product][1]})
    return {"reference": f"DEMO-{number + 1:04}", "customerEmail": email, "orderDate": moment, "lines": lines}


def _moment(today: date, chance: random.Random, days_ago: tuple[int, int]) -> str:
    """On a day so many days before yesterday, in working hours: never in the future."""
    day = today - timedelta(days=1 + chance.randint(*days_ago))
    moment = datetime.combine(day, time(8), UTC) + timedelta(seconds=chance.randrange(10 * 3600))
    return moment.isoformat().replace("+00:00", "Z")
