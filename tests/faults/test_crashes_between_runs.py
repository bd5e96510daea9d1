"""Faults outside of the steps: in hand-overs, the watchdog and e-mails, and in every attempt of a run."""

import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from chalicelib.jobs import catalog, operator_actions, run_records, slots
from chalicelib.jobs.job import Job
from chalicelib.settings import settings
from tests.faults.environment import MINUTE, Environment, FakeAws, Fault
from tests.faults.fault_scenarios import READS, Scenario, ScenarioRunner, fault_points, fire, without_other_heartbeats
from tests.faults.memory import Memory
from tests.faults.sample_company import ROWS, SLOTS, comparable_data, sample_company

pytestmark = pytest.mark.no_database


def _fire_with_hand_overs(job: Job) -> Callable[[Environment], object]:
    """Take each step in an invocation of its own."""

    def act(environment: Environment) -> None:
        environment.seconds_left = iter([100, 30] * 40).__next__
        environment.fire(job, SLOTS[job])
        environment.deliver_messages()
        environment.seconds_left = lambda: 300

    return act


def _die_at_the_third_write(environment: Environment) -> None:
    environment.sent.clear()
    environment.choose = lambda _: Fault.DIE_BEFORE if environment.sent.count("TransactWriteItems") == 3 else None
    assert not environment.fire(catalog.LOW_STOCK, SLOTS[catalog.LOW_STOCK])
    environment.choose = lambda _: None
    environment.now += 7 * MINUTE


def _miss_the_event(environment: Environment) -> None:
    environment.now += 11 * MINUTE


def _run_checks(environment: Environment) -> None:
    environment.run_checks()
    environment.deliver_messages()


FULL = bool(os.environ.get("CRM_FULL_SIZE"))
SCENARIOS = {
    "a run in bits": Scenario(
        catalog.ORDER_REMINDERS, _fire_with_hand_overs(catalog.ORDER_REMINDERS), writes_only=True
    ),
    "the watch over a dead worker": Scenario(catalog.LOW_STOCK, _run_checks, _die_at_the_third_write, writes_only=True),
}
if FULL:
    SCENARIOS["the watch over a slot nobody began"] = Scenario(
        catalog.CUSTOMER_CLEANUP, _run_checks, _miss_the_event, writes_only=True
    )


@pytest.fixture(scope="module")
def small_company() -> Iterator[tuple[FakeAws, Memory]]:
    with sample_company() as made:
        yield made


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_a_fault_at_any_call_between_runs_leaves_the_same_data(
    small_company: tuple[FakeAws, Memory], scenario: Scenario
) -> None:
    assert ScenarioRunner(*small_company, scenario).problems() == []


@pytest.mark.parametrize("name", ["low_stock", "customer_cleanup"] if FULL else ["low_stock"])
def test_a_run_that_keeps_dying_fails_and_an_operator_can_finish_it(
    small_company: tuple[FakeAws, Memory], name: str
) -> None:
    scenario_runner = ScenarioRunner(*small_company, Scenario(catalog.find(name), fire(catalog.find(name))))
    clean, sent = scenario_runner.run()
    job, slot = catalog.find(name), SLOTS[catalog.find(name)]
    failed = 0
    writes = [number for number, operation in enumerate(sent) if operation not in READS]
    for number in writes[1:]:  # the first is the claim, and who dies of that has not begun
        with scenario_runner.fake_aws.run(scenario_runner.prepared.copy()) as environment:
            environment.begin = environment.sent.clear
            environment.choose = {number: Fault.DIE_AFTER}.get
            environment.fire(job, slot)
            environment.choose = {number + 1: Fault.DIE_AFTER}.get  # a message is looked up first
            for _ in range(24):
                environment.now += 5 * MINUTE
                with environment.without_faults():
                    environment.run_checks()
                environment.deliver_messages()
            environment.choose = lambda _: None
            run = run_records.find(name, slots.of(slot))
            assert run
            if run.status is not run_records.Status.SUCCEEDED:
                failed += 1
                assert (run.status, run.error) == (run_records.Status.FAILED, "its worker died 6 times")
                operator_actions.run_again(job, slots.of(slot), "operator")
                environment.deliver_messages()
            environment.settle()
        assert without_other_heartbeats(comparable_data(environment.memory), job) == clean
    print(f"{failed} of {len(writes) - 1} runs failed")
    assert failed or name == "low_stock"  # whose every try gets a page further


@pytest.fixture
def _with_mail() -> Iterator[None]:
    object.__setattr__(settings, "mail_sender", "crm@example.com")
    yield
    object.__setattr__(settings, "mail_sender", "")


@pytest.mark.usefixtures("_with_mail")
def test_no_reminder_is_emailed_twice_and_each_is_counted(small_company: tuple[FakeAws, Memory]) -> None:
    scenario_runner = ScenarioRunner(*small_company, Scenario(catalog.ORDER_REMINDERS, fire(catalog.ORDER_REMINDERS)))
    key = (catalog.ORDER_REMINDERS.name, slots.of(SLOTS[catalog.ORDER_REMINDERS]))
    clean, sent = scenario_runner.run()
    assert clean["Run"][key]["counts"]["mails_sent"] == len(scenario_runner.fake_aws.environment.mails) == ROWS
    for number, operation, fault in fault_points(sent, READS):
        ending, _ = scenario_runner.run(number, fault)
        mails, run = Counter(scenario_runner.fake_aws.environment.mails), ending["Run"][key]
        told = {name: count for name, count in run["counts"].items() if name.startswith("mails")}
        assert run["status"]["S"] == "SUCCEEDED"
        assert set(mails.values()) == {1}, (operation, number, fault)
        assert sum(told.values()) == ROWS
        assert told["mails_sent"] <= len(mails) <= told["mails_sent"] + told.get("mails_doubtful", 0)
        assert len(mails) >= ROWS - 1
