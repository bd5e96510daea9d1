"""What is rehearsed of `chalice deploy`: a stage is deployed, used, deployed from a second machine, and deleted."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from chalicelib.jobs import catalog
from deploy import __main__ as cli
from deploy import package, table_data
from deploy.functions import CONSUMERS
from deploy.rehearsal.stage import RehearsalError, Stage, quiet_moment
from deploy.with_chalice import record

STAGE = "dev"
MORE = ("deploy", "resources.yaml", "pyproject.toml")
"""What deploying needs of a checkout, beyond what is packaged."""
STATS = "{ crmStats { customers orders revenue } }"
HEALTH = "{ health { database queue } }"
_SECONDS = 300

Say = Callable[[str], None]


def expect(holds: object, what: str) -> None:
    if not holds:
        raise RehearsalError(what)


class ChaliceScenario:
    """`connect` makes a stage of its address and key."""

    def __init__(self, directory: Path, connect: Callable[[str, str], Stage], say: Say) -> None:
        self._directory = directory
        self._connect = connect
        self._say = say

    def play(self) -> None:
        heard = self._command("chalice-deploy")
        stage = self._connect(_url(heard), _key(heard))
        self._use(stage)
        self._deploy_from_second_machine(stage)
        self._find_without_record()
        self._restore(stage)
        self._delete()

    def _command(self, *arguments: str) -> list[str]:
        heard: list[str] = []
        found = cli.main([*arguments, "--stage", STAGE, "--poll", "0.2"], heard.append)
        if found:
            raise RehearsalError("\n".join([f"python -m deploy {' '.join(arguments)} ended with {found}", *heard]))
        return heard

    def _use(self, stage: Stage) -> None:
        answer = stage.ask(HEALTH)
        expect(answer == {"health": {"database": "UP", "queue": "UP"}}, f"not healthy: {answer}")
        self._say("A query is answered, and database and queue are reached")
        lines = stage.fires(catalog.HEARTBEAT)
        expect("is alive" in "".join(lines), f"the heartbeat says {lines}")
        stage.ask('mutation { remakeReport(period: "2026-W01") { run { slot } } }')
        stage.wait(lambda: stage.ask('{ report(period: "2026-W01") { period } }')["report"], "a report from the queue")
        for function in ("heartbeat", "work"):
            found = _variables(function).get("CRM_API_URL")
            expect(found == stage.url, f"{function} has the address {found}")
        self._say("The heartbeat is alive, and the consumer of the queue works")

    def _deploy_from_second_machine(self, stage: Stage) -> None:
        """Another checkout, which knows nothing of the first deployment."""
        checkout = self._directory / "second"
        package.copy_checkout(package.ROOT, checkout)
        for name in MORE:
            source = package.ROOT / name
            if source.is_dir():
                shutil.copytree(source, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, checkout / name)
        command = [sys.executable, "-m", "deploy", "chalice-deploy", "--stage", STAGE, "--poll", "0.2"]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=_SECONDS)
        expect(done.returncode == 0, f"the second machine failed: {done.stdout}{done.stderr}")
        self._check_same(stage, done.stdout.splitlines(), "a second machine")

    def _find_without_record(self) -> None:
        """A deployment that failed leaves no record, and must not be repeated beside what it has created."""
        found = record.find_deployed(STAGE) or {"resources": []}
        bucket, key = _record()
        kept = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        sources = [(f"{name}{record.EVENT_SOURCE}", "event_uuid") for name in CONSUMERS]
        for name, value in (("rest_api", "rest_api_id"), *sources):
            entries = [next(each for each in content["resources"] if each["name"] == name) for content in (found, kept)]
            expect(
                entries[0][value] == entries[1][value], f"without a record, {name} is {entries[0]}, not {entries[1]}"
            )
        self._say("Without Chalice's record, the API and the event sources are found in the account")

    def _restore(self, stage: Stage) -> None:
        """Functions, variables and policies follow to the restored tables."""
        before, moment = stage.ask(STATS), quiet_moment()
        stage.ask('mutation { createCustomer(input: {name: "Bob", email: "bob@example.com"}) { customer { id } } }')
        heard = self._command("restore", "--at", moment, "--yes")
        expect(stage.ask(STATS) == before, f"{stage.ask(STATS)} was restored, not {before}")
        expect(_variables("low_stock")["CRM_GENERATION"] == "2", f"not switched over: {heard}")
        self._check_same(stage, heard, "a restore")

    def _check_same(self, stage: Stage, heard: list[str], who: str) -> None:
        expect(_url(heard) == stage.url, f"{who} got the address {_url(heard)}, not {stage.url}")
        expect(len(_apis()) == 1, f"{who} has left the APIs {_apis()}")
        expect(not _key(heard), f"{who} created another key")
        expect("data" in stage.answer(HEALTH), f"no answer after {who}")
        self._say(f"Deployed by {who}: the same API at the same address")

    def _delete(self) -> None:
        self._command("chalice-delete")
        expect(not _apis(), f"the APIs {_apis()} are left")
        functions = boto3.client("lambda").list_functions()["Functions"]
        expect(not functions, f"functions are left: {[entry['FunctionName'] for entry in functions]}")
        expect(table_data.existing_generations(STAGE) == [1, 2], "the tables are gone, too")
        self._command("delete-data", "--confirm", f"crm-{STAGE}")
        self._say("Functions and API are gone, then the tables")


def _url(heard: list[str]) -> str:
    return next(line.split()[-1] for line in heard if line.startswith("GraphQL: "))


def _key(heard: list[str]) -> str:
    return next((line.split()[-1] for line in heard if line.startswith("Key of")), "")


def _apis() -> list[str]:
    return [entry["id"] for entry in boto3.client("apigateway").get_rest_apis()["items"]]


def _variables(function: str) -> dict[str, Any]:
    found = boto3.client("lambda").get_function_configuration(FunctionName=f"crm-{STAGE}-{function}")
    return dict(found["Environment"]["Variables"])


def _record() -> tuple[str, str]:
    s3: Any = boto3.client("s3")
    buckets = [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    return next(
        (bucket, entry["Key"])
        for bucket in buckets
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix="chalice/").get("Contents", ())
    )
