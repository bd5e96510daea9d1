"""Cursors that are forged, damaged or made for another query are invalid, and their content is never parsed."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib.errors import InvalidCursor, Unavailable
from chalicelib.store import cursors, reads, stage_secrets, tables
from chalicelib.store.cursors import Position, decode, encode
from tests.faults.fault_injection import FOREVER, MessageLoss, losing_messages
from tests.metering import metered

ANN = Position("ann lee\x1fcus_1", 2, "cus_1")
# The tables are emptied before a test, not before an example: the secret lasts, which is what is wanted.
quick = hypothesis_settings(
    max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
positions = st.builds(
    Position,
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(0, 9),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@quick
@given(position=positions, query=st.text())
def test_decoding_a_cursor_returns_its_position(position: Position, query: str) -> None:
    assert decode(encode(position, query, 3), query, 3) == position


def test_a_cursor_needs_no_escaping_in_urls() -> None:
    assert set(encode(ANN, "q", 3)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_changing_any_character_makes_a_cursor_invalid() -> None:
    cursor = encode(ANN, "q", 3)
    for place, old in enumerate(cursor):
        for new in "AZaz09-_+/= \n\0é":
            if new != old:
                with pytest.raises(InvalidCursor):
                    decode(cursor[:place] + new + cursor[place + 1 :], "q", 3)


def test_a_shortened_or_lengthened_cursor_is_invalid() -> None:
    cursor = encode(ANN, "q", 3)
    for damaged in [cursor[:length] for length in range(len(cursor))] + [
        cursor + end for end in ("A", "=", "==", "\n")
    ]:
        with pytest.raises(InvalidCursor):
            decode(damaged, "q", 3)


@quick
@given(garbage=st.text(max_size=200))
@example("")
@example("=")
@example("\ud800")
@example("A" * 100_000)
def test_garbage_is_an_invalid_cursor(garbage: str) -> None:
    with pytest.raises(InvalidCursor):
        decode(garbage, "q", 3)


def test_a_cursor_is_invalid_for_another_query() -> None:
    with pytest.raises(InvalidCursor):
        decode(encode(ANN, "q", 3), "r", 3)


def test_a_cursor_is_invalid_after_the_number_of_shards_changed() -> None:
    with pytest.raises(InvalidCursor):
        decode(encode(ANN, "q", 3), "q", 4)


def test_the_content_of_a_forged_cursor_is_never_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = base64.urlsafe_b64encode(bytes(12) + b'["ann",0,"cus_1"]').decode().rstrip("=")

    def parse(_text: bytes) -> Any:
        raise AssertionError("parsed")

    monkeypatch.setattr(cursors, "json", SimpleNamespace(dumps=json.dumps, loads=parse))
    with pytest.raises(InvalidCursor):
        decode(forged, "q", 1)


def test_another_secret_makes_a_cursor_invalid() -> None:
    cursor = encode(ANN, "q", 3)
    tables.AuxRow(stage_secrets.PARTITION, cursors.PURPOSE).delete()
    stage_secrets.forget()
    with pytest.raises(InvalidCursor):
        decode(cursor, "q", 3)


def test_the_secret_is_read_once_and_shared() -> None:
    cursor = encode(ANN, "q", 3)
    stage_secrets.forget()  # as in another Lambda
    with metered() as meter:
        assert decode(cursor, "q", 3) == ANN
        assert decode(cursor, "q", 3) == ANN
    assert meter.calls == {"GetItem": 1}


def test_the_first_of_two_concurrent_secrets_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    first = encode(ANN, "q", 3)
    stage_secrets.forget()
    answers = iter([None])  # the other's secret was not there yet when we looked
    stored = reads.get_op
    monkeypatch.setattr(reads, "get_op", lambda pk, sk: next(answers, stored(pk, sk)))
    assert encode(ANN, "q", 3) == first


def test_a_secret_that_may_not_be_stored_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    read = 1
    with losing_messages(MessageLoss(read, FOREVER)), pytest.raises(Unavailable):
        encode(ANN, "q", 3)
