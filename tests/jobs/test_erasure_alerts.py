"""A failed erasure is as wrong as a failed run of another job: an alert, a notification, the status and the digest say so."""

from chalicelib.jobs import alerts, catalog, ledger, run_records, slots, watchdog, weekly_digest
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from tests.api.graphql_client import ask
from tests.jobs.channel_receivers import World, a_channel, deliver, make_world  # noqa: F401 - one is a fixture
from tests.jobs.job_runs import Clock

STATUS = "{ status { problems { kind job text } jobs { name } } }"
FAILING = ("erasure", alerts.FAILING)


def fail(customer: str, time: Clock) -> Run:
    """Store a failed erasure."""
    time.later(hours=1)
    made = run_records.new("erasure", slots.of_request(time.now), Trigger.OPERATOR, arguments={"customer": customer})
    ledger.end(made, Status.FAILED, error="no disk")
    return made


def repeat(run: Run) -> None:
    """Store that the run has succeeded after all."""
    stored = run_records.find(run.job, run.slot)
    assert stored
    ledger.end(stored, Status.SUCCEEDED)


def succeed(customer: str, time: Clock) -> None:
    repeat(fail(customer, time))


def test_it_raises_an_alert_until_it_is_repeated(world: World, time: Clock) -> None:
    a_channel(events=["PROBLEM", "RECOVERY"])
    failed = fail("cus_1", time)
    for _ in range(2):
        watchdog.run_checks()
        deliver()
    text = f"[test] FAILING: erasure: the run of {failed.slot} failed: no disk"
    assert world.take() == [("topic", "FAILING: erasure"), ("hooks.example.com", text)]
    repeat(failed)
    watchdog.run_checks()
    deliver()
    assert ("hooks.example.com", "[test] RECOVERED: erasure: no longer failing") in world.take()


def test_the_erasure_of_somebody_else_does_not_end_the_alert(time: Clock) -> None:
    failed = fail("cus_1", time)
    succeed("cus_2", time)
    watchdog.run_checks()
    assert FAILING in alerts.open_alerts()
    succeed("cus_1", time)
    watchdog.run_checks()
    assert FAILING not in alerts.open_alerts(), f"the person of {failed.slot} is erased"


def test_the_status_shows_it_for_as_long_as_nobody_repeats_it(time: Clock) -> None:
    failed = fail("cus_1", time)
    time.later(days=2)
    status = ask(STATUS).data["status"]
    text = f"the run of {failed.slot} failed: no disk"
    assert {"kind": "ALERT", "job": "erasure", "text": text} in status["problems"]
    assert "erasure" not in {job["name"] for job in status["jobs"]}, "it has no schedule"


def test_a_channel_may_hear_of_erasures_alone(world: World, time: Clock) -> None:
    a_channel(events=["PROBLEM", "SUCCESS"], jobs=["erasure"])
    run = run_records.new("erasure", slots.of_request(time.now), Trigger.OPERATOR, arguments={"customer": "cus_1"})
    ledger.record(run)
    claimed = ledger.claim(catalog.ERASURE, run.slot)
    assert claimed
    ledger.finish(claimed, StepResult(None, (), {"erased": 3}))
    deliver()
    (text,) = [text for _, text in world.take()]
    assert "SUCCEEDED: erasure" in text


def test_the_digest_counts_erasures_in_a_week_that_had_some(time: Clock) -> None:
    due = time.at("2026-11-23T07:00:00")
    assert not [line for line in weekly_digest._lines(due, due) if line.startswith("erasure")]
    time.at("2026-11-20T12:00:00")
    fail("cus_1", time)
    assert "erasure: 1 failed" in list(weekly_digest._lines(due, due))
