"""Errors that a caller can act on, each with a stable code. The docstring of a class is its default message.

CrmError
 +- InvalidInput             a value is not valid; `field` names it
 |   +- Ambiguous, DuplicateEmail, DuplicateSku, DuplicateReference, InvalidPhone, InvalidCursor, UnknownCustomer, ...
 +- NotFound                 the row to change does not exist
 +- InsufficientStock
 +- Conflict                 another request changed the same row at the same time
 |   +- RowChanged           the row was changed since the caller read it; has what it is now
 |   +- StockChanged         the stock is not the one that the request expects
 +- ReferenceConflict        the reference of an imported order belongs to an order with other content
 +- TooManyRows              a plain list would be incomplete
 +- Unavailable              the database did not respond: a change may or may not have been made
 |   +- QueueUnavailable, EmailUnavailable, TopicUnavailable
 +- UnknownJob, JobPaused, RunNotRepeatable, RunNotCancellable
 +- IdempotencyConflict      the Idempotency-Key was used for another request
 +- InProgress               a request with this Idempotency-Key is still running, a run of the job waits, or a merge goes on
 +- LimitExceeded                the request asks for too much at once
 |   +- DocumentTooComplex, VariablesTooLarge, CostLimitExceeded, ResponseTooLarge
 +- PersistedQueryNotFound
 +- Unauthenticated, Forbidden, RateLimited
"""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CrmError(Exception):
    """The request cannot be carried out"""

    code = "BAD_REQUEST"

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").split("\n")[0]
        self.field = field
        super().__init__(self.message)


class InvalidInput(CrmError):
    """The input is not valid"""

    code = "INVALID_INPUT"


class InvalidEmail(InvalidInput):
    """Invalid email format. Use name@example.com"""

    code = "INVALID_EMAIL"


class InvalidPhone(InvalidInput):
    """Invalid phone format. Use +1234567890 or 123-456-7890"""

    code = "INVALID_PHONE"


class InvalidPrice(InvalidInput):
    """Price must be positive"""

    code = "INVALID_PRICE"


class InvalidStock(InvalidInput):
    """Stock cannot be negative"""

    code = "INVALID_STOCK"


class InvalidCursor(InvalidInput):
    """The cursor is damaged, or belongs to a query with another filter or order. Start again without it"""

    code = "INVALID_CURSOR"


class DuplicateEmail(InvalidInput):
    """Email already exists"""

    code = "DUPLICATE_EMAIL"


class DuplicateSku(InvalidInput):
    """SKU already exists"""

    code = "DUPLICATE_SKU"


class DuplicateReference(InvalidInput):
    """A customer with another e-mail address has this reference already"""

    code = "DUPLICATE_REFERENCE"


class UnknownCustomer(InvalidInput):
    """Invalid customer ID"""

    code = "INVALID_CUSTOMER_ID"


class UnknownProducts(InvalidInput):
    """Invalid product IDs"""

    code = "INVALID_PRODUCT_IDS"


class NoLines(InvalidInput):
    """At least one product must be selected"""

    code = "NO_LINES"


class TooManyLines(InvalidInput):
    """The order has too many lines"""

    code = "TOO_MANY_LINES"


class NotFound(CrmError):
    """The row does not exist"""

    code = "NOT_FOUND"


class InsufficientStock(CrmError):
    """Not enough in stock"""

    code = "INSUFFICIENT_STOCK"


class AlreadyCancelled(CrmError):
    """The order is already cancelled"""

    code = "ALREADY_CANCELLED"


class Conflict(CrmError):
    """Another request changed this at the same time. Read it again and retry"""

    code = "CONFLICT"


class RowChanged(Conflict):
    """Somebody has changed this since you read it. Look at what it is now, and decide anew"""

    def __init__(self, current: Mapping[str, object]) -> None:
        """`current` is what the row is now, with the names and values of the API."""
        super().__init__(field="expected_updated_at")
        self.current = current


class StockChanged(Conflict):
    """The stock is another than expected. Read it again and decide anew"""


class OrderChanged(Conflict):
    """The total of the order is another than expected. Read it again and decide anew"""


class ReferenceConflict(CrmError):
    """An order with this reference but different content already exists"""

    code = "REFERENCE_CONFLICT"


class TooManyRows(CrmError):
    """The list has too many rows. Use the connection field with first and after"""

    code = "TOO_MANY_ROWS"


class UnknownJob(NotFound):
    """The job does not exist"""

    code = "UNKNOWN_JOB"


class Ambiguous(InvalidInput):
    """Several runs fit. Name the schedule of the one that you mean"""

    code = "AMBIGUOUS"


class JobPaused(CrmError):
    """The job is paused. Resume it first"""

    code = "JOB_PAUSED"


class RunNotRepeatable(CrmError):
    """Only a run that failed, or was missed, skipped or cancelled, or that waits for its next attempt, can be repeated"""

    code = "RUN_NOT_REPEATABLE"


class RunNotCancellable(CrmError):
    """Only a run that has not ended can be cancelled"""

    code = "RUN_NOT_CANCELLABLE"


class Unavailable(CrmError):
    """The database did not respond in time. Retry queries; before retrying a mutation, check whether it took effect"""

    code = "UNAVAILABLE"


class QueueUnavailable(Unavailable):
    """The queue did not respond in time. Retry in a moment"""


class EmailUnavailable(Unavailable):
    """SES does not accept e-mails at the moment"""


class TopicUnavailable(Unavailable):
    """SNS did not accept an alert"""


class Unauthenticated(CrmError):
    """Send a valid API key as `Authorization: Bearer <key>`"""

    code = "UNAUTHENTICATED"


class Forbidden(CrmError):
    """The role of this API key does not allow this"""

    code = "FORBIDDEN"


class RateLimited(CrmError):
    """Too many requests with this API key. Wait a moment and retry"""

    code = "RATE_LIMITED"


class IdempotencyConflict(CrmError):
    """The Idempotency-Key was used for another request. Use a new key for each request"""

    code = "IDEMPOTENCY_KEY_REUSED"


class InProgress(CrmError):
    """A request with this Idempotency-Key is still running. Retry in a moment"""

    code = "IN_PROGRESS"


class PersistedQueryNotFound(CrmError):
    """PersistedQueryNotFound"""

    code = "PERSISTED_QUERY_NOT_FOUND"


class LimitExceeded(CrmError):
    """The request asks for too much at once"""


class DocumentTooComplex(LimitExceeded):
    """The document is too large. Split it into several requests"""

    code = "DOCUMENT_TOO_COMPLEX"


class VariablesTooLarge(LimitExceeded):
    """The request has too many values. Split it into several requests"""

    code = "VARIABLES_TOO_LARGE"


class CostLimitExceeded(LimitExceeded):
    """The document costs too much. Ask for smaller pages or fewer fields"""

    code = "COST_LIMIT"


class ResponseTooLarge(LimitExceeded):
    """The answer is too large to be sent. Ask for smaller pages or fewer fields. If it was a mutation, it has taken effect"""

    code = "TOO_LARGE"


def result_or_error(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | Exception:
    """Return what `work` returns or raises, so that one failing row does not hide the results of the others."""
    try:
        return work(*arguments, **named)
    except Exception as error:  # noqa: BLE001 - any error, as the docstring says
        return error
