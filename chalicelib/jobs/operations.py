"""How a job calls the GraphQL API: a saved, typed document that is executed in process. Each job keeps its own documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, NotRequired, TypeAlias, TypedDict, TypeVar, cast

Execute: TypeAlias = Callable[[str, Mapping[str, object]], Mapping[str, object]]
"""Executes GraphQL in process, as one caller: (document, variables) -> {data, errors}."""
Answer = TypeVar("Answer")
Node = TypeVar("Node")


class Edge(TypedDict, Generic[Node]):
    node: Node


class PageInfo(TypedDict):
    hasNextPage: bool
    endCursor: NotRequired[str | None]


class Connection(TypedDict, Generic[Node]):
    """One page of a list in an answer."""

    edges: list[Edge[Node]]
    pageInfo: PageInfo


class OperationFailed(Exception):
    """The API answered with an error. Retrying may help"""


@dataclass(frozen=True, slots=True)
class SavedOperation(Generic[Answer]):
    """A GraphQL document with the type of the data it answers with."""

    document: str
    answer: type[Answer]

    def run(self, execute: Execute, **variables: object) -> Answer:
        """Execute the operation and return its data. Raises OperationFailed."""
        response = execute(self.document, variables)
        errors = cast("list[Mapping[str, object]]", response.get("errors"))
        if errors:
            raise OperationFailed("; ".join(str(error["message"]) for error in errors))
        return cast("Answer", response["data"])


def nodes(page: Connection[Node]) -> list[Node]:
    return [edge["node"] for edge in page["edges"]]


def next_cursor(page: Connection[Node]) -> str | None:
    """Return the cursor that the next page starts after, or None on the last page."""
    return page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
