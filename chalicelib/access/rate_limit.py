"""Rate limit: a token bucket for each API key.

A bucket holds `CRM_RATE_BURST` requests, and `CRM_RATE_PER_SECOND` are added per second. Only one number is stored, the
microsecond at which the bucket will be full again. So taking a request is one conditional write on the key's own row, and
the limit is exact across all Lambdas. API Gateway's usage plans would need a second key from each caller, count only
approximately, and be missing on a developer's machine.
"""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import clock
from chalicelib.errors import RateLimited, Unavailable
from chalicelib.settings import settings
from chalicelib.store import reads, tables
from chalicelib.store.connection import client
from chalicelib.store.retries import is_condition_failure

_SECOND = 1_000_000


def take_token(pk: str, sk: str) -> None:
    """Take one request from the bucket in this row of `ops`. Raises RateLimited, Unavailable."""
    now = int(clock.now().timestamp() * _SECOND)
    cost = _SECOND // settings.rate_per_second
    latest = now + cost * (settings.rate_burst - 1)
    row = {"pk": {"S": pk}, "sk": {"S": sk}}
    # Usually the bucket is full. If not, try whether there is room. A repeated write whose response was lost takes one token
    # too many.
    was_full = _write(
        row, "attribute_not_exists(full_until) OR full_until <= :bound", "SET full_until = :to", now, now + cost
    )
    if not was_full and not _write(row, "full_until <= :bound", "ADD full_until :to", latest, cost):
        raise RateLimited


def _write(row: reads.Item, condition: str, update: str, bound: int, to: int) -> bool:
    try:
        client().update_item(
            TableName=reads.table_name(tables.AuxRow),
            Key=row,
            ConditionExpression=f"attribute_exists(pk) AND ({condition})",
            UpdateExpression=update,
            ExpressionAttributeValues={":bound": {"N": str(bound)}, ":to": {"N": str(to)}},
        )
    except (BotoCoreError, ClientError) as error:
        if is_condition_failure(error):
            return False
        raise Unavailable from error
    return True
