"""Which API keys are there, and how is one made, changed for another, or revoked?"""

from typing import Any

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, say, say_if_more, with_client
from crmctl.tables import Column
from crmctl.text import plain
from crmctl.time_arguments import Moment, to_minute

FIELDS = "id name role state createdAt createdBy expiresAt revokedAt lastUsedAt"
LIST = f"""query Keys($first: Int, $after: String) {{
  list: keys(first: $first, after: $after) {{ edges {{ node {{ {FIELDS} }} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""
CREATE = """mutation CreateKey($name: String!, $role: Role!, $expiresAt: DateTime) {
  made: createKey(name: $name, role: $role, expiresAt: $expiresAt) { key { id name role } secret }
}"""
ROTATE = """mutation RotateKey($id: ID!, $hours: Int!) {
  made: rotateKey(id: $id, overlapHours: $hours) { key { id name role } secret }
}"""
REVOKE = "mutation RevokeKey($id: ID!) { revokeKey(id: $id) { key { id name } } }"
COLUMNS = (
    Column("id", lambda key: key["id"], whole=True),
    Column("name", lambda key: key["name"]),
    Column("role", lambda key: key["role"]),
    Column("state", lambda key: key["state"], styles={"ACTIVE": "green", "EXPIRED": "yellow", "REVOKED": "red"}),
    Column("created", lambda key: to_minute(key["createdAt"])),
    Column("by", lambda key: key["createdBy"]),
    Column("expires", lambda key: to_minute(key["expiresAt"])),
    Column("last used", lambda key: to_minute(key["lastUsedAt"])),
)


@click.group()
def keys() -> None:
    """Manage API keys. Needs an operator's key."""


@keys.command("list")
@limit_option(100)
@json_option
@with_client
def list_keys(client: Client, limit: int, *, as_json: bool) -> None:
    """Show the keys, without their secrets."""
    listed = paging.read(client, LIST, limit)
    tables.show(listed.rows, COLUMNS, as_json=as_json, none="There are no keys.")
    say_if_more(listed)


@keys.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "editor", "operator"], case_sensitive=False),
    required=True,
    help="viewer reads; editor also writes customers, products and orders; operator also runs jobs and manages keys.",
)
@click.option("--expires", type=Moment(), help="Until when it works.  [default: until it is revoked]")
@with_client
def create(client: Client, name: str, role: str, expires: str | None) -> None:
    """Make a key called NAME, and show it this once.

    The key is on stdout, so that it can go straight to where secrets are kept.
    """
    # A repeated request makes a second key, of which nobody learns the secret: it can be revoked, and opens nothing.
    _show(client.execute(CREATE, {"name": name, "role": role.upper(), "expiresAt": expires})["made"])


@keys.command()
@click.argument("key_id")
@click.option(
    "--overlap-hours", type=click.IntRange(0, 720), default=24, show_default=True, help="How long the old one works on."
)
@with_client
def rotate(client: Client, key_id: str, overlap_hours: int) -> None:
    """Make a new secret for the key, and show it this once."""
    _show(client.execute(ROTATE, {"id": key_id, "hours": overlap_hours})["made"])


@keys.command()
@click.argument("key_id")
@with_client
def revoke(client: Client, key_id: str) -> None:
    """Have the key refused from now on."""
    revoked = client.execute(REVOKE, {"id": key_id})["revokeKey"]["key"]
    click.echo(plain(f"{revoked['name']} ({revoked['id']}) is revoked"))


def _show(made: dict[str, Any]) -> None:
    key = made["key"]
    say(f"{key['name']} ({key['id']}), {key['role']}. Keep the key: it is not shown again.")
    click.echo(made["secret"])
