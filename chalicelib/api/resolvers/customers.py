"""Resolvers of customers, live and deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NotRequired, TypedDict, Unpack, cast

from chalicelib.api.graphql.error_format import describe
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import PageArguments, check_exactly_one, check_id_count, page_args
from chalicelib.api.resolvers.plain_lists import read_all
from chalicelib.crm import (
    calendar_days,
    cleanup_runs,
    customer_references,
    customers,
    deleted_customers,
    list_queries,
    returning_customers,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.deleted_customers import DeletedCustomer
from chalicelib.crm.list_filters import CustomerFilter
from chalicelib.crm.returning_customers import NewCustomer
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import change_marks, index_scan, timestamps
from chalicelib.store.pagination import Page, read_page


class CustomerArguments(PageArguments, total=False):
    orderBy: list[str | None] | None
    name: str | None
    email: str | None
    createdAtGte: date | None
    createdAtLte: date | None
    createdSince: datetime | None
    createdBefore: datetime | None
    updatedAfter: datetime | None
    phoneStartsWith: str | None


class CreateCustomerInput(TypedDict):
    name: str
    email: str
    phone: NotRequired[str | None]
    createdAt: NotRequired[datetime | None]
    """Only bulkCreateCustomers takes this, `phoneNote` and `reference`."""
    phoneNote: NotRequired[str | None]
    reference: NotRequired[str | None]


class UpdateCustomerInput(TypedDict, total=False):
    name: str | None
    email: str | None
    phone: str | None
    phoneNote: str | None


@dataclass(frozen=True, slots=True)
class CustomerPayload:
    customer: Customer


@dataclass(frozen=True, slots=True)
class CreateCustomerPayload:
    customer: Customer
    message: str


@dataclass(frozen=True, slots=True)
class RestoreCustomerResult:
    id: str
    customer: Customer | None = None
    error: dict[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class RestoreCustomersPayload:
    results: list[RestoreCustomerResult]
    after: str | None


@dataclass(frozen=True, slots=True)
class DeleteInactiveCustomersPayload:
    deleted: list[str]


def customer(
    _root: object,
    _info: Info,
    id: str | None = None,  # noqa: A002 - the argument's name, here and below
    email: str | None = None,
    reference: str | None = None,
) -> Customer | None:
    check_exactly_one(id=id, email=email, reference=reference)
    if reference is not None:
        return customer_references.find(reference)
    return customers.find_current(id) if id is not None else customers.find_by_email(email or "")


def all_customers(_root: object, info: Info, **arguments: Unpack[CustomerArguments]) -> Page[Customer]:
    wanted = CustomerFilter(
        name=arguments.get("name"),
        email=arguments.get("email"),
        created_from=arguments.get("createdAtGte"),
        created_to=arguments.get("createdAtLte"),
        created_since=arguments.get("createdSince"),
        created_before=arguments.get("createdBefore"),
        updated_after=arguments.get("updatedAfter"),
        phone_prefix=arguments.get("phoneStartsWith"),
    )
    return _primed(read_page(list_queries.list_customers(wanted, arguments.get("orderBy")), page_args(arguments)), info)


def plain_customers(_root: object, info: Info) -> list[Customer]:
    rows = read_all(list_queries.list_customers(CustomerFilter()))
    _prime(rows, info)
    return rows


def inactive_customers(
    _root: object, info: Info, activeBefore: date | None = None, **page: Unpack[PageArguments]
) -> Page[Customer]:
    return _primed(read_page(list_queries.list_inactive(activeBefore or _inactive_since()), page_args(page)), info)


def inactive_customer_count(_root: object, _info: Info, activeBefore: date | None = None) -> int:
    return index_scan.count(list_queries.list_inactive(activeBefore or _inactive_since()).index_range)


def all_deleted_customers(_root: object, _info: Info, **page: Unpack[PageArguments]) -> Page[DeletedCustomer]:
    return read_page(deleted_customers.list_deleted_customers(), page_args(page))


def create_customer(_root: object, _info: Info, input: CreateCustomerInput) -> CreateCustomerPayload:  # noqa: A002
    given = given_customer(input)
    found, is_new = returning_customers.create_or_restore(given, returning_customers.find_known([given]))
    return CreateCustomerPayload(found, "Customer created" if is_new else "Customer restored")


def given_customer(row: CreateCustomerInput) -> NewCustomer:
    return NewCustomer(
        name=row["name"],
        email=row["email"],
        phone=row.get("phone"),
        phone_note=row.get("phoneNote"),
        created_at=row.get("createdAt"),
        reference=(row.get("reference") or "").strip(),
    )


def update_customer(
    _root: object,
    _info: Info,
    id: str,  # noqa: A002
    input: UpdateCustomerInput,  # noqa: A002
    expectedUpdatedAt: datetime | None = None,
) -> CustomerPayload:
    # A TypedDict is no Mapping of its own values to mypy.
    return CustomerPayload(customers.update(id, cast("Mapping[str, str | None]", input), expectedUpdatedAt))


def delete_customer(_root: object, _info: Info, id: str) -> CustomerPayload:  # noqa: A002
    return CustomerPayload(deleted_customers.delete(id))


def delete_inactive_customers(
    _root: object, _info: Info, activeBefore: date, ids: list[str], slot: datetime | None = None
) -> DeleteInactiveCustomersPayload:
    latest = _inactive_since()
    if activeBefore > latest:
        raise InvalidInput(
            f"activeBefore must be {latest} or earlier: a customer who was active since then is not inactive",
            field="activeBefore",
        )
    token = timestamps.to_text(slot) if slot else change_marks.token()
    if slot:
        cleanup_runs.record(token, ids)
    deleted = [
        deleted_customers.delete_inactive(customer_id, activeBefore, token) for customer_id in check_id_count(ids)
    ]
    return DeleteInactiveCustomersPayload([customer.id for customer in deleted if customer])


def restore_customer(_root: object, _info: Info, id: str) -> CustomerPayload:  # noqa: A002
    return CustomerPayload(deleted_customers.restore(id))


def restore_customers(_root: object, _info: Info, slot: datetime, after: str | None = None) -> RestoreCustomersPayload:
    restored, position = cleanup_runs.restore(timestamps.to_text(slot), after)
    return RestoreCustomersPayload([_restore_result(*each) for each in restored], position)


def _restore_result(customer_id: str, outcome: Customer | Exception) -> RestoreCustomerResult:
    if isinstance(outcome, Exception):
        return RestoreCustomerResult(customer_id, error=describe(outcome))
    return RestoreCustomerResult(customer_id, outcome)


def _primed(page: Page[Customer], info: Info) -> Page[Customer]:
    _prime([edge.node for edge in page.edges], info)
    return page


def _prime(rows: list[Customer], info: Info) -> None:
    """Tell the loaders of these rows, so that what else is asked of them is read in batches."""
    context_of(info).customers.prime({row.id: row for row in rows})


def _inactive_since() -> date:
    return calendar_days.today() - timedelta(days=settings.inactive_days)
