"""Opaque ids that tell their table and sort by time: `cus_…`, `prd_…`, `ord_…` and a ULID."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from ulid import ULID

from chalicelib import clock

CUSTOMER = "cus"
PRODUCT = "prd"
ORDER = "ord"
_ID = re.compile(r"(cus|prd|ord)_[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class _Given:
    ids: Iterator[ULID]
    again: bool


_given: ContextVar[_Given | None] = ContextVar("given ids", default=None)


def new_id(kind: str) -> str:
    given = _given.get()
    return f"{kind}_{next(given.ids) if given else ULID.from_datetime(clock.now())}"


@contextmanager
def deterministic_ids(seed: str, moment: datetime, *, again: bool) -> Iterator[None]:
    """New ids follow from `seed` and `moment`: a request that is carried out `again` makes the same ones."""
    milliseconds = int(moment.timestamp() * 1000).to_bytes(6)
    ids = (ULID(milliseconds + hashlib.sha256(f"{seed} {number}".encode()).digest()[:10]) for number in count())
    before = _given.set(_Given(ids, again))
    try:
        yield
    finally:
        _given.reset(before)


def is_replay() -> bool:
    """Whether a new id may be that of a row which an earlier try of the same request has made."""
    given = _given.get()
    return given is not None and given.again


def kind_of(row_id: str) -> str | None:
    """The kind that `row_id` names, None for what cannot be one of our ids."""
    match = _ID.fullmatch(row_id)
    return match[1] if match else None


def is_id(kind: str, row_id: str) -> bool:
    return kind_of(row_id) == kind
