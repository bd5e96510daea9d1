"""Claim, release and replace the unique SKUs of products."""

from chalicelib.crm import text, unique_values
from chalicelib.errors import DuplicateSku
from chalicelib.store.transaction import Transaction


def claim(write: Transaction, product_id: str, sku: str | None) -> None:
    """Raises DuplicateSku when the transaction is written, if another product has it."""
    if sku:
        unique_values.claim(
            write, unique_values.SKU, text.normalize(sku), product_id, lambda: DuplicateSku(field="sku")
        )


def release(write: Transaction, product_id: str, sku: str | None) -> None:
    if sku:
        unique_values.release(write, unique_values.SKU, text.normalize(sku), product_id)


def move(write: Transaction, product_id: str, old: str | None, new: str | None) -> None:
    """Replace the SKU, unless both are the same to people."""
    if text.normalize(old or "") != text.normalize(new or ""):
        release(write, product_id, old)
        claim(write, product_id, new)
