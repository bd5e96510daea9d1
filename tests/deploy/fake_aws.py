"""Clients of AWS that answer from a table: for states that no emulator gets into."""

import argparse
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError, WaiterError


def client_error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class _Waiter:
    def __init__(self, refusal: str | None) -> None:
        self._refusal = refusal

    def wait(self, **_arguments: Any) -> None:
        if self._refusal:
            raise WaiterError("change_set_create_complete", "failed", {})


class _Pages:
    def __init__(self, page: dict[str, Any]) -> None:
        self._page = page

    def paginate(self, **_arguments: Any) -> list[dict[str, Any]]:
        return [self._page]


@dataclass
class FakeCloudFormation:
    """A stack in `status`. What is called goes to `calls`; `then` are the states that the calls lead to, by their names."""

    status: str | None
    then: dict[str, list[str]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    refusal: str | None = None
    undeleted: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def arguments(self, name: str) -> dict[str, Any]:
        return next(arguments for called, arguments in self.calls if called == name)

    def _call(self, name: str, arguments: dict[str, Any]) -> None:
        self.calls.append((name, arguments))
        if self.then.get(name):
            self.status = self.then[name].pop(0)

    def describe_stacks(self, **_arguments: Any) -> dict[str, Any]:
        if self.status is None:
            raise client_error("ValidationError", "Stack with id crm-prod does not exist")
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {"Stacks": [{"StackStatus": self.status, "StackId": "id", "Parameters": parameters}]}

    def describe_stack_events(self, **_arguments: Any) -> dict[str, Any]:
        event = {"EventId": str(len(self.calls)), "Timestamp": datetime(2100, 1, 1, tzinfo=UTC)}
        row = {"LogicalResourceId": "Orders", "ResourceType": "T", "ResourceStatus": "X_FAILED"}
        failed = (self.status or "").endswith("FAILED")
        return {"StackEvents": [event | row | {"ResourceStatusReason": "told why"}] if failed else []}

    def create_change_set(self, **arguments: Any) -> dict[str, Any]:
        self._call("create_change_set", arguments)
        return {"Id": "change-set"}

    def execute_change_set(self, **arguments: Any) -> None:
        self._call("execute_change_set", arguments)

    def delete_change_set(self, **arguments: Any) -> None:
        self._call("delete_change_set", arguments)

    def describe_change_set(self, **_arguments: Any) -> dict[str, Any]:
        return {"StatusReason": self.refusal}

    def delete_stack(self, **arguments: Any) -> None:
        self._call("delete_stack", arguments)

    def continue_update_rollback(self, **arguments: Any) -> None:
        self._call("continue_update_rollback", arguments)

    def rollback_stack(self, **arguments: Any) -> None:
        self._call("rollback_stack", arguments)

    def get_waiter(self, _name: str) -> _Waiter:
        return _Waiter(self.refusal)

    def get_paginator(self, _name: str) -> _Pages:
        rows = [
            {"LogicalResourceId": name, "ResourceType": kind, "ResourceStatus": "DELETE_FAILED"}
            for name, kind in self.undeleted
        ]
        return _Pages({"StackResourceSummaries": rows})


@dataclass
class FakeLambda:
    """An account with so many concurrent executions, of which functions reserve some."""

    limit: int
    reserved: dict[str, int] = field(default_factory=dict)

    def get_account_settings(self) -> dict[str, Any]:
        unreserved = self.limit - sum(self.reserved.values())
        return {"AccountLimit": {"ConcurrentExecutions": self.limit, "UnreservedConcurrentExecutions": unreserved}}

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if FunctionName not in self.reserved:
            raise client_error("ResourceNotFoundException")
        return {"ReservedConcurrentExecutions": self.reserved[FunctionName]}


class FakeStack:
    """A stack with these outputs, whose deletion is said."""

    def __init__(self, said: list[str], **outputs: str) -> None:
        self._said, self._outputs = said, outputs

    def outputs(self) -> dict[str, str]:
        return self._outputs

    def delete(self) -> None:
        self._said.append("DELETED")


class FakeParameters:
    """A stack with these parameters; None if it does not exist."""

    def __init__(self, parameters: dict[str, str] | None) -> None:
        self._parameters = parameters

    def exists(self) -> bool:
        return self._parameters is not None

    def parameters(self) -> dict[str, str]:
        return self._parameters or {}


def options(stage: str) -> argparse.Namespace:
    """Options of a command that keeps what it says in `said`."""
    said: list[str] = []
    return argparse.Namespace(stage=stage, generation=None, say=said.append, said=said)
