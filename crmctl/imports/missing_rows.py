"""Make the customers and products that only the orders name: a shop's export lacks those that were deleted there."""

from collections.abc import Mapping
from decimal import Decimal

from crmctl.imports.fields import FIELDS, KEYS
from crmctl.imports.number_format import NumberFormat
from crmctl.imports.workspace import Workspace
from crmctl.row_values import InvalidValue, normalize, parse_decimal


def add_implied_row(workspace: Workspace, kind: str, line: int, values: Mapping[str, str]) -> None:
    """Add a row that stands in no file. `line` is negative or 0."""
    complete = {name: values.get(name, "") for name in FIELDS[kind].all}
    workspace.add_rows(kind, [(line, normalize(complete[KEYS[kind]]), complete, list(complete.values()))])


def add_missing_rows(workspace: Workspace, numbers: NumberFormat) -> set[str]:
    """Add a row for each customer and product that no row has. Return the kinds that got some. Index the rows before.

    `numbers` is the format of the orders. A product gets the first price above 0.
    """
    added: set[str] = set()
    for row in workspace.all_rows("orders"):
        for kind, values in (("customers", _customer(row.values)), ("products", _product(row.values, numbers))):
            if values and not workspace.has_key(kind, normalize(values[KEYS[kind]])):
                add_implied_row(workspace, kind, -row.line, values)
                added.add(kind)
    return added


def _customer(order: Mapping[str, str]) -> dict[str, str] | None:
    email = order["customer_email"]
    return {"email": email, "name": order.get("customer_name") or email.partition("@")[0]} if email else None


def _product(order: Mapping[str, str], numbers: NumberFormat) -> dict[str, str] | None:
    sku = order["sku"]
    try:
        price = parse_decimal("unit_price", order["unit_price"], numbers)
    except InvalidValue:
        return None  # the order is refused
    is_priced = Decimal(price) > 0
    return {"sku": sku, "name": order.get("product_name") or sku, "price": price} if sku and is_priced else None
