"""Marks of changes: written with a change, found again by a replay, and not written for anybody else."""

from datetime import datetime

import pytest

from chalicelib.store import change_marks, tables
from chalicelib.store.transaction import AlreadyApplied, Transaction
from tests.builders import moment, rows_of

BEGAN = moment("2026-11-02T12:00:00")


def change(subject: str, **more: object) -> None:
    write = Transaction(lambda: False, subject=subject, before=more or None)
    write.put(tables.AuxRow(pk="thing", sk=subject))
    write.commit()


def marks() -> list[tuple[str, ...]]:
    return [key for key in rows_of(tables.AuxRow) if key[0].startswith("change#")]


def test_a_change_that_nobody_asked_for_leaves_no_row() -> None:
    change("a")
    assert marks() == []
    assert not change_marks.is_done("a")
    assert change_marks.token() != change_marks.token()


def test_a_replay_finds_what_was_done_and_nothing_else() -> None:
    with change_marks.request("seed", BEGAN, is_replay=False) as changed, change_marks.place("createOrder"):
        change("a", name="as it was")
        assert not change_marks.is_done("a"), "a first attempt costs no read"
    assert changed == {"a"}
    with change_marks.request("seed", BEGAN, is_replay=True), change_marks.place("createOrder"):
        assert (change_marks.is_done("a"), change_marks.is_done("b")) == (True, False)
        assert change_marks.before("a") == {"name": "as it was"}
        with pytest.raises(AlreadyApplied):
            change("a")


@pytest.mark.parametrize(
    ("seed", "place", "began"),
    [("other", "one", BEGAN), ("seed", "two", BEGAN), ("seed", "one", moment("2026-11-03T12:00:00"))],
    ids=["another request", "another place in the response", "the same key a day later"],
)
def test_a_mark_belongs_to_one_request_and_one_place(seed: str, place: str, began: datetime) -> None:
    with change_marks.request("seed", BEGAN, is_replay=False), change_marks.place("one"):
        change("a")
        token = change_marks.token()
    with change_marks.request(seed, began, is_replay=True), change_marks.place(place):
        assert not change_marks.is_done("a")
        assert change_marks.token() != token


def test_the_mark_is_written_if_and_only_if_the_change_is() -> None:
    tables.AuxRow(pk="thing", sk="a").save()
    with change_marks.request("seed", BEGAN, is_replay=False) as changed, change_marks.place("one"):
        write = Transaction(lambda: False, subject="a")
        write.put(tables.AuxRow(pk="thing", sk="a"), tables.AuxRow.pk.does_not_exist(), KeyError)
        with pytest.raises(KeyError):
            write.commit()
    assert (marks(), changed) == ([], set())


def test_a_replay_carries_the_time_and_the_tokens_of_the_first_attempt() -> None:
    found = []
    for is_replay in (False, True):
        with change_marks.request("seed", BEGAN, is_replay=is_replay), change_marks.place("one"):
            found.append((change_marks.moment(), change_marks.token()))
    assert found[0] == found[1]
    assert found[0][0] == BEGAN
