"""What whoever deploys is told: the address, who gets alarms, what a deletion leaves, and a runtime that ends."""

import argparse
from datetime import UTC, datetime

import boto3

from deploy import address, package, policies, runtime, template
from deploy.stack import Stack


def show_address(options: argparse.Namespace, stack: Stack) -> None:
    outputs = stack.outputs()
    options.say(f"GraphQL: {outputs[address.GRAPHQL]}")
    if address.TARGET in outputs:
        options.say(f"The DNS record of its domain must point to {outputs[address.TARGET]} (CNAME)")


def show_subscriptions(options: argparse.Namespace, stack: Stack) -> None:
    topic = stack.outputs().get("TopicArn", "")
    pages = boto3.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [entry for page in pages for entry in page["Subscriptions"] if entry["Protocol"] == "email"]
    if not found:
        options.say("Nobody is told of alarms. To change that: --email ADDRESS")
    for entry in found:
        if entry["SubscriptionArn"].startswith("arn:"):
            options.say(f"Alarms go to {entry['Endpoint']}")
        else:
            options.say(
                f"CONFIRM: AWS has sent a mail to {entry['Endpoint']}. Until its link is clicked, no alarm arrives."
            )


def show_what_stays(options: argparse.Namespace, stack: Stack, tables: list[str]) -> None:
    """Before a stack is deleted."""
    address_now = stack.outputs().get(address.GRAPHQL)
    if tables:
        options.say(f"These tables stay, with what is in them: {', '.join(tables)}")
    if policies.is_protected(options.stage):
        options.say("Log groups and queues stay, too. The next `make deploy` takes over what stays")
    domain = address.custom_domain(options.stage, template.CONFIG)
    if domain:
        options.say(f"The domain {domain['domain_name']} will need another DNS record after the next `make deploy`")
    elif address_now:
        options.say(f"The address {address_now} ends. The next `make deploy` gives the API another one")


def warn_of_runtime(options: argparse.Namespace) -> None:
    problem = runtime.warning(runtime.pinned(package.ROOT), datetime.now(UTC).date())
    if problem:
        options.say(problem)
