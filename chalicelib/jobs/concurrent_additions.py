"""Make concurrent additions of a kind of row conflict, so that a maximum which the caller checks holds."""

from chalicelib.store import reads, tables
from chalicelib.store.transaction import Transaction, new_token


def make_conflict(write: Transaction, kind: str) -> None:
    """Make `write` stale if another row of the kind is added after this call. Count the rows afterwards.

    Each new row changes the row of its kind here, so two requests cannot both take the last place.
    """
    key = f"{kind}_cap", "-"
    item = reads.get_op(*key)
    before = reads.text(item, "token") if item else None
    token = tables.AuxRow.token
    write.update(tables.AuxRow(*key), [token.set(new_token())], token == before if before else token.does_not_exist())
