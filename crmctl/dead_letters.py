"""Which messages failed for good, and how are they tried again?"""

import click

from crmctl import tables
from crmctl.client import Client
from crmctl.commands import json_option, say, with_client
from crmctl.tables import Column, Row
from crmctl.time_arguments import to_minute

DEAD = "{ deadLetters { id job slot sentAt reason body } queue { waiting working dead } }"
REDRIVE = "mutation Redrive { redriveDeadLetters { redriven left } }"
SHOWN_CHARACTERS = 200


def what(letter: Row) -> str:
    """The run, or of a message that names none its beginning."""
    if letter["job"]:
        return f"{letter['job']} {letter['slot']}"
    body: str = letter["body"]
    return body if len(body) <= SHOWN_CHARACTERS else body[:SHOWN_CHARACTERS] + "…"


COLUMNS = (
    Column("sent", lambda letter: to_minute(letter["sentAt"])),
    Column("message", what),
    Column("why", lambda letter: letter["reason"]),
)


@click.command()
@json_option
@with_client
def dead_letters(client: Client, *, as_json: bool) -> None:
    """Show messages whose runs failed for good.

    At most 100, the oldest first.
    """
    found = client.execute(DEAD)
    letters, queue = found["deadLetters"], found["queue"]
    tables.show(letters, COLUMNS, as_json=as_json, none="There are no dead letters.")
    if not as_json:
        click.echo(f"\nThe queue: {queue['waiting']} waiting, {queue['working']} worked on, {queue['dead']} dead")
    elif queue["dead"] > len(letters):
        say(f"About {queue['dead']} are dead; these are {len(letters)} of them.")


@click.command()
@with_client
def redrive(client: Client) -> None:
    """Have dead letters tried again.

    At most 100 at a time. Those that name no run stay.
    """
    done = client.execute(REDRIVE)["redriveDeadLetters"]
    click.echo(f"Tried again: {done['redriven']}. Left, since no run can be made of them: {done['left']}.")
