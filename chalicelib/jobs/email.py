"""E-mail through SES: each is sent at most once.

SES cannot tell a repeated request from a new one, so each e-mail is claimed before it is sent, by a row `(mail#..., ...)`
of `ops`. If the sender dies in between, the e-mail is never sent again and counts as doubtful: one e-mail too few is
better than two.
"""

from dataclasses import dataclass
from datetime import timedelta

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


def send_once(pk: str, sk: str, message: Email) -> str:
    """Send an e-mail unless it was sent before. Return the outcome: SENT, FAILED or DOUBTFUL. Raises Unavailable."""
    row = tables.AuxRow(pk=f"mail#{pk}", sk=sk, token=new_token(), ttl=clock.now() + timedelta(days=30))
    earlier = put_once(row)
    if earlier is not None:
        return reads.text(earlier, "owner") or DOUBTFUL
    try:
        row.owner = _send(message)
    except Unavailable:
        row.delete()  # it was not sent, so the next attempt of the run may send it
        raise
    row.save()
    return row.owner


def _send(message: Email) -> str:
    body = {"Text": _utf8(message.text)} | ({"Html": _utf8(message.html)} if message.html else {})
    try:
        aws.client("sesv2", tries=1).send_email(
            FromEmailAddress=settings.mail_sender,
            Destination={"ToAddresses": list(message.to)},
            Content={"Simple": {"Subject": _utf8(message.subject), "Body": body}},
        )
    except ClientError as error:
        if is_transient(error) or code_of(error) in _THROTTLED:
            raise Unavailable from error
        return FAILED  # SES has rejected it
    except BotoCoreError:
        return DOUBTFUL  # there was no answer
    return SENT


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
