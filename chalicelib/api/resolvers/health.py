"""Resolvers that need no key: whether the API answers, and whether it reaches its database and queue."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.api.graphql.loaders import Info
from chalicelib.errors import CrmError
from chalicelib.jobs import queue
from chalicelib.store import reads

State: TypeAlias = Literal["UP", "DOWN"]


@dataclass(frozen=True, slots=True)
class Health:
    database: State
    queue: State


def hello(_root: object, _info: Info) -> str:
    return "Hello, GraphQL!"


def health(_root: object, _info: Info) -> Health:
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
