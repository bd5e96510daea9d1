"""Resolvers that say how little they need, so that the executor makes no `info` for each row."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from graphql import GraphQLResolveInfo

Row = TypeVar("Row")


class RowResolver(Generic[Row]):
    """A resolver that needs only the row."""

    __slots__ = ("get",)

    def __init__(self, get: Callable[[Row], object]) -> None:
        self.get = get

    def __call__(self, row: Row, _info: GraphQLResolveInfo[Any]) -> object:
        return self.get(row)


class ContextResolver(Generic[Row]):
    """A resolver that needs only the row and the context of the execution."""

    __slots__ = ("get",)

    def __init__(self, get: Callable[[Row, Any], object]) -> None:
        self.get = get

    def __call__(self, row: Row, info: GraphQLResolveInfo[Any]) -> object:
        return self.get(row, info.context)


def reader(name: str) -> Callable[..., object]:
    """Return a function that reads a field as graphql-core does by default."""
    return lambda row: row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)
