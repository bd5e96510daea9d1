"""What was under way when a customer was erased may still write about them: the erasure waits for it, and comes back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import aws, clock
from chalicelib.crm import customers, deleted_customers, orders
from chalicelib.errors import Unavailable
from chalicelib.jobs import catalog, ledger, queue, run_records, ses_events
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from chalicelib.privacy import erased_people, erasures, people, search_all
from chalicelib.store import kept_responses, tables
from tests.builders import a_customer, a_product, rows_of
from tests.jobs.job_runs import Clock, find_run, make_runner, manual_clock, receive, send_body, without_retry_delay
from tests.privacy.known_person import EMAIL, ERASE, NAME, ask, mentions

SLOT = Slot("2026-11-19T08:00:00Z")


@pytest.fixture(autouse=True)
def time() -> Iterator[Clock]:
    with manual_clock("2026-11-18T08:00:00") as moving, without_retry_delay():
        yield moving


def erase_all(customer_id: str) -> int:
    """Erase page by page, and return how many traces there were."""
    count, after = 0, None
    while True:
        page = erasures.erase_page(customer_id, after)
        count, after = count + page.erased, page.after
        if after is None:
            return count


def test_a_step_of_a_run_that_began_before_the_erasure_is_waited_for(time: Clock) -> None:
    ann = a_customer(NAME, EMAIL)
    order = orders.place(ann.id, {a_product().id: 1}).order
    time.at("2026-11-19T08:00:00")
    run = ledger.claim(catalog.ORDER_REMINDERS, SLOT)
    assert run
    time.later(seconds=2)
    with pytest.raises(Unavailable, match="waits for the run of order_reminders for 2026-11-19T08:00:00Z"):
        erase_all(ann.id)
    assert customers.find(ann.id) is None, "from now on nothing new is written about her"
    line = f"[2026-11-19 08:00:02] - Order ID: {order.id}, Customer Email: {EMAIL}"
    ledger.finish(run, StepResult(None, (line,), {"reminded": 1}, [order.id]))
    time.later(seconds=2)
    assert erase_all(ann.id) == 1
    assert mentions() == []
    (step,) = run_records.step_records(run.job, run.slot)
    assert step.lines == [f"[2026-11-19 08:00:02] - Order ID: {order.id}, Customer Email: [erased]"]


def test_a_step_that_began_later_is_not_waited_for(time: Clock) -> None:
    ann = a_customer(NAME, EMAIL)
    orders.place(ann.id, {a_product().id: 1})
    time.at("2026-11-19T08:00:00")
    assert erasures.erase_page(ann.id, None)
    time.later(seconds=10)
    assert ledger.claim(catalog.ORDER_REMINDERS, SLOT)
    assert erase_all(ann.id) == 0


def test_the_run_is_attempted_again_until_it_need_not_wait(time: Clock) -> None:
    ann = a_customer(NAME, EMAIL)
    time.at("2026-11-19T08:00:00")
    reminders = ledger.claim(catalog.ORDER_REMINDERS, SLOT)
    assert reminders
    slot = ask(ERASE, id=ann.id, reason="asked by letter")["eraseCustomer"]["run"]["slot"]
    make_runner().run(catalog.ERASURE, slot)
    waiting = find_run("erasure", slot)
    assert waiting.status is Status.WAITING
    assert "waits for the run of order_reminders" in (waiting.error or "")
    ledger.finish(reminders, StepResult(None))
    make_runner().run(catalog.ERASURE, slot)
    assert find_run("erasure", slot).status is Status.SUCCEEDED
    assert mentions() == []


def test_a_request_in_progress_is_waited_for(time: Clock) -> None:
    ann = a_customer(NAME, EMAIL)
    entry = {"request": "0", "began": "2026-11-18T08:00:01.000000Z", "busy_until": "2026-11-18T08:01:01.000000Z"}
    row = tables.AuxRow(kept_responses.partition("open"), "key", content={**entry, "answer": None}, token="1")
    row.ttl = clock.now() + timedelta(days=1)
    row.save()
    time.later(seconds=2)
    with pytest.raises(Unavailable, match="waits for a request in progress"):
        erase_all(ann.id)
    row.content = {**entry, "answer": kept_responses.pack(f'{{"data": {{"name": "{NAME}"}}}}')}
    row.save()
    assert mentions() != []
    assert erase_all(ann.id) == 1
    assert mentions() == []


def test_dead_letters_that_somebody_is_looking_at_are_waited_for() -> None:
    ann = a_customer(NAME, EMAIL)
    send_body(f'{{"to": "{EMAIL}"}}', ses_events.DEAD)
    letter = receive(ses_events.DEAD)
    assert letter
    with pytest.raises(Unavailable, match="waits for somebody who looks at crm-test-email-events-dead"):
        erase_all(ann.id)
    aws.client("sqs").change_message_visibility(
        QueueUrl=queue._url(ses_events.DEAD), ReceiptHandle=letter["ReceiptHandle"], VisibilityTimeout=0
    )
    assert erase_all(ann.id) == 1
    assert mentions() == []


@pytest.mark.parametrize("change", ["order", "update", "delete"])
def test_a_change_that_comes_first_wins_and_is_erased_as_well(
    time: Clock, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ann, lamp = a_customer(NAME, EMAIL), a_product()
    changes: dict[str, Any] = {
        "order": lambda: orders.place(ann.id, {lamp.id: 1}),
        "update": lambda: customers.update(ann.id, {"name": f"{NAME} the second"}),
        "delete": lambda: deleted_customers.delete(ann.id),
    }
    find, meanwhile = people.find, [changes[change]]

    def find_then_change(customer_id: str) -> Any:
        found = find(customer_id)
        while meanwhile:
            meanwhile.pop()()
        return found

    monkeypatch.setattr(people, "find", find_then_change)
    time.later(seconds=2)
    erase_all(ann.id)
    assert meanwhile == []
    assert mentions() == []
    assert len(rows_of(tables.Order)) == (change == "order")


def test_an_erasure_begins_anew_with_a_cursor_that_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_all, "MAX_STEPS", 4)
    ann = a_customer(NAME, EMAIL)
    begun = erasures.erase_page(ann.id, None)
    first = erasures.erase_page(ann.id, begun.after)
    again = erasures.erase_page(ann.id, "of another release")
    assert first.after == again.after
    assert first.after not in {None, begun.after}
    assert erased_people.find(ann.id), "it is under way"
    while again.after:
        again = erasures.erase_page(ann.id, again.after)
    assert erased_people.find(ann.id) is None
