"""The time zone of this machine."""

import os
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

_LINK = Path("/etc/localtime")


def local_zone() -> tzinfo:
    """Return the zone by its name where the machine has one, since the offset may be another one on another day."""
    named = os.environ.get("TZ", "").removeprefix(":")
    target = str(_LINK.resolve()) if not named and _LINK.is_symlink() else ""
    name = named or target.partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        fixed = datetime.now().astimezone().tzinfo
        assert fixed is not None  # noqa: S101 - astimezone sets it
        return fixed
