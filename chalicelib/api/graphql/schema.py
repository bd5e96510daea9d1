"""Build the executable schema from schema.graphql and the resolvers, and read its rules about each field."""

import re
from collections.abc import Mapping
from functools import cache
from operator import attrgetter

from graphql import GraphQLObjectType, GraphQLSchema, build_ast_schema

from chalicelib.api.graphql import sdl
from chalicelib.api.graphql.bindings import KINDS, OBJECTS, RESOLVERS, Resolver
from chalicelib.api.graphql.field_rules import FieldRules, read_rules
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.graphql.old_id_arguments import translate_old_ids
from chalicelib.api.graphql.row_resolvers import RowResolver
from chalicelib.api.graphql.scalars import bind_scalars
from chalicelib.store import change_marks

SDL = sdl.FILE


@cache
def schema() -> GraphQLSchema:
    # A test checks that the schema is valid: checking it takes as long as building it.
    built = build_ast_schema(sdl.load(), assume_valid=True, assume_valid_sdl=True)
    bind_scalars(built.type_map)
    built.type_map["Node"].resolve_type = lambda row, _info, _type: KINDS[type(row)]  # type: ignore[attr-defined]
    built.type_map["SearchResult"].resolve_type = built.type_map["Node"].resolve_type  # type: ignore[attr-defined]
    for name, kind in built.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            _bind(kind, RESOLVERS.get(name, {}))
    for kind in built.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                translate_old_ids(field)
    for field in built.type_map["Mutation"].fields.values():  # type: ignore[attr-defined]
        field.resolve = with_fresh_loaders(field.resolve)
    return built


@cache
def rules() -> FieldRules:
    """Return who may see each field, and its cost. Raises LookupError for a field without a rule."""
    return read_rules(schema())


def _bind(kind: GraphQLObjectType, resolvers: Mapping[str, Resolver]) -> None:
    if unknown := resolvers.keys() - kind.fields.keys():
        raise LookupError(f"{kind.name} has no field {unknown}")
    for name, field in kind.fields.items():
        snake = re.sub(r"([A-Z])", r"_\1", name).lower()
        if name in resolvers:
            field.resolve = resolvers[name]
        elif snake != name or kind.name in OBJECTS:
            field.resolve = RowResolver(attrgetter(snake))


def with_fresh_loaders(change: Resolver) -> Resolver:
    """Clear the loaders before each mutation of a document: the one before may have changed what they hold."""

    def changed(root: object, info: Info, **arguments: object) -> object:
        context = context_of(info)
        for loader in (context.customers, context.products, context.suppressions):
            loader.clear()
        with change_marks.place(str(info.path.key), info.field_name):
            return change(root, info, **arguments)

    return changed
