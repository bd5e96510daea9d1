"""The version that `crmctl --version` prints."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DISTRIBUTION = "serverless-crm"
_PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def installed_version() -> str:
    """Return the version of the installed distribution, or that of the checkout when crmctl runs from one."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return _checkout_version()


def _checkout_version() -> str:
    try:
        project = tomllib.loads(_PYPROJECT.read_text("utf-8"))["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "unknown"
    return f"{project['version']} (checkout)"
