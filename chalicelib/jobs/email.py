"""E-mails, each sent once: a reminder for an order and a day, a report for a week.

SES cannot tell a repeated request from a new one, so each mail is claimed before it is sent, by a row `(mail#..., ...)` of
`ops`. A claim whose sender died is never sent again: one mail too few is better than two. Those are counted as doubtful.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws, clock
from chalicelib.errors import Unavailable
from chalicelib.settings import settings
from chalicelib.store import reads, tables
from chalicelib.store.put_once import put_once
from chalicelib.store.retries import code_of, is_transient
from chalicelib.store.transaction import new_token

_THROTTLED = {"TooManyRequestsException", "LimitExceededException", "Throttling"}
SENT, FAILED, DOUBTFUL = "mails_sent", "mails_failed", "mails_doubtful"


@dataclass(frozen=True, slots=True)
class Email:
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None


def send_once(pk: str, sk: str, letter: Email) -> str:
    """What became of it, also if that was settled before: SENT, FAILED or DOUBTFUL. Raises Unavailable."""
    row = tables.AuxRow(pk=f"mail#{pk}", sk=sk, token=new_token(), ttl=clock.now() + timedelta(days=30))
    earlier = put_once(row)
    if earlier is not None:
        return reads.text(earlier, "owner") or DOUBTFUL
    try:
        row.owner = _send(letter)
    except Unavailable:
        row.delete()  # it was not sent: the next try of the run may
        raise
    row.save()
    return row.owner


def remind(day: date, orders: list[dict[str, Any]]) -> Counter[str]:
    """Send what was not sent yet; counts of what became of each."""
    return Counter(send_once(str(day), order["id"], _reminder(order)) for order in orders)


def _reminder(order: dict[str, Any]) -> Email:
    customer, day = order["customer"], order["orderDate"][:10]
    text = (
        f"Hello {customer['name']},\n\nthis is a reminder of your order {order['id']} of {day}: "
        f"${order['totalAmount']} in total.\n"
    )
    return Email((customer["email"],), f"Your order of {day}", text)


def _send(letter: Email) -> str:
    body = {"Text": _utf8(letter.text)} | ({"Html": _utf8(letter.html)} if letter.html else {})
    try:
        aws.client("sesv2", tries=1).send_email(
            FromEmailAddress=settings.mail_sender,
            Destination={"ToAddresses": list(letter.to)},
            Content={"Simple": {"Subject": _utf8(letter.subject), "Body": body}},
        )
    except ClientError as error:
        if is_transient(error) or code_of(error) in _THROTTLED:
            raise Unavailable from error
        return FAILED  # refused: it was not sent
    except BotoCoreError:
        return DOUBTFUL  # no answer
    return SENT


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
