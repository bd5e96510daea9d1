"""Decide what each table of an import is: by its headers, or by what the user said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crmctl.imports.expressions import column_key
from crmctl.imports.fields import FIELDS, KINDS
from crmctl.imports.file_error import ImportFileError
from crmctl.imports.mapping import TableMapping, make_mapping
from crmctl.imports.preset_catalog import OWN, Preset, presets
from crmctl.imports.source_table import SourceTable

AUTO = "auto"


class UnknownTable(ImportFileError):
    """Neither the headers nor the user say what the table is."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said about the tables: a preset, a mapping file, and single fields (`--map`)."""

    preset: str = AUTO
    mapping: Preset | None = None
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Kind -> field -> expression."""


def recognise(table: SourceTable, wishes: Wishes, *, is_alone: bool) -> TableMapping:
    """Return the mapping of the table. Raises ImportFileError if it is nothing known, or lacks a column."""
    kind, preset = _find(table, wishes, is_alone=is_alone)
    own = dict(wishes.mapping.kinds[kind].columns) if wishes.mapping and kind in wishes.mapping.kinds else {}
    own.update(wishes.fields.get(kind, {}))
    return make_mapping(kind, table.columns, preset, own, place=table.name)


def _find(table: SourceTable, wishes: Wishes, *, is_alone: bool) -> tuple[str, Preset]:
    mapped = wishes.mapping.kinds if wishes.mapping else {}
    for kind, rules in mapped.items():
        if rules.file and rules.file in {table.name, table.stem} and wishes.mapping:
            return kind, wishes.mapping
    named = [kind for kind in KINDS if table.stem.casefold().startswith(kind)]
    spoken_of = named or ([*wishes.fields] or [*mapped] if is_alone else [])
    found = _by_headers({column_key(column) for column in table.columns}, wishes)
    # Any export may have a name and an e-mail address: our own few columns decide only if the user says nothing else.
    is_doubtful = found is not None and found[1].name == OWN and len(spoken_of) == 1 and found[0] not in spoken_of
    if found and not is_doubtful:
        return found
    if len(spoken_of) == 1:
        (kind,) = spoken_of
        return kind, wishes.mapping if wishes.mapping and kind in mapped else _default(wishes)
    raise UnknownTable(_unknown_message(table, wishes))


def _by_headers(keys: set[str], wishes: Wishes) -> tuple[str, Preset] | None:
    candidates = [*presets().values()] if wishes.preset == AUTO else [presets()[wishes.preset], presets()[OWN]]
    if wishes.mapping:
        candidates.append(wishes.mapping)
    found = [
        (len(rules.recognise), kind, preset)
        for preset in candidates
        for kind, rules in preset.kinds.items()
        if rules.recognise and keys.issuperset(map(column_key, rules.recognise))
    ]
    if not found:
        return None
    _, kind, preset = max(found, key=lambda each: each[0])
    return kind, preset


def _default(wishes: Wishes) -> Preset:
    return presets()[OWN if wishes.preset == AUTO else wishes.preset]


def _unknown_message(table: SourceTable, wishes: Wishes) -> str:
    source = "any known system" if wishes.preset == AUTO else presets()[wishes.preset].title
    return (
        f"{table.name} is not recognised as a table of {source}. It has: {', '.join(filter(None, table.columns))}. "
        "Name it customers.csv, products.csv or orders.csv, and say which column is which: "
        f'--map customers.{FIELDS["customers"].required[0]}="COLUMN"'
    )


def check_kinds(mapped: Sequence[tuple[SourceTable, TableMapping]], wishes: Wishes) -> None:
    """Raise ImportFileError if two tables are of one kind, or if the user mapped fields of a kind that no table has."""
    seen: dict[str, str] = {}
    for table, mapping in mapped:
        if other := seen.get(mapping.kind):
            raise ImportFileError(f"{other} and {table.name} both have {mapping.kind}. Import one after the other.")
        seen[mapping.kind] = table.name
    for kind in sorted(wishes.fields.keys() - seen.keys()):
        name, text = next(iter(wishes.fields[kind].items()))
        raise ImportFileError(
            f'--map {kind}.{name}="{text}" has no effect, because no file has {kind}. Name the file {kind}.csv.'
        )
