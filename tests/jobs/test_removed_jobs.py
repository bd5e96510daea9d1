"""What a job that is renamed or removed leaves behind: no open alert, and a history that can be read."""

import json
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.jobs import alerts, ledger, queue, run_records, watchdog
from chalicelib.jobs.job import RunRefused, StepContext, StepResult
from chalicelib.jobs.notification_channels import Event
from chalicelib.jobs.notifications import Delivery
from chalicelib.jobs.run_records import Status, Trigger
from tests.as_operator import execute
from tests.jobs.job_runs import SLOT, Clock, make_job, make_runner, send_body, use_jobs, warning_messages


def ask(document: str) -> dict[str, Any]:
    return execute(document)


def refuse(_work: StepContext) -> StepResult:
    raise RunRefused("no disk")


def test_the_alerts_of_a_removed_job_are_closed_once(
    time: Clock, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(refuse, "oldname")
    use_jobs(monkeypatch, job)
    make_runner().fire(job, time.now)
    watchdog.run_checks()
    assert alerts.open_alerts() == {("oldname", "FAILING")}
    use_jobs(monkeypatch)
    log.clear()
    watchdog.run_checks()
    watchdog.run_checks()
    assert alerts.open_alerts() == set()
    assert warning_messages(log) == ["RECOVERED: oldname: no longer failing: this job no longer exists"]


@pytest.mark.usefixtures("time")
def test_one_that_cannot_be_closed_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    use_jobs(monkeypatch)
    for name in ("first", "second"):
        alerts.begin(name, alerts.FAILING, "no disk")
    notify = alerts._notify

    def notify_but_one(event: Event, job: str, kind: str, text: str) -> list[Delivery]:
        if job == "first":
            raise Unavailable
        return notify(event, job, kind, text)

    monkeypatch.setattr(alerts, "_notify", notify_but_one)
    watchdog.run_checks()
    assert alerts.open_alerts() == {("first", "FAILING")}


@pytest.mark.usefixtures("time")
def test_the_history_of_a_removed_job_is_readable_by_its_name() -> None:
    ledger.end(run_records.new("oldname", SLOT, Trigger.SCHEDULE), Status.FAILED, error="no disk")
    listed = ask('{ jobRuns(job: "oldname", first: 5) { edges { node { slot error } } } }')
    assert listed["data"]["jobRuns"]["edges"] == [{"node": {"slot": SLOT, "error": "no disk"}}]
    one = ask(f'{{ jobRun(job: "oldname", slot: "{SLOT}") {{ error }} }}')
    assert one["data"]["jobRun"] == {"error": "no disk"}


def test_the_dead_letter_of_a_removed_job_is_named_left_and_discarded() -> None:
    send_body(json.dumps({"job": "oldname", "slot": SLOT}), queue.DEAD)
    send_body(json.dumps({"job": "low_stock", "slot": SLOT}), queue.DEAD)
    letters = ask("{ deadLetters { id job body reason } }")["data"]["deadLetters"]
    (old,) = [letter for letter in letters if "oldname" in letter["body"]]
    assert (old["job"], "oldname" in old["reason"]) == (None, True)
    redriven = ask(f'mutation {{ redriveDeadLetters(ids: ["{old["id"]}"]) {{ redriven left }} }}')
    assert redriven["data"]["redriveDeadLetters"] == {"redriven": 0, "left": 1}
    discarded = ask(f'mutation {{ discardDeadLetters(ids: ["{old["id"]}"]) {{ discarded left }} }}')
    assert discarded["data"]["discardDeadLetters"] == {"discarded": 1, "left": 0}
    (left,) = ask("{ deadLetters { job } }")["data"]["deadLetters"]
    assert left == {"job": "low_stock"}


@pytest.mark.parametrize(
    "field",
    ['jobRuns(job: "never", first: 5) { edges { node { slot } } }', f'jobRun(job: "never", slot: "{SLOT}") {{ slot }}'],
)
def test_a_name_that_no_job_ever_had_is_unknown(field: str) -> None:
    assert ask(f"{{ {field} }}")["errors"][0]["extensions"]["code"] == "UNKNOWN_JOB"
