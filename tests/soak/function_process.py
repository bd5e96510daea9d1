"""A warm Lambda function: `python function_process.py PACKAGE HANDLER [VERSION]`.

It finds only the package and the standard library. Standard input has an event per line, standard output an answer per
line; the log goes to standard error.
"""

import importlib
import json
import os
import sys
import traceback
from itertools import count
from typing import Any


class Context:
    """As Lambda's context object."""

    function_name = "crm"
    function_version = "1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:crm"
    memory_limit_in_mb = 1024

    def __init__(self, number: int) -> None:
        self.aws_request_id = f"invocation-{os.getpid()}-{number}"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def main() -> None:
    package, name = sys.argv[1:]
    sys.path.insert(0, package)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    handler = getattr(importlib.import_module("app"), name)
    for number, line in zip(count(1), sys.stdin, strict=False):
        answers.write(json.dumps(invoked(handler, json.loads(line), Context(number))) + "\n")
        answers.flush()


def invoked(handler: Any, event: Any, context: Context) -> dict[str, Any]:
    try:
        return {"result": handler(event, context)}
    except Exception as error:  # noqa: BLE001 - Lambda, too, goes on with the next event
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
