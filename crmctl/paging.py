"""Read a list page by page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from crmctl.client import ApiError, Client, PageTooLarge

Row = dict[str, Any]
MAX_PAGE_SIZE = 100
"""The API's own limit."""


@dataclass(frozen=True, slots=True)
class ListResult:
    rows: list[Row]
    has_more: bool
    is_partial: bool = False
    """Whether the list has ended before all rows were read."""


def read_all(client: Client, document: str, **variables: Any) -> Iterator[dict[str, Any]]:
    """Yield every row, page by page. The document is as for `read`. Raises ApiError."""
    for data in read_pages(client, document, lambda data: data["list"]["pageInfo"], **variables):
        yield from _nodes(data["list"])


def read_pages(
    client: Client, document: str, page_info: Callable[[Row], Mapping[str, Any]], **variables: Any
) -> Iterator[Row]:
    """Yield the data of one response after the other. The document has the variables $first and $after. Raises ApiError.

    Orders can have up to 1,000 lines. If the server refuses a page because it is too large, the pages from there on have
    half as many rows.
    """
    size = MAX_PAGE_SIZE
    after: str | None = None
    while True:
        try:
            data = client.execute(document, {**variables, "first": size, "after": after})
        except PageTooLarge:
            if size == 1:
                raise
            size //= 2
            continue
        yield data
        found = page_info(data)
        if not found["hasNextPage"]:
            return
        after = found["endCursor"]


def read(
    client: Client,
    document: str,
    limit: int,
    *,
    page_size: int = MAX_PAGE_SIZE,
    max_pages: int | None = None,
    **variables: Any,
) -> ListResult:
    """Read up to `limit` rows. The document selects one connection, with the alias `list`, $first and $after.

    A page can be short or empty although more rows follow: with `max_pages`, no more than these are read. Raises ApiError.
    """
    rows: list[Row] = []
    after: str | None = None
    for number in count(1):
        first = min(page_size, limit - len(rows))
        data = client.execute(document, {**variables, "first": first, "after": after})
        found = data["list"]
        rows += _nodes(found)
        has_more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
        if not has_more or len(rows) >= limit or number == max_pages:
            has_more = has_more or len(rows) > limit
            return ListResult(rows[:limit], has_more, is_partial=data.is_partial and not has_more)
    raise AssertionError("unreachable")  # pragma: no cover


def _nodes(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    nodes = [edge and edge["node"] for edge in found["edges"]]
    if None in nodes:
        raise ApiError("The API could not read all rows of a page. Repeat the command.")
    return nodes
