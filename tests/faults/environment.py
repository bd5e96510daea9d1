"""AWS around the jobs, with a clock that tests move: EventBridge, Lambda, SQS and SES, and faults on the way to them.

Lambda delivers a message at least once: it is removed when its delivery ends well, and otherwise comes again when the
consumer's `put_off`, or the queue's own timeout, says so; after five deliveries it is dead. A message is never lost
unless the request that sends it was. SQS of an emulator hides messages in real time, so the queue is kept here.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any

import pytest
import requests
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError
from botocore.retries.quota import RetryQuota
from pynamodb.exceptions import PynamoDBException

from chalicelib import aws, clock
from chalicelib.errors import CrmError
from chalicelib.jobs import queue, watchdog
from chalicelib.jobs.job import Job
from chalicelib.jobs.operations import OperationFailed
from chalicelib.jobs.runner import RunFailed, Runner
from chalicelib.store import connection, cursors, tables
from tests.as_operator import execute
from tests.conftest import connected_to
from tests.faults.fault_injection import intercepted
from tests.faults.memory import Memory, RunRefused

NOWHERE = "http://127.0.0.1:9"
MINUTE = timedelta(minutes=1)
_EXPECTED = (CrmError, OperationFailed, RunFailed, PynamoDBException, BotoCoreError)


class Fault(StrEnum):
    """What befalls a call. In a stall the world goes on without the caller, until its lease is long over."""

    DIE_BEFORE = "dies before"
    DIE_AFTER = "dies after"
    LOSE_REQUEST = "request lost"
    LOSE_ANSWER = "answer lost"
    STALL_BEFORE = "stalls before"
    STALL_AFTER = "stalls after"


class Killed(BaseException):
    """The Lambda is gone: nothing of ours catches this"""


@dataclass
class Email:
    body: str
    visible_at: datetime
    receipt: str
    receives: int = 0


@dataclass
class Letters:
    """The queue. `doubled` says of a message that was worked on well whether it comes once more."""

    doubled: Callable[[], bool] = lambda: False
    waiting: list[Email] = field(default_factory=list)
    dead: list[Email] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "GetQueueUrl":
            return {"QueueUrl": f"{NOWHERE}/{request['QueueName']}"}
        if operation == "SendMessage":
            number = str(next(self._numbers))
            visible_at = clock.now() + timedelta(seconds=request["DelaySeconds"])
            self.waiting.append(Email(request["MessageBody"], visible_at, number))
            return {"MessageId": number}
        assert operation == "ChangeMessageVisibility", operation
        for letter in self.waiting:
            if letter.receipt == request["ReceiptHandle"]:
                letter.visible_at = clock.now() + timedelta(seconds=request["VisibilityTimeout"])
        return {}

    def receive(self) -> Email | None:
        letter = next((letter for letter in self.waiting if letter.visible_at <= clock.now()), None)
        if letter is None:
            return None
        if letter.receives == queue.MAX_RECEIVES:
            self.waiting.remove(letter)
            self.dead.append(letter)
            return self.receive()
        letter.receives += 1
        letter.visible_at = clock.now() + timedelta(seconds=queue.VISIBILITY)
        return letter

    def done(self, letter: Email) -> None:
        if self.doubled():
            letter.visible_at = clock.now()
        else:
            self.waiting.remove(letter)


@dataclass
class Environment:
    """`choose` says of the n-th call what befalls it."""

    memory: Memory
    now: datetime
    choose: Callable[[int], Fault | None] = lambda _: None
    letters: Letters = field(default_factory=Letters)
    sent: list[str] = field(default_factory=list)
    exchanged: list[tuple[str, dict[str, Any], Any]] | None = None
    """Where a list is given, it gets the requests to the database, and its answers."""
    mails: list[str] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)
    begin: Callable[[], None] = lambda: None
    """Called when a Lambda begins."""
    seconds_left: Callable[[], float] = lambda: 300
    _stalled: bool = False

    def fire(self, job: Job, moment: datetime) -> bool:
        return self._invoke(lambda: Runner(lambda _actor: execute, self.seconds_left).fire(job, moment))

    def run_checks(self) -> bool:
        return self._invoke(watchdog.run_checks)

    def work_off(self) -> None:
        """Deliver what can be delivered now."""
        while letter := self.letters.receive():
            if self._deliver(letter):
                self.letters.done(letter)

    def _deliver(self, letter: Email) -> bool:
        return self._invoke(
            lambda: Runner(lambda _actor: execute, self.seconds_left).deliver(letter.body, letter.receipt)
        )

    def settle(self, *slots: tuple[str, str], looks: int = 4) -> None:
        """What happens by itself in the next minutes: the queue each minute, the watch every five, until all is quiet and
        the runs of `slots` are at their end.
        """
        for _ in range(looks):
            for _ in range(5):
                self.now += MINUTE
                self.work_off()
            self.run_checks()
            self.work_off()
            stored = self.memory.rows_of(tables.Run)
            if stored.keys() >= {*slots} and not any("unfinished" in row for row in stored.values()):
                return

    def unfinished(self) -> list[tuple[str, ...]]:
        return [key for key, row in self.memory.rows_of(tables.Run).items() if "unfinished" in row]

    def _invoke(self, work: Callable[[], object]) -> bool:
        """A Lambda: whether it ended well."""
        self.begin()
        try:
            work()
        except Killed:
            _forget()
            return False
        except _EXPECTED:
            return False
        except Exception as error:  # noqa: BLE001 - the tests look at them
            self.broken.append(error)
            return False
        return True

    def send(self, _pass_on: Any, request: Any, model: Any, _context: Any) -> Any:
        fault = None if self._stalled else self.choose(len(self.sent))
        if not self._stalled:
            self.sent.append(model.name)
        if fault is Fault.DIE_BEFORE:
            raise Killed
        if fault is Fault.LOSE_REQUEST:
            return None, ConnectTimeoutError(endpoint_url="lost")
        if fault is Fault.STALL_BEFORE:
            self._stall()
        answer = self._answer(request, model)
        if fault is Fault.DIE_AFTER:
            raise Killed
        if fault is Fault.LOSE_ANSWER:
            return None, ReadTimeoutError(endpoint_url="lost")
        if fault is Fault.STALL_AFTER:
            self._stall()
        return answer, None

    def _stall(self) -> None:
        with self.undisturbed():
            self.settle(looks=2)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """What is asked in here meets no faults, whoever asks."""
        before, self._stalled = self._stalled, True
        try:
            yield
        finally:
            self._stalled = before

    def _answer(self, request: Any, model: Any) -> tuple[Any, dict[str, Any]]:
        service, content = model.service_model.service_name, json.loads(request.body)
        status, parsed = 200, {}
        try:
            if service == "dynamodb":
                parsed = self.memory.answer(model.name, content)
            elif service == "sqs":
                parsed = self.letters.answer(model.name, content)
            else:
                assert model.name == "SendEmail"
                self.mails.append(content["Content"]["Simple"]["Body"]["Text"]["Data"])
                parsed = {"MessageId": "1"}
        except RunRefused as refused:
            status, parsed = 400, {"Error": {"Code": refused.code, "Message": refused.code}}
            if refused.reasons:
                parsed["CancellationReasons"] = [{"Code": reason, "Message": reason} for reason in refused.reasons]
        except Exception as error:
            self.broken.append(error)  # jobs take it for theirs, and try again
            raise
        if service == "dynamodb" and self.exchanged is not None:
            self.exchanged.append((model.name, content, parsed))
        return _Http(status), {**parsed, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}}}

    @staticmethod
    def ask_api() -> requests.Response:
        """What the heartbeat hears of the API, which is up."""
        response = requests.Response()
        response.status_code = 200
        response._content = b'{"data": {"hello": "Hello", "health": {"database": "UP", "queue": "UP"}}}'
        return response


@dataclass(frozen=True)
class _Http:
    """What botocore looks at of an HTTP answer."""

    status_code: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    raw: None = None


class Stage:
    """Everything that this process asks of AWS is asked of the environment that is on it. Made once: clients are slow."""

    environment: Environment

    @contextmanager
    def play(self, environment: Environment) -> Iterator[Environment]:
        self.environment = environment
        _forget()
        clock.set_source(lambda: environment.now)
        try:
            yield environment
        finally:
            clock.set_source(None)
        assert environment.broken == []

    def send(self, *arguments: Any) -> Any:
        return self.environment.send(*arguments)


@contextmanager
def stage() -> Iterator[Stage]:
    built = Stage()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        stack.enter_context(connected_to(NOWHERE))
        patch.setattr("time.sleep", lambda _: None)
        patch.setattr(RetryQuota, "acquire", lambda *_: True)  # else a long test runs botocore's budget of retries dry
        patch.setattr("requests.adapters.HTTPAdapter.send", lambda *_, **__: Environment.ask_api())
        for client in (connection.client(), aws.client("sqs"), aws.client("sesv2", tries=1)):
            # More than half of what botocore takes for a call, and nobody here reads the outcome.
            patch.setattr(client._request_signer, "sign", lambda *_, **__: None)
            patch.setattr(client._user_agent_creator, "to_string", lambda: "")
            patch.setattr(client, "_resolve_endpoint_ruleset", lambda *_, **__: (NOWHERE, {}, {}))
            stack.enter_context(intercepted(client, built.send))
        yield built


def _forget() -> None:
    """A new Lambda knows nothing."""
    cursors._secret.cache_clear()
    queue._known_url.cache_clear()
