"""A client of botocore that goes straight to its endpoint, where the retries are.

More than half of what botocore takes for a call goes into events, headers, checksums and signatures that nobody reads
where no network is: thousands of runs are played, with a dozen calls each.
"""

from collections.abc import Mapping
from copy import copy
from functools import cache
from typing import Any

import pytest

from chalicelib import json_text

_REDIRECT = 300
_LEFT_OVERS = ("UnprocessedItems", "UnprocessedKeys")


class _Request:
    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content

    def reset_stream(self) -> None:
        """There is no stream to begin anew."""


def content_of(request: Any) -> Any:
    """Return the parameters of a request."""
    return request.content if isinstance(request, _Request) else json_text.read(request.body)


def quicken(client: Any, patch: pytest.MonkeyPatch) -> None:
    """Whatever the client is asked comes to its endpoint's `_do_get_response`, with botocore's own retries.

    As in `store.direct_calls`, botocore need not look at a first answer that is good and whole. It judges all others.
    """
    endpoint: Any = client._endpoint
    model = cache(client._service_model.operation_model)

    def call(operation: str, params: dict[str, Any]) -> Any:
        request = _Request(params)
        answer, error = endpoint._do_get_response(request, model(operation), {})
        if error is None and answer[0].status_code < _REDIRECT and not any(map(answer[1].get, _LEFT_OVERS)):
            return answer[1]
        http, parsed = _judged(client, model(operation), request, answer, error)
        if http.status_code >= _REDIRECT:
            raise client.exceptions.from_code(parsed["Error"]["Code"])(parsed, operation)
        return parsed

    patch.setattr(client, "_make_api_call", call)


def _judged(client: Any, model: Any, request: _Request, answer: Any, error: Exception | None) -> Any:
    """Let botocore's endpoint judge the answer to a request, and send the request again as often as it finds right."""
    endpoint = copy(client._endpoint)
    answers = iter([(answer, error)])
    endpoint.create_request = lambda *_: request
    endpoint._do_get_response = lambda *sent: next(answers, None) or client._endpoint._do_get_response(*sent)
    context = {"client_config": client.meta.config, "client_region": client.meta.region_name}
    return endpoint.make_request(model, {"body": "", "context": context, "headers": {}, "url": "", "method": "POST"})
