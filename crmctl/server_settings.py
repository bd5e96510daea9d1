"""What the whole CRM counts in, as its API says."""

from dataclasses import dataclass

from crmctl.client import Client

_SETTINGS = "query Settings { settings { timeZone currency } }"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    time_zone: str
    """Whose days are counted, such as UTC."""
    currency: str
    """A code of ISO 4217, such as USD."""


def read(client: Client) -> ServerSettings:
    found = client.execute(_SETTINGS)["settings"]
    return ServerSettings(found["timeZone"], found["currency"])
