"""What SES reports suppresses the address: permanent bounces and complaints, once, and whatever else the queue has."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import app
from chalicelib import aws, clock
from chalicelib.crm import email_suppressions
from chalicelib.crm.email_suppressions import Reason
from chalicelib.jobs import ses_events
from chalicelib.jobs.ses_events import BadEvent
from tests.builders import a_customer
from tests.jobs.job_runs import Clock, receive, send_body
from tests.metering import metered

ANN, BOB = "ann@example.com", "bob@example.com"
TIME = "2026-11-22T11:59:30.123Z"


def bounce(kind: str = "Permanent", *, to: tuple[str, ...] = (ANN,), **more: Any) -> dict[str, Any]:
    """Return an event as SES publishes it, shortened."""
    report = {
        "feedbackId": "0100",
        "bounceType": kind,
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": each, "action": "failed", "status": "5.1.1"} for each in to],
        "timestamp": TIME,
    }
    return {"eventType": "Bounce", "bounce": report | more, "mail": {"messageId": "1", "destination": list(to)}}


def complaint(*, to: tuple[str, ...] = (ANN,), **more: Any) -> dict[str, Any]:
    report = {
        "feedbackId": "0100",
        "complainedRecipients": [{"emailAddress": each} for each in to],
        "complaintFeedbackType": "abuse",
        "timestamp": TIME,
    }
    return {"eventType": "Complaint", "complaint": report | more, "mail": {"messageId": "1", "destination": list(to)}}


def in_envelope(event: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(event)}


def as_notification(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event as SES sends it for an identity, without a configuration set."""
    return {"notificationType" if key == "eventType" else key: value for key, value in event.items()}


def found(*emails: str) -> dict[str, Reason]:
    return {email: each.reason for email, each in email_suppressions.find_all(emails or (ANN, BOB)).items()}


def handle(event: object) -> None:
    ses_events.handle(event if isinstance(event, str) else json.dumps(event))


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (bounce(), Reason.BOUNCE),
        (complaint(), Reason.COMPLAINT),
        (complaint(complaintFeedbackType=None), Reason.COMPLAINT),
        (in_envelope(bounce()), Reason.BOUNCE),
        (as_notification(complaint()), Reason.COMPLAINT),
        (bounce(to=("Ann Lee <ANN@example.com>",)), Reason.BOUNCE),
        (bounce(bounceSubType="OnAccountSuppressionList"), Reason.BOUNCE),
    ],
)
def test_a_permanent_bounce_and_a_complaint_suppress_the_address(event: dict[str, Any], reason: Reason) -> None:
    handle(event)
    assert found() == {ANN: reason}
    suppression = email_suppressions.find(ANN)
    assert suppression
    assert suppression.since == "2026-11-22T11:59:30.123000Z"


@pytest.mark.parametrize(
    "event",
    [
        bounce("Transient"),
        bounce("Transient", bounceSubType="MailboxFull"),
        bounce("Undetermined"),
        complaint(complaintFeedbackType="not-spam"),
        {"eventType": "Delivery", "delivery": {}, "mail": {"destination": [ANN]}},
        {"eventType": "Rendering Failure"},
        {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have subscribed"},
    ],
)
def test_what_says_nothing_against_an_address_changes_nothing(event: dict[str, Any]) -> None:
    with metered() as meter:
        handle(event)
    assert meter.total_calls == 0
    assert found() == {}


def test_the_address_that_the_email_was_sent_to_counts_not_one_that_it_was_forwarded_to() -> None:
    event = bounce()
    event["bounce"]["bouncedRecipients"] = [{"emailAddress": "elsewhere@example.org"}]
    handle(event)
    assert found(ANN, "elsewhere@example.org") == {ANN: Reason.BOUNCE}


def test_of_several_recipients_only_the_reported_ones_are_suppressed() -> None:
    event = bounce(to=(ANN, BOB))
    del event["bounce"]["bouncedRecipients"][0]
    handle(event)
    assert found() == {BOB: Reason.BOUNCE}


@pytest.mark.usefixtures("time")
def test_an_event_that_comes_twice_or_late_changes_nothing() -> None:
    customer = a_customer(email=ANN)
    for _ in range(2):
        handle(bounce())
    before = email_suppressions.find(ANN)
    handle(bounce(timestamp="2026-11-22T11:59:59Z"))
    assert email_suppressions.find(ANN) == before
    email_suppressions.lift(customer.id, "checked", {Reason.BOUNCE})
    handle(bounce())
    assert found() == {}, "the event is older than the lift"


BAD = {
    "no JSON": "poison",
    "no object": "[]",
    "null": "null",
    "nothing": "",
    "a number": "1",
    "deep": "[" * 100_000,
    "an unknown event": {"eventType": "Earthquake"},
    "no event": {"hello": "world"},
    "an event that is no text": {"eventType": ["Bounce"]},
    "an envelope without content": {"Type": "Notification", "Message": "poison"},
    "an unknown bounce": bounce("Perhaps"),
    "no bounce": {"eventType": "Bounce"},
    "no mail": {key: value for key, value in bounce().items() if key != "mail"},
    "no recipients": bounce(to=()),
    "too many recipients": bounce(to=tuple(f"a{number}@example.com" for number in range(51))),
    "no address": bounce(to=("ann",)),
    "a long address": bounce(to=("a" * 100_000 + "@example.com",)),
    "half of a surrogate pair": bounce(to=("\ud800@example.com",)),
    "no time": bounce(timestamp="yesterday"),
    "a time without a zone": bounce(timestamp="2026-11-22T12:00:00"),
    "a time that is no text": bounce(timestamp=5),
    "recipients that are no list": bounce(to=(ANN, BOB), bouncedRecipients=5),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_refused_with_a_short_reason_that_names_nobody(
    name: str, log: pytest.LogCaptureFixture
) -> None:
    with metered() as meter, pytest.raises(BadEvent) as caught:
        handle(BAD[name])
    assert meter.total_calls == 0
    assert len(caught.value.message) <= 200
    (record,) = [record for record in log.records if record.getMessage() == "a message of SES could not be read"]
    assert record.__dict__["reason"] == caught.value.message


def invoke(body: str) -> bool:
    """Call the function as Lambda does, and return whether it succeeded."""
    record = {"body": body, "receiptHandle": "r", "messageId": "1", "attributes": {}, "eventSource": "aws:sqs"}
    try:
        app.email_events({"Records": [record]}, None)
    except BadEvent:
        return False
    return True


@pytest.fixture
def _visible_at_once() -> Iterator[None]:
    """Deliver what failed again at once: SQS hides it in real time."""
    ses_events.create()
    url = aws.client("sqs").get_queue_url(QueueName=ses_events.NAME)["QueueUrl"]
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    yield
    ses_events.create()


@pytest.mark.usefixtures("_visible_at_once")
def test_a_bad_message_becomes_a_dead_letter_and_holds_up_nobody() -> None:
    for body in ("poison", json.dumps(bounce()), json.dumps(complaint(to=(BOB,)))):
        send_body(body, ses_events.NAME)
    tries = 0
    url = aws.client("sqs").get_queue_url(QueueName=ses_events.NAME)["QueueUrl"]
    while message := receive(ses_events.NAME):
        tries += message["Body"] == "poison"
        assert tries <= ses_events.MAX_RECEIVES
        if invoke(message["Body"]):
            aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert found() == {ANN: Reason.BOUNCE, BOB: Reason.COMPLAINT}
    dead = receive(ses_events.DEAD)
    assert dead
    assert dead["Body"] == "poison"


def test_addresses_are_not_in_the_log(log: pytest.LogCaptureFixture) -> None:
    handle(bounce())
    assert ANN not in log.text
    assert all(ANN not in str(record.__dict__) for record in log.records)
    (record,) = [record for record in log.records if record.getMessage() == "SES reported addresses"]
    assert (record.__dict__["addresses"], record.__dict__["suppressed"]) == (1, 1)


def test_an_event_costs_one_write(time: Clock) -> None:
    handle(bounce())
    with metered() as meter:
        handle(bounce(to=(BOB,)))
    assert meter.calls == {"PutItem": 1}
    assert time.now - clock.now() == timedelta()
