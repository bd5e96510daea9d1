"""The tables of the peers on pynamodb: ordinary models as its documentation shows them, a table per kind.

Amounts are whole cents and times are texts, which pynamodb converts fastest. The lines are one JSON text in their order: read
as a list of maps, they would make the list of orders three times as slow (21 ms for 100 orders, against 7).
"""

from typing import Any, TypedDict

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from benchmarks.peers.company import Company

ORDER = "order"
"""The partition of the index by date: it holds all orders."""


class _Settings:
    region = "us-east-1"
    billing_mode = "PAY_PER_REQUEST"


# pynamodb's Index.__init_subclass__ is untyped, hence the ignores.
class CustomersByEmail(GlobalSecondaryIndex["Customer"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_email"
        projection = AllProjection()

    email = UnicodeAttribute(hash_key=True)


class Customer(Model):
    class Meta(_Settings):
        table_name = "peer-customers"

    id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    email = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    by_email = CustomersByEmail()


class Product(Model):
    class Meta(_Settings):
        table_name = "peer-products"

    id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    cents = NumberAttribute()
    stock = NumberAttribute()


class OrderLine(TypedDict):
    product_id: str
    quantity: int
    cents: int


class OrdersByDate(GlobalSecondaryIndex["Order"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_date"
        projection = AllProjection()

    kind = UnicodeAttribute(hash_key=True)
    order_date = UnicodeAttribute(range_key=True)


class Order(Model):
    class Meta(_Settings):
        table_name = "peer-orders"

    id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(default=ORDER)
    customer_id = UnicodeAttribute()
    order_date = UnicodeAttribute()
    total_cents = NumberAttribute()
    lines: JSONAttribute = JSONAttribute()
    """A list of OrderLine."""
    by_date = OrdersByDate()


class ApiKey(Model):
    class Meta(_Settings):
        table_name = "peer-keys"

    id = UnicodeAttribute(hash_key=True)
    digest = UnicodeAttribute()
    full_until = NumberAttribute(default=0)
    """The microsecond at which the bucket of the rate limit is full again."""


def create_tables(company: Company) -> None:
    """Create the tables with the rows of the company in them."""
    for model in (Customer, Product, Order, ApiKey):
        model.create_table(wait=True)
    with Customer.batch_write() as batch:
        for row in company["customers"]:
            batch.save(Customer(**row | {"created_at": _moment(row["created_at"])}))
    with Product.batch_write() as products:
        for row in company["products"]:
            products.save(Product(row["id"], name=row["name"], cents=_cents(row["price"]), stock=row["stock"]))
    with Order.batch_write() as orders:
        for row in company["orders"]:
            orders.save(_order(row))
    ApiKey(company["api_key"]["id"], digest=company["api_key"]["digest"]).save()


def _order(row: dict[str, Any]) -> Order:
    lines = [
        OrderLine(product_id=line["product"], quantity=line["quantity"], cents=_cents(line["price"]))
        for line in row["lines"]
    ]
    return Order(
        row["id"],
        customer_id=row["customer"],
        order_date=_moment(row["date"]),
        total_cents=_cents(row["total"]),
        lines=lines,
    )


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))


def _moment(text: str) -> str:
    """Without the fraction, as it is shown."""
    return text.replace(".000000Z", "Z")
