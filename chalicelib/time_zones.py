"""Time zones of the IANA database, by name. On Lambda the database comes with the package tzdata."""

import zoneinfo
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC_NAME = "UTC"
_MAX_LENGTH = 64
_NO_ZONES = {"localtime", "posixrules", "Factory"}
"""Files of the database that are no time zones of their own."""


class UnknownTimeZone(ValueError):
    """The text names no time zone"""


def find(name: str) -> ZoneInfo:
    """Return a time zone by its name, such as Europe/Berlin. Raises UnknownTimeZone."""
    if 0 < len(name) <= _MAX_LENGTH and name.isascii() and name not in _NO_ZONES:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise UnknownTimeZone(
        f"{name[:_MAX_LENGTH]!r} is not a time zone: use a name of the IANA database, such as Europe/Berlin"
    )


def is_same(one: str, other: str) -> bool:
    """Return whether two names stand for the same zone, such as Europe/Kiev and Europe/Kyiv. Raises UnknownTimeZone.

    A name that is only an alias has the same content in the database.
    """
    return one == other or _content(one) == _content(other)


def _content(name: str) -> bytes:
    """Return the rules of a zone, from where `ZoneInfo` has them."""
    zone = find(name).key
    for directory in zoneinfo.TZPATH:
        file = Path(directory, zone)
        if file.is_file():
            return file.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()
