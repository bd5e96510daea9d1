"""Run GraphQL in this process as an operator: for tests of what an operation does, whoever may run it."""

from collections.abc import Mapping
from typing import Any

from chalicelib.access.authorization import Caller
from chalicelib.api.graphql import execution

OPERATOR = Caller.system("test")


def execute(document: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
    return execution.execute(document, variables, OPERATOR)
