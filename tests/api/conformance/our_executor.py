"""A plugin for graphql-core's own tests: our executor takes the place of its own, and how often it planned is said."""

import gc
import os
import sys
from importlib import import_module
from typing import Any

import pytest

from chalicelib.api.graphql import executor

planned = 0


def pytest_configure() -> None:
    plan = executor._Plans._plan

    def counted(self: Any, kind: Any, selected: Any) -> Any:
        global planned  # noqa: PLW0603 - a plugin is a module
        planned += 1
        return plan(self, kind, selected)

    executor._Plans._plan = counted  # type: ignore[method-assign]
    module = import_module("graphql.execution.execute")  # `graphql.execution` has a function of that name
    module.IncrementalExecutor = executor.PlanningExecutor  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Nest too deeply by twice the limit. Its tests do it by ten times, in seconds; CRM_FULL_SIZE=1 leaves that."""
    for item in items:
        if "DEPTH" in item.function.__globals__ and not os.environ.get("CRM_FULL_SIZE"):
            item.function.__globals__["DEPTH"] = 2 * sys.getrecursionlimit()


def pytest_collection_finish() -> None:
    """Let only its tests collect garbage: hundreds do, over all objects, and collections between them doubled the time."""
    gc.collect()
    gc.freeze()
    gc.disable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"{planned} selections planned")
