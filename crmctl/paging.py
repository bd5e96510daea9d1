"""How is a list read that is longer than a page of the API?"""

from dataclasses import dataclass
from typing import Any

from crmctl.client import ApiError, Client

PAGE = 100
"""The most that the API gives at once."""


@dataclass(frozen=True, slots=True)
class Listed:
    rows: list[dict[str, Any]]
    more: bool


def read(client: Client, document: str, limit: int, *, page: int = PAGE, **variables: Any) -> Listed:
    """The document asks for one connection, called `list`, with $first and $after. Raises ApiError.

    A page can be short, or empty, and yet have a next one.
    """
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        window = {"first": min(page, limit - len(rows)), "after": after}
        found = client.execute(document, {**variables, **window})["list"]
        nodes = [edge and edge["node"] for edge in found["edges"]]
        if None in nodes:
            raise ApiError("The API could not read all rows of a page. Try again.")
        rows += nodes
        more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]
        if not more or len(rows) >= limit:
            return Listed(rows, more)
