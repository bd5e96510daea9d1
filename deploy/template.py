"""What does the packaged stack look like, beside what Chalice writes?

`resources.yaml` and `deploy/stack.yaml` become one file for `chalice package --merge-template`. The stage's name is
written out in it: CloudFormation takes over tables that are there already only under names that are literal.
"""

import json
from pathlib import Path
from typing import Any

from chalice.package import TemplateDeepMerger, YAMLTemplateSerializer

from deploy import quota

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ROOT / "resources.yaml"
STACK = Path(__file__).with_name("stack.yaml")
_ARN = "arn:*:"
_ANYWHERE = ":*:*:"
_INVOKED_BY = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPI}/STAGE/*"


def read(file: Path) -> dict[str, Any]:
    """Short forms such as !Ref come in their long form."""
    loaded: dict[str, Any] = YAMLTemplateSerializer().load_template(file.read_text("utf-8"), str(file))
    return loaded


def to_merge(stage: str) -> dict[str, Any]:
    """What Chalice shall merge into the template of `stage`."""
    merged = TemplateDeepMerger().merge(read(STACK), read(RESOURCES))
    for function in (
        "APIHandler",
        "Heartbeat",
        "LowStock",
        "OrderReminders",
        "CustomerCleanup",
        "WeeklyReport",
        "Work",
    ):
        variables = (
            merged["Resources"][function]["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
        )
        variables["CRM_STAGE"] = stage
    return _for_stage(merged, stage)


def resources(stage: str) -> dict[str, Any]:
    """Return resources.yaml as a template of its own, for `chalice deploy`."""
    return _for_stage(read(RESOURCES), stage)


def _for_stage(template: dict[str, Any], stage: str) -> dict[str, Any]:
    del template["Parameters"]["Stage"]
    del template["Conditions"]["IsProd"]
    written: dict[str, Any] = _write_out(template, stage)
    return written


def _write_out(node: Any, stage: str) -> Any:
    """The stage as text, what depends on it decided, and text with nothing left to substitute as plain text."""
    if isinstance(node, dict):
        if node == {"Ref": "Stage"}:
            return stage
        if set(node) == {"Fn::If"} and node["Fn::If"][0] == "IsProd":
            return _write_out(node["Fn::If"][1 if stage == "prod" else 2], stage)
        if set(node) == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
            text = node["Fn::Sub"].replace("${Stage}", stage)
            return {"Fn::Sub": text} if "${" in text else text
        return {key: _write_out(value, stage) for key, value in node.items()}
    if isinstance(node, list):
        return [_write_out(value, stage) for value in node]
    return node


def finish(template: dict[str, Any]) -> dict[str, Any]:
    """Limit roles to this account and region, and the API's permission to its one stage."""
    permission = template["Resources"]["APIHandlerInvokePermission"]["Properties"]
    permission["SourceArn"] = {
        "Fn::Sub": _INVOKED_BY.replace("STAGE", template["Resources"]["RestAPI"]["Properties"]["StageName"])
    }
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for entry in resource["Properties"].get("Policies", ()):
                for statement in entry["PolicyDocument"]["Statement"]:
                    statement["Resource"] = _here(statement["Resource"])
    _wait_for_tables(template)
    quota.make_optional(template)
    return template


def _wait_for_tables(template: dict[str, Any]) -> None:
    """Let functions come after tables and their indexes, so that no code asks for an index that is not there yet."""
    tables = sorted(name for name, entry in template["Resources"].items() if entry["Type"] == "AWS::DynamoDB::Table")
    for entry in template["Resources"].values():
        if entry["Type"] == "AWS::Serverless::Function":
            entry["DependsOn"] = tables


def _here(arn: str) -> Any:
    if not arn.startswith(_ARN) or _ANYWHERE not in arn:
        return arn
    service, rest = arn.removeprefix(_ARN).split(_ANYWHERE, 1)
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"}


def dump(template: dict[str, Any]) -> str:
    return json.dumps(template, indent=1)
