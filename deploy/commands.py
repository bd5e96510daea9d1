"""What each command of `python -m deploy` does. `options.say` prints a line for whoever deploys."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3

from deploy import (
    address,
    bucket,
    chalice_files,
    deployer_policy,
    first_key,
    notices,
    package,
    policies,
    quota,
    recursion,
    table_changes,
    table_data,
    target,
    template,
)
from deploy.releases import OUTPUT, Releases
from deploy.stack import Stack
from deploy.stack_states import DeployError
from deploy.target import Target

ACCOUNT = Path(__file__).with_name("account.yaml")


def deploy(options: argparse.Namespace) -> None:
    """Package and upload a stage, bring its stack up to the release, and print how to call it."""
    place = _target(options)
    if policies.is_protected(options.stage) and not options.yes and not _stack(options).exists():
        target.confirm(f"crm-{options.stage}", place, options.ask)
    with tempfile.TemporaryDirectory() as scratch:
        made = _package(options, Path(scratch))
        releases = Releases(options.stage, place.account, options.bucket)
        bucket.ensure(releases.bucket, place.account)
        release = releases.publish(made)
    options.say(f"Uploaded as release {release} to {releases.bucket}")
    _allow_access_logs(options)
    _bring_up(options, releases, release)


def _package(options: argparse.Namespace, scratch: Path) -> package.Package:
    if options.package:
        return package.Package(options.package / "sam.json", options.package / "deployment.zip")
    notices.warn_of_runtime(options)
    options.say(f"Packaging {options.stage} ...")
    made = package.build(options.stage, scratch)
    options.say(f"The package has {made.code.stat().st_size / 1e6:.1f} MB")
    return made


def roll_back(options: argparse.Namespace) -> None:
    """Deploy an earlier release again: by default the last one that came up before the one that runs."""
    releases = Releases(options.stage, _target(options).account, options.bucket)
    current = _stack(options).outputs().get(OUTPUT, "")
    wanted = options.release or releases.before(current)
    if not wanted:
        raise DeployError("No release before the one that runs has come up. List them: make releases")
    options.say(f"From release {current} to {wanted}")
    _bring_up(options, releases, wanted)


def list_releases(options: argparse.Namespace) -> None:
    releases = Releases(options.stage, _target(options).account, options.bucket)
    current, results = _stack(options).outputs().get(OUTPUT), releases.results()
    for name in releases.names():
        note = (
            "  <- runs"
            if name == current
            else {"failed": "  failed", None: "  not deployed"}.get(results.get(name), "")
        )
        options.say(f"{name}{note}")


def delete(options: argparse.Namespace) -> None:
    """Delete the stack and keep its tables. What stays and what ends is said before."""
    _target(options)
    stack, kept = _stack(options), table_data.existing(options.stage)
    notices.show_what_stays(options, stack, kept)
    stack.delete()
    options.say("The stack is gone")
    if kept:
        options.say(f"To delete the tables: make delete-data STAGE={options.stage} CONFIRM=crm-{options.stage}")


def delete_data(options: argparse.Namespace) -> None:
    if options.confirm != f"crm-{options.stage}":
        raise DeployError(f"This deletes every row of the stage. If you mean it: CONFIRM=crm-{options.stage}")
    if _stack(options).exists():
        raise DeployError(f"The stack still uses its tables: make delete STAGE={options.stage} first")
    options.say(f"Deleted: {', '.join(table_data.delete(options.stage)) or 'nothing'}")


def deploy_resources(options: argparse.Namespace) -> None:
    """Create what `chalice deploy` needs first: resources.yaml as a stack of its own."""
    _target(options)
    stack = Stack(f"crm-{options.stage}-resources", options.say, options.poll, options.role_arn)
    wanted = template.resources(options.stage)
    stack.deploy({"TemplateBody": template.dump(wanted)}, _email(options), {}, keep=frozenset(wanted["Parameters"]))
    _protect(options)
    for name, value in stack.outputs().items():
        options.say(f"{name}: {value}")
    notices.show_subscriptions(options, stack)
    if not recursion.allow(options.stage):
        options.say(
            "After `chalice deploy`, run this again: a long run hands over more often than Lambda allows by default"
        )
    _first_key(options)


def _bring_up(options: argparse.Namespace, found: Releases, release: str) -> None:
    """Deploy a release, in several updates if indexes of tables need that. Raises DeployError."""
    stack = _stack(options)
    wanted = found.template(release)
    address.check_region(wanted, _region())
    parameters = _email(options) | _reservations(options, wanted)
    creating = stack.make_ready()
    live = table_changes.describe(table_changes.tables_of(wanted))
    steps = table_changes.plan(None if creating else stack.template(), wanted, live)
    changed = False
    try:
        for number, step in enumerate(steps, 1):
            if len(steps) > 1:
                options.say(f"Update {number} of {len(steps)}: DynamoDB changes one index of a table at a time")
            source = {"TemplateURL": found.url(release) if step == wanted else found.put_template(step)}
            known = step.get("Parameters", {}).keys()
            given = {key: value for key, value in parameters.items() if key in known}
            changed |= stack.deploy(source, given, {"stage": options.stage}, keep=frozenset(known))
    except DeployError:
        found.record(release, came_up=False)
        raise
    found.record(release, came_up=True)
    _protect(options)
    options.say("The stack is up to date" if changed else "There was nothing to change")
    notices.show_address(options, stack)
    notices.show_subscriptions(options, stack)
    _first_key(options)


def _email(options: argparse.Namespace) -> dict[str, str]:
    """Return the address only if it was given or is to be removed: otherwise the stack keeps what it has."""
    if options.no_email:
        return {"AlarmEmail": ""}
    return {"AlarmEmail": options.email} if options.email else {}


def _reservations(options: argparse.Namespace, wanted: dict[str, Any]) -> dict[str, str]:
    problem = quota.missing(wanted)
    if problem:
        options.say(problem)
    return {quota.PARAMETER: "false" if problem else "true"}


def _protect(options: argparse.Namespace) -> None:
    """After the creation: CloudFormation could not clean up a failed one whose tables are protected."""
    if policies.is_protected(options.stage):
        table_data.protect(options.stage)


def create_first_key(options: argparse.Namespace) -> None:
    """Print the first operator's key of a stage, or fail if there is one that works."""
    made = first_key.request(options.stage, _region(), name=options.name, another=options.another)
    if made.key is None:
        raise DeployError(f"{made.name} ({made.id}) is an operator's key that works. Add --another to create one more.")
    print(f"{made.name} ({made.id}), OPERATOR. Keep the key: it is not shown again.", file=sys.stderr)
    options.say(made.key)  # alone on stdout, so that it can go straight to where secrets are kept


def _first_key(options: argparse.Namespace) -> None:
    """Create a key if no operator's key works: without one nobody can use the stage."""
    if options.first_key == "none":
        return
    kind, _, path = options.first_key.partition(":")
    if options.first_key != "print" and (kind != "file" or not path):
        raise DeployError("--first-key must be print, file:PATH or none")
    made = first_key.request(options.stage, _region())
    if made.key is None:
        return
    if kind == "file":
        first_key.write(Path(path), made.key)
        options.say(f"The key of the first operator is in {path}. It is not shown again.")
    else:
        options.say(f"Key of the first operator, shown only once: {made.key}")


def _region() -> str:
    region: str = boto3.client("dynamodb").meta.region_name
    return region


def _allow_access_logs(options: argparse.Namespace) -> None:
    if boto3.client("apigateway").get_account().get("cloudwatchRoleArn"):
        return
    options.say("API Gateway may not write logs in this account and region yet: creating the role for it")
    stack = Stack("crm-account", options.say, options.poll, options.role_arn)
    stack.deploy({"TemplateBody": ACCOUNT.read_text("utf-8")}, {}, {})


def _stack(options: argparse.Namespace) -> Stack:
    return Stack(f"crm-{options.stage}", options.say, options.poll, options.role_arn)


def _target(options: argparse.Namespace) -> Target:
    """Print the account and the region, so that nobody changes another one than they mean."""
    found = target.find()
    options.say(f"Account {found.account}, region {found.region}")
    return found


def package_only(options: argparse.Namespace) -> None:
    notices.warn_of_runtime(options)
    made = package.build(options.stage, options.out)
    options.say(f"{made.template}\n{made.code} ({made.code.stat().st_size / 1e6:.1f} MB)")


def write_policies(_options: argparse.Namespace) -> None:
    chalice_files.write(package.ROOT)
    for file, text in deployer_policy.files().items():
        file.write_text(text, "utf-8")
