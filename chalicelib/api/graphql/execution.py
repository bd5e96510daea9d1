"""Run a document against the schema: parse, validate, execute, and form the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, execute_sync, parse, validate

from chalicelib.api.graphql.document_limits import MAX_CHARACTERS, MAX_COMMENTS, MAX_TOKENS, check_shape
from chalicelib.api.graphql.error_format import format_error
from chalicelib.api.graphql.executor import PlanningExecutor
from chalicelib.api.graphql.loaders import Context
from chalicelib.api.graphql.query_cost import Prices
from chalicelib.api.graphql.schema import rules, schema
from chalicelib.settings import settings

ANYONE = "anyone"
_MAX_ERRORS = 5
_DOCUMENTS = 256
"""Parsed and validated documents kept; one takes about 34 kB and saves 3.5 ms (measured)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and validated, with its prices."""

    document: DocumentNode
    prices: Prices


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is wrong with a document."""

    errors: tuple[GraphQLError, ...]


@lru_cache(maxsize=_DOCUMENTS)
def prepare(text: str, *, hints: bool = True) -> Prepared | Invalid:
    """Parse and validate; without `hints` no error suggests what the schema has instead. Raises OverLimit."""
    try:
        document = parse(
            text, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_COMMENTS, max_source_length=MAX_CHARACTERS
        )
    except GraphQLError as error:
        over_limit = "Parsing aborted" in error.message
        error.extensions = {"code": "DOCUMENT_TOO_COMPLEX" if over_limit else "GRAPHQL_PARSE_FAILED"}
        return Invalid((error,))
    check_shape(document)
    errors = validate(schema(), document, max_errors=_MAX_ERRORS, hide_suggestions=not hints)
    if errors:
        return Invalid(tuple(_failure(error, hints=hints) for error in errors))
    return Prepared(document, Prices(schema(), rules(), document))


def _failure(error: GraphQLError, *, hints: bool) -> GraphQLError:
    # A literal that is too much for Python itself, such as a number of 5,000 digits, is no fault of ours.
    unreadable = error.original_error is not None and not isinstance(error.original_error, GraphQLError)
    failure = GraphQLError("The document has a value that cannot be read", error.nodes) if unreadable else error
    failure.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
    if not hints:  # there is one that `hide_suggestions` leaves
        failure.message = failure.message.partition(" Did you mean")[0]
    return failure


def run(
    document: DocumentNode, variables: Mapping[str, Any] | None, operation: str | None = None, actor: str = ANYONE
) -> ExecutionResult:
    result = execute_sync(
        schema(),
        document,
        context_value=Context(execute, actor),
        variable_values=dict(variables or {}),
        operation_name=operation,
        executor_class=None if settings.reference_executor else PlanningExecutor,
    )
    assert isinstance(result, ExecutionResult)  # noqa: S101 - no resolver is asynchronous
    return result


@lru_cache(maxsize=16)
def introspected(document: DocumentNode, operation: str | None) -> dict[str, Any]:
    """The answer to a document that asks for nothing but the schema: it never changes, and is dear to make."""
    return answer(run(document, None, operation))


def execute(text: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run a document in process: the answer as a caller over HTTP gets it."""
    prepared = prepare(text)
    if isinstance(prepared, Invalid):
        return {"errors": [format_error(error) for error in prepared.errors]}
    return answer(run(prepared.document, variables))


def answer(result: ExecutionResult) -> dict[str, Any]:
    """Without `data` when execution never began."""
    errors = {"errors": [format_error(error) for error in result.errors]} if result.errors else {}
    if result.data is None and result.errors and not any(error.path for error in result.errors):
        return errors
    return {**errors, "data": result.data}
