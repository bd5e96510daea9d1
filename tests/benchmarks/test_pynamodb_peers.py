"""What the peers on pynamodb share, in moto: their rows are ours, orders take stock or fail whole, and keys are checked.

The servers of the peers are in their own environments. The benchmark itself compares all of their answers with ours.
"""

import hashlib
from collections.abc import Iterator

import pytest
from pynamodb.exceptions import TransactWriteError

from benchmarks.peers import dynamodb_calls, pynamodb_crm, pynamodb_models
from benchmarks.peers.company import Company, sample_company
from benchmarks.peers.dictionaries import begin
from benchmarks.peers.key_check import OK, TOO_MANY, UNAUTHORIZED, KeyCheck
from benchmarks.peers.operations import OPERATIONS
from benchmarks.peers.pynamodb_models import ApiKey, Customer, Order, Product
from benchmarks.peers.worker import asked

pytestmark = pytest.mark.moto


@pytest.fixture
def company() -> Iterator[Company]:
    made = sample_company(3, 4, 5)
    pynamodb_models.create_tables(made)
    yield made
    for table in (Customer, Product, Order, ApiKey):
        table.delete_table()


def test_their_rows_are_those_of_the_floor(company: Company) -> None:
    page = pynamodb_crm.read_page(3, ["-orderDate"])
    customers = pynamodb_crm.customers_by_id(order.customer_id for order in page.orders)
    products = pynamodb_crm.products_by_id(line["product_id"] for order in page.orders for line in order.lines)
    expected = asked(begin(company), OPERATIONS[0].body(company))[1]["allOrders"]["edges"][:3]
    assert [
        {
            "id": order.id,
            "orderDate": order.order_date,
            "totalAmount": str(pynamodb_crm.amount(order.total_cents)),
            "customer": {name: getattr(customers[order.customer_id], name) for name in ("id", "name", "email")},
            "products": [
                {"id": row.id, "name": row.name, "price": str(pynamodb_crm.amount(row.cents))}
                for row in (products[line["product_id"]] for line in order.lines)
            ],
        }
        for order in page.orders
    ] == [edge["node"] for edge in expected]
    assert page.has_next_page
    assert not pynamodb_crm.read_page(100, ["orderDate"]).has_next_page
    found = pynamodb_crm.find_by_email(company["customers"][1]["email"])
    assert found is not None
    assert found.id == company["customers"][1]["id"]
    assert pynamodb_crm.find_by_email("nobody@example.com") is None


def test_an_order_takes_its_stock_in_three_calls_or_is_not_placed_at_all(company: Company) -> None:
    first, second = (row["id"] for row in company["products"][:2])
    before = Product.get(first).stock
    with dynamodb_calls.counted() as operations:
        placed = pynamodb_crm.place_order(company["customers"][0]["id"], {first: 2, second: 1})
    assert operations == ["GetItem", "BatchGetItem", "TransactWriteItems"]
    assert Order.get(placed.order.id).total_cents == 2 * 500 + 525
    assert Product.get(first).stock == before - 2
    with pytest.raises(TransactWriteError):
        pynamodb_crm.place_order(company["customers"][0]["id"], {first: 1, second: 10**9})
    assert Product.get(first).stock == before - 2
    assert Order.count() == 6


def test_a_key_is_checked_by_its_hash_and_limited_on_its_row(company: Company) -> None:
    key, key_id = company["api_key"]["key"], company["api_key"]["id"]
    status = pynamodb_crm.KEYS.status
    assert status(f"Bearer {key}") == OK
    with dynamodb_calls.counted() as operations:
        assert status(f"Bearer {key}") == OK
    assert set(operations) == {"UpdateItem"}
    for wrong in ("", "Bearer", f"Bearer {key}x", "Bearer crm_000000000000_secret", key):
        assert status(wrong) == UNAUTHORIZED, wrong
    ApiKey(key_id).update([ApiKey.full_until.set(2**60)])
    assert status(f"Bearer {key}") == TOO_MANY


def test_a_hash_is_read_again_after_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    now = [100.0]

    def find(key_id: str) -> str:
        reads.append(key_id)
        return hashlib.sha256(b"secret").hexdigest()

    monkeypatch.setattr("time.monotonic", lambda: now[0])
    check = KeyCheck(find, lambda _key_id, _now: True)
    for seconds in (0, 9, 2):
        now[0] += seconds
        assert check.status("Bearer crm_one_secret") == OK
    assert reads == ["one", "one"]
