"""What goes to Lambda? Chalice's package, made smaller and faster: without what no function uses, and with bytecode.

It is made in a copy of the checkout, so that neither stale bytecode nor a developer's files get in, and it comes out the
same every time.
"""

import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from deploy import chalice_files, interpreter, locked_wheels, prepared_start, runtime, service_models, template

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "app.py",
    "chalicelib",
    "localdev",
    "requirements.txt",
    locked_wheels.LOCK,
    ".chalice/config.json",
    str(runtime.FILE),
)
"""localdev since app.py looks for it under Chalice; it is never packaged."""
_UNUSED = ("boto3", "s3transfer", "aws_lambda_powertools/event_handler")
"""Libraries that no function imports."""
TASK = "/var/task"
"""Where Lambda unpacks the code: it stands in the bytecode, and so in stack traces."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Package:
    template: Path
    code: Path


class PackageError(Exception):
    """Chalice could not make the package; the text is what it said"""


def build(stage: str, out: Path, checkout: Path = ROOT) -> Package:
    """Package a stage on the Python that its functions run on. Raises PackageError."""
    sam = make_template(stage, out, checkout)
    code = out / "deployment.zip"
    finish(code, find_python(checkout))
    return Package(sam, code)


def finish(code: Path, python: Path) -> None:
    """Make Chalice's zip smaller and faster. Raises PackageError."""
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = Path(scratch)
        with zipfile.ZipFile(code) as archive:
            archive.extractall(unpacked)
        shrink(unpacked)
        try:
            prepared_start.prepare(unpacked, python)
        except prepared_start.PrepareError as error:
            raise PackageError(str(error)) from error
        compile_all(unpacked, python)
        pack(unpacked, code)


def make_template(stage: str, out: Path, checkout: Path = ROOT) -> Path:
    """Beside Chalice's own zip, as it is. Raises PackageError."""
    python = find_python(checkout)
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        copy_checkout(checkout, project)
        chalice_files.complete(project)
        merge = Path(scratch) / "merge.json"
        merge.write_text(template.dump(template.to_merge(stage, checkout / ".chalice" / "config.json")), "utf-8")
        out = out.resolve()  # Chalice runs in the copy
        out.mkdir(parents=True, exist_ok=True)
        try:
            wheels = locked_wheels.download(project, Path(scratch) / "wheels", python)
        except locked_wheels.DownloadError as error:
            raise PackageError(str(error)) from error
        options = ["--stage", stage, "--merge-template", str(merge), str(out)]
        _chalice(python, options, project, {"CRM_STAGE": stage, **wheels})
    sam = out / "sam.json"
    if not (sam.exists() and (out / "deployment.zip").exists()):
        raise PackageError(f"Chalice has left no package in {out}")
    _check_runtime(sam, runtime.pinned(checkout))
    sam.write_text(template.dump(template.finish(template.read(sam))), "utf-8")
    return sam


def copy_checkout(checkout: Path, project: Path) -> None:
    for name in (*COPIED, *(str(file.relative_to(checkout)) for file in checkout.glob(".chalice/policy-*.json"))):
        source, target = checkout / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def find_python(checkout: Path) -> Path:
    """Return the Python that packages. Raises PackageError."""
    try:
        return interpreter.environment(runtime.version(runtime.pinned(checkout)))
    except (interpreter.InterpreterError, runtime.RuntimePinError) as error:
        raise PackageError(str(error)) from error


def _check_runtime(sam: Path, pinned: str) -> None:
    """Chalice names the runtime of the Python that it runs on."""
    resources = json.loads(sam.read_text("utf-8"))["Resources"]
    functions = [entry["Properties"] for entry in resources.values() if entry["Type"] == "AWS::Serverless::Function"]
    others = {function["Runtime"] for function in functions} - {pinned}
    if others:
        raise PackageError(f"The package is for {', '.join(sorted(others))}, and {runtime.FILE} has {pinned}")


def _chalice(python: Path, options: list[str], project: Path, variables: dict[str, str]) -> None:
    """Run `chalice package`. It imports app.py, so what is set for a developer's own use must not be seen there; it calls no AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CRM_", "AWS_", "CHALICE_"))}
    environment = kept | {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }
    chalice = "from chalice.cli import main; import sys; sys.exit(main())"
    command = [str(python), "-c", chalice, "package", *options]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    if done.returncode:
        raise PackageError(done.stdout + done.stderr)


def shrink(unpacked: Path) -> None:
    data = unpacked / "botocore" / "data"
    service_models.drop_others(data)
    service_models.cut_ours(data)
    for name in _UNUSED:
        shutil.rmtree(unpacked / name)
    for tests in [path for path in unpacked.rglob("tests") if path.is_dir()]:
        shutil.rmtree(tests)


def compile_all(unpacked: Path, python: Path) -> None:
    """Without it each cold start compiles everything again, which takes three times as long as the start itself."""
    options = ["-q", "-j", "0", "-s", str(unpacked), "-p", TASK, "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [str(python), "-m", "compileall", *options, str(unpacked)],
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise PackageError(f"Not everything in the package compiles:\n{done.stdout}{done.stderr}")


def pack(unpacked: Path, target: Path) -> None:
    """Sorted and without times, so that what did not change is not deployed."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(path for path in unpacked.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(file.relative_to(unpacked)), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
