"""Cursors: opaque texts that name the place directly after a row, and cannot be forged or used for another query.

A cursor is signed together with the filter and order of its query, and the number of shards.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import astuple, dataclass

from chalicelib.errors import InvalidCursor
from chalicelib.store import stage_secrets
from chalicelib.store.fast_dataclasses import quickly_made

PURPOSE = "cursors"
_MAC_BYTES = 12


@quickly_made
@dataclass(frozen=True, slots=True)
class Position:
    """The place of a row in an index.

    `key` is the row's range key (numbers as text), `shard` the number of its shard. `tie_values` are what rows with the
    same range key are ordered by.
    """

    key: str
    shard: int
    row_id: str
    tie_values: tuple[int | str, ...] = ()


def encode(position: Position, query: str, shards: int) -> str:
    """Return the cursor for a position in the results of `query`."""
    payload = json.dumps(astuple(position), separators=(",", ":"), ensure_ascii=False).encode()
    return _to_text(_mac(payload, query, shards) + payload)


def decode(cursor: str, query: str, shards: int) -> Position:
    """Return the position that the cursor names. Raises InvalidCursor."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise InvalidCursor from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    # Accept one spelling only: the decoder ignores characters outside its alphabet, and unused bits of the last one.
    if _to_text(raw) != cursor or not hmac.compare_digest(mac, _mac(payload, query, shards)):
        raise InvalidCursor
    key, shard, row_id, tie_values = json.loads(payload)
    return Position(key, shard, row_id, tuple(tie_values))


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(payload: bytes, query: str, shards: int) -> bytes:
    signed = payload + b"\0" + json.dumps([query, shards]).encode()
    return hmac.digest(stage_secrets.read(PURPOSE), signed, hashlib.sha256)[:_MAC_BYTES]
