"""`crmctl login` and `logout`: keep address and key of a stage."""

import sys

import click

from crmctl import completion, logins
from crmctl.addresses import complete_url, is_loopback
from crmctl.client import ApiError, Client, validate_key, validate_url
from crmctl.commands import CommandError, print_message
from crmctl.connection import given_before_command
from crmctl.logins import Login, LoginError
from crmctl.terminal import print_text

CHECK = "{ runs(first: 1) { edges { cursor } } }"
"""Needs the least role that a key can have."""


@click.command()
@click.argument("stage", shell_complete=completion.complete_stage)
@click.option("--url", help="The stage's API, for example https://abc123.execute-api.us-east-1.amazonaws.com.")
@click.option("--key", help="The key. Without it you are asked, or it is read from a pipe, where nobody can see it.")
def login(stage: str, url: str | None, key: str | None) -> None:
    """Check address and key of STAGE, and keep them for `crmctl --stage STAGE`.

    The key is kept in the keyring if the package keyring is installed and has one, and otherwise in a file that only you
    can read. Without --url, the address that is known of the stage stays. A stage with open access needs no key.
    """
    before = given_before_command()
    try:
        known = logins.find(stage) if not (url or before.url) else None
        address = url or before.url or (known.url if known else None)
        if address is None:
            raise CommandError(f"Where is {stage}? Give its address with --url.")
        address = validate_url(complete_url(address))
        secret = key or before.key or _ask_key()
        if secret and address.startswith("http://") and not is_loopback(address):
            raise CommandError(f"The key would travel unencrypted to {address}. Use https://.")
        Client(address, validate_key(secret) if secret else None, notify=print_message).execute(CHECK)
        place = logins.save(stage, Login(address, secret or None))
    except (ApiError, LoginError) as error:
        raise CommandError(str(error)) from None
    print_text(f"Logged in to {stage}, {address}. The key is in {place}." if secret else f"{stage} is {address}.")
    print_text(f"Use it: crmctl --stage {stage} status")


@click.command()
@click.argument("stage", shell_complete=completion.complete_stage)
def logout(stage: str) -> None:
    """Forget address and key of STAGE. The key itself stays valid: see `crmctl keys revoke`."""
    try:
        was_known = logins.remove(stage)
    except LoginError as error:
        raise CommandError(str(error)) from None
    if not was_known:
        raise CommandError(f"You are not logged in to {stage!r}.")
    print_text(f"Logged out of {stage}.")


def _ask_key() -> str:
    if sys.stdin.isatty():
        return str(
            click.prompt("Key (empty if none is needed)", default="", show_default=False, hide_input=True, err=True)
        )
    return sys.stdin.readline().strip()
