"""The read budget of a request: how many calls it may make to the database, and how many rows and index keys it may read.

The price of a document says what it may read before it is executed. The budget holds while it is executed, whatever the
rows look like. `reads.call` draws from the budget that is in force, so every list and every loader does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from chalicelib.errors import CostLimitExceeded


@dataclass(slots=True)
class ReadBudget:
    """What is left. A request that needed more is `exceeded`, and reads nothing any more."""

    rows: int
    calls: int
    exceeded: bool = False
    is_partial: bool = False
    """Whether a list has ended its page early, although more rows may follow."""

    def reserve(self, rows: int) -> None:
        """Take one call that reads at most this many rows. Raises CostLimitExceeded."""
        self.exceeded = self.exceeded or self.calls < 1 or self.rows < rows
        if self.exceeded:
            raise CostLimitExceeded(ADVICE)
        self.calls -= 1
        self.rows -= rows

    def give_back(self, rows: int) -> None:
        """Return rows that were reserved but not found. A negative number takes rows that nobody expected."""
        self.rows += rows

    def has(self, *, rows: int, calls: int) -> bool:
        return self.rows >= rows and self.calls >= calls


ADVICE = "The request reads too many rows: ask for smaller pages or fewer lists, or send several requests"
_UNLIMITED = ReadBudget(rows=10**12, calls=10**12)
_current: ContextVar[ReadBudget] = ContextVar("read budget", default=_UNLIMITED)


def current() -> ReadBudget:
    """Return the budget in force. Outside of a query it is as good as unlimited."""
    return _current.get()


@contextmanager
def spend(budget: ReadBudget) -> Iterator[None]:
    """Charge all reads made meanwhile to `budget`."""
    before = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(before)
