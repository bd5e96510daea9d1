"""Cursors: opaque, bound to the query that they came from, and tamper-evident.

A cursor names a place in a listing: for each lane (a partition of the index) the last row at or before the place, and
which of the lanes holds the row that the cursor belongs to. It is signed together with the query's filter and order.
The signing secret is made once for a stage and kept in `ops`, so that every Lambda knows it and nobody configures it.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from functools import cache

from pynamodb.exceptions import PutError

from chalicelib.crm import reads
from chalicelib.crm.tables import Op
from chalicelib.errors import InvalidCursor

_MAC_BYTES = 12
_SECRET = ("secret", "cursors")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row lies in its lane: its range key (numbers as text) and its id."""

    key: str
    row_id: str


@dataclass(frozen=True, slots=True)
class Place:
    """`own` is the lane of the row that this is the place of; None stands for a place after all of `positions`."""

    own: int | None
    positions: tuple[Position | None, ...]


def encode(place: Place, query: str) -> str:
    rows = [[position.key, position.row_id] if position else None for position in place.positions]
    payload = json.dumps([place.own, rows], separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_mac(payload, query) + payload).decode().rstrip("=")


def decode(cursor: str, query: str, lanes: int) -> Place:
    """Raises InvalidCursor."""
    try:
        # Strict, so that a cursor has one spelling: the default skips what is not of its alphabet.
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise InvalidCursor from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(payload, query)):
        raise InvalidCursor
    own, rows = json.loads(payload)
    if len(rows) != lanes:  # signed by us, but the shard settings have changed since
        raise InvalidCursor
    return Place(own, tuple(Position(*row) if row else None for row in rows))


def _mac(payload: bytes, query: str) -> bytes:
    return hmac.digest(_secret(), payload + b"\0" + query.encode(), hashlib.sha256)[:_MAC_BYTES]


@cache
def _secret() -> bytes:
    for _ in range(2):
        item = reads.get_op(*_SECRET)
        if item:
            return bytes.fromhex(item["token"]["S"])
        row = Op(*_SECRET, token=secrets.token_hex(32))
        try:
            row.save(Op.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
    return _secret()
