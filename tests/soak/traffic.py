"""The traffic of the soak: sixteen clerks at once, each with a seed of its own."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.soak import customer_changes, order_changes, product_changes, reading
from tests.soak.clerk import Clerk
from tests.soak.client import Client
from tests.soak.shop import Shop

CLERKS = 16
PAUSE = 0.8
ACTIONS: dict[Callable[[Clerk], None], int] = {
    reading.read_list: 26,
    reading.search: 10,
    reading.read_customer: 6,
    reading.read_order: 6,
    reading.read_totals: 3,
    reading.read_jobs: 3,
    order_changes.place_order: 20,
    order_changes.change_order: 6,
    order_changes.refund_order: 4,
    order_changes.cancel_order: 4,
    order_changes.import_orders: 2,
    product_changes.adjust_stock: 6,
    product_changes.change_price: 3,
    product_changes.import_products: 1,
    customer_changes.create_customer: 4,
    customer_changes.import_customers: 1,
    customer_changes.change_customer: 5,
    customer_changes.merge_customers: 3,
    customer_changes.undo_merge: 1,
    customer_changes.delete_customer: 1,
    customer_changes.restore_customer: 1,
}
END_SECONDS = 90


class Traffic:
    def __init__(self, url: str, keys: list[str]) -> None:
        self.shop = Shop()
        self._stop = threading.Event()
        clients = [Client(number, url, key, self._stop, PAUSE) for number, key in enumerate(keys)]
        self.clerks = [Clerk(client, self.shop) for client in clients]

    def open_shop(self) -> None:
        """Have the first clerk import what all of them begin with."""
        first = self.clerks[0]
        self.shop.open(first.client, first.journal)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Have all clerks work. At the end each completes what it is doing."""
        threads = [threading.Thread(target=clerk.work, args=(ACTIONS,), daemon=True) for clerk in self.clerks]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(END_SECONDS)
        assert not any(thread.is_alive() for thread in threads), "a clerk is still waiting for an answer"

    @contextmanager
    def closed_shop(self) -> Iterator[Client]:
        """Lend a client for the look at the books, which does not rest between two requests."""
        first = self.clerks[0].client
        auditor = Client(CLERKS, first.url, first.key, self._stop, PAUSE)
        try:
            yield auditor
        finally:
            auditor.close()

    @property
    def requests(self) -> int:
        return sum(len(clerk.client.seconds) for clerk in self.clerks)

    @property
    def faults(self) -> list[str]:
        return [fault for clerk in self.clerks for fault in clerk.client.faults]

    def answered(self) -> Counter[str]:
        return sum((clerk.client.answered for clerk in self.clerks), Counter())

    def codes(self) -> Counter[str]:
        return sum((clerk.client.codes for clerk in self.clerks), Counter())
