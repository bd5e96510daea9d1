"""Prepare in the package what each cold start would compute again. Another process does it, with the Python of the functions."""

import subprocess
from pathlib import Path

RECORDER = Path(__file__).with_name("start_recorder.py")
_ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "crm",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}
"""As a function's, and nothing of the developer's. No request is sent."""
_SECONDS = 120


class PrepareError(Exception):
    """The package does not start; the text is what Python said"""


def prepare(unpacked: Path, python: Path) -> None:
    """Complete an unpacked package. Raises PrepareError."""
    done = subprocess.run(
        [str(python), "-S", "-s", "-P", str(RECORDER), str(unpacked)],
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise PrepareError(f"The package does not start:\n{done.stdout}{done.stderr}")
