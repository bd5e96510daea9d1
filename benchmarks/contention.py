"""How many orders at the same time? What a shop takes, and where one product or the counters of a day become the bottleneck.

Emulators know no conflicts between transactions, so these are brought in (`conflicts`): a row is held for 12 ms, which is an
assumption. The model to compare with: an order meets another at a row with the probability rate * 12 ms / shards.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from benchmarks.conflicts import Holds, holding, slow_motion
from benchmarks.cpu import least
from benchmarks.load import at_once, at_rate
from benchmarks.metering import charged
from benchmarks.result import Finding, tell
from benchmarks.shop import Shop, opened
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
"""Seconds from the preparation of a transaction to its end: assumed, AWS does not say."""
PACE = 12.0
"""Orders a second that a busy machine still takes with ease: slowed down to that from the rate that is looked at."""
ARRIVALS = 300
COUNTERS, STOCK = str(tables.AuxRow.Meta.table_name), str(tables.Product.Meta.table_name)
LANES = ((10, 1), (30, 4), (130, 16), (500, 64))
"""Orders a second, and shards of the counters."""
MANY = 64
RATES = (8, 16)
"""Orders of one product a second."""
TOO_MANY = (33, 100)
RETRIES = 0.1
"""Of an order: still no burden."""
WANTED = 130
"""Orders a second that the default number of shards is meant for."""
CREATE = """mutation ($c: ID!, $p: ID!) { createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 1}]}) {
  order { id totalAmount } } }"""


@dataclass(frozen=True, slots=True)
class Met:
    """How often an order met another one at a row of one table: in all, at its first try, and as the model has it."""

    conflicts: float
    first: float
    predicted: float


BURDENS: dict[str, Callable[[Met], float]] = {
    "first tries in conflict": lambda found: found.first,
    "conflicts an order": lambda found: found.conflicts,
}


def among(shop: Shop, products: int) -> Callable[[random.Random], object]:
    return lambda dice: shop.order(dice, products)


def throughput(shop: Shop) -> Iterator[Finding]:
    """All numbers of threads take turns; the best round of each counts."""
    best: dict[tuple[int, int], float] = {}
    crowded: dict[int, list[Holds]] = {products: [] for products in PRODUCTS}
    for _ in range(ROUNDS):
        for products in PRODUCTS:
            for threads in THREADS:
                with holding(0) as holds:
                    rate = ORDERS / at_once(threads, ORDERS, among(shop, products))
                best[products, threads] = max(rate, best.get((products, threads), 0.0))
                crowded[products] += [holds] * (threads == max(THREADS))
    for products in PRODUCTS:
        for threads in THREADS[1:]:
            ratio = best[products, threads] / best[products, 1]
            yield Finding(f"orders a second, {_of(products)}, {threads} threads", ratio, against="1 thread")
        sent, refused = (sum(getattr(one, name) for one in crowded[products]) for name in ("sent", "refused"))
        tries, many = sent / (ORDERS * ROUNDS), f"{_of(products)}, {max(THREADS)} threads"
        yield Finding(f"tries an order, {many}", tries, "tries", most=1.1)
        yield Finding(f"refused conditions of {ORDERS * ROUNDS} orders, {many}", refused, "refusals")


def _of(products: int) -> str:
    return f"{products:,} products" if products > 1 else "1 product"


def api(shop: Shop) -> Iterator[Finding]:
    """What GraphQL over HTTP, a key and its bucket add to an order."""
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
    rates = {name: ORDERS / at_once(threads, ORDERS, work) for name, work in works.items()}
    yield Finding(
        f"orders a second through the API, {threads} threads", rates["api"] / rates["direct"], against="orders.place"
    )
    dice = random.Random(1)  # noqa: S311 - not a secret
    cpu = least({name: partial(_several, work, dice) for name, work in works.items()}, rounds=5)
    shop.placed.extend(orders.find_all(answered).values())
    yield Finding("CPU of an order through the API", cpu["api"] / cpu["direct"], against="orders.place")


def _several(work: Callable[[random.Random], object], dice: random.Random) -> None:
    for _ in range(10):
        work(dice)


def under(shop: Shop, rate: float, shards: int, products: int) -> tuple[Holds, float]:
    """Orders come at `rate`, in slow motion, to counters of so many shards; and the rate that it was in fact."""
    slow = max(1.0, rate / PACE)
    object.__setattr__(settings, "counter_shards", shards)
    with holding(HOLD * slow) as holds, slow_motion(slow):
        came = at_rate(rate / slow, ARRIVALS, among(shop, products)) * slow
    print(f"{came:.1f}/s, {shards} shards, {products} products: {holds.sent} sent, {holds.conflicts}", file=sys.stderr)
    return holds, came


def met(shop: Shop, table: str, rate: float, shards: int, products: int) -> Met:
    holds, came = under(shop, rate, shards, products)
    predicted = came * HOLD / (shards if table == COUNTERS else products)
    return Met(holds.conflicts[table] / ARRIVALS, holds.first[table] / ARRIVALS, predicted)


def modelled(shop: Shop) -> Iterator[Finding]:
    counters, stock = [], []
    for rate, shards in LANES:
        counters.append(met(shop, COUNTERS, rate, shards, len(shop.products)))
        yield from _against_model(f"at counters, {rate}/s, {shards} shards", counters[-1])
    for rate in RATES:
        stock.append(met(shop, STOCK, rate, MANY, 1))
        yield from _against_model(f"at stock, {rate}/s of one product", stock[-1])
    for what, of in BURDENS.items():
        at, model = f"at {RETRIES} {what}", RETRIES / HOLD
        needed = WANTED * HOLD / carried(counters, of)
        yield Finding(f"shards for {WANTED} orders/s {at}", needed, "shards", f"{WANTED / model:.1f} by the model")
        yield Finding(
            f"orders/s of one product {at}", carried(stock, of) / HOLD, "orders/s", f"{model:.1f} by the model"
        )


def _against_model(where: str, found: Met) -> Iterator[Finding]:
    """The model is of first tries. A pause may end while the other still holds the row, and then there is a second conflict."""
    predicted = f"{found.predicted:.3f} by the model"
    yield Finding(
        f"first tries in conflict {where}", found.first / found.predicted, against=predicted, least=0.5, most=2
    )
    yield Finding(f"conflicts an order {where}", found.conflicts / found.predicted, against=predicted)


def carried(found: list[Met], of: Callable[[Met], float]) -> float:
    """How often the model may predict a conflict for `of` to come to RETRIES: between what was measured."""
    points = sorted([(0.0, 0.0), *((of(one), one.predicted) for one in found)])
    for (low, before), (high, after) in pairwise(points):
        if low <= RETRIES <= high:
            return before + (after - before) * (RETRIES - low) / (high - low)
    last, predicted = points[-1]
    return predicted * RETRIES / last


def overload(shop: Shop) -> Iterator[Finding]:
    """More than one product's row takes: are tries few enough, and is what is given up told?"""
    for rate in TOO_MANY:
        before = shop.given_up
        holds, _ = under(shop, rate, MANY, 1)
        yield Finding(f"tries an order, {rate}/s of one product", holds.sent / ARRIVALS, "tries", most=MAX_ATTEMPTS)
        given_up = (shop.given_up - before) / ARRIVALS
        most = 0.05 if rate == min(TOO_MANY) else None
        yield Finding(f"given up an order, {rate}/s of one product", given_up, "Conflict errors", most=most)


def cost(shop: Shop) -> Iterator[Finding]:
    """Of one order of two lines, exactly."""
    wanted = shop.customers[0], dict.fromkeys(shop.products[:2], 1)
    shop.placed.append(orders.place(*wanted).order)  # the day's first of its customer costs more
    with charged() as charges:
        shop.placed.append(orders.place(*wanted).order)
    yield Finding("DynamoDB calls of an order of two lines", charges.calls, "calls", most=3)
    yield Finding(
        "write units of an order of two lines", charges.write_units, "units", "design: 9 + 6 a line", most=9 + 6 * 2
    )
    yield Finding("read units of an order of two lines", charges.read_units, "units", "a row each", most=3)


def findings() -> Iterator[Finding]:
    # A slow answer is no outage here: the machine may have other things to do.
    vars(connection.connection).update(_connect_timeout_seconds=60, _read_timeout_seconds=60)
    connection.create_tables()
    shop = opened(300, 1000)
    for part in (cost, throughput, api, modelled, overload):
        yield from part(shop)
    what = f"differences in the books after {len(shop.placed)} orders"
    yield Finding(what, shop.differences(), "rows", "what was answered", most=0)


if __name__ == "__main__":
    tell(findings())
