"""How SES is made to report bounces and complaints: a configuration set, under which a stage sends, publishes them to a topic.

Only a stage with a sender in config.json has it. Not every region has SES, and CloudFormation refuses a template that names a type of
resource which the region does not know, even under a condition.
https://docs.aws.amazon.com/ses/latest/dg/monitor-using-event-publishing.html
"""

import json
from pathlib import Path
from typing import Any

from deploy.functions import logical_id
from deploy.policies import NEEDS

SENDER = "CRM_MAIL_SENDER"
VARIABLE = "CRM_MAIL_CONFIGURATION_SET"
_NAME = {"Fn::Sub": "crm-${Stage}"}
_RESOURCES = {
    "EmailConfiguration": {"Type": "AWS::SES::ConfigurationSet", "Properties": {"Name": _NAME}},
    "EmailEventDestination": {
        "Type": "AWS::SES::ConfigurationSetEventDestination",
        "DependsOn": "EmailEventsTopicPolicy",  # SES looks whether it may publish
        "Properties": {
            "ConfigurationSetName": {"Ref": "EmailConfiguration"},
            "EventDestination": {
                "Name": {"Fn::Sub": "crm-${Stage}-email-events"},
                "Enabled": True,
                "MatchingEventTypes": ["bounce", "complaint"],
                "SnsDestination": {"TopicARN": {"Ref": "EmailEventsTopic"}},
            },
        },
    },
}


def resources(stage: str, config: Path) -> dict[str, Any]:
    """Return the resources of SES, by logical id; none for a stage without a sender."""
    return dict(_RESOURCES) if _sends(stage, config) else {}


def functions(stage: str, config: Path) -> dict[str, Any]:
    """Return what the functions that send e-mails are told, as a template to merge."""
    told = {"Properties": {"Environment": {"Variables": {VARIABLE: _NAME}}}}
    senders = [name for name, needs in NEEDS.items() if needs.mails] if _sends(stage, config) else []
    return {"Resources": {logical_id(name): told for name in senders}}


def _sends(stage: str, config: Path) -> bool:
    """Return whether config.json sets a sender: for everything, for the stage, or for one of its functions."""
    content = json.loads(config.read_text("utf-8"))
    entry = content["stages"].get(stage, {})
    places = [content, entry, *entry.get("lambda_functions", {}).values()]
    return any(SENDER in place.get("environment_variables", {}) for place in places)
