"""A year of a retailer who sells gifts to shops and to people, made from a seed: the same company at any scale.

Its skew is that of a real one, whose invoices are public: half of the lines name a tenth of the products, invoices have
21.6 lines on average and up to 540, half of the customers order once or twice and a few do every day, Saturday is quiet,
and the autumn sells twice as much as the spring. One order in fifty is a credit note. Some customers have lapsed.
"""

import csv
import math
import random
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate, product
from pathlib import Path
from statistics import NormalDist

from faker import Faker

from benchmarks.retailer_words import ADJECTIVES, MATERIALS, THINGS

FIRST_DAY, WEEKS = date(2025, 11, 24), 52
"""A Monday. The year ends on Sunday, 22 November 2026."""
OPENED, IMPORTED = datetime(2025, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
"""When the CRM is filled with what was there before the year, and when the year itself is imported."""
MAX_LINES = 540
_SEED = 20261128
_WEEKDAY = (1.0, 1.05, 1.0, 1.2, 0.85, 0.05, 0.55)
"""How well it sells, Monday to Sunday."""
_SEASON = (0.75, 0.75, 0.85, 0.85, 0.9, 0.9, 0.85, 0.85, 1.2, 1.5, 1.8, 1.1)
"""January to December."""
_LINES_SPREAD, _PRODUCT_SPREAD, _CUSTOMER_SPREAD = 0.854, 1.2816, 1.2
"""Standard deviations of logarithms. With 0.854 half of the invoices have 15 lines or fewer of 21.6 on average; with 1.2816 a
tenth of the products has half of the lines."""
_LAPSED, _NEW, _CREDIT_NOTES, _LOW_STOCK = 0.05, 0.3, 0.02, 0.05
"""Shares: customers who did not order in the year, and who came in it; orders that are credit notes; products to restock."""


@dataclass(frozen=True, slots=True)
class Size:
    customers: int
    products: int
    orders: int
    lines: int

    def times(self, scale: float) -> "Size":
        counts = (self.customers, self.products, self.orders, self.lines)
        return Size(*(max(1, round(count * scale)) for count in counts))


YEAR = Size(4300, 3700, 18_500, 400_000)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    phone: str
    created: date


@dataclass(frozen=True, slots=True)
class Article:
    sku: str
    name: str
    cents: int
    stock: int


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    article: Article
    quantity: int
    cents: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """An order, or a credit note with negative quantities."""

    reference: str
    person: Person
    at: datetime
    lines: tuple[InvoiceLine, ...]


@dataclass(frozen=True)
class Retailer:
    """`first_invoice` is the number of its first invoice: another one makes other orders of the same people and articles."""

    size: Size
    first_invoice: int = 536_365

    @cached_property
    def people(self) -> list[Person]:
        """Those who lapsed come first."""
        fake, dice = Faker({"en_GB": 8, "de_DE": 1, "fr_FR": 1}), _dice("people")
        fake.seed_instance(_SEED)
        count, year = self.size.customers, 7 * WEEKS
        found: list[Person] = []
        for number in range(count):
            name = f"{fake.first_name()} {fake.last_name()}"
            is_new = number >= count * (1 - _NEW)
            created = FIRST_DAY + timedelta(days=dice.randrange(year) if is_new else -1 - dice.randrange(3 * year))
            phone = f"+44 20 7946 {number:05d}" if dice.random() < 0.6 else ""  # noqa: PLR2004 - six in ten
            found.append(Person(name, _address(name, number), phone, created))
        return found

    @property
    def lapsed(self) -> int:
        """How many of `people` ordered nothing."""
        return round(self.size.customers * _LAPSED)

    @cached_property
    def articles(self) -> list[Article]:
        """The best selling ones come first."""
        dice = _dice("articles")
        names = [" ".join(words) for words in product(ADJECTIVES, MATERIALS, THINGS)]
        dice.shuffle(names)
        count, low = self.size.products, round(self.size.products * _LOW_STOCK)
        is_low = [number < low for number in range(count)]
        dice.shuffle(is_low)
        return [
            Article(
                sku=f"{20_000 + number}{'' if number % 3 else dice.choice('ABCDE')}",
                name=names[number % len(names)],
                cents=max(19, round(195 * math.exp(dice.gauss(0, 0.9)))),
                stock=dice.randrange(10) if is_low[number] else dice.randrange(10, 5000),
            )
            for number in range(count)
        ]

    def invoices(self) -> Iterator[Invoice]:
        """Yield the orders of the year, the earliest first."""
        dice = _dice(f"invoices {self.first_invoice}")
        count = self.size.orders
        times, sizes = self._times(dice), _quantiles(count, self.size.lines, _LINES_SPREAD, MAX_LINES)
        dice.shuffle(sizes)
        buyers = self._buyers(dice)
        sold = list(accumulate(_weights(self.size.products, _PRODUCT_SPREAD)))
        returned = set(dice.sample(range(count), round(count * _CREDIT_NOTES)))
        for number in range(count):
            person, at = buyers[number], times[number]
            sign, prefix = (-1, "C") if number in returned else (1, "")
            reference = f"{prefix}{self.first_invoice + number}"
            chosen = _distinct(dice, self.articles, sold, sizes[number])
            lines = tuple(InvoiceLine(each, sign * _pieces(dice), each.cents) for each in chosen)
            # Who came in the year did not order before that.
            moved = datetime.combine(max(at.date(), person.created), at.timetz())
            yield Invoice(reference, person, moved, lines)

    def _buyers(self, dice: random.Random) -> list[Person]:
        """Return who orders each invoice: each person at least once, and a few of them very often."""
        active = self.people[self.lapsed :]
        weights = _weights(len(active), _CUSTOMER_SPREAD)
        dice.shuffle(weights)
        once = active[: self.size.orders]
        buyers = once + dice.choices(active, weights, k=self.size.orders - len(once))
        dice.shuffle(buyers)
        return buyers

    def _times(self, dice: random.Random) -> list[datetime]:
        days = [FIRST_DAY + timedelta(days=number) for number in range(7 * WEEKS)]
        weights = [_WEEKDAY[day.weekday()] * _SEASON[day.month - 1] for day in days]
        midnight = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
        chosen = dice.choices(midnight, weights, k=self.size.orders)
        return sorted(day + timedelta(minutes=_minute(dice)) for day in chosen)


def write_opening(retailer: Retailer, directory: Path) -> None:
    """Write what a CRM is filled with when the year begins: the products, and the customers of before."""
    directory.mkdir()
    before = [each for each in retailer.people if each.created < FIRST_DAY]
    _write_people(directory, before)
    rows = ((each.sku, each.name, _amount(each.cents), each.stock) for each in retailer.articles)
    _write(directory / "products.csv", ("sku", "name", "price", "stock"), rows)


def write_year(retailer: Retailer, directory: Path) -> None:
    """Write the year's new customers and all orders."""
    directory.mkdir()
    _write_people(directory, [each for each in retailer.people if each.created >= FIRST_DAY])
    write_invoices(retailer.invoices(), directory)


def write_invoices(invoices: Iterable[Invoice], directory: Path) -> None:
    columns = ("order_ref", "customer_email", "order_date", "sku", "quantity", "unit_price")
    rows = (
        (each.reference, each.person.email, each.at.isoformat(), line.article.sku, line.quantity, _amount(line.cents))
        for each in invoices
        for line in each.lines
    )
    _write(directory / "orders.csv", columns, rows)


def _write_people(directory: Path, people: Iterable[Person]) -> None:
    rows = ((each.name, each.email, each.phone, each.created) for each in people)
    _write(directory / "customers.csv", ("name", "email", "phone", "created_at"), rows)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _dice(name: str) -> random.Random:
    return random.Random(f"{_SEED} {name}")  # noqa: S311 - no secrets


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _address(name: str, number: int) -> str:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if letter.isascii() and letter.isalpha())
    return f"{plain.lower()}.{number}@example.com"


def _weights(count: int, spread: float) -> list[float]:
    """Return the quantiles of a lognormal distribution, the highest first."""
    normal = NormalDist(sigma=spread)
    return [math.exp(normal.inv_cdf(1 - (number + 0.5) / count)) for number in range(count)]


def _quantiles(count: int, total: int, spread: float, highest: int) -> list[int]:
    """Return `count` numbers of at least 1 that add up to `total`, lognormal but for the first, which is `highest`."""
    weights = _weights(count, spread)
    unit = total / sum(weights)
    found = [highest, *(min(highest, max(1, round(weight * unit))) for weight in weights[1:])]
    step = 1 if sum(found) < total else -1
    at = count // 2  # those in the middle take what rounding has left
    while sum(found) != total:
        missing = abs(total - sum(found))
        for number in range(at, min(count, at + missing)):
            found[number] = max(1, found[number] + step)
        at = 1 if at else count // 2
    return found


def _distinct(dice: random.Random, articles: Sequence[Article], sold: Sequence[float], count: int) -> list[Article]:
    """Choose articles by their popularity. Invoices rarely name one twice."""
    chosen: dict[int, None] = {}
    for _ in range(4 * count):
        if len(chosen) == count:
            break
        chosen[bisect(sold, dice.random() * sold[-1])] = None
    repeated = dice.choices(list(chosen), k=count - len(chosen))
    return [articles[number] for number in (*chosen, *repeated)]


def _pieces(dice: random.Random) -> int:
    return min(2000, max(1, round(6 * math.exp(dice.gauss(0, 1.0)))))


def _minute(dice: random.Random) -> int:
    """Return a minute of the day, most often around noon."""
    return round(min(20 * 60, max(6 * 60, dice.gauss(12.5 * 60, 140))))
