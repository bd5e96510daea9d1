"""Each call of a run is the last before a crash, gets lost or stalls. The data afterwards equals that of a clean run."""

from collections import Counter
from collections.abc import Iterator

import pytest

from chalicelib.jobs import catalog
from chalicelib.jobs.job import Job
from tests.faults.environment import FakeAws, Fault
from tests.faults.fault_scenarios import Scenario, ScenarioRunner, differences, fire
from tests.faults.memory import Memory
from tests.faults.sample_company import SLOTS, sample_company
from tests.faults.schedules import without_guards

pytestmark = pytest.mark.no_database

JOBS = [job for job in SLOTS if job is not catalog.HEARTBEAT]


@pytest.fixture(scope="module")
def small_company() -> Iterator[tuple[FakeAws, Memory]]:
    with sample_company() as made:
        yield made


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_fault_at_any_call_of_a_run_leaves_the_same_data(small_company: tuple[FakeAws, Memory], job: Job) -> None:
    assert ScenarioRunner(*small_company, Scenario(job, fire(job))).problems() == []


def test_without_the_guards_many_faults_leave_different_data(small_company: tuple[FakeAws, Memory]) -> None:
    """Control: shows that the test finds the defect."""
    with without_guards():
        found = ScenarioRunner(
            *small_company, Scenario(catalog.LOW_STOCK, fire(catalog.LOW_STOCK), writes_only=True)
        ).problems()
    print(f"{len(found)} breaks leave other books")
    assert len(found) >= 10


def test_an_interrupted_heartbeat_is_logged_once_or_marked_failed_or_missed(
    small_company: tuple[FakeAws, Memory],
) -> None:
    scenario_runner = ScenarioRunner(*small_company, Scenario(catalog.HEARTBEAT, fire(catalog.HEARTBEAT)))
    clean, sent = scenario_runner.run()
    (key,) = clean["Run"]
    statuses = Counter[str]()
    for number in range(len(sent)):
        for fault in Fault:
            ending, _ = scenario_runner.run(number, fault)
            status = ending["Run"][key]["status"]["S"]
            statuses[status] += 1
            assert status in {"FAILED", "MISSED"} or ending == clean, differences(clean, ending)
            assert status == "SUCCEEDED" or not any(pk.startswith("run") for pk, _ in ending["AuxRow"])
    print(statuses)
    assert statuses.keys() == {"SUCCEEDED", "FAILED", "MISSED"}
