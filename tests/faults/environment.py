"""A fake AWS around the jobs, with a clock that tests set: EventBridge, Lambda, SQS and SES, with injected faults.

Lambda delivers a message at least once. It is removed after a successful delivery, and otherwise delivered again after
`queue.postpone` or the queue's own timeout; after five deliveries it is a dead letter. A message is lost only if the
request that sends it is. An emulator's SQS hides messages in real time, so the queue is simulated here.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from io import BytesIO
from typing import Any

import pytest
import requests
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError
from botocore.retries.quota import RetryQuota
from pynamodb.exceptions import PynamoDBException

from chalicelib import aws, clock
from chalicelib.errors import CrmError
from chalicelib.jobs import dispatcher, queue, run_records, watchdog
from chalicelib.jobs.job import Job
from chalicelib.jobs.operations import OperationFailed
from chalicelib.jobs.runner import RunFailed, Runner
from chalicelib.store import connection, stage_secrets, tables
from tests.as_operator import execute
from tests.conftest import connected_to
from tests.faults.calls import Calls
from tests.faults.fault_injection import intercepted
from tests.faults.memory import Key, Memory, response_of
from tests.faults.quick_client import content_of, quicken

NOWHERE = "http://127.0.0.1:9"
MINUTE = timedelta(minutes=1)
CHECKS_WHILE_BACKING_OFF = 80
"""Checks of the watchdog during all attempts of a run: the delays between them add up to six and a quarter hours."""
_EXPECTED = (CrmError, OperationFailed, RunFailed, PynamoDBException, BotoCoreError)


class Fault(StrEnum):
    """What happens to a call. During a stall the other workers go on, until the caller's lease has long expired."""

    DIE_BEFORE = "dies before"
    DIE_AFTER = "dies after"
    LOSE_REQUEST = "request lost"
    LOSE_ANSWER = "answer lost"
    STALL_BEFORE = "stalls before"
    STALL_AFTER = "stalls after"


class Killed(BaseException):
    """The Lambda has died. Nothing in our code catches this"""


@dataclass
class QueuedMessage:
    body: str
    visible_at: datetime
    receipt: str
    receives: int = 0


@dataclass
class FakeQueue:
    """The queue. `doubled` decides whether a handled message is delivered once more."""

    doubled: Callable[[], bool] = lambda: False
    waiting: list[QueuedMessage] = field(default_factory=list)
    dead: list[QueuedMessage] = field(default_factory=list)
    _sent: int = 0

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "GetQueueUrl":
            return {"QueueUrl": f"{NOWHERE}/{request['QueueName']}"}
        if operation == "SendMessage":
            self._sent += 1
            number = str(self._sent)
            visible_at = clock.now() + timedelta(seconds=request["DelaySeconds"])
            self.waiting.append(QueuedMessage(request["MessageBody"], visible_at, number))
            return {"MessageId": number}
        if operation == "GetQueueAttributes":
            return {"Attributes": dict.fromkeys(request["AttributeNames"], "0")}
        if operation == "ReceiveMessage":
            return {}  # of dead letters, of which the erasure of a person finds none here
        assert operation == "ChangeMessageVisibility", operation
        for message in self.waiting:
            if message.receipt == request["ReceiptHandle"]:
                message.visible_at = clock.now() + timedelta(seconds=request["VisibilityTimeout"])
        return {}

    def receive(self) -> QueuedMessage | None:
        message = next((message for message in self.waiting if message.visible_at <= clock.now()), None)
        if message is None:
            return None
        if message.receives == queue.MAX_RECEIVES:
            self.waiting.remove(message)
            self.dead.append(message)
            return self.receive()
        message.receives += 1
        message.visible_at = clock.now() + timedelta(seconds=queue.VISIBILITY)
        return message

    def done(self, message: QueuedMessage) -> None:
        if self.doubled():
            message.visible_at = clock.now()
        else:
            self.waiting.remove(message)


@dataclass
class Environment:
    """`choose` returns the fault of the n-th call."""

    memory: Memory
    now: datetime
    choose: Callable[[int], Fault | None] = lambda _: None
    messages: FakeQueue = field(default_factory=FakeQueue)
    sent: Calls = field(default_factory=Calls)
    exchanged: list[tuple[str, dict[str, Any], Any]] | None = None
    """If this is a list, requests to the database and their answers are added to it."""
    mails: list[str] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)
    begin: Callable[[], None] = lambda: None
    """Called when a Lambda starts."""
    seconds_left: Callable[[], float] = lambda: 300
    _stalled: bool = False

    def copy(self) -> "Environment":
        """Return another one with the same data, messages and time, in which no call has been made and no fault is injected."""
        return Environment(self.memory.copy(), self.now, messages=deepcopy(self.messages), mails=[*self.mails])

    def fire(self, job: Job, moment: datetime) -> bool:
        return self._invoke(lambda: Runner(lambda _actor: execute, self.seconds_left).fire(job, moment))

    def dispatch(self) -> bool:
        return self._invoke(dispatcher.serve)

    def run_checks(self) -> bool:
        return self._invoke(watchdog.run_checks)

    def deliver_messages(self) -> None:
        """Deliver the visible messages."""
        while message := self.messages.receive():
            if self._deliver(message):
                self.messages.done(message)

    def _deliver(self, message: QueuedMessage) -> bool:
        return self._invoke(
            lambda: Runner(lambda _actor: execute, self.seconds_left).deliver(message.body, message.receipt)
        )

    def settle(self, *slots: tuple[str, str], looks: int = CHECKS_WHILE_BACKING_OFF) -> None:
        """Let minutes pass, with the queue each minute and the watchdog every five, until the runs of `slots` and all
        others have ended.
        """
        for _ in range(looks):
            for _ in range(5):
                self.now += MINUTE
                self.deliver_messages()
            self.run_checks()
            self.deliver_messages()
            if self.memory.keys_of(tables.Run) >= {*slots} and not self.unfinished():
                return

    def unfinished(self) -> list[Key]:
        return sorted(self.memory.keys_of(tables.Run, lambda row: row["status"]["S"] in run_records.UNFINISHED))

    def _invoke(self, work: Callable[[], object]) -> bool:
        """Invoke a Lambda and return whether it succeeded."""
        self.begin()
        if not self._stalled:
            self.sent.begin()
        try:
            work()
        except Killed:
            _clear_caches()
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
        with self.without_faults():
            self.settle(looks=2)

    @contextmanager
    def without_faults(self) -> Iterator[None]:
        """Inject no faults in this block."""
        before, self._stalled = self._stalled, True
        try:
            yield
        finally:
            self._stalled = before

    def _answer(self, request: Any, model: Any) -> tuple[Any, dict[str, Any]]:
        service, content = model.service_model.service_name, content_of(request)
        try:
            response = response_of(lambda: self._content_of(service, model.name, content))
        except Exception as error:
            self.broken.append(error)  # the jobs would only retry
            raise
        if service == "dynamodb" and self.exchanged is not None:
            self.exchanged.append((model.name, deepcopy(content), response[1]))
        return response

    def _content_of(self, service: str, operation: str, content: dict[str, Any]) -> dict[str, Any]:
        if service == "dynamodb":
            return self.memory.answer(operation, content)
        if service == "sqs":
            return self.messages.answer(operation, content)
        assert operation == "SendEmail"
        self.mails.append(content["Content"]["Simple"]["Body"]["Text"]["Data"])
        return {"MessageId": "1"}

    @staticmethod
    def ask_api() -> requests.Response:
        """Return the API's answer to the heartbeat: it is up."""
        response = requests.Response()
        response.status_code = 200
        response.raw = BytesIO(b'{"data": {"hello": "Hello", "health": {"database": "UP", "queue": "UP"}}}')
        return response


class FakeAws:
    """Passes every call of this process to the current environment. It is made once, because making clients is slow."""

    environment: Environment

    @contextmanager
    def run(self, environment: Environment) -> Iterator[Environment]:
        self.environment = environment
        _clear_caches()
        clock.set_source(lambda: environment.now)
        try:
            yield environment
        finally:
            clock.set_source(None)
        assert environment.broken == []

    def first_checked(self, memory: Memory, moment: datetime) -> Memory:
        """Return the data after the watchdog's first check, which is the same for all runs that start from it."""
        with self.run(Environment(memory.copy(), moment)) as environment:
            environment.run_checks()
        return environment.memory

    def send(self, *arguments: Any) -> Any:
        return self.environment.send(*arguments)


@contextmanager
def fake_aws() -> Iterator[FakeAws]:
    built = FakeAws()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        stack.enter_context(connected_to(NOWHERE))
        patch.setattr("time.sleep", lambda _: None)
        patch.setattr(RetryQuota, "acquire", lambda *_: True)  # else a long test runs botocore's budget of retries dry
        patch.setattr("requests.adapters.HTTPAdapter.send", lambda *_, **__: Environment.ask_api())
        for client in (connection.client(), aws.client("sqs"), aws.client("sesv2", tries=1)):
            quicken(client, patch)
            stack.enter_context(intercepted(client, built.send))
        yield built


def _clear_caches() -> None:
    """Clear the caches, as in a new Lambda."""
    stage_secrets.forget()
    queue._known_url.cache_clear()
