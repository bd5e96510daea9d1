"""Say what each file was recognised as, and what each field is made of."""

from collections.abc import Mapping

from crmctl.commands import print_message
from crmctl.imports.loader import LoadedTable
from crmctl.imports.preset_catalog import OWN

MAX_NAMED_COLUMNS = 8


def print_mapping(tables: Mapping[str, LoadedTable]) -> None:
    """Print to stderr. A file of ours that is written as documented needs no words."""
    for kind, table in tables.items():
        for line in mapping_lines(kind, table):
            print_message(line)


def mapping_lines(kind: str, table: LoadedTable) -> list[str]:
    mapping = table.mapping
    lines: list[str] = []
    form = ", ".join(filter(None, (table.form, str(table.formats))))
    if mapping.preset.name != OWN or form != "UTF-8, commas":
        lines.append(f"{table.name}: {kind} of {mapping.preset.title} ({form})")
    renamed = [f"{name} from {each.text}" for name, each in mapping.expressions.items() if each.text != name]
    if renamed:
        lines.append(f"{table.name}: {'; '.join(renamed)}")
    if ignored := mapping.ignored:
        more = f" and {len(ignored) - MAX_NAMED_COLUMNS} more" if len(ignored) > MAX_NAMED_COLUMNS else ""
        lines.append(f"{table.name}: ignored columns: {', '.join(ignored[:MAX_NAMED_COLUMNS])}{more}")
    if mapping.skipped:
        lines.append(f"{table.name}: {mapping.skipped:,} rows were left out, as the preset says")
    return lines
