"""`crmctl audit`, against the real API."""

import json

from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql.execution import execute
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
