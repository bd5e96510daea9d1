"""updateLowStockProducts without ids restocks 500 products per request, and says how to go on."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.api.resolvers import products as resolvers
from chalicelib.crm import product_rows, stock
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.api.graphql_client import ask
from tests.builders import a_product, rows_of

RESTOCK = """mutation ($slot: DateTime, $after: String) { updateLowStockProducts(slot: $slot, after: $after) {
  products { id } restocked { stock } message slot endCursor } }"""


def fill(count: int) -> None:
    product = a_product(stock=3)
    with tables.Product.batch_write() as batch:
        for number in range(1, count):
            batch.save(product_rows.to_row(replace(product, id=f"prd_{number:026d}", stock=number % 9)))


def restock(slot: str | None = None, after: str | None = None) -> dict[str, Any]:
    payload: dict[str, Any] = ask(RESTOCK, slot=slot, after=after).data["updateLowStockProducts"]
    return payload


def test_up_to_500_products_get_the_answer_of_old() -> None:
    fill(500)
    answer = restock()
    assert (len(answer["products"]), answer["message"], answer["endCursor"]) == (500, "500 products restocked", None)


def test_beyond_500_the_answer_says_how_to_go_on() -> None:
    fill(503)
    first = restock()
    assert len(first["restocked"]) == 500
    assert first["message"].startswith(
        "500 products restocked. More products are low: send the mutation again with slot "
    )
    assert first["message"].endswith(" and with endCursor as after")
    rest = restock(slot=first["slot"], after=first["endCursor"])
    assert (len(rest["restocked"]), rest["message"], rest["endCursor"]) == (3, "3 products restocked", None)
    assert all(int(row["stock"]["N"]) >= settings.low_stock_threshold for row in rows_of(tables.Product).values())


def test_products_that_stay_low_are_restocked_once_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a small amount they come again behind the cursor."""
    monkeypatch.setattr(resolvers, "MAX_PAGE_SIZE", 5)
    monkeypatch.setattr(resolvers, "MAX_RESTOCKED", 10)
    monkeypatch.setattr(stock, "settings", replace(settings, restock_amount=2))
    fill(33)
    before = {key: int(row["stock"]["N"]) for key, row in rows_of(tables.Product).items()}
    answers = [restock()]
    while answers[-1]["endCursor"]:
        answers.append(restock(slot=answers[0]["slot"], after=answers[-1]["endCursor"]))
        assert len(answers) < 20
    assert sum(len(answer["restocked"]) for answer in answers) == 33
    assert {key: int(row["stock"]["N"]) - before[key] for key, row in rows_of(tables.Product).items()} == dict.fromkeys(
        before, 2
    )


def test_ids_and_after_exclude_each_other() -> None:
    reply = ask('mutation { updateLowStockProducts(ids: ["x"], after: "x") { message } }')
    assert (reply.code, reply.error["extensions"]["field"]) == ("INVALID_INPUT", "after")
