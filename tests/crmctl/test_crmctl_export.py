"""`crmctl export` writes files that `crmctl import` takes, page by page, and never half a file."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chalicelib.api.graphql import loaders
from chalicelib.api.http import endpoint
from chalicelib.crm import cancellation, customers, deleted_customers, imported_orders, money, orders, products
from chalicelib.settings import settings
from chalicelib.store import tables
from crmctl import paging
from crmctl.cli import main
from crmctl.export_rows import EXPORTS
from tests.builders import a_customer, a_past_order, a_product, moment, rows_of, time_is
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, responds
from tests.database import empty_tables

HOSTILE = ('Ann "the, one" Lee', "=1+1", "Zoë\u00a0Müller", "山田太郎", "O'Neil; Ltd.", "'quoted'")


def a_shop() -> None:
    people = [
        a_customer(
            name,
            f"c{number}@example.com",
            phone=(None, "+49 30 123456")[number % 2],
            created_at=moment("2024-02-29T10:00:00"),
            phone_note=("\u00bd ask, Anna", None)[number % 2],
        )
        for number, name in enumerate(HOSTILE)
    ]
    goods = [a_product(name, "1234.50", stock=number, sku=f"S-{number}") for number, name in enumerate(HOSTILE)]
    imported_orders.record(
        a_past_order(
            people[0], (goods[0], 2, "9.99"), (goods[1], -1, "0"), (goods[0], 1, "9.99"), reference="INV, 1",
            adjustments=(("DISCOUNT", Decimal("-1.50")), ("SHIPPING", Decimal("4.90"))),
        )
    )  # fmt: skip
    imported_orders.record(
        a_past_order(
            people[0], reference="INV, 1-refund", date=moment("2025-04-01T10:00:00"),
            adjustments=(("REFUND", Decimal("-9.99")),),
        )
    )  # fmt: skip
    orders.place(people[1].id, {goods[5].id: 2})
    cancellation.cancel(orders.place(people[2].id, {goods[4].id: 1}).order.id)


def content() -> dict[str, list[Any]]:
    """Return what people see, without what an import makes anew."""
    people = {row["id"]["S"]: customers.load(row) for row in rows_of(tables.Customer).values()}
    goods = {row["id"]["S"]: products.load(row) for row in rows_of(tables.Product).values()}
    sold = [orders.load(row) for row in rows_of(tables.Order).values()]
    return {
        "customers": sorted(
            (row.name, row.email, row.phone or "", row.phone_note or "", row.created_at) for row in people.values()
        ),
        "products": sorted((row.sku or "", row.name, row.cents, row.stock) for row in goods.values()),
        "orders": sorted(
            (
                row.reference or row.id,
                people[row.customer_id].email,
                row.date,
                row.cents,
                sorted((goods[line.product_id].sku or "", line.quantity, line.cents) for line in row.lines),
                sorted((each.kind, each.cents) for each in row.adjustments),
            )
            for row in sold
            if row.status == "PLACED"
        ),
    }


def test_what_is_exported_can_be_imported_into_an_empty_stage(crm: ApiServer, tmp_path: Path) -> None:
    a_shop()
    before = content()
    directory = tmp_path / "export"
    directory.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "MAX_PAGE_SIZE", 2)
        for kind in ("customers", "products", "orders"):
            result = crm.crmctl("export", kind, "-o", str(directory / f"{kind}.csv"))
            assert result.exit_code == 0, result.output
    empty_tables()
    imported = crm.crmctl("import", str(directory))
    assert imported.exit_code == 0, imported.output
    assert content() == before


def some_orders_of_30_lines(count: int, names: int) -> None:
    """Import orders whose lines name so many products in turn."""
    ann, goods = a_customer("Ann", "ann@example.com"), [a_product(f"Thing {n}", sku=f"T-{n}") for n in range(names)]
    for number in range(count):
        lines = [(goods[(30 * number + line) % names], 1, "2") for line in range(30)]
        imported_orders.record(a_past_order(ann, *lines, reference=f"R-{number}"))


def test_pages_whose_answer_is_too_large_are_read_in_smaller_parts(
    crm: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of 100 orders with 540 lines each, which are 8 MB."""
    some_orders_of_30_lines(9, names=30)
    monkeypatch.setattr(endpoint, "MAX_RESPONSE_BYTES", 20_000)
    result = crm.crmctl("export", "orders")
    assert result.exit_code == 0, result.output
    written = Counter(row["order_ref"] for row in csv.DictReader(io.StringIO(result.stdout)))
    assert written == {f"R-{number}": 30 for number in range(9)}


def test_pages_that_name_too_many_products_are_read_in_smaller_parts(
    crm: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_orders_of_30_lines(6, names=180)
    monkeypatch.setattr(loaders, "settings", replace(settings, rows_per_request=150))
    result = crm.crmctl("export", "orders")
    assert result.exit_code == 0, result.output
    found = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["sku"] for row in found} == {f"T-{number}" for number in range(180)}
    assert Counter(row["order_ref"] for row in found) == {f"R-{number}": 30 for number in range(6)}


def test_an_order_that_is_too_large_alone_ends_the_export(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    some_orders_of_30_lines(1, names=30)
    monkeypatch.setattr(endpoint, "MAX_RESPONSE_BYTES", 2000)
    result = crm.crmctl("export", "orders")
    assert result.exit_code == 2
    assert "too large" in result.stderr


def test_json_has_all_fields_and_also_cancelled_orders(crm: ApiServer) -> None:
    a_shop()
    found = json.loads(crm.crmctl("export", "orders", "--format", "json", "--status", "any").stdout)
    assert [row["status"] for row in found].count("CANCELLED") == 1
    assert len(found) == 4
    cancelled = json.loads(crm.crmctl("export", "orders", "--format", "json", "--status", "cancelled").stdout)
    assert [row["status"] for row in cancelled] == ["CANCELLED"]
    assert json.loads(crm.crmctl("export", "products", "--format", "json", "--name", "nobody").stdout) == []


def test_filters_and_values_that_are_missing(crm: ApiServer) -> None:
    ann, lamp = a_customer("Ann", "ann@example.com"), a_product("Lamp")
    for day in ("2025-03-01T10:00:00", "2025-03-02T10:00:00"):
        imported_orders.record(a_past_order(ann, (lamp, 1, "2"), reference=day, date=moment(day)))
    deleted_customers.delete(ann.id)
    result = crm.crmctl("export", "orders", "--from", "2025-03-02", "--to", "2025-03-02")
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert (row["order_ref"], row["customer_email"], row["sku"]) == ("2025-03-02T10:00:00", "", lamp.id)
    assert Decimal(row["unit_price"]) == 2
    assert "1 of them have no e-mail address" in result.stderr
    assert row["currency"] == "USD"
    assert crm.crmctl("export", "customers").stdout == "name,email,phone,phone_note,created_at\n"


def test_amounts_have_their_currency_and_the_import_wants_it(
    crm: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(money, "settings", replace(settings, currency="EUR"))
    a_product("Lamp", "2.50", stock=1, sku="LAMP")
    file = tmp_path / "products.csv"
    assert crm.crmctl("export", "products", "-o", str(file)).exit_code == 0
    assert file.read_text() == "sku,name,price,stock,currency\nLAMP,Lamp,2.50,1,EUR\n"
    assert crm.crmctl("import", str(file), "--rejects", str(tmp_path)).exit_code == 0
    monkeypatch.setattr(money, "settings", replace(settings, currency="CHF"))
    refused = crm.crmctl("import", str(file), "--rejects", str(tmp_path))
    assert refused.exit_code == 2
    assert "has EUR, but the amounts of this CRM are in CHF" in " ".join(refused.stderr.split())


def test_what_was_changed_since_a_time_comes_in_the_order_of_the_changes(crm: ApiServer) -> None:
    with time_is("2026-11-20T10:00:00"):
        ann, bo, cy = (a_customer(name) for name in ("Ann", "Bo", "Cy"))
        lamp, desk = a_product("Lamp"), a_product("Desk")
        kept, cancelled = (orders.place(ann.id, {desk.id: 1}).order for _ in range(2))
    with time_is("2026-11-21T09:00:00"):
        customers.update(cy.id, {"name": "Cy B."})
    with time_is("2026-11-21T10:00:00"):
        customers.update(bo.id, {"name": "Bo B."})
        products.update(lamp.id, {"stock": 9})
        cancellation.cancel(cancelled.id)

    def found(kind: str, *more: str) -> list[str]:
        words = ("export", kind, "--format", "json", "--updated-after", "2026-11-21", *more)
        return [row["id"] for row in json.loads(crm.crmctl(*words).stdout)]

    assert found("customers") == [cy.id, bo.id]
    assert found("products") == [lamp.id]
    assert (found("orders"), found("orders", "--status", "any")) == ([], [cancelled.id])
    assert found("orders", "--status", "any", "--updated-after", "2026-11-20") == [kept.id, cancelled.id]


@pytest.mark.parametrize("words", [("products", "--from", "2025-01-01"), ("orders", "--status", "any")])
def test_what_a_file_cannot_hold_is_refused(crm: ApiServer, words: tuple[str, ...]) -> None:
    result = crm.crmctl("export", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert crm.requests == []


def test_an_export_that_fails_leaves_the_file_as_it_was(api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("before")
    page = {
        "edges": [
            {"node": {"id": "1", "name": "Ann", "email": "a@b.c", "phone": None, "phoneNote": None, "createdAt": ""}}
        ]
    }
    first = {**page, "pageInfo": {"hasNextPage": True, "endCursor": "next"}}
    api.faults.extend([responds(200, json.dumps({"data": {"list": first}})), responds(404)])
    result = CliRunner().invoke(main, ["export", "customers", "-o", str(file), "--url", api.url])
    assert result.exit_code == 2
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.no_database
def test_no_amount_of_an_order_is_lost() -> None:
    node: dict[str, Any] = {
        "id": "ord_1", "reference": "T-1", "orderDate": "2024-05-01", "customer": {"email": "ann@example.com"}, "lines": [],
        "adjustments": [{"kind": "TAX", "amount": "1.10"}, {"kind": "TAX", "amount": "2.20"}, {"kind": "REFUND", "amount": "-1"}],
    }  # fmt: skip
    own = {"order_ref": "T-1", "customer_email": "ann@example.com", "order_date": "2024-05-01"}
    assert list(EXPORTS["orders"].to_cells(node)) == [{**own, "tax": "3.30", "rounding": "-1"}]
    # `CN-2-refund` would be another order.
    alone = {**node, "reference": "CN-2", "adjustments": node["adjustments"][2:]}
    assert list(EXPORTS["orders"].to_cells(alone)) == [{**own, "order_ref": "CN-2", "rounding": "-1"}]
