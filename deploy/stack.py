"""A CloudFormation stack: deployed through change sets, whatever state it is in, with its events printed meanwhile."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from deploy import stack_states
from deploy.stack_states import DeployError

Say = Callable[[str], None]
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
TABLE = "AWS::DynamoDB::Table"
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_POLL = 2.0
_SECONDS = 1800


class Stack:
    def __init__(self, name: str, say: Say, poll: float = _POLL, role_arn: str | None = None) -> None:
        self.name = name
        self._cloudformation: Any = boto3.client("cloudformation")
        self._say = say
        self._poll = poll
        self._role = {"RoleARN": role_arn} if role_arn else {}
        self._seen: set[str] = set()

    def describe(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def exists(self) -> bool:
        found = self.describe()
        return found is not None and found["StackStatus"] != "REVIEW_IN_PROGRESS"

    def outputs(self) -> dict[str, str]:
        found = self.describe() or {}
        return {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", ())}

    def parameters(self) -> dict[str, str]:
        found = self.describe() or {}
        return {entry["ParameterKey"]: entry["ParameterValue"] for entry in found.get("Parameters", ())}

    def template(self) -> dict[str, Any]:
        """Return the template as it was sent, before SAM's transform. It must have been JSON."""
        body: dict[str, Any] = self._cloudformation.get_template(StackName=self.name, TemplateStage="Original")
        content = body["TemplateBody"]
        return stack_states.parse_template(content)

    def make_ready(self) -> bool:
        """Bring the stack to a state that can be deployed to. Return whether it has to be created. Raises DeployError."""
        found = self.describe()
        match stack_states.next_step(self.name, found["StackStatus"] if found else None):
            case "create":
                return True
            case "delete":
                self._say(f"{self.name} is {found and found['StackStatus']}: deleting what is left of it")
                self.delete()
                return True
            case "continue rollback":
                self._say(f"{self.name} is {found and found['StackStatus']}: rolling it back first")
                started = datetime.now(UTC)
                self._cloudformation.continue_update_rollback(StackName=self.name, **self._role)
                self._follow(started, {"UPDATE_ROLLBACK_COMPLETE"})
            case "roll back":
                started = datetime.now(UTC)
                self._cloudformation.rollback_stack(StackName=self.name, **self._role)
                self._follow(started, {"UPDATE_ROLLBACK_COMPLETE"})
        return False

    def deploy(
        self,
        source: Mapping[str, str],
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        *,
        keep: frozenset[str] = frozenset(),
    ) -> bool:
        """Return whether there was something to change. Raises DeployError.

        Parameters in `keep` that are not given keep the value that the stack has. Tables that are there already, under the names
        of the template, become part of the stack.
        """
        creating = self.make_ready()
        kept = () if creating else sorted((keep & self.parameters().keys()) - parameters.keys())
        wanted = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        wanted += [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]  # type: ignore[dict-item]
        started = datetime.now(UTC)
        change_set = self._change_set(source, wanted, tags, creating=creating)
        if change_set is None:
            return False
        self._cloudformation.execute_change_set(ChangeSetName=change_set)
        self._follow(started, {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
        return True

    def _change_set(
        self, source: Mapping[str, str], parameters: list[dict[str, str]], tags: Mapping[str, str], *, creating: bool
    ) -> str | None:
        change_set: str = self._cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"release-{datetime.now(UTC):%Y%m%d%H%M%S%f}",
            ChangeSetType="CREATE" if creating else "UPDATE",
            Parameters=parameters,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=list(CAPABILITIES),
            ImportExistingResources=True,
            **source,
            **self._role,
        )["Id"]
        waiter = self._cloudformation.get_waiter("change_set_create_complete")
        try:
            waiter.wait(ChangeSetName=change_set, WaiterConfig={"Delay": max(1, round(self._poll)), "MaxAttempts": 300})
        except WaiterError as error:
            reason = self._cloudformation.describe_change_set(ChangeSetName=change_set).get("StatusReason") or str(
                error
            )
            self._cloudformation.delete_change_set(ChangeSetName=change_set)
            if any(text in reason for text in _NOTHING):
                return None
            raise DeployError(f"CloudFormation refuses the template: {reason}") from error
        return change_set

    def delete(self) -> None:
        """Delete the stack. Tables that cannot be deleted stay, outside of it. Raises DeployError."""
        found = self.describe()
        if found is None:
            return
        started, done = datetime.now(UTC), {"DELETE_COMPLETE"}
        self._cloudformation.delete_stack(StackName=self.name, **self._role)
        status, failures = self._wait(started, found["StackId"])
        if status == "DELETE_FAILED" and (tables := self._undeleted_tables(found["StackId"])):
            self._say(f"Keeping {', '.join(tables)}, which cannot be deleted")
            self._cloudformation.delete_stack(StackName=self.name, RetainResources=tables, **self._role)
            status, failures = self._wait(datetime.now(UTC), found["StackId"])
        self._check(status, failures, done)

    def _undeleted_tables(self, stack: str) -> list[str]:
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        rows = [row for page in pages for row in page["StackResourceSummaries"]]
        failed = [row for row in rows if row["ResourceStatus"] == "DELETE_FAILED"]
        return [row["LogicalResourceId"] for row in failed if row["ResourceType"] == TABLE]

    def _follow(self, since: datetime, good: set[str]) -> None:
        """Print events until the stack has come to rest. Raises DeployError."""
        status, failures = self._wait(since, self.name)
        self._check(status, failures, good)

    def _check(self, status: str, failures: list[str], good: set[str]) -> None:
        if status not in good:
            raise DeployError("\n".join([f"{self.name} is {status}", *failures]))

    def _wait(self, since: datetime, stack: str) -> tuple[str, list[str]]:
        """Print events until the stack has come to rest. Return its status, and the events that failed."""
        failures: list[str] = []
        deadline = time.monotonic() + _SECONDS
        while True:
            found = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            failures += self._print_events(stack, since)
            status: str = found["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                return status, failures
            if time.monotonic() > deadline:
                raise DeployError(f"{self.name} is still {status} after {_SECONDS // 60} minutes")
            time.sleep(self._poll)

    def _print_events(self, stack: str, since: datetime) -> list[str]:
        """Print the new events. Return those that failed."""
        failures = []
        for event in reversed(self._cloudformation.describe_stack_events(StackName=stack)["StackEvents"]):
            if event["EventId"] in self._seen or event["Timestamp"] < since.replace(microsecond=0):
                continue
            self._seen.add(event["EventId"])
            reason = event.get("ResourceStatusReason", "")
            line = f"{event['LogicalResourceId']} ({event['ResourceType']}) {event['ResourceStatus']} {reason}".rstrip()
            self._say(f"{event['Timestamp']:%H:%M:%S}  {line}")
            if event["ResourceStatus"].endswith("_FAILED"):
                failures.append(line)
        return failures
