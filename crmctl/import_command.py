"""`crmctl import`: read, check and send the CSV files, and report the result of each row."""

from dataclasses import dataclass
from pathlib import Path

import click

from crmctl.client import ApiError, Client
from crmctl.commands import EXIT_INTERRUPTED, CommandError, api_options
from crmctl.csv_files import CsvFileError, Table, read_directory
from crmctl.display import Display, print_summary
from crmctl.import_rows import PreparedRows, Reject, prepare_rows
from crmctl.import_updates import UpdateOptions, send_updates
from crmctl.importer import Sender
from crmctl.lapsed import lapsed_notice
from crmctl.rejects import rejects_path, write_rejects
from crmctl.tally import Tally


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    key: str | None
    workers: int
    updates: UpdateOptions


@click.command("import")
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@api_options
@click.option(
    "--rejects",
    "rejects_directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Write rejected rows to this directory.  [default: the current directory]",
)
@click.option(
    "--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="Number of concurrent requests."
)
@click.option(
    "--update", is_flag=True, help="Overwrite the names, phones and prices of existing rows that differ from the files."
)
@click.option(
    "--set-stock",
    is_flag=True,
    help="Write the stock of existing products, unless it changes while the import runs.",
)
def import_command(  # noqa: PLR0913 - click passes one argument per option
    directory: Path, url: str, key: str | None, rejects_directory: Path, workers: int, *, update: bool, set_stock: bool
) -> None:
    """Import customers, products and orders from CSV files.

    DIR contains three UTF-8 files. Each has a header line; the columns may be in any order:

    \b
    customers.csv  name,email,phone,created_at
    products.csv   sku,name,price,stock
    orders.csv     order_ref,customer_email,order_date,sku,quantity,unit_price

    orders.csv has one row per order line. Phone and stock may be empty. Dates are 2025-03-31 or
    2025-03-31T12:00:00Z. Dates without a time zone are UTC.

    All files are checked before anything is sent. You can repeat the command: it continues where it stopped.
    Customers are matched by e-mail, products by SKU, orders by order_ref. Existing rows are not changed without
    --update; rows with another name, phone or price are listed as differing. Empty cells are not compared.
    Stock is set when a product is created; after that only with --set-stock.

    Rejected rows are written to customers.rejected.csv, products.rejected.csv and orders.rejected.csv, with line
    number, code and reason. The next import replaces or removes these files. One bad row rejects its whole order.

    Exit status: 0 all rows are in the CRM, 1 some rows were rejected or differ, 2 wrong usage, files or connection,
    130 Ctrl-C.
    """  # noqa: D301 - click marks preformatted lines with a backspace
    _import_files(
        directory, rejects_directory, Target(url, key, workers, UpdateOptions(values=update, stock=set_stock))
    )


def _import_files(directory: Path, rejects_directory: Path, target: Target) -> None:
    tables: dict[str, Table] = {}
    tallies: dict[str, Tally] = {}
    try:
        tables.update(read_directory(directory))
        _check_writable(rejects_directory)
        _send_tables(tables, tallies, target)
    except CsvFileError as error:
        raise CommandError(f"Nothing was imported.\n{error}") from None
    except KeyboardInterrupt:
        _print_result(tables, tallies, rejects_directory)
        click.echo("Interrupted. Repeat the command to continue. Existing rows are not created again.", err=True)
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    except ApiError as error:
        _print_result(tables, tallies, rejects_directory)
        raise CommandError(f"{error}\n{_progress_message(tallies)}") from None
    _remove_old_rejects(rejects_directory, tallies)
    _print_result(tables, tallies, rejects_directory)
    if notice := lapsed_notice(tallies["customers"], tallies["orders"]):
        click.echo(notice)
    if not all(tally.is_complete for tally in tallies.values()):
        raise click.exceptions.Exit(1)


def _send_tables(tables: dict[str, Table], tallies: dict[str, Tally], target: Target) -> None:
    """Send customers and products before orders, because orders refer to them."""
    prepared = {kind: prepare_rows(table) for kind, table in tables.items()}
    with Display() as display:
        client = Client(target.url, target.key, notify=display.print_message)
        sender = Sender(client, target.workers, with_stock=target.updates.stock)
        for kind, rows in prepared.items():
            if kind == "orders":
                _reject_ambiguous_skus(rows, tallies["products"])
            display.start(kind, len(rows))
            tally = tallies[kind] = Tally(display.advance)
            sender.send_all(kind, rows, tally)
            send_updates(client, kind, tally, target.updates, workers=target.workers)


def _reject_ambiguous_skus(orders: PreparedRows, products: Tally) -> None:
    """Reject orders of a product that was rejected as a duplicate: the API would book them to the other product."""
    rejected = {
        duplicate.record.input["sku"]: duplicate
        for duplicate in products.duplicates
        if duplicate.record.input["sku"] != duplicate.kept.input["sku"]
    }
    for record in [
        record for record in orders.records if any(line["sku"] in rejected for line in record.input["lines"])
    ]:
        first = next(rejected[line["sku"]] for line in record.input["lines"] if line["sku"] in rejected)
        sku, kept = first.record.input["sku"], first.kept.input["sku"]
        reason = f"{sku!r} is the same SKU as {kept!r} to the CRM: see lines {first.kept.line} and {first.record.line} of products.csv"
        orders.records.remove(record)
        orders.rejects.append(Reject(record.rows, "AMBIGUOUS_SKU", reason))


def _check_writable(directory: Path) -> None:
    """Fail before the first request rather than after the last."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = rejects_path(directory, f".{id(directory)}")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(f"Rejected rows cannot be written to {directory}: {error.strerror}.") from None


def _remove_old_rejects(rejects_directory: Path, tallies: dict[str, Tally]) -> None:
    """Remove files of an earlier import: they would look like rows that this one rejected."""
    for kind, tally in tallies.items():
        if not tally.rejects:
            rejects_path(rejects_directory, kind).unlink(missing_ok=True)


def _print_result(tables: dict[str, Table], tallies: dict[str, Tally], rejects_directory: Path) -> None:
    if tallies:
        print_summary(tallies)
    for kind, tally in tallies.items():
        if tally.rejects:
            try:
                path = write_rejects(rejects_directory, tables[kind], tally.rejects)
            except OSError as error:
                raise CommandError(f"The rejected {kind} could not be written: {error.strerror}.") from None
            click.echo(f"Rejected {kind}, with reasons: {path}", err=True)


def _progress_message(tallies: dict[str, Tally]) -> str:
    if any(tally.created or tally.existing for tally in tallies.values()):
        return "The rows counted above are imported. Repeat the command to continue."
    return "Nothing was imported."
