"""A process that dies right after one of its AWS calls, as when Lambda's time limit ends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient


class Killed(BaseException):
    """Lambda's time limit ends a process like this: nothing after it is carried out."""


@contextmanager
def dying_after(call: int) -> Iterator[list[str]]:
    """Let the process die right after its AWS call number `call`. Yield the names of the calls."""
    made: list[str] = []
    original: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(self: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        answer = original(self, operation, arguments)
        made.append(operation)
        if len(made) == call:
            raise Killed
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        yield made
