"""SES reports bounces and complaints to a stage that sends e-mails, and a stage that sends none needs no SES."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy import email_reports, policies, template
from deploy.functions import logical_id
from tests.deploy.building import REGIONS, Template, lint, of_type, template_of

pytestmark = pytest.mark.no_database
SENDER = {"CRM_MAIL_SENDER": "orders@crm.example"}
MAILING = {logical_id(function) for function, needs in policies.NEEDS.items() if needs.mails}


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template_of("dev", tmp_path_factory.mktemp("sending"), environment_variables=SENDER)


def config_of(directory: Path, **content: Any) -> Path:
    file = directory / "config.json"
    file.write_text(json.dumps({"stages": {"dev": {}}, **content}))
    return file


def test_what_ses_reports_is_published_to_the_topic_of_the_stage(sending: Template) -> None:
    found = sending.content["Resources"]
    (destination,) = of_type(found, "AWS::SES::ConfigurationSetEventDestination").values()
    assert destination["ConfigurationSetName"] == {"Ref": "EmailConfiguration"}
    event = destination["EventDestination"]
    assert event["Enabled"] is True
    assert set(event["MatchingEventTypes"]) == {"bounce", "complaint"}
    assert event["SnsDestination"] == {"TopicARN": {"Ref": "EmailEventsTopic"}}
    assert found["EmailEventDestination"]["DependsOn"] == "EmailEventsTopicPolicy"
    (policy,) = found["EmailEventsTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (policy["Principal"], policy["Action"]) == ({"Service": "ses.amazonaws.com"}, "sns:Publish")
    conditions = policy["Condition"]["StringEquals"]
    assert conditions["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    name = found["EmailConfiguration"]["Properties"]["Name"]
    assert name == "crm-dev"
    assert conditions["aws:SourceArn"]["Fn::Sub"].endswith(f":configuration-set/{name}")


def test_what_sends_emails_does_it_under_the_configuration_set(sending: Template) -> None:
    functions = of_type(sending.content["Resources"], "AWS::Serverless::Function")
    told = {name: entry["Environment"]["Variables"].get(email_reports.VARIABLE) for name, entry in functions.items()}
    assert sorted(MAILING) == ["OrderReminders", "Work"]
    assert told == dict.fromkeys(functions) | dict.fromkeys(MAILING, "crm-dev")
    for name in MAILING:
        assert functions[name]["Environment"]["Variables"]["CRM_MAIL_SENDER"] == SENDER["CRM_MAIL_SENDER"]


def test_the_topic_reaches_the_consumer_through_the_queue_and_nobody_else_does(
    packaged_template: Callable[[str], Template],
) -> None:
    found = packaged_template("prod").content["Resources"]
    queue_arn = {"Fn::GetAtt": ["EmailEventsQueue", "Arn"]}
    subscription = found["EmailEventsSubscription"]["Properties"]
    assert subscription["TopicArn"] == {"Ref": "EmailEventsTopic"}
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("sqs", queue_arn)
    (policy,) = found["EmailEventsQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert policy["Principal"] == {"Service": "sns.amazonaws.com"}
    assert (policy["Action"], policy["Resource"]) == ("sqs:SendMessage", queue_arn)
    assert policy["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "EmailEventsTopic"}}}
    consumer = found["EmailEvents"]["Properties"]
    assert consumer["Events"]["EmailEventsSqsEventSource"]["Properties"]["Queue"] == {
        "Fn::Sub": "${EmailEventsQueue.Arn}"
    }
    alarm = found["EmailDeadLettersAlarm"]["Properties"]
    assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["EmailEventsDeadLetters", "QueueName"]}


@pytest.mark.parametrize("stage", policies.STAGES)
def test_a_stage_without_a_sender_can_be_deployed_where_there_is_no_ses(
    stage: str, packaged_template: Callable[[str], Template]
) -> None:
    """CloudFormation refuses a template with a type that its region does not have, whatever its conditions say."""
    found = packaged_template(stage).content
    assert "AWS::SES" not in json.dumps(found)
    assert email_reports.VARIABLE not in json.dumps(found)


@pytest.mark.parametrize(
    "content",
    [
        {"environment_variables": SENDER},
        {"stages": {"dev": {"environment_variables": SENDER}}},
        {"stages": {"dev": {"lambda_functions": {"order_reminders": {"environment_variables": SENDER}}}}},
    ],
)
def test_a_sender_counts_wherever_chalice_reads_it(content: dict[str, Any], tmp_path: Path) -> None:
    config = config_of(tmp_path, **content)
    assert len(email_reports.resources("dev", config)) == 2
    assert email_reports.functions("dev", config)["Resources"].keys() == MAILING
    other = config_of(tmp_path, stages={"dev": {}, "prod": {"environment_variables": SENDER}})
    assert email_reports.resources("dev", other) == {}


def test_the_resources_for_chalice_deploy_have_it_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = config_of(tmp_path, stages={"dev": {"environment_variables": SENDER}})
    monkeypatch.setattr(template, "CONFIG", config)
    assert template.resources("dev")["Resources"]["EmailConfiguration"]["Properties"] == {"Name": "crm-dev"}


def test_cfn_lint_finds_nothing_in_a_template_that_sends_emails(sending: Template, tmp_path: Path) -> None:
    after = tmp_path / "expanded.json"
    after.write_text(json.dumps(sending.translated))
    lint(REGIONS[:2], after)
