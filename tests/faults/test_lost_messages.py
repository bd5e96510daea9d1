"""Requests and answers are lost at every call of every write: nothing is done twice or reported wrongly."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.retries.quota import RetryQuota
from pynamodb.exceptions import TransactWriteError

from chalicelib.crm import cancellation, customers, deleted_customers, imported_orders, orders, products, stock
from chalicelib.errors import AlreadyCancelled, Conflict, Unavailable, UnknownCustomer
from chalicelib.store import connection, retries, tables, transaction
from tests.builders import a_customer, a_past_order, a_product, rows_of
from tests.faults.fault_injection import (
    FOREVER,
    TRIES,
    MessageLoss,
    Scenario,
    cancelled,
    faults_found,
    losing_messages,
    refused,
    run_scenario,
)


def _an_order() -> Any:
    lamp, chair = a_product("Lamp", stock=9), a_product("Chair", stock=8)
    customer = a_customer(email="ann@example.com")
    return orders.place(customer.id, {lamp.id: 2, chair.id: 3}).order


def _past_order() -> imported_orders.ImportedOrder:
    customer = a_customer(email="ann@example.com")
    return a_past_order(customer, (a_product("Lamp"), 2, "9.99"), (a_product("Chair"), 1, "1.00"))


def _parties() -> tuple[str, dict[str, int]]:
    lamp, chair = a_product("Lamp", stock=9), a_product("Chair", stock=8)
    return a_customer(email="ann@example.com").id, {lamp.id: 2, chair.id: 3}


CHANGES: dict[str, Any] = {"name": "Desk lamp", "price": Decimal("15.00"), "stock": 7, "sku": "LAMP-2"}
SCENARIOS: dict[str, Scenario] = {
    "create customer": Scenario(lambda: None, lambda _: customers.create("Ann", "ann@example.com", "+12345678")),
    "update customer": Scenario(
        lambda: a_customer(email="ann@example.com").id,
        lambda key: customers.update(key, {"name": "Ann Li", "email": "li@example.com", "phone": None}),
    ),
    "delete customer": Scenario(lambda: _an_order().customer_id, deleted_customers.delete),
    "create product": Scenario(lambda: None, lambda _: products.create("Lamp", Decimal("12.50"), 5, "LAMP-1")),
    "update product": Scenario(lambda: a_product(sku="LAMP-1").id, lambda key: products.update(key, CHANGES)),
    "delete product": Scenario(lambda: a_product(sku="LAMP-1").id, products.delete),
    "archive product": Scenario(lambda: _an_order().lines[0].product_id, products.delete),
    "restock": Scenario(lambda: a_product(stock=3).id, lambda key: _found(stock.restock(key, "2026-11-22T12"))),
    "create order": Scenario(_parties, lambda given: orders.place(*given).order),
    "cancel order": Scenario(lambda: _an_order().id, cancellation.cancel),
    "import order": Scenario(_past_order, lambda past: _new(imported_orders.record(past))),
}
every_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


def _found(restocked: stock.Restock | None) -> None:
    assert restocked is not None
    assert restocked.stock == restocked.product.stock == 13


def _new(recorded: tuple[orders.Order, bool]) -> None:
    assert recorded[1]


@every_scenario
@pytest.mark.parametrize("arrives", [False, True], ids=["request", "answer"])
def test_losing_any_single_message_changes_nothing(scenario: Scenario, arrives: bool) -> None:  # noqa: FBT001
    assert faults_found(scenario, length=1, arrives=arrives) == []


@every_scenario
@pytest.mark.parametrize("arrives", [False, True], ids=["request", "answer"])
def test_losing_a_call_with_its_retries_succeeds_or_changes_nothing(scenario: Scenario, arrives: bool) -> None:  # noqa: FBT001
    assert faults_found(scenario, length=TRIES, arrives=arrives) == []


@every_scenario
@pytest.mark.parametrize("arrives", [False, True], ids=["request", "answer"])
def test_an_outage_is_reported_and_leaves_all_or_nothing(scenario: Scenario, arrives: bool) -> None:  # noqa: FBT001
    assert faults_found(scenario, length=FOREVER, arrives=arrives) == []


@pytest.mark.ministack
@pytest.mark.parametrize("name", ["create order", "delete customer", "restock", "import order"])
@pytest.mark.parametrize("length", [1, TRIES])
def test_lost_answers_do_no_harm_with_request_tokens(name: str, length: int) -> None:
    assert faults_found(SCENARIOS[name], length=length, arrives=True) == []


def test_without_confirmation_the_same_faults_do_harm(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    """Control: the test finds the harm that confirmation prevents."""
    monkeypatch.setattr(transaction, "confirm", lambda _: None)
    harmed = {name for name, scenario in SCENARIOS.items() if faults_found(scenario, length=1, arrives=True)}
    # The others repeat themselves harmlessly: updates set what they set before, an import finds its own reference, and a
    # restock its own mark.
    transactions = {"create customer", "delete customer", "create product", "create order", "cancel order"}
    # MiniStack recognises a repeated transaction by its token, as AWS does for ten minutes.
    assert harmed >= (set() if backend == "ministack" else transactions)


@contextmanager
def _answering(operation: str, answer: Callable[[dict[str, Any]], Any], times: int) -> Iterator[list[str]]:
    """Give this answer to the first `times` calls, without executing them."""
    given: list[str] = []

    def intercept(params: dict[str, Any], **_: Any) -> Any:
        if len(given) >= times:
            return None
        given.append(operation)
        return answer(params)

    events = connection.client().meta.events
    events.register_first(f"before-call.dynamodb.{operation}", intercept)
    try:
        yield given
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", intercept)


def _conflict(params: dict[str, Any]) -> Any:
    return cancelled("TransactionConflict", str(params["body"]).count('"TableName"'))


def _throttled(params: dict[str, Any]) -> Any:
    return cancelled("ThrottlingError", str(params["body"]).count('"TableName"'))


@every_scenario
@pytest.mark.parametrize("answer", [_conflict, _throttled, lambda _: refused("ThrottlingException")])
def test_conflicts_and_throttles_are_retried(scenario: Scenario, answer: Callable[..., Any]) -> None:
    _, clean = run_scenario(scenario, MessageLoss())
    acting = scenario.act

    def act(given: Any) -> None:
        with _answering("TransactWriteItems", answer, times=3) as answers:
            acting(given)
        assert len(answers) == 3

    _, ending = run_scenario(Scenario(scenario.prepare, act), MessageLoss())
    assert ending.error is None
    assert ending.tables == clean.tables


@every_scenario
@pytest.mark.parametrize(
    ("answer", "code"),
    [(_conflict, Conflict.code), (lambda _: refused("ThrottlingException"), Unavailable.code)],
    ids=["conflict", "throttled"],
)
def test_lasting_conflicts_are_reported_and_nothing_is_written(
    scenario: Scenario, answer: Callable[..., Any], code: str
) -> None:
    def act(given: Any) -> None:
        with _answering("TransactWriteItems", answer, times=FOREVER) as answers:
            try:
                scenario.act(given)
            finally:
                assert len(answers) == retries.MAX_ATTEMPTS  # outer loops do not multiply the tries

    before, ending = run_scenario(Scenario(scenario.prepare, act), MessageLoss())
    assert ending.error == code
    assert ending.tables == before


@pytest.mark.parametrize(("operation", "name"), [("GetItem", "cancel order"), ("BatchGetItem", "create order")])
def test_a_throttled_read_is_reported_as_unavailable_and_nothing_is_written(operation: str, name: str) -> None:
    def act(given: Any) -> None:
        with _answering(operation, lambda _: refused("ProvisionedThroughputExceededException"), times=FOREVER):
            SCENARIOS[name].act(given)

    before, ending = run_scenario(Scenario(SCENARIOS[name].prepare, act), MessageLoss())
    assert ending.error == Unavailable.code
    assert ending.tables == before


@pytest.mark.parametrize("operation", ["GetItem", "BatchGetItem", "BatchWriteItem", "TransactWriteItems"])
def test_our_own_mistakes_are_raised_at_once(operation: str) -> None:
    name = "cancel order" if operation == "GetItem" else "create order"

    def act(given: Any) -> None:
        with _answering(operation, lambda _: refused("ValidationException"), times=FOREVER) as answers:
            with pytest.raises((ClientError, TransactWriteError)) as raised:
                SCENARIOS[name].act(given)
            assert retries.code_of(raised.value) == "ValidationException"
            assert len(answers) == 1

    before, ending = run_scenario(Scenario(SCENARIOS[name].prepare, act), MessageLoss())
    assert ending.tables == before


def test_unprocessed_rows_of_a_batch_write_are_retried() -> None:
    def leave_one_over(parsed: dict[str, Any], **_: Any) -> None:
        asked.append(1)
        if len(asked) == 1:
            key = {"product_id": {"S": "prd_left"}, "date_k": {"S": "2026"}}
            parsed["UnprocessedItems"] = {"crm-test-lines": [{"PutRequest": {"Item": key}}]}

    asked: list[int] = []
    parties = _parties()
    events = connection.client().meta.events
    events.register("after-call.dynamodb.BatchWriteItem", leave_one_over)
    try:
        orders.place(*parties)
    finally:
        events.unregister("after-call.dynamodb.BatchWriteItem", leave_one_over)
    assert len(asked) == 2
    assert ("prd_left", "2026") in rows_of(tables.Line)


def test_another_callers_cancellation_is_not_mistaken_for_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    order = _an_order()
    seen = orders.find(order.id)
    cancellation.cancel(order.id)
    monkeypatch.setattr(orders, "find", _first(seen, orders.find))
    with pytest.raises(AlreadyCancelled):
        cancellation.cancel(order.id)


def _first(value: Any, then: Callable[..., Any]) -> Callable[..., Any]:
    """Return `value` once, and afterwards what `then` returns."""
    values = [value]
    return lambda *arguments: values.pop() if values else then(*arguments)


def test_a_restock_whose_answers_are_lost_is_recognised_by_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 1)
    lamp = a_product(stock=3)
    with losing_messages(MessageLoss(1, 1, arrives=True)):  # the first call is the read
        monkeypatch.setattr(RetryQuota, "acquire", lambda *_: False)  # botocore gives up after the first try
        restocked = stock.restock(lamp.id, "2026-11-22T12")
    assert restocked is not None
    assert restocked.stock == 13


def test_a_rejected_order_is_reported_even_if_the_clean_up_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    customer_id, quantities = _parties()
    take = orders._place

    def too_late(*arguments: Any) -> Any:
        deleted_customers.delete(customer_id)
        events.register_first("before-call.dynamodb.BatchWriteItem", fail)
        return take(*arguments)

    def fail(**_: Any) -> Any:
        return refused("ThrottlingException")

    events = connection.client().meta.events
    monkeypatch.setattr(orders, "_place", too_late)
    try:
        with pytest.raises(UnknownCustomer):
            orders.place(customer_id, quantities)
    finally:
        events.unregister("before-call.dynamodb.BatchWriteItem", fail)
    assert len(rows_of(tables.Line)) == 2  # readers ignore them: their order does not exist
    assert rows_of(tables.Order) == {}
