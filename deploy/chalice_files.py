"""The files in .chalice that follow from the catalogue of jobs: an entry for each function in config.json, and its policy.

`python -m deploy policies` writes them. Packaging completes its own copy, so a new job can be packaged without that. What
config.json has already stays as it is: memory, time limits and variables may be changed there.
"""

import json
from pathlib import Path
from typing import Any

from chalicelib.jobs import catalog
from deploy import policies

DEFAULTS = {
    policies.API: (1024, 29, 0),
    policies.CONSUMER: (1024, 300, 10),
    policies.DISPATCH: (512, 60, 1),
    policies.EMAIL_EVENTS: (512, 60, 0),
}
"""(MiB, seconds, reserved concurrency in prod)"""


def write(checkout: Path) -> None:
    """Write every policy, and the entries that are missing in config.json."""
    for file, text in policies.files().items():
        (checkout / ".chalice" / file.name).write_text(text, "utf-8")
    _complete_config(checkout / ".chalice" / "config.json")


def complete(checkout: Path) -> None:
    """Write only what is missing."""
    for file, text in policies.files().items():
        target = checkout / ".chalice" / file.name
        if not target.exists():
            target.write_text(text, "utf-8")
    _complete_config(checkout / ".chalice" / "config.json")


def _complete_config(file: Path) -> None:
    config = json.loads(file.read_text("utf-8"))
    for stage in policies.STAGES:
        functions = config["stages"][stage]["lambda_functions"]
        for function in policies.NEEDS:
            functions.setdefault(function, _entry(stage, function))
    file.write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def _entry(stage: str, function: str) -> dict[str, Any]:
    if function in catalog.JOBS:
        job = catalog.JOBS[function]
        memory, timeout, reserved = job.memory, job.timeout, job.reserved_concurrency
    else:
        memory, timeout, reserved = DEFAULTS[function]
    found: dict[str, Any] = {"lambda_timeout": timeout, "lambda_memory_size": memory}
    if reserved and policies.is_protected(stage):
        found["reserved_concurrency"] = reserved
    return found | {"iam_policy_file": f"policy-{stage}-{function}.json"}
