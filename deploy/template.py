"""What does the packaged stack look like, beside what Chalice writes?

`resources.yaml` and `deploy/stack.yaml` become one file for `chalice package --merge-template`. The stage's name is
written out in it: CloudFormation takes over tables that are there already only under names that are literal.
"""

import json
from pathlib import Path
from typing import Any

from chalice.package import TemplateDeepMerger, YAMLTemplateSerializer

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ROOT / "resources.yaml"
STACK = Path(__file__).with_name("stack.yaml")
_ARN = "arn:aws:"
_ANYWHERE = ":*:*:"


def read(file: Path) -> dict[str, Any]:
    """Short forms such as !Ref come in their long form."""
    loaded: dict[str, Any] = YAMLTemplateSerializer().load_template(file.read_text("utf-8"), str(file))
    return loaded


def to_merge(stage: str) -> dict[str, Any]:
    """What Chalice shall merge into the template of `stage`."""
    merged = TemplateDeepMerger().merge(read(STACK), read(RESOURCES))
    del merged["Parameters"]["Stage"]
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
    del merged["Conditions"]["IsProd"]
    written: dict[str, Any] = _write_out(merged, stage)
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
    """Roles of this account and region only, where the policy files have stars."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for entry in resource["Properties"].get("Policies", ()):
                for statement in entry["PolicyDocument"]["Statement"]:
                    statement["Resource"] = _here(statement["Resource"])
    return template


def _here(arn: str) -> Any:
    if not arn.startswith(_ARN) or _ANYWHERE not in arn:
        return arn
    service, rest = arn.removeprefix(_ARN).split(_ANYWHERE, 1)
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"}


def dump(template: dict[str, Any]) -> str:
    return json.dumps(template, indent=1)
