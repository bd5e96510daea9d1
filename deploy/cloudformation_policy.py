"""What CloudFormation may do when it changes a stage: the policy of the role that --role-arn names.

The actions are those that AWS's own schemas of the resource types ask for, without those for properties that no template here
has, such as encryption keys or streams:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from collections.abc import Mapping
from typing import Any

from deploy.grants import PARTITION, Grant, allow, document

TAGS = "TagResource UntagResource ListTagsForResource"


def role_name(stage: str) -> str:
    """Return a name that is outside of what the role may change, crm-<stage>-*: it cannot give itself more rights."""
    return f"cloudformation-crm-{stage}"


def policy(stage: str) -> dict[str, Any]:
    return document({name.replace("AWS::", "").replace("::", ""): grants for name, grants in of_types(stage).items()})


def of_types(stage: str) -> Mapping[str, tuple[Grant, ...]]:
    """Return the grants for each type of resource that a stage, or the account's stack, has."""
    return {**_data(stage), **_functions(stage), **_api(), **_watching(stage)}


def _data(stage: str) -> dict[str, tuple[Grant, ...]]:
    topics = tuple(f"{PARTITION}sns:*:*:crm-{stage}-{name}" for name in ("alerts", "email-events"))
    queue = f"{PARTITION}sqs:*:*:crm-{stage}"
    queues = (f"{queue}-{name}" for name in ("jobs", "jobs-dead", "email-events", "email-events-dead"))
    return {
        "AWS::DynamoDB::Table": (
            allow(
                "dynamodb",
                "CreateTable DeleteTable DescribeContinuousBackups DescribeContributorInsights DescribeKinesisStreamingDestination"
                " DescribeTable DescribeTimeToLive GetResourcePolicy ListTagsOfResource TagResource UntagResource"
                " UpdateContinuousBackups UpdateTable UpdateTimeToLive",
                f"{PARTITION}dynamodb:*:*:table/crm-{stage}-*",
            ),
        ),
        "AWS::SQS::Queue": (
            allow(
                "sqs",
                "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes TagQueue UntagQueue",
                *queues,
            ),
        ),
        "AWS::SQS::QueuePolicy": (allow("sqs", "GetQueueAttributes SetQueueAttributes", f"{queue}-email-events"),),
        "AWS::SNS::Topic": (
            allow(
                "sns",
                f"CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes ListSubscriptionsByTopic {TAGS}",
                *topics,
            ),
        ),
        "AWS::SNS::TopicPolicy": (allow("sns", "SetTopicAttributes", *topics),),
        "AWS::SNS::Subscription": (
            allow(
                "sns",
                "GetSubscriptionAttributes SetSubscriptionAttributes Subscribe Unsubscribe",
                *topics,
                *(f"{topic}:*" for topic in topics),
            ),
        ),
        **_email(stage),
    }


def _email(stage: str) -> dict[str, tuple[Grant, ...]]:
    """The configuration set under which a stage sends e-mails, and where SES reports bounces and complaints."""
    configuration = f"{PARTITION}ses:*:*:configuration-set/crm-{stage}"
    return {
        "AWS::SES::ConfigurationSet": (
            allow(
                "ses",
                "CreateConfigurationSet DeleteConfigurationSet GetConfigurationSet ListTagsForResource"
                " PutConfigurationSetDeliveryOptions PutConfigurationSetReputationOptions PutConfigurationSetSendingOptions"
                " PutConfigurationSetSuppressionOptions PutConfigurationSetTrackingOptions TagResource UntagResource",
                configuration,
            ),
        ),
        "AWS::SES::ConfigurationSetEventDestination": (
            allow(
                "ses",
                "CreateConfigurationSetEventDestination DeleteConfigurationSetEventDestination"
                " GetConfigurationSetEventDestinations UpdateConfigurationSetEventDestination",
                configuration,
            ),
        ),
    }


def _functions(stage: str) -> dict[str, tuple[Grant, ...]]:
    function = f"{PARTITION}lambda:*:*:function:crm-{stage}"
    functions = (function, f"{function}-*")
    role = f"{PARTITION}iam::*:role/crm-{stage}-*"
    return {
        "AWS::Lambda::Function": (
            allow(
                "lambda",
                "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction GetFunctionCodeSigningConfig"
                " GetFunctionRecursionConfig GetRuntimeManagementConfig ListTags PutFunctionConcurrency PutFunctionRecursionConfig"
                " TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
                *functions,
            ),
            allow("s3", "GetObject", f"{PARTITION}s3:::crm-deploy-*/code/*"),
            _pass_role(role, "lambda"),
        ),
        "AWS::Lambda::Permission": (allow("lambda", "AddPermission GetPolicy RemovePermission", *functions),),
        "AWS::Lambda::EventInvokeConfig": (
            allow(
                "lambda",
                "DeleteFunctionEventInvokeConfig GetFunctionEventInvokeConfig PutFunctionEventInvokeConfig"
                " UpdateFunctionEventInvokeConfig",
                *functions,
            ),
        ),
        "AWS::Lambda::EventSourceMapping": _mapping(f"{function}-work", f"{function}-email_events"),
        "AWS::IAM::Role": (allow("iam", f"{_ROLE_ACTIONS} UpdateAssumeRolePolicy", role), *_role_of_account()),
        "AWS::Events::Rule": (
            allow(
                "events",
                f"DeleteRule DescribeRule ListTargetsByRule PutRule PutTargets RemoveTargets {TAGS}",
                f"{PARTITION}events:*:*:rule/crm-{stage}-*",
            ),
        ),
    }


def _mapping(*consumers: str) -> tuple[Grant, ...]:
    """Between a queue and its consumer. Its id is known only when it is there."""
    mapping = f"{PARTITION}lambda:*:*:event-source-mapping:*"
    conditions = [{"ArnLike": {"lambda:FunctionArn": consumer}} for consumer in consumers]
    return (
        *(allow("lambda", "CreateEventSourceMapping", "*", condition=each) for each in conditions),
        *(
            allow("lambda", "DeleteEventSourceMapping UpdateEventSourceMapping", mapping, condition=each)
            for each in conditions
        ),
        allow("lambda", "GetEventSourceMapping ListTags TagResource UntagResource", mapping),
    )


_ROLE_ACTIONS = (
    "CreateRole DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies ListRoleTags"
    " PutRolePolicy TagRole UntagRole UpdateRole UpdateRoleDescription"
)


def _role_of_account() -> tuple[Grant, ...]:
    """The role by which API Gateway writes logs: crm-account, once in each account and region."""
    role = f"{PARTITION}iam::*:role/crm-account-*"
    logs = f"{PARTITION}iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    return (
        allow("iam", "CreateRole DeleteRole GetRole ListAttachedRolePolicies ListRolePolicies", role),
        allow("iam", "AttachRolePolicy DetachRolePolicy", role, condition={"ArnLike": {"iam:PolicyARN": logs}}),
        _pass_role(role, "apigateway"),
    )


def _pass_role(role: str, service: str) -> Grant:
    return allow(
        "iam", "PassRole", role, condition={"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
    )


def _api() -> dict[str, tuple[Grant, ...]]:
    """An API's id is known only when it is there, so these cannot be limited to one."""
    place = f"{PARTITION}apigateway:*::"
    linked = f"{PARTITION}iam::*:role/aws-service-role/ops.apigateway.amazonaws.com/*"
    service = {"StringEquals": {"iam:AWSServiceName": "ops.apigateway.amazonaws.com"}}
    every = "DELETE GET PATCH POST PUT"
    return {
        "AWS::ApiGateway::RestApi": (allow("apigateway", every, f"{place}/restapis", f"{place}/restapis/*"),),
        "AWS::ApiGateway::Deployment": (),  # a part of its API, like the stage
        "AWS::ApiGateway::Stage": (allow("apigateway", "DELETE GET PUT", f"{place}/tags/*"),),
        "AWS::ApiGateway::Account": (allow("apigateway", "GET PATCH", f"{place}/account"),),
        "AWS::ApiGateway::DomainName": (
            allow("apigateway", "DELETE GET PATCH POST", f"{place}/domainnames", f"{place}/domainnames/*"),
            allow("iam", "CreateServiceLinkedRole", linked, condition=service),
        ),
        "AWS::ApiGateway::BasePathMapping": (),  # a part of its domain
    }


def _watching(stage: str) -> dict[str, tuple[Grant, ...]]:
    alarms = f"{PARTITION}cloudwatch:*:*:alarm:"
    groups = tuple(
        f"{PARTITION}logs:*:*:log-group:{name}"
        for name in (
            f"/aws/lambda/crm-{stage}",
            f"/aws/lambda/crm-{stage}:*",
            f"/aws/lambda/crm-{stage}-*",
            f"/crm/{stage}/*",
        )
    )
    return {
        "AWS::CloudWatch::Alarm": (
            allow("cloudwatch", f"DeleteAlarms PutMetricAlarm {TAGS}", f"{alarms}crm-{stage}-*"),
            allow("cloudwatch", "DescribeAlarms", f"{alarms}*"),
        ),
        "AWS::CloudWatch::Dashboard": (
            allow(
                "cloudwatch",
                "DeleteDashboards GetDashboard PutDashboard",
                f"{PARTITION}cloudwatch::*:dashboard/crm-{stage}",
            ),
        ),
        "AWS::Logs::LogGroup": (
            allow(
                "logs",
                f"CreateLogGroup DeleteLogGroup DeleteRetentionPolicy GetDataProtectionPolicy PutRetentionPolicy {TAGS}",
                *groups,
            ),
            allow("logs", "DescribeIndexPolicies DescribeLogGroups", "*"),
        ),
    }
