"""Each write of an erasure is the last before a crash, gets lost or stalls. Afterwards the data is that of a clean run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from chalicelib.crm import customer_references, customers, orders, search_index
from chalicelib.jobs import catalog
from chalicelib.privacy import erasures, request_places, search_all
from chalicelib.store import change_marks
from chalicelib.store.transaction import new_token
from tests.builders import Rows, a_product, moment
from tests.faults.calls import Calls
from tests.faults.environment import Environment, FakeAws, Fault, fake_aws
from tests.faults.fault_scenarios import READS, differences, fault_at, fault_points
from tests.faults.memory import Memory
from tests.faults.sample_company import comparable_data, numbered_ids
from tests.privacy.known_person import EMAIL, FORMER_EMAIL, FORMER_NAME, MARKERS, NAME, PHONE

pytestmark = pytest.mark.no_database
START, REMINDERS, ERASURE = moment("2026-11-18T09:00:00"), moment("2026-11-19T08:00:00"), moment("2026-11-19T09:00:00")


@pytest.fixture(scope="module")
def company() -> Iterator[tuple[FakeAws, Memory, str]]:
    """Yield the data with a customer who is named in it, and the customer's id."""
    with fake_aws() as built:
        memory = Memory()
        with built.run(Environment(memory, START)) as environment, numbered_ids(), change_marks.made_by("test"):
            customer_id = create_customer()
            environment.now = REMINDERS
            environment.fire(catalog.ORDER_REMINDERS, REMINDERS)
        yield built, memory, customer_id


def create_customer() -> str:
    made = customers.create(FORMER_NAME, FORMER_EMAIL, PHONE)
    customer_references.link("django:customer:markerby-7", made.id)
    changed = customers.update(made.id, {"name": NAME, "email": EMAIL})
    search_index.put_all([replace(changed, name=FORMER_NAME, search_mark=new_token())])
    orders.place(made.id, {a_product().id: 1})
    return made.id


@dataclass(frozen=True)
class Ending:
    """What is stored after an erasure, and the calls of its first worker."""

    rows: dict[str, Rows]
    comparable: dict[str, Rows]
    sent: Calls


def erase(fake: FakeAws, memory: Memory, customer_id: str, number: int = -1, fault: Fault | None = None) -> Ending:
    """Erase the customer, with a fault at one call."""
    with fake.run(Environment(memory.copy(), ERASURE)) as environment:
        run = erasures.request(customer_id, "asked by letter", "test")
        environment.sent.clear()
        if fault:
            environment.choose = fault_at(number, fault)
        environment.deliver_messages()
        sent = environment.sent.copy()
        environment.choose = lambda _: None
        environment.settle((run.job, run.slot))
        environment.now += timedelta(hours=1)
        environment.deliver_messages()
        assert environment.messages.dead == []
    comparable = comparable_data(environment.memory)
    for row in comparable["Run"].values():
        row["counts"].pop("erased", None)  # what an attempt has erased that died is not counted
    return Ending(environment.memory.rows(), comparable, sent)


def test_a_fault_at_any_write_leaves_nothing_of_the_person(company: tuple[FakeAws, Memory, str]) -> None:
    clean = erase(*company)
    assert mentioned(clean.rows) == []
    problems, count = [], 0
    for number, operation, fault in fault_points(clean.sent, READS | {"GetQueueAttributes", "ReceiveMessage"}):
        count += 1
        ending = erase(*company, number, fault)
        found = mentioned(ending.rows)
        if found or ending.comparable != clean.comparable:
            problems.append((number, operation, fault, found, differences(clean.comparable, ending.comparable)))
    print(f"{count} faults at the writes among {len(clean.sent)} calls")
    assert problems == []
    assert count >= 40


def test_an_erasure_that_looks_in_one_place_only_leaves_traces_in_the_others(
    company: tuple[FakeAws, Memory, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: shows that the test finds what an erasure forgets."""
    monkeypatch.setattr(search_all, "PLACES", (request_places.responses,))
    left = mentioned(erase(*company).rows)
    assert {"search", "change", "run"} <= {mention.split("'")[1].partition("#")[0].split("\\")[0] for mention in left}


def mentioned(rows: dict[str, Rows]) -> list[str]:
    return [
        f"{table} {key}"
        for table, found in rows.items()
        for key, row in found.items()
        if any(marker in json.dumps(row).casefold() for marker in MARKERS)
    ]


def test_the_customer_is_named_before(company: tuple[FakeAws, Memory, str]) -> None:
    found = mentioned(company[1].rows())
    assert any(key.startswith("Customer") for key in found)
    assert len(found) > 10
