"""A clerk of the shop: a client, and the actions that it takes again and again, in a random order of its own."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.soak.client import Client
from tests.soak.journal import Journal
from tests.soak.shop import Shop


class Merge(NamedTuple):
    kept: str
    absorbed: str
    name: str
    """Of the absorbed customer."""


@dataclass
class Clerk:
    """Only this clerk changes the orders in its journal, and only it merges and deletes the customers in it.

    So it knows what they must be. Everything else, the customers' orders and the stock, is changed by all at once.
    """

    client: Client
    shop: Shop
    journal: Journal = field(default_factory=Journal)
    merges: list[Merge] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    made: int = 0
    """Customers, products and imported orders: gives each a name of its own."""

    @property
    def dice(self) -> random.Random:
        return self.client.dice

    def mark(self) -> str:
        self.made += 1
        return f"c{self.client.number}n{self.made}"

    def open_order(self) -> str | None:
        """Return the id of one of its latest orders that can be changed, cancelled and refunded."""
        found = [key for key, told in list(self.journal.orders.items())[-60:] if told.is_open]
        return self.dice.choice(found) if found else None

    def some_products(self, most: int) -> dict[str, int]:
        chosen = self.dice.sample(self.shop.products, self.dice.randint(1, most))
        return {product_id: self.dice.randint(1, 3) for product_id in chosen}

    def work(self, actions: dict[Callable[["Clerk"], None], int]) -> None:
        """Take one action after another until the client is stopped."""
        while not self.client.stop.is_set():
            (action,) = self.dice.choices(list(actions), list(actions.values()))
            try:
                action(self)
            except Exception as error:  # noqa: BLE001 - one clerk's trouble is reported, and the soak goes on
                self.client.faults.append(f"{action.__name__}: {error!r}")
        self.client.close()
