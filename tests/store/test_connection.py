"""The parser of DynamoDB's responses returns the same as botocore's."""

from binascii import crc32
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from pynamodb.attributes import BinaryAttribute, BinarySetAttribute

from chalicelib.store import connection, tables
from tests.builders import a_customer, a_product

pytestmark = pytest.mark.moto

NAME = tables.AuxRow.Meta.table_name
ROW = {"pk": {"S": "a"}, "sk": {"S": "b"}, "cents": {"N": "-12"}, "content": {"S": "{}"}}
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
GONE = {"pk": {"S": "gone"}, "sk": {"S": "b"}}
OF_A = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "a"}}}
ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("put_item", {"TableName": NAME, "Item": ROW, "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "INDEXES"}),
    ("put_item", {"TableName": NAME, "Item": ROW, **ABSENT}),
    ("get_item", {"TableName": NAME, "Key": KEY, "ConsistentRead": True}),
    ("get_item", {"TableName": NAME, "Key": GONE}),
    ("batch_get_item", {"RequestItems": {NAME: {"Keys": [KEY, GONE]}}}),
    ("query", {"TableName": NAME, "Limit": 1, **OF_A}),
    ("query", {"TableName": NAME, "Select": "COUNT", **OF_A}),
    ("scan", {"TableName": NAME}),
    (
        "update_item",
        {
            "TableName": NAME,
            "Key": KEY,
            "UpdateExpression": "ADD cents :n",
            "ExpressionAttributeValues": {":n": {"N": "1"}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    ("batch_write_item", {"RequestItems": {NAME: [{"PutRequest": {"Item": ROW}}]}}),
    ("transact_write_items", {"TransactItems": [{"Put": {"TableName": NAME, "Item": ROW}}]}),
    ("transact_write_items", {"TransactItems": [{"Put": {"TableName": NAME, "Item": ROW, **ABSENT}}]}),
    ("delete_item", {"TableName": NAME, "Key": KEY, "ReturnValues": "ALL_OLD"}),
    ("get_item", {"TableName": "no-such-table", "Key": KEY}),
]


def _answer(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client, operation)(**request)
    except ClientError as error:
        answer = dict(error.response)
    about = answer.pop("ResponseMetadata")
    # What differs from answer to answer is left out: the request's id, the moment, checksums.
    return {**answer, "status": about["HTTPStatusCode"], "headers": sorted(about["HTTPHeaders"]), "keys": sorted(about)}


def test_responses_are_the_same_as_botocore_parses_them() -> None:
    connection.client().put_item(TableName=NAME, Item=ROW)
    theirs = botocore.session.get_session().create_client(
        "dynamodb",
        region_name=connection.connection.region,
        endpoint_url=connection.connection.host,
        config=Config(parameter_validation=False),
    )
    for operation, request in REQUESTS:
        before = connection.client().scan(TableName=NAME)["Items"]
        expected = _answer(theirs, operation, request)
        _restore(before)
        assert _answer(connection.client(), operation, request) == expected, operation


def _restore(rows: list[Any]) -> None:
    connection.client().delete_item(TableName=NAME, Key=KEY)
    for row in rows:
        connection.client().put_item(TableName=NAME, Item=row)


def test_responses_without_rows_are_parsed_by_botocore() -> None:
    described = connection.client().describe_table(TableName=NAME)["Table"]
    assert isinstance(described["CreationDateTime"], datetime)


def test_the_request_id_is_kept() -> None:
    assert connection.client().get_item(TableName=NAME, Key=KEY)["ResponseMetadata"]["RequestId"]


def test_no_table_has_a_binary_attribute() -> None:
    """They alone come out otherwise: as the text of base64."""
    kinds = {type(attribute) for table in connection.TABLES for attribute in table.get_attributes().values()}
    assert not {BinaryAttribute, BinarySetAttribute} & kinds


@pytest.mark.parametrize("make", [a_customer, a_product], ids=["customer", "product"])
def test_models_read_the_same_rows(make: Callable[[], Any]) -> None:
    made = make()
    table = tables.Customer if make is a_customer else tables.Product
    assert table.get(made.id).name == made.name


@dataclass
class _Raw:
    body: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.body


@pytest.mark.ministack
@pytest.mark.parametrize("damaged", [b"", b'{"Item": {"pk": {"S": "a'])
def test_a_damaged_response_is_requested_again(damaged: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB sends a checksum."""
    connection.client().put_item(TableName=NAME, Item=ROW)
    bodies = [damaged]
    endpoint = connection.client()._endpoint
    send = endpoint._send

    def sent(request: Any) -> Any:
        answer = send(request)
        answer.headers["x-amz-crc32"] = str(crc32(answer.content))
        body = bodies.pop() if bodies else answer.content
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Raw(body))

    monkeypatch.setattr(endpoint, "_send", sent)
    assert connection.client().get_item(TableName=NAME, Key=KEY)["Item"] == ROW
    assert not bodies
