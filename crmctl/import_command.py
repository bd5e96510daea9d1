"""`crmctl import`: read, check and send the CSV files, and report the result of each row."""

from dataclasses import dataclass
from pathlib import Path

import click

from crmctl.client import ApiError, Client
from crmctl.commands import EXIT_INTERRUPTED, CommandError, api_options
from crmctl.csv_files import CsvFileError, Table, read_directory
from crmctl.display import Display, print_summary
from crmctl.import_rows import prepare_rows
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
    help="Write rejected rows to this directory.  [default: the current directory]",
)
@click.option(
    "--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="Number of concurrent requests."
)
def import_command(directory: Path, url: str, key: str | None, rejects_directory: Path, workers: int) -> None:
    """Import customers, products and orders from CSV files.

    DIR contains three UTF-8 files. Each has a header line; the columns may be in any order:

    \b
    customers.csv  name,email,phone,created_at
    products.csv   sku,name,price,stock
    orders.csv     order_ref,customer_email,order_date,sku,quantity,unit_price

    orders.csv has one row per order line. Phone and stock may be empty. Dates are 2025-03-31 or
    2025-03-31T12:00:00Z. Dates without a time zone are UTC.

    All files are checked before anything is sent. You can repeat the command: it continues where it stopped.
    Customers are matched by e-mail, products by SKU, orders by order_ref. Existing rows are not changed.

    Rejected rows are written to customers.rejected.csv, products.rejected.csv and orders.rejected.csv, with line
    number, code and reason. The next import replaces or removes these files. One bad row rejects its whole order.

    Exit status: 0 all rows are in the CRM, 1 some rows were rejected, 2 wrong usage, files or connection, 130 Ctrl-C.
    """  # noqa: D301 - click marks preformatted lines with a backspace
    _import_files(directory, rejects_directory, Target(url, key, workers))


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
    if any(tally.rejects for tally in tallies.values()):
        raise click.exceptions.Exit(1)


def _send_tables(tables: dict[str, Table], tallies: dict[str, Tally], target: Target) -> None:
    """Send customers and products before orders, because orders refer to them."""
    prepared = {kind: prepare_rows(table) for kind, table in tables.items()}
    with Display() as display:
        client = Client(target.url, target.key, notify=display.print_message)
        for kind, rows in prepared.items():
            display.start(kind, len(rows))
            tally = tallies[kind] = Tally(display.advance)
            send_all(client, kind, rows, tally, workers=target.workers)


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
