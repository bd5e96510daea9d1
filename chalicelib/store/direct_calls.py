"""Bypass the slow parts of botocore, for the DynamoDB operations that requests to the API are made of.

For each call botocore visits every parameter, works out the endpoint by rules, builds the name of the user agent, sorts and signs
whatever headers there are, and lets handlers of eleven events see it: 0.6 ms of CPU, besides HTTP (measured). Here a call of these
operations is its parameters as JSON, which they are already, and a signature.

All else is botocore's: its HTTP session with the pool, the timeouts and TLS, credentials and their renewal, errors, and the
decision whether to send a request again. The replaced parts are not public, so a test compares what is sent and returned with what
botocore sends and returns.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.hooks import first_non_none_response
from botocore.session import Session

from chalicelib import json_text
from chalicelib.store import request_signature
from chalicelib.store.request_signature import Key, Scope

_OPERATIONS = {
    "GetItem",
    "BatchGetItem",
    "Query",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
}
_OK = 200
_CLIENT: Any = BaseClient
_ENDPOINT: Any = Endpoint
"""The types of botocore do not have what is replaced here."""


def register(session: Session) -> None:
    """Let the session make clients for DynamoDB that go this way."""
    session.register("creating-client-class.dynamodb", _add_mixin, unique_id="direct calls")


def _add_mixin(**about: Any) -> None:
    about["base_classes"].insert(0, _DirectClient)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the requests of an operation go, and what they have in common."""

    url: str
    path: str
    headers: Mapping[str, str]
    scope: Scope
    context: Mapping[str, object]
    """What botocore's endpoint rules add to the context of a request."""


class _DirectRequest(AWSPreparedRequest):
    """A request that was made here."""


class _Rows(dict[str, Any]):
    """What a good and intact answer holds: botocore need not judge it."""

    @property
    def is_whole(self) -> bool:
        """Whether no part of the request was throttled."""
        return not (self.get("UnprocessedItems") or self.get("UnprocessedKeys"))


class _DirectClient(_CLIENT):  # type: ignore[misc]
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._targets: dict[str, _Target] = {}
        self._endpoint: Any = _DirectEndpoint(self._endpoint, self._request_signer)

    def _resolve_endpoint_ruleset(self, operation_model: Any, params: Any, request_context: Any, **how: Any) -> Any:
        target = self._targets.get(operation_model.name)
        if target is None:
            return super()._resolve_endpoint_ruleset(operation_model, params, request_context, **how)
        request_context.update(target.context)
        return target.url, target.headers, {}

    def _convert_to_request_dict(self, **parts: Any) -> Any:
        name = parts["operation_model"].name
        target = self._targets.get(name)
        if target is None:
            request = super()._convert_to_request_dict(**parts)
            if name in _OPERATIONS and self._may_sign(parts["context"]):
                self._targets[name] = self._target(request)
            return request
        body = json_text.write(parts["api_params"]).encode()
        return {"body": body, "context": parts["context"], "headers": {}, "target": target}

    def _may_sign(self, context: Mapping[str, Any]) -> bool:
        signer = self._request_signer
        has_key = signer._credentials is not None  # noqa: SLF001
        return has_key and (context.get("auth_type") or signer.signature_version) == "v4"

    def _target(self, request: Mapping[str, Any]) -> _Target:
        """Return what further requests have in common with this one, which botocore has made."""
        url, context = urlsplit(request["url"]), request["context"]
        signing = context.get("signing", {})
        signer = self._request_signer
        headers = {name.lower(): text for name, text in request["headers"].items()}
        return _Target(
            request["url"],
            url.path or "/",
            {**headers, "host": url.netloc.rpartition("@")[2]},
            Scope(signing.get("region") or self.meta.region_name, signing.get("signing_name") or signer.signing_name),
            {name: context[name] for name in ("auth_type", "signing") if name in context},
        )


class _DirectEndpoint(_ENDPOINT):  # type: ignore[misc]
    def __init__(self, endpoint: object, signer: Any) -> None:
        self.__dict__.update(vars(endpoint))
        self._signer = signer

    def create_request(self, params: Any, operation_model: Any = None) -> Any:
        target = params.get("target")
        if target is None:
            return super().create_request(params, operation_model)
        now = self._signer._credentials.get_frozen_credentials()  # noqa: SLF001 - renewed here if they are old
        key = Key(now.access_key, now.secret_key, now.token)
        headers = request_signature.sign(target.path, target.headers, params["body"], key, target.scope)
        return _DirectRequest("POST", target.url, headers, params["body"], stream_output=False)  # type: ignore[arg-type]

    def _get_response(self, request: Any, operation_model: Any, context: Any) -> Any:
        if isinstance(request, _DirectRequest):
            return self._do_get_response(request, operation_model, context)
        return super()._get_response(request, operation_model, context)

    def _do_get_response(self, request: Any, operation_model: Any, context: Any) -> Any:
        if not isinstance(request, _DirectRequest):
            return super()._do_get_response(request, operation_model, context)
        try:
            answers = self._event_emitter.emit(f"before-send.dynamodb.{operation_model.name}", request=request)
            answer = first_non_none_response(answers) or self._send(request)
        except Exception as error:  # noqa: BLE001 - as botocore does, which looks at it next
            return None, error
        parsed = _read(answer)
        if parsed is None:
            return _by_botocore(self, answer, request, operation_model, context)
        return (answer, parsed), None

    def _needs_retry(self, attempts: Any, operation_model: Any, request_dict: Any, answered: Any, error: Any) -> Any:
        if attempts == 1 and answered is not None and isinstance(answered[1], _Rows) and answered[1].is_whole:
            return False  # nobody has to look at it, not even the count of throttles
        return super()._needs_retry(attempts, operation_model, request_dict, answered, error)


def _by_botocore(endpoint: Any, answer: AWSResponse, request: Any, operation_model: Any, context: Any) -> Any:
    """Let botocore read an answer, as an endpoint that has just received it."""
    received = copy.copy(endpoint)
    received._event_emitter = _Silent()  # noqa: SLF001
    received._send = lambda _request: answer  # noqa: SLF001
    return _ENDPOINT._do_get_response(received, request, operation_model, context)  # noqa: SLF001


class _Silent:
    def emit(self, _event: str, **_about: object) -> list[object]:
        return []


def _read(answer: AWSResponse) -> _Rows | None:
    """Return what an answer holds if it is good and intact."""
    content, checksum = answer.content, answer.headers.get("x-amz-crc32")
    if answer.status_code != _OK or (checksum is not None and int(checksum) != crc32(content)):
        return None
    try:
        found = _Rows(json_text.read(content))
    except ValueError:
        return None
    about = {name.lower(): text for name, text in answer.headers.items()}
    found["ResponseMetadata"] = {"HTTPStatusCode": _OK, "HTTPHeaders": about}
    if request_id := about.get("x-amzn-requestid"):
        found["ResponseMetadata"]["RequestId"] = request_id
    return found
