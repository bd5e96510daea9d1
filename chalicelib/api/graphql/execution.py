"""Run a document: parse and validate it, check the caller's role and the cost, execute it, and form the response.

    text --prepare--> Prepared --authorize--> Authorized --run--> response

`run` takes only an Authorized operation, and only `authorize` makes one. So every execution is checked, whoever starts
it: the HTTP endpoint, a job, a preview or the demo data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from chalicelib import telemetry
from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql.document_limits import MAX_CHARACTERS, MAX_COMMENTS, MAX_TOKENS, check_shape
from chalicelib.api.graphql.error_format import format_error
from chalicelib.api.graphql.executor import PlanningExecutor
from chalicelib.api.graphql.loaders import Context, Execute
from chalicelib.api.graphql.query_cost import Prices
from chalicelib.api.graphql.schema import rules, schema
from chalicelib.api.graphql.validation_rules import validation_rules
from chalicelib.errors import CostLimitExceeded, CrmError, InvalidInput
from chalicelib.settings import settings
from chalicelib.store import change_marks, read_budget

GraphQLResponse: TypeAlias = dict[str, Any]
"""`{data, errors}` as GraphQL defines it: without `data` if execution never began, without `errors` if there are none."""

ANONYMOUS_COST_LIMIT = 1
"""The cost of `health`, the only field without a role that costs anything."""
_MAX_ERRORS = 5
_MAX_DOCUMENTS = 256
"""Parsed and validated documents to keep. One takes about 34 kB and saves 3 ms (measured)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and validated."""

    document: DocumentNode
    prices: Prices

    def operation(self, name: str | None = None) -> OperationDefinitionNode | None:
        """Return the operation with this name, or without a name the only one. None if there is no such operation."""
        return get_operation_ast(self.document, name)


@dataclass(frozen=True, slots=True)
class Invalid:
    """A document that cannot be executed."""

    errors: tuple[GraphQLError, ...]

    def response(self) -> GraphQLResponse:
        return {"errors": [format_error(error) for error in self.errors]}


@dataclass(frozen=True, slots=True)
class Authorized:
    """An operation that its caller may run. Only `authorize` makes one."""

    document: DocumentNode
    name: str | None
    variables: Mapping[str, object]
    caller: Caller
    is_query: bool
    is_introspection: bool
    """It asks for the schema and nothing else."""


@lru_cache(maxsize=_MAX_DOCUMENTS)
def prepare(text: str, *, hints: bool = True) -> Prepared | Invalid:
    """Parse and validate a document. Without `hints`, no error suggests names from the schema. Raises LimitExceeded."""
    try:
        document = parse(
            text, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_COMMENTS, max_source_length=MAX_CHARACTERS
        )
    except GraphQLError as error:
        over_limit = "Parsing aborted" in error.message
        error.extensions = {"code": "DOCUMENT_TOO_COMPLEX" if over_limit else "GRAPHQL_PARSE_FAILED"}
        return Invalid((error,))
    check_shape(document)
    errors = validate(schema(), document, validation_rules(), _MAX_ERRORS, hide_suggestions=not hints)
    if errors:
        return Invalid(tuple(_failure(error, hints=hints) for error in errors))
    return Prepared(document, Prices(schema(), rules(), document))


def _failure(error: GraphQLError, *, hints: bool) -> GraphQLError:
    # Python itself cannot read some literals, such as a number of 5,000 digits. That is the client's error.
    unreadable = error.original_error is not None and not isinstance(error.original_error, GraphQLError)
    failure = GraphQLError("The document has a value that cannot be read", error.nodes) if unreadable else error
    failure.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
    if not hints:  # `hide_suggestions` leaves one kind of suggestion
        failure.message = failure.message.partition(" Did you mean")[0]
    return failure


def authorize(
    prepared: Prepared,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object] | None,
    caller: Caller,
) -> Authorized:
    """Check that the caller may run this operation, and that it is not too expensive.

    Raises Unauthenticated, Forbidden, LimitExceeded.
    """
    given = variables or {}
    found = prepared.prices.of(operation, given)
    caller.check(max(found.role, Role.VIEWER) if found.introspects else found.role)
    if caller.is_anonymous and found.cost > ANONYMOUS_COST_LIMIT:
        raise CostLimitExceeded("Without an API key, a document may ask for `health` once")
    if found.cost > settings.cost_limit:
        raise CostLimitExceeded(
            f"The document's cost of {found.cost} exceeds the limit of {settings.cost_limit}. Request smaller pages or fewer fields"
        )
    is_introspection = found.introspects and found.cost == 0 and found.depth == 0
    name = operation.name.value if operation.name else None
    is_query = operation.operation is OperationType.QUERY
    return Authorized(prepared.document, name, given, caller, is_query, is_introspection)


def run(operation: Authorized) -> GraphQLResponse:
    """Execute an operation. Raises CostLimitExceeded if a query needs more than the read budget of a request."""
    if operation.is_introspection and not operation.variables:
        return _introspected(operation.document, operation.name)
    context = Context(operation.caller, execute_as(operation.caller))
    if not operation.is_query:
        # A mutation is bounded by its price alone: it must not stop between a change and the answer that reports it.
        with change_marks.made_by(operation.caller.name, telemetry.key("request_id")):
            return _execute(operation.document, operation.name, operation.variables, context)
    with read_budget.spend(context.read_budget):
        response = _execute(operation.document, operation.name, operation.variables, context)
    if context.read_budget.exceeded:
        raise CostLimitExceeded(read_budget.ADVICE)
    if context.read_budget.is_partial:
        response["extensions"] = {"partial": True}
    return response


def execute(text: str, variables: Mapping[str, object] | None, caller: Caller) -> GraphQLResponse:
    """Run a document in this process as `caller`, under the same rules and with the same answer as over HTTP."""
    try:
        prepared = prepare(text, hints=not caller.is_anonymous)
        if isinstance(prepared, Invalid):
            return prepared.response()
        operation = prepared.operation()
        if operation is None:
            raise InvalidInput("The document must have exactly one operation")
        return run(authorize(prepared, operation, variables, caller))
    except CrmError as error:
        return {"errors": [format_error(GraphQLError(error.message, original_error=error))]}


def execute_as(caller: Caller) -> Execute:
    """Return a function that runs documents in this process as `caller`."""
    return lambda text, variables: execute(text, variables, caller)


@lru_cache(maxsize=16)
def _introspected(document: DocumentNode, name: str | None) -> GraphQLResponse:
    """The schema never changes, and an answer that describes it is expensive, so it is kept."""
    return _execute(document, name, {}, None)


def _execute(
    document: DocumentNode, name: str | None, variables: Mapping[str, object], context: Context | None
) -> GraphQLResponse:
    result = execute_sync(
        schema(),
        document,
        context_value=context,
        variable_values=dict(variables),
        operation_name=name,
        executor_class=None if settings.reference_executor else PlanningExecutor,
    )
    assert isinstance(result, ExecutionResult)  # noqa: S101 - no resolver is asynchronous
    return _response(result)


def _response(result: ExecutionResult) -> GraphQLResponse:
    errors = {"errors": [format_error(error) for error in result.errors]} if result.errors else {}
    if result.data is None and result.errors and not any(error.path for error in result.errors):
        return errors
    return {**errors, "data": result.data}
