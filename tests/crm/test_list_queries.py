"""List queries: the index each one uses, what it costs, and invalid arguments."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.api.graphql.schema import schema
from chalicelib.crm import customers, deleted_customers, imported_orders, orders, products
from chalicelib.crm.imported_orders import ImportedLine, ImportedOrder
from chalicelib.crm.list_filters import CustomerFilter, OrderFilter, ProductFilter
from chalicelib.crm.list_queries import list_customers, list_inactive, list_orders, list_products
from chalicelib.errors import InvalidCursor, InvalidInput
from chalicelib.store import ids
from chalicelib.store.index_scan import count
from chalicelib.store.pagination import PageArgs, read_page
from tests.as_operator import execute
from tests.crm.crm_data import Filter, list_any
from tests.metering import metered

DAY = date(2026, 3, 1)
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRODUCT = ids.new_id(ids.PRODUCT)


@pytest.mark.parametrize(
    ("wanted", "order_by", "range_name", "exact"),
    [
        (CustomerFilter(), None, "created_k", True),
        (CustomerFilter(created_from=DAY), None, "created_k", True),
        (CustomerFilter(phone_prefix="555"), None, "phone_k", True),
        (CustomerFilter(phone_prefix="+49555"), None, "phone_k", False),
        (CustomerFilter(phone_prefix="555", created_from=DAY), None, "phone_k", False),
        (CustomerFilter(name="a"), None, "created_k", False),
        (CustomerFilter(created_from=DAY), "name", "name_k", False),
        (CustomerFilter(email=""), "email", "sk", True),
        (CustomerFilter(), "-updatedAt", "updated_k", True),
        (CustomerFilter(updated_after=MOMENT), None, "updated_k", True),
        (CustomerFilter(updated_after=MOMENT), "createdAt", "created_k", False),
        (CustomerFilter(updated_after=MOMENT, name="a"), None, "updated_k", False),
        (CustomerFilter(updated_after=MOMENT, phone_prefix="555"), None, "phone_k", False),
        (ProductFilter(), None, "name_k", True),
        (ProductFilter(updated_after=MOMENT), None, "updated_k", True),
        (ProductFilter(updated_after=MOMENT, stock_to=9), None, "stock", False),
        (ProductFilter(cents_from=1), None, "price_k", True),
        (ProductFilter(stock_to=9), None, "stock", True),
        (ProductFilter(stock_to=9, cents_to=5), None, "stock", False),
        (ProductFilter(stock_to=9), "-price", "price_k", False),
        (OrderFilter(), None, "date_k", True),
        (OrderFilter(date_from=DAY), None, "date_k", True),
        (OrderFilter(cents_from=1), None, "total_k", True),
        (OrderFilter(cents_from=1, date_from=DAY), None, "date_k", False),
        (OrderFilter(updated_after=MOMENT), None, "updated_k", True),
        (OrderFilter(updated_after=MOMENT, status="PLACED"), None, "updated_k", False),
        (OrderFilter(updated_after=MOMENT, customer_id="cus_1"), None, "date_k", False),
        (OrderFilter(customer_id="cus_1"), None, "date_k", True),
        (OrderFilter(customer_id="cus_1", date_to=DAY), None, "date_k", True),
        (OrderFilter(customer_id="cus_1"), "totalAmount", "total_k", False),
        (OrderFilter(product_id=PRODUCT, date_to=DAY), None, "date_k", True),
        (OrderFilter(customer_id="cus_1", product_id=PRODUCT), None, "date_k", False),
        (OrderFilter(customer_name="a"), None, "date_k", False),
        (OrderFilter(product_name="a"), None, "date_k", False),
    ],
)
def test_the_index_follows_the_order_then_the_narrowest_condition(
    wanted: Filter, order_by: str | None, range_name: str, *, exact: bool
) -> None:
    listing = list_any(wanted, [order_by] if order_by else [])
    assert (listing.index_range.range_name, listing.exact) == (range_name, exact)


def test_orders_of_a_customer_or_product_are_in_one_shard() -> None:
    assert list_orders(OrderFilter(customer_id="cus_1", product_id=PRODUCT)).index_range.shards == ("cus_1",)
    assert list_orders(OrderFilter(product_id=PRODUCT)).index_range.shards == (PRODUCT,)


@pytest.mark.parametrize("product_id", ["", "no id", "cus_01HZXW7M0QJ4Z5T9V8K3N2P1R0", "x" * 3000])
def test_an_invalid_product_id_has_no_orders(product_id: str) -> None:
    with metered() as meter:
        assert read_page(list_orders(OrderFilter(product_id=product_id)), PageArgs()).edges == []
    assert meter.total_calls == 0


@pytest.mark.parametrize("prefix", ["abc", "-", " ", "1" * 41])
def test_an_impossible_phone_prefix_is_invalid(prefix: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        list_customers(CustomerFilter(phone_prefix=prefix))
    assert refused.value.field == "phone_starts_with"


@pytest.mark.parametrize("order_by", ["nothing", "-", "--name", "NAME ", "id", "created__at"])
def test_an_unknown_field_to_order_by_is_an_error_that_lists_the_fields(order_by: str) -> None:
    with pytest.raises(InvalidInput, match="Use one of createdAt, name, email, phone, updatedAt") as refused:
        list_customers(CustomerFilter(), [order_by])
    assert refused.value.field == "order_by"


@pytest.mark.parametrize("order_by", ["-createdAt", "-created_at"])
def test_fields_can_be_written_in_camel_case_or_snake_case(order_by: str) -> None:
    listing = list_customers(CustomerFilter(), [order_by])
    assert (listing.index_range.range_name, listing.descending) == ("created_k", True)


def test_empty_fields_to_order_by_are_ignored() -> None:
    assert list_products(ProductFilter(), [None, ""]).index_range == list_products(ProductFilter()).index_range


def test_inactive_customers_are_listed_by_one_index_the_longest_inactive_first() -> None:
    days = ("2024-05-05", "2020-01-01", "2025-11-22", "2025-11-21")
    made = {day: customers.create("Ann", f"{day}@example.com", None, _noon(day), added_at=_noon(day)) for day in days}
    listing = list_inactive(date(2025, 11, 22))
    assert (listing.index_range.range_name, listing.exact, len(listing.index_range.shards)) == ("act_k", True, 16)
    found = [edge.node.id for edge in read_page(listing, PageArgs()).edges]
    assert found == [made[day].id for day in sorted(days)[:3]]
    assert count(listing.index_range) == 3
    assert count(list_inactive(date(2020, 1, 1)).index_range) == 0
    assert count(list_inactive(date(2020, 1, 2)).index_range) == 1


def test_customers_who_order_or_are_restored_are_active_again() -> None:
    ann = customers.create("Ann", "ann@example.com", None, _noon("2020-01-01"), added_at=_noon("2020-01-01"))
    bob = customers.create("Bob", "bob@example.com", None, _noon("2020-01-01"), added_at=_noon("2020-01-01"))
    deleted_customers.delete(bob.id)
    deleted_customers.restore(bob.id)
    orders.place(ann.id, {products.create("Lamp", Decimal(5), 10).id: 1}, _noon("2024-01-01"))
    assert count(list_inactive(date(2024, 1, 1)).index_range) == 0
    assert [edge.node.id for edge in read_page(list_inactive(date(2024, 1, 2)), PageArgs()).edges] == [ann.id]


def test_a_cursor_of_inactive_customers_is_bound_to_the_day() -> None:
    for number in range(3):
        customers.create("Ann", f"a{number}@example.com", None, _noon("2020-01-01"), added_at=_noon("2020-01-01"))
    page = read_page(list_inactive(date(2021, 1, 1)), PageArgs(first=1))
    assert page.has_next
    with pytest.raises(InvalidCursor):
        read_page(list_inactive(date(2021, 1, 2)), PageArgs(after=page.end_cursor))
    deleted_customers.delete(page.edges[0].node.id)
    rest = read_page(list_inactive(date(2021, 1, 1)), PageArgs(after=page.end_cursor))
    assert len(rest.edges) == 2


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def test_rows_are_tested_as_they_are_now_not_as_the_index_has_them() -> None:
    product = products.create("Lamp", Decimal(5), 3)
    listing = list_products(ProductFilter(stock_to=9))
    stale = replace(listing, fetch=lambda wanted: {key: replace(product, stock=10) for key in wanted})
    assert [edge.node for edge in read_page(listing, PageArgs()).edges] == [product]
    assert read_page(stale, PageArgs()).edges == []


def test_a_cursor_stays_valid_after_its_row_is_deleted() -> None:
    made = [products.create(f"Lamp {number}", Decimal(5)) for number in range(4)]
    page = read_page(list_products(ProductFilter()), PageArgs(first=2))
    products.delete(page.edges[-1].node.id)
    following = read_page(list_products(ProductFilter()), PageArgs(first=2, after=page.end_cursor))
    assert [edge.node for edge in following.edges] == made[2:]


def test_orders_of_a_deleted_customer_match_no_customer_name() -> None:
    past = _past_orders(1)[0]
    listing = list_orders(OrderFilter(customer_name="ann"))
    assert len(read_page(listing, PageArgs()).edges) == 1
    deleted_customers.delete(past.customer_id)
    assert read_page(list_orders(OrderFilter(customer_name="ann")), PageArgs()).edges == []


def test_a_page_of_100_orders_with_customers_and_products_takes_four_calls() -> None:
    _past_orders(103)
    document = "{ allOrders(first: 100) { edges { node { id totalAmount customer { name } products { name } } } } }"
    with metered() as meter:
        answer = execute(document)
    assert "errors" not in answer
    edges = answer["data"]["allOrders"]["edges"]
    assert len(edges) == 100
    assert all(edge["node"]["customer"]["name"] == "Ann" and edge["node"]["products"] for edge in edges)
    assert meter.calls == {"Query": 1, "BatchGetItem": 3}


@pytest.mark.parametrize(
    ("wanted", "size", "batches"),
    [
        (OrderFilter(status="PLACED"), 100, [100, 1]),
        (OrderFilter(status="PLACED"), 5, [6]),
        (OrderFilter(status="CANCELLED"), 5, [6, 12, 24, 48, 13]),
        (OrderFilter(status="CANCELLED"), 100, [100, 3]),
    ],
)
def test_a_page_without_an_index_reads_few_rows_beyond_its_own(
    wanted: OrderFilter, size: int, batches: list[int]
) -> None:
    _past_orders(103)
    listing, asked = list_orders(wanted), list[int]()

    def fetch(order_ids: Iterable[str]) -> dict[str, orders.Order]:
        some = list(order_ids)
        asked.append(len(some))
        return listing.fetch(some)

    with metered() as meter:
        read_page(replace(listing, fetch=fetch), PageArgs(first=size))
    assert [count for count in asked if count] == batches
    assert meter.calls["Query"] <= 2


@pytest.mark.parametrize("field", ["id", "cursor"])
def test_cursors_cost_a_read_only_if_they_are_selected(field: str) -> None:
    products.create("Lamp", Decimal(5))
    inner = "node { id }" if field == "id" else "cursor"
    with metered() as meter:
        execute(f"{{ allProducts {{ edges {{ {inner} }} }} }}")
    assert meter.calls["GetItem"] == (0 if field == "id" else 1)  # the very first cursor makes the secret


def test_no_list_of_the_api_scans_a_table() -> None:
    customer_id = _past_orders(3)[0].customer_id
    with metered() as meter:
        for document in _list_documents(customer_id):
            answer = execute(document)
            assert "errors" not in answer, (document, answer)
    assert meter.calls["Query"] > 100
    assert meter.calls["Scan"] == 0


def _list_documents(customer_id: str) -> list[str]:
    """Each list field of the API: bare, by each argument, and by each argument in each order."""
    queries = schema().query_type
    customer_type: Any = schema().type_map["Customer"]
    assert queries is not None
    wrappers = [(name, field, "{ %s }") for name, field in queries.fields.items()]
    wrappers.append(("orders", customer_type.fields["orders"], f'{{ customer(id: "{customer_id}") {{ %s }} }}'))
    documents = []
    for name, field, wrapper in wrappers:
        kind = str(field.type)
        if kind.startswith("["):
            documents.append(wrapper % f"{name} {{ {_a_field(kind)} }}")
        elif "Connection" in kind:
            inner = f"{{ pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {{ {_a_field(kind)} }} }} }}"
            calls = _arguments(field, kind)
            documents += [wrapper % f"{name}{arguments} {inner}" for arguments in calls]
    return documents


def _a_field(kind: str) -> str:
    return {
        "SearchConnection": "... on Node { id }",
        "JobRunConnection": "slot",
        "ReportConnection": "period",
        "[Job!]!": "name",
        "[UptimeHour!]!": "hour",
    }.get(kind, "id")


def _arguments(field: Any, kind: str) -> list[str]:
    samples = {
        "OrderStatus": "PLACED",
        "RunStatus": "FAILED",
        "RunTrigger": "SCHEDULE",
        "DateTime": '"2026-03-01T00:00:00Z"',
        "[SearchKind!]": "CUSTOMER",
        "String": '"a"',
        "Int": "5",
        "Boolean": "true",
        "Decimal": '"5"',
        "Date": '"2026-03-01"',
        "ID": f'"{PRODUCT}"',
    }
    fields = {"Customer": ("createdAt", "email", "name", "phone"), "Product": ("name", "price", "stock")}
    orders_by = fields.get(kind.removesuffix("!").removesuffix("Connection"), ("orderDate", "totalAmount"))
    required = [f'{name}: "heartbeat"' for name, argument in field.args.items() if str(argument.type) == "String!"]
    filters = [""]
    for name, argument in field.args.items():
        if str(argument.type) != "String!" and name not in {"before", "after", "last", "orderBy"}:
            value = '"555"' if name == "phoneStartsWith" else samples[str(argument.type)]
            filters.append(f"{name}: {value}")
    ordered = [f'orderBy: "{sign}{by}"' for by in orders_by for sign in ("", "-")] if "orderBy" in field.args else []
    backwards = ["last: 3"] if "last" in field.args else []
    parts = [" ".join([*required, part]) for part in [*filters, *backwards]]
    everything = [f"{part} {order}".strip() for part in parts for order in ["", *ordered]]
    return [f"({inside})" if inside else "" for inside in everything]


def _past_orders(count: int) -> list[orders.Order]:
    customer = customers.create("Ann", "ann@example.com")
    product = products.create("Lamp", Decimal(5), 10)
    line = (ImportedLine(product, 1, Decimal(5)),)
    moments = [MOMENT + timedelta(minutes=number) for number in range(count)]
    past = [
        ImportedOrder(reference=f"R{number}", customer=customer, date=moment, lines=line)
        for number, moment in enumerate(moments)
    ]
    return [imported_orders.record(order)[0] for order in past]
