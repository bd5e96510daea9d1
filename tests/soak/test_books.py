"""Does the look at the books notice what is wrong? Clerks work in this process, and then a row is damaged."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.crm import counters, unique_values
from chalicelib.store import connection, tables
from tests.builders import rows_of
from tests.soak import books, order_changes
from tests.soak.clerk import Clerk
from tests.soak.client import Client
from tests.soak.journal import added_up
from tests.soak.shop import Shop
from tests.soak.traffic import ACTIONS

CLERKS, ROUNDS = 2, 3


class DirectClient(Client):
    """A client without HTTP, and without a key."""

    def _post(self, body: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        sent = {"content-type": "application/json", **{name.lower(): text for name, text in headers.items()}}
        answer = respond(Request("POST", sent, {}, json.dumps(body).encode()))
        response = requests.Response()
        response.status_code, response._content = answer.status, answer.body.encode()
        response.headers.update(answer.headers)
        return response


@pytest.fixture
def clerks() -> list[Clerk]:
    """Return clerks who have taken each action in turns, with a fixed seed."""
    stop, shop = threading.Event(), Shop()
    stop.set()  # nobody rests
    clerks = [Clerk(DirectClient(number, "", "", stop, 1), shop) for number in range(CLERKS)]
    shop.open(clerks[0].client, clerks[0].journal, customers=20, products=10)
    for _ in range(ROUNDS):
        for action in (order_changes.place_order, order_changes.place_order, *ACTIONS):
            for clerk in clerks:
                action(clerk)
    return clerks


def problems(clerks: list[Clerk]) -> list[str]:
    auditor = clerks[0].client
    return [*books.problems(auditor, added_up(clerk.journal for clerk in clerks)), *auditor.faults]


def change(table: Any, key: dict[str, str], **numbers: int) -> None:
    connection.client().update_item(
        TableName=table.Meta.table_name,
        Key={name: {"S": text} for name, text in key.items()},
        UpdateExpression="ADD " + ", ".join(f"{name} :{name}" for name in numbers),
        ExpressionAttributeValues={f":{name}": {"N": str(number)} for name, number in numbers.items()},
    )


def lose_order() -> None:
    key = next(iter(rows_of(tables.Order)))[0]
    connection.client().delete_item(TableName=tables.Order.Meta.table_name, Key={"id": {"S": key}})


def lose_claim() -> None:
    key = next(key for key in rows_of(tables.AuxRow) if key[0] == unique_values.EMAIL)
    connection.client().delete_item(
        TableName=tables.AuxRow.Meta.table_name, Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}}
    )


DAMAGES: dict[str, Callable[[], None]] = {
    "order": lose_order,
    "order's total": lambda: change(tables.Order, {"id": next(iter(rows_of(tables.Order)))[0]}, cents=1),
    "stock": lambda: change(tables.Product, {"id": next(iter(rows_of(tables.Product)))[0]}, stock=1),
    "customer's orders": lambda: change(tables.Customer, {"id": next(iter(rows_of(tables.Customer)))[0]}, orders=1),
    "day's total": lambda: change(tables.AuxRow, dict(zip(("pk", "sk"), a_counter(), strict=True)), cents=1),
    "e-mail address": lose_claim,
}


def a_counter() -> tuple[str, ...]:
    return next(key for key in rows_of(tables.AuxRow) if key[0].startswith(counters._PREFIX))


def test_the_books_are_exact_and_each_damage_is_noticed(clerks: list[Clerk]) -> None:
    assert [fault for clerk in clerks for fault in clerk.client.faults] == []
    answered = {kind for clerk in clerks for kind in clerk.client.answered}
    assert {"place order", "refund order", "cancel order", "merge customers", "undo merge", "import orders"} <= answered
    found = problems(clerks)
    assert found == []
    for what, damage in DAMAGES.items():
        damage()
        before, found = found, problems(clerks)
        assert set(found) - set(before), what
