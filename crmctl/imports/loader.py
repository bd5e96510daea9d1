"""Load the files of an import into the workspace, after each was recognised."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from sqlite3 import Connection

from crmctl.imports.csv_reader import read_csv
from crmctl.imports.django_database import PeriodicTask, is_database, open_database, read_tables, read_tasks
from crmctl.imports.django_dump import load_dump
from crmctl.imports.fields import FIELDS, IMPLIED_LINE, KEYS, KINDS
from crmctl.imports.file_error import ImportFileError
from crmctl.imports.formats import FormatEvidence, Formats, combine
from crmctl.imports.mapping import TableMapping, make_mapping
from crmctl.imports.missing_rows import add_implied_row, add_missing_rows
from crmctl.imports.preset_catalog import OWN, presets
from crmctl.imports.recognition import UnknownTable, Wishes, check_kinds, recognise
from crmctl.imports.source_table import SourceTable
from crmctl.imports.workspace import Workspace
from crmctl.imports.xlsx_reader import read_xlsx
from crmctl.row_values import normalize

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
WALK_IN_NAME = "Walk-in"
_OUR_OWN = (".rejected.csv", ".warnings.csv")
"""Written by an earlier import. In a directory they are left alone; by name they are imported."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    encoding: str | None = None
    delimiter: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    """What the user says about numbers and dates. It comes before what a preset says."""
    walk_in: str = ""
    """The e-mail address of the customer for orders that have none."""
    creates_missing: bool = False
    """Whether customers and products that only orders name are created."""
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class LoadedTable:
    name: str
    form: str
    mapping: TableMapping
    formats: Formats
    beside: tuple[str, ...] = ()
    """Sheets of its workbook that are no tables of an import."""
    is_implied: bool = False
    """Whether it stands in no file: the orders need its rows."""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.mapping.columns


def load_files(paths: Sequence[Path], options: ReadOptions, workspace: Workspace) -> dict[str, LoadedTable]:
    """Load all files, and return the table of each kind. Raises ImportFileError, which lists the errors of all files."""
    errors: list[str] = []
    with ExitStack() as opened:  # the rows of a database are read while they are loaded
        loaded = _load_tables(_open_tables(paths, options, errors, opened), options, workspace, errors)
    if errors:
        raise ImportFileError("\n".join(errors))
    workspace.index_rows()
    if "orders" in loaded:
        for kind in _add_what_orders_need(loaded["orders"], options, workspace) - loaded.keys():
            mapping = make_mapping(kind, FIELDS[kind].all, presets()[OWN], {}, place=kind)
            loaded[kind] = LoadedTable(f"the {kind} of the orders", "", mapping, Formats(), is_implied=True)
    return {kind: loaded[kind] for kind in KINDS if kind in loaded}


def _load_tables(
    tables: Sequence[SourceTable], options: ReadOptions, workspace: Workspace, errors: list[str]
) -> dict[str, LoadedTable]:
    """Load the tables that are recognised, and return them by kind. Errors are added to `errors`."""
    mapped: list[tuple[SourceTable, TableMapping]] = []
    unknown: list[tuple[SourceTable, UnknownTable]] = []
    for table in tables:
        with _collect(errors):
            try:
                mapped.append((table, recognise(table, options.wishes, is_alone=len(tables) == 1)))
            except UnknownTable as error:
                unknown.append((table, error))
    # A workbook may have notes and sums beside its tables.
    workbooks = {table.workbook for table, _ in mapped if table.workbook}
    errors += [str(error) for table, error in unknown if table.workbook not in workbooks]
    left_out = [table for table, _ in unknown if table.workbook in workbooks]
    if not errors:
        check_kinds(mapped, options.wishes)
    loaded: dict[str, LoadedTable] = {}
    for table, mapping in mapped:
        with _collect(errors):
            beside = tuple(each.name for each in left_out if each.workbook == table.workbook)
            left_out = [each for each in left_out if each.workbook != table.workbook]
            loaded[mapping.kind] = replace(_load(table, mapping, options, workspace), beside=beside)
    return loaded


def _open_tables(
    paths: Sequence[Path], options: ReadOptions, errors: list[str], opened: ExitStack
) -> list[SourceTable]:
    """Return the tables of all files. `opened` closes the databases among them."""
    tables: list[SourceTable] = []
    for path in find_files(paths):
        with _collect(errors):
            tables += _read(path, options, opened)
    return tables


@contextmanager
def _collect(errors: list[str]) -> Iterator[None]:
    """Keep the error, so that the user sees those of all files at once."""
    try:
        yield
    except ImportFileError as error:
        errors.append(str(error))


def _add_what_orders_need(orders: LoadedTable, options: ReadOptions, workspace: Workspace) -> set[str]:
    """Add rows that stand in no file. Return their kinds."""
    added: set[str] = set()
    if product := orders.mapping.rules.product:
        add_implied_row(workspace, "products", IMPLIED_LINE, product)
        added.add("products")
    if options.walk_in:
        add_implied_row(workspace, "customers", IMPLIED_LINE, {"name": WALK_IN_NAME, "email": options.walk_in})
        added.add("customers")
    if options.creates_missing:
        added |= add_missing_rows(workspace, orders.formats.numbers)
    return added


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that are named, and those of a directory that can be imported. Raises ImportFileError."""
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = [file for file in sorted(path.iterdir()) if file.suffix.lower() in SUFFIXES]
        found = [file for file in found if not file.name.startswith((".", "~$")) and not file.name.endswith(_OUR_OWN)]
        if not found:
            raise ImportFileError(f"{path} has no file that ends in {', '.join(SUFFIXES)}.")
        files += found
    return files


def _read(path: Path, options: ReadOptions, opened: ExitStack) -> list[SourceTable]:
    if path.suffix.lower() == ".xlsx":
        return read_xlsx(path)
    database = open_django(path)
    if database:
        return read_tables(opened.enter_context(closing(database)), path.name)
    return [read_csv(path, encoding=options.encoding, delimiter=options.delimiter)]


def open_django(path: Path) -> Connection | None:
    """Return the database of a Django CRM, of its SQLite file or its dump. None if the file is neither."""
    if is_database(path):
        return open_database(path)
    return load_dump(path) if path.suffix.lower() == ".json" else None


def _load(table: SourceTable, mapping: TableMapping, options: ReadOptions, workspace: Workspace) -> LoadedTable:
    evidence = FormatEvidence(mapping.kind)
    workspace.add_rows(mapping.kind, _mapped_rows(table, mapping, evidence))
    if not workspace.has_rows(mapping.kind):
        raise ImportFileError(f"{table.name} has a header but no rows.")
    stated = combine(mapping.preset.options, options.formats)
    return LoadedTable(table.name, table.form, mapping, evidence.formats(stated))


def _mapped_rows(
    table: SourceTable, mapping: TableMapping, evidence: FormatEvidence
) -> Iterator[tuple[int, str, dict[str, str], Sequence[str]]]:
    key_field = KEYS[mapping.kind]
    for row in table.rows:
        values = mapping.values(row.cells)
        if values is not None:
            evidence.note(values)
            key = values[key_field]
            cells = mapping.carried(row.cells)
            yield row.line, key if mapping.kind == "orders" else normalize(key), values, cells


def find_tasks(paths: Sequence[Path]) -> list[PeriodicTask]:
    """Return the periodic tasks of the Django CRMs among the files."""
    tasks: list[PeriodicTask] = []
    for path in paths:
        if path.is_file() and (database := open_django(path)):
            with closing(database):
                tasks += read_tasks(database)
    return tasks
