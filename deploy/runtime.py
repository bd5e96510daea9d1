"""The runtime of the functions. It is pinned in .chalice/runtime, so that it does not depend on who packages.

Lambda stops updating a runtime at its end of life; later it refuses new functions, and at last changes of old ones. cfn-lint
has the dates: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

import json
import re
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

FILE = Path(".chalice") / "runtime"
NOTICE = timedelta(days=182)
"""Whoever deploys is warned so long before the end of life."""
_PATTERN = re.compile(r"python(3\.\d+)")


class RuntimePinError(Exception):
    """The pinned runtime is not a Python that Lambda could have"""


def pinned(checkout: Path) -> str:
    """Return the name of the runtime, such as python3.13. Raises RuntimePinError."""
    file = checkout / FILE
    text = file.read_text("utf-8").strip()
    if not _PATTERN.fullmatch(text):
        raise RuntimePinError(f"{file} must have the name of a runtime, such as python3.13, not {text!r}")
    return text


def version(runtime: str) -> str:
    """Return the version of Python, such as 3.13."""
    return runtime.removeprefix("python")


def warning(runtime: str, today: date) -> str | None:
    """Return a sentence if the end of life of a runtime is near or past, and None otherwise."""
    dates = _life_cycle().get(runtime)
    if dates is None:
        return f"WARNING: cfn-lint does not know {runtime}. Does Lambda have it?"
    end = date.fromisoformat(dates["deprecated"])
    if today < end - NOTICE:
        return None
    verb = "ends" if today < end else "has ended"
    return (
        f"WARNING: Lambda's support of {runtime} {verb} on {end}. From {dates['create-block']} on no function can be created"
        f" with it, and from {dates['update-block']} on none can be changed. Pin another runtime in {FILE}."
    )


def _life_cycle() -> dict[str, dict[str, str]]:
    from cfnlint.data import AdditionalSpecs

    text = (resources.files(AdditionalSpecs) / "LmbdRuntimeLifecycle.json").read_text("utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found
