"""The tables and queues of the tests that are not on MiniStack: DynamoDB in memory, and the rest in moto."""

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from moto.backends import get_backend
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.sqs.models import SQSBackend

from chalicelib.access import authentication
from chalicelib.api.resolvers import health
from chalicelib.store import stage_secrets
from chalicelib.store.direct_calls import _DirectRequest
from tests.faults.memory import Memory

MEMORY = Memory(knows_tokens=False)  # like moto: what must hold without them is tested


_OWN_ATTRIBUTES = {
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "MessageRetentionPeriod",
    "QueueArn",
}


@contextmanager
def quick_queues() -> Iterator[None]:
    """Let moto work out only the attributes of a queue that a request names.

    It reads one with each message it hands out, works out all of them three times for each, and goes through
    all messages for three of them: a third of the time of all requests to queues (measured). It also lists the methods
    of its class for each request, and subtracts two dates to get the time, twice for each message.
    """
    slow = SQSBackend.get_queue_attributes

    def attributes(backend: SQSBackend, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        if not attribute_names or not _OWN_ATTRIBUTES.issuperset(attribute_names):
            return slow(backend, queue_name, attribute_names)
        queue = backend.get_queue(queue_name)
        return {name: getattr(queue, camelcase_to_underscores(name)) for name in attribute_names}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQSBackend, "get_queue_attributes", attributes)
        patch.setattr("moto.core.responses.method_names_from_class", cache(method_names_from_class))
        patch.setattr("moto.sqs.models.unix_time_millis", lambda: time.time() * 1000)
        yield


@contextmanager
def unsigned_requests(client: Any) -> Iterator[None]:
    """Leave out the signatures of requests that go to a database in memory: one takes as long as the answer (measured)."""
    endpoint = client._endpoint
    create_request = endpoint.create_request

    def create(params: Mapping[str, Any], *model: Any) -> Any:
        if "target" not in params:  # botocore makes the first request of each operation
            return create_request(params, *model)
        return _DirectRequest("POST", params["target"].url, {}, params["body"], stream_output=False)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint, "create_request", create)
        yield


def empty_tables() -> None:
    """Empty the tables and queues."""
    MEMORY.clear()
    empty_moto()


def empty_moto() -> None:
    stored, queues = _in_moto()
    for table in stored:
        table.items.clear()
    for queue in queues:  # purging them twice a minute fails
        queue._messages.clear()
        queue._pending_messages.clear()
    forget()


def forget() -> None:
    """Forget what this process remembers of tables that were changed behind its back."""
    stage_secrets.forget()
    authentication.forget_all()
    health.check_again()


def snapshot() -> Callable[[], None]:
    """Return what makes the tables and queues again what they are now: creating the same data again takes longer."""
    rows, (stored, queues) = MEMORY.copy(), _in_moto()
    items = [copy.deepcopy(table.items) for table in stored]
    messages = [copy.deepcopy((queue._messages, queue._pending_messages)) for queue in queues]

    def restore() -> None:
        MEMORY.become(rows)
        for table, found in zip(stored, items, strict=True):
            table.items = copy.deepcopy(found)
        for queue, waiting in zip(queues, messages, strict=True):
            queue._messages, queue._pending_messages = copy.deepcopy(waiting)
        forget()

    return restore


def is_message_waiting(*names: str) -> bool:
    """Ask moto's own lists, since a request costs milliseconds of CPU."""
    return any(queue.messages for queue in _in_moto()[1] if queue.name in names)


def _in_moto() -> tuple[list[Any], list[Any]]:
    """Return moto's tables and queues."""
    account, region = "123456789012", "us-east-1"
    tables = get_backend("dynamodb")[account][region].tables
    return [*tables.values()], [*get_backend("sqs")[account][region].queues.values()]
