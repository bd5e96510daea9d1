"""Resolvers that need no key: whether the API answers, and whether it reaches its database and queue."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info
from chalicelib.errors import CrmError
from chalicelib.jobs import queue
from chalicelib.store import reads

State: TypeAlias = Literal["UP", "DOWN"]


@dataclass(frozen=True, slots=True)
class Health:
    database: State
    queue: State


KEPT = timedelta(seconds=3)


@dataclass(slots=True)
class _Latest:
    lock: Lock = field(default_factory=Lock)
    found: tuple[Health, datetime] | None = None
    """The health, and when it was checked."""


_latest = _Latest()


def hello(_root: object, _info: Info) -> str:
    return "Hello, GraphQL!"


def health(_root: object, _info: Info) -> Health:
    """Return the health as it was checked in the last seconds: anybody may ask, and a check may take long."""
    # The lock lets one thread check while the others wait for its result.
    with _latest.lock:
        if _latest.found is None or not timedelta(0) <= clock.now() - _latest.found[1] < KEPT:
            _latest.found = (_check(), clock.now())
        return _latest.found[0]


def check_again() -> None:
    """Forget the latest health, so that the next request checks it."""
    with _latest.lock:
        _latest.found = None


def _check() -> Health:
    return Health(
        database="UP" if _is_database_reachable() else "DOWN",
        queue="UP" if queue.is_reachable() else "DOWN",
    )


def _is_database_reachable() -> bool:
    try:
        reads.get_op("health", "database")
    except (CrmError, BotoCoreError, ClientError):
        return False
    return True
