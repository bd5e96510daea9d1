"""Which permissions does a piece of work use? Taken from botocore's events, in IAM's words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.retries.quota import RetryQuota

from chalicelib import aws
from chalicelib.jobs import queue
from chalicelib.store import connection, stage_secrets

_PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
_ACTIONS = {"sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility"}

Use = tuple[str, str]
"""(action, resource), e.g. ("dynamodb:Query", "crm-test-runs/index/*")."""


@dataclass(slots=True)
class Recording:
    """`lossy` loses the first answer of each write, so that what follows on doubt is recorded too."""

    lossy: bool = False
    uses: set[Use] = field(default_factory=set)
    operations: set[Use] = field(default_factory=set)
    """(service, operation), e.g. ("dynamodb", "Query")."""
    _paused: bool = False
    _lost: set[str] = field(default_factory=set)

    def note(self, params: dict[str, Any], model: Any, **_rest: Any) -> None:
        if self._paused:
            return
        self.operations.add((model.service_model.service_name, model.name))
        service = model.service_model.signing_name
        for action, resource in _uses(model.name, params):
            name = f"{service}:{action}"
            self.uses.add((_ACTIONS.get(name, name), resource))

    def send(self, pass_on: Callable[..., Any], request: Any, model: Any, context: Any) -> Any:
        """Below botocore's own retries, which so meet what the first try has done."""
        answer = pass_on(request, model, context)
        if not self.lossy or model.name not in _WRITES or model.name in self._lost:
            return answer
        self._lost.add(model.name)
        return None, ReadTimeoutError(endpoint_url="lost on purpose")

    def begin_step(self) -> None:
        """From here on the next answers are lost, and nothing is known from before."""
        self._lost.clear()
        queue._known_url.cache_clear()
        stage_secrets.forget()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What others do meanwhile does not count."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False
            self.begin_step()


def _uses(operation: str, params: dict[str, Any]) -> Iterator[Use]:
    if operation == "TransactWriteItems":
        for part in params["TransactItems"]:
            for kind, content in part.items():
                yield _PARTS[kind], content["TableName"]
    elif operation in {"BatchGetItem", "BatchWriteItem"}:
        for table in params["RequestItems"]:
            yield operation, table
    elif "TableName" in params:
        yield operation, params["TableName"] + ("/index/*" if "IndexName" in params else "")
    elif operation == "SendEmail":
        yield operation, "identity/*"
        if "ConfigurationSetName" in params:
            yield operation, "configuration-set/*"
    elif operation == "GetQueueUrl":
        yield operation, params["QueueName"]
    else:
        address: str = params.get("QueueUrl") or params["TopicArn"].replace(":", "/")
        yield operation, address.rsplit("/", 1)[1]


@contextmanager
def recorded(*, lossy: bool = False) -> Iterator[Recording]:
    recording = Recording(lossy)
    clients = (connection.client(), aws.client("sqs"), aws.client("sns"), aws.client("sesv2", tries=1))
    event, name = "before-parameter-build", f"recording-{id(recording)}"
    endpoint = connection.client()._endpoint
    pass_on = endpoint._do_get_response
    for client in clients:
        client.meta.events.register(event, recording.note, unique_id=name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint, "_do_get_response", lambda *sent: recording.send(pass_on, *sent))
        patch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
        patch.setattr(RetryQuota, "acquire", lambda _self, _amount: True)  # there is more loss here than it allows
        recording.begin_step()
        try:
            yield recording
        finally:
            for client in clients:
                client.meta.events.unregister(event, recording.note, unique_id=name)
