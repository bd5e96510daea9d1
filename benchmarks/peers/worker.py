"""The process of a contestant: `python -m benchmarks.peers.worker ours`.

It reads a line with the company from standard input, then one line per question, and writes one line per answer.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from benchmarks import profiling
from benchmarks.cpu import once
from benchmarks.peers.operations import Json, event

Handler: TypeAlias = Callable[[Json, Any], Json]


def asked(handler: Handler, body: str) -> tuple[float, Json]:
    """Return the CPU seconds and the data of the response. Any other response ends the process."""
    request = event(body)
    answers: list[Json] = []
    seconds = once(lambda: answers.append(handler(request, None)))
    answer = json.loads(answers[0]["body"])
    if answers[0]["statusCode"] != 200 or "errors" in answer:  # noqa: PLR2004
        raise SystemExit(f"{body} was answered {answers[0]}")
    data: Json = answer["data"]
    return seconds, data


def above(handler: Handler, body: str) -> tuple[float, Json]:
    """Like `asked`, without the seconds in the DynamoDB client, which all contestants on this project's store share."""
    from chalicelib.store import connection  # noqa: PLC0415 - not all contestants have it

    marks: list[float] = []
    events = connection.client().meta.events
    ends = ("provide-client-params.dynamodb", "after-call.dynamodb")

    def mark(**_rest: Any) -> None:
        marks.append(time.process_time())

    for end in ends:
        events.register(end, mark, unique_id=end)
    try:
        seconds, data = asked(handler, body)
    finally:
        for end in ends:
            events.unregister(end, mark, unique_id=end)
    return seconds - sum(marks[1::2]) + sum(marks[::2]), data


def calls(handler: Handler, body: str) -> int:
    """Count the calls of DynamoDB."""
    from benchmarks.metering import metered  # noqa: PLC0415 - not all contestants have what it needs

    with metered() as usage:
        asked(handler, body)
    return usage.calls


def profile(handler: Handler, body: str) -> None:
    """Print a profile to standard error."""
    profiling.print_profile(lambda: handler(event(body), None), sys.stderr)


def reply(handler: Handler, question: Json) -> Any:
    wanted, body = question["wanted"], question["body"]
    return {"asked": asked, "above": above, "calls": calls, "profile": profile}[wanted](handler, body)


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a contestant's log must not mix with the answers
    contestant = importlib.import_module(f"benchmarks.peers.{sys.argv[1]}")
    handler = contestant.begin(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(reply(handler, json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
