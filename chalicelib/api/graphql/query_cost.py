"""Compute, before execution, what an operation costs and which role it needs, from the document and its variables.

The schema states the rules with directives: `@needs(role:)` on each field or its type, `@cost(weight:, per:)` on expensive
fields, and `@listSize(assumed:)` on lists without a page size. The cost of a row is multiplied by the page size. Each
fragment is priced once, so nested fragments take no extra time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDirective,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)
from graphql.execution import get_directive_values

from chalicelib.access.roles import Role
from chalicelib.api.graphql.document_limits import MAX_DEPTH
from chalicelib.errors import DocumentTooComplex
from chalicelib.store.pagination import MAX_PAGE_SIZE

_DIGITS = 10
"""Digits of a page size to read. More would only take time."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """The rule that the schema states for a field."""

    role: Role
    weight: int
    per: str | None
    assumed: int


class OperationCost(NamedTuple):
    cost: int = 0
    role: Role = Role.PUBLIC
    introspects: bool = False
    depth: int = 0

    def plus(self, other: "OperationCost") -> "OperationCost":
        return OperationCost(
            self.cost + other.cost,
            max(self.role, other.role),
            self.introspects or other.introspects,
            max(self.depth, other.depth),
        )


FieldRules = Mapping[tuple[str, str], FieldRule]


def read_rules(schema: GraphQLSchema) -> FieldRules:
    """Return the rule of each field of the schema. Raises LookupError for a field without `@needs`."""
    rules: dict[tuple[str, str], FieldRule] = {}
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            for field_name, field in kind.fields.items():
                rules[name, field_name] = _rule(schema, kind, field_name, field)
    return rules


def _rule(
    schema: GraphQLSchema, kind: GraphQLObjectType | GraphQLInterfaceType, name: str, field: GraphQLField
) -> FieldRule:
    needs = _arguments(schema, "needs", field) or _arguments(schema, "needs", kind)
    if needs is None:
        raise LookupError(f"{kind.name}.{name} needs a rule: add @needs(role:) to it or to {kind.name}")
    cost = _arguments(schema, "cost", field) or {}
    size = _arguments(schema, "listSize", field) or {}
    composite = hasattr(get_named_type(field.type), "fields")
    return FieldRule(Role[needs["role"]], cost.get("weight", int(composite)), cost.get("per"), size.get("assumed", 1))


def _arguments(schema: GraphQLSchema, name: str, thing: GraphQLField | GraphQLNamedType) -> dict[str, Any] | None:
    directive: GraphQLDirective | None = schema.get_directive(name)
    if directive is None or thing.ast_node is None:
        return None
    return get_directive_values(directive, thing.ast_node)


class _Pricing:
    def __init__(
        self, schema: GraphQLSchema, rules: FieldRules, document: DocumentNode, variables: Mapping[str, object]
    ) -> None:
        self._schema = schema
        self._rules = rules
        self._variables = variables
        self._defaults: dict[str, ValueNode | None] = {}
        self._fragments: dict[str, OperationCost] = {}
        self.depends_on_variables = False
        self._definitions = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def operation(self, operation: OperationDefinitionNode) -> OperationCost:
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            raise GraphQLError("The schema has no such operation", operation)
        definitions = operation.variable_definitions or ()
        self._defaults = {definition.variable.name.value: definition.default_value for definition in definitions}
        return self._selections(operation.selection_set, root)

    def _fragment(self, name: str) -> OperationCost:
        if name not in self._fragments:
            definition = self._definitions[name]
            kind = self._schema.type_map[definition.type_condition.name.value]
            self._fragments[name] = self._selections(definition.selection_set, kind)
        return self._fragments[name]

    def _selections(self, selection_set: SelectionSetNode, kind: GraphQLNamedType) -> OperationCost:
        total = OperationCost()
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                total = total.plus(self._field(selection, kind))
            elif isinstance(selection, FragmentSpreadNode):
                total = total.plus(self._fragment(selection.name.value))
            else:
                condition = selection.type_condition  # type: ignore[attr-defined]  # an inline fragment
                inner = self._schema.type_map[condition.name.value] if condition else kind
                total = total.plus(self._selections(selection.selection_set, inner))  # type: ignore[attr-defined]
        return total

    def _field(self, node: FieldNode, kind: GraphQLNamedType) -> OperationCost:
        name = node.name.value
        if name.startswith("__"):
            return OperationCost(introspects=name != "__typename")
        rule = self._rules[kind.name, name]
        field = kind.fields[name]  # type: ignore[attr-defined]  # validation has checked it
        inner = (
            self._selections(node.selection_set, get_named_type(field.type)) if node.selection_set else OperationCost()
        )
        times = self._times(node, field, rule)
        weight = rule.weight * (self._length(node, rule.per) if rule.per else 1)
        return OperationCost(
            weight + times * inner.cost, max(rule.role, inner.role), inner.introspects, inner.depth + 1
        )

    def _times(self, node: FieldNode, field: GraphQLField, rule: FieldRule) -> int:
        """Return how many rows the field may return. A page without a size counts as the largest."""
        if "first" not in field.args:
            return rule.assumed
        given = [self._value(node, name) for name in ("first", "last")]
        sizes = [min(max(size, 0), MAX_PAGE_SIZE) for size in given if isinstance(size, int)]
        return min(sizes) if sizes else MAX_PAGE_SIZE

    def _length(self, node: FieldNode, argument: str) -> int:
        value = self._value(node, argument)
        return max(len(value), 1) if isinstance(value, list | tuple) else 1

    def _value(self, node: FieldNode, name: str) -> object:
        for argument in node.arguments or ():
            if argument.name.value == name:
                return self._literal(argument.value)
        return None

    def _literal(self, value: ValueNode | None) -> object:
        if isinstance(value, VariableNode):
            self.depends_on_variables = True
            name = value.name.value
            return self._variables[name] if name in self._variables else self._literal(self._defaults.get(name))
        if isinstance(value, IntValueNode):
            return int(value.value[:_DIGITS])
        return value.values if isinstance(value, ListValueNode) else None


class Prices:
    """The costs of a valid document's operations. A cost that depends on no variable is computed once."""

    def __init__(self, schema: GraphQLSchema, rules: FieldRules, document: DocumentNode) -> None:
        self._of_what = schema, rules, document
        self._known: dict[str | None, OperationCost] = {}

    def of(self, operation: OperationDefinitionNode, variables: Mapping[str, object]) -> OperationCost:
        """Return the cost of one operation. Raises LimitExceeded if fragments make it too deep."""
        name = operation.name.value if operation.name else None
        if name in self._known:
            return self._known[name]
        pricing = _Pricing(*self._of_what, variables)
        found = pricing.operation(operation)
        if found.depth > MAX_DEPTH:
            raise DocumentTooComplex(f"The document has too many levels: at most {MAX_DEPTH}")
        if not pricing.depends_on_variables:
            self._known[name] = found
        return found
