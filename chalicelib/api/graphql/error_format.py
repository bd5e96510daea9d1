"""Errors returned to API clients: the domain's errors as they are, all others masked.

A masked error has a reference. The client gets the reference, and the log has the stack trace under it.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from graphql import GraphQLError

from chalicelib import telemetry
from chalicelib.errors import CrmError, RowChanged, Unavailable
from chalicelib.store.retries import is_transient

_QUOTED_INPUT = re.compile(r"(?:[,.]? [Ff]ound: [{\[].*|(?<=non string value): .*)", re.DOTALL)
"""By which graphql-core quotes what it was given. That may contain a secret, and answers are kept for an Idempotency-Key."""
_collected: ContextVar[set[str] | None] = ContextVar("collected", default=None)


@contextmanager
def collect_codes() -> Iterator[set[str]]:
    """Yield a set that gets the code of each error that is described in this context."""
    codes: set[str] = set()
    before = _collected.set(codes)
    try:
        yield codes
    finally:
        _collected.reset(before)


def describe(error: BaseException) -> dict[str, str | None]:
    """Return {code, message, field} of an error."""
    described = _described(error)
    codes = _collected.get()
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
    """Return an error as GraphQL's answers contain it."""
    formatted: dict[str, Any] = dict(error.formatted)
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        formatted["message"] = _QUOTED_INPUT.sub("", error.message)
        extensions = {"code": "BAD_USER_INPUT", **(error.extensions or {})}
    else:
        described = describe(cause)
        formatted["message"] = described.pop("message")
        extensions = {name: value for name, value in described.items() if value is not None}
        if isinstance(cause, RowChanged):
            extensions["current"] = cause.current
    return {**formatted, "extensions": extensions}
