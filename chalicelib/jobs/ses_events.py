"""What SES reports about e-mails that were sent: permanent bounces and complaints suppress the address.

    SES (configuration set) --> SNS topic --> queue --> app.email_events --> crm.email_suppressions

SES and SQS may deliver an event twice or late: that changes nothing. A message that cannot be read raises BadEvent. SQS then
delivers it again, and after MAX_RECEIVES times it is a dead letter. No message holds up another.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from chalicelib import telemetry
from chalicelib.crm import email_suppressions, text
from chalicelib.crm.email_suppressions import Reason
from chalicelib.errors import CrmError
from chalicelib.jobs import queue
from chalicelib.settings import settings

NAME = f"crm-{settings.stage}-email-events"
DEAD = f"{NAME}-dead"
MAX_RECEIVES = 3
VISIBILITY = 360
"""Seconds: six times the consumer's time limit."""
MAX_ADDRESSES = 50
"""The most recipients that SES takes for one e-mail."""
_WITHOUT_EFFECT = frozenset(
    {"Send", "Delivery", "Open", "Click", "Reject", "Rendering Failure", "DeliveryDelay", "Subscription"}
    | {"AmazonSnsSubscriptionSucceeded"}
)
"""What SES may also publish. It says nothing against an address."""
_TEMPORARY = frozenset({"Transient", "Undetermined"})
"""Kinds of bounces after which the address may work again, for example because a mailbox is full."""
_NOT_SPAM = "not-spam"
"""The recipient took an e-mail out of the folder for spam."""
_MAX_REASON = 200


class BadEvent(CrmError):
    """The message is not an event of SES"""

    code = "BAD_EVENT"


@dataclass(frozen=True, slots=True)
class Event:
    """A report against these addresses."""

    reason: Reason
    addresses: tuple[str, ...]
    at: datetime


def handle(body: str) -> None:
    """Suppress the addresses that a message reports. Raises BadEvent, Unavailable."""
    try:
        event = read(body)
    except BadEvent as error:
        # Not the body: it names people. The dead letter has it.
        telemetry.error("a message of SES could not be read", reason=error.message)
        raise
    if event:
        new = sum(email_suppressions.suppress(address, event.reason, event.at) for address in event.addresses)
        telemetry.info("SES reported addresses", reason=event.reason, addresses=len(event.addresses), suppressed=new)


def read(body: str) -> Event | None:
    """Parse a message. Return None for an event that says nothing against an address. Raises BadEvent."""
    try:
        content = json.loads(body)
        if content.get("Type") == "Notification":  # SNS's own envelope, without raw delivery
            content = json.loads(content["Message"])
        return _event(content)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, CrmError) as error:
        raise BadEvent(f"The message is not an event of SES: {error!r}"[:_MAX_REASON]) from error


def create() -> None:
    """Create or update both queues."""
    queue.create_pair(NAME, DEAD, VISIBILITY, MAX_RECEIVES)


def _event(content: dict[str, Any]) -> Event | None:
    kind = content.get("eventType") or content["notificationType"]
    if kind == "Bounce":
        report = content["bounce"]
        if report["bounceType"] in _TEMPORARY:
            return None
        if report["bounceType"] != "Permanent":
            raise ValueError(f"unknown bounce {report['bounceType']!r}")
        return _report(Reason.BOUNCE, content, report, report["bouncedRecipients"])
    if kind == "Complaint":
        report = content["complaint"]
        if report.get("complaintFeedbackType") == _NOT_SPAM:
            return None
        return _report(Reason.COMPLAINT, content, report, report["complainedRecipients"])
    if kind in _WITHOUT_EFFECT:
        return None
    raise ValueError(f"unknown event {kind!r}")


def _report(reason: Reason, content: dict[str, Any], report: dict[str, Any], recipients: list[dict[str, str]]) -> Event:
    """Return the event. If the e-mail had one recipient, take the address that we sent it to.

    What the recipient's server reports may be another one, to which the e-mail was forwarded.
    """
    sent_to: list[str] = content["mail"]["destination"]
    reported = sent_to if len(sent_to) == 1 else [each["emailAddress"] for each in recipients]
    at = datetime.fromisoformat(report["timestamp"])
    if at.tzinfo is None or not 0 < len(reported) <= MAX_ADDRESSES:
        raise ValueError(f"{len(reported)} addresses at {at}")
    return Event(reason, tuple(_checked(reported)), at)


def _checked(addresses: Iterable[str]) -> list[str]:
    """Return the bare addresses: SES may report `Ann <ann@example.com>`. Raises InvalidEmail."""
    return [text.checked_email(parseaddr(address)[1]) for address in addresses]
