"""The old CRM's plain lists: all rows at once, up to a limit."""

from typing import TypeVar

from chalicelib.errors import TooManyRows
from chalicelib.settings import settings
from chalicelib.store.pagination import MAX_PAGE_SIZE, Listing, PageArgs, read_page

Row = TypeVar("Row")


def read_all(listing: Listing[Row]) -> list[Row]:
    """Read all rows of a listing. Raises TooManyRows over the limit."""
    rows: list[Row] = []
    args = PageArgs(first=MAX_PAGE_SIZE)
    while True:
        page = read_page(listing, args)
        rows += [edge.node for edge in page.edges]
        if len(rows) > settings.plain_list_limit:
            raise TooManyRows
        if not page.has_next:
            return rows
        args = PageArgs(first=MAX_PAGE_SIZE, after=page.end_cursor)
