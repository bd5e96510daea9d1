"""Time zones of the IANA database, by name. On Lambda the database comes with the package tzdata."""

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
