"""Retries: which errors are transient, how long to wait between attempts, and how to confirm a write in doubt."""

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.errors import Unavailable

MAX_ATTEMPTS = 8
MAX_SECONDS = 10.0
"""No further attempt begins after this time: a stall must not use up a Lambda's minute."""
TRANSIENT_CODES = {
    "TransactionInProgressException",
    "TransactionConflictException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "ThrottlingError",
    "RequestLimitExceeded",
    "InternalServerError",
    "InternalFailure",
    "ServiceUnavailable",
    "500",  # botocore's codes for responses that are not DynamoDB's
    "502",
    "503",
    "504",
}
Found = TypeVar("Found")


def retry_delays() -> Iterator[int]:
    """Yield the number of each attempt, after a pause with full jitter: at most 20 ms, doubling, up to one second."""
    end = time.monotonic() + MAX_SECONDS
    for number in range(MAX_ATTEMPTS):
        if number:
            if time.monotonic() > end:
                return
            time.sleep(random.uniform(0, min(1.0, 0.02 * 2**number)))  # noqa: S311 - not a secret
        yield number


def confirm(was_applied: Callable[[], Found]) -> Found:
    """Return what `was_applied` finds, and ask again while the database is unavailable.

    One lost read must not make an applied write look like a failure. Raises Unavailable when attempts run out.
    """
    for _ in retry_delays():
        try:
            return was_applied()
        except Unavailable:
            continue
    raise Unavailable


def is_transient(error: BaseException) -> bool:
    """Return whether the database, or the way to it, failed: the request may or may not be done, and may be repeated."""
    code = code_of(error)
    return code in TRANSIENT_CODES if code else isinstance(_cause(error), BotoCoreError)


def code_of(error: BaseException) -> str | None:
    """Return the error code of the service, or None if it sent no response.

    pynamodb's own `cause_response_code` raises AttributeError without a response.
    """
    cause = _cause(error)
    return cause.response.get("Error", {}).get("Code") if isinstance(cause, ClientError) else None


def is_condition_failure(error: BaseException) -> bool:
    """Whether DynamoDB refused the write of a single row because its condition does not hold."""
    return code_of(error) == "ConditionalCheckFailedException"


def _cause(error: BaseException) -> BaseException | None:
    return error.cause if isinstance(error, PynamoDBException) else error
