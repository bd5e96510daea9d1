"""Values that only one row may hold: e-mail addresses, SKUs, references of imported orders.

A claim is a row `(kind, value)` of `ops` that names its owner, written in the same transaction as the owner. The claims
on e-mail addresses lie in one partition in their order, and so serve as the index by e-mail too.
"""

from collections.abc import Callable, Iterable

from chalicelib.crm import text
from chalicelib.store import reads
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Transaction

EMAIL = "email"
SKU = "sku"
REFERENCE = "reference"


def claim(write: Transaction, kind: str, value: str, owner: str, refusal: Callable[[], Exception]) -> None:
    write.put(AuxRow(pk=kind, sk=value, owner=owner), AuxRow.pk.does_not_exist(), refusal)


def release(write: Transaction, kind: str, value: str, owner: str) -> None:
    write.delete(AuxRow(pk=kind, sk=value), AuxRow.owner == owner)


def owner_of(kind: str, value: str) -> str | None:
    """The id of the row that holds `value`, as of now."""
    item = reads.get_op(kind, value) if text.fits_key(value) else None
    return reads.text(item, "owner") if item else None


def owners_of(kind: str, values: Iterable[str]) -> dict[str, str]:
    """{value: owner} for the values that are held."""
    keys = [{"pk": {"S": kind}, "sk": {"S": value}} for value in dict.fromkeys(values) if text.fits_key(value)]
    return {item["sk"]["S"]: item["owner"]["S"] for item in reads.get_all(AuxRow, keys, consistent=True)}
