"""An answer that Lambda could not return is an error that says what to ask for, never a 502."""

import json
from dataclasses import replace

import pytest

from chalicelib.api.http import endpoint
from chalicelib.api.http.endpoint import MAX_RESPONSE_BYTES
from chalicelib.errors import ResponseTooLarge
from chalicelib.jobs import run_records
from chalicelib.jobs.run_records import Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import batch_writes, tables
from chalicelib.store.put_request import to_item
from tests.api.graphql_client import ask
from tests.builders import a_customer

LAMBDA_LIMIT = 6_291_556


def size_at_lambda(body: str) -> int:
    return len(json.dumps(body))


@pytest.mark.parametrize("text", ["x", '"', "\\", "é", "😀", "\n"])
def test_the_limit_holds_for_the_body_as_lambda_sends_it(text: str) -> None:
    for share in (0.9, 0.99, 1.01, 1.5):
        count = int(MAX_RESPONSE_BYTES * share / len(json.dumps(json.dumps(text)).strip('"')))
        body = endpoint._dump({"data": {"hello": text * count}})
        try:
            endpoint._check_size(body)
        except ResponseTooLarge:
            assert size_at_lambda(body) > MAX_RESPONSE_BYTES * 0.99
        else:
            assert size_at_lambda(body) < LAMBDA_LIMIT - 100_000


def test_an_answer_that_is_too_large_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_RESPONSE_BYTES", 100)
    customer = a_customer()
    reply = ask("{ allCustomers { edges { node { id name email } cursor } } }")
    assert (reply.status, reply.code) == (400, "TOO_LARGE")
    assert "smaller pages" in reply.error["message"]
    assert "data" not in reply.json
    change = (
        f'mutation {{ updateCustomer(id: "{customer.id}", input: {{name: "Bo"}}) {{ customer {{ id name email }} }} }}'
    )
    assert "has taken effect" in ask(change).error["message"]
    assert ask(f'{{ node(id: "{customer.id}") {{ ... on Customer {{ name }} }} }}').data == {"node": {"name": "Bo"}}


def test_a_run_with_60000_lines_can_be_read() -> None:
    """Its lines alone took 7 MB."""
    slot = Slot("2026-11-22T00:00:00Z")
    run = run_records.new("order_reminders", slot, Trigger.SCHEDULE)
    line = "[2026-11-22 08:00:00] - Order ID: ord_00000000000000000000000001, Customer Email: somebody@example.com"
    batch_writes.put(tables.Run, [to_item(run_records.to_row(replace(run, pages=600, token="x")))])
    with tables.AuxRow.batch_write() as batch:
        for step in range(1, 601):
            content = {"lines": [line] * 100, "content": None}
            batch.save(tables.AuxRow(run_records.partition(run.job, slot), f"{step:06d}", content=content))
    document = '{ jobRun(job: "order_reminders", slot: "2026-11-22T00:00:00Z") { lines logLines(first: 1000) { edges { node } } } }'
    reply = ask(document)
    assert len(reply.data["jobRun"]["lines"]) == 200
    assert len(reply.data["jobRun"]["logLines"]["edges"]) == 1000
    assert size_at_lambda(reply.answer.body) < 300_000
