"""A page of results as a GraphQL connection, for callers that read the rows themselves, such as log lines.

`pagination` has the pages of rows that indexes list.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from chalicelib.store import cursors
from chalicelib.store.cursors import Position

SHARDS = 1
"""What cursors of results say of shards: there are none."""
Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Edge(Generic[Node]):
    node: Node
    position: Position
    query: str

    @property
    def cursor(self) -> str:
        return cursors.encode(self.position, self.query, SHARDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage(Generic[Node]):
    """The fields of a GraphQL connection and of its PageInfo.

    `end` is the place from which the next page goes on. It can be behind the last edge, when more was read than is shown.
    """

    query: str
    edges: list[Edge[Node]]
    has_next: bool
    has_previous: bool
    end: Position | None

    @property
    def start_cursor(self) -> str | None:
        return self.edges[0].cursor if self.edges else None

    @property
    def end_cursor(self) -> str | None:
        return cursors.encode(self.end, self.query, SHARDS) if self.end else None
