"""Presets: what the columns of other systems mean. Each is a data file in `presets/`, and so is a user's own mapping."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from crmctl.imports.fields import FIELDS
from crmctl.imports.file_error import ImportFileError

OWN = "crmctl"
"""The preset of our own three files."""
_PRESET_KEYS = {"title", "source", "options", *FIELDS}
_KIND_KEYS = {
    "recognise",
    "columns",
    "skip",
    "skip_blank",
    "currency_columns",
    "carry_down",
    "group",
    "empty",
    "file",
    "product",
    "add_rounding",
}
_OPTION_KEYS = {"decimal", "thousands", "currency", "dates"}


@dataclass(frozen=True, slots=True)
class KindPreset:
    """How one kind of table becomes customers, products or orders."""

    columns: Mapping[str, str]
    """Field -> expression."""
    recognise: tuple[str, ...] = ()
    """Columns that only such a table has."""
    skip: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rows with one of these texts in the column are left out."""
    skip_blank: tuple[str, ...] = ()
    """Rows without a text in one of these columns are left out."""
    currency_columns: tuple[str, ...] = ()
    """Columns with the currency of a row's amounts. All rows must have the same, because amounts are added up."""
    carry_down: tuple[str, ...] = ()
    """Empty cells of these columns have the text of the row above, within rows of the same `group`."""
    group: str = ""
    empty: tuple[str, ...] = ()
    """Texts that mean an empty cell."""
    file: str = ""
    """The name of the file, for a mapping that a user wrote."""
    product: Mapping[str, str] = field(default_factory=dict)
    """The product that all orders are for, if the source names none."""
    add_rounding: bool = False
    """Whether a difference from the total of an order becomes an adjustment."""


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    title: str
    source: str
    kinds: Mapping[str, KindPreset]
    options: Mapping[str, str] = field(default_factory=dict)


@cache
def presets() -> Mapping[str, Preset]:
    """Return all presets by name, our own first."""
    files = sorted(resources.files("crmctl.imports").joinpath("presets").iterdir(), key=lambda file: file.name)
    found = {
        name: _read(name, file.read_text("utf-8"), file.name)
        for file in files
        if (name := file.name.removesuffix(".toml")) != file.name
    }
    return {OWN: found.pop(OWN), **found}


def read_mapping(path: Path) -> Preset:
    """Return the mapping that a user wrote. Raises ImportFileError."""
    try:
        return _read(path.stem, path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ImportFileError(f"{path} cannot be read: {error}.") from None


def _read(name: str, text: str, place: str) -> Preset:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ImportFileError(f"{place} is not valid TOML: {error}.") from None
    _check_keys(content, _PRESET_KEYS, place)
    options = content.get("options", {})
    _check_keys(options, _OPTION_KEYS, f"[options] of {place}")
    kinds = {kind: _read_kind(content[kind], f"[{kind}] of {place}", kind) for kind in FIELDS if kind in content}
    return Preset(name, content.get("title", name), content.get("source", ""), kinds, options)


def _read_kind(content: dict[str, Any], place: str, kind: str) -> KindPreset:
    _check_keys(content, _KIND_KEYS, place)
    columns = content.get("columns", {})
    _check_keys(columns, set(FIELDS[kind].all), place)
    return KindPreset(
        columns=columns,
        recognise=tuple(content.get("recognise", ())),
        skip={column: tuple(texts) for column, texts in content.get("skip", {}).items()},
        skip_blank=tuple(content.get("skip_blank", ())),
        currency_columns=tuple(content.get("currency_columns", ())),
        carry_down=tuple(content.get("carry_down", ())),
        group=content.get("group", ""),
        empty=tuple(content.get("empty", ())),
        file=content.get("file", ""),
        product=content.get("product", {}),
        add_rounding=content.get("add_rounding", False),
    )


def _check_keys(content: object, known: set[str], place: str) -> None:
    if not isinstance(content, dict):
        raise ImportFileError(f"{place} is not a table.")
    if unknown := sorted(content.keys() - known):
        raise ImportFileError(f"{place} has unknown keys: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
