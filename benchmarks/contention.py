"""Throughput of concurrent orders, and the rate at which one product or the counters of a day become the bottleneck.

Emulators have no conflicts between transactions, so `conflicts` adds them: each row is held for 12 ms, which is an
assumption. The model to compare with: an order conflicts at a row with the probability rate * 12 ms / shards.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from benchmarks.conflicts import Holds, holding, slow_motion
from benchmarks.cpu import minimum
from benchmarks.load import run_at_rate, run_together
from benchmarks.metering import metered
from benchmarks.result import Result, print_results
from benchmarks.shop import Shop, open_shop
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.crm import orders
from chalicelib.settings import settings
from chalicelib.store import connection, tables
from chalicelib.store.retries import MAX_ATTEMPTS

THREADS = (1, 2, 4, 8, 16)
PRODUCTS = (1000, 10, 1)
ORDERS, ROUNDS = 80, 3
HOLD = 0.012
"""Seconds from the preparation of a transaction to its end. Assumed: AWS does not publish it."""
PACE = 12.0
"""Orders per second that a busy machine can still place. Higher rates are slowed down to this one."""
ARRIVALS = 300
COUNTERS, STOCK = str(tables.AuxRow.Meta.table_name), str(tables.Product.Meta.table_name)
SHARDS = ((10, 1), (30, 4), (130, 16), (500, 64))
"""(orders per second, shards of the counters)"""
MANY = 64
RATES = (8, 16)
"""Orders of one product per second."""
OVERLOADS = (33, 100)
RETRIES = 0.1
"""Retries per order that are still acceptable."""
TARGET_RATE = 130
"""Orders per second that the default number of shards is meant for."""
CREATE = """mutation ($c: ID!, $p: ID!) { createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 1}]}) {
  order { id totalAmount } } }"""


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Conflicts per order at the rows of one table: all of them, those of the first attempt, and those the model predicts."""

    conflicts: float
    first: float
    predicted: float


LOADS: dict[str, Callable[[Conflicts], float]] = {
    "first tries in conflict": lambda found: found.first,
    "conflicts an order": lambda found: found.conflicts,
}


def among(shop: Shop, products: int) -> Callable[[random.Random], object]:
    return lambda dice: shop.order(dice, products)


def throughput(shop: Shop) -> Iterator[Result]:
    """Run every number of threads in turn. The best round of each counts."""
    best: dict[tuple[int, int], float] = {}
    crowded: dict[int, list[Holds]] = {products: [] for products in PRODUCTS}
    for _ in range(ROUNDS):
        for products in PRODUCTS:
            for threads in THREADS:
                with holding(0) as holds:
                    rate = ORDERS / run_together(threads, ORDERS, among(shop, products))
                best[products, threads] = max(rate, best.get((products, threads), 0.0))
                crowded[products] += [holds] * (threads == max(THREADS))
    for products in PRODUCTS:
        for threads in THREADS[1:]:
            ratio = best[products, threads] / best[products, 1]
            yield Result(f"orders a second, {_of(products)}, {threads} threads", ratio, compared_to="1 thread")
        sent, refused = (sum(getattr(one, name) for one in crowded[products]) for name in ("sent", "refused"))
        tries, many = sent / (ORDERS * ROUNDS), f"{_of(products)}, {max(THREADS)} threads"
        yield Result(f"tries an order, {many}", tries, "tries", maximum=1.1)
        yield Result(f"refused conditions of {ORDERS * ROUNDS} orders, {many}", refused, "refusals")


def _of(products: int) -> str:
    return f"{products:,} products" if products > 1 else "1 product"


def api(shop: Shop) -> Iterator[Result]:
    """Measure what GraphQL over HTTP, the API key and its rate limit add to an order."""
    object.__setattr__(settings, "rate_burst", 10**6)
    answered: list[str] = []
    key = api_keys.create("web shop", Role.EDITOR, "operator").key
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}

    def order(dice: random.Random) -> None:
        variables = {"c": dice.choice(shop.customers), "p": dice.choice(shop.products)}
        body = json.dumps({"query": CREATE, "variables": variables}).encode()
        answer = json.loads(respond(Request("POST", headers, {}, body)).body)
        answered.append(answer["data"]["createOrder"]["order"]["id"])

    threads = max(THREADS)
    works = {"api": order, "direct": among(shop, len(shop.products))}
    rates = {name: ORDERS / run_together(threads, ORDERS, work) for name, work in works.items()}
    yield Result(
        f"orders a second through the API, {threads} threads",
        rates["api"] / rates["direct"],
        compared_to="orders.place",
    )
    dice = random.Random(1)  # noqa: S311 - not a secret
    cpu = minimum({name: partial(_several, work, dice) for name, work in works.items()}, rounds=5)
    shop.placed.extend(orders.find_all(answered).values())
    yield Result("CPU of an order through the API", cpu["api"] / cpu["direct"], compared_to="orders.place")


def _several(work: Callable[[random.Random], object], dice: random.Random) -> None:
    for _ in range(10):
        work(dice)


def under(shop: Shop, rate: float, shards: int, products: int) -> tuple[Holds, float]:
    """Place orders at `rate`, in slow motion, on counters of that many shards. Return the holds and the actual rate."""
    slow = max(1.0, rate / PACE)
    object.__setattr__(settings, "counter_shards", shards)
    with holding(HOLD * slow) as holds, slow_motion(slow):
        came = run_at_rate(rate / slow, ARRIVALS, among(shop, products)) * slow
    print(f"{came:.1f}/s, {shards} shards, {products} products: {holds.sent} sent, {holds.conflicts}", file=sys.stderr)
    return holds, came


def measure_conflicts(shop: Shop, table: str, rate: float, shards: int, products: int) -> Conflicts:
    holds, came = under(shop, rate, shards, products)
    predicted = came * HOLD / (shards if table == COUNTERS else products)
    return Conflicts(holds.conflicts[table] / ARRIVALS, holds.first[table] / ARRIVALS, predicted)


def modelled(shop: Shop) -> Iterator[Result]:
    counters, stock = [], []
    for rate, shards in SHARDS:
        counters.append(measure_conflicts(shop, COUNTERS, rate, shards, len(shop.products)))
        yield from _against_model(f"at counters, {rate}/s, {shards} shards", counters[-1])
    for rate in RATES:
        stock.append(measure_conflicts(shop, STOCK, rate, MANY, 1))
        yield from _against_model(f"at stock, {rate}/s of one product", stock[-1])
    for what, of in LOADS.items():
        at, model = f"at {RETRIES} {what}", RETRIES / HOLD
        needed = TARGET_RATE * HOLD / carried(counters, of)
        yield Result(
            f"shards for {TARGET_RATE} orders/s {at}", needed, "shards", f"{TARGET_RATE / model:.1f} by the model"
        )
        yield Result(
            f"orders/s of one product {at}", carried(stock, of) / HOLD, "orders/s", f"{model:.1f} by the model"
        )


def _against_model(where: str, found: Conflicts) -> Iterator[Result]:
    """The model predicts first attempts only. A retry may come while the other order still holds the row, and conflict again."""
    predicted = f"{found.predicted:.3f} by the model"
    yield Result(
        f"first tries in conflict {where}", found.first / found.predicted, compared_to=predicted, minimum=0.5, maximum=2
    )
    yield Result(f"conflicts an order {where}", found.conflicts / found.predicted, compared_to=predicted)


def carried(found: list[Conflicts], of: Callable[[Conflicts], float]) -> float:
    """Return the predicted conflicts at which `of` reaches RETRIES, interpolated between the measurements."""
    points = sorted([(0.0, 0.0), *((of(one), one.predicted) for one in found)])
    for (low, before), (high, after) in pairwise(points):
        if low <= RETRIES <= high:
            return before + (after - before) * (RETRIES - low) / (high - low)
    last, predicted = points[-1]
    return predicted * RETRIES / last


def overload(shop: Shop) -> Iterator[Result]:
    """Order one product faster than its row can take: attempts stay limited, and callers are told what was given up."""
    for rate in OVERLOADS:
        before = shop.given_up
        holds, _ = under(shop, rate, MANY, 1)
        yield Result(f"tries an order, {rate}/s of one product", holds.sent / ARRIVALS, "tries", maximum=MAX_ATTEMPTS)
        given_up = (shop.given_up - before) / ARRIVALS
        maximum = 0.05 if rate == min(OVERLOADS) else None
        yield Result(f"given up an order, {rate}/s of one product", given_up, "Conflict errors", maximum=maximum)


def cost(shop: Shop) -> Iterator[Result]:
    """Count exactly what one order of two lines costs."""
    wanted = shop.customers[0], dict.fromkeys(shop.products[:2], 1)
    shop.placed.append(orders.place(*wanted).order)  # a customer's first order of the day costs more
    with metered() as usage:
        shop.placed.append(orders.place(*wanted).order)
    yield Result("DynamoDB calls of an order of two lines", usage.calls, "calls", maximum=3)
    yield Result(
        "write units of an order of two lines", usage.write_units, "units", "design: 9 + 6 a line", maximum=9 + 6 * 2
    )
    yield Result("read units of an order of two lines", usage.read_units, "units", "a row each", maximum=3)


def results() -> Iterator[Result]:
    # A slow response is not an outage here: the machine may be busy.
    vars(connection.connection).update(_connect_timeout_seconds=60, _read_timeout_seconds=60)
    connection.create_tables()
    shop = open_shop(300, 1000)
    for part in (cost, throughput, api, modelled, overload):
        yield from part(shop)
    what = f"differences in the books after {len(shop.placed)} orders"
    yield Result(what, shop.differences(), "rows", "what was answered", maximum=0)


if __name__ == "__main__":
    print_results(results())
