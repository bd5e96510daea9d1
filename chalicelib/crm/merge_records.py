"""Records of merges of customers, in `ops`.

(merge, absorbed customer)                  how far it has come, and what the absorbed customer was like; for 90 days
(merged_into#kept customer, absorbed one)   the list of whom a customer has absorbed, with their e-mail addresses;
                                            it stays, so that the addresses can be found and erased
(unfinished_merge, absorbed customer)       as long as the merge, or its undoing, is in progress

(no row) --start--> MOVING --last order moved--> DONE --90 days--> (no row)
                       |                          |
                       +----------undo------------+--> UNDOING --last order back--> UNDONE --90 days--> (no row)
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib import clock
from chalicelib.crm import text, unique_values
from chalicelib.settings import settings
from chalicelib.store import ids, reads, timestamps
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Stale, Transaction

PARTITION = "merge"
_LIST = "merged_into#"
_UNFINISHED = "unfinished_merge"
UNDO_PERIOD = timedelta(days=90)


class Status(StrEnum):
    MOVING = "MOVING"
    DONE = "DONE"
    UNDOING = "UNDOING"
    UNDONE = "UNDONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRecord:
    absorbed_id: str
    kept_id: str
    status: Status
    started_at: str
    started_by: str | None = None
    finished_at: str | None = None
    """When the last order had moved, or was back."""
    changed_at: str = field(default="", compare=False)
    """When the latest step was stored, as read: the record that a step returns still has the time before it."""
    moved: int = 0
    returned: int = 0
    pages: int = 0
    position: str | None = None
    """While orders go back: the key of the last order of the kept customer that was looked at."""
    found: int = 0
    """Orders that went back since the orders of the kept customer were looked at from the beginning."""
    seen: int = 0
    """Their orders that were seen since then, and stay."""
    latest: str = ""
    """The date of the latest of these that is not cancelled."""
    cancelled: int = 0
    """How many orders of the kept customer were cancelled when that began: `latest` is right while it is the same."""
    counted: int = 0
    """How many orders the giving customer counted when the index last showed fewer: see `merge_steps`."""
    counted_since: str = ""
    """Since when that was so."""
    absorbed: Mapping[str, Any] = field(default_factory=dict)
    """The absorbed customer as they were; empty once they are back."""
    token: str = ""
    is_expired: bool = False
    """It can no longer be undone, and only the entry of the list is left."""

    @property
    def is_finished(self) -> bool:
        return self.status in {Status.DONE, Status.UNDONE}

    @property
    def undoable_until(self) -> str | None:
        if self.status is not Status.DONE or self.finished_at is None:
            return None
        return timestamps.to_text(timestamps.from_text(self.finished_at) + UNDO_PERIOD)


def find(absorbed_id: str) -> MergeRecord | None:
    return find_all([absorbed_id]).get(absorbed_id) if ids.is_id(ids.CUSTOMER, absorbed_id) else None


def find_all(absorbed_ids: Iterable[str]) -> dict[str, MergeRecord]:
    keys = [{"pk": {"S": PARTITION}, "sk": {"S": each}} for each in absorbed_ids]
    items = reads.get_all(AuxRow, keys, consistent=True)
    now = clock.now().timestamp()  # DynamoDB deletes an expired row some time later
    return {item["sk"]["S"]: _load(item) for item in items if "ttl" not in item or reads.number(item, "ttl") > now}


def find_unfinished() -> list[MergeRecord]:
    """Return the merges, and undoings of merges, that are in progress. Costs one call if there is none."""
    items = reads.query(
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression="pk = :unfinished",
        ExpressionAttributeValues={":unfinished": {"S": _UNFINISHED}},
        ConsistentRead=True,
    )
    absorbed_ids = [item["sk"]["S"] for item in items]
    return list(find_all(absorbed_ids).values()) if absorbed_ids else []


def absorbed_by(kept_id: str) -> list[MergeRecord]:
    """Return the merges into this customer that are done or in progress, in the order of the absorbed ids.

    Of a merge that can no longer be undone, only the address, the time and the two ids are left.
    """
    contents = _entries(kept_id)
    records = find_all(contents) if contents else {}
    return [_of_entry(kept_id, key, content, records.get(key)) for key, content in contents.items()]


def _entries(kept_id: str) -> dict[str, Mapping[str, Any]]:
    items = reads.query(
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression="pk = :list",
        ExpressionAttributeValues={":list": {"S": f"{_LIST}{kept_id}"}},
        ConsistentRead=True,
    )
    return {item["sk"]["S"]: reads.json_of(item, "content") for item in items}


def set_expiry(write: Transaction, kept_id: str, ttl: datetime | None) -> None:
    """Let what leads from merged customers to this one expire with the archive; with None, let it stay again.

    The entries stay as long as the changes of the merged customers: by them, an erasure finds these.
    """
    listed_until = max(ttl, clock.now() + timedelta(days=settings.history_days)) if ttl else None
    for absorbed_id, content in _entries(kept_id).items():
        write.put(AuxRow(pk=f"{_LIST}{kept_id}", sk=absorbed_id, content=content, ttl=listed_until))
        address, row = text.normalize_email(content["email"]), AuxRow
        for kind, value, owner in (
            (unique_values.EMAIL, address, absorbed_id),
            (unique_values.MERGED_CUSTOMER, absorbed_id, kept_id),
        ):
            write.put(AuxRow(pk=kind, sk=value, owner=owner, ttl=ttl), row.owner == owner)
        set_expiry(write, absorbed_id, ttl)


def all_absorbed_by(kept_id: str) -> Iterator[MergeRecord]:
    """Yield the merges into this customer, and those into the customers who were merged."""
    for record in absorbed_by(kept_id):
        yield record
        yield from all_absorbed_by(record.absorbed_id)


def _of_entry(kept_id: str, absorbed_id: str, content: Mapping[str, Any], record: MergeRecord | None) -> MergeRecord:
    if record:
        return replace(record, absorbed={**record.absorbed, "email": content["email"]})
    return MergeRecord(
        absorbed_id=absorbed_id,
        kept_id=kept_id,
        status=Status.DONE,
        started_at=content["merged_at"],
        absorbed={"email": content["email"], "references": content["references"]},
        is_expired=True,
    )


def email_of(record: MergeRecord) -> str:
    """Return the address that leads to the absorbed customer now: they may have swapped it with the kept one."""
    entries = absorbed_by(record.kept_id)
    return next((each.absorbed["email"] for each in entries if each.absorbed_id == record.absorbed_id), "")


def put(write: Transaction, record: MergeRecord, before: MergeRecord | None = None) -> None:
    """Write the record, if it is still as `before`. Whoever starts a merge has locked both customers."""
    content = {
        name: value for name, value in asdict(record).items() if name not in {"absorbed_id", "token", "is_expired"}
    }
    now = clock.now()
    content["changed_at"] = timestamps.to_text(now)
    row = AuxRow(pk=PARTITION, sk=record.absorbed_id, content=content, token=record.token)
    if record.is_finished:
        row.ttl = now + UNDO_PERIOD
        write.delete(AuxRow(pk=_UNFINISHED, sk=record.absorbed_id))
    elif before is None or before.is_finished:
        write.put(AuxRow(pk=_UNFINISHED, sk=record.absorbed_id))
    write.put(row, AuxRow.token == before.token if before else None)


def put_entry(write: Transaction, record: MergeRecord) -> None:
    """Write the entry of the list. It has what leads to the absorbed customer, so that it can be erased."""
    absorbed = record.absorbed
    content = {"email": absorbed["email"], "references": list(absorbed["references"]), "merged_at": record.started_at}
    write.put(AuxRow(pk=f"{_LIST}{record.kept_id}", sk=record.absorbed_id, content=content))


def delete(write: Transaction, absorbed_id: str) -> None:
    write.delete(AuxRow(pk=PARTITION, sk=absorbed_id))


def delete_entry(write: Transaction, kept_id: str, absorbed_id: str) -> None:
    write.delete(AuxRow(pk=f"{_LIST}{kept_id}", sk=absorbed_id))


def set_email(write: Transaction, absorbed_id: str, email: str) -> None:
    """Note that the absorbed customer stands for another address now. Raises Stale if the merge was undone."""
    kept_id = unique_values.owner_of(unique_values.MERGED_CUSTOMER, absorbed_id) or ""
    entry = next((each for each in absorbed_by(kept_id) if each.absorbed_id == absorbed_id), None)
    if entry is None:
        raise Stale
    put_entry(write, replace(entry, absorbed={**entry.absorbed, "email": email}))
    unique_values.hand_over(write, unique_values.MERGED_CUSTOMER, absorbed_id, kept_id, before=kept_id)


def was_written(record: MergeRecord) -> bool:
    stored = find(record.absorbed_id)
    return stored is not None and stored.token == record.token


def _load(item: reads.Item) -> MergeRecord:
    content = reads.json_of(item, "content")
    known = {name: content[name] for name in MergeRecord.__slots__ if name in content}
    known["status"] = Status(known["status"])
    return MergeRecord(**known, absorbed_id=item["sk"]["S"], token=item["token"]["S"])
