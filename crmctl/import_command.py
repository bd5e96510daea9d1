"""`crmctl import`: read, check and send the files, and report the result of each row."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from crmctl import server_settings
from crmctl.client import ApiError, Client
from crmctl.commands import EXIT_INTERRUPTED, CommandError, api_options
from crmctl.display import Display, print_refused, print_summary
from crmctl.dry_run import DryRun, note_changes
from crmctl.import_options import ImportOptions, import_options, read_options
from crmctl.import_rows import Converter
from crmctl.import_updates import send_updates
from crmctl.importer import Sender
from crmctl.imports.django_database import PeriodicTask
from crmctl.imports.file_error import ImportFileError
from crmctl.imports.loader import LoadedTable, find_tasks, load_files
from crmctl.imports.workspace import Workspace
from crmctl.lapsed import lapsed_notice
from crmctl.mapping_report import print_details, print_mapping
from crmctl.prepared_rows import PreparedRows
from crmctl.rejects import rejects_path, warnings_path, write_rejects, write_warnings
from crmctl.tally import Tally
from crmctl.task_schedules import move_schedules


@dataclass(frozen=True, slots=True)
class Import:
    """One run of the command."""

    options: ImportOptions
    workspace: Workspace
    tables: dict[str, LoadedTable] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    tasks: list[PeriodicTask] = field(default_factory=list)
    """Periodic tasks of a Django CRM."""


@click.command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@api_options
@import_options
def import_command(paths: tuple[Path, ...], url: str, key: str | None, **given: Any) -> None:
    """Import customers, products and orders from files.

    PATH is a directory with CSV files or Excel workbooks, or one or more files. Any of the three kinds may be missing.
    Files of known systems are recognised by their columns. Our own columns, in any order:

    \b
    customers.csv  name,email [,phone,phone_note,created_at,reference]
    products.csv   sku,name,price [,stock]
    orders.csv     order_ref,customer_email,order_date,sku,quantity,unit_price
                   [,total,discount,shipping,tax,rounding,refund,net_quantity,
                   net_total,refund_date,customer_name,product_name]

    The orders have one row per order line; amounts of the whole order stand in its first row. Other columns are ignored.
    Dates are 2025-03-31 or 2025-03-31T12:00:00Z. A date without a time is
    that day in the time zone of the CRM; a time without a time zone is UTC.

    All files are checked before anything is sent. You can repeat the command: it continues where it stopped.
    Customers are matched by reference and e-mail, products by SKU, orders by order_ref. Existing rows are not changed without
    --update; rows with another name, e-mail, phone or price are listed as differing. Empty cells are not compared.
    Stock is set when a product is created; after that only with --set-stock.

    Rejected rows are written to customers.rejected.csv, products.rejected.csv and orders.rejected.csv: the original columns,
    then line number, code, reason and cause. Repair such a file and import it. The next import replaces or removes it. One
    bad row rejects its whole order.

    Exit status: 0 all rows are in the CRM, 1 some rows were rejected or differ, 2 wrong usage, files or connection,
    130 Ctrl-C.
    """  # noqa: D301 - click marks preformatted lines with a backspace
    try:
        with Workspace() as workspace:
            _import_files(Import(read_options(given), workspace), paths, url, key)
    except ImportFileError as error:
        raise CommandError(f"Nothing was imported.\n{error}") from None


def _import_files(running: Import, paths: Sequence[Path], url: str, key: str | None) -> None:
    tallies = running.tallies
    try:
        running.tables.update(load_files(paths, running.options.read, running.workspace))
        running.tasks.extend(find_tasks(paths))
        _check_writable(running.options.rejects)
        _send_tables(running, url, key)
    except KeyboardInterrupt:
        _print_result(running, unfinished=paths)
        click.echo("Interrupted. Repeat the command to continue. Existing rows are not created again.", err=True)
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    except ApiError as error:
        _print_result(running, unfinished=paths)
        raise CommandError(f"{error}\n{_progress_message(tallies)}") from None
    _remove_old_files(running)
    _print_result(running)
    if notice := lapsed_notice(running.workspace):
        click.echo(notice)
    if not all(tally.is_complete for tally in tallies.values()):
        raise click.exceptions.Exit(1)


def _send_tables(running: Import, url: str, key: str | None) -> None:
    """Send customers and products before orders, because orders refer to them."""
    options, tallies = running.options, running.tallies
    if not options.is_dry_run:
        print_mapping(running.tables)
    with Display() as display:
        client = Client(url, key, notify=display.print_message)
        currency = server_settings.read(client).currency
        for table in running.tables.values():
            table.mapping.check_currency(currency)
        dry_run = DryRun(client, with_stock=options.updates.stock)
        sender = Sender(client, options.workers, with_stock=options.updates.stock)
        for kind in running.tables:
            tally = tallies[kind] = Tally(kind, running.workspace, display.advance)
            prepared = _prepare(running, tally)
            display.start(kind, len(prepared))
            if options.is_dry_run:
                print_details(kind, running.tables[kind], dry_run.examine(prepared))
                note_changes(tally, options.updates)
                continue
            sender.send_all(prepared)
            send_updates(client, kind, tally, options.updates, workers=options.workers)
        if not options.is_dry_run:
            move_schedules(client, running.tasks, display.print_message)


def _prepare(running: Import, tally: Tally) -> PreparedRows:
    options = running.options
    table = running.tables[tally.kind]
    adds_rounding = options.orders.adds_rounding or table.mapping.rules.add_rounding
    converter = Converter(table.formats, replace(options.orders, adds_rounding=adds_rounding))
    products = running.tallies.get("products")
    ambiguous = {each.key: each for each in products.duplicates if each.key != each.kept_key} if products else {}
    return PreparedRows(tally, converter, options.since, ambiguous if tally.kind == "orders" else {})


def _check_writable(directory: Path) -> None:
    """Fail before the first request rather than after the last."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = rejects_path(directory, f".{id(directory)}")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(f"Rejected rows cannot be written to {directory}: {error.strerror}.") from None


def _remove_old_files(running: Import) -> None:
    """Remove files of an earlier import: they would look like rows that this one rejected."""
    if running.options.is_dry_run:
        return
    for kind, tally in running.tallies.items():
        if not tally.rejected:
            rejects_path(running.options.rejects, kind).unlink(missing_ok=True)
        if not tally.warned:
            warnings_path(running.options.rejects, kind).unlink(missing_ok=True)


def _print_result(running: Import, unfinished: Sequence[Path] = ()) -> None:
    """Print what became of the rows, and write the rejected ones.

    The files of an import that ended early are not overwritten, because not all of their rows were sent.
    """
    tallies, directory, workspace = running.tallies, running.options.rejects, running.workspace
    names = {kind: table.name for kind, table in running.tables.items()}
    if tallies:
        print_summary(tallies, names, is_dry_run=running.options.is_dry_run)
    if running.options.is_dry_run:
        print_refused(tallies, names)
        click.echo("This was a dry run: nothing was written.")
        return
    unsent = {path.resolve() for path in unfinished}
    for kind, tally in tallies.items():
        path = rejects_path(directory, kind)
        try:
            if tally.rejected and path.resolve() in unsent:
                click.echo(f"{path} stays as it is, because not all of its rows were sent.", err=True)
            elif tally.rejected:
                write_rejects(directory, kind, running.tables[kind].columns, workspace)
                click.echo(f"Rejected {kind}, with reasons: {path}", err=True)
            if tally.warned:
                click.echo(f"Warnings about {kind}: {write_warnings(directory, kind, workspace)}", err=True)
        except OSError as error:
            raise CommandError(f"The rejected {kind} could not be written: {error.strerror}.") from None


def _progress_message(tallies: dict[str, Tally]) -> str:
    if any(tally.created or tally.existing for tally in tallies.values()):
        return "The rows counted above are imported. Repeat the command to continue."
    return "Nothing was imported."
