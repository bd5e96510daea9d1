"""The audit log: each change by a person, a key or a job has its entry, which says who changed what, and tells no secret."""

import json
import re
from typing import Any

import pytest

from chalicelib.access import api_keys
from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql.execution import execute
from chalicelib.crm import products
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.api.graphql_client import post, secret_of
from tests.api.replays import SCENARIOS
from tests.api.shop import Clock
from tests.builders import a_customer, a_product, rows_of, time_is

CREATIONS = {
    "createCustomer", "createProduct", "createOrder", "bulkCreateCustomers", "bulkCreateProducts", "bulkCreateOrders",
}  # fmt: skip
"""What they create says by itself who created it."""
CHANGES_NOTHING = {"checkSearchIndex"}
"""It only writes again what follows from the rows."""
IN_STEPS = ("mergeCustomers", "undoCustomerMerge")
"""Each of their transactions has an entry: the lock, each page of orders, the end."""
TELLS_NOTHING = "erasePersonalData"
"""What an erasure removes is in no log."""
LOG = """query ($first: Int, $last: Int, $after: String, $actor: String, $subject: ID) {
  auditLog(first: $first, last: $last, after: $after, actor: $actor, subject: $subject) {
    edges { node { at actor action subject before after reason requestId } } pageInfo { hasNextPage endCursor } } }"""
ANN, BOB = (
    Caller(f"00000000000{name[0].lower()}", f"{name} (00000000000{name[0].lower()})", Role.OPERATOR)
    for name in ("Ann", "Bob")
)
RENAME = "mutation ($id: ID!, $name: String!) { updateCustomer(id: $id, input: {name: $name}) { customer { id } } }"


def read(**given: object) -> dict[str, Any]:
    answer = execute(LOG, given, ANN)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["auditLog"]
    return found


def entries(**given: object) -> list[dict[str, Any]]:
    return [edge["node"] for edge in read(**given)["edges"]]


def rename(caller: Caller, customer_id: str, name: str) -> None:
    answer = execute(RENAME, {"id": customer_id, "name": name}, caller)
    assert "errors" not in answer, answer


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in CREATIONS | CHANGES_NOTHING])
@pytest.mark.parametrize("key", [{}, {"idempotency_key": "k"}], ids=["without a key", "with an Idempotency-Key"])
def test_each_mutation_leaves_one_entry(name: str, key: dict[str, str]) -> None:
    scenario = SCENARIOS[name]
    ids = scenario.prepare()
    reply = post({"query": scenario.document, "variables": ids}, x_request_id="r-1", **key)
    assert "errors" not in reply.json, reply.json
    mutation = re.split(r"\W", name)[0]
    found = entries()
    assert len(found) == 1 or mutation in IN_STEPS
    for entry in found:
        assert (entry["action"], entry["actor"], entry["requestId"]) == (mutation, "open access", "r-1")
        assert entry["before"] != entry["after"] or mutation == TELLS_NOTHING
    assert found


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name in CREATIONS])
def test_what_is_created_names_its_creator_and_has_no_entry(name: str) -> None:
    scenario = SCENARIOS[name]
    ids = scenario.prepare()
    post({"query": scenario.document, "variables": ids}, idempotency_key="k")
    assert entries() == []
    rows = [row for table in (tables.Customer, tables.Product, tables.Order) for row in rows_of(table).values()]
    created_by = [row["created_by"]["S"] for row in rows if "created_by" in row]
    assert created_by
    assert set(created_by) == {"open access"}


def test_entries_say_from_what_to_what_the_latest_first() -> None:
    customer = a_customer("Ann Lee")
    with time_is("2026-11-22T12:00:00"):
        rename(ANN, customer.id, "Ann Ray")
    with time_is("2026-11-22T12:00:01"):
        rename(BOB, customer.id, "Ann Fay")
    assert entries() == [
        {
            "at": "2026-11-22T12:00:01Z",
            "actor": BOB.name,
            "action": "updateCustomer",
            "subject": customer.id,
            "before": '{"name": "Ann Ray"}',
            "after": '{"name": "Ann Fay"}',
            "reason": None,
            "requestId": None,
        },
        {
            "at": "2026-11-22T12:00:00Z",
            "actor": ANN.name,
            "action": "updateCustomer",
            "subject": customer.id,
            "before": '{"name": "Ann Lee"}',
            "after": '{"name": "Ann Ray"}',
            "reason": None,
            "requestId": None,
        },
    ]


def test_changes_of_one_document_are_in_its_order() -> None:
    customer = a_customer()
    names = [f"Name {number}" for number in range(12)]
    fields = " ".join(
        f'a{number}: updateCustomer(id: "{customer.id}", input: {{name: "{name}"}}) {{ customer {{ id }} }}'
        for number, name in enumerate(names)
    )
    with time_is("2026-11-22T12:00:00"):
        assert "errors" not in post({"query": f"mutation {{ {fields} }}"}, idempotency_key="k").json
    assert [json.loads(entry["after"])["name"] for entry in entries()] == names[::-1]


def test_a_filter_finds_an_actor_by_name_by_id_and_as_shown() -> None:
    customer = a_customer()
    for caller in (ANN, BOB, ANN):
        rename(caller, customer.id, f"By {caller.name}")
    for actor in ("Ann", ANN.id, ANN.name):
        assert [entry["actor"] for entry in entries(actor=actor)] == [ANN.name] * 2
    for stranger in ("An", "ann", "", "00000000000", "open access"):
        assert entries(actor=stranger) == []


def test_pages_of_all_of_one_actor_and_of_one_subject_neither_skip_nor_repeat() -> None:
    ids = [a_customer().id for _ in range(3)]
    for number in range(25):
        rename((ANN, BOB)[number % 2], ids[number % 3], f"Name {number}")
    for given in ({}, {"actor": "Bob"}, {"subject": ids[1]}, {"subject": ids[1], "actor": "Ann"}):
        whole = entries(first=100, **given)
        found, after = [], None
        while True:
            page = read(first=4, after=after, **given)
            found += [edge["node"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert found == whole
        assert whole
        assert [edge["node"] for edge in read(last=3, **given)["edges"]] == whole[-3:]


def test_keys_are_logged_without_their_secrets() -> None:
    issued = post({"query": 'mutation { createKey(name: "Shop", role: EDITOR) { key { id } secret } }'}).data[
        "createKey"
    ]
    secrets = [issued["secret"]]
    for _ in range(2):
        rotated = post(
            {"query": "mutation ($id: ID!) { rotateKey(id: $id) { secret } }", "variables": {"id": issued["key"]["id"]}}
        )
        secrets.append(rotated.data["rotateKey"]["secret"])
    post(
        {"query": "mutation ($id: ID!) { revokeKey(id: $id) { key { id } } }", "variables": {"id": issued["key"]["id"]}}
    )
    logged = entries(subject=f"key:{issued['key']['id']}")
    assert [entry["action"] for entry in logged] == ["revokeKey", "rotateKey", "rotateKey", "createKey"]
    key = api_keys.find(issued["key"]["id"])
    assert key
    forbidden = [
        *secrets,
        *map(secret_of, secrets),
        key.digest,
        *(digest for digest, _ in key.old_digests),
    ]
    rows = json.dumps({key[0]: row for key, row in rows_of(tables.AuxRow).items() if key[0].startswith("change#")})
    assert not [secret for secret in forbidden if secret in rows]
    assert json.loads(logged[-1]["after"]) == {"name": "Shop", "role": "EDITOR", "expiresAt": None}


def test_jobs_are_logged_by_their_names() -> None:
    product = a_product(stock=1)
    document = "mutation ($id: ID!) { updateLowStockProducts(ids: [$id]) { message } }"
    assert "errors" not in execute(document, {"id": product.id}, Caller.system("job:low_stock"))
    (entry,) = entries()
    assert (entry["actor"], entry["action"], entry["subject"]) == (
        "job:low_stock",
        "updateLowStockProducts",
        product.id,
    )
    assert (entry["before"], entry["after"]) == ('{"stock": 1}', '{"stock": 11}')


def test_what_is_refused_leaves_no_entry() -> None:
    a_customer(email="taken@example.com")
    customer = a_customer()
    document = (
        'mutation ($id: ID!) { updateCustomer(id: $id, input: {email: "taken@example.com"}) { customer { id } } }'
    )
    assert execute(document, {"id": customer.id}, ANN)["errors"]
    assert entries() == []


def test_entries_end_with_the_history_days(watch: Clock) -> None:
    customer = a_customer()
    rename(ANN, customer.id, "Ann Ray")
    (row,) = [row for key, row in rows_of(tables.AuxRow).items() if key[0] == f"change#{customer.id}"]
    assert entries()
    watch.advance(days=settings.history_days, seconds=1)
    assert int(row["ttl"]["N"]) < watch.now.timestamp()
    assert entries() == entries(subject=customer.id) == []


def test_a_request_that_dies_and_is_sent_again_leaves_one_entry(watch: Clock) -> None:
    product = a_product(stock=5)
    document = 'mutation ($id: ID!) { adjustStock(productId: $id, delta: 3, reason: "found") { product { stock } } }'
    for _ in range(2):
        assert "errors" not in post({"query": document, "variables": {"id": product.id}}, idempotency_key="k").json
        for pk, sk in [key for key in rows_of(tables.AuxRow) if key[0].startswith("idempotency#")]:
            row = tables.AuxRow.get(pk, sk)  # as an attempt leaves it that dies before its answer is kept
            row.content["answer"] = None
            row.save()
        watch.advance(seconds=61)
    found = products.find(product.id)
    assert found
    assert found.stock == 8
    (entry,) = entries()
    assert (entry["before"], entry["after"], entry["reason"]) == ('{"stock": 5}', '{"stock": 8}', "found")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_only_operators_may_read_it(role: Role) -> None:
    answer = execute("{ auditLog { edges { node { at } } } }", {}, Caller("k", "Kim", role))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
