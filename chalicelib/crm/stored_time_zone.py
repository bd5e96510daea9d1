"""The time zone that is stored with the data: the totals of each day were counted in it, so it never changes.

It is one row of `ops`, written when the tables are first used. Deployment and `make local` compare it with CRM_TIME_ZONE and go
no further if the two differ; the functions themselves do not read it.
"""

from chalicelib import time_zones
from chalicelib.crm import calendar_days, counters
from chalicelib.store import reads
from chalicelib.store.put_once import put_once
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import new_token

PARTITION, SORT_KEY = "settings", "time_zone"


class OtherTimeZone(Exception):
    """The data was counted in another time zone than the one that is set; the text says what to do"""


def confirm() -> str:
    """Store the time zone that is set if there is none yet. Return the stored one. Raises OtherTimeZone, Unavailable."""
    wanted = calendar_days.time_zone()
    stored = _find() or _store(wanted if counters.is_empty() else time_zones.UTC_NAME)
    if not time_zones.is_same(stored, wanted):
        raise OtherTimeZone(
            f"CRM_TIME_ZONE is {wanted}, but the days of the stored data are those of {stored}. Totals and reports are kept by"
            f" day, so the time zone of existing data cannot be changed. Set CRM_TIME_ZONE to {stored}, or begin with empty tables"
        )
    return stored


def _find() -> str | None:
    item = reads.get_op(PARTITION, SORT_KEY)
    return _zone_of(item) if item else None


def _store(zone: str) -> str:
    """Store the zone, or return the one that somebody else has stored meanwhile. Data without one was counted in UTC."""
    first = put_once(AuxRow(PARTITION, SORT_KEY, content={"time_zone": zone}, token=new_token()))
    return _zone_of(first) if first else zone


def _zone_of(item: reads.Item) -> str:
    return str(reads.json_of(item, "content")["time_zone"])
