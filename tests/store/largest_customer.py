"""The largest customer, and what is kept of one who was merged into another."""

from typing import Any

from chalicelib.crm import customer_references, merge_steps, text
from chalicelib.crm.customers import Customer

WIDE = "\U0001f600"
"""Takes four bytes as UTF-8, and twelve in JSON."""
NAME = WIDE * text.NAME_LIMIT
EMAIL = "é" * (text.EMAIL_LIMIT - 12) + "@example.com"
TIME, ID, TOKEN = "2026-11-22T00:00:00.000000Z", "cus_" + "0" * 26, "0" * 26
CUSTOMER = Customer(
    id=ID,
    name=NAME,
    email=EMAIL,
    phone="1" * text.PHONE_LIMIT,
    phone_note=WIDE * text.PHONE_NOTE_LIMIT,
    created_at=TIME,
    last_order=TIME,
    orders=10**9,
    token=TOKEN,
    updated_at=TIME,
    restored_at=TIME,
    added_at=TIME,
)


def merge_content() -> dict[str, Any]:
    record: dict[str, Any] = {
        "kept_id": ID,
        "status": "UNDOING",
        "started_at": TIME,
        "started_by": NAME,
        "finished_at": TIME,
        "changed_at": TIME,
    }
    record |= {
        "moved": 10**9,
        "returned": 10**9,
        "pages": 10**9,
        "position": f"{TIME} {ID}",
        "found": 10**9,
        "seen": 10**9,
        "latest": TIME,
        "cancelled": 10**9,
        "counted": 10**9,
        "counted_since": TIME,
    }
    return record | {"absorbed": {name: getattr(CUSTOMER, name) for name in merge_steps.KEPT_FIELDS} | entry_content()}


def entry_content() -> dict[str, Any]:
    references = [WIDE * customer_references.MAX_LENGTH] * customer_references.MAX_REFERENCES
    return {"email": EMAIL, "references": references, "merged_at": TIME}
