"""What each command of `python -m deploy` does. `options.say` prints a line for whoever deploys."""

import argparse
import sys
import tempfile
from pathlib import Path

import boto3

from deploy import first_key, package, policies, table_data, template
from deploy.releases import Releases
from deploy.stack import DeployError, Stack

ACCOUNT = Path(__file__).with_name("account.yaml")


def deploy(options: argparse.Namespace) -> None:
    """Package, upload, bring the stack up to it, and tell how to call it."""
    with tempfile.TemporaryDirectory() as scratch:
        options.say(f"Packaging {options.stage} ...")
        made = package.build(options.stage, Path(scratch))
        options.say(f"The package has {made.code.stat().st_size / 1e6:.1f} MB")
        releases = Releases(options.stage, options.bucket)
        releases.ensure_bucket()
        release = releases.publish(made)
    options.say(f"Uploaded as release {release} to {releases.bucket}")
    _allow_access_logs(options)
    _bring_up(options, releases, release)


def roll_back(options: argparse.Namespace) -> None:
    """Back to a release: by default the one before that which runs."""
    releases = Releases(options.stage, options.bucket)
    current = _stack(options).tags().get("release", "")
    wanted = options.release or releases.before(current)
    if not wanted:
        raise DeployError("There is no release before the one that runs")
    options.say(f"From release {current} to {wanted}")
    _bring_up(options, releases, wanted)


def list_releases(options: argparse.Namespace) -> None:
    current = Stack(f"crm-{options.stage}", options.say).tags().get("release")  # nothing to wait for
    for name in Releases(options.stage, options.bucket).names():
        options.say(f"{name}{'  <- runs' if name == current else ''}")


def delete(options: argparse.Namespace) -> None:
    """The stack goes, its tables stay."""
    _stack(options).delete()
    kept = table_data.existing(options.stage)
    if kept:
        options.say(f"The stack is gone. Kept, with what is in them: {', '.join(kept)}")
        options.say(f"To delete them too: make delete-data STAGE={options.stage} CONFIRM=crm-{options.stage}")


def delete_data(options: argparse.Namespace) -> None:
    if options.confirm != f"crm-{options.stage}":
        raise DeployError(f"This deletes every row of the stage. If you mean it: CONFIRM=crm-{options.stage}")
    if _stack(options).exists():
        raise DeployError(f"The stack still uses its tables: make delete STAGE={options.stage} first")
    options.say(f"Deleted: {', '.join(table_data.delete(options.stage)) or 'nothing'}")


def deploy_resources(options: argparse.Namespace) -> None:
    """What `chalice deploy` needs first: resources.yaml as a stack of its own."""
    stack = Stack(f"crm-{options.stage}-resources", options.say, options.poll)
    parameters = {"Stage": options.stage} | ({"AlarmEmail": options.email} if options.email else {})
    stack.deploy({"TemplateBody": template.RESOURCES.read_text("utf-8")}, parameters, {})
    for name, value in stack.outputs().items():
        options.say(f"{name}: {value}")
    _first_key(options)


def _bring_up(options: argparse.Namespace, found: Releases, release: str) -> None:
    stack = _stack(options)
    adopt = not stack.exists() and bool(table_data.existing(options.stage))
    parameters = {"AlarmEmail": options.email} if options.email else {}
    changed = stack.deploy(
        {"TemplateURL": found.url(release)}, parameters, {"stage": options.stage, "release": release}, adopt=adopt
    )
    options.say("The stack is up to date" if changed else "There was nothing to change")
    options.say(f"GraphQL: {stack.outputs()['GraphQL']}")
    _first_key(options)


def create_first_key(options: argparse.Namespace) -> None:
    """Print the first operator's key of a stage, or fail if there is one that works."""
    made = first_key.request(options.stage, options.region or _region(), name=options.name, another=options.another)
    if made.key is None:
        raise DeployError(f"{made.name} ({made.id}) is an operator's key that works. Add --another to create one more.")
    print(f"{made.name} ({made.id}), OPERATOR. Keep the key: it is not shown again.", file=sys.stderr)
    options.say(made.key)  # alone on stdout, so that it can go straight to where secrets are kept


def _first_key(options: argparse.Namespace) -> None:
    """Print a key if no operator's key works: without one nobody can use the stage."""
    made = first_key.request(options.stage, _region())
    if made.key is not None:
        options.say(f"Key of the first operator, shown only once: {made.key}")


def _region() -> str:
    region: str = boto3.client("dynamodb").meta.region_name
    return region


def _allow_access_logs(options: argparse.Namespace) -> None:
    if boto3.client("apigateway").get_account().get("cloudwatchRoleArn"):
        return
    options.say("API Gateway may not write logs in this account and region yet: making the role")
    Stack("crm-account", options.say, options.poll).deploy({"TemplateBody": ACCOUNT.read_text("utf-8")}, {}, {})


def _stack(options: argparse.Namespace) -> Stack:
    return Stack(f"crm-{options.stage}", options.say, options.poll)


def package_only(options: argparse.Namespace) -> None:
    made = package.build(options.stage, options.out)
    options.say(f"{made.template}\n{made.code} ({made.code.stat().st_size / 1e6:.1f} MB)")


def write_policies(_options: argparse.Namespace) -> None:
    policies.write()
