"""Which API a command talks to, and with which key: --stage, --url and --key, the environment, or what runs here."""

import os
from dataclasses import dataclass
from pathlib import Path

import click

from crmctl import local_server, logins
from crmctl.addresses import complete_url
from crmctl.logins import LoginError
from crmctl.terminal import line_width, print_text

DEFAULT_URL = "http://127.0.0.1:8000/graphql"


@dataclass(frozen=True, slots=True)
class Given:
    """What --stage, --url and --key say, before or after the command."""

    stage: str | None
    url: str | None
    key: str | None

    def over(self, before: "Given") -> "Given":
        """Return what counts: options after the command over those before it. A stage and a URL exclude each other."""
        stage, url = (self.stage, self.url) if self.stage or self.url else (before.stage, before.url)
        return Given(stage, url, self.key or before.key)


@dataclass(frozen=True, slots=True)
class Endpoint:
    url: str
    key: str | None
    origin: str = ""
    """Where the address comes from, for the user."""
    is_chosen: bool = True
    """Whether somebody has said which API to use."""


def given_before_command(context: click.Context | None = None) -> Given:
    """Return the options before the command."""
    context = context or click.get_current_context(silent=True)
    found = context.find_root().params if context else {}
    return Given(found.get("stage"), found.get("url"), found.get("key"))


def resolve(given: Given, context: click.Context | None = None) -> Endpoint:
    """Return the API to use. Raises UsageError and LoginError."""
    given = given.over(given_before_command(context))
    if given.stage and given.url:
        raise click.UsageError("Give --stage or --url, not both.")
    if given.stage:
        return _stage_endpoint(given.stage, given.key)
    key = given.key or os.environ.get("CRM_KEY") or None
    if url := given.url or os.environ.get("CRM_URL"):
        return Endpoint(complete_url(url), key)
    if server := local_server.find():
        return Endpoint(server.url, key, f"make local in {_short(server.checkout)}", is_chosen=False)
    return Endpoint(DEFAULT_URL, key, "the default", is_chosen=False)


def announce(endpoint: Endpoint) -> None:
    """Say which API is used: always on a terminal, and elsewhere if nobody has chosen it."""
    if line_width(err=True) is not None or not endpoint.is_chosen:
        origin = f" ({endpoint.origin})" if endpoint.origin else ""
        print_text(f"API: {endpoint.url}{origin}", err=True)


def _stage_endpoint(stage: str, key: str | None) -> Endpoint:
    login = logins.find(stage)
    if login is None:
        known = f" You are logged in to: {', '.join(logins.stages())}." if logins.stages() else ""
        raise LoginError(f"You are not logged in to {stage!r}. Log in: crmctl login {stage} --url URL.{known}")
    return Endpoint(login.url, key or login.key, f"stage {stage}")


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)
