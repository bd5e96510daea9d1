"""The values of products: check what clients give, and write them to change rows."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol, TypedDict

from chalicelib.crm import money, text
from chalicelib.errors import InvalidInput, InvalidStock

STOCK_LIMIT = 10**9
SKU_LIMIT = 64


class ProductChanges(TypedDict, total=False):
    name: str
    cents: int
    stock: int
    sku: str | None


class _Values(Protocol):
    """A product."""

    @property
    def name(self) -> str: ...
    @property
    def cents(self) -> int: ...
    @property
    def stock(self) -> int: ...
    @property
    def sku(self) -> str | None: ...


class AllValues(TypedDict):
    name: str
    cents: int
    stock: int
    sku: str | None


def to_change_row(product: _Values) -> dict[str, object]:
    """Return the fields that people can change, as the API shows them."""
    price = str(money.from_cents(product.cents))
    return {"name": product.name, "price": price, "stock": product.stock, "sku": product.sku}


def from_change_row(values: Mapping[str, Any]) -> AllValues:
    """Return what `to_change_row` was given."""
    cents = money.to_cents(Decimal(values["price"]))
    return {"name": values["name"], "cents": cents, "stock": values["stock"], "sku": values["sku"]}


def checked_changes(changes: Mapping[str, Any]) -> ProductChanges:
    """Validate the changes. Null removes the SKU; other values cannot be null."""
    checked: ProductChanges = {}
    for name, value in changes.items():
        if value is None and name != "sku":
            raise InvalidInput(f"{name.capitalize()} cannot be null", field=name)
    if "name" in changes:
        checked["name"] = text.checked_name(changes["name"])
    if "price" in changes:
        checked["cents"] = money.to_cents(changes["price"])
    if "stock" in changes:
        checked["stock"] = checked_stock(changes["stock"])
    if "sku" in changes:
        checked["sku"] = checked_sku(changes["sku"])
    return checked


def checked_stock(stock: int) -> int:
    if stock < 0:
        raise InvalidStock(field="stock")
    if stock > STOCK_LIMIT:
        raise InvalidStock(f"Stock cannot be above {STOCK_LIMIT}", field="stock")
    return stock


def checked_sku(sku: str | None) -> str | None:
    if sku is None or not sku.strip():
        return None
    if len(sku.strip()) > SKU_LIMIT:
        raise InvalidInput(f"SKU cannot be longer than {SKU_LIMIT} characters", field="sku")
    return text.checked_name(sku, "sku")
