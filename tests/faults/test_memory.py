"""The in-memory database of these tests gives the same answers as MiniStack."""

import json
import os
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.crm import cancellation, orders
from chalicelib.store import connection
from tests.builders import a_customer, a_product
from tests.faults.environment import MINUTE, Environment, Fault, fake_aws
from tests.faults.memory import Memory
from tests.faults.sample_company import SLOTS, START, create_sample_data, small_pages

pytestmark = pytest.mark.ministack

Exchange = tuple[str, dict[str, Any], Any]


def _run_all_jobs_with_faults(*, every: int) -> list[Exchange]:
    """Record each request and answer of all jobs with faults, the watchdog, a rejected and a cancelled order."""
    environment = Environment(Memory(), START, exchanged=[])
    faults = (Fault.LOSE_ANSWER, Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.STALL_BEFORE, Fault.DIE_AFTER)
    with small_pages(), fake_aws() as built, built.run(environment):
        create_sample_data()
        order = orders.place(a_customer("Ann").id, {a_product(stock=3).id: 3}).order
        cancellation.cancel(order.id)
        environment.run_checks()
        environment.choose = lambda number: None if number % every else faults[number // every % len(faults)]
        for job, slot in SLOTS.items():
            environment.now = slot
            environment.fire(job, slot)
            environment.fire(job, slot + MINUTE)
            environment.settle(looks=2)
    assert environment.exchanged
    return environment.exchanged


@pytest.mark.parametrize("every", [7, 40] if os.environ.get("CRM_FULL_SIZE") else [7])
def test_the_database_in_memory_answers_each_request_as_ministack_does(every: int) -> None:
    exchanged = _run_all_jobs_with_faults(every=every)
    differences = []
    for operation, request, answer in exchanged:
        real = _ask(operation, request)
        if real != _comparable(operation, answer):
            differences.append((operation, request, _comparable(operation, answer), real))
    counts = Counter(operation for operation, _, _ in exchanged)
    print(f"{counts.total()} requests: {dict(counts)}")
    assert differences[:3] == []
    refused = sum("Error" in answer for _, _, answer in exchanged)
    assert refused >= 3
    assert counts.keys() >= {"Query", "GetItem", "BatchGetItem", "PutItem", "TransactWriteItems"}


def _ask(operation: str, request: dict[str, Any]) -> Any:
    try:
        answer = connection.client()._make_api_call(operation, request)
    except ClientError as error:
        answer = error.response
    return _comparable(operation, answer)


def _comparable(operation: str, answer: dict[str, Any]) -> Any:
    """Keep what our code reads: not an error's text, and not the order of a batch."""
    if "Error" in answer:
        reasons = [reason["Code"] for reason in answer.get("CancellationReasons", ())]
        return answer["Error"]["Code"], reasons, answer.get("Item")
    if operation == "BatchGetItem":
        return {
            name: sorted(json.dumps(row, sort_keys=True) for row in rows) for name, rows in answer["Responses"].items()
        }
    read = ("Item", "Items", "Count", "ScannedCount", "LastEvaluatedKey", "Attributes")
    return {name: answer[name] for name in read if name in answer}
