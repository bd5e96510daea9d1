"""How big is what goes to Lambda, and how long does each function take to import it from nothing?

`python -m benchmarks.package`. Cold imports are measured in processes of their own, the minimum of several rounds that
take turns, from the unpacked package; what they are compared with is imported from there in the same rounds. This
machine's milliseconds are not Lambda's: look at the ratios.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from deploy import package, policies

ROUNDS = 9
MOST_ZIP = 20_000_000
MOST_GRAPHQL, MOST_HEARTBEAT = 1.15, 0.6
PARTS = {
    "boto3's DynamoDB client": "import boto3; boto3.client('dynamodb')",
    "graphql-core": "import graphql",
    "pynamodb": "import pynamodb.models",
}
FURTHER = {
    "requests": "import requests",
    "powertools (logs, metrics)": "import chalicelib.telemetry",
    "chalice": "import chalice.app",
}
_TIMED = "import sys, time; sys.path.insert(0, {path!r}); began = time.perf_counter(); {code}; print(time.perf_counter() - began)"


def imported(unpacked: Path, code: str, handler: str = "") -> float:
    """Milliseconds, with nothing of this machine's packages in reach."""
    environment = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_LAMBDA_FUNCTION_NAME": "crm",
        "_HANDLER": handler,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-S", "-s", "-c", _TIMED.format(path=str(unpacked), code=code)]
    done = subprocess.run(
        command, env=environment, cwd=unpacked, capture_output=True, text=True, check=True, timeout=60
    )
    return 1000 * float(done.stdout.split()[-1])


def measure(unpacked: Path, rounds: int = ROUNDS) -> dict[str, float]:
    functions = {f"function {name}": ("import app", f"app.{name}") for name in policies.NEEDS if name != policies.API}
    wanted = {f"function {policies.API}": ("import app", "app.app"), **functions}
    wanted |= {name: (code, "") for name, code in {**PARTS, **FURTHER}.items()}
    found: dict[str, list[float]] = {name: [] for name in wanted}
    for _ in range(rounds):
        for name, (code, handler) in wanted.items():
            found[name].append(imported(unpacked, code, handler))
    return {name: min(times) for name, times in found.items()}


def sizes(code: Path) -> tuple[int, int, int]:
    """Bytes of the zip, bytes and number of the files in it."""
    with zipfile.ZipFile(code) as archive:
        entries = archive.infolist()
    return code.stat().st_size, sum(entry.file_size for entry in entries), len(entries)


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        made = package.build("dev", Path(scratch) / "package")
        packed, unpacked_bytes, files = sizes(made.code)
        unpacked = Path(scratch) / "unpacked"
        with zipfile.ZipFile(made.code) as archive:
            archive.extractall(unpacked)
        times = measure(unpacked)
    base = sum(times[name] for name in PARTS)
    print(
        f"zip {packed / 1e6:.1f} MB (at most {MOST_ZIP / 1e6:.0f}), unpacked {unpacked_bytes / 1e6:.1f} MB, {files} files\n"
    )
    print("| cold import | ms | of the three alone |\n|---|---|---|")
    for name, milliseconds in times.items():
        print(f"| {name} | {milliseconds:.0f} | {milliseconds / base:.2f} |")
    print(f"| the three alone: {', '.join(PARTS)} | {base:.0f} | 1 |")
    graphql, heartbeat = times[f"function {policies.API}"] / base, times["function heartbeat"] / base
    good = packed <= MOST_ZIP and graphql <= MOST_GRAPHQL and heartbeat <= MOST_HEARTBEAT
    print(f"\nGraphQL {graphql:.2f} (at most {MOST_GRAPHQL}), heartbeat {heartbeat:.2f} (at most {MOST_HEARTBEAT})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
