"""Can clients do with the cut models all that the functions do, in each region?"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, Shape
from botocore.regions import EndpointResolver

from deploy import service_models
from tests.deploy.building import REGIONS

pytestmark = pytest.mark.no_database
DATA = Path(botocore.__file__).parent / "data"
OPERATIONS = [(service, name) for service, names in service_models.operations().items() for name in sorted(names)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Botocore's models of our services and one more, cut as in the package."""
    place = tmp_path_factory.mktemp("botocore") / "data"
    place.mkdir()
    for entry in DATA.iterdir():
        if entry.is_file():
            shutil.copy(entry, place)
        elif entry.name in {*service_models.SERVICES, "sts"}:
            shutil.copytree(entry, place / entry.name)
    service_models.drop_others(place)
    service_models.cut_ours(place)
    return place


@pytest.fixture(scope="module")
def cut(data: Path) -> botocore.session.Session:
    session = botocore.session.Session()
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session


@pytest.fixture(scope="module")
def whole() -> botocore.session.Session:
    return botocore.session.Session()


def test_only_what_functions_call_is_left(data: Path, cut: botocore.session.Session) -> None:
    assert {entry.name for entry in data.iterdir() if entry.is_dir()} == {*service_models.SERVICES}
    for service, names in service_models.operations().items():
        assert names
        assert set(cut.get_service_model(service).operation_names) == names
    size = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    assert size < 250_000, "botocore would read more than a megabyte to create a client"


def test_actions_in_transactions_are_one_operation() -> None:
    names = service_models.operations()["dynamodb"]
    assert "TransactWriteItems" in names
    assert "ConditionCheckItem" not in names


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_an_operation_is_as_in_the_whole_model(
    cut: botocore.session.Session, whole: botocore.session.Session, service: str, name: str
) -> None:
    ours, theirs = (each.get_service_model(service).operation_model(name) for each in (cut, whole))
    assert list(described(ours)) == list(described(theirs))


def described(operation: OperationModel) -> Iterator[object]:
    """Everything in the model of an operation that decides about requests and answers."""
    yield from (operation.http, operation.endpoint, operation.auth_type, operation.idempotent_members)
    yield from (operation.endpoint_discovery, operation.has_event_stream_input, operation.http_checksum)
    seen: set[str] = set()
    for shape in (operation.input_shape, operation.output_shape, *operation.error_shapes):
        if shape is not None:
            yield from shapes(shape, seen)


def shapes(shape: Shape, seen: set[str]) -> Iterator[object]:
    if shape.name in seen:
        return
    seen.add(shape.name)
    inner: dict[str, Shape] = dict(getattr(shape, "members", {}))
    inner |= {part: getattr(shape, part) for part in ("member", "key", "value") if hasattr(shape, part)}
    yield shape.name, shape.type_name, shape.metadata, shape.serialization, [*inner], getattr(shape, "enum", None)
    for each in inner.values():
        yield from shapes(each, seen)


def test_documentation_is_dropped_but_no_member_of_that_name() -> None:
    text = {"documentation": "<p>What it is.</p>"}
    model = {
        "version": "2.0",
        "operations": {"Ask": {"input": {"shape": "Asked", **text}, **text}, "Other": {"input": {"shape": "Unused"}}},
        "shapes": {
            "Asked": {
                "type": "structure",
                "members": {"documentation": {"shape": "Text", **text}, "shape": {"shape": "Text"}},
            },
            "Text": {"type": "string", **text},
            "Unused": {"type": "string"},
        },
    }
    assert service_models.cut(model, ["Ask"]) == {
        "version": "2.0",
        "operations": {"Ask": {"input": {"shape": "Asked"}}},
        "shapes": {
            "Asked": {"type": "structure", "members": {"documentation": {"shape": "Text"}, "shape": {"shape": "Text"}}},
            "Text": {"type": "string"},
        },
    }


def test_each_region_of_each_partition_has_the_same_endpoints(data: Path) -> None:
    ours, theirs = (json.loads((place / "endpoints.json").read_text("utf-8")) for place in (data, DATA))
    resolver, whole = EndpointResolver(ours), EndpointResolver(theirs)
    regions = [region for partition in theirs["partitions"] for region in partition["regions"]]
    assert {*REGIONS} <= {*regions}
    for region in regions:
        assert resolver.get_partition_for_region(region) == whole.get_partition_for_region(region)
        for name in ("dynamodb", "sqs", "sns", "email"):
            assert resolver.construct_endpoint(name, region) == whole.construct_endpoint(name, region)


@pytest.mark.parametrize("region", REGIONS)
def test_clients_have_the_same_endpoint(
    cut: botocore.session.Session, whole: botocore.session.Session, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for service in service_models.SERVICES:
        ours, theirs = (client(session, service, region) for session in (cut, whole))
        assert ours.meta.endpoint_url == theirs.meta.endpoint_url
        assert ours.meta.partition == theirs.meta.partition


def client(session: botocore.session.Session, service: str, region: str) -> Any:
    return session.create_client(
        service,
        region_name=region,
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
