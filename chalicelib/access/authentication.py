"""Recognise API keys with as few reads as possible, and slow down whoever guesses them.

Each process remembers for a few seconds which keys it found valid, and counts the keys that it found invalid. While it
finds too many invalid ones, it reads no key that it does not remember. So a flood of invalid keys costs a bounded number
of reads, and clients whose keys are in use do not notice it. A revoked key is refused by every process once that time is
over.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.access import api_keys, key_format
from chalicelib.access.api_keys import ApiKey
from chalicelib.errors import RateLimited, Unauthenticated

REMEMBERED = timedelta(seconds=10)
MAX_INVALID = 20
"""Invalid keys that a process reads per second."""
_SECOND = timedelta(seconds=1)
_MAX_REMEMBERED = 1000


@dataclass(slots=True)
class _Memory:
    """What this process knows about keys."""

    valid: dict[str, tuple[ApiKey, datetime]] = field(default_factory=dict)
    """{key id: (its record, when it was read)}"""
    invalid: deque[datetime] = field(default_factory=lambda: deque(maxlen=MAX_INVALID))
    """When the latest invalid keys were read."""


_memory = _Memory()


def authenticate(key: str) -> ApiKey:
    """Return the record of a valid key. Raises Unauthenticated, RateLimited, Unavailable."""
    now = clock.now()
    remembered = _find_remembered(key, now)
    if remembered:
        return remembered
    if len(_memory.invalid) == MAX_INVALID and timedelta(0) <= now - _memory.invalid[0] < _SECOND:
        raise RateLimited("Too many requests with invalid API keys. Wait a moment and retry")
    try:
        found = api_keys.authenticate(key)
    except Unauthenticated:
        _memory.invalid.append(now)
        raise
    _remember(found, now)
    api_keys.record_last_use(found)
    return found


def forget(key_id: str) -> None:
    """Forget a key that has changed, so that the change takes effect at once in this process."""
    _memory.valid.pop(key_id, None)


def forget_all() -> None:
    """Forget everything: the data was exchanged."""
    _memory.valid.clear()
    _memory.invalid.clear()


def _find_remembered(key: str, now: datetime) -> ApiKey | None:
    found, read_at = _memory.valid.get(key_format.split(key)[0], (None, now))
    is_recent = timedelta(0) <= now - read_at < REMEMBERED
    return found if found and is_recent and api_keys.is_key_of(found, key, now) else None


def _remember(found: ApiKey, now: datetime) -> None:
    if len(_memory.valid) >= _MAX_REMEMBERED:
        _memory.valid.clear()
    _memory.valid[found.id] = (found, now)
