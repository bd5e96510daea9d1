"""Resolvers that need no key: whether the API answers, and whether it reaches what it needs."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.api.graphql.loaders import Info
from chalicelib.errors import CrmError
from chalicelib.jobs import queue
from chalicelib.store import reads


def hello(_root: Any, _info: Info) -> str:
    return "Hello, GraphQL!"


def health(_root: Any, _info: Info) -> dict[str, str]:
    return {"database": _state(_database_answers()), "queue": _state(queue.is_reachable())}


def _state(up: bool) -> str:  # noqa: FBT001
    return "UP" if up else "DOWN"


def _database_answers() -> bool:
    try:
        reads.get_op("health", "database")
    except (CrmError, BotoCoreError, ClientError):
        return False
    return True
