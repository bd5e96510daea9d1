"""Compute, before execution, what an operation costs and which role it needs, from the document and its variables.

One unit is one row, or index key, that may be read. The schema states the rules, see `field_rules`. The cost of a row is
multiplied by the page size. A list that no index answers costs its whole read budget, whatever it finds. Each fragment is
priced once, so nested fragments take no extra time.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from chalicelib.access.roles import Role
from chalicelib.api.graphql.document_limits import MAX_DEPTH
from chalicelib.api.graphql.field_rules import FieldRule, FieldRules
from chalicelib.errors import DocumentTooComplex
from chalicelib.settings import settings

_DIGITS = 10
"""Digits of a number to read. More would only take time."""
_ENTRY = 2
"""The least that an entry of a page costs: its index key and its row are read, whatever is selected."""
_UNDERSCORE = re.compile(r"_(.)")
_Value: TypeAlias = "int | str | tuple[_Value, ...] | None"


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
        cost = self._own_cost(node, rule) + self._times(node, rule) * max(inner.cost, _ENTRY if rule.is_paged else 0)
        return OperationCost(cost, max(rule.role, inner.role), inner.introspects, inner.depth + 1)

    def _own_cost(self, node: FieldNode, rule: FieldRule) -> int:
        """Return the cost of a field without its selections."""
        cost = rule.weight * (self._length(node, rule.per) if rule.per else 1)
        for name, (weight, default) in rule.unit_weights.items():
            units = self._value(node, name)
            cost += weight * (max(units, 0) if isinstance(units, int) else default)
        return cost + (0 if self._is_indexed(node, rule) else settings.read_budget)

    def _times(self, node: FieldNode, rule: FieldRule) -> int:
        """Return how many rows the field may return. A page without a size has the size that the schema assumes."""
        if not rule.is_paged:
            return rule.assumed
        given = [self._value(node, name) for name in ("first", "last")]
        sizes = [min(max(size, 0), rule.max_size) for size in given if isinstance(size, int)]
        return min(sizes) if sizes else rule.assumed

    def _is_indexed(self, node: FieldNode, rule: FieldRule) -> bool:
        """Return whether one index answers all arguments of a list, in the requested order."""
        given = {name: value for name in rule.indexed if (value := self._value(node, name)) not in {None, "", ()}}
        order = _order_fields(given.get("orderBy"))
        if len(order) > 1:
            return False  # rows that are equal in the first field are all read before they can be ordered
        orders = [rule.indexed[name] for name in given] + [{name} for name in order]
        return not orders or bool(frozenset.intersection(*map(frozenset, orders)))

    def _length(self, node: FieldNode, argument: str) -> int:
        value = self._value(node, argument)
        return max(len(value), 1) if isinstance(value, tuple) else 1

    def _value(self, node: FieldNode, name: str) -> _Value:
        for argument in node.arguments or ():
            if argument.name.value == name:
                return self._literal(argument.value)
        return None

    def _literal(self, value: ValueNode | None) -> _Value:
        if isinstance(value, VariableNode):
            self.depends_on_variables = True
            name = value.name.value
            if name in self._variables:
                return _of_variable(self._variables[name])
            return self._literal(self._defaults.get(name))
        if isinstance(value, IntValueNode):
            return int(value.value[:_DIGITS])
        if isinstance(value, ListValueNode):
            return tuple(self._literal(entry) for entry in value.values)
        if value is None or isinstance(value, NullValueNode):
            return None
        return str(getattr(value, "value", value.kind))


def _of_variable(value: object) -> _Value:
    """Any value that is neither null, a number nor a list only matters for being there."""
    if value is None or isinstance(value, int):
        return value
    return tuple(map(_of_variable, value)) if isinstance(value, list | tuple) else str(value)


def _order_fields(value: _Value) -> list[str]:
    """Return the fields that a list is ordered by, in camel case and without their direction."""
    names = [name for name in (value if isinstance(value, tuple) else (value,)) if isinstance(name, str) and name]
    return list(
        dict.fromkeys(_UNDERSCORE.sub(lambda match: match[1].upper(), name.removeprefix("-")) for name in names)
    )


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
