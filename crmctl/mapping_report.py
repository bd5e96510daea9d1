"""Say what each file was recognised as, what each field is made of, and how its first rows are read."""

from collections.abc import Mapping, Sequence
from functools import partial

import click

from crmctl.commands import print_message
from crmctl.import_records import Record
from crmctl.imports.loader import LoadedTable
from crmctl.imports.preset_catalog import OWN
from crmctl.tables import Column, Row, print_rows
from crmctl.text import escape_unprintable

MAX_NAMED_COLUMNS = 8
_TITLES = {
    "createdAt": "created_at",
    "phoneNote": "phone_note",
    "customerEmail": "customer_email",
    "orderDate": "order_date",
}
"""Name in the API -> name in our files."""


def print_mapping(tables: Mapping[str, LoadedTable]) -> None:
    """Print to stderr. A file of ours that is named and written as documented needs no words."""
    for kind, table in tables.items():
        if table.is_implied:
            continue
        mapping = table.mapping
        renamed = [f"{name} from {each.text}" for name, each in mapping.expressions.items() if each.text != name]
        is_named = table.name.casefold().startswith(kind)
        is_plain = is_named and mapping.preset.name == OWN and _form(table) == "UTF-8, commas"
        lines = [] if is_plain else [_headline(kind, table)]
        lines += [f"{table.name}: {'; '.join(renamed)}"] if renamed else []
        for line in lines + _left_out(table):
            print_message(line)


def print_details(kind: str, table: LoadedTable, records: Sequence[Record]) -> None:
    """Print the whole mapping and the records to stdout."""
    click.echo(escape_unprintable(_headline(kind, table)))
    for name, expression in table.mapping.expressions.items():
        click.echo(escape_unprintable(f"  {name:<15} {expression.text}"))
    for line in _left_out(table):
        click.echo(escape_unprintable(line))
    names = list(dict.fromkeys(name for record in records for name in record.input))
    columns = [Column(_TITLES.get(name, name), partial(_cell, name)) for name in names]
    print_rows([record.input for record in records], columns, as_json=False, empty="No row can be imported.")
    click.echo()


def _headline(kind: str, table: LoadedTable) -> str:
    return f"{table.name}: {kind} of {table.mapping.preset.title} ({_form(table)})"


def _form(table: LoadedTable) -> str:
    return ", ".join(filter(None, (table.form, str(table.formats))))


def _left_out(table: LoadedTable) -> list[str]:
    lines: list[str] = []
    lines += [f"{name} was left out: it is not recognised" for name in table.beside]
    if ignored := table.mapping.ignored:
        more = f" and {len(ignored) - MAX_NAMED_COLUMNS} more" if len(ignored) > MAX_NAMED_COLUMNS else ""
        lines.append(f"{table.name}: ignored columns: {', '.join(ignored[:MAX_NAMED_COLUMNS])}{more}")
    if table.mapping.skipped:
        were = "row was" if table.mapping.skipped == 1 else "rows were"
        lines.append(f"{table.name}: {table.mapping.skipped:,} {were} left out, as the preset says")
    return lines


def _cell(name: str, row: Row) -> str:
    value = row.get(name)
    if isinstance(value, list):
        return "; ".join(_line(each) for each in value)
    return "" if value is None else str(value)


def _line(line: Mapping[str, object]) -> str:
    if "sku" not in line:
        return " ".join(map(str, line.values()))
    return f"{line['quantity']} x {line['sku']} at {line['unitPrice']}"
