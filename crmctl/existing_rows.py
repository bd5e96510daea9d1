"""Ask the API which rows it has already, without writing anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmctl import order_comparison
from crmctl.client import Client

ROWS_PER_REQUEST = 20
"""A document has at most so many root fields."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """How the API finds a row of one kind by its key."""

    field: str
    argument: str
    selection: str


LOOKUPS = {
    "customers": Lookup("customer", "email", "id name email phone phoneNote"),
    "products": Lookup("product", "sku", "id name price stock"),
    "orders": Lookup("order", "reference", order_comparison.SELECTION),
}

CUSTOMERS_BY_REFERENCE = replace(LOOKUPS["customers"], argument="reference")


def find_existing(client: Client, lookup: Lookup, keys: Sequence[str]) -> list[dict[str, Any] | None]:
    """Return the row of each key, or None. At most ROWS_PER_REQUEST keys. Raises ApiError."""
    if not keys:
        return []
    arguments = ", ".join(f"$k{number}: String!" for number in range(len(keys)))
    fields = " ".join(
        f"r{number}: {lookup.field}({lookup.argument}: $k{number}) {{ {lookup.selection} }}"
        for number in range(len(keys))
    )
    data = client.execute(f"query({arguments}) {{ {fields} }}", {f"k{n}": key for n, key in enumerate(keys)})
    return [data[f"r{number}"] for number in range(len(keys))]
