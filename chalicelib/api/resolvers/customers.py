"""Resolvers of customers, live and deleted."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.arguments import at_most_a_page, exactly_one
from chalicelib.api.resolvers.plain_lists import read_all
from chalicelib.crm import customers, deleted_customers, list_queries
from chalicelib.crm.customers import Customer
from chalicelib.crm.deleted_customers import Archived
from chalicelib.crm.list_queries import CustomerFilter
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import index_scan, timestamps
from chalicelib.store.pagination import Page, PageArgs, read_page
from chalicelib.store.transaction import new_token

_Input = dict[str, Any]


def customer(_root: Any, _info: Info, id: str | None = None, email: str | None = None) -> Customer | None:  # noqa: A002
    exactly_one(id=id, email=email)
    return customers.find(id) if id is not None else customers.find_by_email(email or "")


def all_customers(_root: Any, _info: Info, **arguments: Any) -> Page[Customer]:
    take = arguments.pop
    wanted = CustomerFilter(
        name=take("name", None),
        email=take("email", None),
        created_from=take("createdAtGte", None),
        created_to=take("createdAtLte", None),
        phone_prefix=take("phoneStartsWith", None),
    )
    return read_page(list_queries.list_customers(wanted, take("orderBy", None)), PageArgs(**arguments))


def plain_customers(_root: Any, _info: Info) -> list[Customer]:
    return read_all(list_queries.list_customers(CustomerFilter()))


def inactive_customers(_root: Any, _info: Info, activeBefore: date | None = None, **window: Any) -> Page[Customer]:
    return read_page(list_queries.list_inactive(activeBefore or _inactive_since()), PageArgs(**window))


def inactive_customer_count(_root: Any, _info: Info, activeBefore: date | None = None) -> int:
    return index_scan.count(list_queries.list_inactive(activeBefore or _inactive_since()).path)


def all_deleted_customers(_root: Any, _info: Info, **window: Any) -> Page[Archived]:
    return read_page(deleted_customers.listing(), PageArgs(**window))


def of_deleted(name: str) -> Callable[[Archived, Info], Any]:
    get = attrgetter(f"customer.{'created_at' if name == 'createdAt' else name}")
    return lambda row, _info: get(row)


def create_customer(_root: Any, _info: Info, input: _Input) -> _Input:  # noqa: A002 - the argument's name, here and below
    return {"customer": new_customer(input), "message": "Customer created"}


def new_customer(row: Mapping[str, Any]) -> customers.Customer:
    return customers.create(row["name"], row["email"], row.get("phone"), row.get("createdAt"))


def update_customer(_root: Any, _info: Info, id: str, input: _Input) -> _Input:  # noqa: A002
    return {"customer": customers.update(id, input)}


def delete_customer(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"customer": deleted_customers.delete(id)}


def delete_inactive_customers(
    _root: Any, _info: Info, activeBefore: date, ids: list[str], slot: datetime | None = None
) -> _Input:
    latest = clock.now().date() - timedelta(days=settings.inactive_days)
    if activeBefore > latest:
        raise InvalidInput(f"Nobody is inactive yet who was active on {latest} or later", field="activeBefore")
    token = timestamps.to_text(slot) if slot else new_token()
    deleted = [
        deleted_customers.delete_inactive(customer_id, activeBefore, token) for customer_id in at_most_a_page(ids)
    ]
    return {"deleted": [customer.id for customer in deleted if customer]}


def restore_customer(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"customer": deleted_customers.restore(id)}


def _inactive_since() -> date:
    return clock.now().date() - timedelta(days=settings.inactive_days)
