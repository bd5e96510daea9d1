"""Let clients of the Django CRM go on with the ids that they keep: translate them in the arguments of every field."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from graphql import GraphQLField, GraphQLID, GraphQLInputObjectType, GraphQLNamedType, get_named_type

from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.crm import old_ids


def translate_old_ids(field: GraphQLField) -> None:
    """Wrap the field's resolver if one of its arguments has an id, however deep."""
    named = {name: get_named_type(argument.type) for name, argument in field.args.items()}
    kinds = {name: kind for name, kind in named.items() if _has_id(kind, frozenset())}
    resolve = field.resolve
    if kinds and resolve:
        field.resolve = _translating(resolve, kinds)


def _translating(resolve: Callable[..., object], kinds: Mapping[str, GraphQLNamedType]) -> Callable[..., object]:
    def translated(root: object, info: Info, **arguments: object) -> object:
        known = context_of(info).old_ids
        given = {name: kind for name, kind in kinds.items() if arguments.get(name) is not None}
        old_ids.add_new_ids((each for name, kind in given.items() for each in _ids(arguments[name], kind)), known)
        if known:
            arguments |= {name: _replaced(arguments[name], kind, known) for name, kind in given.items()}
        return resolve(root, info, **arguments)

    return translated


def _has_id(kind: GraphQLNamedType, seen: frozenset[str]) -> bool:
    if kind is GraphQLID:
        return True
    if not isinstance(kind, GraphQLInputObjectType) or kind.name in seen:
        return False
    return any(_has_id(get_named_type(each.type), seen | {kind.name}) for each in kind.fields.values())


@cache
def _fields_with_ids(kind: GraphQLNamedType) -> tuple[tuple[str, GraphQLNamedType], ...]:
    """Cached, since a request may have thousands of input objects of a type."""
    fields = kind.fields.items() if isinstance(kind, GraphQLInputObjectType) else ()
    named = ((name, get_named_type(each.type)) for name, each in fields)
    return tuple((name, inner) for name, inner in named if _has_id(inner, frozenset()))


def _ids(value: object, kind: GraphQLNamedType) -> Iterator[str]:
    """Yield the ids in a value whose type has ids."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each, kind)
    elif isinstance(value, dict):
        for name, inner in _fields_with_ids(kind):
            yield from _ids(value.get(name), inner)


def _replaced(value: object, kind: GraphQLNamedType, known: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return old_ids.new_id(value, known)
    if isinstance(value, list):
        return [_replaced(each, kind, known) for each in value]
    if isinstance(value, dict):
        return value | {
            name: _replaced(value[name], inner, known) for name, inner in _fields_with_ids(kind) if name in value
        }
    return value
