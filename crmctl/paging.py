"""Read a list page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crmctl.client import ApiError, Client

MAX_PAGE_SIZE = 100
"""The API's own limit."""


@dataclass(frozen=True, slots=True)
class ListResult:
    rows: list[dict[str, Any]]
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


def read(client: Client, document: str, limit: int, *, page_size: int = MAX_PAGE_SIZE, **variables: Any) -> ListResult:
    """Read up to `limit` rows. The document selects one connection, with the alias `list`, $first and $after.

    A page can be short or empty although more rows follow. Raises ApiError.
    """
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page_args = {"first": min(page_size, limit - len(rows)), "after": after}
        data = client.execute(document, {**variables, **page_args})
        found = data["list"]
        rows += _nodes(found)
        has_more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
        if not has_more or len(rows) >= limit:
            return ListResult(rows, has_more, is_partial=data.is_partial and not has_more)


def _nodes(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    nodes = [edge and edge["node"] for edge in found["edges"]]
    if None in nodes:
        raise ApiError("The API could not read all rows of a page. Repeat the command.")
    return nodes
