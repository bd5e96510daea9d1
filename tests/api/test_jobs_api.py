"""Jobs over GraphQL: what operators see and do."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.crm import orders
from chalicelib.jobs import customer_cleanup, job_state, ledger, queue, run_records
from chalicelib.jobs.catalog import CUSTOMER_CLEANUP, HEARTBEAT, JOBS, LOW_STOCK
from chalicelib.jobs.job import RunRefused, StepContext, StepResult
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from tests.api.job_requests import ask, refusal
from tests.builders import a_customer, a_product, moment
from tests.jobs.job_runs import (
    SLOT,
    Clock,
    Consumer,
    dump,
    find_run,
    make_runner,
    manual_clock,
    take_messages,
    without_retry_delay,
)
from tests.jobs.loopback import Api, serving
from tests.metering import metered

RUN = """mutation ($name: String!, $slot: DateTime, $dry: Boolean, $cap: Int) {
  runJob(name: $name, slot: $slot, dryRun: $dry, cap: $cap) {
    run { job slot status trigger actor attempts pages error reason } preview { summary lines more } } }"""
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


@pytest.fixture(autouse=True)
def time() -> Iterator[Clock]:
    with manual_clock() as clock, without_retry_delay():
        yield clock


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as served:
        yield served


@pytest.mark.usefixtures("api")
def test_the_five_jobs_with_schedule_state_and_times(time: Clock) -> None:
    make_runner().fire(HEARTBEAT, time.now)
    time.later(minutes=1)
    rows = ask("{ jobs { name schedule state lastRun nextRun } }")["jobs"]
    never = {"state": "NEVER_RAN", "lastRun": None}
    assert rows == [
        {
            "name": "heartbeat",
            "schedule": "*/5 * * * *",
            "state": "OK",
            "lastRun": "2026-11-22T12:00:00Z",
            "nextRun": "2026-11-22T12:05:00Z",
        },
        {"name": "low_stock", "schedule": "0 */12 * * *", **never, "nextRun": "2026-11-23T00:00:00Z"},
        {"name": "order_reminders", "schedule": "0 8 * * *", **never, "nextRun": "2026-11-23T08:00:00Z"},
        {"name": "customer_cleanup", "schedule": "0 2 * * 0", **never, "nextRun": "2026-11-29T02:00:00Z"},
        {"name": "weekly_report", "schedule": "0 6 * * 1", **never, "nextRun": "2026-11-23T06:00:00Z"},
    ]


def test_the_runs_of_the_heartbeat_with_their_lines(api: Api, time: Clock) -> None:
    make_runner().fire(HEARTBEAT, time.now)
    api.status = 500
    make_runner().fire(HEARTBEAT, time.later(minutes=5))
    found = ask('{ jobRuns(job: "heartbeat", first: 5) { edges { node { slot status lines } } } }')
    assert found["jobRuns"]["edges"] == [
        {
            "node": {
                "slot": "2026-11-22T12:05:00Z",
                "status": "SUCCEEDED",
                "lines": ["22/11/2026-12:05:00 CRM is down: HTTP status 500"],
            }
        },
        {
            "node": {
                "slot": "2026-11-22T12:00:00Z",
                "status": "SUCCEEDED",
                "lines": ["22/11/2026-12:00:00 CRM is alive"],
            }
        },
    ]


def test_all_fields_of_a_job_and_its_latest_run(time: Clock) -> None:
    a_product("Lamp", stock=1)
    make_runner().fire(LOW_STOCK, time.now)
    job_state.pause("low_stock", "stock-taking", "ann", moment("2026-11-22T14:00:00"))
    make_runner().fire(LOW_STOCK, time.later(hours=1, minutes=-50))
    document = """{ job(name: "low_stock") { name description scheduleText state problems averageSeconds lastRun
      pause { reason actor since until }
      latest { job slot status trigger actor attempts pages createdAt startedAt finishedAt durationSeconds
        counts { name value } lines error reason } } }"""
    found = ask(document)["job"]
    latest = found.pop("latest")
    noon = "2026-11-22T12:00:00Z"
    assert found == {
        "name": "low_stock",
        "description": "Adds stock to each product that is low",
        "scheduleText": "Every 12 hours, at 00:00 and 12:00, UTC",
        "state": "PAUSED",
        "problems": [],
        "averageSeconds": 0.0,
        "lastRun": noon,
        "pause": {"reason": "stock-taking", "actor": "ann", "since": noon, "until": "2026-11-22T14:00:00Z"},
    }
    assert latest == {
        "job": "low_stock",
        "slot": noon,
        "status": "SUCCEEDED",
        "trigger": "SCHEDULE",
        "actor": None,
        "attempts": 1,
        "pages": 2,
        "createdAt": noon,
        "startedAt": noon,
        "finishedAt": noon,
        "durationSeconds": 0.0,
        "counts": [{"name": "restocked", "value": 1}],
        "error": None,
        "reason": None,
        "lines": ["[22/11/2026-12:00:00] Product: Lamp, New Stock: 11"],
    }


def test_an_unknown_job_or_run_is_null_or_an_error(time: Clock) -> None:
    assert ask('{ job(name: "nothing") { name } }') == {"job": None}
    assert ask('{ jobRun(job: "heartbeat", slot: "2020-01-01T00:00:00Z") { slot } }') == {"jobRun": None}
    for document in (
        '{ jobRuns(job: "nothing") { edges { node { slot } } } }',
        '{ jobRun(job: "nothing", slot: "2020-01-01T00:00:00Z") { slot } }',
        '{ jobRuns(job: "") { edges { node { slot } } } }',
        '{ jobRun(job: "", slot: "2020-01-01T00:00:00Z") { slot } }',
        'mutation { runJob(name: "nothing") { run { slot } } }',
        'mutation { pauseJob(name: "nothing", reason: "x") { job { name } } }',
        'mutation { resumeJob(name: "nothing") { job { name } } }',
    ):
        assert refusal(document)[0] == "UNKNOWN_JOB"
    assert time.now


def a_history(count: int) -> None:
    """Create runs; every third one has failed."""
    for number in range(count):
        run = run_records.new("low_stock", Slot(f"2026-11-22T10:{number:02d}:00Z"), Trigger.SCHEDULE)
        ledger.end(run, Status.FAILED if number % 3 == 0 else Status.MISSED, error="broken", reason="why")


def test_runs_are_paged_through_and_filtered_by_status() -> None:
    a_history(7)
    document = """query ($first: Int, $after: String, $status: RunStatus) {
      jobRuns(job: "low_stock", first: $first, after: $after, status: $status) {
        edges { cursor node { slot } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
    seen: list[str] = []
    after = None
    for size, more in ((3, True), (3, True), (1, False)):
        page = ask(document, first=3, after=after)["jobRuns"]
        assert (len(page["edges"]), page["pageInfo"]["hasNextPage"]) == (size, more)
        seen += [edge["node"]["slot"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == [f"2026-11-22T10:0{number}:00Z" for number in reversed(range(7))]
    failed = ask(document, status="FAILED")["jobRuns"]["edges"]
    assert [edge["node"]["slot"][14:16] for edge in failed] == ["06", "03", "00"]
    assert ask(document, status="RUNNING")["jobRuns"]["edges"] == []
    assert refusal(document, first=101)[:2] == ("INVALID_INPUT", "first")
    assert refusal(document, after=after, status="FAILED")[0] == "INVALID_CURSOR"


@pytest.mark.parametrize("spelling", [SLOT, "2026-11-22T14:00:00+02:00", "2026-11-22T12:00:00"])
def test_a_run_is_found_by_its_slot_in_any_notation(spelling: str, time: Clock) -> None:
    make_runner().fire(LOW_STOCK, time.now)
    found = ask('query ($slot: DateTime!) { jobRun(job: "low_stock", slot: $slot) { slot status } }', slot=spelling)
    assert found["jobRun"] == {"slot": SLOT, "status": "SUCCEEDED"}


def test_a_run_started_twice_is_one_run_until_it_runs(time: Clock) -> None:
    a_product(stock=1)
    first = ask(RUN, name="low_stock")["runJob"]
    assert first == {
        "run": {
            "job": "low_stock",
            "slot": "2026-11-22T12:00:00.000001Z",
            "status": "WAITING",
            "trigger": "OPERATOR",
            "actor": "test",
            "attempts": 0,
            "pages": 0,
            "error": None,
            "reason": None,
        },
        "preview": None,
    }
    time.later(seconds=1)
    assert ask(RUN, name="low_stock")["runJob"] == first
    Consumer().deliver_all()
    time.later(seconds=1)
    assert ask(RUN, name="low_stock")["runJob"]["run"]["slot"] == "2026-11-22T12:00:02.000001Z"
    assert find_run("low_stock", first["run"]["slot"]).counts == {"restocked": 1}


def _something_for_every_job(time: Clock) -> None:
    a_product(stock=1)
    customer = a_customer(created_at=moment("2020-01-01T00:00:00"))
    other = a_customer("Bob")
    orders.place(other.id, {a_product(stock=20).id: 1})
    assert customer.active_on < other.active_on
    assert time.now


@pytest.mark.parametrize("name", JOBS)
def test_a_dry_run_shows_a_preview_and_writes_nothing(name: str, api: Api, time: Clock) -> None:
    _something_for_every_job(time)
    before = dump()
    with metered() as meter:
        shown = ask(RUN, name=name, dry=True)["runJob"]
    assert shown["run"] is None
    assert shown["preview"]["more"] is False
    assert len(shown["preview"]["lines"]) == 1
    assert shown["preview"]["summary"]
    assert not meter.calls.keys() & WRITES
    assert dump() == before
    assert queue.depth() == {"waiting": 0, "working": 0, "dead": 0}
    assert bool(api.requests) == (name == "heartbeat")


def test_a_dry_run_that_is_refused_says_what_to_set() -> None:
    assert refusal(RUN, name="heartbeat", dry=True) == (
        "INVALID_INPUT",
        None,
        "CRM_API_URL is not set: the heartbeat does not know the address of the API",
    )


def test_only_customer_cleanup_takes_a_cap_of_at_least_one() -> None:
    assert refusal(RUN, name="low_stock", cap=5)[1] == "arguments"
    for cap in (0, -1):
        assert refusal(RUN, name="customer_cleanup", cap=cap)[1] == "cap"
    slot = "2020-01-01T00:00:00Z"
    message = "Give slot or dryRun, not both"
    assert refusal(RUN, name="customer_cleanup", dry=True, slot=slot)[1:] == ("slot", message)
    assert run_records.latest("customer_cleanup", 5) == []
    assert take_messages() == []


@pytest.mark.parametrize("again", [False, True], ids=["as another run", "once more"])
def test_a_refused_cleanup_runs_with_a_higher_cap(
    again: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    time: Clock,
) -> None:
    monkeypatch.setattr(customer_cleanup, "settings", replace(settings, cleanup_floor=1, cleanup_percent=1))
    for _ in range(2):
        a_customer(created_at=moment("2020-01-01T00:00:00"))
    make_runner().run(CUSTOMER_CLEANUP, SLOT)
    shown = ask(RUN, name="customer_cleanup", dry=True)["runJob"]["preview"]
    assert shown["summary"] == "2 customers would be deleted, more than the cap of 1: the run would stop"
    time.later(minutes=1)
    asked = {"cap": 2, "slot": SLOT} if again else {"cap": 2}
    slot = ask(RUN, name="customer_cleanup", **asked)["runJob"]["run"]["slot"]
    Consumer().deliver_all()
    assert find_run("customer_cleanup", slot).counts == {"deleted": 2}
    assert (slot == SLOT) == again
    assert ask("{ allCustomers { edges { node { id } } } }")["allCustomers"]["edges"] == []


def _refuse(_work: StepContext) -> StepResult:
    raise RunRefused("no")


def test_only_failed_missed_and_skipped_runs_can_be_repeated(time: Clock) -> None:
    make_runner().fire(replace(LOW_STOCK, step=_refuse), time.now)
    time.later(hours=1)
    again = ask(RUN, name="low_stock", slot=SLOT)["runJob"]["run"]
    assert (again["slot"], again["status"], again["trigger"], again["actor"]) == (SLOT, "WAITING", "OPERATOR", "test")
    Consumer().deliver_all()
    assert refusal(RUN, name="low_stock", slot=SLOT)[0] == "RUN_NOT_REPEATABLE"
    assert refusal(RUN, name="low_stock", slot="2020-01-01T00:00:00Z")[:2] == ("NOT_FOUND", "slot")
