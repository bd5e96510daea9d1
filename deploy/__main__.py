"""`python -m deploy --help`: package, deploy, roll back and delete a stage, with your own AWS credentials."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy import commands, first_key, first_key_commands, generation_commands, policies, target
from deploy.first_key import FirstKeyError
from deploy.package import PackageError
from deploy.stack import Say
from deploy.stack_states import DeployError
from deploy.target import Ask, NotConfirmedError
from deploy.with_chalice import deployment


@dataclass(frozen=True, slots=True)
class Command:
    run: Callable[[argparse.Namespace], None]
    help: str
    options: tuple[str, ...] = ()


AWS = ("stage", "region", "role-arn", "poll")
"""Options of every command that changes or reads a stack."""
COMMANDS = {
    "policies": Command(commands.write_policies, "Write .chalice/policy-*.json and deploy/permissions/*.json."),
    "package": Command(commands.package_only, "Write the template and the zip to --out.", ("stage", "out")),
    "up": Command(
        commands.deploy,
        "Package, upload and deploy a stage.",
        (*AWS, "bucket", "email", "no-email", "yes", "package", "first-key", "generation"),
    ),
    "first-key": Command(
        first_key_commands.create,
        "Create the first operator's key of a deployed stage.",
        ("stage", "region", "name", "another"),
    ),
    "rollback": Command(
        commands.roll_back,
        "Deploy an earlier release again.",
        (*AWS, "bucket", "email", "no-email", "release", "first-key"),
    ),
    "releases": Command(commands.list_releases, "List the releases, and mark the one that runs.", (*AWS, "bucket")),
    "down": Command(commands.delete, "Delete the stack and keep the tables.", AWS),
    "delete-data": Command(commands.delete_data, "Delete the tables that a deleted stack has left.", (*AWS, "confirm")),
    "restore": Command(
        generation_commands.restore_stage,
        "Restore all tables to one instant, as new tables, and switch the stage over.",
        (*AWS, "bucket", "at", "yes"),
    ),
    "switch": Command(
        generation_commands.switch,
        "Let the stage run on the tables of another generation.",
        (*AWS, "bucket", "to-generation", "yes"),
    ),
    "delete-generation": Command(
        generation_commands.delete_generation,
        "Delete the tables of a generation that the stage does not use.",
        (*AWS, "to-generation", "confirm"),
    ),
    "resources": Command(
        commands.deploy_resources, "Create what `chalice deploy` needs first.", (*AWS, "email", "no-email", "first-key")
    ),
    "chalice-deploy": Command(
        deployment.deploy,
        "Create the resources, and run `chalice deploy`.",
        (*AWS, "bucket", "email", "no-email", "yes", "first-key", "generation"),
    ),
    "chalice-delete": Command(
        deployment.delete, "Delete what `chalice-deploy` has created, and keep the tables.", (*AWS, "bucket")
    ),
}


OPTIONS: dict[str, dict[str, Any]] = {
    "stage": {"required": True, "choices": policies.STAGES},
    "bucket": {"help": "where releases are kept; created if you leave it out"},
    "email": {"help": "who receives alarms"},
    "release": {"help": "the name of the release; default: the one before that which runs"},
    "confirm": {"help": "repeat the name of the stack, for example crm-dev"},
    "out": {"type": Path, "default": Path("package"), "help": "the directory to write to"},
    "region": {"help": "the AWS region; default: that of your AWS settings"},
    "name": {"default": first_key.NAME, "help": "the name of the key; default: %(default)s"},
    "another": {"action": "store_true", "help": "create a key even if an operator's key works"},
    "no-email": {"action": "store_true", "help": "remove the address that receives alarms"},
    "package": {"type": Path, "help": "deploy what `package --out` has written to this directory"},
    "yes": {"action": "store_true", "help": "do not ask before the first deployment to prod"},
    "role-arn": {"help": "the role that CloudFormation takes; default: your own rights"},
    "first-key": {
        "default": "print",
        "help": "where the first operator's key goes: print, file:PATH, or none; default: %(default)s",
    },
    "generation": {"type": int, "help": "which tables a new stack takes over, if there are several generations"},
    "to-generation": {"type": int, "required": True, "dest": "generation", "help": "the number of the generation"},
    "at": {"required": True, "help": "the instant, for example 2026-11-27T10:00:00Z; UTC if there is no zone"},
    "poll": {"type": float, "default": 2.0, "help": "seconds between two looks at the stack"},
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    found = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = found.add_parser(name, help=command.help, description=command.help)
        subparser.set_defaults(run=command.run)
        for option in command.options:
            subparser.add_argument(f"--{option}", **OPTIONS[option])
    return parser


def _print(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str] | None = None, say: Say = _print, ask: Ask | None = None) -> int:
    if ask is None and sys.stdin is not None and sys.stdin.isatty():
        ask = input
    options = _parser().parse_args(arguments, argparse.Namespace(say=say, ask=ask, generation=None))
    target.use_region(getattr(options, "region", None))
    try:
        options.run(options)
    except (DeployError, FirstKeyError, NotConfirmedError, PackageError, ClientError, BotoCoreError) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
