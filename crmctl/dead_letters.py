"""Commands to list dead letters and to retry them."""

import click

from crmctl import tables
from crmctl.client import Client
from crmctl.commands import json_option, print_message, with_client
from crmctl.tables import Column, Row, time_column
from crmctl.terminal import print_text
from crmctl.text import counted

DEAD = "{ deadLetters { id job slot sentAt reason body } queue { waiting working dead } }"
REDRIVE = "mutation Redrive($ids: [ID!]) { redriveDeadLetters(ids: $ids) { redriven left } }"
DISCARD = "mutation Discard($ids: [ID!]!) { discardDeadLetters(ids: $ids) { discarded left } }"
MAX_SHOWN_CHARACTERS = 200


def describe_message(letter: Row) -> str:
    """Return the job and slot, or the beginning of the body if it names no run."""
    if letter["job"]:
        return f"{letter['job']} {letter['slot']}"
    body: str = letter["body"]
    return body if len(body) <= MAX_SHOWN_CHARACTERS else body[:MAX_SHOWN_CHARACTERS] + "…"


COLUMNS = (
    Column("id", lambda letter: letter["id"], no_wrap=True),
    time_column("sent", lambda letter: letter["sentAt"], rank=1),
    Column("message", describe_message),
    Column("reason", lambda letter: letter["reason"]),
)


@click.command()
@json_option
@with_client
def dead_letters(client: Client, *, as_json: bool) -> None:
    """Show dead letters: messages of runs that failed for good, and bad messages.

    Shows at most 100, the oldest first.
    """
    found = client.execute(DEAD)
    letters, queue = found["deadLetters"], found["queue"]
    tables.print_rows(letters, COLUMNS, as_json=as_json, empty="There are no dead letters.")
    if not as_json:
        click.echo()
        print_text(f"Queue: {queue['waiting']} waiting, {queue['working']} in progress, {queue['dead']} dead")
    elif queue["dead"] > len(letters):
        print_message(f"Showing {len(letters)} of about {counted(queue['dead'], 'dead letter')}.")


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@with_client
def redrive(client: Client, ids: tuple[str, ...]) -> None:
    """Retry the dead letters with these IDs, or all.

    Retries at most 100 at a time. Messages that name no run stay in the dead-letter queue.
    """
    done = client.execute_once(REDRIVE, {"ids": ids or None})["redriveDeadLetters"]
    why = f"they {'are gone, ' if ids else ''}belong to no run, or their job is paused"
    print_text(f"Retried: {done['redriven']}. Left in the queue because {why}: {done['left']}.")


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@with_client
def discard(client: Client, ids: tuple[str, ...]) -> None:
    """Discard the dead letters with these IDs for good."""
    done = client.execute_once(DISCARD, {"ids": ids})["discardDeadLetters"]
    print_text(f"Discarded: {done['discarded']}." + (f" Not found: {done['left']}." if done["left"] else ""))
