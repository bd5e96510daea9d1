"""Conditional writes of a single row: lost requests, lost answers, other writers, and outages."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.retries.quota import RetryQuota
from pynamodb.expressions.condition import Condition

from chalicelib.errors import Unavailable
from chalicelib.store.put_once import put_once
from chalicelib.store.reads import Item
from chalicelib.store.tables import AuxRow, Report
from tests.builders import rows_of
from tests.faults.fault_injection import FOREVER, TRIES, MessageLoss, losing_messages
from tests.metering import metered

LOST_CALL = TRIES  # botocore sends one call that many times


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(RetryQuota, "acquire", lambda *_: True)  # otherwise botocore gives up after some losses


def a_row(token: str, **more: Any) -> AuxRow:
    return AuxRow("row", "1", token=token, **more)


def stored_row() -> Item:
    (row,) = rows_of(AuxRow).values()
    return row


def test_a_free_key_is_taken_with_one_call() -> None:
    with metered() as meter:
        assert put_once(a_row("mine", orders=1)) is None
    assert meter.calls == {"PutItem": 1}
    assert stored_row() == {"pk": {"S": "row"}, "sk": {"S": "1"}, "token": {"S": "mine"}, "orders": {"N": "1"}}


def test_a_taken_key_stays_and_its_row_is_returned_without_a_read() -> None:
    put_once(a_row("theirs", orders=1))
    with metered() as meter:
        other = put_once(a_row("mine", orders=2))
    assert meter.calls == {"PutItem": 1}
    assert other == stored_row()
    assert stored_row()["token"] == {"S": "theirs"}


@pytest.mark.parametrize("arrives", [False, True], ids=["lost request", "lost answer"])
@pytest.mark.parametrize("length", [1, LOST_CALL])
def test_a_put_survives_a_loss(length: int, *, arrives: bool) -> None:
    with losing_messages(MessageLoss(0, length, arrives)):
        assert put_once(a_row("mine")) is None
    assert stored_row()["token"] == {"S": "mine"}


@pytest.mark.parametrize("arrives", [False, True], ids=["lost request", "lost answer"])
def test_a_put_without_any_answer_is_unavailable(*, arrives: bool) -> None:
    with losing_messages(MessageLoss(0, FOREVER, arrives)), pytest.raises(Unavailable):
        put_once(a_row("mine"))
    assert len(rows_of(AuxRow)) == arrives


@pytest.mark.parametrize("arrives", [False, True], ids=["lost request", "lost answer"])
def test_a_loss_does_not_hide_that_another_was_first(*, arrives: bool) -> None:
    put_once(a_row("theirs"))
    with losing_messages(MessageLoss(0, LOST_CALL, arrives)):
        other = put_once(a_row("mine"))
    assert other
    assert other["token"] == {"S": "theirs"}


@pytest.mark.parametrize(
    ("replaces", "is_replaced"), [(AuxRow.token == "old", True), (AuxRow.token == "older", False)], ids=["yes", "no"]
)
@pytest.mark.parametrize("losses", [0, LOST_CALL])
def test_a_row_is_replaced_only_if_it_meets_the_condition(
    replaces: Condition, losses: int, *, is_replaced: bool
) -> None:
    put_once(a_row("old"))
    with losing_messages(MessageLoss(0, losses, arrives=True)):
        other = put_once(a_row("new"), replaces)
    assert (other is None) == is_replaced
    assert stored_row()["token"] == {"S": "new" if is_replaced else "old"}


def test_a_free_key_needs_no_row_to_replace() -> None:
    assert put_once(a_row("mine"), AuxRow.token == "old") is None
    assert stored_row()["token"] == {"S": "mine"}


def test_any_table_with_tokens_can_be_written() -> None:
    def a_report(token: str) -> Report:
        return Report("weekly", "2026-W47", made_at="2026", content={}, token=token)

    assert put_once(a_report("mine")) is None
    other = put_once(a_report("other"))
    assert other
    assert other["token"] == {"S": "mine"}


@pytest.mark.moto
def test_an_error_that_no_retry_can_fix_is_raised_as_it_is() -> None:
    with metered() as meter, pytest.raises(ClientError, match="ValidationException"):
        put_once(AuxRow("row", "x" * 2000, token="mine"))
    assert meter.calls == {"PutItem": 1}
