"""Publish messages to the SNS topic of the stage, if it has one."""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.errors import TopicUnavailable
from chalicelib.settings import settings

_MAX_SUBJECT = 100
"""As SNS takes it."""


def publish(subject: str, message: str) -> None:
    """Publish a message, if the stage has a topic. Raises TopicUnavailable."""
    if not settings.topic_arn:
        return
    try:
        aws.client("sns").publish(TopicArn=settings.topic_arn, Subject=subject[:_MAX_SUBJECT], Message=message)
    except (BotoCoreError, ClientError) as error:
        raise TopicUnavailable(f"{TopicUnavailable.__doc__}: {error}") from error


def is_set() -> bool:
    return bool(settings.topic_arn)
