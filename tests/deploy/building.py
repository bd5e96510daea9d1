"""The packaged stack, made once for all tests that look at it, in all processes."""

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from deploy import package
from tests.deploy.kept import kept, sources_of

REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2", "cn-north-1", "us-gov-west-1")
"""The oldest, one of Europe, one of the south, and one of each other partition."""
_AFTER = "after.json"


@dataclass(frozen=True, slots=True)
class Template:
    stage: str
    file: Path

    @property
    def content(self) -> dict[str, Any]:
        """A copy of one's own."""
        found: dict[str, Any] = json.loads(self.file.read_text("utf-8"))
        return found

    @property
    def translated(self) -> dict[str, Any]:
        """What CloudFormation makes of the template before it begins: SAM's transform, applied. A copy of one's own."""
        text = self.file.read_text("utf-8")
        sources = [text, importlib.metadata.version("aws-sam-translator"), Path(__file__).read_text("utf-8")]
        place = kept("translated", sources, lambda place: (place / _AFTER).write_text(_translated(text), "utf-8"))
        found: dict[str, Any] = json.loads((place / _AFTER).read_text("utf-8"))
        return found


def _translated(text: str) -> str:
    """Import SAM's transform here: that takes half a second in each process, and what it makes is kept."""
    transform = import_module("samtranslator.translator.transform").transform
    content = json.loads(text)
    for entry in content["Resources"].values():
        if entry["Type"] == "AWS::Serverless::Function":
            entry["Properties"]["CodeUri"] = {"Bucket": "bucket", "Key": "key"}
    loader = type("NoPolicies", (), {"load": staticmethod(dict)})()
    return json.dumps(transform(content, {}, loader))


def copy_of_checkout(target: Path, *more: str) -> Path:
    """What packaging reads, so that a test can change it."""
    package.copy_checkout(package.ROOT, target)
    for name in more:
        shutil.copytree(package.ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def template_of(stage: str, directory: Path, **options: Any) -> Template:
    """Without any requirement: only the template is of interest, and it does not depend on them. `options` are the stage's."""
    bare = copy_of_checkout(directory / f"checkout-{stage}")
    (bare / "requirements.txt").write_text("")
    if options:
        config = json.loads((bare / ".chalice" / "config.json").read_text("utf-8"))
        config["stages"][stage] |= options
        (bare / ".chalice" / "config.json").write_text(json.dumps(config), "utf-8")
    place = kept(f"template-{stage}", sources_of(bare), lambda place: package.make_template(stage, place, bare))
    return Template(stage, place / "sam.json")


def built(stage: str) -> package.Package:
    place = kept(f"package-{stage}", sources_of(package.ROOT), lambda place: package.build(stage, place))
    return package.Package(place / "sam.json", place / "deployment.zip")


def of_type(found: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the properties of all resources of one type, by their logical ids."""
    return {name: entry["Properties"] for name, entry in found.items() if entry.get("Type") == kind}


def metrics_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the alarms look at."""
    metrics = []
    for alarm in of_type(found, "AWS::CloudWatch::Alarm").values():
        if "MetricName" in alarm:
            metrics.append(alarm)
        metrics += [entry["MetricStat"]["Metric"] for entry in alarm.get("Metrics", ()) if "MetricStat" in entry]
    return metrics


def lint(regions: Iterable[str], *files: Path, checks: Iterable[str] = ("W", "E")) -> None:
    """Fail if cfn-lint finds anything in the files. Lists of checks are their names, or what these begin with.

    Templates in which it has found nothing are not linted again: that takes seconds for each.
    """
    wanted = [*checks, "--regions", *regions]
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", "--include-checks", *wanted]

    def run(_place: Path) -> None:
        done = subprocess.run(
            [*command, "--template", *files], capture_output=True, text=True, check=False, timeout=240
        )
        assert done.returncode == 0, done.stdout + done.stderr

    contents = [part for file in files for part in (file.suffix, file.read_text("utf-8"))]
    kept("linted", [importlib.metadata.version("cfn-lint"), *wanted, *contents], run)
