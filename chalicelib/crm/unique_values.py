"""Unique values: e-mail addresses, SKUs and references of imported customers and orders, which only one row may have.

A claim is a row `(kind, value)` of `ops` that names its owner. It is written in the same transaction as the owner. All
claims on e-mail addresses are in one partition, sorted, so they also serve as the index by e-mail.
"""

from collections.abc import Iterable, Mapping

from chalicelib.crm import text
from chalicelib.store import reads
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import MakeError, Stale, Transaction

EMAIL = "email"
SKU = "sku"
REFERENCE = "reference"
CUSTOMER_REFERENCE = "customer_reference"
MERGED_CUSTOMER = "merged_customer"
"""The id of a customer who was merged into another one, who owns it. See `merged_customers`."""
ARCHIVED_EMAIL = "archived_email"
"""Names the customer in the archive who had the address last. Unlike the others, a later deletion replaces it."""


def claim(write: Transaction, kind: str, value: str, owner: str, error: MakeError) -> None:
    """Claim a value for its owner; `error` makes the error to raise if it is taken."""
    write.put(AuxRow(pk=kind, sk=value, owner=owner), AuxRow.pk.does_not_exist(), error)


def hand_over(  # noqa: PLR0913 - a claim, and who had it
    write: Transaction, kind: str, value: str, owner: str, *, before: str, error: MakeError = Stale
) -> None:
    """Give a value to a new owner, if the one before still has it."""
    write.put(AuxRow(pk=kind, sk=value, owner=owner), AuxRow.owner == before, error)


def release(write: Transaction, kind: str, value: str, owner: str) -> None:
    write.delete(AuxRow(pk=kind, sk=value), AuxRow.owner == owner)


def owner_of(kind: str, value: str) -> str | None:
    """Return the id of the row that has this value now."""
    item = reads.get_op(kind, value) if text.fits_key(value) else None
    return reads.text(item, "owner") if item else None


def owners_of(kind: str, values: Iterable[str]) -> dict[str, str]:
    """Return {value: owner} for the values that are taken."""
    keys = [{"pk": {"S": kind}, "sk": {"S": value}} for value in dict.fromkeys(values) if text.fits_key(value)]
    return {item["sk"]["S"]: item["owner"]["S"] for item in reads.get_all(AuxRow, keys, consistent=True)}


def owners_of_any(values: Mapping[str, str]) -> dict[str, str]:
    """Return {kind: owner} for those of {kind: value} that are taken, with one call. The owner may just have changed."""
    keys = [{"pk": {"S": kind}, "sk": {"S": value}} for kind, value in values.items() if text.fits_key(value)]
    return {item["pk"]["S"]: item["owner"]["S"] for item in reads.get_all(AuxRow, keys)}
