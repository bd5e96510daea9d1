"""What callers are told when something goes wrong: the domain's errors as they are, anything else masked.

A masked error has a reference: the caller gets it, and the log has the stack under it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from graphql import GraphQLError

from chalicelib import telemetry
from chalicelib.errors import CrmError, Unavailable
from chalicelib.store.retries import is_transient

_told: ContextVar[set[str] | None] = ContextVar("told", default=None)


@contextmanager
def told() -> Iterator[set[str]]:
    """The codes of all errors that are described meanwhile."""
    codes: set[str] = set()
    before = _told.set(codes)
    try:
        yield codes
    finally:
        _told.reset(before)


def describe(error: BaseException) -> dict[str, str | None]:
    """{code, message, field} of `error`."""
    described = _described(error)
    codes = _told.get()
    if codes is not None:
        codes.add(described["code"] or "")
    return described


def _described(error: BaseException) -> dict[str, str | None]:
    if isinstance(error, CrmError):
        return {"code": error.code, "message": error.message, "field": wire_name(error.field)}
    if is_transient(error):
        telemetry.warn("database unavailable", exc_info=error)
        return _described(Unavailable())
    reference = secrets.token_hex(6)
    telemetry.error(f"unexpected error {reference}", reference=reference, exc_info=error)
    return {"code": "INTERNAL", "message": f"Something went wrong on our side. Reference: {reference}", "field": None}


def wire_name(field: str | None) -> str | None:
    """Return the GraphQL name of a field of the domain: `customer_email` is `customerEmail`, `from_` is `from`."""
    if field is None:
        return None
    first, *rest = field.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def format_error(error: GraphQLError) -> dict[str, Any]:
    """As GraphQL answers it."""
    formatted: dict[str, Any] = dict(error.formatted)
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        extensions = {"code": "BAD_USER_INPUT", **(error.extensions or {})}
    else:
        described = describe(cause)
        formatted["message"] = described.pop("message")
        extensions = {name: value for name, value in described.items() if value is not None}
    return {**formatted, "extensions": extensions}
