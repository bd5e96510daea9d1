"""How many orders at the same time? What a shop takes, and where one product or the counters of a day become the bottleneck.

Emulators know no conflicts between transactions, so these are brought in (`conflicts`): a row is held for 12 ms, which is an
assumption. The model to compare with: an order meets another at a row with the probability rate * 12 ms / shards.
"""

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.charges import charged
from benchmarks.conflicts import Holds, holding, slow_motion
from benchmarks.crowd import at_once, at_rate
from benchmarks.finding import Finding, tell
from benchmarks.shop import Shop, opened
from chalicelib.crm import database, orders, tables
from chalicelib.settings import settings

THREADS = (1, 2, 4, 8, 16)
PRODUCTS = (1000, 10, 1)
ORDERS, ROUNDS = 160, 2
HOLD = 0.012
"""Seconds from the preparation of a transaction to its end: assumed, AWS does not say."""
PACE = 20.0
"""Orders a second that the emulator takes with ease, slowed down to that from the rate that is looked at."""
ARRIVALS = 500
COUNTERS, STOCK = str(tables.Op.Meta.table_name), str(tables.Product.Meta.table_name)
LANES = ((20, 1), (20, 4), (130, 4), (130, 16), (500, 16), (500, 64))
"""Orders a second, and shards of the counters."""
RATES = (5, 10, 20, 33)
"""Orders of one product a second."""
RETRIES = 0.1
"""Conflicts an order that are still no burden."""
WANTED = 130
"""Orders a second that the default number of shards is meant for."""


@dataclass(frozen=True, slots=True)
class Met:
    """How often an order met another one at a row of one table, and how often the model says that it would."""

    measured: float
    predicted: float


def among(shop: Shop, products: int) -> Callable[[random.Random], object]:
    return lambda dice: shop.order(dice, products)


def throughput(shop: Shop) -> Iterator[Finding]:
    """All numbers of threads take turns; the best round of each counts."""
    best: dict[tuple[int, int], float] = {}
    tries: dict[int, list[Holds]] = {products: [] for products in PRODUCTS}
    for _ in range(ROUNDS):
        for products in PRODUCTS:
            for threads in THREADS:
                with holding(0) as holds:
                    rate = ORDERS / at_once(threads, ORDERS, among(shop, products))
                best[products, threads] = max(rate, best.get((products, threads), 0.0))
                tries[products] += [holds] * (threads == max(THREADS))
    for products in PRODUCTS:
        for threads in THREADS[1:]:
            ratio = best[products, threads] / best[products, 1]
            yield Finding(f"orders a second, {threads} threads, {products:,} products", ratio, against="1 thread")
        sent, refused = (sum(getattr(one, name) for one in tries[products]) for name in ("sent", "refused"))
        placed = ORDERS * ROUNDS
        yield Finding(f"transactions of {placed} orders, {max(THREADS)} threads, {products:,} products", sent, "sent")
        yield Finding(f"… of them refused for their condition, {products:,} products", refused, "refused")


def met(shop: Shop, table: str, rate: float, shards: int, products: int) -> Met:
    """Orders come at `rate`, in slow motion, to counters of so many shards."""
    slow = rate / PACE
    object.__setattr__(settings, "counter_shards", shards)
    with holding(HOLD * slow) as holds, slow_motion(slow):
        at_rate(PACE, ARRIVALS, among(shop, products))
    came = (len(holds.arrivals) - 1) / (holds.arrivals[-1] - holds.arrivals[0])
    lanes = shards if table == COUNTERS else products
    found = Met(holds.conflicts[table] / ARRIVALS, came * holds.seconds / lanes)
    print(f"{rate}/s, {shards} shards, {products} products: {found}, {holds.conflicts}", file=sys.stderr)
    return found


def modelled(shop: Shop) -> Iterator[Finding]:
    lanes = []
    for rate, shards in LANES:
        lanes.append(met(shop, COUNTERS, rate, shards, len(shop.products)))
        yield _against_model(f"conflicts an order at counters: {rate}/s, {shards} shards", lanes[-1])
    stock = []
    for rate in RATES:
        stock.append(met(shop, STOCK, rate, max(shards for _, shards in LANES), 1))
        yield _against_model(f"conflicts an order at stock: {rate}/s of one product", stock[-1])
    needed = _slope(lanes) * WANTED * HOLD / RETRIES
    yield Finding(f"shards for {WANTED} orders/s at {RETRIES:.0%} retries", needed, "shards", most=16)
    yield Finding(f"orders/s of one product at {RETRIES:.0%} retries", RETRIES / HOLD / _slope(stock), "orders/s")


def _against_model(what: str, found: Met) -> Finding:
    predicted = f"{found.predicted:.3f}, held {HOLD * 1000:.0f} ms"
    return Finding(what, found.measured / found.predicted, against=predicted, least=0.5, most=2)


def _slope(found: list[Met]) -> float:
    """Conflicts measured for each that the model predicts."""
    return sum(one.measured for one in found) / sum(one.predicted for one in found)


def overload(shop: Shop) -> Iterator[Finding]:
    """More than one product's row can take: is what is given up told, and what is not placed?"""
    object.__setattr__(settings, "counter_shards", 64)
    for rate in (RATES[-1], 100):
        slow, before = rate / PACE, shop.given_up
        with holding(HOLD * slow) as holds, slow_motion(slow):
            at_rate(PACE, ARRIVALS, among(shop, 1))
        given_up = shop.given_up - before
        name = f"{rate}/s of one product"
        yield Finding(f"tries an order: {name}", holds.sent / ARRIVALS, "tries", most=8)
        most = 0 if rate == RATES[-1] else None
        yield Finding(f"orders given up of {ARRIVALS}: {name}", given_up, "orders", most=most)


def cost(shop: Shop) -> Iterator[Finding]:
    """Of one order of two lines, exactly."""
    shop_of_one = shop.customers[0], dict.fromkeys(shop.products[:2], 1)
    shop.placed.append(orders.create(*shop_of_one))  # makes the counters of the day
    with charged() as charges:
        shop.placed.append(orders.create(*shop_of_one))
    yield Finding("DynamoDB calls of an order of two lines", charges.calls, "calls", most=3)
    yield Finding("write units of it", charges.write_units, "units", "design: 9 + 6 a line", most=9 + 6 * 2)
    yield Finding("read units of it", charges.read_units, "units")


def findings() -> Iterator[Finding]:
    database.create_tables()
    shop = opened(300, 1000)
    yield from cost(shop)
    yield from throughput(shop)
    yield from modelled(shop)
    yield from overload(shop)
    told = len(shop.placed)
    yield Finding(f"differences after {told} acknowledged orders", shop.differences(), "rows", "what was told", most=0)


if __name__ == "__main__":
    tell(findings())
