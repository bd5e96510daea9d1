"""`python -m deploy --help`: package, deploy, roll back and delete a stage, with the caller's own AWS credentials."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy import package, policies, table_data, template
from deploy.package import PackageError
from deploy.releases import Releases
from deploy.stack import DeployError, Say, Stack

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


def rollback(options: argparse.Namespace) -> None:
    """Back to a release: by default the one before that which runs."""
    releases = Releases(options.stage, options.bucket)
    current = _stack(options).tags().get("release", "")
    wanted = options.release or releases.before(current)
    if not wanted:
        raise DeployError("There is no release before the one that runs")
    options.say(f"From release {current} to {wanted}")
    _bring_up(options, releases, wanted)


def releases(options: argparse.Namespace) -> None:
    current = _stack(options).tags().get("release")
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


def resources(options: argparse.Namespace) -> None:
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


def _first_key(options: argparse.Namespace) -> None:
    """Once a stage: nobody could use it otherwise, and nobody can tell the key again."""
    region: str = boto3.client("dynamodb").meta.region_name
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    environment |= {"CRM_STAGE": options.stage, "CRM_REGION": region}
    command = [sys.executable, "-m", "deploy.first_key"]
    key = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=package.ROOT).stdout
    if key:
        options.say(f"Key of the first operator, told this once: {key}")


def _allow_access_logs(options: argparse.Namespace) -> None:
    if boto3.client("apigateway").get_account().get("cloudwatchRoleArn"):
        return
    options.say("API Gateway may not write logs in this account and region yet: making the role")
    Stack("crm-account", options.say, options.poll).deploy({"TemplateBody": ACCOUNT.read_text("utf-8")}, {}, {})


def _stack(options: argparse.Namespace) -> Stack:
    return Stack(f"crm-{options.stage}", options.say, options.poll)


def _package(options: argparse.Namespace) -> None:
    made = package.build(options.stage, options.out)
    options.say(f"{made.template}\n{made.code} ({made.code.stat().st_size / 1e6:.1f} MB)")


def _policies(_options: argparse.Namespace) -> None:
    policies.write()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("policies", help="write .chalice/policy-*.json").set_defaults(run=_policies)
    known: dict[str, tuple[Any, str]] = {
        "package": (_package, "make the template and the zip in OUT"),
        "up": (deploy, "package, upload and deploy a stage"),
        "rollback": (rollback, "back to an earlier release"),
        "releases": (releases, "what was uploaded, and what runs"),
        "down": (delete, "delete the stack; the tables stay"),
        "delete-data": (delete_data, "delete the tables that a deleted stack has left"),
        "resources": (resources, "what `chalice deploy` needs first"),
    }
    for name, (run, text) in known.items():
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        command.add_argument("--stage", required=True, choices=policies.STAGES)
        command.add_argument("--bucket", help="for releases; made if it is left out")
        command.add_argument("--email", help="is told of alarms")
        command.add_argument("--release")
        command.add_argument("--confirm")
        command.add_argument("--out", type=Path, default=Path("package"))
        command.add_argument("--poll", type=float, default=2.0, help="seconds between looks at the stack")
    return parser


def _print(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str] | None = None, say: Say = _print) -> int:
    options = _parser().parse_args(arguments, argparse.Namespace(say=say))
    try:
        options.run(options)
    except (DeployError, PackageError, ClientError, BotoCoreError) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
