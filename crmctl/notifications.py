"""`crmctl notifications`: the channels of notifications, and commands to add, change, remove and test them."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from crmctl import completion, tables
from crmctl.client import Client
from crmctl.commands import Command, CommandError, json_option, with_client
from crmctl.tables import Column
from crmctl.terminal import print_text
from crmctl.time_arguments import format_relative, format_time

FIELDS = """id name kind events jobs target enabled createdBy createdAt updatedBy updatedAt
  lastDeliveredAt lastFailedAt lastError"""
LIST = f"{{ notificationChannels {{ {FIELDS} }} }}"
ADD = f"""mutation Add($input: CreateNotificationChannelInput!) {{
  createNotificationChannel(input: $input) {{ channel {{ {FIELDS} }} }}
}}"""
EDIT = f"""mutation Edit($id: ID!, $input: UpdateNotificationChannelInput!) {{
  updateNotificationChannel(id: $id, input: $input) {{ channel {{ {FIELDS} }} }}
}}"""
REMOVE = "mutation Remove($id: ID!) { deleteNotificationChannel(id: $id) { id } }"
TEST = f"mutation Test($id: ID!) {{ sendTestNotification(id: $id) {{ channel {{ {FIELDS} }} }} }}"
KINDS = ("topic", "email", "webhook", "chat")
EVENTS = ("problem", "recovery", "success", "weekly-digest")
POLL_SECONDS = 0.5
_HIDDEN = "`-` asks for it: other users of this machine can see command lines."
EXIT_NOT_DELIVERED, EXIT_UNKNOWN = 1, 3


def _latest(channel: dict[str, Any], show: Callable[[str | None], str] = format_time) -> str:
    if not channel["enabled"]:
        return "disabled"
    delivered, failed = channel["lastDeliveredAt"], channel["lastFailedAt"]
    if failed and failed > (delivered or ""):
        return f"failed {show(failed)}"
    return show(delivered)


COLUMNS = (
    Column("id", lambda row: row["id"], no_wrap=True),
    Column("name", lambda row: row["name"]),
    Column("kind", lambda row: row["kind"].lower(), no_wrap=True, rank=3),
    Column("goes to", lambda row: row["target"]),
    Column("hears of", lambda row: ", ".join(_option_of(event) for event in row["events"]), rank=2),
    Column("jobs", lambda row: ", ".join(row["jobs"]) or "all", rank=4),
    Column("latest", _latest, short_cell=lambda row: _latest(row, format_relative), no_wrap=True, rank=1),
)


def _option_of(event: str) -> str:
    return event.lower().replace("_", "-")


@click.group()
def notifications() -> None:
    """Show and change who hears of problems, recoveries and successful runs."""


@notifications.command("list")
@json_option
@with_client
def list_channels(client: Client, *, as_json: bool) -> None:
    """Show all channels, and how their latest deliveries went."""
    found = client.execute(LIST)["notificationChannels"]
    tables.print_rows(found, COLUMNS, as_json=as_json, empty="There are no channels.")
    if not as_json:
        tables.print_remarks((row["id"], row["lastError"]) for row in found)


def _channel_options(command: Command) -> Command:
    for option in (
        click.option(
            "--job", "jobs", metavar="JOB", multiple=True, help="Only of this job. Repeatable.  [default: all]"
        ),
        click.option("--on", "events", type=click.Choice(EVENTS), multiple=True, help="What it hears of. Repeatable."),
        click.option("--secret", help=f"For a webhook: the key of the signature. {_HIDDEN}"),
        click.option("--webhook-url", metavar="URL", help=f"For a webhook or a chat. {_HIDDEN}"),
        click.option("--email", metavar="ADDRESS", help="For the kind email."),
    ):
        command = option(command)
    return command


@notifications.command("add")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@_channel_options
@with_client
def add(client: Client, /, kind: str, name: str, **options: Any) -> None:
    """Add a channel of KIND called NAME. Without --on, it hears of problems and recoveries. For example:

    crmctl notifications add email "On call" --email ops@example.com --on problem --on recovery
    """
    given = {"events": ["PROBLEM", "RECOVERY"], **_given(**options)}
    channel = {"kind": kind.upper(), "name": name, **given}
    _print(client.execute_once(ADD, {"input": channel})["createNotificationChannel"]["channel"])


@notifications.command("edit")
@click.argument("channel", shell_complete=completion.complete_channel)
@click.option("--name", help="Another name.")
@_channel_options
@click.option("--all-jobs", is_flag=True, help="Of all jobs again.")
@click.option("--enable/--disable", "enabled", default=None, help="A disabled channel gets nothing.")
@with_client
def edit(
    client: Client, /, channel: str, *, name: str | None, all_jobs: bool, enabled: bool | None, **options: Any
) -> None:
    """Change the channel with the id CHANNEL. What is not given stays as it is."""
    changes = _given(**options)
    changes |= {"jobs": []} if all_jobs else {}
    changes |= {key: value for key, value in (("name", name), ("enabled", enabled)) if value is not None}
    if not changes:
        raise CommandError("Give at least one option to change.")
    _print(client.execute_once(EDIT, {"id": channel, "input": changes})["updateNotificationChannel"]["channel"])


@notifications.command("remove")
@click.argument("channel", shell_complete=completion.complete_channel)
@with_client
def remove(client: Client, channel: str) -> None:
    """Remove the channel with the id CHANNEL. What is on its way to it is not delivered."""
    removed = client.execute_once(REMOVE, {"id": channel})["deleteNotificationChannel"]["id"]
    print_text(f"{removed} removed.")


@notifications.command("test")
@click.argument("channel", shell_complete=completion.complete_channel)
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(0), default=30, show_default=True, help="How long to wait."
)
@with_client
def test(client: Client, channel: str, *, timeout: float) -> None:
    """Send a test to the channel with the id CHANNEL, and wait for the result.

    Exit status: 0 delivered, 1 not delivered, 3 unknown after --timeout.
    """
    before = client.execute_once(TEST, {"id": channel})["sendTestNotification"]["channel"]
    deadline = time.monotonic() + timeout
    while True:
        listed = client.execute(LIST)["notificationChannels"]
        now = next((row for row in listed if row["id"] == channel), before)
        if now["lastDeliveredAt"] != before["lastDeliveredAt"]:
            print_text("Delivered.")
            return
        if now["lastFailedAt"] != before["lastFailedAt"]:
            print_text(f"Not delivered: {now['lastError']}. It is attempted again.", err=True)
            raise click.exceptions.Exit(EXIT_NOT_DELIVERED)
        if time.monotonic() >= deadline:
            print_text(f"No result within {timeout:g} s. See `crmctl notifications list` later.", err=True)
            raise click.exceptions.Exit(EXIT_UNKNOWN)
        time.sleep(POLL_SECONDS)


def _given(
    *, email: str | None, webhook_url: str | None, secret: str | None, events: Sequence[str], jobs: Sequence[str]
) -> dict[str, Any]:
    """Return what was given, under the names of the API."""
    wire = {
        "email": email,
        "url": _asked("URL", webhook_url),
        "secret": _asked("Secret", secret),
        "events": [event.upper().replace("-", "_") for event in events],
        "jobs": list(jobs),
    }
    return {name: value for name, value in wire.items() if value}


def _asked(name: str, given: str | None) -> str | None:
    """Return what was given, or for `-` what is typed without being shown, or comes through a pipe."""
    if given != "-":
        return given
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True))
    return sys.stdin.readline().strip()


def _print(channel: dict[str, Any]) -> None:
    events = ", ".join(_option_of(event) for event in channel["events"])
    jobs = f" of {', '.join(channel['jobs'])}" * bool(channel["jobs"])
    state = "" if channel["enabled"] else ". Disabled"
    print_text(f"{channel['id']}: {channel['target']} hears of {events}{jobs}{state}")
