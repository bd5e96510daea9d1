"""Execute a document as graphql-core does, three to seven times as fast, where everything is synchronous.

graphql-core asks of every field of every row again what it is called, how it is resolved and what its type demands, and
makes a path and an `info` for it: 4.3 µs a field (measured). Here each selection set is planned once, when its first row
comes, into one function a field, and the rows only run through those. A field that reads the row alone gets no `info`,
and a path only if it fails.

Whatever is not plain is left to graphql-core's own code: middleware, `@defer` and `@stream`, interfaces and unions,
arguments that a resolver could change, and every error, whose text and place are made by the reference. What is
overridden is not graphql-core's public API, so the package's own tests run against this class for the version that is
installed (tests/api/test_executor_conformance.py), random documents are answered by both (tests/api/test_executor.py),
and CRM_REFERENCE_EXECUTOR=true goes back to the reference.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLID,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLStreamDirective,
    GraphQLString,
    Undefined,
    default_field_resolver,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.execute import assume_not_async_iterable, assume_not_awaitable
from graphql.execution.incremental.incremental_executor import IncrementalExecutor
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, is_iterable

Fields: TypeAlias = dict[str, list[FieldDetails]]
"""The selected fields of an object, by their names in the answer."""
Row = TypeVar("Row")
Resolve: TypeAlias = Callable[..., object]
ResolveInfo: TypeAlias = GraphQLResolveInfo[object]
Step: TypeAlias = Callable[[object, Path], object]
"""(row, its path) -> the answer for one field of it, or for all that are selected."""
Complete: TypeAlias = Callable[[object, ResolveInfo, Path], object]


class RowResolver(Generic[Row]):
    """A resolver that needs only the row, so that no `info` has to be made for it."""

    __slots__ = ("get",)

    def __init__(self, get: Callable[[Row], object]) -> None:
        self.get = get

    def __call__(self, row: Row, _info: ResolveInfo) -> object:
        return self.get(row)


class PlanningExecutor(IncrementalExecutor):
    """For `execute_sync(executor_class=)`."""

    _plans: "_Plans | None" = None

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: object,
        path: Path | None,
        grouped_field_set: Fields,
        position_context: Any,
    ) -> Any:
        if path is None or position_context is not None:  # the root comes once: planning would cost more than it saves
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        plans = self._plans
        if plans is None or plans.executor is not self:  # executors are copied for parts that come later
            plans = self._plans = _Plans(self)
        if not plans.are_plain:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        return plans.of(parent_type, grouped_field_set)(source_value, path)


class _Plans:
    """The plans of one execution: variables decide on fields and arguments, so the next one makes its own."""

    def __init__(self, executor: PlanningExecutor) -> None:
        self.executor = executor
        self.are_plain = (
            executor.middleware_manager is None
            and executor.is_awaitable is assume_not_awaitable
            and executor.is_async_iterable is assume_not_async_iterable
        )
        # graphql-core collects the fields of an object once, so each set of them is known by its identity while it is kept.
        self._made: dict[int, tuple[Fields, Step]] = {}

    def of(self, kind: GraphQLObjectType, selected: Fields) -> Step:
        made = self._made.get(id(selected))
        if made is None:
            made = self._made[id(selected)] = selected, self._plan(kind, selected)
        return made[1]

    def _plan(self, kind: GraphQLObjectType, selected: Fields) -> Step:
        planned = ((name, self._field(kind, name, details)) for name, details in selected.items())
        steps = [(name, step) for name, step in planned if step]

        def run(row: object, path: Path) -> dict[str, object]:
            return {name: step(row, path) for name, step in steps}

        return run

    def _field(self, kind: GraphQLObjectType, name: str, details: list[FieldDetails]) -> Step | None:
        """None for a field that the type does not have."""
        executor, node = self.executor, details[0].node
        field = executor.schema.get_field(kind, node.name.value)
        if not field:
            return None
        arguments = None if _is_streamed(details) else self._arguments(field, details[0])
        if arguments is None:
            return lambda row, path: executor.execute_field(kind, row, details, Path(path, name, kind.name), None)
        resolve = field.resolve or executor.field_resolver
        if not arguments and is_leaf_type(_nullable(field.type)):
            if isinstance(resolve, RowResolver):
                return self._leaf(kind, name, details, field, resolve.get)
            if resolve is default_field_resolver:
                return self._leaf(kind, name, details, field, _reader(node.name.value))
        return self._resolved(kind, name, details, field, resolve, arguments)

    def _arguments(self, field: GraphQLField, details: FieldDetails) -> dict[str, object] | None:
        """None where each row must have its own, or an error of its own."""
        if not (field.args or details.node.arguments):
            return {}
        values, executor = details.fragment_variable_values, self.executor
        try:
            found = get_argument_values(
                field, details.node, executor.variable_values, values, executor.hide_suggestions
            )
        except Exception:  # noqa: BLE001 - the reference meets it again, and says where it is
            return None
        return None if any(isinstance(value, list | dict) for value in found.values()) else found

    def _leaf(
        self, kind: GraphQLObjectType, name: str, details: list[FieldDetails], field: GraphQLField, get: Resolve
    ) -> Step:
        executor = self.executor
        wanted = _nullable(field.type)
        coerce = wanted.coerce_output_value  # type: ignore[union-attr]  # it is a leaf
        may_be_null = wanted is field.type
        as_it_is = str if wanted is GraphQLString or wanted is GraphQLID else None
        is_default = (field.resolve or executor.field_resolver) is default_field_resolver

        def leaf(row: object, path: Path) -> object:
            try:
                value = get(row)
                if type(value) is as_it_is:
                    return value
                if is_default and callable(value):
                    value = value(
                        executor.build_resolve_info(field, _nodes(details), kind, Path(path, name, kind.name))
                    )
                if value is None or value is Undefined:
                    if may_be_null:
                        return None
                elif not isinstance(value, Exception):
                    found = coerce(value)
                    if found is not None and found is not Undefined:
                        return found
                here = Path(path, name, kind.name)
                info = executor.build_resolve_info(field, _nodes(details), kind, here)
                return executor.complete_value(field.type, details, info, here, value, None)  # raises what is wrong
            except Exception as error:  # noqa: BLE001 - as in the reference, any error is this field's
                executor.handle_field_error(error, field.type, details, Path(path, name, kind.name))
                return None

        return leaf

    def _resolved(  # noqa: PLR0913, PLR0917 - what a field is
        self,
        kind: GraphQLObjectType,
        name: str,
        details: list[FieldDetails],
        field: GraphQLField,
        resolve: Resolve,
        arguments: Mapping[str, object],
    ) -> Step:
        executor, nodes = self.executor, _nodes(details)
        complete = self._completion(field.type, details)

        def resolved(row: object, path: Path) -> object:
            here = Path(path, name, kind.name)
            info = executor.build_resolve_info(field, nodes, kind, here)
            try:
                return complete(resolve(row, info, **arguments), info, here)
            except Exception as error:  # noqa: BLE001 - as in the reference, any error is this field's
                executor.handle_field_error(error, field.type, details, here)
                return None

        return resolved

    def _completion(self, wanted: GraphQLOutputType, details: list[FieldDetails]) -> Complete:
        executor = self.executor
        if is_non_null_type(wanted):
            inner = self._completion(wanted.of_type, details)

            def not_null(value: object, info: ResolveInfo, path: Path) -> object:
                found = inner(value, info, path)
                # Asked again without a value, the reference raises what is to be said.
                return executor.complete_value(wanted, details, info, path, None, None) if found is None else found

            return not_null
        if is_list_type(wanted):
            return self._list(wanted, details)
        if is_object_type(wanted) and wanted.is_type_of is None:
            return self._object(wanted, details)
        return lambda value, info, path: executor.complete_value(wanted, details, info, path, value, None)

    def _list(self, wanted: GraphQLList[GraphQLOutputType], details: list[FieldDetails]) -> Complete:
        executor = self.executor
        complete = self._completion(wanted.of_type, details)

        def completed(values: object, info: ResolveInfo, path: Path) -> object:
            if type(values) is not list and not is_iterable(values):
                return executor.complete_value(wanted, details, info, path, values, None)
            found: list[object] = []
            for number, value in enumerate(values):
                here = Path(path, number, None)
                try:
                    found.append(complete(value, info, here))
                except Exception as error:  # noqa: BLE001 - as in the reference, any error is this entry's
                    executor.handle_field_error(error, wanted.of_type, details, here)
                    found.append(None)
            return found

        return completed

    def _object(self, wanted: GraphQLObjectType, details: list[FieldDetails]) -> Complete:
        """Planned when the first object comes: documents may go deeper than data does."""
        executor = self.executor
        run: Step | None = None

        def completed(value: object, info: ResolveInfo, path: Path) -> object:
            nonlocal run
            if value is None or value is Undefined:
                return None
            if run is None or isinstance(value, Exception):
                selected = executor.collect_subfields(wanted, details)
                if isinstance(value, Exception) or selected.new_defer_usages:
                    return executor.complete_value(wanted, details, info, path, value, None)
                run = self.of(wanted, selected.grouped_field_set)
            return run(value, path)

        return completed


def _reader(name: str) -> Resolve:
    """What graphql-core reads by default."""
    return lambda row: row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)


def _nullable(wanted: GraphQLOutputType) -> GraphQLOutputType:
    return wanted.of_type if is_non_null_type(wanted) else wanted


def _nodes(details: list[FieldDetails]) -> list[FieldNode]:
    return [detail.node for detail in details]


def _is_streamed(details: list[FieldDetails]) -> bool:
    directives = (directive for detail in details for directive in detail.node.directives or ())
    return any(directive.name.value == GraphQLStreamDirective.name for directive in directives)
