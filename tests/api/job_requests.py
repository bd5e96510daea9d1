"""Requests about jobs as an operator: their data, or how they are refused."""

from typing import Any

from tests.as_operator import execute


def ask(document: str, **variables: object) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    return answer["data"]


def refusal(document: str, **variables: object) -> tuple[str, str | None, str]:
    (error,) = execute(document, variables)["errors"]
    return error["extensions"]["code"], error["extensions"].get("field"), error["message"]
