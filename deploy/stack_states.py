"""What can be done with a stack in each state that CloudFormation knows.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
"""

import json
from typing import Any, Literal

Step = Literal["create", "update", "delete", "continue rollback", "roll back"]

STEPS: dict[str | None, Step] = {
    None: "create",
    # A change set waits for its stack to be created: this tool's from an earlier attempt, or a colleague's. Another change set
    # may stand beside it. Deleting the stack would delete theirs.
    "REVIEW_IN_PROGRESS": "create",
    "CREATE_COMPLETE": "update",
    "UPDATE_COMPLETE": "update",
    "UPDATE_ROLLBACK_COMPLETE": "update",
    "IMPORT_COMPLETE": "update",
    "IMPORT_ROLLBACK_COMPLETE": "update",
    # Nothing of a failed creation can be updated. Its tables are kept or empty.
    "CREATE_FAILED": "delete",
    "ROLLBACK_COMPLETE": "delete",
    "ROLLBACK_FAILED": "delete",
    "DELETE_FAILED": "delete",
    "UPDATE_FAILED": "roll back",
    "UPDATE_ROLLBACK_FAILED": "continue rollback",
}


SENTENCES = {
    "IMPORT_ROLLBACK_FAILED": (
        "CloudFormation could not give back what it had taken over. Delete the stack, which keeps the tables (make delete), then"
        " try again."
    )
}
"""What a person has to do in states that no call leads out of."""


class DeployError(Exception):
    """The stack is not as it should be; the text says why"""


def next_step(name: str, status: str | None) -> Step:
    """Return what to do before a deployment. Raises DeployError, which says what a person has to do."""
    if status in STEPS:
        return STEPS[status]
    if status and status.endswith("_IN_PROGRESS"):
        raise DeployError(f"{name} is {status}: somebody else changes it. Wait until that has ended, then try again.")
    if status in SENTENCES:
        raise DeployError(f"{name} is {status}: {SENTENCES[status]}")
    raise DeployError(
        f"{name} is {status}, which this tool cannot repair. Open the stack's events in the CloudFormation console, fix what"
        " failed there, and try again."
    )


def parse_template(content: str | dict[str, Any]) -> dict[str, Any]:
    """Return a template as a dict. botocore has parsed it already if it is JSON."""
    parsed: dict[str, Any] = json.loads(content) if isinstance(content, str) else dict(content)
    return parsed
