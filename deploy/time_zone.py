"""The time zone of a stage's data: a release whose functions would count days in another one is not deployed.

The zone that is set is the one in the release, which is not always that of this checkout. What is stored is read with your AWS
credentials, in a process of its own (`python -m deploy.time_zone`): chalicelib reads its settings once, when it is imported.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from chalicelib import time_zones
from deploy import generations, table_data
from deploy.stack_states import DeployError

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "CRM_TIME_ZONE"
_FUNCTION = "AWS::Serverless::Function"


def of_template(template: dict[str, Any]) -> str:
    """Return the time zone that all functions of a template have. Raises DeployError."""
    functions = [entry["Properties"] for entry in template["Resources"].values() if entry["Type"] == _FUNCTION]
    return _only([each.get("Environment", {}).get("Variables", {}).get(VARIABLE) for each in functions])


def of_config(stage: str, config: Path) -> str:
    """Return the time zone that `chalice deploy` gives all functions of a stage. Raises DeployError."""
    content = json.loads(config.read_text("utf-8"))
    levels = [content, content["stages"].get(stage, {})]
    common = [level.get("environment_variables", {}).get(VARIABLE) for level in levels]
    inherited = common[1] or common[0]
    own = [
        each.get("environment_variables", {}).get(VARIABLE) for each in levels[1].get("lambda_functions", {}).values()
    ]
    return _only([zone or inherited for zone in own] or [inherited])


def _only(found: list[str | None]) -> str:
    zones = sorted({zone or time_zones.UTC_NAME for zone in found} or {time_zones.UTC_NAME})
    try:
        is_one = all(time_zones.is_same(zones[0], zone) for zone in zones)
        time_zones.find(zones[0])
    except time_zones.UnknownTimeZone as error:
        raise DeployError(f"{VARIABLE}: {error}") from None
    if not is_one:
        raise DeployError(f"All functions must have the same {VARIABLE}, not {' and '.join(zones)}")
    return zones[0]


def has_data(stage: str, generation: int) -> bool:
    """Return whether the table that keeps the time zone is there already."""
    return f"{generations.prefix(stage, generation)}ops" in table_data.existing(stage, generation)


def confirm(stage: str, region: str, generation: int, zone: str) -> None:
    """Store the time zone with the data of a stage, once. Raises DeployError if the data has another one."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CRM_")}
    environment |= {"CRM_STAGE": stage, "CRM_REGION": region, generations.VARIABLE: str(generation), VARIABLE: zone}
    command = [sys.executable, "-m", "deploy.time_zone"]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DeployError(f"The time zone of the stage {stage} cannot be confirmed: {reason}")


def main() -> None:
    from chalicelib.crm import stored_time_zone

    try:
        stored_time_zone.confirm()
    except stored_time_zone.OtherTimeZone as error:
        sys.exit(f"{error}.")


if __name__ == "__main__":
    main()
