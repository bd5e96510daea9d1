"""What the schema's directives say about each field: who may see it, and what it may read.

`@needs(role:)` is on each field or its type. `@cost` gives weights to fields and arguments, `@listSize(assumed:)` a length to
lists without a page size. `@index(orders:)` on an argument of a list names the orders in which an index answers it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLDirective,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    get_named_type,
)
from graphql.execution import get_directive_values

from chalicelib.access.roles import Role
from chalicelib.store.pagination import MAX_PAGE_SIZE


@dataclass(frozen=True, slots=True)
class FieldRule:
    role: Role
    weight: int
    per: str | None
    """The argument whose entries each cost the weight."""
    assumed: int
    """The length of a list whose size is not given."""
    max_size: int = MAX_PAGE_SIZE
    is_paged: bool = False
    unit_weights: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Arguments that are numbers: what each unit of them costs, and their default."""
    indexed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Arguments of a list, and the orders in which an index answers them."""


FieldRules = Mapping[tuple[str, str], FieldRule]


def read_rules(schema: GraphQLSchema) -> FieldRules:
    """Return the rule of each field of the schema. Raises LookupError for a field whose role is not given."""
    rules: dict[tuple[str, str], FieldRule] = {}
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            for field_name, field_type in kind.fields.items():
                rules[name, field_name] = _rule(schema, kind, field_name, field_type)
    return rules


def _rule(
    schema: GraphQLSchema, kind: GraphQLObjectType | GraphQLInterfaceType, name: str, of: GraphQLField
) -> FieldRule:
    needs = _directive(schema, "needs", of) or _directive(schema, "needs", kind)
    if needs is None:
        raise LookupError(f"{kind.name}.{name} needs a rule: add @needs(role:) to it or to {kind.name}")
    cost = _directive(schema, "cost", of) or {}
    size = _directive(schema, "listSize", of) or {}
    composite = hasattr(get_named_type(of.type), "fields")
    costs = {argument: _directive(schema, "cost", given) for argument, given in of.args.items()}
    indexes = {argument: _directive(schema, "index", given) for argument, given in of.args.items()}
    return FieldRule(
        role=Role[needs["role"]],
        weight=cost.get("weight", int(composite)),
        per=cost.get("per"),
        assumed=size.get("assumed", MAX_PAGE_SIZE if "first" in of.args else 1),
        max_size=size.get("max", MAX_PAGE_SIZE),
        is_paged="first" in of.args,
        unit_weights={
            argument: (found["weight"], _default(of.args[argument])) for argument, found in costs.items() if found
        },
        indexed={argument: frozenset(found["orders"]) for argument, found in indexes.items() if found},
    )


def _default(argument: GraphQLArgument) -> int:
    node = argument.ast_node and argument.ast_node.default_value
    return int(node.value) if isinstance(node, IntValueNode) else 0


def _directive(
    schema: GraphQLSchema, name: str, on: GraphQLField | GraphQLArgument | GraphQLNamedType
) -> dict[str, Any] | None:
    """Return the arguments of a directive, None where it is not applied."""
    directive: GraphQLDirective | None = schema.get_directive(name)
    if directive is None or on.ast_node is None:
        return None
    return get_directive_values(directive, on.ast_node)
