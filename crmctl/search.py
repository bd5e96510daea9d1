"""Commands that search customers, orders and products, and that check the index of the search."""

from collections.abc import Iterable, Sequence

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, print_if_more, print_message, with_client
from crmctl.tables import Column, Row
from crmctl.terminal import print_text
from crmctl.text import counted
from crmctl.time_arguments import EMPTY_CELL, format_time

SEARCH = """query Search($text: String!, $kinds: [SearchKind!], $first: Int, $after: String) {
  list: search(text: $text, kinds: $kinds, first: $first, after: $after) {
    edges { node {
      __typename
      ... on Customer { id name email phone }
      ... on Product { id name sku price stock archived }
      ... on Order { id reference orderDate totalAmount status customer { name } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}"""
CHECK = (
    "mutation CheckSearchIndex($after: String) { checkSearchIndex(after: $after) { checked written removed after } }"
)
KINDS = ("customer", "order", "product")


def _name(row: Row) -> str:
    if row["__typename"] != "Order":
        return str(row["name"])
    return f"{row['reference'] or EMPTY_CELL}, {row['customer']['name'] if row['customer'] else '(deleted)'}"


def _details(row: Row) -> str:
    if row["__typename"] == "Customer":
        parts = [row["email"], row["phone"]]
    elif row["__typename"] == "Product":
        parts = [row["sku"], row["price"], "archived" if row["archived"] else f"{row['stock']} in stock"]
    else:
        parts = [format_time(row["orderDate"])[:10], row["totalAmount"], row["status"].lower()]
    return ", ".join(filter(None, parts))


COLUMNS = (
    Column("kind", lambda row: str(row["__typename"]).lower(), no_wrap=True),
    Column("name", _name),
    Column("details", _details),
    Column("id", lambda row: row["id"], no_wrap=True),
)


@click.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this kind. May be repeated.")
@limit_option(20)
@json_option
@with_client
def search(client: Client, text: tuple[str, ...], kinds: tuple[str, ...], limit: int, *, as_json: bool) -> None:
    """Find customers, orders and products.

    TEXT is the beginnings of words of a name, an e-mail address, an SKU, the reference of an imported order, a phone
    number, or an id.
    """
    listed = find(client, text, kinds, limit)
    tables.print_rows(listed.rows, COLUMNS, as_json=as_json, empty="Nothing matches.")
    if listed.is_partial:
        print_message("More rows match than one search reads. Add a word, or choose a --kind.")
    print_if_more(listed)


def find(client: Client, text: Iterable[str], kinds: Iterable[str], limit: int) -> paging.ListResult:
    """Return what the words find, of all kinds if none are given."""
    wanted = [kind.upper() for kind in kinds] or None
    return paging.read(client, SEARCH, limit, text=" ".join(text), kinds=wanted)


def find_command(kind: str, columns: Sequence[Column]) -> click.Command:
    """Return the command `find`, which searches one kind of row."""

    @click.command(help=f"Find {kind}s by the beginnings of words. `crmctl search` says what they may be.")
    @click.argument("text", nargs=-1, required=True)
    @limit_option(20)
    @json_option
    @with_client
    def find_rows(client: Client, text: tuple[str, ...], limit: int, *, as_json: bool) -> None:
        listed = find(client, text, [kind], limit)
        tables.print_rows(listed.rows, columns, as_json=as_json, empty=f"No {kind} matches.")
        if listed.is_partial:
            print_message("More rows match than one search reads. Add a word.")
        print_if_more(listed)

    find_rows.name = "find"
    return find_rows


@click.command()
@with_client
def check_search_index(client: Client) -> None:
    """Complete the index of the search, and remove what stands for nothing.

    It goes through all customers, products and orders. You can stop and repeat the command at any time.
    """
    checked = written = removed = 0
    after: str | None = None
    while True:
        page = client.execute_once(CHECK, {"after": after})["checkSearchIndex"]
        checked, written, removed = checked + page["checked"], written + page["written"], removed + page["removed"]
        after = page["after"]
        if after is None:
            break
    print_text(f"Checked {counted(checked, 'row')}. Missing index rows: {written:,}. Left over: {removed:,}.")
