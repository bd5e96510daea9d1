"""The limit of how many schedules operators may have: the dispatcher reads all of them each minute."""

from chalicelib.errors import InvalidInput
from chalicelib.jobs import concurrent_additions, operator_schedules
from chalicelib.store.transaction import Transaction

MAX_SCHEDULES = 100


def take_room(write: Transaction) -> None:
    """Refuse the new schedule of `write` if there are too many. Raises InvalidInput."""
    concurrent_additions.make_conflict(write, "schedule")
    if len(operator_schedules.find_all()) >= MAX_SCHEDULES:
        raise InvalidInput(f"There are {MAX_SCHEDULES} schedules already. Delete one first")
