"""Counts the calls of DynamoDB in this process, through whichever clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.endpoint import Endpoint


@contextmanager
def counted() -> Iterator[list[str]]:
    """Yield a list that takes the name of each operation that is sent meanwhile."""
    operations: list[str] = []
    send = Endpoint.make_request

    def counting(self: Endpoint, operation_model: Any, request_dict: Any) -> Any:
        if operation_model.service_model.service_name == "dynamodb":
            operations.append(operation_model.name)
        return send(self, operation_model, request_dict)

    Endpoint.make_request = counting  # type: ignore[method-assign]
    try:
        yield operations
    finally:
        Endpoint.make_request = send  # type: ignore[method-assign]
