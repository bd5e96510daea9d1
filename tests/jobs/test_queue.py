"""The queue: messages are sent and read, and dead letters are listed without being removed."""

import json
from datetime import timedelta

import pytest

from chalicelib.errors import QueueUnavailable
from chalicelib.jobs import ledger, queue, run_records
from chalicelib.jobs.queue import DEAD, Message
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.jobs.job_runs import (
    SLOT,
    Consumer,
    make_job,
    one_page,
    queue_down,
    receive,
    send_body,
    take_messages,
    use_jobs,
)

OURS = json.dumps({"job": "low_stock", "slot": SLOT})


def test_a_message_names_a_run() -> None:
    queue.send("low_stock", SLOT)
    message = receive(queue.NAME)
    assert message
    assert message["Body"] == OURS
    assert queue.read(message["Body"]) == Message("low_stock", SLOT)


@pytest.mark.parametrize("slot", [SLOT, "2026-11-22T12:00:00.000001Z", "2028-02-29T00:00:00Z"])
def test_messages_for_scheduled_and_operators_slots_are_read(slot: Slot) -> None:
    assert queue.read(json.dumps({"job": "heartbeat", "slot": slot, "more": 1})) == Message("heartbeat", slot)


def test_depth_counts_waiting_working_and_dead_messages() -> None:
    for slot in (SLOT, SLOT, SLOT):
        queue.send("low_stock", slot)
    receive(queue.NAME)
    send_body("x", DEAD)
    assert queue.depth() == {"waiting": 2, "working": 1, "dead": 1}


def test_a_message_can_be_delayed() -> None:
    queue.send("low_stock", SLOT, delay=timedelta(seconds=29.1))
    assert receive(queue.NAME) is None


def test_creating_the_queues_again_changes_nothing() -> None:
    queue.send("low_stock", SLOT)
    queue.create()
    assert take_messages() == [("low_stock", SLOT)]


def test_messages_become_dead_letters_after_five_receives() -> None:
    found = queue._attributes(queue.NAME, ["RedrivePolicy", "VisibilityTimeout"])
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 5
    assert json.loads(found["RedrivePolicy"])["deadLetterTargetArn"].endswith(f":{DEAD}")
    assert int(found["VisibilityTimeout"]) == queue.VISIBILITY


def test_dead_letters_are_listed_with_reasons_and_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(one_page)
    use_jobs(monkeypatch, job)
    run = ledger.claim(job, SLOT)
    assert run
    ledger.end(run, Status.FAILED, error="RuntimeError: broken")
    tally = json.dumps({"job": "tally", "slot": SLOT})
    unknown = json.dumps({"job": "tally", "slot": "2020-01-01T00:00:00Z"})
    for body in (tally, unknown, "{}", "[" * 100_000):
        send_body(body, DEAD)
    reasons = {}
    for _ in range(2):
        letters = queue.dead_letters()
        assert len({letter.id for letter in letters}) == 4
        assert [letter.sent_at for letter in letters] == sorted(letter.sent_at for letter in letters)
        reasons = {letter.body[:60]: (letter.message, letter.reason) for letter in letters}
    assert reasons[tally] == (Message("tally", SLOT), "RuntimeError: broken")
    assert reasons[unknown] == (Message("tally", Slot("2020-01-01T00:00:00Z")), "The ledger has no such run")
    assert reasons["{}"] == (None, "The message names no run: 'job'")
    assert reasons["[" * 60][0] is None


def test_a_dead_letter_shows_that_its_run_has_succeeded_since(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(one_page)
    use_jobs(monkeypatch, job)
    ledger.record(run_records.new("tally", SLOT, Trigger.OPERATOR))
    queue.send("tally", SLOT)
    Consumer().deliver_all()
    send_body(json.dumps({"job": "tally", "slot": SLOT}), DEAD)
    assert [letter.reason for letter in queue.dead_letters()] == ["The run has the state SUCCEEDED"]


def test_many_dead_letters_are_each_listed_once() -> None:
    for number in range(25):
        send_body(f"no. {number}", DEAD)
    assert {letter.body for letter in queue.dead_letters()} == {f"no. {number}" for number in range(25)}
    assert len(queue.dead_letters()) == 25


def test_without_the_queue_it_is_unavailable() -> None:
    assert queue.is_reachable()
    with queue_down():
        assert not queue.is_reachable()
        for call in (lambda: queue.send("low_stock", SLOT), queue.depth, queue.dead_letters):
            with pytest.raises(QueueUnavailable, match="The queue did not respond in time"):
                call()
        queue.postpone("a receipt", 30)
    assert queue.is_reachable()


def test_unreadable_letters_do_not_hide_the_others() -> None:
    for number in range(130):
        send_body(f"no. {number}", DEAD)
    send_body(json.dumps({"job": "low_stock", "slot": SLOT}), DEAD)
    letters = queue.dead_letters()
    assert len(letters) == 100
    assert [letter.message for letter in letters if letter.message] == [Message("low_stock", SLOT)]
    assert queue.depth()["dead"] == 131


def test_letters_that_somebody_looks_at_are_counted() -> None:
    for number in range(3):
        send_body(f"no. {number}", DEAD)
    looking = queue.take_dead_letters()
    next(looking)
    assert queue.depth()["dead"] == 3
