"""The options of `crmctl import`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from crmctl.import_updates import UpdateOptions
from crmctl.imports.fields import FIELDS
from crmctl.imports.file_error import ImportFileError
from crmctl.imports.formats import combine
from crmctl.imports.loader import ReadOptions
from crmctl.imports.preset_catalog import presets, read_mapping
from crmctl.imports.recognition import AUTO, Wishes
from crmctl.order_rows import OrderOptions
from crmctl.time_arguments import Timestamp

Command = TypeVar("Command", bound=Callable[..., Any])
_NAMED_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_NAMED_THOUSANDS = {"comma": ",", "point": ".", "space": " ", "apostrophe": "'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user asked for, apart from the files and the API."""

    read: ReadOptions
    updates: UpdateOptions
    rejects: Path
    workers: int
    orders: OrderOptions
    since: str | None
    is_dry_run: bool


class FieldMap(click.ParamType[tuple[str, str, str]]):
    """KIND.FIELD=EXPRESSION."""

    name = "mapping"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str, str]:
        if isinstance(value, tuple):
            return value[0], value[1], value[2]
        target, _, expression = value.partition("=")
        kind, _, name = target.strip().partition(".")
        if kind not in FIELDS or name not in FIELDS[kind].all or not expression.strip():
            known = "; ".join(f"{each}: {', '.join(fields.all)}" for each, fields in FIELDS.items())
            self.fail(f"{value!r} is not KIND.FIELD=COLUMN. The fields are {known}.", param, ctx)
        return kind, name, expression.strip()


class EmailAddress(click.ParamType[str]):
    """An e-mail address. The API checks it in full."""

    name = "email"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if "@" not in value:
            self.fail(f"{value!r} is not an e-mail address.", param, ctx)
        return str(value)


class Mark(click.ParamType[str]):
    """A character, or its name, because a tab and a blank are hard to type."""

    name = "mark"

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        mark = self._names.get(value, value)
        if mark not in self._names.values():
            self.fail(f"{value!r} is not one of {', '.join(self._names)}.", param, ctx)
        return str(mark)


_OPTIONS = (
    click.option(
        "--from",
        "preset",
        type=click.Choice([AUTO, *presets()]),
        default=AUTO,
        show_default=True,
        help="The system that wrote the files.",
    ),
    click.option(
        "--map",
        "maps",
        type=FieldMap(),
        multiple=True,
        metavar="KIND.FIELD=COLUMN",
        help='Say which column a field is: customers.name="First Name + Last Name". Repeat it for more fields.',
    ),
    click.option(
        "--mapping",
        "mapping_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Read the mapping from a TOML file.",
    ),
    click.option("--dry-run", is_flag=True, help="Show the mapping, the first rows, and what would happen."),
    click.option("--encoding", metavar="NAME", help="Encoding of the text files.  [default: found in the file]"),
    click.option(
        "--delimiter",
        type=Mark(_NAMED_DELIMITERS),
        metavar="MARK",
        help=f"{', '.join(_NAMED_DELIMITERS)}, or the character.  [default: found in the file]",
    ),
    click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark.  [default: found in the file]"),
    click.option(
        "--thousands",
        type=Mark(_NAMED_THOUSANDS),
        metavar="MARK",
        help=f"Thousands separator: {', '.join(_NAMED_THOUSANDS)}, or the character.",
    ),
    click.option("--currency", metavar="SIGNS", help="Currency signs to ignore, separated by blanks."),
    click.option(
        "--dates", type=click.Choice(["dmy", "mdy"]), help="Whether day or month comes first in dates such as 3/4/2024."
    ),
    click.option(
        "--round-quantities",
        is_flag=True,
        help="Round fractional quantities, with a warning and an adjustment that keeps the amount.",
    ),
    click.option(
        "--add-rounding",
        is_flag=True,
        help="Add an adjustment ROUNDING to each order whose total in the file differs.",
    ),
    click.option(
        "--create-missing",
        is_flag=True,
        help="Also create the customers and products that only the orders name.",
    ),
    click.option(
        "--walk-in",
        type=EmailAddress(),
        metavar="EMAIL",
        help="Book orders without an e-mail address to this customer.",
    ),
    click.option("--since", type=Timestamp(), metavar="TIME", help="Import only orders from this date or time on."),
    click.option(
        "--rejects",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        default=".",
        help="Write rejected rows and warnings to this directory.  [default: the current directory]",
    ),
    click.option(
        "--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="Number of concurrent requests."
    ),
    click.option(
        "--update",
        is_flag=True,
        help="Overwrite the names, phones and prices of existing rows that differ from the files.",
    ),
    click.option(
        "--set-stock",
        is_flag=True,
        help="Write the stock of existing products, unless it changes while the import runs.",
    ),
)


def import_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_options(given: Mapping[str, Any]) -> ImportOptions:
    """Return the options from click's values. Raises ImportFileError for a mapping file that cannot be used."""
    fields: dict[str, dict[str, str]] = {}
    for kind, name, expression in given["maps"]:
        fields.setdefault(kind, {})[name] = expression
    mapping = read_mapping(given["mapping_file"]) if given["mapping_file"] else None
    formats = {name: given[name] for name in ("decimal", "thousands", "currency", "dates") if given[name]}
    if mapping:
        formats = combine(mapping.options, formats)
    if formats.get("decimal") and formats.get("decimal") == formats.get("thousands"):
        raise ImportFileError(f"{formats['decimal']!r} cannot be both the decimal mark and the thousands separator.")
    return ImportOptions(
        read=ReadOptions(
            encoding=given["encoding"],
            delimiter=given["delimiter"],
            formats=formats,
            walk_in=given["walk_in"] or "",
            creates_missing=given["create_missing"],
            wishes=Wishes(given["preset"], mapping, fields),
        ),
        updates=UpdateOptions(values=given["update"], stock=given["set_stock"]),
        rejects=given["rejects"],
        workers=given["workers"],
        orders=OrderOptions(given["round_quantities"], given["add_rounding"], given["walk_in"] or ""),
        since=given["since"],
        is_dry_run=given["dry_run"],
    )
