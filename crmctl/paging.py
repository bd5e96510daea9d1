"""Read a list page by page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crmctl.client import ApiError, Client

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
    after: str | None = None
    while True:
        found = client.execute(document, {**variables, "first": MAX_PAGE_SIZE, "after": after})["list"]
        yield from _nodes(found)
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


def read(  # noqa: PLR0913 - keywords, of which most calls need none
    client: Client,
    document: str,
    limit: int,
    *,
    page_size: int = MAX_PAGE_SIZE,
    keep: Callable[[Row], bool] | None = None,
    max_read: int | None = None,
    **variables: Any,
) -> ListResult:
    """Read up to `limit` rows. The document selects one connection, with the alias `list`, $first and $after.

    With `keep`, only rows that pass it are returned, and at most `max_read` rows are looked at. A page can be short or
    empty although more rows follow. Raises ApiError.
    """
    rows: list[Row] = []
    count_read = 0
    after: str | None = None
    while True:
        first = page_size if keep else min(page_size, limit - len(rows))
        data = client.execute(document, {**variables, "first": first, "after": after})
        found = data["list"]
        nodes = _nodes(found)
        count_read += len(nodes)
        rows += filter(keep, nodes) if keep else nodes
        has_more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
        if not has_more or len(rows) >= limit or (max_read is not None and count_read >= max_read):
            has_more = has_more or len(rows) > limit
            return ListResult(rows[:limit], has_more, is_partial=data.is_partial and not has_more)


def _nodes(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    nodes = [edge and edge["node"] for edge in found["edges"]]
    if None in nodes:
        raise ApiError("The API could not read all rows of a page. Repeat the command.")
    return nodes
