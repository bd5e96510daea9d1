"""`chalice deploy` of a stage, with what it needs before and after it.

It runs in a copy of the checkout. The copy's config.json has what is true for this stage in this account only: the address of the
API and the topic. The copy's policies name this account and region.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from deploy import (
    address,
    bucket,
    chalice_files,
    commands,
    email_reports,
    functions,
    generations,
    locked_wheels,
    package,
    policies,
    recursion,
    table_data,
    target,
)
from deploy import template as templates
from deploy.package import PackageError
from deploy.releases import Releases
from deploy.stack_states import DeployError
from deploy.target import Target
from deploy.with_chalice import record
from deploy.with_chalice.record import Record

API_URL = "CRM_API_URL"
_SECONDS = 1800


def deploy(options: argparse.Namespace) -> None:
    """Create the resources, deploy the functions and the API with Chalice, and print how to call it."""
    place = target.find()
    _refuse_packaged(options)
    if policies.is_protected(options.stage) and not options.yes and not commands.resources_of(options).exists():
        target.confirm(f"crm-{options.stage}", place, options.ask)
    commands.bring_up_resources(options)
    kept = _record(options, place)
    bucket.ensure(kept.bucket, place.account)
    before = kept.load()
    with _copy(options, place) as project:
        after = _run_deploy(options, project, before)
    kept.save(after)
    found = _address(options.stage, after)
    if found != _address(options.stage, before):
        _set_address(options.stage, found)
    recursion.allow(options.stage)
    options.say(f"GraphQL: {found}")


def delete(options: argparse.Namespace) -> None:
    """Delete what `chalice deploy` has created and the stack of resources. The tables stay."""
    place = commands.print_target(options)
    kept = _record(options, place)
    content = kept.load()
    if content is not None:
        with _copy(options, place) as project:
            record.write(project, options.stage, content)
            _run(options, project, "delete", {})
        kept.delete()
    commands.resources_of(options).delete()
    options.say(f"The tables stay. To delete them: make delete-data STAGE={options.stage} CONFIRM=crm-{options.stage}")


def _record(options: argparse.Namespace, place: Target) -> Record:
    return Record(options.stage, place.account, Releases(options.stage, place.account, options.bucket).bucket)


def _run_deploy(options: argparse.Namespace, project: Path, before: record.Content | None) -> record.Content:
    """Deploy with what is known of the API so far. Return Chalice's new record."""
    outputs = commands.resources_of(options).outputs()
    values = {
        "CRM_STAGE": options.stage,
        "CRM_TOPIC_ARN": outputs["TopicArn"],
        generations.VARIABLE: outputs[generations.PARAMETER],
        email_reports.VARIABLE: f"crm-{options.stage}",
    }
    if known := _address(options.stage, before):
        values[API_URL] = known
    _write_config(project, options.stage, values)
    if before is not None:
        record.write(project, options.stage, before)
    try:
        wheels = locked_wheels.download(project, project.parent / "wheels", package.find_python(project))
    except locked_wheels.DownloadError as error:
        raise PackageError(str(error)) from error
    _run(options, project, "deploy", wheels)
    return record.read(project, options.stage)


def _address(stage: str, content: record.Content | None) -> str:
    """Return the address of GraphQL: the custom domain's, or the API's own. It is empty if there is no API yet."""
    if address.custom_domain(stage, templates.CONFIG):
        return str(address.url(stage, templates.CONFIG))
    return record.url(content)


def _set_address(stage: str, found: str) -> None:
    """Tell the functions that ask the API its address, which exists only after the first deployment."""
    client: Any = boto3.client("lambda")
    for name, wanted in variables(stage).items():
        if API_URL in wanted:
            function = functions.function_name(name, stage)
            own = client.get_function_configuration(FunctionName=function).get("Environment", {}).get("Variables", {})
            changed = {"Variables": {**own, API_URL: found}}
            client.update_function_configuration(FunctionName=function, Environment=changed)
            client.get_waiter("function_updated_v2").wait(FunctionName=function)


def variables(stage: str) -> dict[str, dict[str, Any]]:
    """Return the variables that the packaged stack gives each function, by the function's name, as its template has them."""
    entries = templates.to_merge(stage)["Resources"]
    return {
        name: entries[functions.logical_id(name)]["Properties"]["Environment"]["Variables"]
        for name in functions.FUNCTIONS
    }


def _write_config(project: Path, stage: str, values: Mapping[str, str]) -> None:
    """Give each function the variables that it has in the packaged stack. Raises DeployError if a value is not known."""
    file = project / ".chalice" / "config.json"
    config = json.loads(file.read_text("utf-8"))
    entries = config["stages"][stage]["lambda_functions"]
    for name, wanted in variables(stage).items():
        own = entries[name].setdefault("environment_variables", {})
        own[generations.VARIABLE] = values[generations.VARIABLE]
        for variable, value in wanted.items():
            if variable in values or isinstance(value, str):
                own[variable] = values.get(variable, value)
            elif variable != API_URL:  # which exists only after the first deployment
                raise DeployError(f"`chalice deploy` cannot give {variable} to {name}: use make deploy STAGE={stage}")
    file.write_text(json.dumps(config, indent=2), "utf-8")


@contextmanager
def _copy(options: argparse.Namespace, place: Target) -> Iterator[Path]:
    """Yield a copy of the checkout with complete files in .chalice, in a directory that ends with it."""
    generation = generations.current(commands.resources_of(options).parameters())
    with tempfile.TemporaryDirectory(prefix=f"crm-{options.stage}-") as scratch:
        project = Path(scratch) / "project"
        package.copy_checkout(package.ROOT, project)
        chalice_files.complete(project)
        for file in (project / ".chalice").glob("policy-*.json"):
            file.write_text(_exact(file.read_text("utf-8"), options.stage, generation, place), "utf-8")
        yield project


def _exact(policy: str, stage: str, generation: int, place: Target) -> str:
    """Return a policy file for this account and region, and for the tables that the stage uses."""
    partition = boto3.client("sts").meta.partition
    tables = [name.removeprefix(generations.prefix(stage, 1)) for name in table_data.table_names(stage)]
    text = policy.replace("arn:*:", f"arn:{partition}:").replace(":*:*:", f":{place.region}:{place.account}:")
    return generations.rename(text, stage, generation, tables)


def _run(options: argparse.Namespace, project: Path, command: str, more: Mapping[str, str]) -> None:
    """Run Chalice with the caller's AWS settings. Raises PackageError."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CRM_", "CHALICE_"))}
    environment: dict[str, Any] = {**kept, "CRM_STAGE": options.stage, "PYTHONDONTWRITEBYTECODE": "1", **more}
    chalice = "from chalice.cli import main; import sys; sys.exit(main())"
    done = subprocess.run(
        [str(package.find_python(project)), "-c", chalice, command, "--stage", options.stage],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise PackageError(f"chalice {command} failed:\n{done.stdout}{done.stderr}")
    for line in done.stdout.splitlines():
        options.say(line)


def _refuse_packaged(options: argparse.Namespace) -> None:
    if commands.stack_of(options).exists():
        raise DeployError(
            f"{options.stage} was deployed by `make deploy`, whose stack has its tables. Go on with that, or make delete"
            f" STAGE={options.stage} first."
        )
