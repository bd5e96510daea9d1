"""The executable schema, and how a document is run against it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from chalicelib.api.graphql.document_limits import MAX_CHARACTERS, MAX_COMMENTS, MAX_TOKENS, check_shape
from chalicelib.api.graphql.error_format import format_error
from chalicelib.api.graphql.executor import PlanningExecutor, RowResolver
from chalicelib.api.graphql.loaders import Context, Info, context_of
from chalicelib.api.graphql.query_cost import FieldRules, Prices, read_rules
from chalicelib.api.graphql.scalars import bind_scalars
from chalicelib.api.resolvers import api_keys, bulk_create, jobs, mutations, queries, reports
from chalicelib.crm import money
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.settings import settings

SDL = Path(__file__).parent / "schema.graphql"
ANYONE = "anyone"
_MAX_ERRORS = 5
_DOCUMENTS = 256
"""Parsed and validated documents kept; one takes about 34 kB and saves 3.5 ms (measured)."""

_RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "hello": queries.hello,
        "node": queries.node,
        "customer": queries.customer,
        "product": queries.product,
        "order": queries.order,
        "customers": queries.plain_customers,
        "products": queries.plain_products,
        "orders": queries.plain_orders,
        "allCustomers": queries.all_customers,
        "allProducts": queries.all_products,
        "allOrders": queries.all_orders,
        "lowStockProducts": queries.low_stock_products,
        "crmStats": queries.crm_stats,
        "inactiveCustomers": queries.inactive_customers,
        "inactiveCustomerCount": queries.inactive_customer_count,
        "deletedCustomers": queries.all_deleted_customers,
        "ordersDueForReminder": queries.orders_due_for_reminder,
        "reports": reports.all_reports,
        "report": reports.report,
        "health": jobs.health,
        "jobs": jobs.all_jobs,
        "job": jobs.job,
        "jobRuns": jobs.job_runs,
        "jobRun": jobs.job_run,
        "queue": jobs.queue_depth,
        "uptime": jobs.uptime_hours,
        "keys": api_keys.all_keys,
        "deadLetters": jobs.dead_letters,
    },
    "Mutation": {
        "createCustomer": mutations.create_customer,
        "bulkCreateCustomers": bulk_create.create_customers,
        "updateCustomer": mutations.update_customer,
        "deleteCustomer": mutations.delete_customer,
        "createProduct": mutations.create_product,
        "bulkCreateProducts": bulk_create.create_products,
        "updateProduct": mutations.update_product,
        "deleteProduct": mutations.delete_product,
        "createOrder": mutations.create_order,
        "bulkCreateOrders": bulk_create.create_orders,
        "cancelOrder": mutations.cancel_order,
        "updateLowStockProducts": mutations.update_low_stock_products,
        "deleteInactiveCustomers": mutations.delete_inactive_customers,
        "restoreCustomer": mutations.restore_customer,
        "runJob": jobs.run_job,
        "pauseJob": jobs.pause_job,
        "resumeJob": jobs.resume_job,
        "remakeReport": jobs.remake_report,
        "redriveDeadLetters": jobs.redrive_dead_letters,
        "createKey": api_keys.create_key,
        "rotateKey": api_keys.rotate_key,
        "revokeKey": api_keys.revoke_key,
    },
    "Customer": {"orders": queries.all_orders, "lastOrderAt": RowResolver(attrgetter("last_order"))},
    "Product": {
        "price": RowResolver(lambda row: money.from_cents(row.cents)),
        "archived": RowResolver(lambda row: row.archived_at is not None),
    },
    "Order": {
        "customer": queries.order_customer,
        "products": queries.order_products,
        "orderDate": RowResolver(attrgetter("date")),
        "totalAmount": RowResolver(lambda row: money.from_cents(row.cents)),
    },
    "OrderLine": {"product": queries.line_product},
    "PageInfo": {
        "hasNextPage": RowResolver(attrgetter("has_next")),
        "hasPreviousPage": RowResolver(attrgetter("has_previous")),
    },
    "DeadLetter": {"sentAt": RowResolver(lambda row: row["sent_at"])},
    "DeletedCustomer": {name: queries.of_deleted(name) for name in ("id", "name", "email", "phone", "createdAt")},
    "Report": {
        **{name: reports.content(name) for name in ("from", "to", "totals", "week", "before")},
        "topCustomers": reports.content("top_customers"),
        "topProducts": reports.content("top_products"),
        "revenueChange": reports.revenue_change,
    },
    "ReportTotals": {"revenue": reports.revenue},
    "ReportWeek": {
        "revenue": reports.revenue,
        "averageOrder": reports.average_order,
        "newCustomers": reports.new_customers,
    },
    "ReportEntry": {"revenue": reports.revenue},
    "ApiKey": {"role": RowResolver(lambda row: row.role.name), "state": api_keys.state},
    "JobRun": {
        "cap": RowResolver(lambda run: run.arguments.get("cap")),
        "period": RowResolver(lambda run: run.arguments.get("period")),
        "cursor": jobs.cursor,
        "counts": jobs.counts,
        "lines": jobs.lines,
        "durationSeconds": RowResolver(attrgetter("seconds")),
    },
    **{
        f"{kind}Connection": {"pageInfo": queries.page_info}
        for kind in ("Customer", "Product", "Order", "DeletedCustomer", "Report", "JobRun", "ApiKey")
    },
}
_KINDS = {Customer: "Customer", Product: "Product", Order: "Order"}
_OBJECTS = {*_KINDS.values(), "OrderLine"}
"""Their rows are never mappings, so nobody needs to ask."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and validated, with its prices."""

    document: DocumentNode
    prices: Prices


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is wrong with a document."""

    errors: tuple[GraphQLError, ...]


@cache
def schema() -> GraphQLSchema:
    # That it is valid is for the tests to see: to look takes as long as to build it.
    built = build_schema(SDL.read_text("utf-8"), assume_valid=True, no_location=True)
    bind_scalars(built.type_map)
    built.type_map["Node"].resolve_type = lambda row, _info, _type: _KINDS[type(row)]  # type: ignore[attr-defined]
    for name, kind in built.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            _bind(kind, _RESOLVERS.get(name, {}))
    for field in built.type_map["Mutation"].fields.values():  # type: ignore[attr-defined]
        field.resolve = with_fresh_loaders(field.resolve)
    return built


@cache
def rules() -> FieldRules:
    """Raises LookupError if a field has none: who may see it must be said."""
    return read_rules(schema())


def _bind(kind: GraphQLObjectType, resolvers: Mapping[str, Callable[..., Any]]) -> None:
    if unknown := resolvers.keys() - kind.fields.keys():
        raise LookupError(f"{kind.name} has no field {unknown}")
    for name, field in kind.fields.items():
        snake = re.sub(r"([A-Z])", r"_\1", name).lower()
        if name in resolvers:
            field.resolve = resolvers[name]
        elif snake != name or kind.name in _OBJECTS:
            field.resolve = RowResolver(attrgetter(snake))


def with_fresh_loaders(change: Callable[..., Any]) -> Callable[..., Any]:
    """Changes follow each other: what one has read, the next one may change."""

    def changed(root: Any, info: Info, **arguments: Any) -> Any:
        context_of(info).customers.clear()
        context_of(info).products.clear()
        return change(root, info, **arguments)

    return changed


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
