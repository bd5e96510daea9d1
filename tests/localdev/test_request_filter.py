"""The emulator refuses web pages, other hosts and services that nobody needs, and serves what `chalice local` uses."""

import asyncio
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from localdev.request_filter import Message, RequestFilter, is_for_local_server

PORT = 4566
HOST = f"127.0.0.1:{PORT}"
DYNAMODB = {"host": HOST, "x-amz-target": "DynamoDB_20120810.ListTables"}
SQS = {"host": HOST, "x-amz-target": "AmazonSQS.ListQueues"}
LAMBDA_PATH = "/2015-03-31/functions"


def scope_for(service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=local/20261127/us-east-1/{service}/aws4_request, Signature=0"


def status(method: str, path: str, headers: dict[str, str], *, query: str = "", kind: str = "http") -> int:
    """Send a request through the filter to an application that responds with 200."""
    sent: list[Message] = []

    async def application(_scope: Message, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "method": method, "path": path, "query_string": query.encode(), "headers": raw}
    asyncio.run(RequestFilter(application, PORT, is_for_local_server)(scope, receive, send))
    return int(sent[0].get("status") or sent[0]["code"])


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/", DYNAMODB),
        ("POST", "/", SQS),
        ("POST", "/", {**SQS, "host": f"localhost:{PORT}"}),
        ("POST", "/", {**SQS, "host": f"[::1]:{PORT}"}),
        ("POST", "/", {"host": HOST, "authorization": scope_for("sns")}),
        ("POST", "/v2/email/outbound-emails", {"host": HOST, "authorization": scope_for("ses")}),
        ("GET", "/_ministack/health", {"host": HOST}),
    ],
)
def test_requests_of_the_local_server_pass(method: str, path: str, headers: dict[str, str]) -> None:
    assert status(method, path, headers) == 200


@pytest.mark.no_database
@pytest.mark.parametrize("request_headers", [DYNAMODB, SQS])
@pytest.mark.parametrize(
    "more",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"http://{HOST}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
        {"host": "evil.example"},
        {"host": f"evil.example:{PORT}"},
        {"host": f"127.0.0.1.evil.example:{PORT}"},
        {"host": f"127.0.0.1:{PORT + 1}"},
        {"host": "127.0.0.1"},
        {"host": f"{HOST}, {HOST}"},
        {"host": ""},
    ],
)
def test_browsers_and_other_hosts_are_refused(request_headers: dict[str, str], more: dict[str, str]) -> None:
    assert status("POST", "/", {**request_headers, **more}) == 403


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("method", "path", "headers", "query"),
    [
        ("POST", LAMBDA_PATH, {"host": HOST}, ""),
        ("POST", LAMBDA_PATH, DYNAMODB, ""),
        ("POST", f"{LAMBDA_PATH}/evil/invocations", {"host": HOST, "authorization": scope_for("lambda")}, ""),
        ("POST", "/_aws/lambda-url/evil/", SQS, ""),
        ("POST", "/", {"host": HOST, "x-amz-target": "AWSEvents.PutRule"}, ""),
        ("POST", "/", {"host": HOST, "x-amz-target": "AWSEvents.PutRule", "authorization": scope_for("sns")}, ""),
        ("POST", "/", {"host": HOST, "authorization": scope_for("iam")}, ""),
        ("POST", "/", {"host": HOST}, ""),
        ("POST", "/", DYNAMODB, "Action=CreateFunction"),
        ("GET", "/", {"host": HOST}, "Action=CreateQueue&QueueName=x"),
        ("PUT", "/bucket", {"host": HOST}, ""),
        ("OPTIONS", "/", DYNAMODB, ""),
        ("POST", "/_ministack/reset", {"host": HOST}, ""),
        ("POST", "/_ministack/config", {"host": HOST}, ""),
        ("POST", "/v2/email/identities", {"host": HOST, "authorization": scope_for("ses")}, ""),
    ],
)
def test_services_that_nobody_needs_are_refused(method: str, path: str, headers: dict[str, str], query: str) -> None:
    assert status(method, path, headers, query=query) == 403


@pytest.mark.no_database
def test_web_sockets_are_refused() -> None:
    assert status("GET", "/", {"host": HOST}, kind="websocket") == 1008


@pytest.fixture
def aws(ministack_url: str) -> Any:
    def client(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # each service has an overload of its own
            service,
            endpoint_url=ministack_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    return client


@pytest.mark.no_database
def test_aws_clients_reach_the_services_that_the_local_server_uses(aws: Any) -> None:
    assert "crm-test-customers" in aws("dynamodb").list_tables()["TableNames"]
    queue = aws("sqs").create_queue(QueueName="filter-test")["QueueUrl"]
    aws("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    assert aws("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"
    aws("sqs").delete_queue(QueueUrl=queue)
    topic = aws("sns").create_topic(Name="filter-test")["TopicArn"]
    assert aws("sns").publish(TopicArn=topic, Message="hello")["MessageId"]
    aws("sns").delete_topic(TopicArn=topic)


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("lambda", "list_functions"),
        ("s3", "list_buckets"),
        ("events", "list_rules"),
        ("secretsmanager", "list_secrets"),
    ],
)
def test_aws_clients_are_refused_by_all_other_services(aws: Any, service: str, operation: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(aws(service), operation)()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.no_database
def test_running_code_through_lambda_is_refused(ministack_url: str) -> None:
    function = {"FunctionName": "evil", "Runtime": "python3.11", "Handler": "m.h", "Role": "r", "Code": {"ZipFile": ""}}
    for headers in ({"Content-Type": "text/plain", "Origin": "http://evil.example"}, {"Content-Type": "text/plain"}):
        response = requests.post(f"{ministack_url}{LAMBDA_PATH}", json=function, headers=headers, timeout=10)
        assert response.status_code == 403
        assert "Access-Control-Allow-Origin" not in response.headers
