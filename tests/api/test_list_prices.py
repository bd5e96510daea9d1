"""A list costs its read budget exactly if no index answers it: the schema's `@index` agrees with the planner."""

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib.api.graphql.execution import Prepared, prepare
from chalicelib.api.resolvers import customers, orders, products
from chalicelib.settings import settings
from chalicelib.store.pagination import Listing, Page, PageArgs
from tests.api.graphql_client import ask
from tests.builders import a_customer

EXAMPLES = 100 if os.environ.get("CRM_FULL_SIZE") else 40
PRODUCT = "prd_00000000000000000000000001"
CHANGED = ("2026-01-01T00:00:00Z", None)
ORDER_ARGUMENTS = {
    "orderBy": (
        ["orderDate"],
        ["-totalAmount"],
        ["-updatedAt"],
        ["order_date", "totalAmount"],
        [],
        "totalAmount",
        ["", "-order_date"],
    ),
    "totalAmountGte": ("1", None),
    "totalAmountLte": ("9", None),
    "orderDateAfter": ("2026-01-01", None),
    "orderDateBefore": ("2026-02-01", None),
    "productName": ("a", "", None),
    "productId": (PRODUCT, None),
    "status": ("PLACED", None),
}
LISTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "allCustomers": {
        "orderBy": (
            ["name"],
            ["-email"],
            ["phone"],
            ["created_at"],
            ["updatedAt"],
            ["name", "name"],
            ["name", "-email"],
            None,
        ),
        "name": ("a", "", None),
        "email": ("a", None),
        "createdAtGte": ("2026-01-01", None),
        "createdAtLte": ("2026-01-01", None),
        "updatedAfter": CHANGED,
        "phoneStartsWith": ("+1", "", None),
    },
    "allProducts": {
        "orderBy": (["name"], ["-price"], ["stock"], ["updated_at"], ["stock", "name"], None),
        "name": ("a", "", None),
        "priceGte": ("1", None),
        "priceLte": ("9", None),
        "stockGte": (0, None),
        "stockLte": (9, None),
        "lowStock": (True, False, None),
        "updatedAfter": CHANGED,
    },
    "allOrders": ORDER_ARGUMENTS | {"customerName": ("a", "", None), "updatedAfter": CHANGED},
    "orders": ORDER_ARGUMENTS,
}
TYPES = {
    "orderBy": "[String]",
    "productId": "ID",
    "status": "OrderStatus",
    "lowStock": "Boolean",
    "updatedAfter": "DateTime",
}


def type_of(argument: str) -> str:
    for words, kind in ((("totalAmount", "price"), "Decimal"), (("Date", "createdAt"), "Date"), (("stock",), "Int")):
        if argument not in TYPES and any(word in argument for word in words):
            return kind
    return TYPES.get(argument, "String")


def document_of(name: str, arguments: list[str], customer_id: str) -> str:
    given = ", ".join(f"{argument}: ${argument}" for argument in arguments)
    field = f"{name}({given}, first: 1) {{ edges {{ cursor }} }}"
    body = f'customer(id: "{customer_id}") {{ {field} }}' if name == "orders" else field
    return f"query ({', '.join(f'${argument}: {type_of(argument)}' for argument in arguments)}) {{ {body} }}"


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_its_read_budget_if_no_index_answers_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id = a_customer().id
    seen: list[Listing[Any]] = []

    def read(listing: Listing[Any], _args: PageArgs) -> Page[Any]:
        seen.append(listing)
        return Page(listing=listing, edges=[], has_next=False, has_previous=False, start=None, end=None)

    for module in (customers, orders, products):
        monkeypatch.setattr(module, "read_page", read)
    choices = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in LISTS[name].items()})

    @hypothesis_settings(max_examples=EXAMPLES, derandomize=True)
    @given(choices.filter(bool))
    def compare(variables: dict[str, Any]) -> None:
        document = document_of(name, list(variables), customer_id)
        prepared = prepare(document)
        assert isinstance(prepared, Prepared), prepared.errors
        operation = prepared.operation()
        assert operation
        cost = prepared.prices.of(operation, variables).cost
        ask(document, **variables).ok()
        is_indexed = seen[-1].exact and not seen[-1].tie_breakers
        assert (cost < settings.read_budget) == is_indexed, (document, variables, cost)

    compare()
