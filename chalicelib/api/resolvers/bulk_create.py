"""Resolvers of bulk creation: each row is created, or gets its own error."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, NotRequired, TypedDict, TypeVar

from chalicelib.api.graphql.error_format import describe
from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.customers import CreateCustomerInput, given_customer
from chalicelib.api.resolvers.products import CreateProductInput, new_product
from chalicelib.crm import customer_references, customers, imported_orders, products, returning_customers, text
from chalicelib.crm.customers import Customer
from chalicelib.crm.imported_rows import LineRow, OrderRow
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.crm.returning_customers import KnownCustomers, NewCustomer
from chalicelib.errors import DuplicateEmail, DuplicateReference, DuplicateSku, InvalidInput, result_or_error

MAX_ROWS = 100
Row = TypeVar("Row", Customer, Product, Order)
Input = TypeVar("Input")


class PastOrderLineInput(TypedDict):
    sku: str
    quantity: int
    unitPrice: Decimal


class OrderAdjustmentInput(TypedDict):
    kind: str
    amount: Decimal


class BulkCreateOrdersInput(TypedDict):
    reference: str
    customerEmail: str
    orderDate: datetime
    lines: list[PastOrderLineInput]
    adjustments: NotRequired[list[OrderAdjustmentInput] | None]


@dataclass(frozen=True, slots=True)
class RowResult(Generic[Row]):
    """What became of one row of the input: a row of the CRM, or an error."""

    index: int
    row: Row | None = None
    created: bool = False
    existing: Row | None = None
    """The row of the CRM that has this e-mail address, reference or SKU already. `row` stays empty for old clients."""
    error: dict[str, str | None] | None = None

    @property
    def id(self) -> str | None:
        found = self.row or self.existing
        return found.id if found else None

    @property
    def restored(self) -> bool:
        """Only of customers: they were deleted, and are back with their orders."""
        return self.row is not None and not self.created


@dataclass(frozen=True, slots=True)
class BulkPayload(Generic[Row]):
    results: list[RowResult[Row]]

    @property
    def rows(self) -> list[Row]:
        return [result.row for result in self.results if result.row is not None]

    @property
    def errors(self) -> list[str]:
        return [f"Row {result.index + 1}: {result.error['message']}" for result in self.results if result.error]


def create_customers(
    _root: object,
    _info: Info,
    input: Sequence[CreateCustomerInput | None],  # noqa: A002 - the argument's name, here and below
) -> BulkPayload[Customer]:
    _check_size(input)
    given = [given_customer(row) if row else None for row in input]
    known = returning_customers.find_known(row for row in given if row)
    made = _create_each(given, lambda row: returning_customers.create_or_restore(row, known))
    emails = [row.email for row, one in zip(given, made, strict=True) if row and isinstance(one, DuplicateEmail)]
    by_email = customers.find_all_by_email(emails) if emails else {}

    def existing(row: NewCustomer | None, one: tuple[Customer, bool] | Exception) -> Customer | None:
        if isinstance(one, DuplicateReference) and row:
            return known.live_owner(row.reference) or customer_references.find(row.reference)
        return by_email.get(text.normalize_email(row.email)) if row else None

    found = [existing(*each) for each in zip(given, made, strict=True)]
    return _payload([_linked(*each, known) for each in zip(given, made, found, strict=True)], found)


def _linked(
    row: NewCustomer | None,
    made: tuple[Customer, bool] | Exception,
    existing: Customer | None,
    known: KnownCustomers,
) -> tuple[Customer, bool] | Exception:
    """Link the reference of the row to its customer. Return what was made, or the error of the link."""
    customer = existing if isinstance(made, Exception) else made[0]
    if row is None or customer is None or not row.reference or _is_linked(row.reference, customer, known):
        return made
    linked = result_or_error(customer_references.link, row.reference, customer.id)
    return linked if isinstance(linked, Exception) else made


def _is_linked(reference: str, customer: Customer, known: KnownCustomers) -> bool:
    return known.owner_ids.get(reference) == customer.id and reference in customer.references


def create_products(
    _root: object,
    _info: Info,
    input: Sequence[CreateProductInput | None],  # noqa: A002
) -> BulkPayload[Product]:
    made = _create_each(input, lambda row: (new_product(row), True))
    skus = [row.get("sku") or "" for row, one in zip(input, made, strict=True) if row and isinstance(one, DuplicateSku)]
    existing = products.find_all_by_sku(skus) if skus else {}
    return _payload(made, [row and existing.get(text.normalize(row.get("sku") or "")) for row in input])


def create_orders(
    _root: object,
    _info: Info,
    input: Sequence[BulkCreateOrdersInput | None],  # noqa: A002
) -> BulkPayload[Order]:
    _check_size(input)
    return _payload(imported_orders.import_rows([None if row is None else _order_row(row) for row in input]))


def _order_row(row: BulkCreateOrdersInput) -> OrderRow:
    lines = tuple(LineRow(line["sku"], line["quantity"], line["unitPrice"]) for line in row["lines"])
    adjustments = tuple((each["kind"], each["amount"]) for each in row.get("adjustments") or ())
    return OrderRow(row["reference"], row["customerEmail"], row["orderDate"], lines, adjustments)


def _create_each(
    rows: Sequence[Input | None], create: Callable[[Input], tuple[Row, bool]]
) -> list[tuple[Row, bool] | Exception]:
    """Return for each row what is in the CRM now and whether it is new, or the error."""
    _check_size(rows)
    return [result_or_error(lambda row: create(_require(row)), row) for row in rows]


def _require(row: Input | None) -> Input:
    if row is None:
        raise InvalidInput("The row is null")
    return row


def _payload(
    made: Sequence[tuple[Row, bool] | Exception], existing: Iterable[Row | None] | None = None
) -> BulkPayload[Row]:
    """`existing` has for each row what the CRM had already, for the rows that are refused as duplicates."""
    before = existing or [None] * len(made)
    return BulkPayload([_result(index, *one) for index, one in enumerate(zip(made, before, strict=True))])


def _result(index: int, made: tuple[Row, bool] | Exception, existing: Row | None) -> RowResult[Row]:
    if isinstance(made, DuplicateEmail | DuplicateReference | DuplicateSku):
        return RowResult(index, existing=existing, error=describe(made))
    if isinstance(made, Exception):
        return RowResult(index, error=describe(made))
    return RowResult(index, *made)


def _check_size(rows: Sequence[object]) -> None:
    if len(rows) > MAX_ROWS:
        raise InvalidInput(f"At most {MAX_ROWS} rows at a time, not {len(rows)}", field="input")
