"""Cut the service models of botocore in the package to what the functions call, as `policies` has it.

botocore reads the whole model of a service, and a list of the endpoints of all services in all regions, when it creates a client:
1.9 MB of JSON for the one operation that a request needs. Other parts of the models, such as the rules of endpoints and what is
known of each partition, stay as they are, so a client finds the endpoint of each region as before.
"""

import gzip
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from deploy import policies

SERVICES = ("dynamodb", "sesv2", "sns", "sqs")
"""Of botocore's models, 300 services in 16 MB of zip, the ones that chalicelib asks for."""
_OF_MODELS = {"ses": "sesv2"}
"""Permissions have another name for this service."""
_ENDPOINT_NAMES = {"sesv2": "email"}
_OTHER_OPERATIONS = {
    "dynamodb:ConditionCheckItem": ["TransactWriteItems"],
    "sqs:ChangeMessageVisibility": ["ChangeMessageVisibility", "ChangeMessageVisibilityBatch"],
}
"""What a permission is for, where that is not the one operation of its name."""
_MODEL, _ENDPOINTS = "service-2.json", "endpoints.json"


def operations() -> dict[str, set[str]]:
    """Return what any function calls, by service. Tests compare the permissions, and these operations, with the calls."""
    found: dict[str, set[str]] = {service: set() for service in SERVICES}
    statements = (each for function in policies.NEEDS for each in policies.policy("dev", function)["Statement"])
    for action in (action for statement in statements for action in statement["Action"]):
        service, operation = action.split(":")
        service = _OF_MODELS.get(service, service)
        if service in found:
            found[service].update(_OTHER_OPERATIONS.get(action, [operation]))
    return found


def drop_others(data: Path) -> None:
    """Delete the services of botocore's directory `data` that no function asks for."""
    for entry in data.iterdir():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)


def cut_ours(data: Path) -> None:
    """Cut those that are left."""
    for service, names in operations().items():
        *old, latest = sorted((data / service).iterdir())
        for version in old:
            shutil.rmtree(version)
        for examples in latest.glob("examples-1.json*"):
            examples.unlink()
        _replace(latest / f"{_MODEL}.gz", cut(_read(latest / f"{_MODEL}.gz"), names))
    _replace(data / _ENDPOINTS, cut_endpoints(_read(data / _ENDPOINTS)))


def cut(model: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the model with these operations, the shapes that they reach, and without documentation."""
    operations = {name: model["operations"][name] for name in sorted(names)}
    shapes: dict[str, Any] = {}
    waiting = list(_names_of_shapes(operations))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting.extend(_names_of_shapes(shapes[name]))
    kept = {name: shapes[name] for name in model["shapes"] if name in shapes}
    return {**model, "operations": _without_documentation(operations), "shapes": _without_documentation(kept)}


def cut_endpoints(endpoints: dict[str, Any]) -> dict[str, Any]:
    """Return all partitions and regions, with the endpoints of our services only."""
    names = {_ENDPOINT_NAMES.get(service, service) for service in SERVICES}
    partitions = [
        {**partition, "services": {name: given for name, given in partition["services"].items() if name in names}}
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _names_of_shapes(part: Any) -> Iterator[str]:
    """A shape is referred to as {"shape": name}; a member may have that name, too, and is then an object."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from _names_of_shapes(value)
    elif isinstance(part, list):
        for value in part:
            yield from _names_of_shapes(value)


def _without_documentation(part: Any) -> Any:
    """A member that is called documentation is an object, and stays."""
    if isinstance(part, dict):
        return {
            key: _without_documentation(value)
            for key, value in part.items()
            if not (key == "documentation" and isinstance(value, str))
        }
    return [_without_documentation(value) for value in part] if isinstance(part, list) else part


def _read(file: Path) -> dict[str, Any]:
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    found: dict[str, Any] = json.loads(text)
    return found


def _replace(file: Path, content: dict[str, Any]) -> None:
    """Write it uncompressed: the package is compressed already."""
    file.unlink()
    file.with_name(file.name.removesuffix(".gz")).write_text(json.dumps(content, separators=(",", ":")), "utf-8")
