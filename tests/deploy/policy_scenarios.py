"""What is played for each function, so that every permission it needs is used."""

import json

import boto3
import pytest

from chalicelib.crm import customers, email_suppressions
from chalicelib.jobs import catalog, queue, ses_events
from chalicelib.privacy import erased_people
from chalicelib.store import stage_secrets, tables
from tests.builders import time_is
from tests.deploy import scheduled_calls
from tests.deploy.api_calls import all_of_the_api
from tests.deploy.recording import Recording

NOW = "2026-11-23T13:00:00"


def play(function: str, recording: Recording) -> None:
    if function == "api_handler":
        all_of_the_api(recording)
    elif function == "work":
        _work(recording)
    elif function == "email_events":
        _email_events(recording)
    elif function == "dispatch":
        _dispatch(recording)
    elif function == "heartbeat":
        _heartbeat(recording)
    else:
        _scheduled(function, recording)


def _fired(job: str, recording: Recording) -> None:
    """With work to do, twice, and without time to do it."""
    when = scheduled_calls.WHEN[job]
    scheduled_calls.fire(job, when)
    recording.begin_step()
    scheduled_calls.fire(job, when)
    recording.begin_step()
    scheduled_calls.fire(job, _weeks_later(when, -1), 300, 1)
    recording.begin_step()


def _scheduled(job: str, recording: Recording) -> None:
    """Also failing and then not, while another waits, and on a day that has had a run already."""
    _fired(job, recording)
    if catalog.JOBS[job].permissions.sends_email and not catalog.JOBS[job].queued:
        when = scheduled_calls.WHEN[job]
        with scheduled_calls.sender_refused():
            scheduled_calls.fire(job, f"{when[:8]}24{when[10:]}")
    later = _weeks_later(scheduled_calls.WHEN[job], 1)
    with recording.paused():
        with time_is(f"{later[:10]}T00:00:01"):
            scheduled_calls.ask(f'mutation {{ runJob(name: "{job}") {{ run {{ slot }} }} }}')
        scheduled_calls.work_off(f"{later[:10]}T00:00:02")
    earlier = _weeks_later(later, -3)
    with scheduled_calls.failing(job):
        scheduled_calls.fire(job, earlier)
    next_attempt = f"{earlier[:-5]}01:00"
    for when in (later, next_attempt, later):
        recording.begin_step()
        scheduled_calls.fire(job, when)


def _email_events(recording: Recording) -> None:
    """A bounce before the stage has its secret for addresses, the same again, and what is no event."""
    address = "new@example.com"
    report = {
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": address}],
        "timestamp": f"{NOW}Z",
    }
    event = json.dumps({"eventType": "Bounce", "bounce": report, "mail": {"destination": [address]}})
    with recording.paused():
        tables.AuxRow(stage_secrets.PARTITION, email_suppressions.PURPOSE).delete()
    for body in (event, event):
        scheduled_calls.report_of_ses(body)
        recording.begin_step()
    with pytest.raises(ses_events.BadEvent):
        scheduled_calls.report_of_ses("poison")


def _heartbeat(recording: Recording) -> None:
    """Jobs are missed and late, it fails itself, and then all is well again."""
    _fired("heartbeat", recording)
    for when in ("00:20", "00:25", "01:20"):
        recording.begin_step()
        scheduled_calls.fire("heartbeat", f"2026-11-24T{when}:00")
    with scheduled_calls.failing("heartbeat"):
        for when in ("01:25", "01:30", "01:35"):
            recording.begin_step()
            scheduled_calls.fire("heartbeat", f"2026-11-24T{when}:00")
    recording.begin_step()
    scheduled_calls.fire("heartbeat", "2026-11-24T01:40:00")


def _dispatch(recording: Recording) -> None:
    """Schedules are due: for the first time, too late, and once."""
    with recording.paused(), time_is(NOW):
        for times in ('crontab: "*/30 * * * *"', 'at: "2026-11-23T13:30:00Z"'):
            made = scheduled_calls.ask(
                f'mutation {{ createSchedule(input: {{job: "low_stock", {times}}}) {{ schedule {{ id }} }} }}'
            )
            assert "errors" not in made, made
    for when in ("13:29", "13:30", "14:45"):
        recording.begin_step()
        scheduled_calls.fire("dispatch", f"2026-11-23T{when}:00")


def _work(recording: Recording) -> None:
    """Each job through the queue, short of time, failing for good; and what is no message of ours."""
    with recording.paused(), time_is(NOW):
        for job in scheduled_calls.WHEN:
            scheduled_calls.ask(f'mutation {{ runJob(name: "{job}") {{ run {{ slot }} }} }}')
        scheduled_calls.ask('mutation { remakeReport(period: "2026-W47") { run { slot } } }')
        _channels()
    scheduled_calls.work_off(NOW, 300, 1)
    later = "2026-11-23T13:30:00"
    for number in range(2):
        with recording.paused(), time_is(f"{later[:-1]}{number}"):
            scheduled_calls.ask(
                f'mutation {{ runJob(name: "customer_cleanup", cap: {number + 1}) {{ run {{ slot }} }} }}'
            )
    with scheduled_calls.failing("customer_cleanup"):
        assert not scheduled_calls.work_off(later), "it is attempted again later"
    with scheduled_calls.failing("low_stock", for_good=True):
        with recording.paused(), time_is(f"{later[:-2]}10"):
            scheduled_calls.ask('mutation { runJob(name: "low_stock") { run { slot } } }')
        assert scheduled_calls.work_off("2026-11-23T13:35:00")
    _erase_ann(recording)
    sqs = boto3.client("sqs", region_name="us-east-1")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue.NAME)["QueueUrl"], MessageBody="poison")
    recording.begin_step()
    assert scheduled_calls.work_off(NOW)


def _erase_ann(recording: Recording) -> None:
    """She is in a report, in dead letters of both queues, and in the lines of a run."""
    later = "2026-11-23T14:30:00"
    with recording.paused(), time_is(later):
        scheduled_calls.name_in_dead_letters("Ann")
        found = scheduled_calls.ask('{ allCustomers(name: "Ann") { edges { node { id } } } }')["data"]["allCustomers"]
        ann = found["edges"][0]["node"]["id"]
        erased = scheduled_calls.ask(f'mutation {{ eraseCustomer(id: "{ann}", reason: "asked") {{ run {{ slot }} }} }}')
        assert "errors" not in erased, erased
    recording.begin_step()
    scheduled_calls.work_off("2026-11-23T14:31:00")
    with recording.paused():
        assert customers.find(ann) is None
        assert erased_people.find(ann) is None


def _channels() -> None:
    """Let the topic and an address hear of all successful runs."""
    for given in ("kind: TOPIC", 'kind: EMAIL, email: "ops@example.com"'):
        made = scheduled_calls.ask(
            f'mutation {{ createNotificationChannel(input: {{{given}, name: "x", events: [SUCCESS]}}) {{ channel {{ id }} }} }}'
        )
        assert "errors" not in made, made


def _weeks_later(when: str, weeks: int) -> str:
    return f"{when[:8]}{int(when[8:10]) + 7 * weeks:02d}{when[10:]}"
