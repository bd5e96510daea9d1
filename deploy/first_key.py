"""The first operator's key of a stage, which nobody can create through an API that already asks for a key.

It writes to the stage's table with your AWS credentials. That runs in a process of its own
(`python -m deploy.first_key`): chalicelib reads its settings once, when it is imported.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy import generations

ROOT = Path(__file__).resolve().parent.parent
NAME = "first operator"


class FirstKeyError(Exception):
    """The key could not be created; the text says why"""


@dataclass(frozen=True, slots=True)
class FirstKey:
    """`key` is None if the stage had a working operator's key, which then is the one with this id and name."""

    id: str
    name: str
    key: str | None


def request(stage: str, region: str, *, generation: int = 1, name: str = NAME, another: bool = False) -> FirstKey:
    """Create the first operator's key of a deployed stage, unless it has one that works. Raises FirstKeyError."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CRM_")}
    environment |= {"CRM_STAGE": stage, "CRM_REGION": region, generations.VARIABLE: str(generation)}
    command = [sys.executable, "-m", "deploy.first_key", "--name", name, *(["--another"] if another else [])]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise FirstKeyError(f"No key could be created for the stage {stage}: {reason}")
    return FirstKey(**json.loads(done.stdout))


def write(file: Path, key: str) -> None:
    """Write the key to a file that only you may read, so that it is in no log."""
    with open(file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as target:
        target.write(key + "\n")


def find_or_create(name: str = NAME, *, another: bool = False) -> FirstKey:
    """Return a working operator's key, or create one. Of two calls at the same time one creates it. Raises Conflict."""
    from chalicelib import clock
    from chalicelib.access import api_keys, key_format
    from chalicelib.access.roles import Role
    from chalicelib.errors import Conflict
    from chalicelib.store.retries import retry_delays
    from chalicelib.store.transaction import Stale

    for _ in retry_delays():
        operators = [key for key in api_keys.stored_keys() if key.role is Role.OPERATOR]
        working = next((key for key in operators if key.valid_at(clock.now())), None)
        if working and not another:
            return FirstKey(working.id, working.name, None)
        seen = "\n".join(sorted(key.id for key in operators))  # the same for two calls at the same time
        try:
            issued = api_keys.create(name, Role.OPERATOR, "first-key", key_id=key_format.id_from(seen))
        except Stale:
            continue  # another call has just created it
        return FirstKey(issued.api_key.id, issued.api_key.name, issued.key)
    raise Conflict


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.first_key", description=__doc__)
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--another", action="store_true")
    wanted = parser.parse_args()
    print(json.dumps(asdict(find_or_create(wanted.name, another=wanted.another))))


if __name__ == "__main__":
    main()
