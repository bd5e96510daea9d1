"""A release in another time zone than that of the data is refused before anything changes."""

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy import commands, first_key_commands, notices, time_zone
from deploy.stack_states import DeployError

pytestmark = pytest.mark.no_database


def a_template(*zones: str | None) -> dict[str, Any]:
    functions = [{"Environment": {"Variables": {"CRM_TIME_ZONE": zone}}} if zone else {} for zone in zones]
    rows = {
        f"F{number}": {"Type": "AWS::Serverless::Function", "Properties": properties}
        for number, properties in enumerate(functions)
    }
    return {"Resources": {**rows, "Table": {"Type": "AWS::DynamoDB::Table"}}}


def a_config(directory: Path, common: str | None, stage: str | None, function: str | None) -> Path:
    def variables(zone: str | None) -> dict[str, Any]:
        return {"environment_variables": {"CRM_TIME_ZONE": zone}} if zone else {}

    functions = {"work": variables(function), "heartbeat": {}}
    config = directory / "config.json"
    config.write_text(
        json.dumps({**variables(common), "stages": {"dev": {**variables(stage), "lambda_functions": functions}}})
    )
    return config


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ((), "UTC"),
        ((None, None), "UTC"),
        (("UTC", None), "UTC"),
        (("Asia/Kolkata", "Asia/Kolkata"), "Asia/Kolkata"),
        (("UTC", "Etc/UTC"), "Etc/UTC"),
    ],
)
def test_the_time_zone_of_a_release_is_that_of_its_functions(zones: tuple[str | None, ...], expected: str) -> None:
    assert time_zone.of_template(a_template(*zones)) == expected


@pytest.mark.parametrize(
    ("zones", "problem"),
    [
        (("Asia/Kolkata", None), "All functions must have the same CRM_TIME_ZONE, not Asia/Kolkata and UTC"),
        (("Mars/Olympus",), "CRM_TIME_ZONE: 'Mars/Olympus' is not a time zone"),
    ],
)
def test_functions_that_count_differently_or_not_at_all_are_refused(
    zones: tuple[str | None, ...], problem: str
) -> None:
    with pytest.raises(DeployError, match=problem):
        time_zone.of_template(a_template(*zones))


def test_the_time_zone_of_chalice_deploy_is_that_of_its_config(tmp_path: Path) -> None:
    assert time_zone.of_config("dev", a_config(tmp_path, None, None, None)) == "UTC"
    assert time_zone.of_config("dev", a_config(tmp_path, "Asia/Tokyo", None, None)) == "Asia/Tokyo"
    assert time_zone.of_config("dev", a_config(tmp_path, "Asia/Tokyo", "Asia/Kolkata", None)) == "Asia/Kolkata"
    assert time_zone.of_config("prod", a_config(tmp_path, None, "Asia/Kolkata", None)) == "UTC"
    with pytest.raises(DeployError, match="All functions must have the same"):
        time_zone.of_config("dev", a_config(tmp_path, None, "Asia/Kolkata", "Asia/Tokyo"))


def test_the_data_is_asked_in_a_process_with_the_settings_of_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TIME_ZONE", "Europe/Paris")
    monkeypatch.setenv("CRM_READ_BUDGET", "5")
    seen: dict[str, str] = {}

    def run(command: list[str], *, env: dict[str, str], **_rest: Any) -> subprocess.CompletedProcess[str]:
        seen.update({name: value for name, value in env.items() if name.startswith("CRM_")})
        return subprocess.CompletedProcess(command, 1, "", "Traceback\nCRM_TIME_ZONE is Asia/Tokyo, but ...\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DeployError) as refused:
        time_zone.confirm("prod", "eu-west-1", 2, "Asia/Tokyo")
    expected = "The time zone of the stage prod cannot be confirmed: CRM_TIME_ZONE is Asia/Tokyo, but ..."
    assert str(refused.value) == expected
    assert seen == {
        "CRM_STAGE": "prod", "CRM_REGION": "eu-west-1", "CRM_GENERATION": "2", "CRM_TIME_ZONE": "Asia/Tokyo",
    }  # fmt: skip


class Resources:
    """A stack that notes when it is deployed."""

    def __init__(self, events: list[str]) -> None:
        self._events = events

    def deploy(self, *_arguments: object, **_options: object) -> None:
        self._events.append("deployed")

    def outputs(self) -> dict[str, str]:
        return {}


@pytest.mark.parametrize(
    ("has_data", "refused", "expected"),
    [
        (True, False, ["confirmed", "deployed"]),
        (True, True, ["refused"]),
        (False, False, ["deployed", "confirmed"]),
    ],
)
def test_tables_that_exist_are_asked_before_and_new_ones_after(
    monkeypatch: pytest.MonkeyPatch, *, has_data: bool, refused: bool, expected: list[str]
) -> None:
    events: list[str] = []

    def confirm(stage: str, _region: str, generation: int, zone: str) -> None:
        assert (stage, generation, zone) == ("dev", 3, "UTC")
        events.append("refused" if refused else "confirmed")
        if refused:
            raise DeployError("another zone")

    monkeypatch.setattr(commands, "print_target", lambda _options: None)
    monkeypatch.setattr(commands, "resources_of", lambda _options: Resources(events))
    monkeypatch.setattr(commands, "_generation", lambda _options, _stack: 3)
    monkeypatch.setattr(commands, "_region", lambda: "eu-west-1")
    monkeypatch.setattr(notices, "show_subscriptions", lambda *_arguments: None)
    monkeypatch.setattr(first_key_commands, "hand_over", lambda *_arguments: None)
    monkeypatch.setattr(time_zone, "has_data", lambda _stage, _generation: has_data)
    monkeypatch.setattr(time_zone, "confirm", confirm)
    options = argparse.Namespace(stage="dev", email=None, no_email=False, say=lambda _text: None)
    if refused:
        with pytest.raises(DeployError, match="another zone"):
            commands.bring_up_resources(options)
    else:
        commands.bring_up_resources(options)
    assert events == expected
