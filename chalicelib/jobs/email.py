"""E-mail through SES: each is sent at most once, as fast as SES lets the account send.

SES cannot tell a repeated request from a new one, so each e-mail is claimed before it is sent, by a row `(mail#..., ...)`
of `ops`. If the sender dies in between, the e-mail is never sent again and counts as doubtful: one e-mail too few is
better than two. An e-mail that SES certainly did not take is released.

    claimed --> SENT, or DOUBTFUL without an answer
       |
       +--> FAILED: SES refuses this e-mail, for example its address
       +--> released: SES is busy (EmailUnavailable), or refuses every e-mail of the account (SendingRefused)

Nothing is claimed for an address that is suppressed (see `crm.email_suppressions`).
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from chalicelib import aws, clock, telemetry
from chalicelib.errors import EmailUnavailable, Unavailable
from chalicelib.jobs.job import RunRefused
from chalicelib.settings import settings
from chalicelib.store import reads, tables
from chalicelib.store.put_once import put_once
from chalicelib.store.retries import code_of, is_transient
from chalicelib.store.transaction import new_token

SENT, FAILED, DOUBTFUL = "mails_sent", "mails_failed", "mails_doubtful"
SUPPRESSED = "mails_suppressed"
_PAUSES = (0.25, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0)
"""Seconds, with jitter, after each refusal because of the sending rate. SES allows one e-mail a second or more."""
_TOO_FAST = {"TooManyRequestsException", "Throttling", "ThrottlingException"}
_ONE_EMAIL = {"MessageRejected", "BadRequestException", "InvalidParameterValue"}
"""Codes by which SES refuses an e-mail for its address or content. All others are about the account or the sender."""
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError)


class SendingRefused(RunRefused):
    """No e-mail can be sent: SES refuses the account or the sender, or a setting is missing. The text says which"""


@dataclass(frozen=True, slots=True)
class Email:
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None
    unsubscribe_url: str | None = None
    """An address of https becomes a header, by which mail programs unsubscribe in one click (RFC 8058)."""


def send_all(pk: str, emails: Iterable[tuple[str, Email | None]], has_time: Callable[[], bool]) -> list[str]:
    """Send e-mails one after another, and return the outcome of each. None stands for one to a suppressed address.

    The list is shorter when the time is up, or SES takes no more: what was sent is progress, and the next step continues.
    Raises Unavailable and SendingRefused if not even the first one can be sent.
    """
    outcomes: list[str] = []
    for sk, message in emails:
        if outcomes and not has_time():
            break
        try:
            outcomes.append(send_once(pk, sk, message) if message else SUPPRESSED)
        except (Unavailable, SendingRefused):
            if not outcomes:
                raise
            break
    return outcomes


def send_once(pk: str, sk: str, message: Email) -> str:
    """Send an e-mail unless it was sent before. Return the outcome: SENT, FAILED or DOUBTFUL.

    Raises Unavailable, SendingRefused.
    """
    row = tables.AuxRow(pk=f"mail#{pk}", sk=sk, token=new_token(), ttl=clock.now() + timedelta(days=30))
    earlier = put_once(row)
    if earlier is not None:
        return reads.text(earlier, "owner") or DOUBTFUL
    try:
        row.owner = _send(message)
    except (Unavailable, SendingRefused):
        row.delete()  # it was not sent, so the next attempt may send it
        raise
    row.save()
    return row.owner


def problem_of(counts: Mapping[str, int]) -> str | None:
    """Return what is wrong with a successful run that could not send some of its e-mails."""
    failed = counts.get(FAILED, 0)
    return f"SES refused {failed} of its e-mails; the log has the reasons" if failed else None


def _send(message: Email) -> str:
    """Send an e-mail at the pace of the account. Raises EmailUnavailable, SendingRefused."""
    for pause in (*_PAUSES, None):
        try:
            _request(message)
        except ClientError as error:
            if pause is None or not _is_too_fast(error):
                return _failure(error)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
        except _NEVER_SENT as error:
            raise EmailUnavailable(f"{EmailUnavailable.__doc__}: {error}") from error
        except BotoCoreError:
            return DOUBTFUL  # there was no answer
        else:
            return SENT
    raise AssertionError("the last attempt returns or raises")


def _request(message: Email) -> None:
    body = {"Text": _utf8(message.text)} | ({"Html": _utf8(message.html)} if message.html else {})
    aws.client("sesv2", tries=1).send_email(
        FromEmailAddress=settings.mail_sender,
        Destination={"ToAddresses": list(message.to)},
        Content={"Simple": {"Subject": _utf8(message.subject), "Body": body, "Headers": _headers(message)}},
        **({"ConfigurationSetName": settings.mail_configuration_set} if settings.mail_configuration_set else {}),
    )


def _headers(message: Email) -> list[dict[str, str]]:
    if not message.unsubscribe_url or not message.unsubscribe_url.startswith("https://"):
        return []
    return [
        {"Name": "List-Unsubscribe", "Value": f"<{message.unsubscribe_url}>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]


def _failure(error: ClientError) -> str:
    """Return FAILED if SES refuses only this e-mail. Raises EmailUnavailable, SendingRefused."""
    words = f"{code_of(error)}: {error.response['Error'].get('Message', '')}"
    if _is_over_quota(error):
        advice = "Repeat the run tomorrow, or have AWS raise the quota"
        raise SendingRefused(f"SES's daily sending quota is used up. {advice}. SES says: {words}") from error
    if code_of(error) in _TOO_FAST or is_transient(error):
        raise EmailUnavailable(f"{EmailUnavailable.__doc__}: {words}") from error
    if code_of(error) in _ONE_EMAIL and "not verified" not in words:
        telemetry.warn("SES refused an e-mail", reason=words)
        return FAILED
    raise SendingRefused(
        f"SES refuses to send from {settings.mail_sender}. Fix the cause, then repeat the run. SES says: {words}"
    ) from error


def _is_too_fast(error: ClientError) -> bool:
    return code_of(error) in _TOO_FAST and not _is_over_quota(error)


def _is_over_quota(error: ClientError) -> bool:
    """Return whether the account has sent as many e-mails as it may in 24 hours."""
    message = error.response["Error"].get("Message", "").lower()
    return code_of(error) == "LimitExceededException" or "quota" in message


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
