"""The process of a contestant: `python -m benchmarks.peers.worker ours`.

It reads a line with the company from standard input, then one line per question, and writes one line per answer.
"""

import gc
import importlib
import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from benchmarks import profiling
from benchmarks.cpu import once
from benchmarks.peers.operations import Json, event

Handler: TypeAlias = Callable[[Json, Any], Json]


def asked(handler: Handler, body: str, key: str = "") -> tuple[float, Json]:
    """Return the CPU seconds and the data of the response. Any other response ends the process."""
    request = event(body, key)
    answers: list[Json] = []
    seconds = once(lambda: answers.append(handler(request, None)))
    answer = json.loads(answers[0]["body"])
    if answers[0]["statusCode"] != 200 or "errors" in answer:  # noqa: PLR2004
        raise SystemExit(f"{body} was answered {answers[0]}")
    data: Json = answer["data"]
    return seconds, data


def refused(handler: Handler, body: str, key: str = "") -> tuple[int, bool]:
    """Return the status, and whether the response has errors and no data."""
    logging.disable()  # some log the whole document
    response = handler(event(body, key), None)
    logging.disable(logging.NOTSET)
    answer = json.loads(response["body"])
    return response["statusCode"], bool(answer.get("errors")) and answer.get("data") is None


def calls(handler: Handler, body: str, key: str = "") -> int:
    """Count the calls of DynamoDB, without reading the key, which is remembered for some seconds."""
    from benchmarks.peers.dynamodb_calls import counted  # noqa: PLC0415 - not all contestants have what it needs

    def count() -> int:
        with counted() as operations:
            asked(handler, body, key)
        return len(operations)

    return min(count() for _ in range(3))


def profile(handler: Handler, body: str, key: str = "") -> None:
    """Print a profile to standard error."""
    profiling.print_profile(lambda: handler(event(body, key), None), sys.stderr)


def reply(handler: Handler, question: Json) -> Any:
    replies: dict[str, Callable[..., Any]] = {"asked": asked, "refused": refused, "calls": calls, "profile": profile}
    return replies[question["wanted"]](handler, question["body"], question["key"])


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a contestant's log must not mix with the answers
    contestant = importlib.import_module(f"benchmarks.peers.{sys.argv[1]}")
    handler = contestant.begin(json.loads(sys.stdin.readline()))
    # Collecting garbage before a question then leaves the processor's caches warm, as the next request of a client finds them.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(reply(handler, json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
