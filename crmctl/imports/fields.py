"""The fields of customers, products and orders that an import fills."""

from dataclasses import dataclass

KINDS = ("customers", "products", "orders")
"""In the order in which they are imported: orders refer to the other two."""


@dataclass(frozen=True, slots=True)
class Fields:
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[str, ...]:
        return self.required + self.optional


_AMOUNTS = ("total", "discount", "shipping", "tax", "rounding", "refund")
"""Amounts of a whole order. They stand in its first row, or in all of them."""
_NET = ("net_quantity", "net_total")
"""What is left of the quantity of a line, and of the total of an order, after refunds."""
FIELDS = {
    "customers": Fields(
        ("name", "email"), ("phone", "phone_note", "created_at", "reference"), dates=frozenset({"created_at"})
    ),
    "products": Fields(("sku", "name", "price"), ("stock",), numbers=frozenset({"price", "stock"})),
    "orders": Fields(
        ("order_ref", "customer_email", "order_date", "sku", "quantity", "unit_price"),
        (*_AMOUNTS, *_NET, "refund_date", "customer_name", "product_name"),
        numbers=frozenset({"quantity", "unit_price", *_AMOUNTS, *_NET}),
        dates=frozenset({"order_date", "refund_date"}),
    ),
}
KEYS = {"customers": "email", "products": "sku", "orders": "order_ref"}
"""The field that says which rows are one customer, product or order."""
IMPLIED_LINE = 0
"""The highest line of rows that stand in no file. They are created if they are missing, and never compared."""
