"""Commands to list, create, rotate and revoke API keys."""

from typing import Any

import click

from crmctl import completion, paging, tables
from crmctl.client import ApiError, Client
from crmctl.commands import json_option, limit_option, print_if_more, print_message, with_client
from crmctl.tables import Column, time_column
from crmctl.terminal import print_text
from crmctl.time_arguments import Timestamp

FIELDS = "id name role state createdAt createdBy expiresAt revokedAt lastUsedAt"
LIST = f"""query Keys($first: Int, $after: String) {{
  list: keys(first: $first, after: $after) {{ edges {{ node {{ {FIELDS} }} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""
CREATE = """mutation CreateKey($name: String!, $role: Role!, $expiresAt: DateTime) {
  issued: createKey(name: $name, role: $role, expiresAt: $expiresAt) { key { id name role } secret }
}"""
ROTATE = """mutation RotateKey($id: ID!, $hours: Int!) {
  issued: rotateKey(id: $id, overlapHours: $hours) { key { id name role } secret }
}"""
REVOKE = "mutation RevokeKey($id: ID!) { revokeKey(id: $id) { key { id name } } }"
COLUMNS = (
    Column("id", lambda key: key["id"], no_wrap=True),
    Column("name", lambda key: key["name"]),
    Column("role", lambda key: key["role"]),
    Column("state", lambda key: key["state"], styles={"ACTIVE": "green", "EXPIRED": "yellow", "REVOKED": "red"}),
    time_column("created", lambda key: key["createdAt"], rank=4),
    Column("by", lambda key: key["createdBy"], rank=5),
    time_column("expires", lambda key: key["expiresAt"], rank=2),
    time_column("last used", lambda key: key["lastUsedAt"], rank=3),
)


@click.group()
def keys() -> None:
    """Manage API keys. Needs a key with the role OPERATOR."""


@keys.command("list")
@limit_option(100)
@json_option
@with_client
def list_keys(client: Client, limit: int, *, as_json: bool) -> None:
    """List all keys, without their secrets."""
    listed = paging.read(client, LIST, limit)
    tables.print_rows(listed.rows, COLUMNS, as_json=as_json, empty="There are no keys.")
    print_if_more(listed)


@keys.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "editor", "operator"], case_sensitive=False),
    required=True,
    help="viewer reads. editor also writes customers, products and orders. operator also runs jobs and manages keys.",
)
@click.option(
    "--expires",
    type=Timestamp(ahead=True, is_end=True),
    help="Expire at this time, or after this day.  [default: never]",
)
@with_client
def create(client: Client, name: str, role: str, expires: str | None) -> None:
    """Create a key called NAME.

    The key is printed once, to stdout, so you can pipe it into a secret store.
    """
    issued = client.execute_once(CREATE, {"name": name, "role": role.upper(), "expiresAt": expires})["issued"]
    # A secret whose response was lost is of no use, so it need not stay valid.
    _print_issued(_with_secret(client, issued, overlap_hours=0))


@keys.command()
@click.argument("key_id", shell_complete=completion.complete_key)
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="How long the old secret stays valid.",
)
@with_client
def rotate(client: Client, key_id: str, overlap_hours: int) -> None:
    """Issue a new secret for a key, and print it once."""
    issued = client.execute_once(ROTATE, {"id": key_id, "hours": overlap_hours})["issued"]
    _print_issued(_with_secret(client, issued, overlap_hours))


@keys.command()
@click.argument("key_id", shell_complete=completion.complete_key)
@with_client
def revoke(client: Client, key_id: str) -> None:
    """Revoke a key."""
    revoked = client.execute_once(REVOKE, {"id": key_id})["revokeKey"]["key"]
    print_text(f"{revoked['name']} ({revoked['id']}) revoked")


def _with_secret(client: Client, issued: dict[str, Any], overlap_hours: int) -> dict[str, Any]:
    """Return what was issued, with a secret. Raises ApiError.

    The server stores only the hash of a secret. If the response was lost, the repeated request gets the key without it.
    """
    if issued["secret"] is not None:
        return issued
    key_id = issued["key"]["id"]
    print_message(f"The response with the secret of {key_id} was lost. Issuing another secret.")
    again: dict[str, Any] = client.execute_once(ROTATE, {"id": key_id, "hours": overlap_hours})["issued"]
    if again["secret"] is None:
        raise ApiError(
            f"The key {key_id} has a new secret, but the response with it was lost twice. "
            f"Run `crmctl keys rotate {key_id}` to get another one."
        )
    return again


def _print_issued(issued: dict[str, Any]) -> None:
    key = issued["key"]
    print_message(f"{key['name']} ({key['id']}), {key['role']}. Store this key now: it is not shown again.")
    click.echo(issued["secret"])
