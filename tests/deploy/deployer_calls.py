"""Which permissions do the commands of the deployer use? Each command runs against moto and obedient fakes, which note its calls."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import WaiterError
from botocore.loaders import Loader

from deploy import template
from tests.deploy.fake_aws import FakeLambda, client_error
from tests.deploy.fake_tables import FakeTables, Table

ACCOUNT, REGION, STAGE = "123456789012", "eu-central-1", "prod"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudformation-crm-{STAGE}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:crm-{STAGE}-alerts"
SERVICES = ("apigateway", "cloudformation", "dynamodb", "lambda", "s3", "sns")
ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "apigateway:GetAccount": "apigateway:GET",
}
"""Where IAM has another word than the API."""
Use = tuple[str, str]
"""(action, ARN), such as ("s3:PutObject", "arn:aws:s3:::bucket/key")."""


@cache
def operations(service: str) -> dict[str, str]:
    """Return the API's names of operations by boto3's."""
    model = Loader().load_service_model(service, "service-2")
    return {xform_name(name): name for name in model["operations"]}


@dataclass
class Recorder:
    """Stands in for boto3.client. `real` makes the clients that have no fake."""

    real: Callable[..., Any]
    fakes: dict[str, Any]
    uses: set[Use] = field(default_factory=set)

    def client(self, service: str) -> Any:
        if service in self.fakes:
            return _Noting(service, self.fakes[service], self.note)
        made = self.real(service)
        made.meta.events.register(
            "before-parameter-build", lambda params, model, **_rest: self.note(service, model.name, params)
        )
        if service == "s3":  # with a policy moto refuses everything, whatever the policy's condition
            made.put_bucket_policy = lambda **params: self.note(service, "PutBucketPolicy", params)
        return made

    def note(self, service: str, operation: str, params: dict[str, Any]) -> None:
        if service == "sts":
            return  # everybody may ask who they are
        name = f"{service}:{operation}"
        self.uses.add((ACTIONS.get(name, name), _arn(service, params)))
        if service == "s3":
            assert operation == "CreateBucket" or params.get("ExpectedBucketOwner") == ACCOUNT, (operation, params)
        if params.get("RoleARN"):
            self.uses.add(("iam:PassRole", params["RoleARN"]))
        if operation == "CreateChangeSet":
            self.uses.add((name, f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"))


def _arn(service: str, params: dict[str, Any]) -> str:
    place = f"arn:aws:{service}:{REGION}:{ACCOUNT}:"
    match service:
        case "s3":
            return f"arn:aws:s3:::{params['Bucket']}" + (f"/{params['Key']}" if "Key" in params else "")
        case "dynamodb":
            table = params.get("TableName") or params.get("SourceTableName")
            return str(params.get("ResourceArn") or (f"{place}table/{table}" if table else "*"))
        case "lambda":
            return f"{place}function:{params['FunctionName']}" if "FunctionName" in params else "*"
        case "apigateway":
            return f"arn:aws:apigateway:{REGION}::/account"
        case "sns":
            return str(params["TopicArn"])
        case _:
            stack = str(params.get("StackName") or params["ChangeSetName"])
            return stack if stack.startswith("arn:") else f"{place}stack/{stack}/1"


class _Noting:
    """A fake whose calls are noted by the API's names."""

    def __init__(self, service: str, fake: Any, note: Callable[[str, str, dict[str, Any]], None]) -> None:
        self._service, self._fake, self._note = service, fake, note

    @property
    def meta(self) -> Any:
        return self._fake.meta

    def __getattr__(self, name: str) -> Any:
        def call(**params: Any) -> Any:
            self._note(self._service, operations(self._service)[name], params)
            return getattr(self._fake, name)(**params)

        return call

    def get_paginator(self, name: str) -> Any:
        return _Pages(getattr(self, name))

    def get_waiter(self, name: str) -> Any:
        waiters = Loader().load_service_model(self._service, "waiters-2")["waiters"]
        called = xform_name({xform_name(key): waiter for key, waiter in waiters.items()}[name]["operation"])
        return _Waiter(getattr(self, called))


@dataclass
class _Pages:
    call: Callable[..., Any]

    def paginate(self, **params: Any) -> Iterator[Any]:
        yield self.call(**params)


@dataclass
class _Waiter:
    call: Callable[..., Any]

    def wait(self, WaiterConfig: Any = None, **params: Any) -> None:  # noqa: N803 - AWS's name
        assert WaiterConfig
        answer = self.call(**params)
        if answer.get("StatusReason"):
            raise WaiterError("change_set_create_complete", "failed", answer)


@dataclass
class Cloud:
    """CloudFormation, where everything succeeds until there is a `refusal`, and `deletions` are the states after each deletion."""

    states: dict[str, str] = field(default_factory=dict)
    templates: dict[str, Any] = field(default_factory=dict)
    deletions: list[str] = field(default_factory=list)
    refusal: str = ""
    release: str = "1"

    @staticmethod
    def _name(arn: str) -> str:
        return arn.split("/")[1] if arn.startswith("arn:") else arn

    @staticmethod
    def _id(name: str) -> str:
        return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        name = self._name(StackName)
        if name not in self.states:
            raise client_error("ValidationError", f"Stack with id {name} does not exist")
        outputs = {"GraphQL": "https://x/graphql", "TopicArn": TOPIC, "Release": self.release}
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"StackStatus": self.states[name], "StackId": self._id(name), "Outputs": listed}]}

    def describe_stack_events(self, **_params: Any) -> Any:
        return {"StackEvents": []}

    def get_template(self, *, StackName: str, TemplateStage: str) -> Any:  # noqa: N803
        assert TemplateStage == "Original"
        return {"TemplateBody": self.templates[self._name(StackName)]}

    def create_change_set(self, *, StackName: str, **_params: Any) -> Any:  # noqa: N803
        return {"Id": self._id(StackName)}  # only the name of the stack counts here

    def describe_change_set(self, **_params: Any) -> Any:
        return {"StatusReason": self.refusal}

    def delete_change_set(self, **_params: Any) -> None: ...

    def execute_change_set(self, *, ChangeSetName: str) -> None:  # noqa: N803
        self.states[self._name(ChangeSetName)] = "UPDATE_COMPLETE"

    def delete_stack(self, *, StackName: str, **_params: Any) -> None:  # noqa: N803
        self.states[self._name(StackName)] = self.deletions.pop(0)

    def list_stack_resources(self, **_params: Any) -> Any:
        row = {"LogicalResourceId": "OrdersTable", "ResourceType": "AWS::DynamoDB::Table"}
        return {"StackResourceSummaries": [row | {"ResourceStatus": "DELETE_FAILED"}]}

    def continue_update_rollback(self, *, StackName: str, **_params: Any) -> None:  # noqa: N803
        self.states[self._name(StackName)] = "UPDATE_ROLLBACK_COMPLETE"

    rollback_stack = continue_update_rollback


class Gateway:
    """API Gateway in an account that has never logged."""

    def get_account(self) -> Any:
        return {}


class Topics:
    """SNS without subscriptions."""

    def list_subscriptions_by_topic(self, **_params: Any) -> Any:
        return {"Subscriptions": []}


class Functions(FakeLambda):
    """Lambda with the consumer of a stage."""

    def put_function_recursion_config(self, **params: Any) -> None:
        assert params["RecursiveLoop"] == "Allow"


def fakes(cloud: Cloud) -> dict[str, Any]:
    functions = Functions(1000, {f"crm-{STAGE}-work": 10})
    return {"cloudformation": cloud, "lambda": functions, "apigateway": Gateway(), "sns": Topics()}


def packaged(directory: Path) -> Path:
    """A package whose template has the stage's tables and a function that reserves concurrency."""
    made = template.resources(STAGE)
    properties = {"FunctionName": f"crm-{STAGE}-work", "ReservedConcurrentExecutions": 10, "CodeUri": "x"}
    made["Resources"]["Work"] = {"Type": "AWS::Serverless::Function", "Properties": properties}
    directory.mkdir()
    (directory / "sam.json").write_text(json.dumps(made), "utf-8")
    (directory / "deployment.zip").write_bytes(b"code")
    return directory


def tables_to_restore() -> FakeTables:
    """The stage's tables in a DynamoDB that has kept what they held."""
    resources = template.resources(STAGE)["Resources"].values()
    properties = [entry["Properties"] for entry in resources if entry["Type"] == "AWS::DynamoDB::Table"]
    keys = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
    return FakeTables(
        {
            each["TableName"]: Table(
                schema={key: each[key] for key in keys if key in each}, tags={"a": "b"}, is_protected=True
            )
            for each in properties
        }
    )


def create_tables(dynamodb: Any) -> None:
    """Tables of an earlier stack, of which one lacks two indexes: DynamoDB needs several updates for them."""
    for entry in template.resources(STAGE)["Resources"].values():
        if entry["Type"] == "AWS::DynamoDB::Table":
            wanted = entry["Properties"]
            indexes = wanted.get("GlobalSecondaryIndexes", [])
            if wanted["TableName"].endswith("-customers"):
                indexes = indexes[:-2]
            schemas = [wanted["KeySchema"], *(index["KeySchema"] for index in indexes)]
            keys = {key["AttributeName"] for schema in schemas for key in schema}
            dynamodb.create_table(
                TableName=wanted["TableName"],
                BillingMode="PAY_PER_REQUEST",
                KeySchema=wanted["KeySchema"],
                AttributeDefinitions=[each for each in wanted["AttributeDefinitions"] if each["AttributeName"] in keys],
                **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
            )
