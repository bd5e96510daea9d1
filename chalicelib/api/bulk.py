"""Bulk creation: good rows are kept, each other row has its own error."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.api.context import Info
from chalicelib.api.faults import describe
from chalicelib.api.mutations import new_customer, new_product
from chalicelib.crm import claims, customers, history, products, text
from chalicelib.crm.history import PastLine, PastOrder
from chalicelib.errors import InvalidInput, UnknownCustomer, UnknownProducts

MOST_ROWS = 100
_Rows = Sequence[Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Result:
    """Of one row: what was made of it, or why not."""

    index: int
    row: Any = None
    created: bool = False
    error: dict[str, str | None] | None = None


def create_customers(_root: Any, _info: Info, input: _Rows) -> dict[str, Any]:  # noqa: A002
    return _payload("customer", _each(input, lambda row: (new_customer(row), True)))


def create_products(_root: Any, _info: Info, input: _Rows) -> dict[str, Any]:  # noqa: A002
    return _payload("product", _each(input, lambda row: (new_product(row), True)))


def create_orders(_root: Any, _info: Info, input: _Rows) -> dict[str, Any]:  # noqa: A002
    _check_size(input)
    rows = [row for row in input if row is not None]
    emails = claims.owners_of(claims.EMAIL, (text.fold(row["customerEmail"]) for row in rows))
    skus = claims.owners_of(claims.SKU, (text.fold(line["sku"]) for row in rows for line in row["lines"]))
    people = customers.find_all(emails.values(), consistent=True)
    goods = products.find_all(skus.values(), consistent=True)

    def record(row: Mapping[str, Any]) -> tuple[Any, bool]:
        person = people.get(emails.get(text.fold(row["customerEmail"]), ""))
        if person is None:
            raise UnknownCustomer(f"There is no customer {row['customerEmail']!r}", field="customerEmail")
        lines = [(goods.get(skus.get(text.fold(line["sku"]), "")), line) for line in row["lines"]]
        unknown = [line["sku"] for product, line in lines if product is None]
        if unknown:
            raise UnknownProducts(f"There is no product {', '.join(map(repr, unknown[:10]))}", field="sku")
        past = tuple(PastLine(product, line["quantity"], line["unitPrice"]) for product, line in lines if product)
        return history.record(PastOrder(row["reference"], person, row["orderDate"], past))

    return _payload("order", _each(input, record))


def _each(rows: _Rows, create: Callable[[Mapping[str, Any]], tuple[Any, bool]]) -> list[Result]:
    _check_size(rows)
    return [_one(index, row, create) for index, row in enumerate(rows)]


def _one(index: int, row: Mapping[str, Any] | None, create: Callable[[Mapping[str, Any]], tuple[Any, bool]]) -> Result:
    try:
        if row is None:
            raise InvalidInput("The row is null")  # noqa: TRY301 - answered like any other bad row
        made, created = create(row)
    except Exception as error:  # noqa: BLE001 - one row's failure, whatever it is, must not hide what became of the others
        return Result(index, error=describe(error))
    return Result(index, made, created)


def _payload(name: str, results: list[Result]) -> dict[str, Any]:
    return {
        f"{name}s": [result.row for result in results if result.row],
        "errors": [f"Row {result.index + 1}: {result.error['message']}" for result in results if result.error],
        "results": [
            {"index": result.index, name: result.row, "created": result.created, "error": result.error}
            for result in results
        ],
    }


def _check_size(rows: _Rows) -> None:
    if len(rows) > MOST_ROWS:
        raise InvalidInput(f"At most {MOST_ROWS} rows at a time, not {len(rows)}", field="input")
