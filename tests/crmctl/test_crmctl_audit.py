"""`crmctl audit`, against the real API."""

import json
import re

import pytest
from click.testing import CliRunner

from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql.execution import execute
from chalicelib.crm import orders
from crmctl import tables
from crmctl.audit_log import COLUMNS
from tests.builders import a_customer, a_product
from tests.crmctl.api_server import ApiServer

ANN = Caller("0123456789ab", "Ann (0123456789ab)", Role.OPERATOR)


def change(document: str, row_id: str) -> None:
    answer = execute(document, {"id": row_id}, ANN)
    assert "errors" not in answer, answer


def test_the_log_shows_who_changed_what_from_what_to_what_and_why(crm: ApiServer) -> None:
    customer, product = a_customer("Ann Lee"), a_product(stock=5)
    change(
        'mutation ($id: ID!) { updateCustomer(id: $id, input: {phone: "+1 555 0100 200"}) { customer { id } } }',
        customer.id,
    )
    change(
        'mutation ($id: ID!) { adjustStock(productId: $id, delta: -2, reason: "broken") { product { id } } }',
        product.id,
    )
    change("mutation ($id: ID!) { deleteCustomer(id: $id) { customer { id } } }", customer.id)
    shown = crm.crmctl("audit")
    assert shown.exit_code == 0, shown.output
    deleted, adjusted, updated = shown.stdout.splitlines()[2:]
    assert "deleteCustomer" in deleted
    assert f"name: Ann Lee, email: {customer.email}, phone: +1 555 0100 200" in deleted
    assert "stock: 5 -> 3" in adjusted
    assert "broken" in adjusted
    assert "phone: - -> +1 555 0100 200" in updated
    assert all(ANN.name in line for line in (deleted, adjusted, updated))


def test_filters_and_json(crm: ApiServer) -> None:
    products = [a_product(stock=5) for _ in range(2)]
    for product in products:
        change(
            'mutation ($id: ID!) { adjustStock(productId: $id, delta: 1, reason: "found") { product { id } } }',
            product.id,
        )
    (entry,) = json.loads(crm.crmctl("audit", "--subject", products[0].id, "--actor", "Ann", "--json").stdout)
    assert (entry["subject"], json.loads(entry["after"])) == (products[0].id, {"stock": 6})
    assert "There are no changes." in crm.crmctl("audit", "--actor", "Bob").stdout


@pytest.mark.no_database
def test_a_terminal_drops_the_reason_before_the_change_and_shows_names_without_ids() -> None:
    entry: dict[str, str] = {
        "at": "2026-11-22T08:00:00Z", "actor": "web shop (0123456789ab)", "action": "updateProduct", "subject": "prd_1",
        "reason": "because of the new catalog", "before": '{"stock": 5}', "after": '{"stock": 3}',
    }  # fmt: skip

    def shown(columns: int | None) -> str:
        with CliRunner(
            env={"COLUMNS": str(columns), "FORCE_COLOR": "1", "TERM": "xterm", "NO_COLOR": "1"} if columns else {}
        ).isolation() as (out, *_):
            tables.print_rows([entry], COLUMNS, as_json=False, empty="")
            return re.sub("\x1b\\[[0-9;]*m", "", out.getvalue().decode())

    narrow, wide, file = shown(80), shown(140), shown(None)
    assert "web shop" in narrow
    assert "(0123456789ab)" not in narrow
    assert "reason" not in narrow
    assert "stock: 5 -> 3" in narrow
    assert entry["reason"] in wide
    assert entry["actor"] in file
    assert file.splitlines()[-1].endswith("because of the new catalog  stock: 5 -> 3")


def test_a_long_change_makes_no_other_line_long(crm: ApiServer) -> None:
    products = [a_product(f"Lamp {number}", stock=5) for number in range(40)]
    lines = ", ".join(f'{{productId: "{product.id}", quantity: 1}}' for product in products)
    order = orders.place(a_customer().id, {product.id: 2 for product in products}).order
    change(f"mutation ($id: ID!) {{ updateOrder(id: $id, lines: [{lines}]) {{ order {{ id }} }} }}", order.id)
    change("mutation ($id: ID!) { cancelOrder(id: $id) { order { id } } }", order.id)
    cancelled, updated = crm.crmctl("audit").stdout.splitlines()[2:]
    assert len(updated) > 1000
    assert len(cancelled) < 200
