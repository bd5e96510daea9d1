"""Resolvers of what is kept about a person, and of erasing it."""

from dataclasses import dataclass
from typing import Unpack

from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import PageArguments, check_exactly_one, page_args
from chalicelib.api.resolvers.jobs import RunJobPayload
from chalicelib.crm import email_suppressions, list_queries, merge_records, merged_customers
from chalicelib.crm.list_filters import OrderFilter
from chalicelib.crm.orders import Order
from chalicelib.jobs import catalog, operator_actions
from chalicelib.privacy import erasures, people, search_all
from chalicelib.privacy.erasures import ErasedPage
from chalicelib.privacy.people import KnownPerson
from chalicelib.privacy.search_all import TracePage
from chalicelib.store import index_scan
from chalicelib.store.pagination import Page, read_page


@dataclass(frozen=True, slots=True)
class SuppressedAddress:
    email: str
    reason: str
    since: str


def personal_data(
    _root: object, _info: Info, customerId: str | None = None, email: str | None = None
) -> KnownPerson | None:
    check_exactly_one(customerId=customerId, email=email)
    found = people.find_id(email) if email is not None else customerId
    return people.find(merged_customers.follow(found)) if found else None


def references(known: KnownPerson, _info: Info) -> list[str]:
    merged = merge_records.all_absorbed_by(known.person.customer_id) if known.person.merged_ids else ()
    own = known.row.references if known.row else ()
    return [*own, *(reference for record in merged for reference in record.absorbed["references"])]


def suppressed_addresses(known: KnownPerson, _info: Info) -> list[SuppressedAddress]:
    found = email_suppressions.find_all(known.person.emails)
    return [SuppressedAddress(email, each.reason, each.since) for email, each in found.items()]


def order_count(known: KnownPerson, _info: Info) -> int:
    listing = list_queries.list_orders(OrderFilter(customer_id=known.person.customer_id))
    return known.row.orders if known.row else index_scan.count(listing.index_range)


def orders(known: KnownPerson, info: Info, **arguments: Unpack[PageArguments]) -> Page[Order]:
    page = read_page(list_queries.list_orders(OrderFilter(customer_id=known.person.customer_id)), page_args(arguments))
    context = context_of(info)
    context.customers.expect(edge.node.customer_id for edge in page.edges)
    context.products.expect(line.product_id for edge in page.edges for line in edge.node.lines)
    return page


def traces(known: KnownPerson, _info: Info, after: str | None = None) -> TracePage:
    return search_all.read_page(known.search, after)


def erase_customer(
    _root: object,
    info: Info,
    id: str,  # noqa: A002 - the argument's name
    reason: str,
    *,
    dryRun: bool = False,
) -> RunJobPayload:
    if not dryRun:
        return RunJobPayload(erasures.request(id, reason, context_of(info).caller.name))
    erasures.require(id)
    preview = operator_actions.preview(catalog.ERASURE, context_of(info).execute, {"customer": id})
    return RunJobPayload(preview=preview)


def erase_personal_data(_root: object, _info: Info, customerId: str, after: str | None = None) -> ErasedPage:
    return erasures.erase_page(customerId, after)
