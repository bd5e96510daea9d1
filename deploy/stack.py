"""How does a template become a stack, and what does CloudFormation say meanwhile?"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

Say = Callable[[str], None]
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_POLL = 2.0
_SECONDS = 1800


class DeployError(Exception):
    """The stack is not as it should be; the text says why"""


class Stack:
    def __init__(self, name: str, say: Say, poll: float = _POLL) -> None:
        self.name = name
        self._cloudformation: Any = boto3.client("cloudformation")
        self._say = say
        self._poll = poll
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

    def tags(self) -> dict[str, str]:
        return {entry["Key"]: entry["Value"] for entry in (self.describe() or {}).get("Tags", ())}

    def deploy(
        self, source: Mapping[str, str], parameters: Mapping[str, str], tags: Mapping[str, str], *, adopt: bool = False
    ) -> bool:
        """Whether there was something to change. `adopt` takes over tables that a stack before left. Raises DeployError."""
        found = self.describe()
        if found and found["StackStatus"] in {"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}:
            self.delete()  # of a creation that failed nothing is left to update
        creating = not self.exists()
        started = datetime.now(UTC)
        change_set = self._change_set(source, parameters, tags, creating=creating, adopt=adopt)
        if change_set is None:
            return False
        self._cloudformation.execute_change_set(ChangeSetName=change_set)
        self._follow(started, {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
        return True

    def _change_set(
        self,
        source: Mapping[str, str],
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        *,
        creating: bool,
        adopt: bool,
    ) -> str | None:
        more = {"ImportExistingResources": True} if adopt else {}
        change_set: str = self._cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"release-{datetime.now(UTC):%Y%m%d%H%M%S%f}",
            ChangeSetType="CREATE" if creating else "UPDATE",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=list(CAPABILITIES),
            **source,
            **more,
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
        """Raises DeployError."""
        found = self.describe()
        if found is None:
            return
        started = datetime.now(UTC)
        self._cloudformation.delete_stack(StackName=self.name)
        self._follow(started, {"DELETE_COMPLETE"}, found["StackId"])

    def _follow(self, since: datetime, good: set[str], stack_id: str | None = None) -> None:
        """Print events until the stack has come to rest. Raises DeployError."""
        stack = stack_id or self.name
        failures: list[str] = []
        deadline = time.monotonic() + _SECONDS
        while True:
            found = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            failures += self._tell_events(stack, since)
            status = found["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                break
            if time.monotonic() > deadline:
                raise DeployError(f"{self.name} is still {status} after {_SECONDS // 60} minutes")
            time.sleep(self._poll)
        if status not in good:
            raise DeployError("\n".join([f"{self.name} is {status}", *failures]))

    def _tell_events(self, stack: str, since: datetime) -> list[str]:
        """What failed among the new ones."""
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
