"""Translate ids of the Django CRM that this replaces, which are base64 of `CustomerType:7`, to today's ids.

The import keeps the old number as a reference, so an old id can be given wherever an id is. A text that is no old id, or
that names no row, stays as it is.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass

from chalicelib.crm import text, unique_values
from chalicelib.errors import InvalidInput

_OLD_ID = re.compile(r"(Customer|Product|Order)(?:Type|Node)?:([0-9]{1,19})")
_MAX_LENGTH = 64
MAX_IDS = 500
"""In one document. A list of ids has at most 100."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the reference of an old id is claimed."""

    claims: str
    prefix: str


_SOURCES = {
    "Customer": _Source(unique_values.CUSTOMER_REFERENCE, "django:customer:"),
    "Product": _Source(unique_values.SKU, "django:product:"),
    "Order": _Source(unique_values.REFERENCE, "django:order:"),
}


def add_new_ids(ids: Iterable[str], known: MutableMapping[str, str]) -> None:
    """Add to `known` the id of today for each old id. It costs one read per 100 and kind, and none without old ids.

    Raises InvalidInput beyond MAX_IDS: the query cost knows nothing of these reads.
    """
    wanted: dict[str, dict[str, str]] = {}
    for row_id in ids:
        if row_id not in known and (found := _read(row_id)):
            source, reference = found
            wanted.setdefault(source.claims, {})[row_id] = reference
    if len(known) + sum(map(len, wanted.values())) > MAX_IDS:
        raise InvalidInput(f"A document has at most {MAX_IDS} ids of the Django CRM")
    for claims, references in wanted.items():
        owners = unique_values.owners_of(claims, references.values())
        known.update({row_id: owners.get(reference, row_id) for row_id, reference in references.items()})


def new_id(row_id: str, known: Mapping[str, str]) -> str:
    return known.get(row_id, row_id)


def _read(row_id: str) -> tuple[_Source, str] | None:
    if len(row_id) > _MAX_LENGTH:
        return None
    try:
        decoded = base64.b64decode(row_id, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    found = _OLD_ID.fullmatch(decoded)
    if not found:
        return None
    source = _SOURCES[found[1]]
    reference = f"{source.prefix}{int(found[2])}"
    return source, text.normalize(reference) if source.claims == unique_values.SKU else reference
