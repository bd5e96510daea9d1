"""What does `crmctl import` do? It reads, checks and sends the files, and says what became of the rows."""

from dataclasses import dataclass
from pathlib import Path

import click

from crmctl.client import ApiError, Client
from crmctl.commands import INTERRUPTED, Failure, api_options
from crmctl.csv_files import FileProblem, Table, read_directory
from crmctl.display import Display, print_summary
from crmctl.import_rows import prepare
from crmctl.importer import Tally, send_all
from crmctl.rejects import rejects_path, write_rejects


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    key: str | None
    workers: int


@click.command("import")
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@api_options
@click.option(
    "--rejects",
    "rejects_directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where to write the rejected rows.  [default: the current directory]",
)
@click.option(
    "--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="Requests in flight at the same time."
)
def import_command(directory: Path, url: str, key: str | None, rejects_directory: Path, workers: int) -> None:
    """Import customers, products and orders from CSV files.

    DIR holds three UTF-8 files, each with a header line (columns in any order):

    \b
    customers.csv  name,email,phone,created_at
    products.csv   sku,name,price,stock
    orders.csv     order_ref,customer_email,order_date,sku,quantity,unit_price

    orders.csv has one row a line of an order. Phone and stock may be empty. Dates are 2025-03-31 or
    2025-03-31T12:00:00Z; without a zone they are UTC.

    All files are checked before anything is sent. Repeating the command is safe and continues where it ended:
    customers are recognised by e-mail, products by SKU, orders by order_ref, and are not changed if they are there.

    Rejected rows go to customers.rejected.csv, products.rejected.csv and orders.rejected.csv, with line number, code
    and reason; the next import replaces or removes these files. One bad row rejects its whole order.

    Exit status: 0 everything is in the CRM, 1 some rows were rejected, 2 wrong usage, files or connection, 130 Ctrl-C.
    """  # noqa: D301 - click marks preformatted lines with a backspace
    _import_files(directory, rejects_directory, Target(url, key, workers))


def _import_files(directory: Path, rejects_directory: Path, target: Target) -> None:
    tables: dict[str, Table] = {}
    tallies: dict[str, Tally] = {}
    try:
        tables.update(read_directory(directory))
        _check_writable(rejects_directory)
        _import(tables, tallies, target)
    except FileProblem as problem:
        raise Failure(f"Nothing was imported.\n{problem}") from None
    except KeyboardInterrupt:
        _report(tables, tallies, rejects_directory)
        click.echo("Interrupted. Repeat the command to continue: what is there is not created again.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except ApiError as problem:
        _report(tables, tallies, rejects_directory)
        raise Failure(f"{problem}\n{_what_is_done(tallies)}") from None
    _remove_outdated(rejects_directory, tallies)
    _report(tables, tallies, rejects_directory)
    if any(tally.rejects for tally in tallies.values()):
        raise click.exceptions.Exit(1)


def _import(tables: dict[str, Table], tallies: dict[str, Tally], target: Target) -> None:
    """Customers before orders, since orders name them; likewise products."""
    prepared = {kind: prepare(table) for kind, table in tables.items()}
    with Display() as display:
        client = Client(target.url, target.key, notify=display.say)
        for kind, rows in prepared.items():
            display.start(kind, len(rows))
            tally = tallies[kind] = Tally(display.advance)
            send_all(client, kind, rows, tally, workers=target.workers)


def _check_writable(directory: Path) -> None:
    """Before the first request rather than after the last."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = rejects_path(directory, f".{id(directory)}")
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise Failure(f"Rejected rows cannot be written to {directory}: {problem.strerror}.") from None


def _remove_outdated(rejects_directory: Path, tallies: dict[str, Tally]) -> None:
    """A file of an earlier import would look like rows that this one rejected."""
    for kind, tally in tallies.items():
        if not tally.rejects:
            rejects_path(rejects_directory, kind).unlink(missing_ok=True)


def _report(tables: dict[str, Table], tallies: dict[str, Tally], rejects_directory: Path) -> None:
    if tallies:
        print_summary(tallies)
    for kind, tally in tallies.items():
        if tally.rejects:
            try:
                path = write_rejects(rejects_directory, tables[kind], tally.rejects)
            except OSError as problem:
                raise Failure(f"The rejected {kind} could not be written: {problem.strerror}.") from None
            click.echo(f"Rejected {kind}, with reasons: {path}", err=True)


def _what_is_done(tallies: dict[str, Tally]) -> str:
    if any(tally.created or tally.known for tally in tallies.values()):
        return "What is counted above is done. Repeat the command to continue."
    return "Nothing was imported."
