"""The audit log: every change that a person, a key or a job has made, the latest first. Its entries are the change rows."""

import json

from chalicelib.crm import text
from chalicelib.errors import InvalidInput
from chalicelib.store import change_log
from chalicelib.store.change_log import Change
from chalicelib.store.pagination import Listing


def list_changes(actor: str | None = None, subject: str | None = None) -> Listing[Change]:
    """List changes by one actor, of one subject, or all. Raises InvalidInput.

    `actor` is what entries show, or the name or the id of the key alone. No index serves it: the entries are read through.
    """
    if subject is not None and not text.fits_key(subject):
        raise InvalidInput("subject must be an id, such as that of a customer", field="subject")
    return Listing(
        index_range=change_log.range_of_all() if subject is None else change_log.range_of(subject),
        descending=True,
        query=json.dumps(["audit", actor, subject]),
        fetch=change_log.find_all,
        passes=lambda change: actor is None or is_by(change, actor),
        exact=actor is None,
    )


def is_by(change: Change, actor: str) -> bool:
    """Return whether `actor` is the one who made the change: as it is written there, by name, or by the id of the key."""
    name, _, rest = change.actor.rpartition(" (")
    return actor in {change.actor, *([name, rest.removesuffix(")")] if name else [])}
