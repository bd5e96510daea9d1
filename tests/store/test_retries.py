"""Retries: pauses between attempts, and which errors are transient."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import PutError, TransactWriteError

from chalicelib.store import retries
from chalicelib.store.retries import code_of, is_transient, retry_delays

pytestmark = pytest.mark.no_database


def test_pauses_grow_to_one_second_and_then_the_attempts_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setattr("random.uniform", lambda _, high: high)
    assert list(retry_delays()) == list(range(retries.MAX_ATTEMPTS))
    assert pauses == [0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0]


def test_no_attempt_begins_after_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    moments = iter([0.0, 4.0, 9.9, 10.1])
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    assert list(retry_delays()) == [0, 1, 2]


def test_throttling_and_lost_answers_are_transient_and_mistakes_are_not() -> None:
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem")
    mistaken = ClientError({"Error": {"Code": "ValidationException"}}, "GetItem")
    lost = ReadTimeoutError(endpoint_url="here")
    assert [is_transient(error) for error in (throttled, mistaken, lost, KeyError())] == [True, False, True, False]
    assert [is_transient(PutError(cause=error)) for error in (throttled, mistaken, lost)] == [True, False, True]
    assert code_of(TransactWriteError("", cause=mistaken)) == "ValidationException"
    assert code_of(TransactWriteError("", cause=lost)) is None
