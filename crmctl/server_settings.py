"""The time zone and the currency of the CRM, as its API says."""

from dataclasses import dataclass

from crmctl.client import Client, ServerTooOld

_SETTINGS = "query Settings { settings { timeZone currency } }"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    time_zone: str
    """The time zone in which days begin and end, such as UTC."""
    currency: str
    """A code of ISO 4217, such as USD."""


def read(client: Client) -> ServerSettings:
    """Return the settings. A server that does not tell them is of a release that had no others than these defaults."""
    try:
        found = client.execute(_SETTINGS)["settings"]
    except ServerTooOld:
        return ServerSettings("UTC", "USD")
    return ServerSettings(found["timeZone"], found["currency"])
