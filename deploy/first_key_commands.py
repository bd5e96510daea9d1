"""How the first operator's key gets to whoever deploys: shown once, written to a file, or not created."""

import argparse
import sys
from pathlib import Path

import boto3

from deploy import first_key, generations, table_data
from deploy.stack import Stack
from deploy.stack_states import DeployError


def create(options: argparse.Namespace) -> None:
    """Print the first operator's key of a stage, or fail if there is one that works."""
    made = first_key.request(
        options.stage,
        _region(),
        generation=_deployed_generation(options.stage),
        name=options.name,
        another=options.another,
    )
    if made.key is None:
        raise DeployError(f"{made.name} ({made.id}) is an operator's key that works. Add --another to create one more.")
    print(f"{made.name} ({made.id}), OPERATOR. Keep the key: it is not shown again.", file=sys.stderr)
    options.say(made.key)  # alone on stdout, so that it can go straight to where secrets are kept


def _deployed_generation(stage: str) -> int:
    """Return the generation that the stage runs on, however it was deployed."""
    found = table_data.existing_generations(stage)
    if len(found) <= 1:
        return found[0] if found else 1
    stacks = [Stack(name, print) for name in (f"crm-{stage}", f"crm-{stage}-resources")]
    return next((generations.current(stack.parameters()) for stack in stacks if stack.exists()), 1)


def hand_over(options: argparse.Namespace, generation: int) -> None:
    """Create a key if no operator's key works: without one nobody can use the stage. Raises DeployError."""
    if options.first_key == "none":
        return
    kind, _, path = options.first_key.partition(":")
    if options.first_key != "print" and (kind != "file" or not path):
        raise DeployError("--first-key must be print, file:PATH or none")
    made = first_key.request(options.stage, _region(), generation=generation)
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
