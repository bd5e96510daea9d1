"""What a stage pays to be watched follows from its options in config.json."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy import alarms, policies, template
from deploy.stack_states import DeployError
from tests.deploy.building import Template, metrics_of, of_type, template_of

pytestmark = pytest.mark.no_database


def config_with(directory: Path, **options: Any) -> Path:
    """Return a copy of config.json in which `dev` has more options."""
    config = json.loads(template.CONFIG.read_text("utf-8"))
    config["stages"]["dev"] |= options
    file = directory / "config.json"
    file.write_text(json.dumps(config))
    return file


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("alarms", "some", '"all" or "few"'),
        ("alarms", True, '"all" or "few"'),
        ("dashboard", "yes", "true or false"),
        ("xray", 0.05, "true or false"),
    ],
)
def test_an_option_with_a_value_that_it_cannot_have_is_refused(
    option: str, value: object, allowed: str, tmp_path: Path
) -> None:
    config = config_with(tmp_path, **{option: value})
    with pytest.raises(DeployError) as refused:
        template.to_merge("dev", config)
    assert str(refused.value) == (
        f'"{option}" of the stage dev in config.json must be {allowed}, not {json.dumps(value)}'
    )
    assert template.to_merge("prod", config)


def test_a_small_stage_can_do_with_few_alarms_and_without_a_dashboard(tmp_path: Path) -> None:
    config = config_with(tmp_path, alarms="few")
    before, after = (template.to_merge("dev", file)["Resources"] for file in (template.CONFIG, config))
    assert set(of_type(after, alarms.ALARM)) == set(alarms.FEW)
    assert len(metrics_of(after)) == 8
    assert len(metrics_of(before)) == 21
    assert before.keys() - after.keys() == (set(of_type(before, alarms.ALARM)) - alarms.FEW) | {"Dashboard"}
    prod = template.to_merge("prod", config)["Resources"]
    assert of_type(prod, alarms.ALARM).keys() == of_type(before, alarms.ALARM).keys()


@pytest.mark.parametrize(("alarms_", "dashboard"), [("few", True), ("all", False)])
def test_a_stage_says_whether_it_has_a_dashboard(alarms_: str, dashboard: bool, tmp_path: Path) -> None:  # noqa: FBT001
    found = template.to_merge("dev", config_with(tmp_path, alarms=alarms_, dashboard=dashboard))["Resources"]
    assert ("Dashboard" in found) is dashboard


@pytest.mark.parametrize("stage", policies.STAGES[:1])
def test_x_ray_is_on_for_the_api_and_all_functions_or_off(
    stage: str, packaged_template: Callable[[str], Template], tmp_path_factory: pytest.TempPathFactory
) -> None:
    traced = template_of(stage, tmp_path_factory.mktemp("traced"), xray=True)
    for built, on, tracing in ((packaged_template(stage), False, "PassThrough"), (traced, True, "Active")):
        found = built.content["Resources"]
        assert found["RestAPI"]["Properties"]["TracingEnabled"] is on
        functions = of_type(found, "AWS::Serverless::Function").values()
        assert {entry["Tracing"] for entry in functions} == {tracing}
