"""The executable schema: schema.graphql with its resolvers, and the rules that it states about each field."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, build_schema

from chalicelib.api.graphql.bindings import KINDS, OBJECTS, RESOLVERS
from chalicelib.api.graphql.executor import RowResolver
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.graphql.query_cost import FieldRules, read_rules
from chalicelib.api.graphql.scalars import bind_scalars

SDL = Path(__file__).parent / "schema.graphql"


@cache
def schema() -> GraphQLSchema:
    # That it is valid is for the tests to see: to look takes as long as to build it.
    built = build_schema(SDL.read_text("utf-8"), assume_valid=True, no_location=True)
    bind_scalars(built.type_map)
    built.type_map["Node"].resolve_type = lambda row, _info, _type: KINDS[type(row)]  # type: ignore[attr-defined]
    for name, kind in built.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            _bind(kind, RESOLVERS.get(name, {}))
    for field in built.type_map["Mutation"].fields.values():  # type: ignore[attr-defined]
        field.resolve = with_fresh_loaders(field.resolve)
    return built


@cache
def rules() -> FieldRules:
    """Raises LookupError if a field has none: who may see it must be said."""
    return read_rules(schema())


def _bind(kind: GraphQLObjectType, resolvers: Mapping[str, Callable[..., Any]]) -> None:
    if unknown := resolvers.keys() - kind.fields.keys():
        raise LookupError(f"{kind.name} has no field {unknown}")
    for name, field in kind.fields.items():
        snake = re.sub(r"([A-Z])", r"_\1", name).lower()
        if name in resolvers:
            field.resolve = resolvers[name]
        elif snake != name or kind.name in OBJECTS:
            field.resolve = RowResolver(attrgetter(snake))


def with_fresh_loaders(change: Callable[..., Any]) -> Callable[..., Any]:
    """Changes follow each other: what one has read, the next one may change."""

    def changed(root: Any, info: Info, **arguments: Any) -> Any:
        context_of(info).customers.clear()
        context_of(info).products.clear()
        return change(root, info, **arguments)

    return changed
