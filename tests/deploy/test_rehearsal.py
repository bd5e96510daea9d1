"""Does the packaged stack work when it is deployed, and would the rehearsal notice if something was missing?

Takes minutes, so it runs only when REHEARSE is set: `make rehearse` (the rehearsal), `make rehearse-faults` (all of it).
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deploy.building import copy_of_checkout

pytestmark = [
    pytest.mark.no_database,
    pytest.mark.skipif(not os.environ.get("REHEARSE"), reason="takes minutes: make rehearse, make rehearse-faults"),
]


def rehearse(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.rehearsal", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=900)


def without(file: str, text: str, instead: str = "") -> Callable[[Path], None]:
    def change(checkout: Path) -> None:
        path = checkout / file
        before = path.read_text("utf-8")
        assert text in before
        path.write_text(before.replace(text, instead), "utf-8")

    return change


def forbidden(function: str, action: str) -> Callable[[Path], None]:
    def change(checkout: Path) -> None:
        path = checkout / f".chalice/policy-prod-{function}.json"
        policy = json.loads(path.read_text("utf-8"))
        before = json.dumps(policy)
        for statement in policy["Statement"]:
            statement["Action"] = [name for name in statement["Action"] if name != action]
        policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
        assert json.dumps(policy) != before
        path.write_text(json.dumps(policy), "utf-8")

    return change


def nothing_of_its_stage(checkout: Path) -> None:
    without("deploy/template.py", '"Environment": {"Variables": {"CRM_STAGE": stage}},')(checkout)
    without(".chalice/config.json", '"CRM_STAGE": "prod"')(checkout)


FAULTS: dict[str, Callable[[Path], None]] = {
    "a permission of the consumer": forbidden("work", "dynamodb:Query"),
    "a permission of the consumer of SES's reports": forbidden("email_events", "dynamodb:PutItem"),
    "a permission of the heartbeat": forbidden("heartbeat", "sns:Publish"),
    "a permission of the API": forbidden("api_handler", "sqs:ReceiveMessage"),
    "the address that the heartbeat asks": without(
        "deploy/address.py", '"Variables": {"CRM_API_URL": found}', '"Variables": {}'
    ),
    "the topic": without("deploy/stack.yaml", "CRM_TOPIC_ARN: !Ref Topic"),
    "the name of the stage": nothing_of_its_stage,
    "the region of the functions": without(
        "chalicelib/settings.py", 'values.setdefault("region", environment["AWS_REGION"])', "pass"
    ),
    "the API's one stage": without("deploy/stack.yaml", 'OpenApiVersion: "2.0"'),
    "the address for alarms at the second deployment": without(
        "deploy/commands.py", "keep=frozenset(known)", "keep=frozenset()"
    ),
    "the limit of metrics of an alarm": without("deploy/alarms.py", "MAX_METRICS = 10", "MAX_METRICS = 100"),
    "one index of a table in an update": without("deploy/table_changes.py", "if most <= 1 and not differs", "if True"),
    "taking over what exists": without("deploy/stack.py", "            ImportExistingResources=True,\n"),
    "a requirement": without("requirements.txt", "cronsim==2.8"),
    "a service's model": without("deploy/package.py", '"sns", '),
}


def test_the_packaged_stack_works_from_the_first_deployment_to_the_last_deletion() -> None:
    done = rehearse(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All of it works" in done.stdout


def test_a_stage_can_be_deployed_with_chalice_from_any_machine() -> None:
    done = rehearse(ROOT, "chalice")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All of it works" in done.stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rehearsal_without_it_fails(fault: str, tmp_path: Path) -> None:
    checkout = copy_of_checkout(tmp_path / "checkout", "deploy")
    for name in ("resources.yaml", "pyproject.toml"):
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    FAULTS[fault](checkout)
    done = rehearse(checkout)
    assert done.returncode == 1, done.stdout + done.stderr
    failed = [line for line in done.stdout.splitlines() if "FAILED" in line]
    assert failed, done.stdout + done.stderr
    print(fault, failed[0])
