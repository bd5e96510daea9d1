"""Opaque ids: `cus_`, `prd_` or `ord_`, and a ULID. A request repeated with its Idempotency-Key gets the same ids again."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import count

from ulid import ULID

from chalicelib import clock

CUSTOMER = "cus"
PRODUCT = "prd"
ORDER = "ord"
_ID = re.compile(r"(cus|prd|ord)_[0-9A-HJKMNP-TV-Z]{26}")


_source: ContextVar[Iterator[ULID] | None] = ContextVar("id source", default=None)


def new_id(kind: str) -> str:
    """Return a new id: a random one, or the next one of `deterministic_ids`."""
    source = _source.get()
    return f"{kind}_{next(source) if source else ULID.from_datetime(clock.now())}"


@contextmanager
def deterministic_ids(seed: str, moment: datetime) -> Iterator[None]:
    """Derive all new ids from `seed` and `moment`, so that a request that is carried out again makes the same ids."""
    milliseconds = int(moment.timestamp() * 1000).to_bytes(6)
    ids = (ULID(milliseconds + hashlib.sha256(f"{seed} {number}".encode()).digest()[:10]) for number in count())
    before = _source.set(ids)
    try:
        yield
    finally:
        _source.reset(before)


def kind_of(row_id: str) -> str | None:
    """Return the kind that `row_id` names, or None if it cannot be one of our ids."""
    match = _ID.fullmatch(row_id)
    return match[1] if match else None


def created_at(row_id: str) -> str:
    """Return when an id was made, to the millisecond."""
    moment = ULID.from_str(row_id.partition("_")[2]).datetime
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def is_id(kind: str, row_id: str) -> bool:
    return kind_of(row_id) == kind
