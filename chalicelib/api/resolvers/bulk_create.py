"""Bulk creation: good rows are kept, each other row has its own error."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from chalicelib.api.graphql.error_format import describe
from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.customers import new_customer
from chalicelib.api.resolvers.products import new_product
from chalicelib.crm import customers, imported_orders, products, text, unique_values
from chalicelib.crm.imported_orders import ImportedLine, ImportedOrder
from chalicelib.errors import InvalidInput, UnknownCustomer, UnknownProducts, result_or_error
from chalicelib.store import ids

MAX_ROWS = 100
_Rows = Sequence[Mapping[str, Any] | None]
_Made: TypeAlias = tuple[Any, bool]
"""A row, and whether it is new."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one row: what was made of it, or why not."""

    index: int
    row: Any = None
    created: bool = False
    error: dict[str, str | None] | None = None


def create_customers(_root: Any, _info: Info, input: _Rows) -> dict[str, Any]:  # noqa: A002
    return _payload("customer", _each(input, new_customer))


def create_products(_root: Any, _info: Info, input: _Rows) -> dict[str, Any]:  # noqa: A002
    return _payload("product", _each(input, new_product))


def create_orders(_root: Any, _info: Info, input: _Rows) -> dict[str, Any]:  # noqa: A002
    _check_size(input)
    rows = [row for row in input if row is not None]
    emails = unique_values.owners_of(unique_values.EMAIL, (text.normalize(row["customerEmail"]) for row in rows))
    skus = unique_values.owners_of(
        unique_values.SKU, (text.normalize(line["sku"]) for row in rows for line in row["lines"])
    )
    customers_by_id = customers.find_all(emails.values(), consistent=True)
    products_by_id = products.find_all(skus.values(), consistent=True)

    def past_order(row: Mapping[str, Any] | None) -> ImportedOrder:
        # First: carried out again, each row gets the id that it had, whatever became of others.
        order_id = ids.new_id(ids.ORDER)
        row = _present(row)
        person = customers_by_id.get(emails.get(text.normalize(row["customerEmail"]), ""))
        if person is None:
            raise UnknownCustomer(f"There is no customer {row['customerEmail']!r}", field="customerEmail")
        lines = [(products_by_id.get(skus.get(text.normalize(line["sku"]), "")), line) for line in row["lines"]]
        unknown = [line["sku"] for product, line in lines if product is None]
        if unknown:
            raise UnknownProducts(f"There is no product {', '.join(map(repr, unknown[:10]))}", field="sku")
        past = tuple(ImportedLine(product, line["quantity"], line["unitPrice"]) for product, line in lines if product)
        return ImportedOrder(row["reference"], person, row["orderDate"], past, order_id)

    found = [result_or_error(past_order, row) for row in input]
    recorded = iter(imported_orders.record_all([one for one in found if isinstance(one, ImportedOrder)]))
    return _payload("order", [next(recorded) if isinstance(one, ImportedOrder) else one for one in found])


def _each(rows: _Rows, create: Callable[[Mapping[str, Any]], Any]) -> list[_Made | Exception]:
    _check_size(rows)
    return [result_or_error(lambda row: (create(_present(row)), True), row) for row in rows]


def _present(row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if row is None:
        raise InvalidInput("The row is null")
    return row


def _result(index: int, made: _Made | Exception) -> Result:
    if isinstance(made, Exception):
        return Result(index, error=describe(made))
    return Result(index, *made)


def _payload(name: str, made: Iterable[_Made | Exception]) -> dict[str, Any]:
    results = [_result(index, one) for index, one in enumerate(made)]
    return {
        f"{name}s": [result.row for result in results if result.row],
        "errors": [f"Row {result.index + 1}: {result.error['message']}" for result in results if result.error],
        "results": [
            {"index": result.index, name: result.row, "created": result.created, "error": result.error}
            for result in results
        ],
    }


def _check_size(rows: _Rows) -> None:
    if len(rows) > MAX_ROWS:
        raise InvalidInput(f"At most {MAX_ROWS} rows at a time, not {len(rows)}", field="input")
