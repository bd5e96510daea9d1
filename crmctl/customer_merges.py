"""The commands that merge two customers, and undo a merge."""

from collections.abc import Callable
from typing import Any

import click

from crmctl import row_lookup
from crmctl.client import Client
from crmctl.commands import CommandError, with_client
from crmctl.confirmation import confirm
from crmctl.row_lookup import find_row
from crmctl.tables import Row
from crmctl.terminal import print_text
from crmctl.text import counted

FIND_KEPT = """query FindKept($key: String!, $id: ID!) {
  byId: customer(id: $id) { id merges { absorbedId email status } }
  byEmail: customer(email: $key) { id merges { absorbedId email status } }
}"""
ANSWER = """merge { keptId absorbedId status moved returned undoableUntil } preview { summary lines more }"""
MERGE = f"""mutation MergeCustomers($keep: ID!, $absorb: ID!, $dryRun: Boolean!) {{
  done: mergeCustomers(keep: $keep, absorb: $absorb, dryRun: $dryRun) {{ {ANSWER} }}
}}"""
UNDO = f"""mutation UndoCustomerMerge($absorbed: ID!, $dryRun: Boolean!) {{
  done: undoCustomerMerge(absorbed: $absorbed, dryRun: $dryRun) {{ {ANSWER} }}
}}"""
IN_PROGRESS = ("MOVING", "UNDOING")
MAX_STALLED = 20
"""Requests in a row that may move nothing, for example because others are busy with the same customers."""


def _confirmation(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--yes", is_flag=True, help="Do not ask.")(command)
    return click.option("--dry-run", is_flag=True, help="Show what would move. Writes nothing.")(command)


@click.command()
@click.argument("keep", metavar="KEEP")
@click.argument("absorb", metavar="ABSORB")
@_confirmation
@with_client
def merge(client: Client, keep: str, absorb: str, *, dry_run: bool, yes: bool) -> None:
    """Merge two customers who are the same person: KEEP gets the orders of ABSORB.

    Each is an id or an e-mail address. The id, the address and the references of ABSORB find KEEP from then on. If the
    command is interrupted, repeat it.
    """
    kept = find_row(client, FIND_KEPT, "customer", keep)
    variables = {"keep": kept["id"], "absorb": _find_absorbed(client, kept, absorb)}
    if _is_wanted(client, MERGE, variables, "Merge them?", "Nothing was merged.", dry_run=dry_run, yes=yes):
        done = _complete(client, MERGE, variables)
        print_text(f"Merged: moved {counted(done['moved'], 'order')} to {done['keptId']}.")
        print_text(f"Undo it with: crmctl customers undo-merge {done['absorbedId']}", err=True)


@click.command()
@click.argument("absorbed", metavar="ID")
@_confirmation
@with_client
def undo_merge(client: Client, absorbed: str, *, dry_run: bool, yes: bool) -> None:
    """Undo a merge of the last 90 days: restore the customer with this ID, who was merged into another one.

    The orders that had moved go back; those placed since stay. `crmctl customers show KEPT` shows the ID. If
    the command is interrupted, repeat it.
    """
    variables = {"absorbed": absorbed}
    if _is_wanted(client, UNDO, variables, "Undo the merge?", "Nothing was undone.", dry_run=dry_run, yes=yes):
        done = _complete(client, UNDO, variables)
        print_text(f"Undone: returned {counted(done['returned'], 'order')} to {done['absorbedId']}.")


def _is_wanted(  # noqa: PLR0913 - what is asked, and how
    client: Client,
    document: str,
    variables: dict[str, Any],
    question: str,
    if_refused: str,
    *,
    dry_run: bool,
    yes: bool,
) -> bool:
    """Show the preview, and ask. With `yes`, do neither."""
    if yes and not dry_run:
        return True
    preview = client.execute(document, {**variables, "dryRun": True})["done"]["preview"]
    print_text(preview["summary"])
    for line in preview["lines"]:
        print_text(f"  {line}")
    if preview["more"]:
        print_text("  ... and more")
    if not dry_run:
        confirm(question, if_refused)
    return not dry_run


def _complete(client: Client, document: str, variables: dict[str, Any]) -> Row:
    """Send the mutation until all orders have moved. Each time it does a part."""
    stalled, before = 0, None
    while True:
        done: Row = client.execute_once(document, {**variables, "dryRun": False})["done"]["merge"]
        if done["status"] not in IN_PROGRESS:
            return done
        stalled = stalled + 1 if done == before else 0
        if stalled == MAX_STALLED:
            raise CommandError("No more orders can move at the moment. Repeat the command later to complete it.")
        before = done


def _find_absorbed(client: Client, kept: Row, key: str) -> str:
    """Return the id. While a merge is in progress, the address of the absorbed customer leads to the kept one already."""
    if "@" not in key:
        return key
    found = str(find_row(client, row_lookup.CUSTOMER, "customer", key)["id"])
    merged = [merge["absorbedId"] for merge in kept["merges"] if merge["email"] == key and merge["status"] == "MOVING"]
    return merged[0] if found == kept["id"] and merged else found
