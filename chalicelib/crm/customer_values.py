"""Check the values that clients give for customers."""

from collections.abc import Mapping
from typing import TypedDict

from chalicelib.crm import text


class CustomerChanges(TypedDict, total=False):
    name: str
    email: str
    phone: str | None
    phone_note: str | None


def checked_changes(changes: Mapping[str, str | None]) -> CustomerChanges:
    """Validate the changes. Raises InvalidInput and its subclasses."""
    checked: CustomerChanges = {}
    if "name" in changes:
        checked["name"] = text.checked_name(changes["name"] or "")
    if "email" in changes:
        checked["email"] = text.checked_email(changes["email"] or "")
    if "phone" in changes:
        checked["phone"] = text.checked_phone(changes["phone"])
    if "phoneNote" in changes:
        checked["phone_note"] = text.checked_phone_note(changes["phoneNote"])
    return checked
