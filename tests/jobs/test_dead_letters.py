"""Dead letters are retried and discarded one by one, and those that nobody can read hide no others."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.access.audit_log import list_changes
from chalicelib.errors import Unavailable
from chalicelib.jobs import dead_letters, ledger, queue, run_records
from chalicelib.jobs.dead_letters import RedriveResult
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import change_marks
from chalicelib.store.pagination import PageArgs, read_page
from tests.as_operator import execute
from tests.jobs.job_runs import SLOT, find_run, send_body, take_messages

OTHER = Slot("2026-11-22T00:00:00Z")


def ask(document: str, **variables: object) -> dict[str, Any]:
    data: dict[str, Any] = execute(document, variables)["data"]
    return data


def a_dead_run(slot: Slot) -> None:
    ledger.end(run_records.new("low_stock", slot, Trigger.SCHEDULE), Status.FAILED, error="no disk")
    send_body(json.dumps({"job": "low_stock", "slot": slot}), queue.DEAD)


def ids_by_slot() -> dict[str | None, str]:
    return {letter.message.slot if letter.message else None: letter.id for letter in queue.dead_letters()}


def test_unreadable_letters_are_passed_over_when_letters_are_retried() -> None:
    for number in range(130):
        send_body(f"no. {number}", queue.DEAD)
    a_dead_run(SLOT)
    assert dead_letters.redrive("bob") == RedriveResult(sent=1, left=130)
    assert take_messages() == [("low_stock", SLOT)]


def test_one_letter_is_retried_alone_and_the_log_names_the_actor(log: pytest.LogCaptureFixture) -> None:
    a_dead_run(SLOT)
    a_dead_run(OTHER)
    ids = ids_by_slot()
    log.clear()
    assert dead_letters.redrive("bob", {ids[SLOT], "gone"}) == RedriveResult(sent=1, left=1)
    assert take_messages() == [("low_stock", SLOT)]
    assert ids_by_slot() == {OTHER: ids[OTHER]}
    assert find_run("low_stock").actor == "bob"
    (record,) = [each for each in log.records if "dead letter" in each.getMessage()]
    assert record.getMessage() == "a dead letter was sent to the queue again"
    assert {name: record.__dict__[name] for name in ("actor", "letter", "job", "slot")} == {
        "actor": "bob",
        "letter": ids[SLOT],
        "job": "low_stock",
        "slot": SLOT,
    }


def test_letters_of_two_schedules_at_one_instant_are_told_apart() -> None:
    a_dead_run(SLOT)
    a_dead_run(Slot(f"{SLOT}@sch_1"))
    found = ask("{ deadLetters { job slot schedule } }")["deadLetters"]
    assert sorted(found, key=lambda each: str(each["schedule"])) == [
        {"job": "low_stock", "slot": SLOT, "schedule": "low_stock.default"},
        {"job": "low_stock", "slot": SLOT, "schedule": "sch_1"},
    ]
    send_body("forged", queue.DEAD)
    assert {"job": None, "slot": None, "schedule": None} in ask("{ deadLetters { job slot schedule } }")["deadLetters"]


def test_discarded_letters_are_gone_and_their_runs_stay(log: pytest.LogCaptureFixture) -> None:
    a_dead_run(SLOT)
    a_dead_run(OTHER)
    send_body("forged", queue.DEAD)
    before, ids = find_run("low_stock"), ids_by_slot()
    log.clear()
    document = "mutation Discard($ids: [ID!]!) { discardDeadLetters(ids: $ids) { discarded left } }"
    answer = ask(document, ids=[ids[SLOT], ids[None], "gone"])
    assert answer["discardDeadLetters"] == {"discarded": 2, "left": 1}
    assert ids_by_slot() == {OTHER: ids[OTHER]}
    assert find_run("low_stock") == before
    assert take_messages() == []
    told = [each for each in log.records if each.getMessage() == "a dead letter was discarded"]
    assert {each.__dict__["letter"] for each in told} == {ids[SLOT], ids[None]}
    assert all(each.__dict__["actor"] for each in told)


def logged() -> list[tuple[Any, Any]]:
    page = read_page(list_changes(subject="queue"), PageArgs(first=9))
    return [(edge.node.before, edge.node.after) for edge in page.edges]


@pytest.mark.parametrize("act", [dead_letters.redrive, dead_letters.discard])
def test_what_was_done_before_an_error_is_in_the_audit_log(
    act: Callable[[str, set[str]], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, remove = clock.now(), queue.remove
    removed: list[queue.DeadLetter] = []

    def fail(letter: queue.DeadLetter) -> None:
        if removed:
            raise Unavailable
        removed.append(letter)
        remove(letter)

    def attempt(*, is_replay: bool) -> None:
        wanted = set(ids_by_slot().values())
        with change_marks.made_by("bob"), change_marks.request("a key", began, is_replay=is_replay):
            act("bob", wanted)

    a_dead_run(SLOT)
    a_dead_run(OTHER)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "remove", fail)
        with pytest.raises(Unavailable):
            attempt(is_replay=False)
    ((before, after),) = logged()
    assert (len(before["letters"]), list(after.values())) == (1, [1])
    a_dead_run(Slot("2026-11-21T12:00:00Z"))
    attempt(is_replay=True)
    ((again, after),) = logged()
    assert again["letters"] == [*before["letters"], "low_stock 2026-11-21T12:00:00Z"]
    assert list(after.values()) == [2]


def test_a_letter_of_the_list_is_retried_over_graphql() -> None:
    a_dead_run(SLOT)
    (letter,) = ask("{ deadLetters { id } }")["deadLetters"]
    document = "mutation Redrive($ids: [ID!]) { redriveDeadLetters(ids: $ids) { redriven left } }"
    assert ask(document, ids=[letter["id"]])["redriveDeadLetters"] == {"redriven": 1, "left": 0}
    assert ask(document, ids=[letter["id"]])["redriveDeadLetters"] == {"redriven": 0, "left": 1}


def test_the_letters_that_were_not_asked_for_are_there_again_at_once() -> None:
    for slot in (SLOT, OTHER):
        a_dead_run(slot)
    send_body("forged", queue.DEAD)
    ids = ids_by_slot()
    assert dead_letters.discard("bob", {ids[None]}) == 1
    assert ids_by_slot().keys() == {SLOT, OTHER}
    assert dead_letters.redrive("bob", {ids[SLOT]}) == RedriveResult(sent=1, left=0)
    assert ids_by_slot().keys() == {OTHER}
