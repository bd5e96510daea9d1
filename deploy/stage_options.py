"""The options of a stage that are ours: what its entry in config.json has beside what Chalice reads.

They decide what a stage pays for being watched. docs/costs.md has what each costs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.stack_states import DeployError

_ALARMS = {"all", "few"}


@dataclass(frozen=True, slots=True)
class StageOptions:
    few_alarms: bool
    dashboard: bool
    """Whether there is a dashboard. Without the option, a stage with few alarms has none."""
    traced: bool
    """Whether X-Ray traces the API. Chalice reads the same option for the functions."""


def load(stage: str, config: Path) -> StageOptions:
    """Return the options of a stage. Raises DeployError if one has a value that it cannot have."""
    content = json.loads(config.read_text("utf-8"))
    entry = content["stages"].get(stage, {})
    alarms = entry.get("alarms", "all")
    if alarms not in _ALARMS:
        raise _refuse("alarms", stage, config, '"all" or "few"', alarms)
    dashboard = entry.get("dashboard", alarms == "all")
    traced = entry.get("xray", content.get("xray", False))
    for name, value in (("dashboard", dashboard), ("xray", traced)):
        if not isinstance(value, bool):
            raise _refuse(name, stage, config, "true or false", value)
    return StageOptions(few_alarms=alarms == "few", dashboard=dashboard, traced=traced)


def _refuse(name: str, stage: str, config: Path, allowed: str, value: Any) -> DeployError:
    return DeployError(f'"{name}" of the stage {stage} in {config.name} must be {allowed}, not {json.dumps(value)}')
