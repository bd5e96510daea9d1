"""All places in which a person may be named, read one page at a time."""

from dataclasses import dataclass

from chalicelib.privacy import change_places, dead_letters, message_places, request_places, row_places, run_places
from chalicelib.privacy.traces import Place, Search, Trace
from chalicelib.store import cursors, read_budget
from chalicelib.store.cursors import Position

# What the CRM learns to store about people belongs here, so that it is shown and erased. What comes later may be written from
# what comes before, such as an alert from the error of a run; what takes longest to settle comes last.
PLACES: tuple[Place, ...] = (
    row_places.search_words,
    change_places.changes,
    row_places.orders_and_reports,
    change_places.other_changes,
    run_places.runs,
    message_places.messages,
    request_places.documents,
    request_places.responses,
    dead_letters.dead_letters,
)
MAX_TRACES = 100
MAX_STEPS = 25
_ROWS_OF_STEP, _CALLS_OF_STEP = 400, 60
"""A step needs fewer. A page ends before a step that its request could not pay for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """`rest` is where the next page begins; None at the end."""

    customer_id: str
    traces: list[Trace]
    rest: Position | None
    unfinished: str | None = None
    """What may still write about the person. The page ends before it, so that the next one comes back to it."""

    @property
    def has_more(self) -> bool:
        return self.rest is not None

    @property
    def after(self) -> str | None:
        return cursors.encode(self.rest, _query(self.customer_id), len(PLACES)) if self.rest else None


def read_page(search: Search, after: str | None) -> TracePage:
    """Return about 100 traces. Raises InvalidCursor, Unavailable."""
    customer_id = search.person.customer_id
    start = cursors.decode(after, _query(customer_id), len(PLACES)) if after is not None else Position("", 0, "")
    number, rest = start.shard, start.key
    traces: list[Trace] = []
    for step in range(MAX_STEPS):
        is_affordable = read_budget.current().has(rows=_ROWS_OF_STEP, calls=_CALLS_OF_STEP)
        if number == len(PLACES) or len(traces) >= MAX_TRACES or (step and not is_affordable):
            break
        found = PLACES[number](search, rest)
        traces += found.traces
        if found.unfinished:
            at = Position(rest, number, "")
            return TracePage(customer_id=customer_id, traces=traces, rest=at, unfinished=found.unfinished)
        number, rest = (number, found.rest) if found.rest is not None else (number + 1, "")
    is_end = number == len(PLACES)
    return TracePage(customer_id=customer_id, traces=traces, rest=None if is_end else Position(rest, number, ""))


def first_cursor(customer_id: str) -> str:
    """Return where the first page begins."""
    return cursors.encode(Position("", 0, ""), _query(customer_id), len(PLACES))


def _query(customer_id: str) -> str:
    return f"traces {customer_id}"
