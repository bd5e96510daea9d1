"""What an export reads of the API, and the rows of its CSV files: those that `crmctl import` takes."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crmctl.imports.fields import FIELDS
from crmctl.order_amounts import AMOUNTS

Node = dict[str, Any]
Cells = Mapping[str, Any]
CURRENCY = "currency"
"""The column of rows with amounts. The import refuses a file in another currency than the CRM's."""
REFUND_SUFFIX = "-refund"
"""The end of the reference of a refund that stood beside its order when it was imported."""

CUSTOMERS = """query Customers(
  $name: String, $from: Date, $to: Date, $updatedAfter: DateTime, $orderBy: [String], $first: Int, $after: String
) {
  list: allCustomers(
    name: $name, createdAtGte: $from, createdAtLte: $to, updatedAfter: $updatedAfter, orderBy: $orderBy
    first: $first, after: $after
  ) {
    edges { node { id name email phone phoneNote createdAt updatedAt lastOrderAt } }
    pageInfo { hasNextPage endCursor }
  }
}"""
PRODUCTS = """query Products($name: String, $updatedAfter: DateTime, $orderBy: [String], $first: Int, $after: String) {
  list: allProducts(name: $name, updatedAfter: $updatedAfter, orderBy: $orderBy, first: $first, after: $after) {
    edges { node { id sku name price stock updatedAt } }
    pageInfo { hasNextPage endCursor }
  }
}"""
ORDERS = """query Orders(
  $name: String, $from: Date, $to: Date, $status: OrderStatus, $updatedAfter: DateTime, $orderBy: [String] = ["orderDate"]
  $first: Int, $after: String
) {
  list: allOrders(
    customerName: $name, orderDateAfter: $from, orderDateBefore: $to, status: $status, first: $first, after: $after
    updatedAfter: $updatedAfter, orderBy: $orderBy
  ) {
    edges { node {
      id reference orderDate updatedAt status totalAmount customer { id name email }
      lines { productId name quantity unitPrice product { sku } }
      adjustments { kind amount }
    } }
    pageInfo { hasNextPage endCursor }
  }
}"""


@dataclass(frozen=True, slots=True)
class Export:
    """A kind of rows: the document that lists them, their columns, and the lines of a CSV file for each."""

    document: str
    columns: tuple[str, ...]
    to_cells: Callable[[Node], Iterator[Cells]]


def _customer(node: Node) -> Iterator[Cells]:
    names = {"name": "name", "email": "email", "phone": "phone", "phone_note": "phoneNote", "created_at": "createdAt"}
    yield {column: node[name] for column, name in names.items()}


def _product(node: Node) -> Iterator[Cells]:
    yield {"sku": node["sku"] or node["id"], "name": node["name"], "price": node["price"], "stock": node["stock"]}


def _order(node: Node) -> Iterator[Cells]:
    """Yield one line for each line of the order, and one if it has none. Its own amounts stand in the first."""
    email = (node["customer"] or {}).get("email", "")
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for adjustment in node["adjustments"]:
        amounts[adjustment["kind"]] += Decimal(adjustment["amount"])
    reference = node["reference"] or node["id"]
    if amounts.keys() == {"REFUND"} and not node["lines"] and reference.endswith(REFUND_SUFFIX):
        # The import makes two orders of a row and its refund. An order without a date of its own belongs to the row before.
        base = reference.removesuffix(REFUND_SUFFIX)
        yield {
            "order_ref": base, "customer_email": email, "refund": str(amounts["REFUND"]), "refund_date": node["orderDate"],
        }  # fmt: skip
        return
    if "REFUND" in amounts:  # beside others: an import knows no such column, so another one keeps the total
        amounts["ROUNDING"] += amounts["REFUND"]
    order = {"order_ref": reference, "customer_email": email, "order_date": node["orderDate"]}
    own = {field: str(amounts[kind]) for field, kind in AMOUNTS.items() if kind in amounts}
    for cells in map(_line, node["lines"]) if node["lines"] else [{}]:
        yield {**order, **cells, **own}
        own = {}


def _line(line: Node) -> Cells:
    sku = (line["product"] or {}).get("sku") or line["productId"]
    return {"sku": sku, "quantity": line["quantity"], "unit_price": line["unitPrice"]}


_ORDER_COLUMNS = (*FIELDS["orders"].required, *AMOUNTS, "refund", "refund_date", CURRENCY)
EXPORTS = {
    "customers": Export(CUSTOMERS, ("name", "email", "phone", "phone_note", "created_at"), _customer),
    "products": Export(PRODUCTS, ("sku", "name", "price", "stock", CURRENCY), _product),
    "orders": Export(ORDERS, _ORDER_COLUMNS, _order),
}
