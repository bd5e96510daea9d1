"""Reminders by e-mail: one for an order and a day.

SES cannot tell a repeated request from a new one, so each mail is claimed before it is sent, by a row `(mail#day, order)`
of `ops`. A claim whose sender died is never sent again: one mail too few is better than two. Those are counted as doubtful.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PutError

from chalicelib import aws, clock
from chalicelib.crm import reads, tables
from chalicelib.crm.transaction import attempts, code_of, is_passing, new_token
from chalicelib.errors import Unavailable
from chalicelib.settings import settings

_THROTTLED = {"TooManyRequestsException", "LimitExceededException", "Throttling"}
SENT, FAILED, DOUBTFUL = "mails_sent", "mails_failed", "mails_doubtful"


def remind(day: date, orders: list[dict[str, Any]]) -> Counter[str]:
    """Send what was not sent yet; counts of what became of each."""
    return Counter(_remind(day, order) for order in orders)


def _remind(day: date, order: dict[str, Any]) -> str:
    row = tables.Op(pk=f"mail#{day}", sk=order["id"], token=new_token(), ttl=clock.now() + timedelta(days=30))
    earlier = _claim(row)
    if earlier is not None:
        return earlier
    try:
        row.owner = _send(order)
    except Unavailable:
        row.delete()  # it was not sent: the next try of the run may
        raise
    row.save()
    return row.owner


def _claim(row: tables.Op) -> str | None:
    """What became of the mail if it was claimed before."""
    for _ in attempts():
        try:
            row.save(tables.Op.pk.does_not_exist())
        except PutError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                item = reads.get_op(row.pk, row.sk)
                if item is None or item["token"]["S"] == row.token:
                    return None
                return reads.text(item, "owner") or DOUBTFUL
            if not is_passing(error):
                raise
        else:
            return None
    raise Unavailable


def _send(order: dict[str, Any]) -> str:
    customer = order["customer"]
    text = (
        f"Hello {customer['name']},\n\nthis is a reminder of your order {order['id']} of {order['orderDate'][:10]}: "
        f"${order['totalAmount']} in total.\n"
    )
    content = {
        "Subject": {"Data": f"Your order of {order['orderDate'][:10]}", "Charset": "UTF-8"},
        "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
    }
    try:
        aws.client("sesv2", tries=1).send_email(
            FromEmailAddress=settings.mail_sender,
            Destination={"ToAddresses": [customer["email"]]},
            Content={"Simple": content},
        )
    except ClientError as error:
        if is_passing(error) or code_of(error) in _THROTTLED:
            raise Unavailable from error
        return FAILED  # refused: it was not sent
    except BotoCoreError:
        return DOUBTFUL  # no answer
    return SENT
