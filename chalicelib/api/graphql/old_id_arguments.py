"""Let clients of the Django CRM go on with the ids that they keep: translate them in the arguments of every field."""

from collections.abc import Callable, Iterator, Mapping

from graphql import (
    GraphQLField,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    get_named_type,
    is_input_object_type,
)

from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.crm import old_ids


def translate_old_ids(field: GraphQLField) -> None:
    """Wrap the field's resolver if one of its arguments has an id, however deep."""
    kinds = {name: argument.type for name, argument in field.args.items() if _has_id(argument.type, frozenset())}
    resolve = field.resolve
    if kinds and resolve:
        field.resolve = _translating(resolve, kinds)


def _translating(resolve: Callable[..., object], kinds: Mapping[str, GraphQLInputType]) -> Callable[..., object]:
    def translated(root: object, info: Info, **arguments: object) -> object:
        known = context_of(info).old_ids
        given = {name: kind for name, kind in kinds.items() if arguments.get(name) is not None}
        old_ids.add_new_ids((each for name, kind in given.items() for each in _ids(arguments[name], kind)), known)
        if known:
            arguments |= {name: _replaced(arguments[name], kind, known) for name, kind in given.items()}
        return resolve(root, info, **arguments)

    return translated


def _has_id(kind: GraphQLInputType, seen: frozenset[str]) -> bool:
    named = get_named_type(kind)
    if named is GraphQLID:
        return True
    if not is_input_object_type(named) or named.name in seen:
        return False
    return any(_has_id(each.type, seen | {named.name}) for each in named.fields.values())


def _ids(value: object, kind: GraphQLInputType) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _ids(each, kind)
    elif isinstance(value, dict):
        for name, inner in _inner_kinds(value, kind):
            yield from _ids(value[name], inner)
    elif isinstance(value, str) and get_named_type(kind) is GraphQLID:
        yield value


def _replaced(value: object, kind: GraphQLInputType, known: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_replaced(each, kind, known) for each in value]
    if isinstance(value, dict):
        return value | {name: _replaced(value[name], inner, known) for name, inner in _inner_kinds(value, kind)}
    return old_ids.new_id(value, known) if isinstance(value, str) and get_named_type(kind) is GraphQLID else value


def _inner_kinds(value: Mapping[str, object], kind: GraphQLInputType) -> Iterator[tuple[str, GraphQLInputType]]:
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        yield from ((name, field.type) for name, field in named.fields.items() if name in value)
