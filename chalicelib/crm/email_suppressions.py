"""Which e-mail addresses get no more e-mails: those that unsubscribed, that complained, or that do not exist.

A suppression belongs to an address, not to a customer: whoever gets another address gets e-mails again. It is a row
`(suppressed#digest, state)` of `ops`. The digest is a keyed hash of the normalised address, so the row names nobody, and it
can stay when the customer is deleted or erased.

    (no row) --suppress--> BOUNCE --suppress--> COMPLAINT or UNSUBSCRIBE
                              |                      |
                              +--------lift----------+--> LIFTED, for a month --suppress--> ...
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib import clock
from chalicelib.crm import customers, merged_customers, text
from chalicelib.crm.customers import Customer
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.store import change_marks, reads, stage_secrets, tables, timestamps
from chalicelib.store.put_once import put_once
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

PURPOSE = "email"
"""Of the secret behind digests and links."""
DIGEST_BYTES = 16
LIFT_REMEMBERED = timedelta(days=30)
"""Longer than a queue keeps a message: a late event from before a lift must not suppress the address again."""
_STATE = "state"
_LIFTED = "LIFTED"


class Reason(StrEnum):
    """Why an address is suppressed. A bounce gives way to the others, which are the wish of a person."""

    BOUNCE = "BOUNCE"
    COMPLAINT = "COMPLAINT"
    UNSUBSCRIBE = "UNSUBSCRIBE"


@dataclass(frozen=True, slots=True)
class Suppression:
    reason: Reason
    since: str
    token: str


def digest_of(secret: bytes, email: str) -> bytes:
    """Return the keyed hash that stands for an address, however it is spelt."""
    address = text.normalize_email(email).encode("utf-8", "surrogatepass")
    return hmac.digest(secret, b"address\0" + address, hashlib.sha256)[:DIGEST_BYTES]


def suppress(email: str, reason: Reason, at: datetime) -> bool:
    """Suppress an address. Return what `suppress_digest` returns. Raises Unavailable."""
    return suppress_digest(digest_of(stage_secrets.read(PURPOSE), email), reason, at)


def suppress_digest(digest: bytes, reason: Reason, at: datetime) -> bool:
    """Suppress the address with this digest, because of what happened `at` that time. Safe to repeat.

    Return False if nothing changes: it is suppressed already, or somebody lifted a suppression after that time.
    Raises Unavailable.
    """
    since = timestamps.to_text(min(at, clock.now()))
    row = tables.AuxRow(pk=_partition(digest), sk=_STATE, reason=reason, since=since, token=new_token())
    stored = tables.AuxRow
    replaces = (stored.reason == _LIFTED) & (stored.since <= since)
    if reason is not Reason.BOUNCE:
        replaces |= stored.reason == Reason.BOUNCE
    return put_once(row, replaces) is None


def find(email: str) -> Suppression | None:
    return find_all([email]).get(email)


def find_all(emails: Iterable[str]) -> dict[str, Suppression]:
    """Return {address: suppression} for those of the addresses that are suppressed, with one call per 100."""
    secret = stage_secrets.find(PURPOSE)
    if secret is None:
        return {}  # nobody has suppressed anything
    partitions = {email: _partition(digest_of(secret, email)) for email in emails}
    keys: list[reads.Item] = [{"pk": {"S": pk}, "sk": {"S": _STATE}} for pk in dict.fromkeys(partitions.values())]
    items = {item["pk"]["S"]: item for item in reads.get_all(tables.AuxRow, keys, consistent=True)}
    return {email: found for email, pk in partitions.items() if pk in items and (found := _load(items[pk]))}


def lift(customer_id: str, why: str, may_lift: Collection[Reason]) -> Customer:
    """Let the customer's present address get e-mails again. The change row says who did so and why.

    Raises InvalidInput, NotFound, and Forbidden if the address is suppressed for a reason that is not in `may_lift`.
    """
    why = text.checked_line(why, "reason")
    for _ in retry_delays():
        customer = customers.find(customer_id)
        if customer is None:
            raise merged_customers.missing(customer_id, "customer_id")
        if change_marks.is_done(customer_id):
            return customer
        found = find(customer.email)
        if found is None:
            raise NotFound("The e-mail address of this customer is not suppressed", field="customer_id")
        if found.reason not in may_lift:
            raise Forbidden(f"Only an OPERATOR may lift a suppression for {found.reason}")
        try:
            _lifting(customer, found, why).commit()
        except Stale:
            continue
        return customer
    raise Conflict


def _lifting(customer: Customer, found: Suppression, why: str) -> Transaction:
    now = clock.now()
    state = tables.AuxRow(
        pk=_partition(digest_of(stage_secrets.read(PURPOSE), customer.email)),
        sk=_STATE,
        reason=_LIFTED,
        since=timestamps.to_text(now),
        token=new_token(),
        ttl=now + LIFT_REMEMBERED,
    )
    write = Transaction(
        was_applied=lambda: _is_stored(state),
        subject=customer.id,
        before={"emailSuppression": found.reason},
        after={"emailSuppression": None},
        reason=why,
    )
    write.check(tables.Customer, customer.id, tables.Customer.id.exists())  # the reason may name them
    write.put(state, tables.AuxRow.token == found.token)
    return write


def _is_stored(row: tables.AuxRow) -> bool:
    item = reads.get_op(row.pk, row.sk)
    return item is not None and reads.text(item, "token") == row.token


def _partition(digest: bytes) -> str:
    return f"suppressed#{digest.hex()}"


def _load(item: reads.Item) -> Suppression | None:
    reason = item["reason"]["S"]
    return None if reason == _LIFTED else Suppression(Reason(reason), item["since"]["S"], item["token"]["S"])
