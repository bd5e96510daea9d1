"""What AWS does and MiniStack does not: put into MiniStack's modules before it starts.

Standard library only: this module runs in MiniStack's own environment.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

TABLE = "AWS::DynamoDB::Table"


def limit_index_changes(provisioners: Any) -> None:
    """Let an update of a stack create or delete one index of a table, as DynamoDB does."""
    handlers = provisioners._RESOURCE_HANDLERS[TABLE]
    update = handlers["update"]

    def checked(physical_id: str, before: dict[str, Any], after: dict[str, Any], *rest: Any, **named: Any) -> Any:
        changed = _index_names(before) ^ _index_names(after)
        if len(changed) > 1:
            raise ValueError(
                f"Cannot perform more than one GSI creation or deletion in a single update: {sorted(changed)}"
            )
        return update(physical_id, before, after, *rest, **named)

    handlers["update"] = checked


def _index_names(properties: Mapping[str, Any]) -> set[str]:
    return {index["IndexName"] for index in properties.get("GlobalSecondaryIndexes") or ()}


def import_apis(apigateway: Any) -> None:
    """Serve ImportRestApi and PutRestApi, which `chalice deploy` calls, with the import that MiniStack's CloudFormation has."""
    handle_request = apigateway.handle_request

    async def with_imports(method: str, path: str, headers: Any, body: bytes, query: Mapping[str, Any]) -> Any:
        match method, path.strip("/").split("/"):
            case "POST", ["restapis"] if "mode" in query:
                spec = json.loads(body)
                created = apigateway._import_rest_api(spec, _settings(spec))
                return apigateway._v1_response(apigateway._rest_api_view(apigateway._rest_apis[created]), 201)
            case "PUT", ["restapis", name] if name in apigateway._rest_apis:
                _overwrite(apigateway, name, json.loads(body))
                return apigateway._v1_response(apigateway._rest_api_view(apigateway._rest_apis[name]))
        return await handle_request(method, path, headers, body, query)

    apigateway.handle_request = with_imports


def _settings(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"binaryMediaTypes": spec.get("x-amazon-apigateway-binary-media-types", [])}


def _overwrite(apigateway: Any, name: str, spec: Mapping[str, Any]) -> None:
    """Replace the resources of an API. Its id, stages and deployments stay."""
    made = apigateway._import_rest_api(spec, _settings(spec))
    for contents in _imported(apigateway):
        contents[name] = contents.pop(made)
    apigateway._delete_rest_api(made)


def _imported(apigateway: Any) -> Iterator[Any]:
    yield apigateway._resources
    yield apigateway._authorizers_v1
    yield apigateway._models
