"""Transactions: which error is raised, and how lost responses are recognised."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.crm import unique_values
from chalicelib.errors import Conflict, CrmError, Unavailable
from chalicelib.store import connection, reads
from chalicelib.store.retries import confirm
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Transaction
from tests.builders import rows_of


class First(CrmError):
    """The first"""


class Second(CrmError):
    """The second"""


def never() -> bool:
    return False


def row(number: int) -> AuxRow:
    return AuxRow("row", str(number))


@pytest.mark.parametrize("kinds", [("put", "delete"), ("delete", "put"), ("put", "update"), ("update", "put")])
def test_the_error_of_the_action_added_first_is_raised(kinds: tuple[str, str]) -> None:
    write = Transaction(never)
    refused = {"put": AuxRow.pk.exists(), "delete": AuxRow.pk.exists(), "update": AuxRow.pk.exists()}
    for number, (kind, refusal) in enumerate(zip(kinds, (First, Second), strict=True)):
        changes: tuple[Any, ...] = ([AuxRow.orders.add(1)],) if kind == "update" else ()
        getattr(write, kind)(row(number), *changes, refused[kind], refusal)
    with pytest.raises(First):
        write.commit()
    assert rows_of(AuxRow) == {}


def test_the_error_of_the_action_that_failed_is_raised() -> None:
    write = Transaction(never)
    write.put(row(1), AuxRow.pk.does_not_exist(), First)
    write.update(row(2), [AuxRow.orders.add(1)], AuxRow.pk.exists(), Second)
    write.put(row(3), AuxRow.pk.does_not_exist(), First)
    with pytest.raises(Second):
        write.commit()


def test_a_failed_condition_is_a_success_if_the_transaction_was_applied() -> None:
    row(1).save()
    write = Transaction(lambda: True)
    write.put(row(1), AuxRow.pk.does_not_exist(), First)
    write.commit()


def test_confirming_repeats_a_lost_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    answers: list[Callable[[], bool]] = [lambda: True, _lost, _lost]

    def was_applied() -> bool:
        return answers.pop()()

    assert confirm(was_applied)
    with pytest.raises(Unavailable):
        confirm(_lost)


def _lost() -> bool:
    raise Unavailable


def test_a_claim_has_one_owner_and_only_the_owner_releases_it() -> None:
    _claim("cus_1")
    with pytest.raises(First):
        _claim("cus_2")
    write = Transaction(never)
    unique_values.release(write, unique_values.EMAIL, "a@b.cd", "cus_2")
    with pytest.raises(Conflict):
        write.commit()
    assert unique_values.owner_of(unique_values.EMAIL, "a@b.cd") == "cus_1"
    assert unique_values.owners_of(unique_values.EMAIL, ["a@b.cd", "", "a@b.cd", "nobody@b.cd"]) == {"a@b.cd": "cus_1"}


def _claim(owner: str) -> None:
    write = Transaction(never)
    unique_values.claim(write, unique_values.EMAIL, "a@b.cd", owner, First)
    write.commit()


@pytest.mark.parametrize("value", ["", "x" * 5000, "\ud800@b.cd"], ids=["empty", "long", "half a character"])
def test_values_that_cannot_be_keys_have_no_owner(value: str) -> None:
    assert unique_values.owner_of(unique_values.EMAIL, value) is None
    assert unique_values.owners_of(unique_values.EMAIL, [value]) == {}


def test_a_batch_read_requests_unprocessed_keys_again() -> None:
    with AuxRow.batch_write() as batch:
        for number in range(205):
            batch.save(row(number))
    keys = [{"pk": {"S": "row"}, "sk": {"S": str(number)}} for number in range(210)]
    left: list[Any] = [keys[0]]

    def leave_one_over(parsed: dict[str, Any], **_: Any) -> None:
        if left:
            key = left.pop()
            answers = parsed["Responses"]["crm-test-ops"]
            parsed["Responses"]["crm-test-ops"] = [one for one in answers if one["sk"] != key["sk"]]
            parsed["UnprocessedKeys"] = {"crm-test-ops": {"Keys": [key]}}

    events = connection.client().meta.events
    events.register("after-call.dynamodb.BatchGetItem", leave_one_over)
    try:
        found = reads.get_all(AuxRow, keys)
    finally:
        events.unregister("after-call.dynamodb.BatchGetItem", leave_one_over)
    assert sorted(int(item["sk"]["S"]) for item in found) == list(range(205))


def test_a_batch_read_that_never_completes_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    key = {"pk": {"S": "row"}, "sk": {"S": "1"}}
    endless = {"Responses": {}, "UnprocessedKeys": {"crm-test-ops": {"Keys": [key]}}}
    monkeypatch.setattr(reads, "call", lambda *_, **__: endless)
    with pytest.raises(Unavailable):
        reads.get_all(AuxRow, [key])


def test_a_row_has_the_token_of_its_last_write_only() -> None:
    AuxRow("row", "1", token="first").save()
    assert reads.has_token(AuxRow, "first", pk="row", sk="1")
    AuxRow("row", "1", token="second").save()
    assert not reads.has_token(AuxRow, "first", pk="row", sk="1")
    assert not reads.has_token(AuxRow, "second", pk="row", sk="2")
