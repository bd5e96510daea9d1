"""People whose erasure is under way: rows `(erasure, customer id)` of `ops`.

The transaction that removes the customer writes the row: what the person was called, so that the traces can be found that
are left. The last step of the erasure deletes it. Until then, the erasure goes on wherever it was interrupted.
"""

from chalicelib import clock
from chalicelib.privacy.person import Person
from chalicelib.privacy.traces import Search
from chalicelib.store import batch_writes, ids, reads, timestamps
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Transaction, new_token

PARTITION = "erasure"
_FIELDS = ("names", "emails", "phones", "notes", "merged_ids", "given_back_ids")


def find(customer_id: str) -> Search | None:
    if not ids.is_id(ids.CUSTOMER, customer_id):
        return None
    item = reads.get_op(PARTITION, customer_id)
    if item is None:
        return None
    content = reads.json_of(item, "content")
    person = Person(customer_id, *(tuple(content.get(name, ())) for name in _FIELDS))
    return Search(person, erased_at=content["erased_at"])


def put(write: Transaction, person: Person) -> None:
    """Keep what the person was called, while the transaction removes the customer."""
    write.put(to_row(person), AuxRow.pk.does_not_exist())


def to_row(person: Person) -> AuxRow:
    content = {**{name: getattr(person, name) for name in _FIELDS}, "erased_at": timestamps.to_text(clock.now())}
    return AuxRow(pk=PARTITION, sk=person.customer_id, content=content, token=new_token())


def delete(customer_id: str) -> None:
    """Forget the person at the end. Safe to repeat. Raises Unavailable."""
    batch_writes.delete(AuxRow, [{"pk": {"S": PARTITION}, "sk": {"S": customer_id}}])
