"""The command `crmctl export`: write customers, products or orders to a file, page by page."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from crmctl import paging, personal_data, server_settings
from crmctl.client import Client
from crmctl.commands import CommandError, print_message, with_client
from crmctl.export_rows import CURRENCY, EXPORTS, Export, Node
from crmctl.text import counted
from crmctl.time_arguments import Day, Timestamp

PERSON = "person"


@click.command("export")
@click.argument("kind", type=click.Choice((*EXPORTS, PERSON)))
@click.argument("who", required=False, metavar="[EMAIL|ID]")
@click.option("--format", "form", type=click.Choice(("csv", "json")), default="csv", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="The file.  [default: stdout]")
@click.option("--name", metavar="PART", help="Only with this part of the name; of orders, of the customer's.")
@click.option("--from", "first", type=Day(), help="Only created, or ordered, on this day or later.")
@click.option("--to", "last", type=Day(), help="Only created, or ordered, on this day or earlier.")
@click.option(
    "--updated-after", type=Timestamp(), help="Only changed at this time or later, the earliest change first."
)
@click.option(
    "--status",
    type=click.Choice(("placed", "cancelled", "any")),
    default="placed",
    show_default=True,
    help="Only orders with this status.",
)
@with_client
def export(  # noqa: PLR0913 - the options of the command
    client: Client,
    kind: str,
    who: str | None,
    *,
    form: str,
    output: Path | None,
    name: str | None,
    first: str | None,
    last: str | None,
    updated_after: str | None,
    status: str,
) -> None:
    """Write all customers, products or orders, for example to a CSV file that `crmctl import` takes.

    Rows are written page by page. A product without an SKU gets its id as one, an order without a reference its id. JSON
    has the API's field names, one row a line.

    `crmctl export person EMAIL` writes, as JSON, everything that is kept about one customer: for their access request.

    With --updated-after, a row that somebody changes meanwhile may be written twice. The later one is the newer one.
    """
    if (kind == PERSON) != (who is not None):
        raise CommandError("Give an e-mail address or an id after `person`, and nothing after the other kinds.")
    if who is not None:
        _write_person(client, who, output)
        return
    if kind == "products" and (first or last):
        raise CommandError("Products have no date: --from and --to are for customers and orders.")
    if kind == "orders" and form == "csv" and status != "placed":
        raise CommandError("A CSV file has no column for the status: use --format json for cancelled orders.")
    wanted: dict[str, object] = {"name": name, "from": first, "to": last, "updatedAfter": updated_after}
    wanted |= {"status": None if status == "any" else status.upper(), "orderBy": updated_after and ["updatedAt"]}
    nodes = paging.read_all(client, EXPORTS[kind].document, **{key: value for key, value in wanted.items() if value})
    currency = server_settings.read(client).currency if form == "csv" and CURRENCY in EXPORTS[kind].columns else ""
    with _opened(output) as file:
        count = _write_csv(file, EXPORTS[kind], nodes, currency) if form == "csv" else _write_json(file, nodes)
    print_message(f"{count:,} {kind} written.")


def _write_person(client: Client, who: str, output: Path | None) -> None:
    found = personal_data.read(client, who)
    with _opened(output) as file:
        file.write(json.dumps(found, indent=2).replace("\x7f", "\\u007f") + "\n")
    print_message(f"{counted(len(found['orders']), 'order')} and {counted(len(found['traces']), 'trace')} written.")


def _write_csv(file: TextIO, of: Export, nodes: Iterable[Node], currency: str) -> int:
    writer = csv.DictWriter(file, of.columns, restval="", lineterminator="\n")
    writer.writeheader()
    count = deleted = 0
    for node in nodes:
        writer.writerows({**cells, CURRENCY: currency} if currency else cells for cells in of.to_cells(node))
        count += 1
        deleted += "customer" in node and node["customer"] is None
    if deleted:
        print_message(f"{deleted:,} of them have no e-mail address, because their customer was deleted.")
    return count


def _write_json(file: TextIO, nodes: Iterable[Node]) -> int:
    """Write one array. Its rows are not held in memory, and each is a line."""
    count = 0
    for node in nodes:
        # In ASCII, so that no control character reaches a terminal.
        row = json.dumps(node).replace("\x7f", "\\u007f")
        file.write(f"{',' if count else '['}\n{row}")
        count += 1
    file.write("\n]\n" if count else "[]\n")
    return count


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Open the file. It gets its name when it is complete, so that an export that failed leaves none."""
    if output is None:
        yield sys.stdout
        return
    unfinished = output.with_name(output.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield file
        unfinished.replace(output)
    except OSError as error:
        raise CommandError(f"Cannot write {output}: {error.strerror}.") from None
    finally:
        unfinished.unlink(missing_ok=True)
