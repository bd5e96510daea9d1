"""What each command of `python -m deploy` does. `options.say` prints a line for whoever deploys."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import boto3

from deploy import (
    address,
    bucket,
    chalice_files,
    deployer_policy,
    first_key_commands,
    generations,
    notices,
    package,
    policies,
    quota,
    recursion,
    table_changes,
    table_data,
    target,
    template,
    time_zone,
)
from deploy.releases import OUTPUT, Releases
from deploy.stack import Stack
from deploy.stack_states import DeployError
from deploy.target import Target

ACCOUNT = Path(__file__).with_name("account.yaml")


def deploy(options: argparse.Namespace) -> None:
    """Package and upload a stage, bring its stack up to the release, and print how to call it."""
    place = print_target(options)
    if policies.is_protected(options.stage) and not options.yes and not stack_of(options).exists():
        target.confirm(f"crm-{options.stage}", place, options.ask)
    with tempfile.TemporaryDirectory() as scratch:
        made = _package(options, Path(scratch))
        releases = Releases(options.stage, place.account, options.bucket)
        bucket.ensure(releases.bucket, place.account)
        release = releases.publish(made)
    options.say(f"Uploaded as release {release} to {releases.bucket}")
    _allow_access_logs(options)
    bring_up(options, releases, release)


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
    releases = Releases(options.stage, print_target(options).account, options.bucket)
    current = stack_of(options).outputs().get(OUTPUT, "")
    wanted = options.release or releases.before(current)
    if not wanted:
        raise DeployError("No release before the one that runs has come up. List them: make releases")
    options.say(f"From release {current} to {wanted}")
    bring_up(options, releases, wanted)


def list_releases(options: argparse.Namespace) -> None:
    releases = Releases(options.stage, print_target(options).account, options.bucket)
    current, results = stack_of(options).outputs().get(OUTPUT), releases.results()
    for name in releases.names():
        note = (
            "  <- runs"
            if name == current
            else {"failed": "  failed", None: "  not deployed"}.get(results.get(name), "")
        )
        options.say(f"{name}{note}")


def delete(options: argparse.Namespace) -> None:
    """Delete the stack and keep its tables. What stays and what ends is said before."""
    print_target(options)
    stack, kept = stack_of(options), table_data.existing(options.stage)
    notices.show_what_stays(options, stack, kept)
    stack.delete()
    options.say("The stack is gone")
    if kept:
        options.say(f"To delete the tables: make delete-data STAGE={options.stage} CONFIRM=crm-{options.stage}")


def delete_data(options: argparse.Namespace) -> None:
    if options.confirm != f"crm-{options.stage}":
        raise DeployError(f"This deletes every row of the stage. If you mean it: CONFIRM=crm-{options.stage}")
    if stack_of(options).exists():
        raise DeployError(f"The stack still uses its tables: make delete STAGE={options.stage} first")
    if resources_of(options).exists():
        raise DeployError(f"The stack still uses its tables: make chalice-delete STAGE={options.stage} first")
    options.say(f"Deleted: {', '.join(table_data.delete(options.stage)) or 'nothing'}")


def deploy_resources(options: argparse.Namespace) -> None:
    """Create what `chalice deploy` needs first: resources.yaml as a stack of its own."""
    bring_up_resources(options)
    if not recursion.allow(options.stage):
        options.say(
            "After `chalice deploy`, run this again: a long run hands over more often than Lambda allows by default"
        )


def bring_up_resources(options: argparse.Namespace) -> None:
    print_target(options)
    stack = resources_of(options)
    generation = _generation(options, stack)
    zone = time_zone.of_config(options.stage, template.CONFIG)
    is_new = not _confirm_time_zone(options, generation, zone)
    wanted = generations.apply(template.resources(options.stage), options.stage, generation)
    given = _email(options) | {generations.PARAMETER: str(generation)}
    stack.deploy({"TemplateBody": template.body(wanted)}, given, {}, keep=frozenset(wanted["Parameters"]))
    if is_new:
        time_zone.confirm(options.stage, _region(), generation, zone)
    _protect(options)
    for name, value in stack.outputs().items():
        options.say(f"{name}: {value}")
    notices.show_subscriptions(options, stack)
    first_key_commands.hand_over(options, generation)


def bring_up(options: argparse.Namespace, found: Releases, release: str) -> None:
    """Deploy a release, in several updates if indexes of tables need that. Raises DeployError."""
    stack = stack_of(options)
    generation = _generation(options, stack)
    stored = found.template(release)
    address.check_region(stored, _region())
    wanted = generations.apply(stored, options.stage, generation)
    zone = time_zone.of_template(wanted)
    is_new = not _confirm_time_zone(options, generation, zone)
    parameters = _email(options) | _reservations(options, wanted) | {generations.PARAMETER: str(generation)}
    creating = stack.make_ready()
    live = table_changes.describe(table_changes.tables_of(wanted))
    steps = table_changes.plan(None if creating else stack.template(), wanted, live)
    changed = False
    try:
        for number, step in enumerate(steps, 1):
            if len(steps) > 1:
                options.say(f"Update {number} of {len(steps)}: DynamoDB changes one index of a table at a time")
            source = {"TemplateURL": found.url(release) if step == stored else found.put_template(step)}
            known = step.get("Parameters", {}).keys()
            given = {key: value for key, value in parameters.items() if key in known}
            changed |= stack.deploy(source, given, {"stage": options.stage}, keep=frozenset(known))
    except DeployError:
        found.record(release, came_up=False)
        raise
    found.record(release, came_up=True)
    if is_new:
        time_zone.confirm(options.stage, _region(), generation, zone)
    _protect(options)
    options.say("The stack is up to date" if changed else "There was nothing to change")
    notices.show_address(options, stack)
    notices.show_subscriptions(options, stack)
    first_key_commands.hand_over(options, generation)


def _generation(options: argparse.Namespace, stack: Stack) -> int:
    """Return the generation of tables to deploy to. Raises DeployError if it is not clear which one is meant."""
    found = table_data.existing_generations(options.stage)
    if options.generation:
        if options.generation not in found:
            raise DeployError(f"{options.stage} has no tables of generation {options.generation}, but of {found}")
        return int(options.generation)
    if stack.exists():
        return generations.current(stack.parameters())
    if len(found) > 1:
        raise DeployError(
            f"{options.stage} has tables of the generations {', '.join(map(str, found))}. Say which ones to use:"
            " --generation NUMBER"
        )
    return found[0] if found else 1


def _confirm_time_zone(options: argparse.Namespace, generation: int, zone: str) -> bool:
    """Compare the time zone with that of the data, before anything changes. Return whether there are tables already."""
    found = time_zone.has_data(options.stage, generation)
    if found:
        time_zone.confirm(options.stage, _region(), generation, zone)
    return found


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


def _region() -> str:
    region: str = boto3.client("dynamodb").meta.region_name
    return region


def _allow_access_logs(options: argparse.Namespace) -> None:
    if boto3.client("apigateway").get_account().get("cloudwatchRoleArn"):
        return
    options.say("API Gateway may not write logs in this account and region yet: creating the role for it")
    stack = Stack("crm-account", options.say, options.poll, options.role_arn)
    stack.deploy({"TemplateBody": ACCOUNT.read_text("utf-8")}, {}, {})


def stack_of(options: argparse.Namespace) -> Stack:
    return Stack(f"crm-{options.stage}", options.say, options.poll, options.role_arn)


def resources_of(options: argparse.Namespace) -> Stack:
    return Stack(f"crm-{options.stage}-resources", options.say, options.poll, options.role_arn)


def print_target(options: argparse.Namespace) -> Target:
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
