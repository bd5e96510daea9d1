"""What tests of the search share: look through all pages, and go through the whole index."""

from typing import Any

from chalicelib.crm import search, search_index, search_upkeep
from chalicelib.store import batch_writes, tables
from tests.builders import rows_of

ALL = search_index.KINDS


def ids_of(typed: str, *kinds: str) -> list[str]:
    """Return all that is found, page by page."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = search.find(typed, kinds or ALL, first=7, after=after)
        found += [hit.node.id for hit in page.edges]
        if not page.has_next:
            return found
        after = page.end_cursor


def index_rows() -> dict[tuple[str, ...], Any]:
    return {key: row for key, row in rows_of(tables.AuxRow).items() if key[0].startswith("search#")}


def lose_index() -> None:
    batch_writes.delete(tables.AuxRow, [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in index_rows()])


def check_whole_index() -> search_upkeep.Upkeep:
    done = search_upkeep.work()
    total = done
    while done.after:
        done = search_upkeep.work(done.after)
        total = search_upkeep.Upkeep(
            total.checked + done.checked, total.written + done.written, total.removed + done.removed, None
        )
    return total
