"""A client of botocore that goes straight to its endpoint, where the retries are.

More than half of what botocore takes for a call goes into events, headers, checksums and signatures that nobody reads
where no network is: thousands of runs are played, with a dozen calls each.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from botocore.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class _Request:
    body: str

    def reset_stream(self) -> None:
        """There is no stream to begin anew."""


def quicken(client: Any, patch: pytest.MonkeyPatch) -> None:
    """Whatever the client is asked comes to its endpoint's `_do_get_response`: as JSON, and with botocore's own retries."""
    endpoint: Endpoint = client._endpoint
    model = cache(client._service_model.operation_model)

    def call(operation: str, params: dict[str, Any]) -> Any:
        context = {"client_config": client.meta.config, "client_region": client.meta.region_name}
        request = {"body": json.dumps(params), "context": context, "headers": {}, "url": "", "method": "POST"}
        http, parsed = endpoint.make_request(model(operation), request)
        if http.status_code >= 300:
            raise client.exceptions.from_code(parsed["Error"]["Code"])(parsed, operation)
        return parsed

    patch.setattr(client, "_make_api_call", call)
    patch.setattr(endpoint, "create_request", lambda params, _model: _Request(params["body"]))
