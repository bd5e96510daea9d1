"""Cursors: opaque, bound to the query that they came from, and tamper-evident.

A cursor names the place directly behind a row. It is signed together with the query's filter and order, and the number
of lanes it was made under. The signing secret is made once for a stage and kept in `ops`, so that every Lambda knows it
and nobody configures it.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import astuple, dataclass
from functools import cache

from chalicelib.errors import InvalidCursor
from chalicelib.store import reads
from chalicelib.store.put_once import put_once
from chalicelib.store.tables import AuxRow

_MAC_BYTES = 12
_SECRET = ("secret", "cursors")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row lies in an index: its range key (numbers as text), the number of its partition, its id.

    `rank` holds the further values that rows with the same one are ordered by.
    """

    key: str
    shard: int
    row_id: str
    tie_values: tuple[int | str, ...] = ()


def encode(position: Position, query: str, shards: int) -> str:
    payload = json.dumps(astuple(position), separators=(",", ":"), ensure_ascii=False).encode()
    return _spell(_mac(payload, query, shards) + payload)


def decode(cursor: str, query: str, shards: int) -> Position:
    """Raises InvalidCursor."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise InvalidCursor from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    # One spelling each: the decoder skips what is not of its alphabet, and the last character has bits to spare.
    if _spell(raw) != cursor or not hmac.compare_digest(mac, _mac(payload, query, shards)):
        raise InvalidCursor
    key, shard, row_id, tie_values = json.loads(payload)
    return Position(key, shard, row_id, tuple(tie_values))


def _spell(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(payload: bytes, query: str, shards: int) -> bytes:
    signed = payload + b"\0" + json.dumps([query, shards]).encode()
    return hmac.digest(_secret(), signed, hashlib.sha256)[:_MAC_BYTES]


@cache
def _secret() -> bytes:
    item = reads.get_op(*_SECRET)
    if item is None:
        row = AuxRow(*_SECRET, token=secrets.token_hex(32))
        item = put_once(row) or row.serialize()
    return bytes.fromhex(item["token"]["S"])
