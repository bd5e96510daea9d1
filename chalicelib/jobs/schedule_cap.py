"""The limit of how many schedules operators may have: the dispatcher reads all of them each minute."""

from chalicelib.errors import InvalidInput
from chalicelib.jobs import operator_schedules
from chalicelib.store import reads, tables
from chalicelib.store.transaction import Transaction, new_token

MAX_SCHEDULES = 100
_KEY = "schedule_cap", "-"


def take_room(write: Transaction) -> None:
    """Refuse the new schedule of `write` if there are too many. Raises InvalidInput.

    A row that each new schedule changes makes `write` stale if another was added after the count. So two requests at the
    same time cannot both take the last place.
    """
    item = reads.get_op(*_KEY)  # before the count
    before = reads.text(item, "token") if item else None
    if len(operator_schedules.find_all()) >= MAX_SCHEDULES:
        raise InvalidInput(f"There are {MAX_SCHEDULES} schedules already. Delete one first")
    token = tables.AuxRow.token
    write.update(tables.AuxRow(*_KEY), [token.set(new_token())], token == before if before else token.does_not_exist())
