"""Secrets of a stage, for signatures and keyed hashes. Only the stage's own functions read them; no log has them.

Each is made once, on first use, and stored in a row `(secret, purpose)` of `ops`, so that every function knows it and nobody has
to configure it.
"""

import secrets
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.store import reads
from chalicelib.store.put_once import put_once
from chalicelib.store.put_request import to_item
from chalicelib.store.tables import AuxRow

PARTITION = "secret"
ABSENCE_REMEMBERED = timedelta(seconds=10)
"""For so long a process does not look again for a secret that nobody has made: strangers can make it look."""
_known: dict[str, bytes] = {}
_absent: dict[str, datetime] = {}


def read(purpose: str) -> bytes:
    """Return the secret, and make it if this is the first use. Raises Unavailable."""
    if purpose not in _known:
        item = reads.get_op(PARTITION, purpose)
        if item is None:
            row = AuxRow(PARTITION, purpose, token=secrets.token_hex(32))
            item = put_once(row) or to_item(row)
        _known[purpose] = _secret(item)
    return _known[purpose]


def find(purpose: str) -> bytes | None:
    """Return the secret, or None if nobody has made it yet. Writes nothing. Raises Unavailable."""
    if purpose in _known:
        return _known[purpose]
    now = clock.now()
    if purpose in _absent and timedelta(0) <= now - _absent[purpose] < ABSENCE_REMEMBERED:
        return None
    item = reads.get_op(PARTITION, purpose)
    if item is None:
        _absent[purpose] = now
        return None
    _known[purpose] = _secret(item)
    return _known[purpose]


def forget() -> None:
    """Forget everything: the data was exchanged."""
    _known.clear()
    _absent.clear()


def _secret(item: reads.Item) -> bytes:
    return bytes.fromhex(item["token"]["S"])
